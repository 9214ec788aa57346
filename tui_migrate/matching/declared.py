"""Fields that a runbook declares beside the built-in ones: a number, a code, some words.

Every distinct value gets a number, and each distinct pair of values is compared once, as the names
are. See ``settings.COMPARES`` for the levels.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from tui_migrate.matching.schema import MatchInputError, quoted
from tui_migrate.matching.settings import Field

#: How a value is spelt before it is compared.
_SPELT = {
    "identifier": "nullif(regexp_replace(mt_fold(v), '[^\\p{L}0-9]', '', 'g'), '')",
    "code": "nullif(regexp_replace(mt_fold(v), '[^\\p{L}0-9]', '', 'g'), '')",
    "text": "nullif(trim(regexp_replace(mt_fold(v), '[^\\p{L}0-9]+', ' ', 'g')), '')",
}

#: Level of two unequal values; measure: optimal string alignment, up to 4.
_LEVEL = {
    "identifier": """CASE WHEN measure <= 2 AND least(length(x.name), length(y.name)) >= 5 THEN 2
        ELSE 3 END""",
    "code": "CASE WHEN measure <= 1 THEN 2 ELSE 3 END",
    "text": """CASE WHEN jaro_winkler_similarity(x.name, y.name) >= 0.92 OR measure <= 1 THEN 2
        WHEN jaro_winkler_similarity(x.name, y.name) >= 0.8 THEN 3 ELSE 4 END""",
}

#: One row is one record with its value in comparable spelling.
SPELT_SQL = """
CREATE OR REPLACE TEMP TABLE mt_spelt_{name} AS
SELECT m.uid, {spelt} AS name FROM (SELECT source, record_id, {column}::VARCHAR AS v FROM {relation}) r
JOIN mt_record m USING (source, record_id) WHERE v IS NOT NULL"""

VALUES_SQL = """
CREATE OR REPLACE TEMP TABLE mt_value_{name} AS
SELECT (row_number() OVER (ORDER BY name))::INTEGER AS code, name
FROM (SELECT DISTINCT name FROM mt_spelt_{name} WHERE name IS NOT NULL) ORDER BY code"""

CODED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_declared_{name} AS
SELECT s.uid, v.code FROM mt_spelt_{name} s JOIN mt_value_{name} v USING (name) ORDER BY uid"""

#: One row is one distinct pair of unequal values with its level.
LEVEL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_level_{name} AS
SELECT lo, hi, ({level})::UTINYINT AS level
FROM mt_measure JOIN mt_value_{name} x ON x.code = lo JOIN mt_value_{name} y ON y.code = hi"""


def number_values(cur: duckdb.DuckDBPyConnection, relation: str, fields: Sequence[Field]) -> None:
    """Make the tables of values of the declared fields. Raises MatchInputError when `relation` lacks a
    column."""
    columns = {
        row[0] for row in cur.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    }
    for field in fields:
        if field.column not in columns:
            raise MatchInputError(f"{relation}: column missing: {field.column}")
        spelt = {"name": field.name, "spelt": _SPELT[field.compare]}
        origin = {"column": quoted(field.column), "relation": quoted(relation)}
        cur.execute(SPELT_SQL.format(**spelt, **origin))
        cur.execute(VALUES_SQL.format(name=field.name))
        cur.execute(CODED_SQL.format(name=field.name))
        cur.execute(f"DROP TABLE mt_spelt_{field.name}")


def level_sql(field: Field) -> str:
    """SQL that makes ``mt_level_NAME`` of the measured value pairs."""
    return LEVEL_SQL.format(name=field.name, level=_LEVEL[field.compare])


def coded_columns(fields: Sequence[Field]) -> tuple[str, str]:
    """What the pairs with the numbers of their values get beside the built-in fields: columns, joins."""
    columns = "".join(
        f", {f.name}_x.code AS {f.name}_a, {f.name}_y.code AS {f.name}_b" for f in fields
    )
    joins = "".join(
        f"\nLEFT JOIN mt_declared_{f.name} {f.name}_x ON {f.name}_x.uid = p.a"
        f"\nLEFT JOIN mt_declared_{f.name} {f.name}_y ON {f.name}_y.uid = p.b"
        for f in fields
    )
    return columns, joins


def leveled_columns(fields: Sequence[Field]) -> tuple[str, str]:
    """What the pairs with their levels get beside the built-in fields: columns, joins."""
    columns = "".join(
        f",\n    CASE WHEN {f.name}_a = {f.name}_b THEN 1 ELSE coalesce({f.name}_l.level, 0)"
        f" END::UTINYINT AS {f.name}"
        for f in fields
    )
    joins = "".join(
        f"\nLEFT JOIN mt_level_{f.name} {f.name}_l ON {f.name}_l.lo = least({f.name}_a, {f.name}_b)"
        f" AND {f.name}_l.hi = greatest({f.name}_a, {f.name}_b)"
        for f in fields
    )
    return columns, joins
