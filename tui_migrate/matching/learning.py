"""What reviewers' decisions teach: corrections of the weights, and how precise a threshold is.

Reviewers are asked about doubtful pairs only. Who counts, among those, how often one person's records
agree (m) learns that one person's records mostly disagree. But given *how* two records agree, whether
they were chosen to be asked says nothing more about who they are; so what is learned is the chance of
"one person" given the levels: a logistic regression that begins at the weight which a pair has already
(its offset) and adds some bits for each level, and to the prior. Measured against counting and against
expectation maximisation over all pairs, it learned most from the same decisions, and stood
a reviewer's errors at every order of asking.

Three things hold it back:

- each correction is pulled towards 0, the shipped weight, as by a normal prior of `TRUST` bits;
- what nobody is asked about (pairs that merge by themselves, pairs that are dropped) stands beside the
  decisions with the probability that it has, and counts for `HELD` decisions altogether;
- of a hundred answers `ERRING` each way are taken for slips, so that no single one moves far what is
  all but certain.

Pure functions: no database, no clock. The guard is not learned: it looks at levels alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tui_migrate.matching.model import FrozenModel, Weights
from tui_migrate.matching.settings import KINDS, ORGANISATION, PERSON

Array = np.ndarray[Any, np.dtype[Any]]

#: How far a shipped weight is believed to be off, in bits (one standard deviation).
TRUST = 1.0
#: How many decisions the pairs count for that nobody is asked about.
HELD = 500.0
#: Share of answers that are taken for slips.
ERRING = 0.02
#: Confidence of an interval.
CONFIDENCE = 0.95

_ROUNDS, _SETTLED = 100, 1e-7
_NATS = math.log(2)
_OF_ORGANISATIONS = frozenset({"organisation_name", "kvk", "vat"})
#: Entries of a stored pair's weights that are no level of a field.
_NO_FIELD = frozenset({"prior", "name_frequency"})


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair as it was compared, or several that agree alike.

    levels: field → level, without the fields that one side lacks. weight: the whole weight in bits, as
    the model in force gives it (prior and frequency of names included). pairs: how many such there are.
    """

    kind: str
    levels: Mapping[str, str]
    weight: float
    pairs: float = 1.0

    @property
    def probability(self) -> float:
        """That the two are one, as the weight says."""
        return 1.0 / (1.0 + math.exp2(-max(-60.0, min(60.0, self.weight))))


@dataclass(frozen=True, slots=True)
class Decided:
    """A pair, and what a person said of it: are the two one?"""

    pair: Pair
    same: bool


@dataclass(frozen=True, slots=True)
class Precision:
    """Of `decided` pairs `same` are one person. estimate, low and high between 0 and 1: the share, and
    the exact (Clopper–Pearson) interval of `CONFIDENCE`; estimate is None where nothing was decided."""

    decided: int
    same: int
    estimate: float | None
    low: float
    high: float


def pair_of(weights: Iterable[tuple[str, str, float]], weight: float, pairs: float = 1.0) -> Pair:
    """The pair behind a row of the table ``pair``: its ``weights`` as (field, level, bits), its
    ``weight``. Two that have no field in common of which organisations alone have one are persons."""
    levels = {field: level for field, level, _bits in weights if field not in _NO_FIELD}
    kind = ORGANISATION if _OF_ORGANISATIONS & levels.keys() else PERSON
    return Pair(kind, levels, weight, pairs)


def refit(model: FrozenModel, decided: Iterable[Decided], held: Iterable[Pair] = ()) -> FrozenModel:
    """The model with what these decisions teach; of no decision, the model as it was fitted.

    model: the one by which the pairs have their weights. What it had learned before is left out, so
    that decisions count once, however often the model is fitted to them.
    decided: each pair once, with the present word on it; unsure ones are left out by the caller.
    held: pairs that nobody is asked about (bands ``auto`` and ``below``), best as patterns with their
    number; without them few or one-sided decisions move certain pairs too.

    Returns a model with other ``learned`` and the same in all else: settings, m, u, frequencies. Its
    weights differ by ``learned`` alone, so :func:`weigh` gives each pair's new weight. The outcome does
    not depend on the order of the pairs. 5,000 decisions take some tenths of a second.
    """
    known = list(decided)
    others = list(held)
    beside = sum(pair.pairs for pair in others)
    scale = HELD / beside if beside else 0.0
    learned: Weights = {}
    for kind in KINDS:
        said = [one for one in known if one.pair.kind == kind]
        if said:
            kept = [pair for pair in others if pair.kind == kind]
            learned[kind] = _corrections(model, kind, said, kept, scale)
    return replace(model, learned=learned)


def weigh(before: FrozenModel, after: FrozenModel, pair: Pair) -> Pair:
    """The pair with the weight that `after` gives it, where `before` gave it the one it has.

    Only for models that differ in ``learned`` alone.
    """
    return replace(pair, weight=round(pair.weight - _bits(before, pair) + _bits(after, pair), 6))


def precision(decided: Iterable[Decided], threshold: float) -> Precision:
    """How many of the decided pairs of at least this probability are one person, with an interval.

    It speaks of pairs like those that were decided. People are asked about doubtful pairs first, so for
    those that merge by themselves it is too low rather than too high; only pairs drawn by chance from
    a lane say how precise that lane is. Where nothing was decided, nothing is known: 0 to 1.
    """
    above = [one.same for one in decided if one.pair.probability >= threshold]
    return interval(sum(above), len(above))


def interval(same: int, decided: int) -> Precision:
    """The share with its exact interval; `same` of `decided`."""
    if not decided:
        return Precision(0, 0, None, 0.0, 1.0)
    return Precision(
        decided,
        same,
        same / decided,
        _lowest(same, decided),
        1.0 - _lowest(decided - same, decided),
    )


def _bits(model: FrozenModel, pair: Pair) -> float:
    """What was learned, summed over a pair's levels."""
    return model.taught(pair.kind) + sum(
        model.taught(pair.kind, field, level) for field, level in pair.levels.items()
    )


def _corrections(
    model: FrozenModel, kind: str, said: Sequence[Decided], held: Sequence[Pair], scale: float
) -> dict[str, dict[str, float]]:
    """Field → level → bits, those of the prior under ``prior``; levels that no decision met stay out
    unless the pairs that are held know them."""
    places = {("prior", ""): 0}
    for field in model.settings.weighed(kind):
        for one in field.levels:
            places[field.name, one.name] = len(places)
    rows = sorted(
        [(_row(model, each.pair, places), float(each.same), each.pair.pairs) for each in said]
        + [(_row(model, pair, places), -1.0, pair.pairs * scale) for pair in held]
    )
    design = np.zeros((len(rows), len(places)))
    for number, ((_weight, met), _same, _count) in enumerate(rows):
        design[number, list(met)] = 1.0
    offset = np.asarray([weight for (weight, _met), _same, _count in rows]) * _NATS
    answer = np.asarray([same for _row, same, _count in rows])
    answer = np.where(answer < 0.0, _slipping(_chance(offset)), answer)
    count = np.asarray([number for _row, _same, number in rows])
    found = _fitted(design, offset, answer, count) / _NATS
    learned: dict[str, dict[str, float]] = {}
    for (name, level), place in places.items():
        bits = round(float(found[place]), 4)
        if bits:
            learned.setdefault(name, {})[level] = bits
    return learned


def _row(
    model: FrozenModel, pair: Pair, places: Mapping[tuple[str, str], int]
) -> tuple[float, tuple[int, ...]]:
    """The weight before anything was learned, and where the pair's levels stand; sorts as it is."""
    met = sorted(places[one] for one in pair.levels.items() if one in places)
    return round(pair.weight - _bits(model, pair), 6), (0, *met)


def _fitted(design: Array, offset: Array, answer: Array, count: Array) -> Array:
    """The corrections in nats that are likeliest, given their prior: Newton's method by expected
    curvature, each step halved until it does not make things worse."""
    pull = 1.0 / (TRUST * _NATS) ** 2
    bits = np.zeros(design.shape[1])
    worst = _loss(design, offset, answer, count, bits, pull)
    for _round in range(_ROUNDS):
        chance = _chance(offset + design @ bits)
        told = _slipping(chance)
        slope = (1.0 - 2.0 * ERRING) * chance * (1.0 - chance)
        spread = np.maximum(told * (1.0 - told), 1e-12)
        gradient = design.T @ (count * slope * (told - answer) / spread) + pull * bits
        curve = (design * (count * slope**2 / spread)[:, None]).T @ design
        step = np.linalg.solve(curve + pull * np.eye(len(bits)), gradient)
        size = 1.0
        while size > 1e-6:
            loss = _loss(design, offset, answer, count, bits - size * step, pull)
            if loss <= worst:
                break
            size /= 2
        else:
            break
        bits, worst = bits - size * step, loss
        if float(np.abs(size * step).max()) < _SETTLED:
            break
    return bits


def _loss(
    design: Array, offset: Array, answer: Array, count: Array, bits: Array, pull: float
) -> float:
    told = _slipping(_chance(offset + design @ bits))
    likely = answer * np.log(told) + (1.0 - answer) * np.log1p(-told)
    return float(-(count * likely).sum() + pull * (bits**2).sum() / 2)


def _chance(nats: Array) -> Array:
    shown: Array = 1.0 / (1.0 + np.exp(-np.clip(nats, -60.0, 60.0)))
    return shown


def _slipping(chance: Array) -> Array:
    """The chance that somebody says "one person", slips included."""
    return ERRING + (1.0 - 2.0 * ERRING) * chance


def _lowest(same: int, decided: int) -> float:
    """The smallest share with which `same` or more of `decided` would not be a rare surprise."""
    if not same:
        return 0.0
    numbers = np.arange(1, decided + 1)
    ways = np.concatenate(([0.0], np.cumsum(np.log((decided + 1 - numbers) / numbers))))[same:]
    more = np.arange(same, decided + 1)
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        share = (low + high) / 2
        logs = ways + more * math.log(share) + (decided - more) * math.log1p(-share)
        rare = float(np.exp(logs).sum()) < (1.0 - CONFIDENCE) / 2
        low, high = (share, high) if rare else (low, share)
    return round((low + high) / 2, 6)


FOLDS = 5


def tried(
    model: FrozenModel, decided: Iterable[Decided], held: Iterable[Pair] = ()
) -> tuple[list[Decided], list[Decided]]:
    """The decided pairs with the weight that they had before anything was learned, and with the one
    that they get from a model fitted to the *other* decisions (four fifths of them at a time), in the
    same order. So the second says how a refitted model judges pairs that it has not been told of."""
    known = sorted(
        decided, key=lambda one: (one.pair.weight, sorted(one.pair.levels.items()), one.same)
    )
    others = list(held)
    plain = replace(model, learned={})
    before = [Decided(weigh(model, plain, one.pair), one.same) for one in known]
    after = list(before)
    for fold in range(FOLDS):
        told = [one for place, one in enumerate(known) if place % FOLDS != fold]
        taught = refit(model, told, others)
        for place in range(fold, len(known), FOLDS):
            after[place] = Decided(weigh(model, taught, known[place].pair), known[place].same)
    return before, after


def agreeing(decided: Iterable[Decided]) -> int:
    """How many pairs are more likely than not what a person said."""
    return sum((one.pair.probability >= 0.5) == one.same for one in decided)


def surprise(decided: Sequence[Decided]) -> float:
    """Mean bits by which what a person said surprises (log-loss); 0 for no decision."""
    bits = [
        math.log2(
            1.0
            + math.exp2(max(-60.0, min(60.0, -one.pair.weight if one.same else one.pair.weight)))
        )
        for one in decided
    ]
    return round(math.fsum(bits) / len(bits), 4) if bits else 0.0
