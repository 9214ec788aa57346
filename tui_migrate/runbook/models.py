"""The runbook as typed, frozen objects; ``docs/schemas/runbook.json`` is made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Annotated, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StrictStr, WithJsonSchema, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import (
    EVERY,
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
from tui_migrate.runbook.gating import HooksSpec, WindowSpec
from tui_migrate.runbook.governance import Governance
from tui_migrate.runbook.kinds import AnyStep, Policy, Signature, Step
from tui_migrate.runbook.problems import suggestion


def _zone(name: str) -> str:
    if name not in available_timezones():
        wrong = _("there is no time zone {name}").format(name=repr(name))
        raise refuse(wrong, suggestion(name, available_timezones()))
    return name


Zone = Annotated[StrictStr, AfterValidator(_zone)]


Country = Annotated[StrictStr, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166 alpha-2."""


class Format(Strict):
    """How a source's files are written; what is not said is detected, shown and confirmed."""

    type: Literal["csv", "xlsx", "jsonl", "parquet"] | None = None
    delimiter: Annotated[StrictStr, Field(min_length=1, max_length=1)] | None = None
    encoding: Literal["utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"] | None = None
    header: Flag = True
    quote: Annotated[StrictStr, Field(min_length=1, max_length=1)] = '"'
    sheet: Words | None = None


class SourceSpec(Strict):
    """One source: which files, how written, which mapping, how far trusted.

    ``files`` are glob patterns relative to the workspace. ``key`` names the column(s) that make the
    record id; without it the row's content does. ``links`` says which column holds the id of which
    other source. ``trust`` 1 is the most trusted. ``deltas``: numbered deliveries with manifests
    whose rows are changes. ``gone``: what becomes of records that the newest full delivery no longer
    has. ``not_present``: why this kind of source does not exist here.
    """

    title: Text | None = None
    system: Name | None = None
    owner: Words | None = None
    extraction: Words | None = None
    brands: tuple[Words, ...] = ()
    channels: tuple[Words, ...] = ()
    files: OneOrMany = ()
    format: Format = Format()
    key: OneOrMany = ()
    links: Mapping[Words, Name] = Field(default_factory=dict)
    mapping: OneOrMany = ()
    trust: Positive = 5
    zone: Zone | None = None
    country: Country | None = None
    deltas: Flag = False
    gone: Literal["keep", "archive"] | None = None
    not_present: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> SourceSpec:
        if self.not_present is not None:
            if self.files or self.mapping:
                wrong = _("a source that is not present has no files and no mapping")
                raise refuse(wrong, _("remove not_present, or the files and the mapping"))
        elif not self.files or not self.mapping:
            wrong = _("this source has no {key}").format(
                key="files" if not self.files else "mapping"
            )
            raise refuse(wrong, _("add it, or say under not_present why the source does not exist"))
        return self


_OWN = (".tui-migrate", "deliveries", "mapping", "rules")


def _outlet(path: str) -> str:
    """A place inside the workspace that is nobody else's: nothing is written over what proves the
    run or what the sources handed over."""
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or not parts or parts[0] in (*_OWN, "runbook.yaml"):
        wrong = _("{path} is no place for what is written").format(path=repr(path))
        raise refuse(wrong, _("a folder inside the workspace, such as exports/target"))
    return path


Outlet = Annotated[Words, AfterValidator(_outlet)]


class TargetSpec(Strict):
    """Where profiles go. ``path`` is relative to the workspace; ``groups`` the target's groups."""

    type: Literal["csv", "duckdb"] = "csv"
    path: Outlet = "exports/target"
    groups: tuple[Words, ...] = ()


Right = Literal["run", "sign", "answer", "decide", "waive", "export", "erase"]
"""What a role may do: carry the run on, sign gates, answer checklists, settle pairs, waive checks
and skip steps, take data out, erase and restrict persons and destroy what is over its time."""
OF_ONE_BRAND: tuple[Right, ...] = ("sign", "answer", "decide")
"""The rights of a role that sees some brands or channels only: a run and an export concern them all."""


class RoleSpec(Strict):
    """Who may act in a role, for which brands and channels. ``*`` in users counts as one user.

    ``may``: the rights of the role; by default all, and for a role of some brands or channels
    only those that do not concern the other ones. ``signature: ssh``: who signs in this role signs
    with his own SSH key, at every gate.
    """

    users: tuple[Words, ...] = ()
    groups: tuple[Words, ...] = ()
    brands: tuple[Words, ...] = (EVERY,)
    channels: tuple[Words, ...] = (EVERY,)
    may: tuple[Right, ...] | None = None
    signature: Signature | None = None

    @property
    def rights(self) -> tuple[Right, ...]:
        """What the role may do."""
        if self.may is not None:
            return self.may
        of_all = EVERY in self.brands and EVERY in self.channels
        return get_args(Right) if of_all else OF_ONE_BRAND


class ConsentSpec(Strict):
    """Which policy derives a consent's state, and the purpose where a source names none."""

    policy: Policy = "newest"
    purpose: Name = "marketing"


Category = Literal[
    "invoice",
    "donation",
    "order",
    "subscription",
    "membership",
    "attendance",
    "consent",
    "interaction",
]
"""Child rows for which the law can ask to be kept."""


class RetentionRule(Strict):
    """What has to be kept for ``years`` from its own date, and on which basis: who owns such rows is
    restricted, not erased."""

    category: Category
    years: Positive
    basis: Words


class LookingSpec(Strict):
    """Whether who is shown values of persons has to say why. It is journalled either way."""

    reason: Literal["optional", "required"] = "optional"


AQLS = (0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 1.5, 2.5, 4.0, 6.5)
"""Acceptance quality limits of ISO 2859-1 that a lot of persons may ask for, in per cent."""


def _aql(value: float) -> float:
    if value not in AQLS:
        wrong = _("{value} is no acceptance quality limit of ISO 2859-1").format(value=value)
        raise refuse(wrong, _("possible: {names}").format(names=", ".join(map(str, AQLS))))
    return value


Aql = Annotated[
    float,
    Field(strict=True),
    AfterValidator(_aql),
    WithJsonSchema({"type": "number", "enum": list(AQLS)}),
]


class ReviewSpec(Strict):
    """How doubtful duplicates are reviewed. ``blind``: nobody is shown how likely two records are one
    person before it is decided. ``order``: what settles and teaches most comes first (``worth``), or the
    weightiest (``score``). ``double``: the share of the clusters that two persons answer, each
    without the other's answer; ``third``: the role that settles what they see differently.

    ``safe_lane``: what has to happen before clusters merge without a person: their list is confirmed
    (``confirm``), and a sample of it accepted before (``sample``). ``aql``: the worst share of wrong
    ones in it, in per cent, that is tolerable (ISO 2859-1).
    """

    blind: Flag = False
    order: Literal["worth", "score"] = "worth"
    double: Share = 0.0
    third: Name | None = None
    safe_lane: Literal["none", "confirm", "sample"] = "none"
    aql: Aql = 0.65


class RetentionSpec(Strict):
    """After how many days exports, back-ups and the whole workspace have to be gone, and what the
    law wants kept."""

    exports_days: Positive = 30
    backups_days: Positive = 90
    workspace_days: Positive = 180
    rules: tuple[RetentionRule, ...] = ()


class PaymentSpec(Strict):
    """Payment fields that may be migrated; none without the sign-off of the gate named here."""

    allow: tuple[Name, ...] = ()
    gate: Id | None = None

    @model_validator(mode="after")
    def _signed(self) -> PaymentSpec:
        if self.allow and self.gate is None:
            wrong = _("payment data is allowed without a sign-off")
            raise refuse(wrong, _("name under gate: the step where privacy signs for it"))
        return self


StepSpec = AnyStep
"""One step of a runbook, of whichever kind."""


class Phase(Strict):
    """A part of the runbook with a title; its steps run in order."""

    id: Id
    title: Text = Field(default_factory=title_of_id)
    steps: tuple[Step, ...] = Field(min_length=1)


class Runbook(Strict):
    """A whole migration. ``rehearsal``: a run for practice, said on every screen and report.

    ``country``: where telephone numbers, postcodes and names without a country are from; a source may
    say otherwise.
    """

    runbook: Id
    title: Text
    model: Literal["customer"] = "customer"
    zone: Zone
    country: Country = "NL"
    rehearsal: Flag = False
    brands: tuple[Words, ...] = Field(min_length=1)
    sources: Mapping[Name, SourceSpec] = Field(min_length=1)
    target: TargetSpec
    roles: Mapping[Name, RoleSpec] = Field(min_length=1)
    consent: ConsentSpec = ConsentSpec()
    retention: RetentionSpec = RetentionSpec()
    segments: Words | None = None
    payment: PaymentSpec = PaymentSpec()
    looking: LookingSpec = LookingSpec()
    review: ReviewSpec = ReviewSpec()
    governance: Governance | None = None
    window: WindowSpec | None = None
    hooks: HooksSpec = HooksSpec()
    phases: tuple[Phase, ...] = Field(min_length=1)

    def steps(self) -> Iterator[StepSpec]:
        """All steps in the order in which they run."""
        for phase in self.phases:
            yield from phase.steps

    def step(self, step_id: str) -> StepSpec | None:
        """The step with this id, if there is one."""
        return next((step for step in self.steps() if step.id == step_id), None)

    def system(self, source: str) -> str:
        """The system that a source belongs to; without one it is its own system."""
        return self.sources[source].system or source
