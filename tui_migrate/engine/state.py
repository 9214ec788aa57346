"""What a run looks like at one moment: its steps, checks, sign-offs, answers, pairs.

``engine.run`` makes it of the journal's entries; nobody else changes it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import ReviewDrawn
from tui_migrate.engine.lane_state import LaneState

RECENT = 200
"""How many of the last entries a state keeps for the live list."""


class Status(StrEnum):
    """Where a step stands."""

    TODO = "todo"
    RUNNING = "running"
    PAUSED = "paused"
    WAITING = "waiting"
    ATTENTION = "attention"
    FAILED = "failed"
    DONE = "done"
    STALE = "stale"
    SKIPPED = "skipped"


SETTLED = frozenset({Status.DONE, Status.SKIPPED})


@dataclass(slots=True)
class CheckState:
    """A check of the present attempt, and who waived it if it failed."""

    name: str
    passed: bool
    severity: str
    observed: str
    expected: str
    waivable: bool = True
    waived_by: str = ""
    waived_reason: str = ""

    @property
    def waived(self) -> bool:
        """Whether somebody accepted that it failed."""
        return bool(self.waived_by)

    @property
    def blocks(self) -> bool:
        """Whether the run may not go on because of it."""
        return not self.passed and self.severity == "block" and not self.waived_by


@dataclass(slots=True)
class SignOff:
    """One person's decision at a gate, as it stands."""

    by: str
    role: str
    decision: str
    evidence: str
    bound: bool
    at: str
    comment: str
    conditions: str = ""
    voided: bool = False
    part: str = ""
    """The brand or wave that it is about; '' for all of the gate."""
    giver: str = ""
    """Whose role he acted in, by delegation."""
    break_glass: str = ""
    """Commitment of the reason where it breaks the rules of the gate."""

    @property
    def people(self) -> frozenset[str]:
        """Who has spoken with it: he, and whom he spoke for."""
        return frozenset({self.by, self.giver} - {""})


@dataclass(slots=True)
class Condition:
    """A condition of an approval, and who said that it is met. ``what``, ``comment``: commitments."""

    id: str
    what: str
    owner: str
    due: str
    by: str
    at: str
    met_by: str = ""
    met_at: str = ""
    comment: str = ""


@dataclass(slots=True)
class Delegation:
    """A role that somebody lends to somebody else, up to and including a day."""

    role: str
    giver: str
    to: str
    until: str
    at: str
    reason: str
    revoked_at: str = ""


@dataclass(slots=True)
class Override:
    """A step that was started outside the change window. ``reason``: commitment."""

    step: str
    attempt: int
    why: str
    reason: str
    by: str
    at: str


@dataclass(slots=True)
class AnswerState:
    """The present answer to a checklist item (a commitment; the vault has the words)."""

    answer: str
    not_applicable: bool
    file: str
    by: str
    at: str


@dataclass(slots=True)
class StepState:
    """One step of the run: what it is, and how far its last attempt has come."""

    outline: facts.StepOutline
    status: Status = Status.TODO
    attempt: int = 0
    inputs: dict[str, str] = field(default_factory=dict)
    units_total: int = 0
    units: dict[str, facts.UnitCommitted] = field(default_factory=dict)
    checks: dict[str, CheckState] = field(default_factory=dict)
    figures: facts.Figures = field(default_factory=dict)
    digest: str = ""
    started_seq: int = 0
    started_at: str = ""
    started_by: str = ""
    ended_at: str = ""
    operators: set[str] = field(default_factory=set)
    """Who started or carried on the present attempt, answered, waived a check or skipped it."""
    reason: str = ""
    """Why it is stale, failed (a code) or skipped (a commitment)."""
    reference: str = ""
    evidence: str = ""
    subject: int = 0
    signoffs: list[SignOff] = field(default_factory=list)
    supplementary: bool = False
    """The evidence changed behind a gate that was passed: a supplementary sign-off is asked for."""
    conditions: list[Condition] = field(default_factory=list)
    waiting_since: str = ""
    reopened_at: str = ""
    reopened_until: str = ""
    fallen: frozenset[tuple[str, str]] = frozenset()
    """What of a deadline has fallen due, and at which moment: journalled already."""
    answers: dict[str, AnswerState] = field(default_factory=dict)
    settled_by: str = ""
    waivers: frozenset[str] = frozenset()
    """Checks that were waived, in whichever attempt."""
    waived_before: frozenset[str] = frozenset()
    """Those of them that were waived before the present attempt started."""

    @property
    def id(self) -> str:
        """The step's id in the runbook."""
        return self.outline.id


@dataclass(slots=True)
class Decision:
    """What a reviewer said of some records (pseudonyms), at one entry; it counts while it stands.

    ``groups``: who is one person, by place. ``word``: settled | unsure | flagged. ``references``: of a
    cluster one commitment a record, of a pair one of both. ``ended``: the entry that took it back last.
    """

    seq: int
    by: str
    at: str
    records: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    word: str
    references: tuple[str, ...]
    compared: str = ""
    lead: int = -1
    values: dict[str, list[int]] = field(default_factory=dict)
    note: str = ""
    lot: int = 0
    """Of a cluster that would merge without a person: the sample that it is of, or -1."""
    standing: bool = True
    ended: int = 0
    turn: str = ""
    """Of records that two persons answer: first | second | third."""
    question: int = 0
    """The entry with which that question began, of which this is an answer."""
    sealed: str = ""
    """Commitment of an answer that is not opened yet; then there are no groups."""


@dataclass(slots=True)
class Question:
    """Records (pseudonyms) that two persons answer. ``answers``: their entries, ``thirds``: those of who
    settled it when they differed. ``compared``: the first two answers, neither known to the other."""

    records: tuple[str, ...]
    answers: list[int] = field(default_factory=list)
    thirds: list[int] = field(default_factory=list)
    compared: tuple[int, int] | None = None


@dataclass(slots=True)
class PairState:
    """The present word on a pair of records (pseudonyms). ``seq``: the entry of the decision that
    gives it; ``said``: those of all decisions that spoke of the pair, in order."""

    decision: str
    by: str
    at: str
    seq: int
    reference: str
    said: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Proposal:
    """A correction of the match model that somebody proposed, with who spoke of it. ``accepted``: the
    entry from which on it counts; 0 while it does not. ``open``: it waits for somebody."""

    seq: int
    by: str
    at: str
    step: str
    attempt: int
    sha256: str
    decided: int
    signoffs: list[SignOff] = field(default_factory=list)
    accepted: int = 0
    open: bool = True


@dataclass(slots=True)
class RunState:
    """All that the journal says about a run, up to one entry."""

    run: str = ""
    runbook: str = ""
    title: dict[str, str] = field(default_factory=dict)
    version: str = ""
    rehearsal: bool = False
    zone: str = "UTC"
    brands: list[str] = field(default_factory=list)
    phases: list[facts.PhaseOutline] = field(default_factory=list)
    steps: dict[str, StepState] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    deliveries: dict[tuple[str, str], facts.DeliverySeen] = field(default_factory=dict)
    pairs: dict[tuple[str, str], PairState] = field(default_factory=dict)
    """The pairs on which there is a word."""
    unsaid: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Pairs whose decisions were all taken back → their entries."""
    decisions: dict[int, Decision] = field(default_factory=dict)
    """Entry → the decision on records that it holds."""
    taken_back: dict[int, int] = field(default_factory=dict)
    """Entry that took a decision back, or gave it back → the decision's entry."""
    draw: ReviewDrawn | None = None
    """Which share of the clusters two persons answer."""
    questions: dict[int, Question] = field(default_factory=dict)
    """Entry → the question for two that began with it."""
    twice: dict[tuple[str, ...], int] = field(default_factory=dict)
    """Records → the question about them that counts."""
    lane: LaneState = field(default_factory=LaneState)
    """What merges without a person: samples, and what was decided about it."""
    proposals: dict[int, Proposal] = field(default_factory=dict)
    """Entry → the correction of the match model that it proposes."""
    commands: dict[str, int] = field(default_factory=dict)
    intents: dict[str, facts.Intent] = field(default_factory=dict)
    receipts: dict[str, facts.Receipt] = field(default_factory=dict)
    unit_times: dict[tuple[str, int, str], str] = field(default_factory=dict)
    backups: list[tuple[str, facts.BackupMade]] = field(default_factory=list)
    seals: list[tuple[int, facts.Sealed]] = field(default_factory=list)
    exports: list[tuple[Entry, facts.Exported]] = field(default_factory=list)
    erasures: list[Entry] = field(default_factory=list)
    """Every ``erasure.asked``."""
    erasing: Entry | None = None
    """The one of them that is not done yet."""
    erased: dict[str, tuple[Entry, person_facts.ErasureDone]] = field(default_factory=dict)
    """Pseudonym of the founding record → how the erasure ended."""
    rewritten: list[person_facts.DeliveryRewritten] = field(default_factory=list)
    rights: list[Entry] = field(default_factory=list)
    """Every restriction, its end, and every objection, in order."""
    purges: list[tuple[Entry, facts.Purged]] = field(default_factory=list)
    recent: deque[Entry] = field(default_factory=lambda: deque(maxlen=RECENT))
    authors: dict[str, str] = field(default_factory=dict)
    window: dict[str, Any] = field(default_factory=dict)
    delegations: list[Delegation] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    opened_at: str = ""
    ended: str = ""
    seq: int = 0
    at: str = ""
    head: str = ""

    @property
    def current(self) -> StepState | None:
        """The first step that is not settled: where the run stands. ``None`` at the end."""
        for step in self.steps.values():
            if step.status not in SETTLED:
                return step
        return None

    def evidence_of(self, gate: StepState) -> list[StepState]:
        """The steps that a gate's sign-off binds to: those named, else all since the gate before."""
        if gate.outline.evidence:
            return [self.steps[i] for i in gate.outline.evidence if i in self.steps]
        found: list[StepState] = []
        for step in self.steps.values():
            if step.id == gate.id:
                break
            found = [] if step.outline.uses == "gate" else [*found, step]
        return found

    def after(self, step: str) -> list[StepState]:
        """The steps behind ``step``, in order."""
        ids = list(self.steps)
        return [self.steps[i] for i in ids[ids.index(step) + 1 :]]
