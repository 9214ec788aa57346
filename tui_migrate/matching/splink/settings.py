"""A frozen model as settings of Splink 5.

Splink adds log2(m/u) of the level of each field to the prior, as ``scoring`` does. m and u are those of
the model, bounded as it bounds them; u of a field are measured level by level and need not add up to 1.
What decisions taught is a factor on m, and where that would leave no share, on u.
The frequency of a name is Splink's term frequency, with a table of ours (see ``records``).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.rarity import DICTIONARIES
from tui_migrate.matching.settings import PERSON, Field
from tui_migrate.matching.splink.dialects import Dialect
from tui_migrate.matching.splink.levels import levels_of

#: A name and the records in which Splink finds it: never the identifier of a source alone.
UNIQUE_ID = "unique_id"
IDENTITY = ("source", "record_id")
#: What a level of the model is bounded by (``FrozenModel.weight``).
LEAST_M, LEAST_U = 1e-9, 1e-12


def splink_settings(
    model: FrozenModel, kind: str, dialect: Dialect, keys: Iterable[tuple[str, bool]]
) -> dict[str, Any]:
    """The settings for the records of one kind.

    keys: columns of the blocking keys, and whether each holds an array.
    """
    odds = 2.0 ** model.start(kind)
    return {
        "link_type": "dedupe_only",
        "unique_id_column_name": UNIQUE_ID,
        "probability_two_random_records_match": odds / (1 + odds),
        "blocking_rules_to_generate_predictions": [_rule(*key) for key in keys],
        "comparisons": [
            _comparison(model, kind, field, dialect) for field in model.settings.weighed(kind)
        ],
        "retain_matching_columns": True,  # the numbers of the levels are kept with them only
        "retain_intermediate_calculation_columns": True,
        "additional_columns_to_retain": list(IDENTITY),
    }


def frequent(model: FrozenModel, kind: str) -> tuple[str, ...]:
    """The fields whose equal values count by their frequency."""
    weighed = {field.name for field in model.settings.weighed(kind)}
    return tuple(name for name in DICTIONARIES if name in weighed and kind == PERSON)


def chance(model: FrozenModel, kind: str, field: str, level: str) -> float:
    """u of a level, as the weight of the model takes it."""
    return max(model.u[kind][field][level], LEAST_U)


def shares(model: FrozenModel, kind: str, field: str, level: str) -> tuple[float, float]:
    """m and u of a level, so that log2(m/u) is its weight with what was learned; neither is above 1."""
    u = chance(model, kind, field, level)
    taught = 2.0 ** model.taught(kind, field, level)
    m = max(model.settings.m[kind][field][level], LEAST_M) * taught
    return (m, u) if m <= 1 else (1.0, u / m)


def _rule(column: str, several: bool) -> dict[str, Any]:
    rule: dict[str, Any] = {"blocking_rule": f"l.{column} = r.{column}"}
    return {**rule, "arrays_to_explode": [column]} if several else rule


def _comparison(model: FrozenModel, kind: str, field: Field, dialect: Dialect) -> dict[str, Any]:
    levels = []
    for name, condition in levels_of(field, dialect):
        level: dict[str, Any] = {
            "sql_condition": condition,
            "label_for_charts": name or "unknown",
        }
        if name is None:
            level["is_null_level"] = True
        else:
            m, u = shares(model, kind, field.name, name)
            level |= {"m_probability": m, "u_probability": u}
            if name == "exact" and field.name in frequent(model, kind):
                level["tf_adjustment_column"] = field.name
                level["tf_adjustment_weight"] = 1.0
                level["disable_tf_exact_match_detection"] = True
        levels.append(level)
    return {
        "output_column_name": field.name,
        "comparison_description": field.name,
        "comparison_levels": levels,
    }
