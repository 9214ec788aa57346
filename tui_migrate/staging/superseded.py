"""Rows of a delivered file that was read again and holds other lines since.

Steps keep what earlier attempts wrote. A line of such a file is somebody else's by now: who looks for
what stands in the file that lies there may not find it by what stood in it before.
"""

from __future__ import annotations

from tui_migrate.staging.store import Cursor, columns_of, literal, quote

# One row is a delivered file that an earlier attempt read with other rows, and when it was last read.
_CHANGED = """
CREATE OR REPLACE TEMP TABLE superseded AS
WITH reading AS (
  SELECT r.source, r.delivery, r.file, a.seq, count(*) AS lines,
    bit_xor(hash(r.line, r.digest)) FILTER (r.digest IS NOT NULL) AS said
  FROM store.record r JOIN store.attempt a USING (step, attempt) GROUP BY ALL)
SELECT source, delivery, file, max(seq) AS seq FROM reading GROUP BY ALL
HAVING count(DISTINCT (lines, said)) > 1
"""


def drop_superseded(cursor: Cursor) -> None:
    """Take such rows, and what was made of them, out of all tables. Steps that were done before the
    file was read again have to be done again anyway."""
    cursor.execute(_CHANGED)
    if not cursor.execute("SELECT count(*) FROM superseded").fetchall()[0][0]:
        return
    tables = cursor.execute(
        "SELECT DISTINCT table_name FROM duckdb_columns() WHERE schema_name = 'store'"
        " AND database_name = current_database() AND column_name = 'attempt' ORDER BY 1"
    ).fetchall()
    for (name,) in tables:
        table = f"store.{quote(str(name))}"
        columns = columns_of(cursor, table)
        if str(name).startswith("raw_"):
            place = (literal(str(name).removeprefix("raw_")), "t._delivery", "t._file")
        elif {"source", "delivery", "file", "line"} <= set(columns):
            place = ("t.source", "t.delivery", "t.file")
        else:
            continue
        cursor.execute(
            f"DELETE FROM {table} t USING superseded s, store.attempt a WHERE"
            f" (s.source, s.delivery, s.file) = ({', '.join(place)})"
            " AND (a.step, a.attempt) = (t.step, t.attempt) AND a.seq < s.seq"
        )
