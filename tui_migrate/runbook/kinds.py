"""The kinds of steps: for each ``uses:`` the typed ``with:`` that it takes.

A step kind is a pair of classes here (``BackupWith``, ``BackupStep``). ``Step`` is their union,
told apart by ``uses``; code that runs steps can match on the class and gets a typed ``with_``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, StrictStr, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import (
    Count,
    Day,
    Expectation,
    Flag,
    Id,
    Name,
    OneOrMany,
    Positive,
    Share,
    Strict,
    Text,
    Words,
    refuse,
    title_of_id,
)
from tui_migrate.runbook.gating import Deadline

Survivor = Literal[
    "newest", "oldest", "most_trusted", "most_complete", "most_frequent", "longest", "keep_all"
]
"""Which value wins in a merge: by the record's date, its source's trust, how much it fills, votes,
length; ``keep_all`` keeps every one of many values."""

SourceOrder = Annotated[tuple[Name, ...], Field(min_length=1)]
"""Sources in the order in which they count for one field."""

Policy = Literal["newest", "restrictive"]
VerifyWhat = Literal["fates", "counts", "segments", "members", "sample", "consents", "trail"]
"""``segments``: totals of each segment and brand; ``members``: who is in it on one side only."""

Table = Literal[
    "crosswalk",
    "redirects",
    "profiles",
    "consents",
    "segments",
    "findings",
    "pairs",
    "decisions",
    "fates",
    "receipts",
]
"""What can be exported."""

TABLES: tuple[str, ...] = get_args(Table)


class Check(Strict):
    """A statement about the data after a step: one SELECT that gives one figure."""

    name: Words
    sql: Words
    expect: Expectation
    severity: Literal["block", "warn"] = "block"
    title: Text | None = None


class BackupWith(Strict):
    """Encrypted back-up of deliveries, staging, audit and vault, or some of them; refused later when
    too old."""

    what: Annotated[
        tuple[Literal["deliveries", "staging", "audit", "vault"], ...], Field(min_length=1)
    ] = ("deliveries",)
    max_age_hours: Positive = 24


class IngestWith(Strict):
    """Read deliveries; without ``sources`` all that are neither deltas nor declared not present."""

    sources: tuple[Name, ...] = ()


class Thresholds(Strict):
    """Lowest score that still passes, per kind of score; not named is not tested."""

    correct: Share | None = None
    consistent: Share | None = None
    complete: Share | None = None


class ValidateWith(Strict):
    """Apply rule files to the mapped records, or again to the profiles."""

    rules: OneOrMany = Field(min_length=1)
    on: Literal["records", "profiles"] = "records"
    thresholds: Thresholds = Thresholds()


class MapWith(Strict):
    """Apply the mappings; ``coverage`` is the least share of filled columns mapped or skipped."""

    coverage: Share = 1.0


Preset = Literal["nl", "be", "nl-be", "general"]
"""Where the customers are from: how names and addresses are spelt, and what two records must share."""

Compare = Literal["identifier", "code", "text", "ignored"]
"""How a field is compared; ``ignored``: a built-in field adds no weight."""

Parts = Annotated[tuple[Words, ...], Field(min_length=1)]
"""What a key is made of; ``town:5`` takes the first five characters."""


class MatchWith(Strict):
    """Find records of one person or organisation. Two records are compared if they share a key.

    ``keys`` replaces the keys of the preset, ``extra_keys`` and ``without_keys`` change them.
    ``levels``: kind → field → level → the share of true matches that agree so far.
    """

    preset: Preset = "nl-be"
    keys: Mapping[Name, Parts] = Field(default_factory=dict)
    extra_keys: Mapping[Name, Parts] = Field(default_factory=dict)
    without_keys: tuple[Name, ...] = ()
    fields: Mapping[Name, Compare] = Field(
        default_factory=dict,
        description="Fields of a profile that are compared beside the built-in ones, and how.",
    )
    levels: Mapping[Literal["person", "organisation"], Mapping[Name, Mapping[Name, Share]]] = Field(
        default_factory=dict
    )
    cap: Positive = Field(
        default=100,
        description="A key that more records share says nothing; it is passed over and reported.",
    )
    review_from: Share = Field(
        default=0.10,
        description="From this probability on people are asked; below it the pair is dropped.",
    )
    auto_from: Share = Field(
        default=0.99,
        description="From this probability on a pair merges by itself, if nothing conflicts and an"
        " identifier is shared.",
    )
    household_from: Share = Field(
        default=0.995,
        description="How sure it must be that two records with forms of one name are one person and"
        " not two of a household, before one shared contact point merges them.",
    )
    identifier_names: Positive = Field(
        default=3,
        description="An e-mail or phone that more different names share identifies nobody.",
    )
    max_cluster: Positive = Field(
        default=500, description="A group of more records is never merged without people."
    )


class MergeWith(Strict):
    """Make profiles; per field the rule that chooses the value, or the sources in the order in which
    they count for it; ``default`` for all others."""

    survivorship: Mapping[Name, Survivor | SourceOrder] = Field(default_factory=dict)
    default: Survivor = "most_trusted"


class ImportWith(Strict):
    """Write entities to the target; ``group`` is the target's group or tag for this import."""

    entities: tuple[Name, ...] = Field(min_length=1)
    group: Words | None = None
    batch_rows: Positive = 50_000


class Limits(Strict):
    """Above these a delta is not applied without a person: it smells of a mistake at the source."""

    rows: Positive | None = None
    share: Share | None = None
    conflicts: Count | None = None


class ConsentSyncWith(Strict):
    """Load the consents of the ledger into the target, or apply the numbered deltas since."""

    mode: Literal["load", "deltas"] = "load"
    policy: Policy | None = None
    limits: Limits = Limits()


class VerifyWith(Strict):
    """Compare sources and target. ``size`` None: after ISO 2859-1; ``tolerance``: share of a total
    that may differ without explanation (segments, counts)."""

    what: tuple[VerifyWhat, ...] = Field(min_length=1)
    seed: Count = 2026
    size: Positive | None = None
    tolerance: Share = 0.0


Signature = Literal["ssh"]
"""How a sign-off is signed, beyond who the operating system says he is."""


class Approval(Strict):
    """How many persons with a role have to approve."""

    role: Name
    min: Positive = 1


class GateWith(Strict):
    """The run stops here until people signed; ``evidence`` are the earlier steps they judge by.

    ``signature: ssh``: every sign-off is signed with the person's own SSH key.
    ``per_brand``: every brand is approved by itself; ``waves``: every wave named here is.
    ``break_glass``: in an emergency one person may sign in spite of the rules, with a reason.
    """

    approvals: tuple[Approval, ...] = Field(min_length=1)
    signature: Signature | None = None
    evidence: tuple[Id, ...] = ()
    note: Text | None = None
    deadline: Deadline | None = None
    per_brand: Flag = False
    waves: tuple[Words, ...] = ()
    break_glass: Flag = False

    @model_validator(mode="after")
    def _one_division(self) -> GateWith:
        if self.per_brand and self.waves:
            wrong = _("a gate is divided by brand or by wave, not by both")
            raise refuse(wrong, _("keep per_brand: true or waves:"))
        return self


class Item(Strict):
    """One question of a checklist.

    ``expect``: the answer without which the step does not end well. ``evidence``: a file must be
    handed over with the answer (for ``type: file`` the file is the answer).
    """

    id: Id
    question: Text
    type: Literal["yes_no", "text", "number", "date", "choice", "file"] = "yes_no"
    choices: tuple[Words, ...] = ()
    expect: Words | None = None
    required: Flag = True
    owner: Name | None = None
    due: Day | None = None
    evidence: Flag = False

    @model_validator(mode="after")
    def _choices(self) -> Item:
        if self.type == "choice" and len(self.choices) < 2:
            raise refuse(_("a choice needs two choices or more"), _("add them under choices:"))
        if self.type != "choice" and self.choices:
            raise refuse(_("only a choice has choices"), _("write type: choice"))
        allowed = self.choices or (("yes", "no") if self.type == "yes_no" else ())
        if self.expect is not None and allowed and self.expect not in allowed:
            wrong = _("{answer} cannot be the answer").format(answer=repr(self.expect))
            raise refuse(wrong, _("possible: {names}").format(names=", ".join(allowed)))
        return self


class ChecklistWith(Strict):
    """Questions that a person answers."""

    items: tuple[Item, ...] = Field(min_length=1)
    deadline: Deadline | None = None


class ExportWith(Strict):
    """Write tables as files into the folder ``to`` under the workspace's exports."""

    what: tuple[Table, ...] = Field(min_length=1)
    to: Words = "exports"
    format: Literal["csv", "parquet", "jsonl"] = "csv"


class StepBase(Strict):
    """What every step has. ``ref`` names the passage that asks for it, such as ``002 · 1.1``.

    Without a title the id is the title.
    """

    id: Id
    ref: StrictStr | None = None
    title: Text = Field(default_factory=title_of_id)
    attention: Text | None = None
    checks: tuple[Check, ...] = ()
    unskippable: Flag = False
    owner: Name | None = None
    due: Day | None = None


class BackupStep(StepBase):
    """A step that makes and verifies a back-up."""

    uses: Literal["backup"]
    with_: BackupWith = Field(BackupWith(), alias="with")


class IngestStep(StepBase):
    """A step that reads deliveries."""

    uses: Literal["ingest"]
    with_: IngestWith = Field(IngestWith(), alias="with")


class ValidateStep(StepBase):
    """A step that applies rules."""

    uses: Literal["validate"]
    with_: ValidateWith = Field(alias="with")


class MapStep(StepBase):
    """A step that maps source columns to the model."""

    uses: Literal["map"]
    with_: MapWith = Field(MapWith(), alias="with")


class MatchStep(StepBase):
    """A step that finds records of one person."""

    uses: Literal["match"]
    with_: MatchWith = Field(MatchWith(), alias="with")


class MergeStep(StepBase):
    """A step that makes profiles of clusters."""

    uses: Literal["merge"]
    with_: MergeWith = Field(MergeWith(), alias="with")


class ImportStep(StepBase):
    """A step that writes to the target."""

    uses: Literal["import"]
    with_: ImportWith = Field(alias="with")


class ConsentSyncStep(StepBase):
    """A step that carries consents over, or keeps them in step."""

    uses: Literal["consent_sync"]
    with_: ConsentSyncWith = Field(ConsentSyncWith(), alias="with")


class VerifyStep(StepBase):
    """A step that compares sources and target."""

    uses: Literal["verify"]
    with_: VerifyWith = Field(alias="with")


class GateStep(StepBase):
    """A step that waits for signatures."""

    uses: Literal["gate"]
    with_: GateWith = Field(alias="with")


class ChecklistStep(StepBase):
    """A step that waits for answers."""

    uses: Literal["checklist"]
    with_: ChecklistWith = Field(alias="with")


class ExportStep(StepBase):
    """A step that writes files."""

    uses: Literal["export"]
    with_: ExportWith = Field(alias="with")


AnyStep = (
    BackupStep
    | IngestStep
    | ValidateStep
    | MapStep
    | MatchStep
    | MergeStep
    | ImportStep
    | ConsentSyncStep
    | VerifyStep
    | GateStep
    | ChecklistStep
    | ExportStep
)
Step = Annotated[AnyStep, Field(discriminator="uses")]

KINDS: tuple[str, ...] = tuple(
    get_args(kind.model_fields["uses"].annotation)[0] for kind in get_args(AnyStep)
)
"""Every word that ``uses:`` may say."""
