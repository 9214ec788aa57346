"""Reaching the engine of a workspace: the one that is there, or one that is started on demand.

Of several programs that start one at the same time, one engine takes the lock; the others wait until
it listens. Whoever loses must neither give up nor start again: he polls for a socket that answers
*or* for the lock to be free.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tui_migrate import __version__
from tui_migrate.engine import memory
from tui_migrate.engine.patience import Patience
from tui_migrate.engine.remote import RemoteClient
from tui_migrate.engine.sockets import connected
from tui_migrate.engine.workspace import Workspace, is_held
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit, Locked
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.client import InProcessClient

Say = Callable[[str], None]


def attach(root: Path, *, key: bytes | None = None, drives: bool = False) -> RemoteClient | None:
    """A client of the engine that serves this workspace; ``None`` when none does. ``drives``: see
    ``wire.Hello``.

    Raises ``DataSaysNo`` or ``EnvironmentProblem`` when it refuses this user or this program.
    """
    line = connected(Workspace(root.resolve()).socket)
    if line is None:
        return None
    try:
        return RemoteClient(line, key=key, drives=drives)
    except EOFError:
        return None  # it was just ending


def attach_or_start(
    root: Path,
    *,
    key: bytes | None = None,
    say: Say = lambda _line: None,
    drives: bool = False,
) -> RemoteClient:
    """A client of the engine of this workspace, which is started if none runs.

    Errors as ``Engine.open``: what the new engine says is said here.
    """
    workspace = Workspace(root.resolve())
    patience = Patience(workspace)
    while True:
        client = attach(root, key=key, drives=drives)
        if client is not None:
            return _of_this_version(client, say)
        _require_own(workspace)
        if is_held(workspace):
            patience.wait()
            continue
        try:
            start_engine(workspace, key, say)
        except Locked as error:
            patience.wait(error)  # another one was quicker, or somebody has the database open


def attach_or_open(
    root: Path,
    *,
    key: bytes | None = None,
    say: Say = lambda _line: None,
    erasing: bool = False,
) -> RemoteClient | InProcessClient:
    """For one command: the engine that runs, else one in this process for as long as it takes.
    ``erasing``: the command is to erase somebody. An engine of its own is started where this process
    cannot zero its memory any more."""
    workspace = Workspace(root.resolve())
    patience = Patience(workspace)
    while True:
        client = attach(root, key=key)
        if client is not None:
            return _of_this_version(client, say)
        _require_own(workspace)
        if not memory.load(workspace.journal, erasing=erasing):
            return attach_or_start(root, key=key, say=say)
        from tui_migrate.engine.client import open_client

        try:
            return open_client(root, key=key, say=say)
        except Locked as error:
            patience.wait(error)


def _of_this_version(client: RemoteClient, say: Say) -> RemoteClient:
    """The client; it is said when the engine was started from another version of the program."""
    if client.version != __version__:
        say(
            _("The engine here is version {}, this program {}: tui-migrate stop ends it.").format(
                client.version, __version__
            )
        )
    return client


def _require_own(workspace: Workspace) -> None:
    """Raise ``EnvironmentProblem`` unless this user may open the workspace himself."""
    workspace.require()
    if workspace.is_others:
        raise workspace.not_yours()


def start_engine(workspace: Workspace, key: bytes | None, say: Say) -> None:
    """Start the engine's process, detached, and wait until it listens.

    Raises what the engine raised when it could not open the workspace.
    """
    process = _spawn(workspace)
    assert process.stdin is not None  # noqa: S101 - asked for above
    assert process.stdout is not None  # noqa: S101
    with process.stdin as secret, contextlib.suppress(BrokenPipeError):
        secret.write(key or b"")
    try:
        with process.stdout as told:
            _follow(told, say)
    finally:
        process.wait()


def _spawn(workspace: Workspace) -> subprocess.Popen[bytes]:
    package = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    log = workspace.log if workspace.state.is_dir() else Path(os.devnull)
    with log.open("ab") as complaints:
        return subprocess.Popen(
            [sys.executable, "-m", "tui_migrate.engine.process", str(workspace.root)],
            env={**os.environ, "PYTHONPATH": paths},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
            cwd="/",
        )


def _follow(told: IO[bytes], say: Say) -> None:
    for line in told:
        fact = json.loads(line)
        if "say" in fact:
            say(fact["say"])
        elif "failed" in fact:
            raise _as_error(fact)
        else:
            return
    raise EnvironmentProblem(
        _("The engine could not be started."), _("Its log, .tui-migrate/engine.log, says why.")
    )


def _as_error(fact: dict[str, Any]) -> Exception:
    if fact.get("locked"):
        return Locked(fact["failed"], fact["hint"])
    kind = DataSaysNo if fact["exit_code"] == Exit.NO else EnvironmentProblem
    return kind(fact["failed"], fact["hint"])
