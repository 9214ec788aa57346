"""The files that a CRM imports: ``<path>/<entity>/<batch>.csv`` and ``<path>/manifest.json``.

A file is UTF-8 with header, commas and quotes; an empty text is ``""`` and nothing is nothing. Cells
that a spreadsheet would run are defused (see ``spreadsheet``) and read back exactly. Every row
carries the target's group in ``import_group``. The manifest names the batches that count, in order:
a file that is not in it was never finished or has been taken back. It also holds the column types.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import duckdb
import msgspec

from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.files import sha256_file, whole, write_whole
from tui_migrate.i18n import _
from tui_migrate.spreadsheet import defuse_sql, restore_sql
from tui_migrate.staging.erasing import replacing
from tui_migrate.staging.store import Cursor, literal, quote
from tui_migrate.targets.base import Staying
from tui_migrate.targets.log import (
    BATCH,
    INSTEAD,
    NUMBER,
    BatchEntry,
    BatchLog,
    erased_sql,
    staying_sql,
    text_sql,
)

MANIFEST = "manifest.json"


class _Manifest(msgspec.Struct, kw_only=True):
    format: int = 1
    batches: list[BatchEntry] = []
    columns: dict[str, dict[str, str]] = {}


class CsvTarget(BatchLog):
    """A folder of CSV files, one per batch."""

    kind: ClassVar[str] = "csv"

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self._manifest = self._load()

    def describe(self) -> Mapping[str, Mapping[str, str]]:
        """See ``Target.describe``."""
        return self._manifest.columns

    def file(self, entry: BatchEntry) -> Path:
        """Where a batch stands."""
        return self.folder / entry.entity / f"{entry.batch}.csv"

    def _load(self) -> _Manifest:
        path = self.folder / MANIFEST
        if not path.exists():
            return _Manifest()
        try:
            return msgspec.json.decode(path.read_bytes(), type=_Manifest)
        except (OSError, ValueError) as error:
            raise EnvironmentProblem(
                _("The target's {} cannot be read: {}").format(path, error),
                _("Put it back from a back-up, or move the target's folder away and import again."),
            ) from error

    def _save(self) -> None:
        content = msgspec.json.format(msgspec.json.encode(self._manifest), indent=1)
        write_whole(self.folder / MANIFEST, content)

    def _entries(self) -> list[BatchEntry]:
        self._manifest = self._load()  # another step's object may have written meanwhile
        return sorted(self._manifest.batches, key=lambda entry: entry.number)

    def _scan(self, cursor: Cursor, entity: str, entries: Sequence[BatchEntry]) -> str:
        shapes: dict[tuple[str, ...], list[BatchEntry]] = {}
        for entry in entries:
            if not self.file(entry).is_file():
                raise DataSaysNo(
                    _("The target's file {} is gone.").format(self.file(entry)),
                    _("Put it back, or do the import step again."),
                )
            shapes.setdefault(tuple(entry.columns), []).append(entry)
        parts = [self._scan_files(columns, files) for columns, files in shapes.items()]
        relation = "(" + " UNION ALL BY NAME ".join(parts) + ")"
        try:
            cursor.execute(f"DESCRIBE SELECT * FROM {relation}")
        except duckdb.Error as error:
            raise DataSaysNo(
                _("The target's files of {} cannot be read: {}").format(entity, error)
            ) from error
        return relation

    def _scan_files(self, columns: Sequence[str], entries: Sequence[BatchEntry]) -> str:
        files = ", ".join(literal(str(self.file(entry))) for entry in entries)
        numbers = ", ".join(f"({literal(e.batch)}, {e.number}::BIGINT)" for e in entries)
        shape = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
        # A field may be called number or batch, as the columns of b are.
        cells = ", ".join(f"{restore_sql('f.' + quote(name))} AS {quote(name)}" for name in columns)
        return (
            f"SELECT {cells}, b.batch AS {BATCH}, b.number AS {NUMBER} FROM read_csv([{files}],"
            f" auto_detect=false, header=true, columns={{{shape}}}, delim=',', quote='\"',"
            " escape='\"', nullstr='', allow_quoted_nulls=false, new_line='\\n', filename='_file')"
            f" f JOIN (VALUES {numbers}) b(batch, number)"
            " ON b.batch = parse_filename(f._file, true)"
        )

    def _put(
        self,
        cursor: Cursor,
        entry: BatchEntry,
        types: Mapping[str, str],
        select: str,
        keep_types: bool = False,
    ) -> None:
        path = self.file(entry)
        cells = ", ".join(
            f"{defuse_sql(text_sql(name, types[name]))} AS {quote(name)}" for name in types
        )
        with whole(path) as temporary:
            cursor.execute(
                f"COPY (SELECT {cells} FROM ({select}) s ORDER BY s.record_key)"
                f" TO {literal(str(temporary))}"
                " (FORMAT csv, HEADER, DELIMITER ',', QUOTE '\"', ESCAPE '\"')"
            )
            sha256 = sha256_file(temporary)
        kept = [e for e in self._manifest.batches if e.number != entry.number]
        self._manifest.batches = [*kept, msgspec.structs.replace(entry, sha256=sha256)]
        if not keep_types:
            self._manifest.columns = {
                **self._manifest.columns,
                entry.entity: {**self._manifest.columns.get(entry.entity, {}), **types},
            }
        self._save()

    def _drop(self, numbers: Sequence[int]) -> None:
        gone = [e for e in self._manifest.batches if e.number in numbers]
        self._manifest.batches = [e for e in self._manifest.batches if e.number not in numbers]
        live = {e.entity for e in self._manifest.batches}
        self._manifest.columns = {n: c for n, c in self._manifest.columns.items() if n in live}
        self._save()
        for entry in gone:
            self.file(entry).unlink(missing_ok=True)

    def erase(
        self,
        profile_id: str,
        records: Collection[tuple[str, str]],
        staying: Collection[Staying] = (),
    ) -> int:
        """See ``Target.erase``: every file is written again without the rows."""
        gone = 0
        for entry in self._entries():
            path = self.file(entry)
            if not path.is_file():
                continue
            with duckdb.connect() as connection:
                rows = self._scan(connection, entry.entity, [entry])
                rows = staying_sql(rows, entry.entity, entry.columns, staying)
                theirs = erased_sql(entry.columns, profile_id, records)
                count, changed = connection.execute(
                    f"SELECT count(*) FILTER ({theirs}), count(*) FILTER ({INSTEAD}) FROM {rows}"
                ).fetchall()[0]
                if not count and not changed:
                    continue
                types = dict.fromkeys(entry.columns, "VARCHAR")
                left = msgspec.structs.replace(entry, rows=entry.rows - int(count))
                columns = ", ".join(map(quote, entry.columns))
                with replacing(path):
                    self._put(
                        connection,
                        left,
                        types,
                        f"SELECT {columns} FROM {rows} WHERE NOT {theirs}",
                        keep_types=True,
                    )
                gone += int(count)
        return gone

    def _superseded(self, entry: BatchEntry, entries: Sequence[BatchEntry]) -> int:
        later = [e for e in entries if e.number > entry.number]
        if not later:
            return 0
        with duckdb.connect() as connection:
            mine = self._scan(connection, entry.entity, [entry])
            theirs = self._scan(connection, entry.entity, later)
            row = connection.execute(
                f"SELECT count(*) FROM {mine} m SEMI JOIN {theirs} t USING (record_key)"
            ).fetchall()[0]
        return int(row[0])
