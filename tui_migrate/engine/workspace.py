"""A workspace: its folders, and the lock that lets one program at a time change it."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.audit.journal import now
from tui_migrate.engine.identity import this_user
from tui_migrate.engine.memory import is_zeroed
from tui_migrate.errors import EnvironmentProblem, Locked
from tui_migrate.files import RUNBOOK_FILE, TEMPORARY, make_folder
from tui_migrate.i18n import _

STATE = ".tui-migrate"
WAY_THROUGH = 0o711
SCRATCH = "recompute-"
"""Start of the name of a folder that a recomputation works in; it holds a lock on it."""


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
    def base(self) -> Path:
        """Staging as the last erasure left it: a rebuild begins here."""
        return self.vault / "staging.duckdb"

    @property
    def erasing(self) -> Path:
        """The plan of an erasure that is not done yet."""
        return self.vault / "erasing.json"

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
    def run(self) -> Path:
        """Where lock and socket of an engine lie."""
        return self.state / "run"

    @property
    def socket(self) -> Path:
        """Where an engine listens."""
        return self.run / "engine.sock"

    @property
    def has_run(self) -> bool:
        """Whether a run was begun here."""
        return self.journal.exists()

    @property
    def is_others(self) -> bool:
        """Whether what the program keeps here is not for this user to read."""
        return self.state.is_dir() and not os.access(self.state, os.R_OK)

    def not_yours(self) -> EnvironmentProblem:
        """The error that says whose workspace this is, for who needs his engine."""
        owner = self.owner
        return EnvironmentProblem(
            _("The workspace {} belongs to {}, and no engine runs there.").format(self.root, owner),
            _("Ask {} to open it, or to let tui-migrate engine run.").format(owner),
        )

    def closed(self) -> EnvironmentProblem:
        """The error that says whose workspace this is, for who needs its files themselves."""
        owner = self.owner
        return EnvironmentProblem(
            _("The files of {} can be read by {} only.").format(self.root, owner),
            _(
                "Ask for a copy of its audit folder. status, audit log, verify, replay, show and report"
                " go through the engine."
            ),
        )

    @property
    def owner(self) -> str:
        """Whose it is."""
        try:
            return self.state.owner()
        except (OSError, KeyError):
            return _("somebody else")

    def require(self) -> None:
        """Raise ``EnvironmentProblem`` unless this folder is a workspace."""
        if not (self.root / RUNBOOK_FILE).is_file():
            raise EnvironmentProblem(
                _("There is no {} in {}.").format(RUNBOOK_FILE, self.root),
                _("Go to a workspace, name one with -w DIR, or make one: tui-migrate new DIR."),
            )

    def prepare(self) -> None:
        """Make the folders that are not there yet: 0700, but for the way to the socket, which others
        may pass and not list."""
        make_folder(self.state)
        for folder in (self.audit, self.objects, self.vault, self.backups, self.exports):
            make_folder(folder)
        make_folder(self.run)
        for folder in (self.state, self.run):
            folder.chmod(WAY_THROUGH)

    def sweep(self) -> None:
        """Remove temporary files that a killed process left."""
        for path in self.state.rglob(f"{TEMPORARY}*"):
            path.unlink(missing_ok=True)
        spill = self.state / "spill"
        if spill.is_dir():
            for path in spill.iterdir():
                if path.is_dir() and not path.is_symlink():
                    if not _worked_in(path):
                        shutil.rmtree(path)
                else:
                    path.unlink()


def _worked_in(folder: Path) -> bool:
    """Whether a living process recomputes in this folder."""
    if not folder.name.startswith(SCRATCH):
        return False
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a workspace. ``engine``: one that serves clients, or soon will.
    ``zeroed``: whether DuckDB gets its memory zeroed there."""

    pid: int
    user: str
    since: str
    engine: bool
    zeroed: bool

    def __str__(self) -> str:
        since = f"{self.since[:19].replace('T', ' ')} UTC"
        return _("{} (process {}) since {}").format(self.user, self.pid, since)


class WorkspaceLock:
    """Held as long as the process has the workspace open; the kernel frees it when we die."""

    def __init__(self, workspace: Workspace, *, engine: bool = False) -> None:
        try:
            self._fd = _take(workspace)
        except OSError as error:
            raise EnvironmentProblem(
                _("The workspace {} cannot be written: {}").format(workspace.root, error.strerror)
            ) from error
        if self._fd is None:
            raise held(workspace)
        os.ftruncate(self._fd, 0)
        note = {"pid": os.getpid(), "user": this_user().name, "since": now(), "engine": engine,
                "zeroed": is_zeroed() is True}  # fmt: skip
        os.pwrite(self._fd, json.dumps(note).encode(), 0)

    def release(self) -> None:
        """Let the next one in."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def _take(workspace: Workspace) -> int | None:
    """The lock's descriptor, or ``None`` when another process has it."""
    fd = os.open(workspace.run / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def held(workspace: Workspace) -> Locked:
    """The error that says who holds the workspace."""
    holder = holder_of(workspace)
    by = _(" by {}").format(holder) if holder else ""
    return Locked(
        _("The workspace {} is in use{}.").format(workspace.root, by),
        _("Use that program, or end it first; reading (status, audit) works meanwhile."),
    )


def is_held(workspace: Workspace) -> bool:
    """Whether a process holds the workspace. A user who may not look hears no."""
    if not os.access(workspace.run / "lock", os.R_OK | os.W_OK):
        return False
    fd = _take(workspace)
    if fd is None:
        return True
    os.close(fd)
    return False


def holder_of(workspace: Workspace) -> Holder | None:
    """What the lock's note says of its holder; ``None`` when it cannot be read."""
    try:
        note = json.loads((workspace.run / "lock").read_text())
        return Holder(
            int(note["pid"]), str(note["user"]), str(note["since"]), bool(note.get("engine")),
            bool(note.get("zeroed")),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError):
        return None
