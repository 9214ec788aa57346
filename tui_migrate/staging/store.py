"""The staging database of one workspace: opening, tables and views, digests of content.

Decisions from measurements: no secondary indexes, upserts or triggers; explicit checkpoints (an
automatic one stalls a unit for up to a second); one cursor per thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from tui_migrate.errors import EnvironmentProblem, Locked
from tui_migrate.i18n import _
from tui_migrate.staging.schema import FATES_VIEW, LIVE, OWN_TABLES, TABLES, TECHNICAL

Cursor = duckdb.DuckDBPyConnection
MEMORY_VARIABLE = "TUI_MIGRATE_MEMORY"
MEMORY = "2GB"
"""What staging may hold in memory; beyond it spills to disk."""
THREADS_VARIABLE = "TUI_MIGRATE_THREADS"
THREADS = 2
MOST_THREADS = 512
ROW_GROUP = 122_880
"""Rows that DuckDB keeps together."""


def quote(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """``text`` as an SQL string, for the places where a parameter is not possible."""
    return "'" + text.replace("'", "''") + "'"


def _threads() -> int:
    """How many threads staging works with, as the environment says."""
    said = os.environ.get(THREADS_VARIABLE, "") or str(THREADS)
    if said.isdecimal() and 0 < int(said) <= MOST_THREADS:
        return int(said)
    raise EnvironmentProblem(
        _("{} = {} is no number of threads.").format(THREADS_VARIABLE, said), _("Write it as 4.")
    )


class Store:
    """A DuckDB file with the staging tables in schema ``store`` and their live views in ``main``."""

    def __init__(self, path: Path, memory_limit: str = "", threads: int = 0) -> None:
        """``memory_limit``: as DuckDB writes it; empty: as the environment says, else ``MEMORY``.
        ``threads``: 0: as the environment says, else ``THREADS``."""
        self.path = path
        memory_limit = memory_limit or os.environ.get(MEMORY_VARIABLE, "") or MEMORY
        threads = threads or _threads()
        try:
            self.connection = duckdb.connect(
                str(path),
                config={
                    "memory_limit": memory_limit,
                    "threads": threads,
                    "checkpoint_threshold": "1GB",
                    "preserve_insertion_order": True,
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "temp_directory": str(path.parent / "spill"),
                },
            )
        except (duckdb.ParserException, duckdb.InvalidInputException) as error:
            raise EnvironmentProblem(
                _("{} = {} is no amount of memory.").format(MEMORY_VARIABLE, memory_limit),
                _("Write it as 4GB."),
            ) from error
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise Locked(
                    _("Another program holds the staging database {}.").format(path)
                ) from error
            raise EnvironmentProblem(
                _("The staging database {} cannot be opened: {}").format(path, error),
                _(
                    "Move the file away: the next start rebuilds it from deliveries, journal and vault."
                ),
            ) from error
        self._prepare()

    def _prepare(self) -> None:
        """In one transaction: dozens of statements that each commit take a tenth of a second."""
        cursor = self.connection
        cursor.execute("SET TimeZone = 'UTC'; BEGIN; CREATE SCHEMA IF NOT EXISTS store")
        cursor.execute(OWN_TABLES)
        there = self._live(cursor)
        for name, columns in TABLES.items():
            if name not in there:
                self._create(name, columns, cursor)
        cursor.execute(FATES_VIEW)
        cursor.execute("COMMIT")

    def define(self, name: str, columns: str, cursor: Cursor | None = None) -> None:
        """Create ``store.<name>`` (technical columns first) and its live view, if not there yet."""
        at = cursor or self.connection
        if name not in self._live(at):
            self._create(name, columns, at)

    def _create(self, name: str, columns: str, cursor: Cursor) -> None:
        cursor.execute(f"CREATE TABLE IF NOT EXISTS store.{quote(name)} ({TECHNICAL}, {columns})")
        self.refresh_view(name, cursor)

    def _live(self, cursor: Cursor) -> set[str]:
        """The tables that have a live view."""
        rows = cursor.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main'"
            " AND database_name = current_database()"
        ).fetchall()
        return {str(row[0]) for row in rows}

    def refresh_views(self) -> None:
        """Make the live views of all tables, where a file came without them."""
        rows = self.connection.execute(
            "SELECT table_name FROM duckdb_columns() WHERE schema_name = 'store'"
            " AND database_name = current_database() AND column_name = 'unit'"
            " AND table_name <> 'marker' ORDER BY 1"
        ).fetchall()
        for (name,) in rows:
            if name not in TABLES:
                self.refresh_view(str(name))

    def refresh_view(self, name: str, cursor: Cursor | None = None) -> None:
        """(Re)create the live view of ``store.<name>``, after its columns changed."""
        (cursor or self.connection).execute(
            f"CREATE OR REPLACE VIEW main.{quote(name)} AS "
            f"SELECT t.* EXCLUDE (step, attempt, unit) FROM store.{quote(name)} t "
            "SEMI JOIN live USING (step, attempt)"
        )

    def cursor(self) -> Cursor:
        """A cursor of its own: one per thread."""
        cursor = self.connection.cursor()
        cursor.execute("SET TimeZone = 'UTC'")
        return cursor

    def close(self) -> None:
        """Checkpoint and close; the file can be opened by another process afterwards."""
        self.connection.close()


def first(cursor: Cursor, sql: str, params: object = None) -> tuple[Any, ...]:
    """The first row of a small result, ``()`` if there is none.

    Reads the result to its end: one left unfinished blocks the cursor for what comes after.
    """
    rows = cursor.execute(sql, params).fetchall()
    return rows[0] if rows else ()


def begin_attempt(cursor: Cursor, seq: int, step: str, attempt: int, order: int) -> None:
    """Note that an attempt of a step began (``order``: the step's place in the runbook; ``seq``: when,
    as a number that grows), and which attempts are live now."""
    cursor.execute(
        "INSERT INTO store.attempt VALUES ($seq, $step, $attempt, $ord)",
        {"seq": seq, "step": step, "attempt": attempt, "ord": order},
    )
    cursor.execute("DELETE FROM store.live_attempt")
    cursor.execute(f"INSERT INTO store.live_attempt {LIVE}")


def columns_of(cursor: Cursor, relation: str) -> list[str]:
    """Column names of a table or view, in order."""
    return [row[0] for row in cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]


def hidden(cursor: Cursor, table: str) -> bool:
    """Whether rows of ``store.<table>`` cannot be seen until the database is opened anew.

    An INSERT ... ORDER BY that brings no rows, behind one of more than a row group in the same
    transaction, puts a row group without rows into a table. DuckDB 2.0.0 ended its scans there and
    passed over all that was appended behind it; 2.0.1 goes on. Where a table has such a place, its
    rows are counted one by one.
    """
    at = f"store.{quote(table)}"
    if first(cursor, f"SELECT count(*) FROM {at}")[0] <= ROW_GROUP:
        return False
    row = first(
        cursor,
        "SELECT coalesce(max(row_group_id) + 1 - count(DISTINCT row_group_id), 0)"
        f" FROM pragma_storage_info({literal(at)})",
    )
    if not row[0]:
        return False
    seen = f"SELECT sum(rows) FROM (SELECT count(*) AS rows FROM {at} GROUP BY rowid % 2)"
    row = first(cursor, f"SELECT (SELECT count(*) FROM {at}) <> ({seen})")
    return bool(row[0])


def digest(cursor: Cursor, relation: str, columns: Iterable[str]) -> str:
    """An order-free digest of a relation's content: ``<rows>:<sum of row hashes>``.

    It depends on values only, not on row order, threads or DuckDB's version. ``relation`` is SQL
    that may stand in FROM. Each value is length-prefixed, so that ``('a','bc')`` and ``('ab','c')``
    differ, and NULL differs from the empty string.
    """
    row = first(
        cursor,
        f"SELECT count(*), coalesce(sum({low_md5(f'concat({sized(columns)})')}::HUGEINT), 0)"
        f" FROM {relation}",
    )
    return f"{row[0]}:{row[1]}"


def low_md5(text: str) -> str:
    """SQL for what ``md5_number_lower`` gives for ``text``, in a quarter of its time (DuckDB 2.0)."""
    return f"(md5_number({text}) >> 64)::UBIGINT"


def sized(columns: Iterable[str]) -> str:
    """A row's values, each with its length before it, joined by ``|``, as arguments of ``concat``."""
    return ", '|', ".join(_sized(f"{quote(c)}::VARCHAR") for c in columns)


def _sized(text: str) -> str:
    """``<length>:<text>``, or ``-`` for NULL, as arguments of ``concat``, which leaves NULLs out: one
    string is built, not three for each value, and what is short is planned in less time."""
    return f"strlen({text}), CASE WHEN {text} IS NULL THEN '-' ELSE ':' END, {text}"
