"""Tables as files for people and other programs: ``.csv``, ``.parquet`` or ``.jsonl`` by ending.

A file is written whole, in UTF-8, with a header and in a total order, so that the same data give the
same bytes. In CSV, cells that a spreadsheet would run are defused (see ``spreadsheet``), and a field
of many values is one cell with ``; `` between them.

What only the engine knows comes in ``Extras``, or stands already as a relation on the cursor:
``unit_times`` (step, attempt, unit, at), ``pair_decisions`` (source_a, record_a, source_b, record_b,
decision, decided_by) and ``decision_log`` (kind, subject, decision, decided_by, at, comment).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tui_migrate.errors import EnvironmentProblem, disk_is_full
from tui_migrate.files import sha256_file, whole
from tui_migrate.i18n import _
from tui_migrate.report.tables import STATEMENTS, Extras, relations
from tui_migrate.spreadsheet import defuse_sql
from tui_migrate.staging.store import Cursor, literal, quote

__all__ = ["EXPORTS", "ExportResult", "Extras", "export"]

EXPORTS = tuple(STATEMENTS)
"""What can be exported."""

FORMATS = {
    ".csv": "FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"'",
    ".parquet": "FORMAT parquet, COMPRESSION zstd",
    ".jsonl": "FORMAT json",
}


@dataclass(frozen=True, slots=True)
class ExportResult:
    """How many rows were written, and the SHA-256 of the file."""

    rows: int
    sha256: str


def export(cursor: Cursor, what: str, path: Path, extras: Extras | None = None) -> ExportResult:
    """Write table ``what`` to ``path``; an earlier file stays until the new one is whole.

    Raises ``EnvironmentProblem`` for an unknown table or ending, or when the file cannot be written.
    """
    if what not in STATEMENTS:
        raise EnvironmentProblem(
            _("There is no export {}.").format(what), _("Known: {}.").format(", ".join(EXPORTS))
        )
    if path.suffix not in FORMATS:
        raise EnvironmentProblem(
            _("The ending of {} says no format.").format(path),
            _("Known endings: {}.").format(", ".join(FORMATS)),
        )
    given = extras or Extras()
    with _registered(cursor, given):
        select = STATEMENTS[what].format(**relations(cursor, given.left_out))
        shown = _shown(cursor, select, path.suffix == ".csv")
        try:
            with whole(path) as temporary:
                rows = cursor.execute(
                    f"COPY ({shown}) TO {literal(str(temporary))} ({FORMATS[path.suffix]})"
                ).fetchall()
                sha256 = sha256_file(temporary)
        except (OSError, duckdb.IOException) as error:
            why = error.strerror if isinstance(error, OSError) else None
            raise EnvironmentProblem(
                _("The export {} cannot be written: {}").format(path, why or error),
                _("Make room, then do it again.") if disk_is_full(error) else "",
            ) from error
    return ExportResult(int(rows[0][0]), sha256)


@contextmanager
def _registered(cursor: Cursor, extras: Extras) -> Iterator[None]:
    """The extras as relations on the cursor, for as long as they are needed."""
    tables = extras.tables()
    try:
        for name, table in tables.items():
            cursor.register(name, table)
        yield
    finally:
        for name in tables:
            cursor.unregister(name)


def _shown(cursor: Cursor, select: str, csv: bool) -> str:
    """The statement with times in ISO 8601 and, for CSV, lists joined and cells defused."""
    cells = []
    for name, sql_type, *_rest in cursor.execute(f"DESCRIBE {select}").fetchall():
        column = quote(name)
        if sql_type == "TIMESTAMP":
            column = f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')"
        elif csv and sql_type == "VARCHAR[]":
            column = defuse_sql(f"array_to_string({column}, '; ')")
        elif csv and sql_type == "VARCHAR":
            column = defuse_sql(column)
        cells.append(f"{column} AS {quote(name)}")
    return f"SELECT {', '.join(cells)} FROM ({select.strip()}) q"
