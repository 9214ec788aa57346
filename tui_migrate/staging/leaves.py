"""Columns of JSON lines and Parquet files that hold more than one value: structs come apart, a list
is a leaf."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from tui_migrate.staging.store import Cursor, literal, quote

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

Shape = dict[str, Any] | list[Any] | str
"""Of JSON, as DuckDB gives it: objects by key, lists, and names of types for the rest."""
BLOCK = 20_000
"""Lines of which the shapes are asked for at once. DuckDB's own union of all shapes holds all that it
saw: more than a gigabyte for 800,000 orders."""


def json_leaves(cursor: Cursor, bodies: pa.ChunkedArray) -> list[tuple[str, str]]:
    """Dotted name and JSON pointer of every leaf of the objects, each a text of ``bodies``."""
    leaves: list[tuple[str, str]] = []

    def walk(node: Mapping[str, Any], names: tuple[str, ...]) -> None:
        for name, inner in node.items():
            here = (*names, name)
            if isinstance(inner, dict) and inner:
                walk(inner, here)
            else:
                steps = (part.replace("~", "~0").replace("/", "~1") for part in here)
                leaves.append((".".join(here), "/" + "/".join(steps)))

    shape: Shape = {}
    for text in _shapes(cursor, bodies):
        shape = united(shape, _plain(json.loads(text)))
    if isinstance(shape, dict):
        walk(shape, ())
    return leaves


def _shapes(cursor: Cursor, bodies: pa.ChunkedArray) -> Iterator[str]:
    """Every shape that an object has, once, in the order of the lines."""
    seen: set[str] = set()
    for start in range(0, len(bodies), BLOCK):
        cursor.register("json_block", pa.table({"body": bodies.slice(start, BLOCK)}))
        rows = cursor.execute(
            "SELECT json_structure(body::JSON)::VARCHAR AS shape, min(rowid) FROM"
            " (SELECT body, row_number() OVER () AS rowid FROM json_block) GROUP BY 1 ORDER BY 2"
        ).fetchall()
        cursor.unregister("json_block")
        fresh = [str(shape) for shape, _first in rows if shape not in seen]
        seen.update(fresh)
        yield from fresh


def _plain(shape: Shape) -> Shape:
    """What DuckDB calls ``JSON`` in the shape of one value is an object without keys."""
    if isinstance(shape, dict):
        return {key: _plain(inner) for key, inner in shape.items()}
    return {} if shape == "JSON" else shape


def united(one: Shape, other: Shape) -> Shape:
    """The shape of values that have either. What is an object here and something else there is a
    leaf; what is nothing here is what it is there."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {
            key: united(one.get(key, "NULL"), other.get(key, "NULL"))
            for key in dict.fromkeys([*one, *other])
        }
    if one == "NULL" or (isinstance(one, dict) and other != "NULL"):
        return other
    return one


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
