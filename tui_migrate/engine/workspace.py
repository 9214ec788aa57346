"""A workspace: its folders, and the lock that lets one program at a time change it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.audit.journal import now
from tui_migrate.engine.identity import current_user
from tui_migrate.errors import EnvironmentProblem, Locked
from tui_migrate.files import TEMPORARY, make_folder
from tui_migrate.i18n import _
from tui_migrate.runbook.load import RUNBOOK_FILE

STATE = ".tui-migrate"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of one workspace folder."""

    root: Path

    @property
    def state(self) -> Path:
        """All that the program itself keeps."""
        return self.root / STATE

    @property
    def staging(self) -> Path:
        """The DuckDB file."""
        return self.state / "staging.duckdb"

    @property
    def audit(self) -> Path:
        """What proves the run; needs nothing else to be verified."""
        return self.state / "audit"

    @property
    def journal(self) -> Path:
        """The journal file."""
        return self.audit / "journal.jsonl"

    @property
    def seals(self) -> Path:
        """The seals file."""
        return self.audit / "seals.jsonl"

    @property
    def objects(self) -> Path:
        """Runbook, mappings and rules by their hash."""
        return self.audit / "objects"

    @property
    def vault(self) -> Path:
        """Readable personal values."""
        return self.state / "vault"

    @property
    def backups(self) -> Path:
        """Encrypted back-ups."""
        return self.state / "backups"

    @property
    def exports(self) -> Path:
        """What was exported."""
        return self.state / "exports"

    @property
    def log(self) -> Path:
        """The engine's log: tracebacks go here, never to the screen."""
        return self.state / "engine.log"

    @property
    def has_run(self) -> bool:
        """Whether a run was begun here."""
        return self.journal.exists()

    def require(self) -> None:
        """Raise ``EnvironmentProblem`` unless this folder is a workspace."""
        if not (self.root / RUNBOOK_FILE).is_file():
            raise EnvironmentProblem(
                _("There is no {} in {}.").format(RUNBOOK_FILE, self.root),
                _("Go to a workspace, name one with -w DIR, or make one: tui-migrate new DIR."),
            )

    def prepare(self) -> None:
        """Make the folders (0700) that are not there yet."""
        make_folder(self.state)
        for folder in (self.audit, self.objects, self.vault, self.backups, self.exports):
            make_folder(folder)
        make_folder(self.state / "run")

    def sweep(self) -> None:
        """Remove temporary files that a killed process left."""
        for path in self.state.rglob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)
        spill = self.state / "spill"
        if spill.is_dir():
            for path in spill.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()


class WorkspaceLock:
    """Held as long as the process has the workspace open; the kernel frees it when we die."""

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.state / "run" / "lock"
        try:
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise EnvironmentProblem(
                _("The workspace {} cannot be written: {}").format(workspace.root, error.strerror)
            ) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = self._holder()
            os.close(self._fd)
            raise Locked(
                _("The workspace {} is in use{}.").format(workspace.root, holder),
                _("Use that program, or end it first; reading (status, audit) works meanwhile."),
            ) from error
        os.ftruncate(self._fd, 0)
        note = {"pid": os.getpid(), "user": current_user().user, "since": now()}
        os.write(self._fd, json.dumps(note).encode())

    def _holder(self) -> str:
        try:
            note = json.loads(self._path.read_text())
            return _(" by {} (process {}) since {}").format(
                note["user"], note["pid"], str(note["since"])[:19].replace("T", " ") + " UTC"
            )
        except (OSError, ValueError, KeyError):
            return ""

    def release(self) -> None:
        """Let the next one in."""
        os.close(self._fd)
