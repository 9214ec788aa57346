"""What the engine does for a running step: journalling, receipts of earlier, keys, progress."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit.kept import OptOut
from tui_migrate.audit.tombstones import Tombstones
from tui_migrate.audit.trail import Place
from tui_migrate.engine.api import Progress
from tui_migrate.engine.core import Core
from tui_migrate.engine.memberships import memberships
from tui_migrate.engine.models import frozen_model, keep_model
from tui_migrate.engine.newcomers import taken_in
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.staging.store import first, literal
from tui_migrate.steps.base import Membership, ReceiptRow

_EVERY = 0.5
"""Seconds between two progress messages: more only burns bandwidth over SSH."""
_WINDOW = 20
LOG_LIMIT = 64 << 20
"""Bytes of write-ahead log after which a checkpoint is due. Automatic checkpoints at DuckDB's 16 MB
stall every sixth unit; one after every step costs more than it saves a start after a crash."""
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


class EngineHost:
    """The engine's side of ``steps.base.Host``."""

    def __init__(self, core: Core, rebuilding: bool = False) -> None:
        self._core = core
        self._rebuilding = rebuilding
        self._progress = Progress(step="")
        self._told = 0.0
        self._samples: deque[tuple[float, int, int]] = deque(maxlen=_WINDOW)

    # -- journalling ---------------------------------------------------------------------------

    def journal_intent(self, step: str, attempt: int, batch: str, rows: int, digest: str) -> None:
        """Say, before it happens, that a batch goes to the target. Said once per batch and content."""
        fact = facts.Intent(step=step, attempt=attempt, batch=batch, rows=rows, digest=digest)
        if not self._rebuilding and self._core.state.intents.get(batch) != fact:
            self._core.record(fact)

    def journal_receipt(self, step: str, attempt: int, batch: str, counts: dict[str, int]) -> None:
        """Say what the target did with a batch."""
        if not self._rebuilding:
            self._core.record(facts.Receipt(step=step, attempt=attempt, batch=batch, counts=counts))

    def journal_backup(
        self, step: str, attempt: int, name: str, sha256: str, size: int, files: int, verified: bool
    ) -> None:
        """Say that a back-up stands, and whether its restore test passed."""
        if not self._rebuilding:
            self._core.record(
                facts.BackupMade(
                    step=step,
                    attempt=attempt,
                    name=name,
                    sha256=sha256,
                    size=size,
                    files=files,
                    verified=verified,
                )
            )

    def journal_delivery(self, fact: facts.DeliverySeen) -> None:
        """Say what was handed over; a delivery already known with the same files is not said again."""
        known = self._core.state.deliveries.get((fact.source, fact.delivery))
        if known is not None and [f.sha256 for f in known.files] == [f.sha256 for f in fact.files]:
            # Without erased lines a file is shorter, and still the one that was handed over.
            fact = msgspec.structs.replace(fact, files=known.files)
        if not self._rebuilding and known != fact:
            self._core.record(fact)

    def journal_export(self, what: str, rows: int, sha256: str, purge_on: str) -> None:
        """Say that data were written to a file that people can take away."""
        if not self._rebuilding:
            self._core.record(
                facts.Exported(what=what, rows=rows, sha256=sha256, purge_on=purge_on)
            )

    def name(self, name: str) -> str:
        """What the journal may say for a name that others chose (see ``Vault.keep_name``)."""
        return self._core.vault.keep_name(name)

    def kept(self) -> list[OptOut]:
        """Opt-outs of addresses, kept when somebody who shared them was erased."""
        return self._core.kept()

    def kept_later(self) -> list[str]:
        """Those (commitments) that came in a delivery behind the erasure."""
        return self._core.kept_later()

    def tombstones(self) -> Tombstones:
        """Whom erasures made unknown, and which delivered files they rewrote."""
        return self._core.tombstones()

    def journal_model(self, step: str, attempt: int, model: str) -> None:
        """Keep the model by which records were matched."""
        if not self._rebuilding:
            keep_model(self._core, step, attempt, model)

    # -- what was ------------------------------------------------------------------------------

    def recorded_receipts(self, step: str, attempt: int, unit: str) -> list[ReceiptRow] | None:
        """The receipts of a unit that was committed before, out of its trail segment; ``None`` when
        the unit was never committed. Only asked while staging is rebuilt."""
        state = self._core.state.steps.get(step)
        done = state.units.get(unit) if state and state.attempt == attempt else None
        if done is None:
            return None
        place = Place(step, attempt, unit)
        values = self._core.vault.folder / place.path
        segment = self._core.workspace.audit / place.path
        if done.segment is None or not segment.exists():
            return []
        if not values.exists():
            raise EnvironmentProblem(
                _("The vault has lost {}: receipts cannot be read back.").format(values)
            )
        cursor = self._core.store.cursor()
        rows = cursor.execute(
            "SELECT t.field, t.rule, k.source, k.record_id, v.before, v.after "
            f"FROM read_parquet({literal(str(segment))}) t "
            "JOIN store.record_key k ON k.pseudonym = t.profile "
            f"LEFT JOIN read_parquet({literal(str(values))}) v "
            "ON v.profile = t.profile AND v.seq = t.seq "
            "WHERE t.event IN ('imported', 'consent_written') ORDER BY t.profile, t.seq"
        ).fetchall()
        from tui_migrate.model.profile_id import profile_id

        return [
            ReceiptRow(
                entity=field,
                profile_id=profile_id(source, record_id),
                record_key=before or "",
                target_id=after or "",
                action=rule,
            )
            for field, rule, source, record_id, before, after in rows
        ]

    def frozen_model(self, step: str) -> str:
        """The model by which the target got its profiles; '' before."""
        return frozen_model(self._core, step)

    def taken_in(self, step: str) -> frozenset[tuple[str, str]]:
        """Deliveries of changes (source, name as journalled) whose newcomers a reading step takes in."""
        return taken_in(self._core, step, rebuilding=self._rebuilding)

    def memberships(self, step: str) -> list[Membership]:
        """Which records were whose in the target, when the present attempt of a step began."""
        return memberships(self._core, step)

    def key(self) -> bytes:
        """The secret for back-ups. ``EnvironmentProblem`` when none was given."""
        if self._core.key is None:
            raise EnvironmentProblem(
                _("A back-up needs a key, and none was given."),
                _("Give --key-file FILE or set TUI_MIGRATE_KEY_FILE; keep the file elsewhere."),
            )
        return self._core.key

    def checkpoint(self) -> None:
        """Bring staging's write-ahead log into its file."""
        self._core.store.connection.execute("CHECKPOINT")

    def checkpoint_when_due(self) -> None:
        """Between two units: a checkpoint, once the write-ahead log has grown enough."""
        if _log_size(self._core.store.path) > LOG_LIMIT:
            self.checkpoint()

    @contextmanager
    def snapshot(self) -> Iterator[Path]:
        """A consistent copy of the staging database (a DuckDB file), gone after the block."""
        store = self._core.store
        path = self._core.workspace.state / "spill" / "snapshot.duckdb"
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.unlink(missing_ok=True)
        try:
            if not _log_size(store.path):
                _copy_file(store.path, path)
            else:
                self._copy_tables(path)
            yield path
        finally:
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)

    def _copy_tables(self, path: Path) -> None:
        """What is committed, table by table: slower, but the write-ahead log may hold a part of it."""
        cursor = self._core.store.cursor()
        cursor.execute(f"ATTACH {literal(str(path))} AS snapshot_copy")
        name = first(cursor, "SELECT current_database()")
        cursor.execute(f'COPY FROM DATABASE "{name[0]}" TO snapshot_copy')
        cursor.execute("DETACH snapshot_copy")

    # -- progress ------------------------------------------------------------------------------

    def begin(self, step: str, unit: str, done: int, total: int) -> None:
        """A unit begins: ``done`` of ``total`` units are behind it."""
        self._progress = Progress(step=step, unit=unit, done=done, total=total)
        self._tell(self._progress.rows, force=True)

    def progress(self, done: int, total: int, rows: int) -> None:
        """From inside a unit: rows so far of those expected (``done`` of ``total``)."""
        self._tell(rows)

    def ended(self, done: int, rows: int) -> None:
        """A unit is committed; ``rows`` in all so far."""
        last = self._progress
        self._progress = Progress(
            step=last.step, unit=last.unit, done=done, total=last.total, rows=rows
        )
        self._tell(rows, force=done == last.total)

    def _tell(self, rows: int, force: bool = False) -> None:
        moment = time.monotonic()
        last = self._progress
        self._samples.append((moment, last.done, rows))
        if not force and moment - self._told < _EVERY:
            return
        self._told = moment
        start, units, earlier = self._samples[0]
        span = max(moment - start, 1e-6)
        rate = max(0, round((rows - earlier) / span)) if span > 0.2 else 0
        speed = (last.done - units) / span
        remaining = round((last.total - last.done) / speed) if speed > 0 else None
        self._core.tell(
            Progress(
                step=last.step,
                unit=last.unit,
                done=last.done,
                total=last.total,
                rows=rows,
                rate=rate,
                remaining=remaining,
            )
        )


def _log_size(database: Path) -> int:
    """Bytes of write-ahead log beside the file of a database; 0: the file holds all that is committed."""
    return sum(log.stat().st_size for log in database.parent.glob(f"{database.name}.wal*"))


def _copy_file(database: Path, path: Path) -> None:
    """Copy the file of the open database, which nobody writes meanwhile: who asks is the only writer.

    A child process does it: closing the file in this one would drop DuckDB's lock on it.
    """
    path.touch(mode=0o600)
    command = [sys.executable, "-I", "-S", "-c", _COPY, str(database), str(path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise EnvironmentProblem(
            _("The staging database cannot be copied to {}: {}").format(
                path, done.stderr.strip().rpartition("\n")[2]
            )
        )
