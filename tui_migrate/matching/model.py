"""The frozen model: what agreement is worth, estimated once and then kept.

Fellegi–Sunter: each field adds log2(m/u) to the prior odds. m is shipped; u, the agreement among
records that are *not* the same, comes from the data; the prior is over all N(N−1)/2 pairs and not
over the candidates only. A model is plain JSON without any personal value, so that it can be
journalled; later deliveries are scored with it, and their order changes nothing.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from dataclasses import field as dataclass_field
from typing import Any, TypedDict

import duckdb
import numpy as np
import pyarrow as pa

from tui_migrate.matching.comparing import LEVELED_DDL, compare_names
from tui_migrate.matching.patterns import Layout
from tui_migrate.matching.rarity import Rarity
from tui_migrate.matching.settings import KINDS, ORGANISATION, PERSON, Field, MatchSettings

Weights = dict[str, dict[str, dict[str, float]]]


class Relatives(TypedDict):
    """How two of a household agree. odds: log2 of their pairs for each pair of strangers; levels:
    field → level → share."""

    odds: float
    levels: dict[str, dict[str, float]]


#: How many random pairs the shipped u counts for, beside those of the data.
PRIOR_PAIRS = 2_000.0
#: The same for agreement that only the whole data shows (all pairs, not a sample).
PRIOR_ALL_PAIRS = 200_000.0
#: Share of the collisions of a value that are chance, as a multiple of `identifier_u`.
COLLISION_SHARE = {
    ("email", "own"): 0.1,
    ("email", "shared"): 10.0,
    ("phone", "own"): 1.0,
    ("phone", "shared"): 10.0,
    ("address", "exact"): 10.0,
    ("kvk", "exact"): 1.0,
    ("vat", "exact"): 1.0,
}


@dataclass(frozen=True)
class FrozenModel:
    """m and u per kind, field and level; prior as log2 odds per kind; dates that mean
    "unknown"; how often households share contact points, how relatives agree in all fields, and what
    the frequency of names is worth (each empty: a model from before that was measured).

    learned: bits that reviewers' decisions add to the weight of a level (kind → field → level) and to
    the prior (kind → ``prior`` → ''); what is not named adds nothing. See ``learning``."""

    settings: MatchSettings
    u: Weights
    prior: dict[str, float]
    placeholders: tuple[str, ...]
    household: dict[str, float] = dataclass_field(default_factory=dict)
    relatives: Relatives | None = None
    rarity: dict[str, Rarity] = dataclass_field(default_factory=dict)
    learned: Weights = dataclass_field(default_factory=dict)

    def taught(self, kind: str, field: str = "prior", level: str = "") -> float:
        """Bits that decisions taught for a level, or for the prior."""
        return self.learned.get(kind, {}).get(field, {}).get(level, 0.0)

    def start(self, kind: str) -> float:
        """The prior in bits, with what was learned."""
        return round(self.prior[kind] + self.taught(kind), 6)

    def weight(self, kind: str, field: str, level: str) -> float:
        """log2(m/u) and what was learned, to 6 decimals so that every machine adds up the same."""
        m = self.settings.m[kind][field][level]
        bits = math.log2(max(m, 1e-9) / max(self.u[kind][field][level], 1e-12))
        return round(bits + self.taught(kind, field, level), 6)

    def to_json(self) -> str:
        """Canonical JSON: sorted keys, no blanks; a model that learned nothing does not speak of it."""
        values = asdict(self)
        if not self.learned:
            del values["learned"]
        return json.dumps(values, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> FrozenModel:
        """The reverse of :meth:`to_json`."""
        values: dict[str, Any] = json.loads(text)
        return cls(
            settings=MatchSettings.from_dict(values["settings"]),
            u=values["u"],
            prior=values["prior"],
            placeholders=tuple(values["placeholders"]),
            household=values.get("household", {}),
            relatives=values.get("relatives"),
            rarity=values.get("rarity", {}),
            learned=values.get("learned", {}),
        )


#: Chance that two records of different people agree on a value: taken over the pairs that differ
#: in another field ({other}), so that true duplicates do not count as chance.
AGREEMENT_SQL = """
WITH known AS (
    SELECT {value} AS value, {other} AS other FROM mt_record {declared}
    WHERE kind = '{kind}' AND {value} IS NOT NULL AND {other} IS NOT NULL
)
SELECT (SELECT sum(n * n) FROM (SELECT count(*)::HUGEINT n FROM known GROUP BY value))
     - (SELECT sum(n * n) FROM (SELECT count(*)::HUGEINT n FROM known GROUP BY value, other)),
       (SELECT count(*)::HUGEINT * count(*) FROM known)
     - (SELECT sum(n * n) FROM (SELECT count(*)::HUGEINT n FROM known GROUP BY other))"""

#: Number of record pairs that share a value, and number of all pairs of records that have one.
COLLISION_SQL = """
WITH known AS ({select})
SELECT (SELECT sum(n * (n - 1)) FROM (SELECT count(*)::HUGEINT n FROM known GROUP BY value)),
       (SELECT count(*)::HUGEINT * (count(*) - 1) FROM known)"""

COLLISION_SELECT = {
    "email": "SELECT email AS value FROM mt_email WHERE kind = '{kind}'",
    "phone": "SELECT phone AS value FROM mt_phone WHERE kind = '{kind}'",
    "address": "SELECT address AS value FROM mt_record WHERE kind = '{kind}' AND number IS NOT NULL"
    " AND address IS NOT NULL",
    "kvk": "SELECT kvk AS value FROM mt_record WHERE kind = '{kind}' AND kvk IS NOT NULL",
    "vat": "SELECT vat AS value FROM mt_record WHERE kind = '{kind}' AND vat IS NOT NULL",
}

AGREEMENT = {
    "first_name": ("first", "family"),
    "family_name": ("family", "first"),
    "birth_date": ("birth", "family"),
    "organisation_name": ("organisation", "coalesce(postcode, town)"),
}


#: What two records that share a declared value by chance differ in.
OTHER = {PERSON: "family", ORGANISATION: "organisation"}

SAMPLE_PER_RECORD = 10
"""Random pairs a record: more do not help a small set, whose values repeat in them."""


def fit_u(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> Weights:
    """Estimate u from seeded random pairs and, for equal values, from value frequencies."""
    u: Weights = {}
    for kind in KINDS:
        observed = _random_levels(cur, kind, settings)
        u[kind] = {}
        for field in settings.fields[kind]:
            u[kind][field.name] = _smoothed(field, observed[field.name])
            for (name, level), share in COLLISION_SHARE.items():
                if name == field.name:
                    shared, pairs = _ratio(cur, kind, COLLISION_SQL, COLLISION_SELECT[name])
                    chance = settings.identifier_u * share * shared
                    u[kind][name][level] = _pulled(field, level, chance, pairs)
            if field.name in AGREEMENT or field.compare:
                values = AGREEMENT.get(field.name) or ("d.code", OTHER[kind])
                declared = (
                    f"LEFT JOIN mt_declared_{field.name} d USING (uid)" if field.compare else ""
                )
                equal, pairs = _ratio(
                    cur, kind, AGREEMENT_SQL, "",
                    value=values[0], other=values[1], declared=declared,
                )  # fmt: skip
                if field.compare == "identifier":
                    equal *= settings.identifier_u
                u[kind][field.name]["exact"] = _pulled(field, "exact", equal, pairs)
    return u


def _random_levels(
    cur: duckdb.DuckDBPyConnection, kind: str, settings: MatchSettings
) -> dict[str, dict[int, int]]:
    """Field → level → number of seeded random pairs of `kind` at that level (unknown left out)."""
    query = "SELECT uid FROM mt_record WHERE kind = $1 ORDER BY uid"
    uids = np.asarray(cur.execute(query, [kind]).fetchnumpy()["uid"], dtype=np.int32)
    names = [field.name for field in settings.fields[kind]]
    if len(uids) < 2:
        return {name: {} for name in names}
    generator = np.random.default_rng(settings.seed)
    size = min(settings.sample, SAMPLE_PER_RECORD * len(uids), len(uids) * (len(uids) - 1))
    picked = np.sort(uids[generator.integers(0, len(uids), (size, 2))], axis=1)
    picked = np.unique(picked[picked[:, 0] < picked[:, 1]], axis=0)
    cur.register("mt_picked", pa.table({"a": picked[:, 0], "b": picked[:, 1]}))
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_random AS SELECT a, b FROM mt_picked")
    cur.unregister("mt_picked")
    cur.execute(LEVELED_DDL.format(table="mt_random_level"))
    compare_names(cur, "mt_random", "mt_random_level", settings)
    Layout(settings.field_names).view(cur, "mt_random_names", "mt_random_level")
    observed: dict[str, dict[int, int]] = {}
    for name in names:
        rows = cur.execute(
            f"SELECT {name}, count(*) FROM mt_random_names WHERE {name} > 0 GROUP BY 1"
        )
        observed[name] = dict(rows.fetchall())
    return observed


def _smoothed(field: Field, observed: dict[int, int]) -> dict[str, float]:
    total = sum(observed.values())
    return {
        level.name: (observed.get(number, 0) + PRIOR_PAIRS * level.u) / (total + PRIOR_PAIRS)
        for number, level in enumerate(field.levels, start=1)
    }


def _ratio(
    cur: duckdb.DuckDBPyConnection, kind: str, sql: str, select: str, **names: str
) -> tuple[float, float]:
    """The share that `sql` counts, and of how many pairs."""
    row = cur.execute(sql.format(select=select.format(kind=kind), kind=kind, **names)).fetchone()
    part, whole = (int(value or 0) for value in row or (0, 0))
    return (part / whole if whole else 0.0), float(whole)


def _pulled(field: Field, level: str, seen: float, pairs: float) -> float:
    """`seen` in `pairs` pairs, pulled towards the shipped u: small data says little."""
    shipped = field.levels[field.number(level) - 1].u
    return (seen * pairs + shipped * PRIOR_ALL_PAIRS) / (pairs + PRIOR_ALL_PAIRS)
