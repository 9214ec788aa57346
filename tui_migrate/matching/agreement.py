"""How far two people agree who answered the same, and what that says of one who answers alone."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from tui_migrate.matching.learning import interval

WORDS = ("merge", "different", "split", "unsure")
"""What an answer may be; a flagged one is ``unsure``."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """``table``: first answer and second → how often. ``alike``: both made the same persons of them.
    ``kappa``: Cohen's, with its 95 % interval; ``None`` where it says nothing."""

    table: dict[tuple[str, str], int]
    compared: int
    alike: int
    kappa: float | None = None
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Slips:
    """The share of answers that are wrong, with its 95 % interval; of ``compared`` questions ``contrary``
    were answered differently."""

    share: float
    low: float
    high: float
    compared: int
    contrary: int


def agreement(answers: Iterable[tuple[str, str, bool]]) -> Agreement:
    """Of questions answered twice: both words, and whether they make the same persons of the records.

    Cohen (1960): (observed − by chance) / (1 − by chance), where by chance is what the shares of the
    words in the first and in the second answers would give. Two splits that differ count as not alike.
    The interval is the exact one of the observed share, with what chance gives held fixed: an error
    that is computed from the observed share would be none where all were alike. Where one word alone
    was ever said, chance explains everything, and kappa is not defined.
    """
    table: Counter[tuple[str, str]] = Counter()
    alike = 0
    for first, second, same in answers:
        table[first, second] += 1
        alike += same
    count = table.total()
    if not count:
        return Agreement({}, 0, 0)
    firsts, seconds = (
        Counter({word: sum(n for key, n in table.items() if key[side] == word) for word in WORDS})
        for side in (0, 1)
    )
    chance = sum(firsts[word] * seconds[word] for word in WORDS) / count**2
    if chance >= 1.0:
        return Agreement(dict(table), count, alike)
    share = interval(alike, count)
    kappa, low, high = (
        (one - chance) / (1 - chance) for one in (alike / count, share.low, share.high)
    )
    return Agreement(dict(table), count, alike, round(kappa, 4), round(low, 4), round(high, 4))


def slips(answers: Iterable[tuple[str, str, bool]]) -> Slips | None:
    """How often one person errs, from how often two contradict each other: if each errs in a share e of
    questions of two outcomes, independently, they differ in d = 2e(1 − e) of them. Answers that are
    unsure contradict nobody. ``None`` where no two answers can be held against each other."""
    settled = [same for first, second, same in answers if "unsure" not in (first, second)]
    if not settled:
        return None
    contrary = settled.count(False)
    share = interval(contrary, len(settled))
    return Slips(
        share=_erring(contrary / len(settled)),
        low=_erring(share.low),
        high=_erring(share.high),
        compared=len(settled),
        contrary=contrary,
    )


def _erring(differing: float) -> float:
    """One person's share of errors where two differ in ``differing`` of their answers."""
    return (1.0 - math.sqrt(max(0.0, 1.0 - 2.0 * differing))) / 2.0
