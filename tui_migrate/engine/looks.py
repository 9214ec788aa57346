"""What the engine remembers of looks: which were journalled just now, and pairs that wait for a word."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from tui_migrate.engine.api import Identity

AGAIN = 600.0
"""Seconds within which the same look of the same user is not journalled again: a screen asks anew
whenever the run goes on."""
LEFT = 60.0
"""Seconds after which records that were shown as one person perhaps, and not decided, are journalled
together: most are decided by then, and a decision says itself who saw them."""
MOST = 10_000
"""Looks that are remembered before those that are too old are let go."""


@dataclass(slots=True)
class Undecided:
    """Records that somebody was shown side by side. ``since``: when the first of them was."""

    who: Identity
    reason: str
    since: float
    records: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class Looks:
    """One for each engine, changed under its lock."""

    clock: Callable[[], float] = time.monotonic
    _done: dict[Hashable, float] = field(default_factory=dict)
    _undecided: dict[tuple[int, str], Undecided] = field(default_factory=dict)

    def is_new(self, look: Hashable) -> bool:
        """Whether a look was not journalled just now; then it counts as journalled."""
        now = self.clock()
        if len(self._done) > MOST:
            self._done = {key: at for key, at in self._done.items() if now - at < AGAIN}
        if now - self._done.get(look, now - AGAIN) < AGAIN:
            return False
        self._done[look] = now
        return True

    def show(self, who: Identity, reason: str, records: Iterable[str]) -> None:
        """Somebody is shown records that may be one person."""
        here = Undecided(who, reason, self.clock())
        here = self._undecided.setdefault((who.uid, reason), here)
        here.records.update(dict.fromkeys(records))

    def decided(self, who: Identity, records: Iterable[str]) -> None:
        """Somebody decided on records: the entry of that says that he saw them."""
        gone = set(records)
        for key, one in list(self._undecided.items()):
            if one.who.uid == who.uid:
                one.records = {name: None for name in one.records if name not in gone}
                if not one.records:
                    del self._undecided[key]

    def left(self, *, at_once: bool = False) -> list[Undecided]:
        """What was shown for long enough without a decision; it is not waited for any more."""
        now = self.clock()
        over = {k: u for k, u in self._undecided.items() if at_once or now - u.since >= LEFT}
        for key in over:
            del self._undecided[key]
        return list(over.values())

    def forget(self) -> None:
        """Somebody was erased: nothing of him stays here."""
        self._done.clear()
