"""Tables that a match writes, and the scratch tables that it works in.

The output tables are append-only: the first three columns say which unit of which attempt of which
step wrote the row, and the caller fills them. Scratch tables are TEMP, belong to one cursor, carry
the prefix `mt_` and are dropped when the match ends.
"""

from __future__ import annotations

import duckdb

#: One row is one pair of records that a person or the program may hold for the same one.
#: (source_a, record_a) < (source_b, record_b). `weight` is the sum of `weights` and the prior, in
#: bits; `weights` holds one entry per field that both sides fill, in summing order, for the waterfall.
PAIR_DDL = """
CREATE TABLE IF NOT EXISTS pair (
    step VARCHAR, attempt INTEGER, unit VARCHAR,
    source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR,
    weight DOUBLE, probability DOUBLE, band VARCHAR, reason VARCHAR, rules VARCHAR[],
    weights STRUCT(field VARCHAR, level VARCHAR, weight DOUBLE)[],
    decision VARCHAR, decided_by VARCHAR
)"""

#: One row is one record and the cluster that it belongs to; every record stands here exactly once.
#: Only the records of a cluster with status 'merged' become one profile; those of a cluster with
#: status 'review' stay apart until a person has settled what conflicts.
CLUSTER_DDL = """
CREATE TABLE IF NOT EXISTS cluster (
    step VARCHAR, attempt INTEGER, unit VARCHAR,
    source VARCHAR, record_id VARCHAR,
    cluster_id VARCHAR, size INTEGER, status VARCHAR, rule VARCHAR
)"""

#: Columns that the input relation must have; birth_date is a DATE, or a VARCHAR (yyyymmdd).
RECORD_COLUMNS = (
    "source", "record_id", "kind", "first_name", "initials", "prefix", "family_name",
    "organisation_name", "birth_date", "gender", "street", "house_number", "house_addition",
    "postcode", "town", "country", "emails", "phones", "kvk", "vat",
)  # fmt: skip


class MatchInputError(ValueError):
    """The input relation breaks its contract (a column is missing, a key is not unique)."""


def create_tables(cur: duckdb.DuckDBPyConnection) -> None:
    """Create the output tables where they do not exist yet."""
    cur.execute(PAIR_DDL)
    cur.execute(CLUSTER_DDL)


def quoted(name: str) -> str:
    """A relation name, dotted or not, as a quoted SQL identifier."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in name.split("."))


def drop_scratch(cur: duckdb.DuckDBPyConnection, keep: frozenset[str] = frozenset()) -> None:
    """Drop the scratch tables of this cursor, all but those to `keep`, and the views of them."""
    views = cur.execute(
        "SELECT view_name FROM duckdb_views() WHERE temporary AND starts_with(view_name, 'mt_')"
    ).fetchall()
    for (name,) in views:
        cur.execute(f"DROP VIEW IF EXISTS temp.{quoted(name)}")
    rows = cur.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary AND starts_with(table_name, 'mt_')"
        " ORDER BY 1"
    ).fetchall()
    for (name,) in rows:
        if name not in keep:
            cur.execute(f"DROP TABLE IF EXISTS temp.{quoted(name)}")


def count(cur: duckdb.DuckDBPyConnection, sql: str) -> int:
    """The single integer that `sql` yields; 0 for NULL."""
    row = cur.execute(sql).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
