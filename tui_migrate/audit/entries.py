"""The facts that a journal holds: frozen, typed, and free of personal values.

``docs/audit-format.md`` describes each for others; this module is what the program itself uses.
Figures are integers or short codes (no floats: see ``canonical``). Whatever a person typed is
referred to by the commitment under which the vault keeps it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tui_migrate.audit.fact import Fact
from tui_migrate.audit.gate_facts import (
    ConditionMet,
    Delegated,
    DelegationRevoked,
    EvidenceChanged,
    FellDue,
    GatePassed,
    HookFailed,
    OutsideWindow,
    Reopened,
    SignedOff,
    SignOffVoided,
)
from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn, LaneJudged, LaneVoided
from tui_migrate.audit.person_facts import (
    DeliveryRewritten,
    ErasureAsked,
    ErasureDone,
    ErasureRefused,
    FileErased,
    Looked,
    Objected,
    Restricted,
    RestrictionLifted,
)
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    ModelFitted,
    ModelJudged,
    ModelProposed,
    PairDecided,
    ReviewDrawn,
)

Figures = dict[str, int | str]


class StepOutline(msgspec.Struct, frozen=True, kw_only=True):
    """What replay must know of a step without reading the runbook: its place, kind and names."""

    id: str
    phase: str
    uses: str
    ref: str = ""
    title: dict[str, str] = {}
    attention: dict[str, str] = {}
    unskippable: bool = False
    evidence: list[str] = []
    approvals: list[dict[str, str | int]] = []
    signature: list[str] = []
    items: list[dict[str, Any]] = []
    deadline: dict[str, str | int] = {}
    parts: list[str] = []
    break_glass: bool = False
    safe_lane: str = ""
    """Of a match: what has to happen before its clusters merge without a person (sample | confirm)."""


class PhaseOutline(msgspec.Struct, frozen=True, kw_only=True):
    """A phase and its name."""

    id: str
    title: dict[str, str] = {}


class RunOpened(Fact, frozen=True, kw_only=True, tag="run.opened"):
    """The first entry: which runbook, in which version, for which workspace."""

    run: str
    runbook: str
    title: dict[str, str]
    version: str
    format: int
    rehearsal: bool
    zone: str
    brands: list[str]
    phases: list[PhaseOutline]
    steps: list[StepOutline]
    objects: dict[str, str]
    """Relative path of each configuration file → SHA-256 under ``audit/objects``."""
    authors: dict[str, str] = msgspec.field(default_factory=dict)
    """Relative path of each configuration file → user who owned it when its content was new."""
    window: dict[str, Any] = msgspec.field(default_factory=dict)


class ConfigChanged(Fact, frozen=True, kw_only=True, tag="config.changed"):
    """Runbook, mapping or rules differ from what the last entry about them said."""

    title: dict[str, str]
    rehearsal: bool
    zone: str
    brands: list[str]
    phases: list[PhaseOutline]
    steps: list[StepOutline]
    objects: dict[str, str]
    version: str
    changed: list[str]
    authors: dict[str, str] = msgspec.field(default_factory=dict)
    window: dict[str, Any] = msgspec.field(default_factory=dict)


class Recovered(Fact, frozen=True, kw_only=True, tag="run.recovered"):
    """What a start found and mended: a torn last line set aside, units journalled late, a rebuild."""

    torn_bytes: int = 0
    late_units: int = 0
    rebuilt: bool = False


class FileSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a delivery. ``name``: pseudonym of its path; the vault has the path."""

    name: str
    sha256: str
    size: int


class DeliverySeen(Fact, frozen=True, kw_only=True, tag="delivery.seen"):
    """A hand-over of files by a source, with what its manifest promises and whether it keeps it.

    ``delivery`` and ``reason`` are pseudonyms where they could tell of somebody.
    ``status``: accepted | truncated | repeated | out_of_order | late | empty | mismatch | skipped.
    """

    source: str
    delivery: str
    full: bool
    sequence: int | None
    files: list[FileSeen]
    status: str
    reason: str = ""


class StepStarted(Fact, frozen=True, kw_only=True, tag="step.started"):
    """An attempt begins. ``inputs``: name → digest of all that the step's output depends on."""

    step: str
    attempt: int
    inputs: dict[str, str]


class StepPlanned(Fact, frozen=True, kw_only=True, tag="step.planned"):
    """Into how many units an attempt was cut."""

    step: str
    attempt: int
    units: int


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A trail segment: path under ``audit/``, hash of its bytes, digest of its content, rows, and the
    root of the hash tree over its records."""

    path: str
    sha256: str
    digest: str
    rows: int
    root: str = ""


class UnitCommitted(Fact, frozen=True, kw_only=True, tag="unit.committed"):
    """A unit's data are in staging and its trail is on disk. ``digest``: order-free, of its rows."""

    step: str
    attempt: int
    unit: str
    counts: dict[str, int]
    digest: str
    segment: Segment | None = None


class CheckDone(Fact, frozen=True, kw_only=True, tag="check.done"):
    """A pass/fail statement on the data. ``severity``: block | warn."""

    step: str
    attempt: int
    name: str
    passed: bool
    severity: str
    observed: str
    expected: str
    waivable: bool = True


class StepFinished(Fact, frozen=True, kw_only=True, tag="step.finished"):
    """All units and checks of an attempt are done. ``outcome``: done | blocked.

    ``digest``: order-free digest over the digests of all units, the evidence of this step.
    """

    step: str
    attempt: int
    outcome: str
    figures: Figures
    digest: str


class StepFailed(Fact, frozen=True, kw_only=True, tag="step.failed"):
    """An attempt ended by an error; what was committed stays. ``code`` names it, without values."""

    step: str
    attempt: int
    code: str
    reference: str = ""
    """Commitment of the full message in the vault (it may name a value)."""


class StepStopped(Fact, frozen=True, kw_only=True, tag="step.stopped"):
    """Somebody asked to stop; the attempt goes on at its next unit later."""

    step: str
    attempt: int


class StepStale(Fact, frozen=True, kw_only=True, tag="step.stale"):
    """An input of the step changed (or one before it was redone): its output no longer counts."""

    step: str
    reason: str


class StepWaiting(Fact, frozen=True, kw_only=True, tag="step.waiting"):
    """The run has come to a gate or to questions. For a gate: what a sign-off would bind to."""

    step: str
    evidence: str = ""
    subject: int = 0
    """The number that a person types to sign: records concerned."""
    figures: Figures = msgspec.field(default_factory=dict)


class CheckWaived(Fact, frozen=True, kw_only=True, tag="check.waived"):
    """A failing check is accepted by a person, with a reason (commitment)."""

    step: str
    name: str
    reason: str


class StepSkipped(Fact, frozen=True, kw_only=True, tag="step.skipped"):
    """A step is left out by a person, with a reason (commitment)."""

    step: str
    reason: str


class Answered(Fact, frozen=True, kw_only=True, tag="item.answered"):
    """A checklist item is answered. Values are commitments; ``file`` is the evidence's SHA-256."""

    step: str
    item: str
    answer: str
    not_applicable: bool = False
    file: str = ""


class Intent(Fact, frozen=True, kw_only=True, tag="target.intent"):
    """A batch is about to be written to the target. ``digest``: of the rows that will be written."""

    step: str
    attempt: int
    batch: str
    rows: int
    digest: str


class Receipt(Fact, frozen=True, kw_only=True, tag="target.receipt"):
    """The target took the batch: how many records created, updated, left as they were, rejected."""

    step: str
    attempt: int
    batch: str
    counts: dict[str, int]


class BackupMade(Fact, frozen=True, kw_only=True, tag="backup.made"):
    """An encrypted back-up stands under ``backups/``, and whether its restore test passed."""

    step: str
    attempt: int
    name: str
    sha256: str
    size: int
    files: int
    verified: bool


class Sealed(Fact, frozen=True, kw_only=True, tag="seal.made"):
    """A seal was appended to ``seals.jsonl``: its number and hash."""

    seal: int
    sha256: str


class SealKeyMade(Fact, frozen=True, kw_only=True, tag="seal.key"):
    """The key that signs all seals from here on. ``reason``: first | lost | rotated. When rotated, the
    key before signs for the new one (``proof``)."""

    key: str
    public: str
    reason: str
    proof: str = ""


class Exported(Fact, frozen=True, kw_only=True, tag="export.made"):
    """Somebody took data out: what, how much, and until when the file may live. ``recipient`` and
    ``basis``: commitments of for whom, and on which ground. ``subject``: the pseudonym of the one person
    whom it is about."""

    what: str
    rows: int
    sha256: str
    purge_on: str
    recipient: str = ""
    basis: str = ""
    subject: str = ""


class ExportDeleted(Fact, frozen=True, kw_only=True, tag="export.deleted"):
    """The user of this entry says that a file that was taken out is gone. ``note``: commitment of how he
    knows; ``proof``: SHA-256 of a file that says so."""

    sha256: str
    note: str = ""
    proof: str = ""


class RedoAsked(Fact, frozen=True, kw_only=True, tag="step.redo"):
    """A person asks to do a step (and so all that follow) again. ``reason`` is a commitment."""

    step: str
    reason: str = ""


class AccessRefused(Fact, frozen=True, kw_only=True, tag="access.refused"):
    """The user of this entry asked for something that his roles do not allow. ``what``: attach, stop,
    or the command. The same is written once a minute, however often it is asked."""

    what: str


class Purged(Fact, frozen=True, kw_only=True, tag="workspace.purged"):
    """Personal data were destroyed because their time is over. ``what``: exports | workspace;
    ``sha256``: of the certificate, empty without one."""

    what: str
    files: int
    bytes: int
    reason: str
    sha256: str = ""


class RunEnded(Fact, frozen=True, kw_only=True, tag="run.ended"):
    """All steps are done, waived or skipped. ``outcome``: done | aborted."""

    outcome: str
    figures: Figures


AnyFact = (
    RunOpened
    | ConfigChanged
    | Recovered
    | DeliverySeen
    | StepStarted
    | StepPlanned
    | UnitCommitted
    | CheckDone
    | StepFinished
    | StepFailed
    | StepStopped
    | StepStale
    | StepWaiting
    | SignedOff
    | GatePassed
    | SignOffVoided
    | EvidenceChanged
    | CheckWaived
    | StepSkipped
    | Answered
    | ModelFitted
    | ReviewDrawn
    | ModelProposed
    | ModelJudged
    | PairDecided
    | ClusterAnswered
    | ClusterDecided
    | DecisionTakenBack
    | LaneDrawn
    | LaneJudged
    | LaneDecided
    | LaneVoided
    | Intent
    | Receipt
    | BackupMade
    | Sealed
    | SealKeyMade
    | Exported
    | ExportDeleted
    | RedoAsked
    | Looked
    | AccessRefused
    | ConditionMet
    | FellDue
    | Reopened
    | Delegated
    | DelegationRevoked
    | OutsideWindow
    | HookFailed
    | ErasureAsked
    | DeliveryRewritten
    | FileErased
    | ErasureDone
    | ErasureRefused
    | Restricted
    | RestrictionLifted
    | Objected
    | Purged
    | RunEnded
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One journal line: a fact, when (UTC, ISO 8601), by whom, and its place in the chain."""

    seq: int
    at: str
    by: str
    uid: int
    fact: AnyFact
    command: str = ""
    """Id of the command that caused it, made by the client; a repeated command is answered by it."""
    prev: str
    hash: str
