"""Counts and sums of money: what staging says should be in the target, beside what is there."""

from __future__ import annotations

from tui_migrate.model.entities import Entity
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

LEFT_OUT = ("rejected", "excluded", "pruned", "held", "superseded", "repeated", "erased")

GROUPS: tuple[str, ...] = ("brand", "status", "channel")

# Physical rows that are not brought over, and profiles that are not because their person's data are
# restricted ({{restricted}}: a relation with profile_id), looked up once for all entities.
PREPARE = f"""
CREATE OR REPLACE TEMP TABLE count_left_out AS
  SELECT source, delivery, file, line FROM fates
  WHERE fate IN ({", ".join(f"'{fate}'" for fate in LEFT_OUT)});
CREATE OR REPLACE TEMP TABLE count_restricted AS SELECT profile_id FROM {{restricted}};
CREATE OR REPLACE TEMP TABLE count_group (
  entity VARCHAR, label VARCHAR, source VARCHAR, expected BIGINT, found BIGINT,
  expected_money DECIMAL(38,2), found_money DECIMAL(38,2));
"""

# One row is one profile that the crosswalk knows, with its brand.
_PROFILES = (
    "SELECT p.founder_source AS source, {columns} FROM profile p"
    " ANTI JOIN count_restricted x USING (profile_id)"
)

# One row is one child row whose owner is in a profile and whose physical row counts.
_CHILDREN = """
SELECT e.source, {columns}
FROM (SELECT * FROM {view} ANTI JOIN count_left_out USING (source, delivery, file, line)) e
WHERE (e.owner_source, e.owner_record) IN (
  SELECT (source, record_id) FROM crosswalk ANTI JOIN count_restricted USING (profile_id))
"""

# One row is a group of rows (source, brand, status, channel, year) in staging and in the target.
_GROUPS = """
INSERT INTO count_group
WITH staged AS (
  SELECT {keys}, count(*) AS rows, {money} AS money FROM ({staged}) GROUP BY ALL),
held AS (
  SELECT {keys}, count(*) AS rows, {money} AS money FROM ({held}) GROUP BY ALL)
SELECT {entity}, {label}, coalesce(s.source, h.source), coalesce(s.rows, 0), coalesce(h.rows, 0),
       s.money, h.money
FROM staged s FULL JOIN held h ON {same}
"""

# One row is a finding: a source, brand, status, channel and year in which something is missing.
FINDINGS = """
SELECT source, NULL AS delivery, NULL AS file, NULL::BIGINT AS line, NULL AS record_id,
       entity, label AS field, 'counts.differ' AS rule, 'warn' AS severity,
       concat_ws(' / ', expected, expected_money) AS value,
       concat_ws(' / ', found, found_money) AS cleaned, $message AS message
FROM count_group
WHERE expected <> found OR expected_money IS DISTINCT FROM found_money
ORDER BY ALL
"""

# One row is an entity: rows expected, rows found, rows in groups that differ.
TOTALS = """
SELECT entity, sum(expected)::BIGINT, sum(found)::BIGINT,
       sum(greatest(abs(expected - found),
                    (expected_money IS DISTINCT FROM found_money)::INTEGER))::BIGINT
FROM count_group GROUP BY entity ORDER BY entity
"""


def _shape(entity: Entity, columns: set[str]) -> tuple[list[str], str | None, str | None]:
    """Fields to group by; the field of the year; the field of money. Only those that exist."""
    groups = [name for name in GROUPS if name in columns]
    times = [f.name for f in entity.fields if f.type in ("datetime", "date") and f.name in columns]
    money = [f.name for f in entity.fields if f.type == "money" and f.name in columns]
    return groups, times[0] if times and entity.child else None, money[0] if money else None


def compare(cursor: Cursor, entity: Entity) -> None:
    """Add an entity's groups to ``count_group``, after ``PREPARE`` on the same cursor.

    The target is the table ``target_<entity>``. One that was never given a row may have no columns:
    then all rows that it should hold are missing, and none when there are none.
    """
    view = f"ent_{entity.name}" if entity.child else "profile"
    target = quote(f"target_{entity.name}")
    there = columns_of(cursor, target)
    columns = set(columns_of(cursor, quote(view))) & set(there)
    groups, time, money = _shape(entity, columns)
    alias = "e" if entity.child else "p"
    wanted = [*groups, *filter(None, (time, money))]
    picked = ", ".join(f"{alias}.{quote(name)}" for name in wanted) or "NULL AS nothing"
    keys = ["source", *(quote(group) for group in groups)]
    listed = ", ".join(keys)
    if time:
        listed += f", year({quote(time)}) AS year"
        keys.append("year")
    parts = ", ".join(f"coalesce(s.{k}, h.{k})::VARCHAR" for k in keys[1:])
    sql = _CHILDREN if entity.child else _PROFILES
    own = "source" if entity.child else "profile_id"
    # What the target took of a restricted person before is looked at by neither side.
    held = f"SELECT * FROM {target}"
    if "profile_id" in there:
        held += " t ANTI JOIN count_restricted x USING (profile_id)"
    if own not in there:
        held = f"SELECT t.*, NULL::VARCHAR AS {own} FROM {target} t"
    if not entity.child:
        target = f"({held})"
        held = (
            "SELECT p.founder_source AS source, "
            + ", ".join(f"t.{quote(name)}" for name in ["profile_id", *wanted])
            + f" FROM {target} t LEFT JOIN profile p USING (profile_id)"
        )
    cursor.execute(
        _GROUPS.format(
            keys=listed,
            money=f"sum({quote(money)})" if money else "NULL::DECIMAL(18,2)",
            staged=sql.format(columns=picked, view=quote(view)),
            held=held,
            entity=literal(entity.name),
            label=f"concat_ws('/', {parts})" if parts else "''",
            same=" AND ".join(f"s.{k} IS NOT DISTINCT FROM h.{k}" for k in keys),
        )
    )
