"""Add up the weights of the compared levels, and fit a model to data that has none yet.

Everything that follows from levels alone is worked out once per pattern; only what equal names are
worth by their frequency is added pair by pair.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb

from tui_migrate.matching.households import count_households, fit_household
from tui_migrate.matching.model import FrozenModel, Weights, fit_u
from tui_migrate.matching.patterns import Layout
from tui_migrate.matching.rarity import Rarity
from tui_migrate.matching.relatives import Patterns, fit_prior, fit_relatives, likeness
from tui_migrate.matching.settings import KINDS, ORGANISATION, PERSON, MatchSettings

#: One row is one pattern of the compared pairs, and how many have it.
PATTERN_SQL = """
CREATE OR REPLACE TEMP TABLE mt_pattern AS
SELECT pattern, pairs, {columns}
FROM (SELECT pattern, count(*) AS pairs FROM mt_compared GROUP BY pattern) ORDER BY pattern"""

#: One row is one pattern with the weight of its levels against strangers; kin: log2 of the odds of
#: relatives to strangers among those that agree so; alike: the sum of what speaks for relatives.
WEIGHED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_weighed AS
SELECT *, -round(log2(1 + pow(2.0, least(60.0, kin))), 6) AS less
FROM (SELECT *, CASE {weight} END AS weight,
        CASE WHEN kind = 'person' THEN {kin} ELSE -999.0::DOUBLE END AS kin, {alike} AS alike
      FROM mt_pattern)"""

#: One row is one pattern with the weight of each field, as it is shown. What relatives who would agree
#: so take away is taken from the fields in which relatives agree.
SUM_SQL = """
CREATE OR REPLACE TEMP TABLE mt_sum AS
SELECT pattern, weight, kin, less, CASE {entries} END AS entries FROM mt_weighed"""

#: One row is one compared pair with its weight in bits and its probability. rare: what the frequency
#: of its names gives; a rare family name is worth less where the two may be relatives.
SCORED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_scored AS
SELECT *, 1 / (1 + pow(2.0, -greatest(-60.0, least(60.0, weight)))) AS probability
FROM (SELECT a, b, pattern, rare, round(levels + rare, 6) AS weight
      FROM (SELECT c.a, c.b, c.pattern, s.weight + s.less AS levels,
                CASE WHEN c.rare_first = 0 AND c.rare_family = 0 THEN 0.0::DOUBLE
                ELSE round((c.rare_first + c.rare_family) / 10.0 - s.less
                    - log2(1 + pow(2.0, least(60.0, s.kin + c.rare_family / 10.0))), 6) END AS rare
            FROM mt_compared c JOIN mt_sum s USING (pattern)))
WHERE weight >= {keep}
   OR (a, b) IN (SELECT (a, b) FROM mt_link UNION ALL SELECT (a, b) FROM mt_decision
     UNION ALL SELECT (a, b) FROM mt_asked_again)"""


def find_patterns(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> None:
    """Fill `mt_pattern` from the compared pairs."""
    cur.execute(PATTERN_SQL.format(columns=Layout(settings.field_names).unpacked()))


def fit(
    cur: duckdb.DuckDBPyConnection,
    settings: MatchSettings,
    placeholders: tuple[str, ...] = (),
    rarity: dict[str, Rarity] | None = None,
) -> FrozenModel:
    """Freeze a model for the normalised records and the compared candidates of this cursor."""
    model = FrozenModel(
        settings, fit_u(cur, settings), dict.fromkeys(KINDS, 0.0), placeholders, rarity=rarity or {}
    )
    organisations = fit_prior(model, ORGANISATION, Patterns.of(cur, model, ORGANISATION))
    patterns = Patterns.of(cur, model, PERSON)
    seen = count_households(cur)
    household = fit_household(cur, settings, fit_prior(model, PERSON, patterns), seen)
    settings = replace(settings, m=_called(settings, household))
    model = replace(model, settings=settings)
    persons, relatives = fit_relatives(model, patterns, seen)
    prior = {PERSON: persons, ORGANISATION: organisations}
    return FrozenModel(settings, model.u, prior, placeholders, household, relatives, rarity or {})


def _called(settings: MatchSettings, household: dict[str, float]) -> Weights:
    """m with the forms of one person's first names as often as certain pairs of this file show them."""
    first = dict(settings.m[PERSON]["first_name"])
    named = 1.0 - first["initial"]
    for form in ("variant", "typo"):
        first[form] = round(named * household[f"one {form}"], 6)
    first["exact"] = round(
        max(0.2, 1.0 - sum(share for name, share in first.items() if name != "exact")), 6
    )
    return {**settings.m, PERSON: {**settings.m[PERSON], "first_name": first}}


def score(cur: duckdb.DuckDBPyConnection, model: FrozenModel, keep_from_weight: float) -> None:
    """Fill `mt_scored`: linked or decided pairs, and those of at least `keep_from_weight` bits."""
    weight = " ".join(
        f"WHEN kind = '{kind}' THEN {model.start(kind)} + {_sum(model, kind)}" for kind in KINDS
    )
    kin = likeness(model)
    alike = [f"greatest({sql}, 0.0)" for field, sql in kin.items() if field != "odds"]
    cur.execute(
        WEIGHED_SQL.format(
            weight=weight,
            kin=" + ".join(kin.values()) or "-999.0::DOUBLE",
            alike=" + ".join(alike) or "0.0::DOUBLE",
        )
    )
    entries = " ".join(f"WHEN kind = '{kind}' THEN {_entries(model, kind)}" for kind in KINDS)
    cur.execute(SUM_SQL.format(entries=entries))
    cur.execute("DROP TABLE mt_weighed")
    cur.execute(SCORED_SQL.format(keep=keep_from_weight))


def breakdown() -> str:
    """SQL for the list of (field, level, weight) of a scored pair `j` with its pattern's sum `s`, in
    summing order. What is unknown on one side weighs nothing and is left out."""
    return """list_filter(list_append(s.entries, {field: 'name_frequency',
        level: CASE WHEN j.rare > 0 THEN 'rare' WHEN j.rare < 0 THEN 'common' ELSE 'unknown' END,
        weight: j.rare::DOUBLE}), lambda one: one.level <> 'unknown')"""


def _entries(model: FrozenModel, kind: str) -> str:
    """SQL for the list of (field, level, weight) of a pattern."""
    kin = likeness(model) if kind == PERSON else {}
    prior = f"{model.start(kind)}::DOUBLE + CASE WHEN alike > 0 THEN 0.0 ELSE less END"
    entries = [f"{{field: 'prior', level: '', weight: ({prior})::DOUBLE}}"]
    for field in model.settings.weighed(kind):
        names = " ".join(
            f"WHEN {number} THEN '{level.name}'"
            for number, level in enumerate(field.levels, start=1)
        )
        weight = _case(model, kind, field.name)
        if field.name in kin:
            share = f"less * greatest({kin[field.name]}, 0.0) / alike"
            weight = f"round({weight} + CASE WHEN alike > 0 THEN {share} ELSE 0.0 END, 6)"
        entries.append(
            f"{{field: '{field.name}', level: CASE {field.name} {names} ELSE 'unknown' END, "
            f"weight: ({weight})::DOUBLE}}"
        )
    return f"[{', '.join(entries)}]"


def _sum(model: FrozenModel, kind: str) -> str:
    """SQL that adds the weights of all fields, always in the same order."""
    return " + ".join(_case(model, kind, field.name) for field in model.settings.weighed(kind))


def _case(model: FrozenModel, kind: str, name: str) -> str:
    for field in model.settings.weighed(kind):
        if field.name == name:
            arms = " ".join(
                f"WHEN {number} THEN {model.weight(kind, name, level.name)!r}::DOUBLE"
                for number, level in enumerate(field.levels, start=1)
            )
            return f"CASE {name} {arms} ELSE 0.0::DOUBLE END"
    raise KeyError(name)
