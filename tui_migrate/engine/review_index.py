"""Which clusters of a queue somebody may see and has asked for: found once, then kept up to date.

A filter and a role are held against every cluster the first time; behind a decision against those alone
that it is about. So a step costs the same in a queue of any length. Nothing is kept here but numbers.
"""

from __future__ import annotations

import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

Test = Callable[[int], bool]
"""Whether the cluster of this number fits."""

MOST = 32
"""Selections of one queue that are kept; the one that was asked for longest ago is let go first."""


@dataclass(slots=True)
class Tally:
    """How the clusters stand that somebody may see. ``missed``: pairs of one person in those of them
    that are not settled, by their likelihoods."""

    total: int
    counts: dict[str, int]
    missed: float


@dataclass(frozen=True, slots=True)
class Fitting:
    """Numbers of clusters, ascending: all that fit, those of them that wait for an answer, and those that
    somebody was not sure about."""

    numbers: Sequence[int]
    asked: Sequence[int]
    doubted: Sequence[int]


class Selection:
    """The clusters of one filter and one role, for one who asks. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: Fitting | None = None
        self._heard = 0

    def now(
        self, every: range, touched: Sequence[int], tests: tuple[Test | None, Test, Test]
    ) -> Fitting:
        """The clusters as they are now. ``touched``: those that decisions were about, one after another,
        to which more may come. ``tests``: whether a cluster fits (``None``: each does), whether
        one that fits waits for an answer, whether somebody was not sure about it."""
        with self._lock:
            heard = len(touched)  # first: what is touched while it is tried is tried again
            if self._found is None:
                self._found = _first(every, *tests)
            elif heard > self._heard:
                self._found = _tried(self._found, sorted(set(touched[self._heard : heard])), *tests)
            self._heard = heard
            return self._found


def _first(every: range, fits: Test | None, asked: Test, doubted: Test) -> Fitting:
    numbers = every if fits is None else array("i", filter(fits, every))
    return Fitting(
        numbers, array("i", filter(asked, numbers)), array("i", filter(doubted, numbers))
    )


def _tried(
    was: Fitting, touched: Sequence[int], fits: Test | None, asked: Test, doubted: Test
) -> Fitting:
    """What is found with these clusters tried anew. It is another object: who holds the last one goes on
    with that."""
    numbers: Sequence[int] = was.numbers
    if fits is not None:
        inside = {number: fits(number) for number in touched}
        numbers = _put(was.numbers, inside)
    else:
        inside = dict.fromkeys(touched, True)
    return Fitting(
        numbers,
        _put(was.asked, {number: fit and asked(number) for number, fit in inside.items()}),
        _put(was.doubted, {number: fit and doubted(number) for number, fit in inside.items()}),
    )


def _put(was: Sequence[int], inside: dict[int, bool]) -> array[int]:
    """The numbers, with or without each of these."""
    found = array("i", was)
    for number, wanted in inside.items():
        at = bisect_left(found, number)
        there = at < len(found) and found[at] == number
        if wanted and not there:
            found.insert(at, number)
        elif there and not wanted:
            del found[at]
    return found


class Selections:
    """Those of one queue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Hashable, Selection] = {}

    def of(self, key: Hashable) -> Selection:
        """The selection that goes by this key; a new one where there is none."""
        with self._lock:
            found = self._kept.pop(key, None) or Selection()
            self._kept[key] = found
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
            return found
