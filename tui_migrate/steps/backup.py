"""Step kind ``backup``: deliveries and staging, encrypted, and at once restored elsewhere as a test."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import duckdb

from tui_migrate.errors import DataSaysNo
from tui_migrate.files import RUNBOOK_FILE, TEMPORARY, make_folder, sha256_file
from tui_migrate.i18n import _
from tui_migrate.runbook.kinds import BackupWith
from tui_migrate.staging.archive import Member, restore_backup, write_backup
from tui_migrate.staging.deliveries import refuse_outside
from tui_migrate.staging.store import first, literal, quote
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit

DATABASE = "staging.duckdb"
STATE = ".tui-migrate"

_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'store' AND table_catalog = current_database() AND table_type = 'BASE TABLE'
ORDER BY 1
"""


def backup_path(context: Context) -> Path:
    """The file of this attempt's back-up."""
    name = f"{context.spec.id}-{context.attempt}.backup"
    return context.workspace / ".tui-migrate" / "backups" / name


class BackupStep(Step):
    """Two units: make the back-up; restore it elsewhere and count."""

    kind: ClassVar[str] = "backup"

    @property
    def _what(self) -> tuple[str, ...]:
        with_ = self.spec.with_
        assert isinstance(with_, BackupWith)  # noqa: S101 - the runbook's type says so
        return with_.what

    def plan(self, context: Context) -> Sequence[Unit]:
        if "staging" in self._what and not context.rebuilding:
            context.host.checkpoint()  # so that the snapshot is a copy of one file
        return [Unit("make", _("write and encrypt")), Unit("restore-test", _("restore and count"))]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        if context.rebuilding:
            return {}
        return self._make(context) if unit.id == "make" else self._restore_test(context)

    def finish(self, context: Context) -> Outcome:
        path = backup_path(context)
        size = path.stat().st_size if path.exists() else 0
        return Outcome(
            {"size": size, "what": ", ".join(self._what)},
            [
                Check("back-up restored and counted", path.exists(), str(path.name), path.name),
            ],
        )

    def _make(self, context: Context) -> dict[str, int]:
        key = context.host.key()
        with ExitStack() as stack:
            members = [*self._members(context), *self._proof(context, stack)]
            tables: dict[str, int] = {}
            if "staging" in self._what:
                snapshot = stack.enter_context(context.host.snapshot())
                members.append(Member(DATABASE, snapshot))
                tables = _row_counts(snapshot)
            _sha256, files = write_backup(backup_path(context), key, members, tables)
        return {"files": files}

    def _members(self, context: Context) -> Iterator[Member]:
        """The files to keep, each under its path in the workspace."""
        root = context.workspace
        wanted = [root / RUNBOOK_FILE]
        for folder in ("mapping", "rules"):
            wanted += sorted((root / folder).rglob("*.yaml"))
        if "deliveries" in self._what:
            wanted += sorted(p for p in (root / "deliveries").rglob("*") if p.is_file())
            wanted += self._elsewhere(context)
        seen: set[Path] = set()
        for path in wanted:
            if path.is_file() and path not in seen:
                refuse_outside(root, [path])
                seen.add(path)
                yield Member(str(path.relative_to(root)), path)

    def _proof(self, context: Context, stack: ExitStack) -> Iterator[Member]:
        """Audit and vault as they stand. What the engine appends to meanwhile goes as a copy, up to its
        last whole line."""
        state = context.workspace / STATE
        spill = make_folder(state / "spill")
        copies = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=spill)))
        for part in ("audit", "vault"):
            for path in sorted((state / part).rglob("*")) if part in self._what else ():
                if not path.is_file() or path.name.startswith(TEMPORARY):
                    continue
                name = str(path.relative_to(context.workspace))
                if path.suffix != ".jsonl":
                    yield Member(name, path)
                    continue
                copy = copies / path.name
                copy.write_bytes(b"".join(path.read_bytes().rpartition(b"\n")[:2]))
                yield Member(name, copy)

    def _elsewhere(self, context: Context) -> list[Path]:
        """Delivery files that the runbook takes from outside the folder ``deliveries``."""
        return [
            path
            for source in self.runbook.sources.values()
            for pattern in source.files
            for path in sorted(context.workspace.glob(pattern))
        ]

    def _restore_test(self, context: Context) -> dict[str, int]:
        path = backup_path(context)
        spill = make_folder(context.workspace / ".tui-migrate" / "spill")
        # Not in the system's folder for temporary files: what a crash leaves is swept at the next start.
        with tempfile.TemporaryDirectory(prefix="restore-", dir=spill) as folder:
            promised = restore_backup(path, context.host.key(), Path(folder))
            database = Path(folder) / DATABASE
            counted = _row_counts(database) if database.exists() else {}
            files = sum(p.is_file() for p in Path(folder).rglob("*")) - 1
        if counted != promised:
            differ = sorted(k for k in {*counted, *promised} if counted.get(k) != promised.get(k))
            raise DataSaysNo(
                _("The restored database differs from the manifest in: {}").format(
                    ", ".join(differ)
                ),
                _("Do not go on; make the back-up again."),
            )
        context.host.journal_backup(
            self.spec.id,
            context.attempt,
            path.name,
            sha256_file(path),
            path.stat().st_size,
            files,
            verified=True,
        )
        return {"files": files, "rows": sum(counted.values())}


def _row_counts(database: Path) -> dict[str, int]:
    """Rows per table of schema ``store`` in a DuckDB file that nobody else has open."""
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH {literal(str(database))} AS restored (READ_ONLY)")
        connection.execute("USE restored")
        names = [row[0] for row in connection.execute(_TABLES).fetchall()]
        found = {}
        for name in names:
            row = first(connection, f"SELECT count(*) FROM store.{quote(name)}")
            found[name] = int(row[0]) if row else 0
        return found
