"""What a screen may ask, and the shape of each answer: frozen, typed, JSON-ready.

A question reads and changes nothing. ``answer`` works on a cursor of its own, so it may be called
from any thread while a step runs. Tables that are not there yet give empty answers, not errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tui_migrate.audit.entries import Entry
from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Identity, Look, Query
from tui_migrate.engine.audit_queries import JournalPart, JournalText, Verification, Verified
from tui_migrate.engine.lane_queries import (
    LaneExamples,
    LaneKnown,
    LanePage,
    LanePrecision,
    LaneSheet,
    SafeLane,
)
from tui_migrate.engine.lesson_queries import Lesson, LessonTold
from tui_migrate.engine.review_queries import (
    ClusterHistory,
    ClusterPage,
    ClusterPast,
    ClusterQueue,
    ClusterStep,
    ClusterWindow,
    ReviewFigures,
    ReviewState,
)
from tui_migrate.engine.run import RunState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tui_migrate.engine.reviewing import Reviews
    from tui_migrate.engine.seeing import Seen
    from tui_migrate.runbook.models import Runbook
    from tui_migrate.staging.store import Cursor
    from tui_migrate.steps.base import Context, Step

PAGE = 500
"""Rows of one page of a drill-down."""


class View(Protocol):
    """What the engine offers to a question."""

    @property
    def state(self) -> RunState: ...
    @property
    def workspace(self) -> Path: ...
    @property
    def runbook(self) -> Runbook: ...
    @property
    def reviews(self) -> Reviews: ...
    @property
    def who(self) -> Identity: ...
    @property
    def seen(self) -> Seen: ...
    def cursor(self) -> Cursor:
        """A fresh cursor on staging, for the calling thread; the asker closes it."""
        ...

    def words(self, reference: str) -> str:
        """What a person typed, for a commitment; '' when the vault is not there."""
        ...

    def journal_entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """Entries with ``start <= seq <= stop``."""
        ...

    def trail(self, source: str, record_id: str) -> list[dict[str, Any]]:
        """Events of one record in time order: at, by, step, unit, event, field, rule, other_source,
        other_record, before, after."""
        ...

    def pseudonyms(self, records: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """What the audit calls these records (source, id) → the record."""
        ...

    def import_steps(self) -> Iterator[tuple[Context, Step]]:
        """The import steps of the runbook, each with a context on the present data."""
        ...

    def match_step(self) -> tuple[Context, Step] | None:
        """The match step, if it is done, with a context on the present data and decisions."""
        ...

    def frozen(self, step: str) -> bool:
        """Whether the target has profiles by the model of this match."""
        ...


# Findings: rule → field → records


class FindingRules(Query, frozen=True, kw_only=True, tag="finding_rules"):
    """Which rules are broken how often. ``steps``: only what these steps found (empty: all)."""

    steps: tuple[str, ...] = ()


class RuleTotal(Answer, frozen=True, kw_only=True):
    """One rule. ``severity``: block | warn | note."""

    rule: str
    severity: str
    findings: int
    records: int
    fields: int


class FindingFields(Query, frozen=True, kw_only=True, tag="finding_fields"):
    """Where one rule is broken."""

    rule: str


class FieldTotal(Answer, frozen=True, kw_only=True):
    """One field of one source, and the message of one of its findings."""

    source: str
    entity: str
    field: str
    findings: int
    message: str


class FindingRecords(Look, frozen=True, kw_only=True, tag="finding_records"):
    """One page of the records that break ``rule`` in ``field``. Pages count from 0."""

    rule: str
    source: str
    entity: str
    field: str
    page: int = 0
    size: int = PAGE


class Finding(Answer, frozen=True, kw_only=True):
    """One record: the raw cell and what cleaning made of it, as they stand in staging."""

    source: str
    delivery: str
    file: str
    line: int
    record_id: str
    field: str
    severity: str
    value: str | None
    cleaned: str | None
    message: str


class FindingPage(Answer, frozen=True, kw_only=True):
    """``total`` counts over all pages."""

    total: int
    page: int
    rows: tuple[Finding, ...]


# Mapping: columns → fields


class Columns(Look, frozen=True, kw_only=True, tag="columns"):
    """What becomes of every source column. ``unmapped``: only what nobody has decided about.
    ``containing``: only columns or fields with these letters."""

    unmapped: bool = False
    containing: str = ""
    page: int = 0
    size: int = PAGE


class ColumnUse(Answer, frozen=True, kw_only=True):
    """One source column: where it goes, how often it is filled, and some of its values."""

    source: str
    column: str
    entity: str
    field: str
    filled: int
    rows: int
    use: str
    reason: str
    examples: tuple[str, ...]


class ColumnPage(Answer, frozen=True, kw_only=True):
    """``total`` counts what the filter leaves, ``unmapped`` and ``columns`` count all."""

    total: int
    columns: int
    unmapped: int
    page: int
    rows: tuple[ColumnUse, ...]


# Pairs: the review band


class PairQueue(Query, frozen=True, kw_only=True, tag="pair_queue"):
    """The pairs that wait for a person, the likeliest first: ``limit`` of them from ``offset``."""

    offset: int = 0
    limit: int = 1000


class PairRef(Answer, frozen=True, kw_only=True):
    """A pair and its present decision: merge | different | unsure | '' (undecided)."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    weight: float
    probability: float
    reason: str
    decision: str


class PairWindow(Answer, frozen=True, kw_only=True):
    """``total`` pairs are in the band; ``decided`` of them settled as counted beside it."""

    total: int
    merged: int
    different: int
    unsure: int
    offset: int
    rows: tuple[PairRef, ...]

    @property
    def decided(self) -> int:
        """Pairs that need no person any more; an unsure one still does."""
        return self.merged + self.different


class PairDetail(Look, frozen=True, kw_only=True, tag="pair_detail"):
    """All that a person needs to settle one pair."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str


class PairField(Answer, frozen=True, kw_only=True):
    """One field of both records, as a reader expects values. ``weight``: log₂ evidence for the same
    person, ``None`` where the field was not compared."""

    field: str
    left: str
    right: str
    equal: bool
    level: str = ""
    weight: float | None = None


class Permission(Answer, frozen=True, kw_only=True):
    """One consent fact of a record. ``event_at``: ISO, UTC, or ''."""

    brand: str
    channel: str
    state: str
    event_at: str
    evidence: str


class PairSide(Answer, frozen=True, kw_only=True):
    """What hangs on one record: its permissions, and how many child rows per entity."""

    permissions: tuple[Permission, ...]
    children: dict[str, int]


class PairSheet(Answer, frozen=True, kw_only=True):
    """A pair as the review screen shows it. Fields that differ come first, strongest evidence first.

    ``other``: compared fields that are no field of the record (an address as a whole).
    ``profiles``: the profile that each side belongs to at present ('' before the merge).
    """

    fields: tuple[PairField, ...]
    other: tuple[PairField, ...]
    left: PairSide
    right: PairSide
    weight: float
    probability: float
    reason: str
    rules: tuple[str, ...]
    profiles: tuple[str, str]


# One person


class Search(Look, frozen=True, kw_only=True, tag="search"):
    """Who has all these words in name, e-mail, phone (however the number is written), or as (the start
    of) an id."""

    text: str
    limit: int = 100


class Hit(Answer, frozen=True, kw_only=True):
    """A profile (or, before the merge, a record: then ``profile_id`` is empty)."""

    profile_id: str
    source: str
    record_id: str
    name: str
    email: str
    town: str
    records: int


class Person(Look, frozen=True, kw_only=True, tag="person"):
    """Everything about one profile, or about one record when ``profile_id`` is empty. A record that is
    part of a profile stands for it; ``profile_id`` may also be ``source/record`` or a record id that
    only one profile has."""

    profile_id: str = ""
    source: str = ""
    record_id: str = ""


class Value(Answer, frozen=True, kw_only=True):
    """A current value, where it comes from, and the rule that chose it."""

    field: str
    value: str
    source: str
    record_id: str
    rule: str


class Record(Answer, frozen=True, kw_only=True):
    """A source record that is part of the profile. ``role``: founder | merged."""

    source: str
    record_id: str
    role: str
    rule: str


class ConsentState(Answer, frozen=True, kw_only=True):
    """The derived state of one permission and the rule that decided it."""

    brand: str
    channel: str
    purpose: str
    status: str
    evidence_at: str
    evidence: str
    rule: str


class TrailEvent(Answer, frozen=True, kw_only=True):
    """One event in the life of a record, with the words that the vault still has.

    Beside the events of the trail there are ``read``, ``found`` (a finding), ``compared`` (why two
    records are one person), ``decided`` (by a person), ``stated`` and ``silenced`` (what a consent
    state rests on), ``exported``, ``deleted`` and ``looked``. ``place``: delivery, file and line;
    ``note``: what else there is to say, by event.
    """

    at: str
    by: str
    step: str
    source: str
    record_id: str
    event: str
    field: str
    rule: str
    other_source: str
    other_record: str
    before: str
    after: str
    place: str = ""
    note: str = ""


class Right(Answer, frozen=True, kw_only=True):
    """A right that holds at present. ``kind``: restricted | objected; ``at``: ISO, UTC."""

    kind: str
    at: str
    by: str
    reason: str


class PersonSheet(Answer, frozen=True, kw_only=True):
    """A person as the Profile screen shows it. ``children``: entity → rows."""

    profile_id: str
    name: str
    values: tuple[Value, ...]
    records: tuple[Record, ...]
    consents: tuple[ConsentState, ...]
    children: dict[str, int]
    trail: tuple[TrailEvent, ...]
    rights: tuple[Right, ...] = ()


class ConsentEvents(Look, frozen=True, kw_only=True, tag="consent_events"):
    """The facts behind one derived consent state, in order of time."""

    profile_id: str
    brand: str
    channel: str
    purpose: str = "marketing"


class ConsentFact(Answer, frozen=True, kw_only=True):
    """One consent event or suppression. ``kind``: event | suppression; ``at``: ISO, UTC, or ''."""

    kind: str
    at: str
    state: str
    brand: str
    source: str
    record_id: str
    delivery: str
    file: str
    line: int
    evidence: str
    campaign: str


# Words and totals


class Said(Query, frozen=True, kw_only=True, tag="said"):
    """What persons typed, for many commitments at once: commitment → words."""

    references: tuple[str, ...]


class PairDecisions(Query, frozen=True, kw_only=True, tag="pair_decisions"):
    """Every pair that a person has settled, with its present decision."""


class PairDecided(Answer, frozen=True, kw_only=True):
    """A settled pair; the two records stand in their one order."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    decision: str


class Plan(Query, frozen=True, kw_only=True, tag="plan"):
    """What the imports of the runbook would do to the target now."""


class Planned(Answer, frozen=True, kw_only=True):
    """One entity of one import step: what would happen (create, update, …) → how many records."""

    step: str
    entity: str
    counts: dict[str, int]


class Fates(Query, frozen=True, kw_only=True, tag="fates"):
    """How many rows of each source have which fate."""


class SourceFates(Answer, frozen=True, kw_only=True):
    """One source: its physical rows, and fate → rows (they add up to ``rows``)."""

    source: str
    rows: int
    fates: dict[str, int]


AnyQuery = (
    FindingRules
    | FindingFields
    | FindingRecords
    | Columns
    | PairQueue
    | PairDetail
    | PairDecisions
    | ClusterQueue
    | ClusterStep
    | ClusterHistory
    | ReviewFigures
    | SafeLane
    | LaneExamples
    | LanePrecision
    | Search
    | Person
    | ConsentEvents
    | Said
    | Plan
    | Lesson
    | Fates
    | Verification
    | JournalText
)

ANSWERS: dict[type[Query], Any] = {
    FindingRules: tuple[RuleTotal, ...],
    FindingFields: tuple[FieldTotal, ...],
    FindingRecords: FindingPage,
    Columns: ColumnPage,
    PairQueue: PairWindow,
    PairDetail: PairSheet,
    PairDecisions: tuple[PairDecided, ...],
    ClusterQueue: ClusterWindow,
    ClusterStep: ClusterPage,
    ClusterHistory: tuple[ClusterPast, ...],
    ReviewFigures: ReviewState,
    SafeLane: LaneSheet,
    LaneExamples: LanePage,
    LanePrecision: LaneKnown,
    Search: tuple[Hit, ...],
    Person: PersonSheet,
    ConsentEvents: tuple[ConsentFact, ...],
    Said: dict[str, str],
    Plan: tuple[Planned, ...],
    Lesson: LessonTold,
    Fates: tuple[SourceFates, ...],
    Verification: Verified,
    JournalText: JournalPart,
}
"""The shape of the answer to each question."""


def answer(view: View, query: Query) -> Any:
    """The answer to ``query``; ``TypeError`` for a question that nobody can answer."""
    from tui_migrate.engine.answers import answer_with

    return answer_with(view, query)
