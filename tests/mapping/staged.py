"""Small raw tables and mappings for the tests here."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping as Row
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from tui_migrate.mapping import Mapping, type_mapping
from tui_migrate.runbook import Problems, read_yaml
from tui_migrate.staging.store import Cursor

SOURCES = ("crm", "email", "shop", "subs", "changes")


def mappings(text: str) -> tuple[Mapping, ...]:
    """The mappings in a YAML text that has no mistake."""
    made, problems = mistakes(text)
    assert problems == []
    return made


def mistakes(text: str) -> tuple[tuple[Mapping, ...], list[str]]:
    """The mappings in a YAML text and its mistakes as lines."""
    problems = Problems()
    node = read_yaml(textwrap.dedent(text).lstrip("\n").encode(), "m.yaml", problems)
    assert node is not None
    made = type_mapping(node, "m.yaml", problems, SOURCES)
    return made, [str(problem) for problem in problems]


def raw(cursor: Cursor, name: str, rows: Sequence[Row[str, str | None]]) -> str:
    """A table of raw rows in one file; ``_record`` is the column ``id`` where there is one."""
    columns: dict[str, pa.Array] = {
        "_delivery": pa.array(["d1"] * len(rows)),
        "_file": pa.array(["f.csv"] * len(rows)),
        "_line": pa.array(range(2, len(rows) + 2), pa.int64()),
        "_record": pa.array([row.get("id") for row in rows], pa.string()),
        "_digest": pa.array([str(number) for number in range(len(rows))]),
    }
    for column in dict.fromkeys(column for row in rows for column in row):
        columns[column] = pa.array([row.get(column) for row in rows], pa.string())
    cursor.register("raw_input", pa.table(columns))
    cursor.execute(f"CREATE TABLE {name} AS SELECT * FROM raw_input").fetchall()
    cursor.unregister("raw_input")
    return name


def memory() -> Cursor:
    """An empty database."""
    return duckdb.connect()
