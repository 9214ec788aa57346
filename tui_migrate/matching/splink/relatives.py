"""What relatives take away, as one statement over Splink's predictions.

Splink knows two classes, ours three: a pair that agrees as two of one household do is worth less by
log2(1 + odds of relatives to strangers) bits (see ``scoring.SCORED_SQL``). All that this needs stands
in the columns that Splink keeps, so that any database can reckon it.
"""

from __future__ import annotations

import math

from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.settings import PERSON, Field
from tui_migrate.matching.splink.settings import chance, frequent

#: One row is one pair with its weight in bits and its probability; ``predicted``: what Splink
#: predicts.
JUDGED_SQL = """SELECT source_l AS source_a, record_id_l AS record_a, source_r AS source_b,
  record_id_r AS record_b, weight,
  1 / (1 + power(2.0, -greatest(-60.0, least(60.0, weight)))) AS probability
FROM (SELECT *, {weight} AS weight FROM predicted) judged
WHERE weight >= {least}
"""


def relatives_sql(model: FrozenModel, kind: str) -> str:
    """The statement, over a view ``predicted`` of Splink's predictions; for DuckDB and for Spark."""
    weight = "match_weight"
    if kind == PERSON and model.relatives:
        terms = [repr(model.relatives["odds"])]
        shares = model.relatives["levels"]
        terms += [
            _bits(model, field, shares[field.name])
            for field in model.settings.weighed(kind)
            if field.name in shares
        ]
        if "family_name" in frequent(model, kind):
            terms.append("mw_tf_adj_family_name")
        kin = "\n    + ".join(terms)
        weight = f"match_weight - log2(1 + power(2.0, least(60.0, {kin})))"
    return JUDGED_SQL.format(weight=weight, least=least_weight(model))


def least_weight(model: FrozenModel) -> float:
    """The weight in bits below which no pair is kept."""
    kept = model.settings.keep_from
    return round(math.log2(kept / (1 - kept)), 9)


def _bits(model: FrozenModel, field: Field, shares: dict[str, float]) -> str:
    """SQL: log2 of how much more often relatives agree so than strangers. Splink numbers the levels
    downwards to 0."""
    arms = []
    for place, level in enumerate(field.levels, start=1):
        bits = math.log2(
            max(shares[level.name], 1e-9) / chance(model, PERSON, field.name, level.name)
        )
        arms.append(f"WHEN {len(field.levels) - place} THEN {round(bits, 6)!r}")
    return f"CASE gamma_{field.name} {' '.join(arms)} ELSE 0.0 END"
