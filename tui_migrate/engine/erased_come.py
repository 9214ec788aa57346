"""Opt-outs in rows of erased persons that come again, on addresses that somebody else has.

Such rows are dropped when they are read, and go from the delivered file. Before that they are read once
more, by themselves: what they say against mail to an address that others have is kept as an opt-out of
the address alone, as an erasure keeps what it finds.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from tui_migrate.audit.kept import Keeping, OptOut, Said, keeping, read_kept
from tui_migrate.engine.core import Core
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.load import load_runbook
from tui_migrate.staging.erasing import destroy
from tui_migrate.staging.readers import Job, read_file
from tui_migrate.staging.store import Cursor, Store, quote
from tui_migrate.steps.erasing_kept import Finder
from tui_migrate.steps.erasing_plan import FileLines
from tui_migrate.steps.ingest import file_format
from tui_migrate.steps.mapped_now import ENTITIES, mapped_now, union

SCRATCH = "come-again.duckdb"
"""Staging for one file, beside staging."""
_SPEAK = ("consent", "suppression")


def said_again(core: Core, one: FileLines, path: Path) -> list[Keeping]:
    """What is to be kept of these lines of a delivered file, and is not kept yet."""
    loaded = load_runbook(core.workspace.root)
    every, _problems = load_mappings(loaded)
    mappings = every.get(one.source, ())
    if not one.lines or not any(m.entity.name in _SPEAK for m in mappings):
        return []
    cursor = core.store.cursor()
    try:
        come = _come(core, cursor, one, path, mappings)
        tables = [
            str(row[0])
            for row in cursor.execute(
                "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'"
                " AND database_name = current_database()"
            ).fetchall()
        ]
        found = Finder(cursor, core.workspace.root, core.runbook, every, tables).find_again(come)
    finally:
        for name in ENTITIES:
            cursor.execute(f"DROP TABLE IF EXISTS {_table(name)}")
        cursor.close()
    return _fresh(found.items(), read_kept(core.vault).values())


def clear(core: Core) -> None:
    """What a killed program left of it."""
    for path in sorted(core.workspace.staging.parent.glob(f"{SCRATCH}*")):
        destroy(path)


def _table(entity: str) -> str:
    return quote(f"come_{entity}")


def _come(
    core: Core, cursor: Cursor, one: FileLines, path: Path, mappings: tuple[Mapping, ...]
) -> dict[str, str]:
    """Entity → temporary table of ``cursor`` with the mapped rows of these lines alone."""
    clear(core)
    spec = core.runbook.sources[one.source]
    scratch = Store(core.workspace.staging.parent / SCRATCH)
    try:
        at = scratch.cursor()
        job = Job(
            one.source, one.delivery, one.file, path, file_format(spec), tuple(spec.key),
            "again", 1, "again",
        )  # fmt: skip
        read_file(scratch, at, job)
        raw = f"store.{quote(f'raw_{one.source}')}"
        lines = ", ".join(map(str, one.lines))
        at.execute(f"DELETE FROM {raw} WHERE _line NOT IN ({lines})")
        for name, relations in mapped_now(
            at, core.workspace.root, core.runbook, one.source, mappings
        ).items():
            empty = ", ".join(f"NULL::{kind} AS {quote(c)}" for c, kind in ENTITIES[name].items())
            rows = union([f"(SELECT {empty} WHERE false)", *relations])
            table = at.execute(f"SELECT * FROM {rows}").to_arrow_table()
            cursor.register("come_rows", table)
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE {_table(name)} AS FROM come_rows")
            cursor.unregister("come_rows")
    finally:
        scratch.close()
        clear(core)
    return {name: _table(name) for name in ENTITIES}


def _fresh(found: Iterable[tuple[str, list[Said]]], kept: Iterable[OptOut]) -> list[Keeping]:
    """What no opt-out that is kept says yet: a delivery says the same as the one before it."""
    known = {(one.point, _nameless(said)) for one in kept for said in one.said}
    fresh = []
    for point, every in found:
        said = [s for s in every if (point, _nameless(s)) not in known]
        if said:
            fresh.append(keeping(point, said))
    return fresh


def _nameless(said: Said) -> Said:
    return msgspec.structs.replace(said, id="")
