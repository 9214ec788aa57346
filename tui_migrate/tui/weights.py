"""Weights as bars and numbers: of two records one, of more the least and the most."""

from __future__ import annotations

from textual.content import Content

from tui_migrate.engine.pair_words import NOTHING
from tui_migrate.numerals import decimal
from tui_migrate.tui.safe import fit
from tui_migrate.tui.status import BAD, GOOD, QUIET
from tui_migrate.tui.widgets.block import Part, line

BAR = 5
FULL = 12.0
"""log₂ evidence that fills the bar: 4 096 to 1."""
ALIKE = 0.5
"""Bits: two weights that are nearer to each other are told as one."""
RANGE = 7
"""Cells for two weights: ``-11…+18``."""


def weight_part(weight: float | None) -> Part:
    """A bar and a number: ``█`` for, ``▒`` against."""
    return "" if weight is None else _single(weight, 6)


def range_part(weight: float | None, most: float | None, unkept: bool = False) -> Part:
    """Of three records or more the least and the most that a field says between two of them: ``█`` for
    what all say, ``░`` for what only some do; one number where that is as good as the same. ``unkept``:
    some contradict each other, and how much is not known (``?``)."""
    if unkept:
        numbers: list[Part] = [("?", BAD)] if most is None else [("?…", BAD), _whole(most)]
        return _both(
            [("▒", BAD), ("█" * min(BAR - 1, _cells(max(0.0, most or 0.0))), GOOD)], numbers
        )
    if weight is None:
        return ""
    if most is None or most - weight < ALIKE:
        return _single(weight, RANGE)
    least, top = _cells(weight), _cells(most)
    if weight >= 0:
        bar: list[Part] = [("█" * least + "░" * (top - least), GOOD)]
    elif most <= 0:
        bar = [("▒" * top + "░" * (least - top), BAD)]
    else:
        against = min(max(1, least), BAR - 1)
        bar = [("▒" * against, BAD), ("█" * min(max(1, top), BAR - against), GOOD)]
    return _both(bar, [_whole(weight), ("…", QUIET), _whole(most)])


def _single(weight: float, room: int) -> Part:
    if abs(weight) < NOTHING:
        return (" " * BAR + decimal(0.0).rjust(room), QUIET)
    bar = fit(("█" if weight > 0 else "▒") * max(1, _cells(weight)), BAR)
    return (f"{bar}{decimal(weight, signed=True):>{room}}", GOOD if weight > 0 else BAD)


def _both(bar: list[Part], numbers: list[Part]) -> Content:
    shown = [line(*bar), line(*numbers)]
    gap = BAR + RANGE - sum(part.cell_length for part in shown)
    return line(shown[0], " " * max(0, gap), shown[1])


def _cells(weight: float) -> int:
    return min(BAR, round(abs(weight) / FULL * BAR))


def _whole(weight: float) -> Part:
    """A weight without its decimals."""
    number = round(weight)
    return (f"{number:+d}", GOOD if number > 0 else BAD) if number else ("0", QUIET)
