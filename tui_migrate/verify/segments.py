"""Segments before and after: totals, and who is on one side only, with a reason for each.

Before, a segment has records; after, it has profiles. A record and the profile that it is part of
match one to one, so ``old - only_old + only_new = new``. A second record of the same profile is on
the old side only, by reason ``merged``.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from tui_migrate.i18n import _
from tui_migrate.staging.guard import SqlRefused, check_select, with_empty_lists
from tui_migrate.staging.store import Cursor

LEFT_OUT = ("rejected", "excluded", "pruned", "held", "superseded", "repeated", "erased")

# One row is a record of which no physical row was brought over, and why: the same for all segments.
LOST = f"""
CREATE OR REPLACE TEMP TABLE segment_lost AS
SELECT source, record_id, min(fate || coalesce(': ' || reason, '')) AS reason
FROM fates WHERE record_id IS NOT NULL GROUP BY source, record_id
HAVING bool_and(fate IN ({", ".join(f"'{f}'" for f in LEFT_OUT)}))
"""

# One row is a record or profile that is in the segment on one side only. reason NULL: unexplained.
DIFFERENCES = """
WITH told AS (
  SELECT profile_id, brand, min(reason) AS reason FROM segment_why GROUP BY ALL),
was AS (
  SELECT o.source, o.record_id, o.brand, c.profile_id,
         row_number() OVER (PARTITION BY o.brand, c.profile_id ORDER BY o.source, o.record_id) AS nth
  FROM (SELECT DISTINCT source, record_id, brand FROM segment_old) o
  LEFT JOIN crosswalk c ON c.source = o.source AND c.record_id = o.record_id),
now AS (SELECT DISTINCT profile_id, brand FROM segment_new)
SELECT w.brand, w.profile_id, w.source, w.record_id, 'old' AS side,
       CASE WHEN w.profile_id IS NOT NULL AND w.nth > 1 THEN 'merged'
            ELSE coalesce(l.reason, t.reason) END AS reason
FROM was w
LEFT JOIN segment_lost l ON l.source = w.source AND l.record_id = w.record_id
LEFT JOIN told t ON t.profile_id = w.profile_id AND coalesce(t.brand, w.brand) = w.brand
WHERE w.profile_id IS NULL OR w.nth > 1 OR NOT EXISTS (
  SELECT 1 FROM now n WHERE n.profile_id = w.profile_id AND n.brand IS NOT DISTINCT FROM w.brand)
UNION ALL
SELECT n.brand, n.profile_id, p.founder_source, p.founder_record, 'new', t.reason
FROM now n
LEFT JOIN profile p USING (profile_id)
LEFT JOIN told t ON t.profile_id = n.profile_id AND coalesce(t.brand, n.brand) = n.brand
WHERE NOT EXISTS (
  SELECT 1 FROM was w WHERE w.profile_id = n.profile_id AND w.brand IS NOT DISTINCT FROM n.brand)
ORDER BY ALL
"""

# One row: the totals of one brand of the segment. segment_diff holds what DIFFERENCES gave.
TOTALS = """
WITH brands AS (
  SELECT brand FROM segment_old UNION SELECT brand FROM segment_new),
was AS (
  SELECT brand, count(DISTINCT (source, record_id)) AS n FROM segment_old GROUP BY brand),
now AS (SELECT brand, count(DISTINCT profile_id) AS n FROM segment_new GROUP BY brand),
diff AS (
  SELECT brand, count(*) FILTER (side = 'old') AS only_old, count(*) FILTER (side = 'new') AS only_new,
         count(reason) AS explained, count(*) - count(reason) AS unexplained
  FROM segment_diff GROUP BY brand)
SELECT $segment AS segment, b.brand, coalesce(w.n, 0) AS old, coalesce(n.n, 0) AS new,
       coalesce(d.only_old, 0) AS only_old, coalesce(d.only_new, 0) AS only_new,
       coalesce(d.explained, 0) AS explained, coalesce(d.unexplained, 0) AS unexplained
FROM brands b
LEFT JOIN was w ON w.brand IS NOT DISTINCT FROM b.brand
LEFT JOIN now n ON n.brand IS NOT DISTINCT FROM b.brand
LEFT JOIN diff d ON d.brand IS NOT DISTINCT FROM b.brand
ORDER BY b.brand
"""

# One row is a member on one side only.
MEMBERS = """
SELECT $segment AS segment, brand, profile_id, source, record_id, side, reason
FROM segment_diff ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Selection:
    """One segment's members on both sides, and reasons that the runbook gives for differences."""

    old: pa.Table
    new: pa.Table
    why: pa.Table


def select(cursor: Cursor, sql: str, columns: tuple[str, ...]) -> pa.Table:
    """The rows of a runbook's SELECT, as texts in these columns.

    ``cursor`` is one of its own, on which the statement may not do anything but read. Raises
    ``SqlRefused`` when it is no plain SELECT, fails, or lacks a column.
    """
    check_select(cursor, sql)
    picked = ", ".join(f"{column}::VARCHAR AS {column}" for column in columns)
    try:
        return cursor.sql(
            f"SELECT DISTINCT {picked} FROM ({with_empty_lists(cursor, sql)}\n) ORDER BY ALL"
        ).to_arrow_table()
    except duckdb.Error as error:
        raise SqlRefused(_("The statement fails: {}").format(error)) from error


def read(cursor: Cursor, old: str, new: str, why: str | None) -> Selection:
    """Run the statements of one segment on a cursor of its own."""
    nothing = "SELECT NULL AS profile_id, NULL AS brand, NULL AS reason WHERE false"
    return Selection(
        select(cursor, old, ("source", "record_id", "brand")),
        select(cursor, new, ("profile_id", "brand")),
        select(cursor, why or nothing, ("profile_id", "brand", "reason")),
    )


def prepare(cursor: Cursor) -> None:
    """Look up once for all segments which records were not brought over."""
    cursor.execute(LOST)


def compare(cursor: Cursor, selection: Selection) -> None:
    """Make the temporary table ``segment_diff`` (see ``DIFFERENCES``) and what it is made of.

    ``prepare`` must have run on this cursor."""
    tables = {"old": selection.old, "new": selection.new, "why": selection.why}
    for name, table in tables.items():
        cursor.register("segment_in", table)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE segment_{name} AS FROM segment_in")
        cursor.unregister("segment_in")
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE segment_diff AS {DIFFERENCES}")
