"""A run at any of its entries: the same fold, cut earlier."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from copy import deepcopy
from datetime import datetime

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.run import RunState, fold
from tui_migrate.engine.zones import moment

KEPT = 16
"""States kept on the way, so that going back does not fold from the start."""
LEAST = 500

GATE, FAILURE, DECISION, SEAL, REST = "‖", "✗", "·", "◆", "─"
_RANK = {FAILURE: 4, GATE: 3, SEAL: 2, DECISION: 1, REST: 0}


def mark(entry: Entry) -> str:
    """The sign of an entry on the time line."""
    match entry.fact:
        case facts.StepFailed():
            return FAILURE
        case facts.CheckDone(passed=False, severity="block"):
            return FAILURE
        case facts.StepWaiting() if entry.fact.evidence:
            return GATE
        case facts.GatePassed():
            return GATE
        case facts.Sealed():
            return SEAL
        case facts.SignedOff() | facts.Answered() | facts.PairDecided():
            return DECISION
        case facts.CheckWaived() | facts.StepSkipped() | facts.RedoAsked():
            return DECISION
        case _:
            return REST


class Rewind:
    """The entries of a run, and its state after any number of them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self.marks = "".join(mark(entry) for entry in entries)
        self._stride = max(LEAST, len(entries) // KEPT)
        self._kept: dict[int, RunState] = {}
        self._state = RunState()
        self._at = 0

    def __len__(self) -> int:
        return len(self.entries)

    def state(self, count: int) -> RunState:
        """The state after the first ``count`` entries."""
        count = min(max(0, count), len(self.entries))
        if count < self._at:
            base = max((at for at in self._kept if at <= count), default=0)
            self._at, self._state = base, deepcopy(self._kept[base]) if base else RunState()
        while self._at < count:
            stop = min(count, (self._at // self._stride + 1) * self._stride)
            fold(self.entries[self._at : stop], self._state)
            self._at = stop
            if stop % self._stride == 0 and stop not in self._kept:
                self._kept[stop] = deepcopy(self._state)
        return self._state

    def gate(self, count: int, by: int) -> int:
        """The position of the next gate from ``count`` on (``by`` 1) or before it (-1)."""
        if by > 0:
            found = self.marks.find(GATE, count)
            return found + 1 if found >= 0 else len(self.entries)
        found = self.marks.rfind(GATE, 0, max(0, count - 1))
        return found + 1 if found >= 0 else min(1, len(self.entries))

    def at_time(self, wanted: datetime, zone: str) -> int:
        """The position after the last entry at or before ``wanted``."""
        times = [moment(entry.at, zone) or wanted for entry in self.entries]
        return max(min(1, len(self.entries)), bisect_right(times, wanted))

    def line(self, width: int) -> str:
        """The whole run in ``width`` cells; of entries in one cell the gravest is shown."""
        cells = [REST] * max(0, width)
        for number, sign in enumerate(self.marks, 1):
            if sign != REST and cells:
                at = self.cell(number, width)
                cells[at] = max(cells[at], sign, key=_RANK.__getitem__)
        return "".join(cells)

    def cell(self, count: int, width: int) -> int:
        """The cell in which the entry at ``count`` stands."""
        total = len(self.marks)
        return min(width - 1, max(0, (count - 1) * (width - 1) // max(1, total - 1)))
