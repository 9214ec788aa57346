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
from tui_migrate.engine.api import Identity, Query
from tui_migrate.engine.audit_queries import JournalPart, JournalText, Verification, Verified
from tui_migrate.engine.data_queries import (
    ColumnPage,
    Columns,
    Fates,
    FieldTotal,
    FindingFields,
    FindingPage,
    FindingRecords,
    FindingRules,
    RuleTotal,
    SourceFates,
)
from tui_migrate.engine.lane_queries import (
    LaneExamples,
    LaneKnown,
    LanePage,
    LanePrecision,
    LaneSheet,
    SafeLane,
)
from tui_migrate.engine.lesson_queries import Lesson, LessonTold
from tui_migrate.engine.pair_queries import PairDecided, PairDecisions
from tui_migrate.engine.person_queries import (
    ConsentEvents,
    ConsentFact,
    Hit,
    Person,
    PersonSheet,
    Search,
)
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


class Said(Query, frozen=True, kw_only=True, tag="said"):
    """What persons typed, for many commitments at once: commitment → words."""

    references: tuple[str, ...]


class Plan(Query, frozen=True, kw_only=True, tag="plan"):
    """What the imports of the runbook would do to the target now."""


class Planned(Answer, frozen=True, kw_only=True):
    """One entity of one import step: what would happen (create, update, …) → how many records."""

    step: str
    entity: str
    counts: dict[str, int]


AnyQuery = (
    FindingRules
    | FindingFields
    | FindingRecords
    | Columns
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
