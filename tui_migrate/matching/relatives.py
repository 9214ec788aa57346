"""The household as a third class beside one person and two strangers.

Relatives share a family name, an address and often a mailbox or a landline; only their first names
and birth dates are those of strangers. A model of two classes takes such pairs for one person. So
each pattern of levels is held against three classes: one person (m, shipped), two strangers (u,
measured) and two of one household, whose shares are learned here from the patterns, pulled towards
the shipped ones. Expectation maximisation over counts: how many pairs each class has, and what
relatives agree in. First names and birth dates of relatives are never learned: a household class
that may learn them comes to describe one person.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np

from tui_migrate.matching.households import STRENGTH, Counts, pulled
from tui_migrate.matching.model import FrozenModel, Relatives
from tui_migrate.matching.schema import count
from tui_migrate.matching.settings import PERSON, Field

Array = np.ndarray[Any, np.dtype[Any]]

#: How two of a household agree: field → level → share. Fields that are not named agree as at random.
SHIPPED: dict[str, dict[str, float]] = {
    "first_name": {
        "exact": 0.02, "variant": 0.03, "typo": 0.01, "initial": 0.16, "similar": 0.04, "different": 0.74,
    },
    "family_name": {"exact": 0.62, "part": 0.12, "typo": 0.01, "similar": 0.01, "different": 0.24},
    "birth_date": {"exact": 0.01, "typo": 0.01, "near": 0.05, "different": 0.93},
    "address": {"exact": 0.93, "number": 0.03, "postcode": 0.01, "town": 0.01, "different": 0.02},
    "email": {"own": 0.01, "shared": 0.20, "typo": 0.005, "different": 0.785},
    "phone": {"own": 0.02, "shared": 0.38, "typo": 0.01, "different": 0.59},
    "gender": {"same": 0.4, "different": 0.6},
}  # fmt: skip
LEARNED = ("family_name", "address", "gender")
#: The shipped shares count for `STRENGTH` pairs, and for at least this share of those that are found.
PULL = 0.1
#: Household pairs for each pair of one person, shipped: counts as much as the shares.
ODDS = 0.25
ROUNDS = 200


@dataclass(frozen=True)
class Patterns:
    """The patterns of one kind: per field the level numbers, and how many pairs have the pattern."""

    levels: dict[str, Array]
    pairs: Array
    total: float

    @classmethod
    def of(cls, cur: duckdb.DuckDBPyConnection, model: FrozenModel, kind: str) -> Patterns:
        """Those of the compared pairs of this cursor."""
        names = [field.name for field in model.settings.weighed(kind)]
        rows = cur.execute(
            f"SELECT {', '.join(names)}, sum(pairs)::DOUBLE AS pairs FROM mt_pattern"
            f" WHERE kind = '{kind}' GROUP BY ALL ORDER BY ALL"
        ).fetchnumpy()
        records = count(cur, f"SELECT count(*) FROM mt_record WHERE kind = '{kind}'")
        return cls(
            {name: np.asarray(rows[name], dtype=np.int64) for name in names},
            np.asarray(rows["pairs"], dtype=np.float64),
            records * (records - 1) / 2 + 1.0,
        )

    def bits(self, shares: dict[str, list[float]]) -> Array:
        """Per pattern the sum over the fields of one number per level; 0 where nothing is known."""
        found = np.zeros(len(self.pairs))
        for name, values in shares.items():
            found += np.asarray([0.0, *values])[self.levels[name]]
        return found


def weights(model: FrozenModel, kind: str) -> dict[str, list[float]]:
    """Per field what each level is worth for one person, in bits."""
    return {
        field.name: [model.weight(kind, field.name, level.name) for level in field.levels]
        for field in model.settings.weighed(kind)
    }


def fit_prior(model: FrozenModel, kind: str, patterns: Patterns) -> float:
    """log2 of the prior odds: the share of all pairs that the patterns say are one and the same.

    A fixed point over one number: with m and u fixed, the expected number of matches among the
    candidates gives the prior, which gives the expected number… Pairs that blocking never met count
    as no match.
    """
    one = np.exp2(np.clip(patterns.bits(weights(model, kind)), -60.0, 60.0))
    share = min(0.5, 1.0 / math.sqrt(patterns.total))
    for _round in range(ROUNDS):
        odds = one * share / (1 - share)
        found = float((patterns.pairs * (odds / (1 + odds))).sum())
        updated = min(0.5, (found + 0.5) / patterns.total)
        if abs(updated - share) <= 1e-7 * share:
            break
        share = updated
    return round(math.log2(share / (1 - share)), 6)


def fit_relatives(model: FrozenModel, patterns: Patterns, seen: Counts) -> tuple[float, Relatives]:
    """log2 of the prior odds of one person to two strangers, and how relatives agree.

    seen: what `households` counted in pairs that are certainly two of one household.
    """
    fields = [f for f in model.settings.weighed(PERSON) if f.name in SHIPPED]
    shipped = {f.name: _begin_with(f, seen) for f in fields}
    chance = {f.name: [model.u[PERSON][f.name][level.name] for level in f.levels] for f in fields}
    shares = {name: list(values) for name, values in shipped.items()}
    one = np.exp2(np.clip(patterns.bits(weights(model, PERSON)), -80.0, 80.0))
    persons = relatives = math.sqrt(patterns.total) / 2
    for _round in range(ROUNDS):
        strangers = max(1.0, patterns.total - persons - relatives)
        kin = np.exp2(np.clip(patterns.bits(_against(shares, chance)), -80.0, 80.0))
        whole = 1.0 + (persons * one + relatives * kin) / strangers
        of_relatives = patterns.pairs * relatives * kin / strangers / whole
        met = float((patterns.pairs * persons * one / strangers / whole).sum()) + 0.5
        living = met * pulled((float(of_relatives.sum()), met), ODDS)
        for name in LEARNED:
            if name in shares:
                found = np.bincount(
                    patterns.levels[name], weights=of_relatives, minlength=len(shares[name]) + 1
                )[1:]
                strength = max(STRENGTH, PULL * float(found.sum()))
                counted = found + strength * np.asarray(shipped[name])
                shares[name] = list(counted / counted.sum())
        settled = abs(met - persons) <= 1e-6 * met and abs(living - relatives) <= 1e-6 * living
        persons, relatives = met, living
        if settled:
            break
    strangers = max(1.0, patterns.total - persons - relatives)
    levels = {
        field.name: {
            level.name: round(share, 6)
            for level, share in zip(field.levels, shares[field.name], strict=True)
        }
        for field in fields
    }
    return round(math.log2(persons / strangers), 6), {
        "odds": round(math.log2(relatives / strangers), 6),
        "levels": levels,
    }


def likeness(model: FrozenModel) -> dict[str, str]:
    """Field → SQL over a pattern: log2 of how much more often relatives agree so than strangers.

    ``odds`` stands for the pairs of relatives among all; empty for a model that knows of none.
    """
    known = model.relatives
    if not known:
        return {}
    found = {"odds": f"{known['odds']}::DOUBLE"}
    for field in model.settings.weighed(PERSON):
        shares = known["levels"].get(field.name)
        if shares:
            arms = " ".join(
                f"WHEN {number} THEN"
                f" {_bits(shares[level.name], model.u[PERSON][field.name][level.name])!r}::DOUBLE"
                for number, level in enumerate(field.levels, start=1)
            )
            found[field.name] = f"CASE {field.name} {arms} ELSE 0.0::DOUBLE END"
    return found


def _begin_with(field: Field, seen: Counts) -> list[float]:
    """The shares to begin with: the shipped ones, where something was counted pulled towards it."""
    shares = {level.name: SHIPPED[field.name].get(level.name, 1e-6) for level in field.levels}
    if field.name == "first_name":
        shares.update(
            {form: pulled(seen[form], shares[form]) for form in ("variant", "typo", "initial")}
        )
    elif field.name in seen:
        any_shared = pulled(seen[f"{field.name} shared"], shares["own"] + shares["shared"])
        shares["own"] = min(pulled(seen[field.name], shares["own"]), any_shared / 2)
        shares["shared"] = any_shared - shares["own"]
    rest = field.levels[-1].name
    shares[rest] = max(0.01, 1.0 - sum(share for name, share in shares.items() if name != rest))
    return [shares[level.name] for level in field.levels]


def _against(
    shares: dict[str, list[float]], chance: dict[str, list[float]]
) -> dict[str, list[float]]:
    return {
        name: [_bits(share, u) for share, u in zip(values, chance[name], strict=True)]
        for name, values in shares.items()
    }


def _bits(share: float, chance: float) -> float:
    return round(math.log2(max(share, 1e-9) / max(chance, 1e-12)), 6)
