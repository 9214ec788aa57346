"""What the engine holds for reviewers between two keys: the queue, and who looks at which cluster."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from tui_migrate.engine.ahead import Ahead
from tui_migrate.staging.store import Cursor, quote

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk
    from tui_migrate.engine.lane import Lane
    from tui_migrate.engine.lane_queries import LaneKnown
    from tui_migrate.engine.lesson_queries import LessonTold
    from tui_migrate.engine.review_queue import ReviewQueue
    from tui_migrate.engine.state import RunState
    from tui_migrate.runbook.models import Runbook

Record = tuple[str, str]

CLAIM = 600.0
"""Seconds after which a cluster that somebody has before him is free again, if he does nothing."""
PATIENCE = 10.0
"""Seconds for which an engine that ends waits for a queue that is being made."""

NONE: frozenset[str] = frozenset()

# One row: the place of a record that was asked about, and a brand that it has to do with.
_BRANDS = """
SELECT place, e.brand FROM {table} e JOIN asked a ON {owner} WHERE e.brand IS NOT NULL
"""
# One row: brands, and the places of the records that have to do with just these: few rows, whatever the
# number of records.
_TOGETHER = """
SELECT brands, list(place) FROM (
  SELECT place, list_sort(list(brand)) AS brands FROM (SELECT DISTINCT place, brand FROM ({parts}))
  GROUP BY place)
GROUP BY brands
"""
OWN = "e.source = a.source AND e.record_id = a.record_id"
OWNED = "e.owner_source = a.source AND e.owner_record = a.record_id"


@dataclass(slots=True)
class Claimed:
    """Records that somebody has before him. ``until``: on the clock of ``Reviews``."""

    uid: int
    user: str
    sitting: str
    records: frozenset[Record]
    until: float


class Reviews:
    """One for each engine. Any thread may ask."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.folding: AbstractContextManager[object] = nullcontext()
        """Held while the queue follows the run's state: the engine's lock."""
        self._claiming = threading.RLock()
        self._making = threading.Lock()
        self._claims: dict[tuple[int, str], Claimed] = {}
        self._queue: ReviewQueue | None = None
        self._key: object = None
        self._preparing: threading.Thread | None = None
        self.ahead = Ahead()
        """What was read of the clusters that come next."""
        self.looking_at_lane = threading.RLock()
        self.lane: Lane | None = None
        self.lane_key: tuple[object, ...] = ()
        """What ``lane`` was made of."""
        self.lane_known: tuple[object, LaneKnown] | None = None
        """What decisions tell of thresholds, with what it was made of."""
        self.pools: dict[object, tuple[object, ReviewQueue]] = {}
        """Clusters of the safe lane that somebody looks at, with what they were made of."""
        self.lesson: tuple[str, str] = ("", "")
        """What decisions teach, as it was computed last: SHA-256 and content (see ``lessons``)."""
        self.lesson_told: tuple[object, LessonTold] | None = None
        """The answer that says it, and what it was made of."""

    # Claims

    def claim(self, records: Iterable[Record], uid: int, user: str, sitting: str) -> str:
        """Give somebody these records, in place of what he had; or say who has one of them."""
        with self._claiming:
            self._claims.pop((uid, sitting), None)
            wanted = frozenset(records)
            holder = self.holder(wanted, uid, sitting)
            if not wanted:
                self.ahead.leave(uid, sitting)
            if not holder and wanted:
                until = self._clock() + CLAIM
                self._claims[uid, sitting] = Claimed(uid, user, sitting, wanted, until)
            return holder

    def holder(self, records: Iterable[Record], uid: int, sitting: str) -> str:
        """Who else has one of these records before him; '' for nobody."""
        wanted = set(records)
        return next((c.user for c in self.claims(uid, sitting) if wanted & c.records), "")

    def claims(self, uid: int, sitting: str) -> list[Claimed]:
        """What others have before them now."""
        with self._claiming:
            now = self._clock()
            self._claims = {key: c for key, c in self._claims.items() if c.until > now}
            return [c for key, c in self._claims.items() if key != (uid, sitting)]

    def release(self, uid: int, sitting: str) -> None:
        """Let go what somebody had."""
        with self._claiming:
            self._claims.pop((uid, sitting), None)

    # The queue

    @property
    def made(self) -> ReviewQueue | None:
        """The queue as it was asked for last. It does not wait for anything: what never changes in it
        may be read under the engine's lock."""
        return self._queue

    def queue(self, desk: Desk) -> ReviewQueue:
        """The queue of the last match, with all that was decided until now. It is made at the first
        question after a match, and anew when the runbook names other brands of a source; decisions are
        added to it."""
        from tui_migrate.engine.review_queue import build

        with self._making:
            state = desk.view.state
            key = _match_of(state), brands_told(desk.view.runbook)
            if self._queue is None or self._key != key:
                self._queue, self._key = build(desk), key
            with self.folding:
                self._queue.follow(state)
            return self._queue

    def prepare(self, make: Callable[[], object]) -> None:
        """Have the queue made beside whatever else is done, by who asks for it: so that the first
        reviewer need not wait for it. What goes wrong there goes wrong again when somebody asks."""

        def work() -> None:
            with suppress(Exception):
                make()

        self._preparing = threading.Thread(target=work, name="reviews", daemon=True)
        self._preparing.start()

    def rest(self, *, over: bool = False) -> None:
        """Wait until nobody prepares anything any more. ``over``: for good."""
        if self._preparing is not None:
            self._preparing.join(PATIENCE)
        self.ahead.rest(over=over)

    def forget(self) -> None:
        """Somebody was erased: nothing of him stays here."""
        self._queue = self._key = None
        self.lane, self.lane_key, self.pools = None, (), {}
        self.lane_known = None
        self._claims = {}
        self.ahead.drop()
        self.lesson, self.lesson_told = ("", ""), None

    # Brands

    def brands(
        self, cursor: Cursor, runbook: Runbook | None, records: Sequence[Record]
    ) -> dict[Record, frozenset[str]]:
        """The brands that each record has to do with: those of its child rows, else all of its source.
        As they were read with a cluster that somebody has before him, while staging is as it was."""
        staged = self.ahead.brands(records)
        if staged is None:
            staged = staged_brands(cursor, records)
        sources = runbook.sources if runbook is not None else {}
        whole = {name: frozenset(source.brands) for name, source in sources.items()}
        return {record: staged[record] or whole.get(record[0], NONE) for record in records}


def staged_brands(cursor: Cursor, records: Sequence[Record]) -> dict[Record, frozenset[str]]:
    """The brands of each record's child rows."""
    columns = {
        "place": np.arange(len(records)),
        "source": pa.array([source for source, _record in records], pa.string()),
        "record_id": pa.array([record for _source, record in records], pa.string()),
    }
    cursor.register("asked", pa.table(columns))
    parts = [
        _BRANDS.format(table=quote(table), owner=owner)
        for table, owned in with_brands(cursor)
        for owner in ((OWN, OWNED) if owned else (OWN,))
    ]
    found: dict[Record, frozenset[str]] = dict.fromkeys(records, NONE)
    if parts:  # at once: to plan a question takes longer than to answer it
        sql = _TOGETHER.format(parts=" UNION ALL ".join(parts))
        for brands, places in cursor.execute(sql).fetchall():
            found |= dict.fromkeys((records[at] for at in places), frozenset(brands))
    cursor.unregister("asked")
    return found


def _match_of(state: RunState) -> object:
    """What the queue was made of: it is another one after every match, and after an erasure."""
    matches = [s for s in state.steps.values() if s.outline.uses == "match"]
    made = [(s.id, s.attempt, s.status, s.digest) for s in matches]
    return made, len(state.erased), state.draw


def brands_told(runbook: Runbook | None) -> object:
    """What the runbook says of the brands of sources: who may see a record rests on it."""
    sources = runbook.sources if runbook is not None else {}
    return tuple((name, source.brands) for name, source in sorted(sources.items()))


def with_brands(cursor: Cursor) -> list[tuple[str, bool]]:
    """The views of entities whose rows have a brand, and whether these rows belong to an owner."""
    rows = cursor.execute(
        "SELECT table_name, list(column_name) FROM duckdb_columns() WHERE schema_name = 'main'"
        " AND starts_with(table_name, 'ent_') GROUP BY table_name ORDER BY table_name"
    ).fetchall()
    return [(name, "owner_source" in columns) for name, columns in rows if "brand" in columns]
