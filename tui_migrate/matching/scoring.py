"""Add up the weights of the compared levels, and fit a model to data that has none yet."""

from __future__ import annotations

import duckdb

from tui_migrate.matching.households import fit_household
from tui_migrate.matching.model import FrozenModel, fit_prior, fit_u
from tui_migrate.matching.settings import FIELDS, KINDS, PERSON, MatchSettings

#: One row is one compared pair with its weight in bits and its probability.
SCORED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_scored AS
SELECT *, 1 / (1 + pow(2.0, -greatest(-60.0, least(60.0, weight)))) AS probability
FROM (SELECT l.*, round({weight}, 6) AS weight FROM mt_level l)
WHERE weight >= {keep}
   OR (a, b) IN (SELECT (a, b) FROM mt_link UNION ALL SELECT (a, b) FROM mt_decision)"""

#: How often each sum of weights occurs among the candidates of a kind.
EVIDENCE_SQL = """
SELECT round({weight}, 6) AS weight, count(*) AS pairs FROM mt_level
WHERE kind = '{kind}' GROUP BY 1 ORDER BY 1"""


def fit(
    cur: duckdb.DuckDBPyConnection, settings: MatchSettings, placeholders: tuple[str, ...] = ()
) -> FrozenModel:
    """Freeze a model for the normalised records and the compared candidates of this cursor."""
    model = FrozenModel(settings, fit_u(cur, settings), dict.fromkeys(KINDS, 0.0), placeholders)
    prior = {
        kind: fit_prior(cur, kind, EVIDENCE_SQL.format(weight=_sum(model, kind), kind=kind))
        for kind in KINDS
    }
    household = fit_household(cur, settings, prior[PERSON])
    return FrozenModel(settings, model.u, prior, placeholders, household)


def score(cur: duckdb.DuckDBPyConnection, model: FrozenModel, keep_from_weight: float) -> None:
    """Fill `mt_scored`: linked or decided pairs, and those of at least `keep_from_weight` bits."""
    branches = " ".join(
        f"WHEN kind = '{kind}' THEN {model.prior[kind]} + {_sum(model, kind)}" for kind in KINDS
    )
    cur.execute(SCORED_SQL.format(weight=f"CASE {branches} END", keep=keep_from_weight))


def breakdown(model: FrozenModel) -> str:
    """SQL for the list of (field, level, weight) of a scored pair, in summing order."""
    branches = []
    for kind in KINDS:
        entries = [f"{{field: 'prior', level: '', weight: {model.prior[kind]}::DOUBLE}}"]
        for field in FIELDS[kind]:
            names = " ".join(
                f"WHEN {number} THEN '{level.name}'"
                for number, level in enumerate(field.levels, start=1)
            )
            entries.append(
                f"{{field: '{field.name}', level: CASE {field.name} {names} ELSE 'unknown' END, "
                f"weight: ({_case(model, kind, field.name)})::DOUBLE}}"
            )
        branches.append(f"WHEN kind = '{kind}' THEN [{', '.join(entries)}]")
    return f"CASE {' '.join(branches)} END"


def _sum(model: FrozenModel, kind: str) -> str:
    """SQL that adds the weights of all fields, always in the same order."""
    return " + ".join(_case(model, kind, field.name) for field in FIELDS[kind])


def _case(model: FrozenModel, kind: str, name: str) -> str:
    for field in FIELDS[kind]:
        if field.name == name:
            arms = " ".join(
                f"WHEN {number} THEN {model.weight(kind, name, level.name)!r}::DOUBLE"
                for number, level in enumerate(field.levels, start=1)
            )
            return f"CASE {name} {arms} ELSE 0.0::DOUBLE END"
    raise KeyError(name)
