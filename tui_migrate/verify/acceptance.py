"""How many of a lot to look at, and with how many wrong ones it is refused.

ISO 2859-1:1999, general inspection level II, single sampling plans for normal inspection (tables 1
and 2-A), by acceptance quality limit (AQL): the worst share of wrong ones, in per cent, that is still
tolerable. Tightened and reduced inspection belong to a series of lots and are not for a migration.
"""

from __future__ import annotations

from typing import NamedTuple

from tui_migrate.runbook.models import AQLS

LETTERS = "ABCDEFGHJKLMNPQR"
_SIZES = (2, 3, 5, 8, 13, 20, 32, 50, 80, 125, 200, 315, 500, 800, 1250, 2000)
_LOTS = (8, 15, 25, 50, 90, 150, 280, 500, 1200, 3200, 10_000, 35_000, 150_000, 500_000)
"""Largest lot of each code letter from A on; above them Q."""

_UP, _DOWN = -1, -2
_DIAGONAL = (0, _UP, _DOWN, 1, 2, 3, 5, 7, 10, 14, 21)
"""Table 2-A holds one sequence: a letter further or an AQL further is one place further in it. Left of
it the arrows point down (a larger sample), right of it up."""
_FIRST = 9
"""Place of the letter (K) that has acceptance number 0 at the first of ``AQLS``."""


class Plan(NamedTuple):
    """``size`` of the lot are looked at; up to ``accept`` wrong ones it is accepted, with ``reject``
    or more it is not. ``letter``: the code letter of the plan that is used, behind the arrows."""

    letter: str
    size: int
    accept: int
    reject: int


def code_letter(lot: int) -> str:
    """The code letter of a lot at general inspection level II."""
    place = next((n for n, most in enumerate(_LOTS) if lot <= most), len(_LOTS))
    return LETTERS[place]


def plan_for(lot: int, aql: float) -> Plan:
    """The plan for a lot; a lot that is not larger than the sample is looked at whole. ``ValueError``
    for an AQL that is none of ``AQLS``."""
    column = AQLS.index(aql)
    place = LETTERS.index(code_letter(lot))
    while (said := _table(place, column)) < 0:
        place += 1 if said == _DOWN else -1
    return Plan(LETTERS[place], min(_SIZES[place], lot), said, said + 1)


def _table(place: int, column: int) -> int:
    """The cell of table 2-A: an acceptance number or an arrow."""
    step = place + column - _FIRST
    if step < 0:
        return _DOWN
    return _DIAGONAL[step] if step < len(_DIAGONAL) else _UP
