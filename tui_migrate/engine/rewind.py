"""A run at any of its entries: the same fold, cut earlier."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts, person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    ModelJudged,
    PairDecided,
)
from tui_migrate.engine.run import RunState, fold
from tui_migrate.engine.zones import moment

KEPT = 64
"""States kept on the way, so that going back does not fold from the start."""
LEAST = 500
"""Entries between two of them, at least."""

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
        case gate_facts.GatePassed():
            return GATE
        case facts.Sealed():
            return SEAL
        case gate_facts.SignedOff() | facts.Answered() | PairDecided():
            return DECISION
        case ClusterAnswered() | ClusterDecided() | DecisionTakenBack() | ModelJudged():
            return DECISION
        case facts.CheckWaived() | facts.StepSkipped() | facts.RedoAsked():
            return DECISION
        case person_facts.ErasureAsked() | person_facts.ErasureRefused() | facts.Purged():
            return DECISION
        case person_facts.Restricted() | person_facts.RestrictionLifted() | person_facts.Objected():
            return DECISION
        case _:
            return REST


_TO_THE_SECOND = re.compile(r"\d:\d\d:\d\d$")


def kept(value: Any) -> Any:
    """A copy that no later fold changes: containers and states are copied, facts and texts are shared.
    (A tenth of the time of ``deepcopy``, which copies facts too.)"""
    match value:
        case str() | int() | None | msgspec.Struct():
            return value
        case dict():
            return {key: kept(each) for key, each in value.items()}
        case list():
            return [kept(each) for each in value]
        case set():
            return set(value)
        case deque():
            return deque(value, value.maxlen)
        case _ if is_dataclass(value):
            made = copy(value)
            for one in fields(value):
                setattr(made, one.name, kept(getattr(value, one.name)))
            return made
        case _:
            return value


def typed_moment(text: str, at: str, zone: str) -> datetime | None:
    """What somebody typed: ``14:02`` on the day of ``at``, or a day and a time; in the run's zone.
    A second counts to its end, since moments are shown to the second. ``None`` where it is no time."""
    now = moment(at, zone)
    if now is None:
        return None
    plain = text.strip()
    if " " not in plain and ":" in plain and "T" not in plain:
        plain = f"{now:%Y-%m-%d} {plain.zfill(5)}"
    try:
        parsed = datetime.fromisoformat(plain)
    except ValueError:
        return None
    if _TO_THE_SECOND.search(plain):
        parsed = parsed.replace(microsecond=999_999)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=now.tzinfo)


def _word(word: str) -> tuple[str, str]:
    kind, colon, text = word.partition(":")
    return (kind, text) if colon and kind in ("by", "step", "brand") else ("", word)


def _fits(entry: Entry, kind: str, word: str, brands: Mapping[str, Sequence[str]]) -> bool:
    fact = entry.fact
    found = {
        "by": [entry.by],
        "step": [str(getattr(fact, name, "")) for name in ("step", "gate")],
        "brand": [
            *_listed(getattr(fact, "brands", ())),
            *_listed(getattr(fact, "brand", "")),
            *brands.get(str(getattr(fact, "source", "")), ()),
        ],
    }
    texts = found[kind] if kind else [text for each in found.values() for text in each]
    return any(word in text.lower() for text in texts)


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else [str(each) for each in value]


class Rewind:
    """The entries of a run, and its state after any number of them."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._marks = ""
        self._stride = max(LEAST, len(entries) // KEPT)
        self._kept: dict[int, RunState] = {}
        self._state = RunState()
        self._at = 0

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def marks(self) -> str:
        """The sign of every entry; entries that came since are taken in."""
        if len(self._marks) < len(self.entries):
            self._marks += "".join(mark(entry) for entry in self.entries[len(self._marks) :])
        return self._marks

    def state(self, count: int) -> RunState:
        """The state after the first ``count`` entries: from the nearest state on the way, so that a
        seek folds one stride at most once the run was folded."""
        count = min(max(0, count), len(self.entries))
        base = max((at for at in self._kept if at <= count), default=0)
        if count < self._at or base > self._at:
            self._at, self._state = base, kept(self._kept[base]) if base else RunState()
        while self._at < count:
            stop = min(count, (self._at // self._stride + 1) * self._stride)
            fold(self.entries[self._at : stop], self._state)
            self._at = stop
            if stop % self._stride == 0 and stop not in self._kept:
                self._kept[stop] = kept(self._state)
        return self._state

    def matching(self, words: str, brands: Mapping[str, Sequence[str]]) -> list[int]:
        """Positions of the entries that fit every word: a part of who did it (``by:``), of a step's id
        (``step:``), or a brand (``brand:``). ``brands``: source → brands that it delivers for."""
        wanted = [_word(word) for word in words.lower().split()]
        return [
            number
            for number, entry in enumerate(self.entries, 1)
            if all(_fits(entry, kind, word, brands) for kind, word in wanted)
        ]

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
