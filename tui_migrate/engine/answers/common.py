"""What all answers need: one cursor, and rows as text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tui_migrate.engine.queries import View
from tui_migrate.staging.store import Cursor, quote


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a question is worked on."""

    view: View
    cursor: Cursor

    def rows(self, sql: str, params: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a bounded result."""
        found: list[tuple[Any, ...]] = self.cursor.execute(sql, params or {}).fetchall()
        return found

    def one(self, sql: str, params: Mapping[str, object] | None = None) -> tuple[Any, ...]:
        """The one row of an aggregate."""
        return self.rows(sql, params)[0]

    def columns(self, relation: str) -> dict[str, str]:
        """Column → SQL type of a live view; empty when the view is not there (yet)."""
        found = self.rows(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE schema_name = 'main' AND table_name = $name AND NOT internal"
            " ORDER BY column_index",
            {"name": relation},
        )
        return dict(found)

    def entities(self) -> dict[str, dict[str, str]]:
        """Mapped entity → its columns, for the entities that a mapping has defined."""
        names = self.rows(
            "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal"
            " AND starts_with(view_name, 'ent_') ORDER BY view_name"
        )
        return {name[4:]: self.columns(name) for (name,) in names}


def text(value: object) -> str:
    """A cell as text: '' for NULL, lists joined, times in ISO."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return " · ".join(text(part) for part in value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds") + ("" if value.tzinfo else "Z")
    return str(value)


def as_text(column: str, sql_type: str) -> str:
    """SQL for a column as one searchable text, lists included."""
    name = quote(column)
    return f"array_to_string({name}, ' ')" if sql_type.endswith("[]") else f"{name}::VARCHAR"
