"""Whether a text is one SELECT. The engine then runs it on a cursor that can do nothing else."""

from __future__ import annotations

import json
import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from tui_migrate.i18n import _

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_READING = frozenset(("SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"))
"""The kinds of query nodes that only read."""

_LOCK = threading.Lock()


@cache
def _parser() -> DuckDBPyConnection:
    """An empty database in memory, used for its parser only."""
    import duckdb

    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,
        "enable_external_access": False,
    }
    return duckdb.connect(":memory:", config=config)


def wrong_select(sql: str) -> tuple[str, str] | None:
    """What is wrong with the text as one SELECT, and what would be right; None if nothing is.

    Only the grammar is looked at: tables and columns need not exist. A statement that changes data
    inside a WITH makes the whole no SELECT.
    """
    hint = _("write one SELECT")
    if "\0" in sql:
        return _("this SQL holds a NUL character"), hint
    with _LOCK:
        row = _parser().execute("select json_serialize_sql(?)", [sql]).fetchone()
    parsed = json.loads(row[0]) if row else {}
    if parsed.get("error"):
        if parsed.get("error_type") == "parser":
            detail = str(parsed.get("error_message", "")).split("\n")[0]
            return _("this is not SQL: {detail}").format(detail=detail), hint
        return _("this is not a SELECT"), hint
    statements = len(parsed.get("statements", ()))
    if statements != 1:
        message = _("there are {number} statements here").format(number=statements)
        return message, hint
    if not _node_types(parsed) <= _READING:
        return _("this changes data"), hint
    return None


def _node_types(parsed: Any) -> set[str]:
    """The types of all query nodes in a serialised statement."""
    found: set[str] = set()
    waiting = [parsed]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            kind = part.get("type")
            if isinstance(kind, str) and kind.endswith("_NODE"):
                found.add(kind)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return found
