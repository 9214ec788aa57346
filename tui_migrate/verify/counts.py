"""Counts and sums of money: what staging says should be in the target, beside what is there."""

from __future__ import annotations

from tui_migrate.model.entities import Entity
from tui_migrate.staging.store import literal, quote

LEFT_OUT = ("rejected", "excluded", "pruned", "held", "superseded", "repeated", "erased")

GROUPS: tuple[str, ...] = ("brand", "status", "channel")

# One row is one profile that the crosswalk knows, with its brand.
_PROFILES = "SELECT p.founder_source AS source, {columns} FROM profile p"

# One row is one child row whose owner is in a profile and whose physical row counts.
_CHILDREN = """
SELECT e.source, {columns} FROM ent_{entity} e
WHERE (e.owner_source, e.owner_record) IN (SELECT (source, record_id) FROM crosswalk)
  AND NOT EXISTS (SELECT 1 FROM fates f WHERE f.fate IN ({left_out})
    AND (f.source, f.delivery, f.file, f.line) = (e.source, e.delivery, e.file, e.line))
"""

# One row is a group in which staging and target differ, in rows or in money.
_DIFFERENCES = """
WITH staged AS (
  SELECT {keys}, count(*) AS rows, {money} AS money FROM ({staged}) GROUP BY ALL),
held AS (
  SELECT {keys}, count(*) AS rows, {money} AS money FROM ({held}) GROUP BY ALL)
SELECT {label} AS label, coalesce(s.source, h.source) AS source,
       coalesce(s.rows, 0) AS expected, coalesce(h.rows, 0) AS found,
       s.money AS expected_money, h.money AS found_money
FROM staged s FULL JOIN held h ON {same}
WHERE s.rows IS DISTINCT FROM h.rows OR s.money IS DISTINCT FROM h.money
"""

# One row is a finding: a source, brand, status, channel and year in which something is missing.
FINDINGS = """
SELECT source, NULL AS delivery, NULL AS file, NULL::BIGINT AS line, NULL AS record_id,
       {entity} AS entity, label AS field, 'counts.differ' AS rule, 'warn' AS severity,
       concat_ws(' / ', expected, expected_money) AS value,
       concat_ws(' / ', found, found_money) AS cleaned, $message AS message
FROM ({differences}) ORDER BY ALL
"""

# One row: how far an entity's totals are apart: rows expected, rows found, rows in groups that differ.
TOTALS = """
SELECT (SELECT count(*) FROM ({staged})), (SELECT count(*) FROM ({held})),
       coalesce(sum(greatest(abs(expected - found),
                             (expected_money IS DISTINCT FROM found_money)::INTEGER)), 0)::BIGINT
FROM ({differences})
"""


def _shape(entity: Entity, columns: set[str]) -> tuple[list[str], str | None, str | None]:
    """Fields to group by; the field of the year; the field of money. Only those that exist."""
    groups = [name for name in GROUPS if name in columns]
    times = [f.name for f in entity.fields if f.type in ("datetime", "date") and f.name in columns]
    money = [f.name for f in entity.fields if f.type == "money" and f.name in columns]
    return groups, times[0] if times and entity.child else None, money[0] if money else None


def statements(entity: Entity, columns: set[str]) -> dict[str, str]:
    """SQL named ``findings`` and ``totals`` for one entity.

    ``columns``: those that staging and target both have; the target is ``target_<entity>``.
    """
    groups, time, money = _shape(entity, columns)
    wanted = [*groups, *filter(None, (time, money))]
    alias = "e" if entity.child else "p"
    picked = ", ".join(f"{alias}.{quote(name)}" for name in wanted) or "NULL AS nothing"
    sql = _CHILDREN if entity.child else _PROFILES
    staged = sql.format(
        columns=picked, entity=entity.name, left_out=", ".join(literal(f) for f in LEFT_OUT)
    )
    if entity.child:
        held = f"SELECT * FROM {quote('target_' + entity.name)}"
    else:
        held = (
            "SELECT p.founder_source AS source, t.* FROM target_profile t"
            " LEFT JOIN profile p USING (profile_id)"
        )
    keys = ["source", *(quote(g) for g in groups)]
    listed = ", ".join(keys)
    if time:
        listed += f", year({quote(time)}) AS year"
        keys.append("year")
    same = " AND ".join(f"s.{k} IS NOT DISTINCT FROM h.{k}" for k in keys)
    parts = ", ".join(f"coalesce(s.{k}, h.{k})::VARCHAR" for k in keys[1:])
    differences = _DIFFERENCES.format(
        keys=listed,
        money=f"sum({quote(money)})" if money else "NULL::DECIMAL(18,2)",
        staged=staged,
        held=held,
        same=same,
        label=f"concat_ws('/', {parts})" if parts else "''",
    )
    return {
        "findings": FINDINGS.format(entity=literal(entity.name), differences=differences),
        "totals": TOTALS.format(staged=staged, held=held, differences=differences),
    }
