"""The columns of a cluster: how wide they are, and how a value that is longer stands in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from rich.cells import cell_len
from textual.content import Content

from tui_migrate.engine.review_queries import ClusterField
from tui_migrate.tui.differ import Spans
from tui_migrate.tui.safe import fit
from tui_migrate.tui.status import QUIET
from tui_migrate.tui.weights import BAR, RANGE, range_part, weight_part
from tui_migrate.tui.widgets.block import Part, line

WORDS = 18
"""Cells for the evidence in words, where there is room."""
TALLEST = 3
"""Lines that one value may take."""
BEFORE = 8
"""Characters before the first difference, where what is equal is left out since it is too long."""
LEAST = 13
"""Cells of a column: below it fewer records are shown at once."""
MARK = "underline $text-warning"
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
DATE = 10
"""Characters of the date of a moment."""


@dataclass(frozen=True, slots=True)
class Showing:
    """How a cluster is shown: what is unfolded, which field is under the cursor, the first record."""

    unfolded: bool = False
    tall: bool = True
    blind: bool = False
    cursor: str = ""
    first: int = 0
    fold_key: str = "o"
    side_keys: str = "[ ]"


class Columns:
    """The widths of the columns of ``count`` records in ``width`` cells."""

    def __init__(self, width: int, count: int, first: int = 0, blind: bool = False) -> None:
        self.name = 12 if width < 90 else 16
        self.blind = blind
        self.words = WORDS if width >= 100 and count == 2 else 0
        self.many = count > 2
        tail = BAR + (RANGE + 1 if self.many else 7) + self.words
        room = width - self.name - 1 - tail
        self.shown = max(1, min(count, room // (LEAST + 1)))
        self.side = max(LEAST, room // self.shown - 1)
        self.first = min(first, count - self.shown)

    def places(self) -> range:
        """The records that are shown."""
        return range(self.first, self.first + self.shown)

    def weight(self, field: ClusterField) -> Part:
        """What a field says: between two records, or at least and at most."""
        if self.many:
            return range_part(field.weight, field.most, bool(field.unkept))
        return weight_part(field.weight)

    def row(self, name: Part, sides: Sequence[Part], *tail: Part) -> Content:
        """A line of the table. What is between two columns has the style of the one before: a terminal
        is told a style once for all columns that have it."""
        parts: list[Part] = [self._cut(name, self.name, QUIET)]
        parts += [self._cut(side, self.side) for side in sides]
        return line(*parts, *tail).simplify()

    @staticmethod
    def _cut(part: Part, width: int, style: str = "") -> Part:
        """A cell, and the space behind it."""
        if isinstance(part, Content):
            return part
        text, own = part if isinstance(part, tuple) else (part, style)
        return (fit(text, width) + " ", own)


def skipped(texts: Sequence[str], width: int) -> int:
    """How much of the beginning is left out, because values that differ differ behind what has room."""
    filled = [text for text in texts if text]
    if len(filled) < 2:
        return 0
    columns = zip(*filled, strict=False)
    shared = sum(1 for _same in takewhile(lambda column: len(set(column)) == 1, columns))
    return shared - BEFORE if shared >= TALLEST * (width - 1) - BEFORE else 0


def parted(width: int, text: str, marks: Spans, shift: int, style: str) -> list[Content]:
    """``text`` in lines of ``width`` cells and a space, the last cut where there is no end to it."""
    room = width - 1
    found: list[Content] = []
    starts = _starts(text, room)
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        last = len(found) == TALLEST - 1
        piece = fit(text[start:] if last else text[start:stop], width)
        shown = Content.styled(piece + " ", style)
        for begin, end in marks:
            low, high = max(0, begin + shift - start), min(stop - start, end + shift - start)
            if low < high:
                shown = shown.stylize(MARK, low, high)
        found.append(shown)
        if last:
            break
    return found


def _starts(text: str, room: int) -> list[int]:
    """Where each line of ``text`` begins: none takes more than ``room`` cells, a blank at its end apart.
    A moment is parted between its date and its time, where the date has room."""
    starts = [0]
    moments = [found.span() for found in MOMENT.finditer(text)] if room >= DATE else []
    while (end := _end(text, starts[-1], room)) < len(text):
        begin = next((low for low, high in moments if low < end < high), None)
        if begin is not None and begin + DATE <= end:
            end = begin + DATE + 1
        elif begin is not None and begin > starts[-1]:
            end = begin
        starts.append(end)
    return starts


def _end(text: str, start: int, room: int) -> int:
    """How far ``text`` has room in so many cells from ``start`` on; one character has it always."""
    if text.isascii():
        return start + room
    used = 0
    for at in range(start, len(text)):
        used += cell_len(text[at])
        if used > room and at > start:
            return at
    return len(text)
