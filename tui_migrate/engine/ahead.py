"""The cluster that a reviewer will ask for next is read before he does; what was read of the one that he
was shown is kept until he decides on it.

Only what staging says of its records is kept here (``answers.cluster_sheet.Material``). Which cluster
comes next, who has it before him, how it stands, what the counts are and what a role may see is worked
out when it is asked for, and only then is it looked at: what is read here nobody was shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from tui_migrate.audit.entries import AccessRefused, AnyFact, Sealed
from tui_migrate.audit.person_facts import Looked
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    PairDecided,
)

if TYPE_CHECKING:
    from tui_migrate.engine.answers.cluster_sheet import Material

Record = tuple[str, str]
Sitting = tuple[int, str]
"""A user and one of his screens."""

OF_PEOPLE = (
    PairDecided, ClusterDecided, ClusterAnswered, DecisionTakenBack, Looked, AccessRefused, Sealed,
)  # fmt: skip
"""Facts that leave staging as it is; behind every other it may be another."""
MOST = 64
"""Sittings for which something is kept; the one that was served longest ago is let go first."""
BREATH = 0.1
"""Seconds until reading begins: the cluster that is on its way is sent and painted first."""
PATIENCE = 10.0
"""Seconds for which an engine that ends waits for what is being read."""


class Ahead:
    """One for each engine. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._kept: dict[Sitting, Material] = {}
        self._shown: dict[Sitting, Material] = {}
        self._wanted: dict[Sitting, Callable[[], Material | None]] = {}
        self._reading: Sitting | None = None
        self._thread: threading.Thread | None = None
        self._age = 0
        """Grows whenever staging may have changed: what was read before is not kept."""
        self._over = threading.Event()

    def of(self, uid: int, sitting: str, records: Sequence[Record]) -> Material | None:
        """What was read of just these records for this sitting, if staging is as it was."""
        with self._lock:
            for kept in (self._kept, self._shown):
                found = kept.get((uid, sitting))
                if found is not None and found.records == tuple(records):
                    return found
        return None

    def brands(self, records: Sequence[Record]) -> Mapping[Record, frozenset[str]] | None:
        """The brands of the child rows of these records, where they were read with others for whoever,
        if staging is as it was."""
        with self._lock:
            for found in (*self._kept.values(), *self._shown.values()):
                if found.brands is not None and found.brands.keys() >= set(records):
                    return found.brands
        return None

    def show(
        self, uid: int, sitting: str, records: Sequence[Record], read: Callable[[], Material]
    ) -> Material:
        """What there is on these records, which are about to be shown: as it was read, also if that is
        done just now, else read now."""
        with self._lock:
            self._wanted.pop((uid, sitting), None)
            self._lock.wait_for(lambda: self._reading != (uid, sitting), PATIENCE)
            age = self._age  # before it is looked for: what goes meanwhile is not kept again
        found = self.of(uid, sitting, records) or read()
        if sitting:
            with self._lock:
                if age == self._age:
                    _keep(self._shown, (uid, sitting), found)
        return found

    def want(self, uid: int, sitting: str, read: Callable[[], Material | None]) -> None:
        """Have ``read`` done in a thread, in place of what is kept for this sitting. What goes wrong
        there goes wrong again when somebody asks."""
        with self._lock:
            self._wanted[uid, sitting] = read
            if self._thread is None and not self._over.is_set():
                self._thread = threading.Thread(target=self._work, name="ahead", daemon=True)
                self._thread.start()

    def leave(self, uid: int, sitting: str) -> None:
        """A sitting is over: what is read just now is not kept either."""
        with self._lock:
            self._age += 1
            self._kept.pop((uid, sitting), None)
            self._shown.pop((uid, sitting), None)
            self._wanted.pop((uid, sitting), None)

    def heard(self, fact: AnyFact) -> None:
        """Something was journalled."""
        if not isinstance(fact, OF_PEOPLE):
            self.drop()

    def drop(self) -> None:
        """Staging may have changed: nothing that was read counts any more."""
        with self._lock:
            self._age += 1
            self._kept.clear()
            self._shown.clear()

    def rest(self, *, over: bool = False) -> None:
        """Wait until nothing is read any more. ``over``: the engine ends, nothing is begun any more."""
        with self._lock:
            if over:
                self._over.set()
                self._wanted.clear()
            thread = self._thread
        if thread is not None:
            thread.join(PATIENCE)

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._wanted:
                    self._thread = None
                    return
            self._over.wait(BREATH)
            with self._lock:
                if not self._wanted:
                    continue
                self._reading = sitting = next(iter(self._wanted))
                read, age = self._wanted.pop(sitting), self._age
            found = None
            with suppress(Exception):
                found = read()
            with self._lock:
                if found is not None and age == self._age:
                    _keep(self._kept, sitting, found)
                self._reading = None
                self._lock.notify_all()


def _keep(kept: dict[Sitting, Material], sitting: Sitting, found: Material) -> None:
    kept.pop(sitting, None)
    kept[sitting] = found
    while len(kept) > MOST:
        del kept[next(iter(kept))]
