"""What the pairs of a cluster say of all of it: how far each field agrees at least and at most, who
disagrees with whom, and what all of them being one person hangs on.

Pure functions on the rows of ``pair``; records are named by their place in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from tui_migrate.engine.answers.common import text
from tui_migrate.engine.pair_words import NOTHING, PRIOR

Record = tuple[str, str]
Edge = tuple[int, int]

IDENTIFYING = ("birth_date", "kvk", "vat")
"""Fields of which one person or organisation has one value: who differ in it contradict each other, also
where the match kept no pair of them (it was less likely than those that it keeps, or never compared)."""
CONTRARY = -3.0
"""Bits from which on a field contradicts: it agrees so eight times as often in two people as in one."""


class Compared(NamedTuple):
    """Two records that were compared. ``levels``: field → how far it agrees, and what that is worth."""

    a: int
    b: int
    probability: float
    linked: bool
    levels: Mapping[str, tuple[str, float]]


@dataclass(slots=True)
class Range:
    """How far a field agrees between the two records where it speaks least and most for one person.
    ``against``: the pairs in which it speaks against it; ``alike``: all others."""

    level: str
    weight: float
    most_level: str
    most: float
    against: list[Edge] = field(default_factory=list)
    alike: list[Edge] = field(default_factory=list)


def compared_of(rows: Iterable[Sequence[Any]], place: Mapping[Record, int]) -> list[Compared]:
    """Rows of ``pair`` (two records, weight, probability, reason, rules, weights, …) by place."""
    return [
        Compared(
            min(place[sa, ra], place[sb, rb]),
            max(place[sa, ra], place[sb, rb]),
            probability or 0.0,
            reason == "link",
            {one["field"]: (text(one["level"]), one["weight"]) for one in weights or ()},
        )
        for sa, ra, sb, rb, _weight, probability, reason, _rules, weights, *_more in rows
    ]


def ranges(pairs: Iterable[Compared]) -> dict[str, Range]:
    """Field → how far it agrees in these pairs."""
    found: dict[str, Range] = {}
    for pair in pairs:
        for name, (level, weight) in pair.levels.items():
            known = found.setdefault(name, Range(level, weight, level, weight))
            if weight < known.weight:
                known.level, known.weight = level, weight
            if weight > known.most:
                known.most_level, known.most = level, weight
            edges = known.against if weight <= -NOTHING else known.alike
            edges.append((pair.a, pair.b))
    return found


def sides(
    against: Sequence[Edge], alike: Iterable[Edge], equal: Iterable[Edge]
) -> tuple[tuple[int, ...], ...]:
    """The records that stand against each other, where who agrees falls into sides of which each speaks
    against every other; the smallest side first. ``equal``: two records with the same value, compared
    or not. Empty where it is not so simple."""
    side: dict[int, set[int]] = {at: {at} for edge in against for at in edge}
    for a, b in (*alike, *equal):
        if a in side or b in side:
            joined = side.get(a, {a}) | side.get(b, {b})
            side.update(dict.fromkeys(joined, joined))
    apart = {frozenset((min(side[a]), min(side[b]))) for a, b in against}
    found = sorted({tuple(sorted(one)) for one in side.values()}, key=lambda one: (len(one), one))
    if any(len(pair) == 1 for pair in apart) or len(apart) < len(found) * (len(found) - 1) // 2:
        return ()
    return tuple(found)


def weakest_link(pairs: Iterable[Compared]) -> Edge | None:
    """The pair on which it hangs that all are one person: the likeliest pairs that tie all records
    together (links first, which are certain), and of these the least likely. ``None`` where only links
    tie them."""
    group: dict[int, set[int]] = {}
    weakest = None
    for pair in sorted(pairs, key=lambda one: (not one.linked, -one.probability, one.a, one.b)):
        one, other = group.get(pair.a, {pair.a}), group.get(pair.b, {pair.b})
        if one is other or pair.b in one:
            continue
        joined = one | other
        group.update(dict.fromkeys(joined, joined))
        if not pair.linked:
            weakest = pair.a, pair.b
    return weakest


def contradiction(pairs: Iterable[Compared]) -> Edge | None:
    """The least likely pair that is two people rather than one and in which a field contradicts."""
    torn = [
        pair
        for pair in pairs
        if pair.probability < 0.5
        and any(w <= CONTRARY for name, (_l, w) in pair.levels.items() if name != PRIOR)
    ]
    if not torn:
        return None
    least = min(torn, key=lambda pair: (pair.probability, pair.a, pair.b))
    return least.a, least.b
