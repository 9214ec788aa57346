"""A DuckDB file of its own: per entity a view with what counts, over a log of all batches.

Schema ``log`` holds one table per entity (every row of every live batch) and ``log.batch``; the view
of the entity's name in ``main`` shows the newest row per external id. One transaction per batch.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import duckdb
import msgspec

from tui_migrate.errors import EnvironmentProblem, Locked
from tui_migrate.files import make_folder, whole
from tui_migrate.i18n import _
from tui_migrate.staging.erasing import destroy, replacing
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
)

_PREPARE = """
CREATE SCHEMA IF NOT EXISTS log;
-- One row is one live batch; entry is its description in JSON.
CREATE TABLE IF NOT EXISTS log.batch (number BIGINT, batch VARCHAR, entity VARCHAR, entry VARCHAR);
"""

# One row is one record as the target holds it: the newest batch that has it.
_VIEW = """
CREATE OR REPLACE VIEW main.{entity} AS SELECT * EXCLUDE (_number) FROM log.{entity}
QUALIFY row_number() OVER (PARTITION BY record_key ORDER BY _number DESC) = 1
"""


class DuckdbTarget(BatchLog):
    """A DuckDB file, held open by this process until ``close``."""

    kind: ClassVar[str] = "duckdb"

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        make_folder(path.parent)
        try:
            self._connection = duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" in str(error).lower():
                raise Locked(_("Another program holds the target {}.").format(path)) from error
            raise EnvironmentProblem(
                _("The target {} cannot be opened: {}").format(path, error)
            ) from error
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(_PREPARE)

    def close(self) -> None:
        """Close the file; another program can open it then."""
        self._connection.close()

    def describe(self) -> Mapping[str, Mapping[str, str]]:
        """See ``Target.describe``."""
        rows = self._connection.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() "
            "WHERE database_name = current_database() AND schema_name = 'log'"
            " AND table_name <> 'batch' AND column_name NOT IN ($batch, $number)"
            " ORDER BY table_name, column_index",
            {"batch": BATCH, "number": NUMBER},
        ).fetchall()
        found: dict[str, dict[str, str]] = {}
        for table, column, sql_type in rows:
            found.setdefault(table, {})[column] = sql_type
        return found

    def _entries(self) -> list[BatchEntry]:
        rows = self._connection.execute("SELECT entry FROM log.batch ORDER BY number").fetchall()
        return [msgspec.json.decode(row[0], type=BatchEntry) for row in rows]

    def _scan(self, cursor: Cursor, entity: str, entries: Sequence[BatchEntry]) -> str:
        numbers = ", ".join(str(e.number) for e in entries)
        rows = self._connection.sql(
            f"SELECT * FROM log.{quote(entity)} WHERE {NUMBER} IN ({numbers}) ORDER BY record_key"
        ).to_arrow_table()
        name = f"target_scan_{entity}"
        cursor.register(name, rows)
        return quote(name)

    def _release(self, cursor: Cursor, entity: str) -> None:
        cursor.unregister(f"target_scan_{entity}")

    def _put(
        self, cursor: Cursor, entry: BatchEntry, types: Mapping[str, str], select: str
    ) -> None:
        rows = cursor.sql(f"{select} ORDER BY record_key").to_arrow_table()
        at = self._connection
        at.register("target_incoming", rows)
        at.execute("BEGIN")
        try:
            self._shape(entry.entity, types)
            self._delete([entry.number])
            at.execute(
                f"INSERT INTO log.{quote(entry.entity)} BY NAME SELECT *, {literal(entry.batch)}"
                f" AS {BATCH}, {entry.number} AS {NUMBER} FROM target_incoming"
            )
            at.execute(
                "INSERT INTO log.batch VALUES ($number, $batch, $entity, $entry)",
                {
                    "number": entry.number,
                    "batch": entry.batch,
                    "entity": entry.entity,
                    "entry": msgspec.json.encode(entry).decode(),
                },
            )
            at.execute("COMMIT")
        except BaseException:
            at.execute("ROLLBACK")
            raise
        finally:
            at.unregister("target_incoming")

    def _shape(self, entity: str, types: Mapping[str, str]) -> None:
        """Make the entity's table, or give it the columns (and types) that it lacks."""
        at, table = self._connection, f"log.{quote(entity)}"
        at.execute(f"CREATE TABLE IF NOT EXISTS {table} ({BATCH} VARCHAR, {NUMBER} BIGINT)")
        have = self.describe().get(entity, {})
        for name, sql_type in types.items():
            if name not in have:
                at.execute(f"ALTER TABLE {table} ADD COLUMN {quote(name)} {sql_type}")
            elif have[name] != sql_type:
                at.execute(
                    f"ALTER TABLE {table} ALTER {quote(name)} TYPE {sql_type}"
                    f" USING TRY_CAST({quote(name)} AS {sql_type})"
                )
        at.execute(_VIEW.format(entity=quote(entity)))

    def _drop(self, numbers: Sequence[int]) -> None:
        at = self._connection
        at.execute("BEGIN")
        try:
            self._delete(numbers)
            at.execute("COMMIT")
        except BaseException:
            at.execute("ROLLBACK")
            raise

    def _delete(self, numbers: Sequence[int]) -> None:
        chosen = ", ".join(str(int(number)) for number in numbers)
        entities = self._connection.execute(
            f"SELECT DISTINCT entity FROM log.batch WHERE number IN ({chosen})"
        ).fetchall()
        for (entity,) in entities:
            self._connection.execute(
                f"DELETE FROM log.{quote(entity)} WHERE {NUMBER} IN ({chosen})"
            )
        self._connection.execute(f"DELETE FROM log.batch WHERE number IN ({chosen})")

    def erase(
        self,
        profile_id: str,
        records: Collection[tuple[str, str]],
        staying: Collection[Staying] = (),
    ) -> int:
        """See ``Target.erase``: a new file, because deleted rows stay readable in the old one."""
        at, gone = self._connection, 0
        shapes = self.describe()
        with replacing(self.path), whole(self.path) as temporary:
            at.execute(f"ATTACH {literal(str(temporary))} AS erased_copy")
            at.execute("CREATE SCHEMA erased_copy.log")
            taken: dict[int, int] = {}
            for entity, columns in shapes.items():
                table = f"log.{quote(entity)}"
                rows = staying_sql(table, entity, columns, staying)
                theirs = erased_sql(columns, profile_id, records)
                for number, count in at.execute(
                    f"SELECT {NUMBER}, count(*) FROM {rows} WHERE {theirs} GROUP BY 1"
                ).fetchall():
                    taken[int(number)] = int(count)
                at.execute(
                    f"CREATE TABLE erased_copy.{table} AS SELECT * EXCLUDE ({INSTEAD}) FROM {rows}"
                    f" WHERE NOT {theirs}"
                )
            at.execute("CREATE TABLE erased_copy.log.batch AS FROM log.batch WHERE false")
            for entry in self._entries():
                left = msgspec.structs.replace(entry, rows=entry.rows - taken.get(entry.number, 0))
                at.execute(
                    "INSERT INTO erased_copy.log.batch VALUES (?, ?, ?, ?)",
                    [entry.number, entry.batch, entry.entity, msgspec.json.encode(left).decode()],
                )
            at.execute("CHECKPOINT erased_copy")
            at.execute("DETACH erased_copy")
            gone = sum(taken.values())
            at.close()
            destroy(self.path.with_name(f"{self.path.name}.wal"))
        self._connection = duckdb.connect(str(self.path))
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute(_PREPARE)
        for entity in shapes:
            self._connection.execute(_VIEW.format(entity=quote(entity)))
        return gone

    def _superseded(self, entry: BatchEntry, entries: Sequence[BatchEntry]) -> int:
        row = self._connection.execute(
            f"SELECT count(*) FROM log.{quote(entry.entity)} m SEMI JOIN "
            f"(SELECT record_key FROM log.{quote(entry.entity)} WHERE {NUMBER} > $number) t"
            f" USING (record_key) WHERE m.{NUMBER} = $number",
            {"number": entry.number},
        ).fetchall()[0]
        return int(row[0])
