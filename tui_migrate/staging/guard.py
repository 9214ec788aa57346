"""SQL that a runbook or a person wrote: one SELECT over the staging views, nothing else.

DuckDB can read any file that the process can read. So the statement's syntax tree is looked
through before it runs: only plain SELECTs, only table functions that make rows out of nothing, only
tables and views that exist.

A field with many values that has none is an empty list there, not NULL: whoever counts the records
with an e-mail address by ``len(email) > 0`` counts those without one too.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor, first, quote

_TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest", "repeat"})
# Scalar functions that look outside the data.
_FORBIDDEN = frozenset(
    {"getenv", "read_text", "read_blob", "current_setting", "nextval", "currval", "getvariable",
     "write_log", "parse_duckdb_log_message", "query", "query_table", "in_search_path"}
)  # fmt: skip


class SqlRefused(DataSaysNo):
    """A statement of a runbook or rule is not one plain SELECT over staging, or it fails."""


def check_select(cursor: Cursor, sql: str) -> None:
    """Raise ``SqlRefused`` unless ``sql`` is one SELECT that touches nothing but staging."""
    row = first(cursor, "SELECT json_serialize_sql($1::VARCHAR)", [sql])
    tree: dict[str, Any] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        raise SqlRefused(
            _("This is not a SELECT statement that can run: {}").format(
                tree.get("error_message", sql)
            )
        )
    statements: list[Any] = tree["statements"]
    if len(statements) != 1:
        raise SqlRefused(_("Exactly one SELECT statement is expected."))
    known = {
        r[0].lower()
        for r in cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema IN ('main', 'store')"
        ).fetchall()
    }
    known |= {"information_schema.columns"}
    _walk(statements, known, set())


def _walk(node: Any, known: set[str], ctes: set[str]) -> None:
    if isinstance(node, list):
        for part in node:
            _walk(part, known, ctes)
        return
    if not isinstance(node, dict):
        return
    cte_map = node.get("cte_map")
    if isinstance(cte_map, dict):
        ctes = ctes | {entry["key"].lower() for entry in cte_map.get("map", [])}
    kind = node.get("type")
    if kind == "BASE_TABLE":
        name = str(node.get("table_name", "")).lower()
        if name not in known and name not in ctes:
            raise SqlRefused(_("There is no table or view {} in staging.").format(name))
    if kind == "TABLE_FUNCTION":
        name = str((node.get("function") or {}).get("function_name", "")).lower()
        if name not in _TABLE_FUNCTIONS:
            raise SqlRefused(_("The table function {} may not be used here.").format(name))
    if node.get("class") == "FUNCTION":
        name = str(node.get("function_name", "")).lower()
        if name in _FORBIDDEN or name.startswith(("duckdb_", "pg_", "pragma_")):
            raise SqlRefused(_("The function {} may not be used here.").format(name))
    for part in node.values():
        _walk(part, known, ctes)


# One row is a column of lists of a view or table that a statement may name.
_LISTS = """
SELECT table_name, list(column_name ORDER BY column_index) FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = 'main' AND data_type LIKE '%[]'
GROUP BY table_name ORDER BY table_name
"""


def with_empty_lists(cursor: Cursor, sql: str) -> str:
    """A checked SELECT, written so that it reads lists where staging has NULL for no values."""
    sql = sql.strip().rstrip(";")
    named = sql.lower()
    full = [
        f"{quote(table)} AS NOT MATERIALIZED (SELECT * REPLACE ("
        + ", ".join(f"coalesce({quote(c)}, []) AS {quote(c)}" for c in columns)
        + f") FROM main.{quote(table)})"
        for table, columns in cursor.execute(_LISTS).fetchall()
        if table.lower() in named
    ]
    return f"WITH {', '.join(full)} SELECT * FROM ({sql}\n)" if full else sql


def run_select(cursor: Cursor, sql: str) -> Cursor:
    """Run a checked SELECT; the cursor with its result. ``SqlRefused`` says what is wrong."""
    check_select(cursor, sql)
    try:
        return cursor.execute(with_empty_lists(cursor, sql))
    except duckdb.Error as error:
        raise SqlRefused(_("The statement fails: {}").format(error)) from error
