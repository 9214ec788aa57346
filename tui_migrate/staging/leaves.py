"""Columns of Parquet files that hold more than one value, as JSON lines would have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from tui_migrate.staging.store import Cursor, literal, quote

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType


def parquet_leaves(cursor: Cursor, source: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Dotted name and SQL text of every leaf, as in JSON: structs come apart, a list is a leaf."""
    typed = cursor.sql(f"SELECT {', '.join(map(quote, columns)) or 'NULL'} FROM {source} LIMIT 0")
    leaves: list[tuple[str, str]] = []

    def walk(kind: DuckDBPyType, name: str, sql: str) -> None:
        if kind.id == "struct":
            for field, inner in cast("list[tuple[str, DuckDBPyType]]", kind.children):
                walk(inner, f"{name}.{field}", f"{sql}[{literal(field)}]")
        elif kind.id in ("list", "array", "map"):
            leaves.append((name, f"to_json({sql})::VARCHAR"))
        else:
            leaves.append((name, f"{sql}::VARCHAR"))

    for name, kind in zip(columns, typed.types, strict=bool(columns)):
        walk(kind, name, quote(name))
    return leaves
