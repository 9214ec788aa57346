"""What all commands share: options, opening an engine, printing facts."""

from __future__ import annotations

import getpass
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from tui_migrate.cli.known import remember_workspace
from tui_migrate.errors import Cancelled, EnvironmentProblem, Exit
from tui_migrate.i18n import _
from tui_migrate.printable import printable_json, printable_lines

if TYPE_CHECKING:
    from tui_migrate.audit.entries import Entry
    from tui_migrate.engine.api import Client, Reply
    from tui_migrate.engine.run import RunState
    from tui_migrate.engine.workspace import Workspace

KEY_FILE_VARIABLE = "TUI_MIGRATE_KEY_FILE"
KEY_FILE = "backup.key"
"""The key that a demo workspace comes with."""
PASSPHRASE_VARIABLE = "TUI_MIGRATE_PASSPHRASE"  # noqa: S105 - its name, not a secret

WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "-w",
        "--workspace",
        help=_("The workspace folder (default: here)."),
        readable=False,  # somebody else's may be passed through only, on the way to its engine
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help=_("Print facts as JSON."))]
InProcessOption = Annotated[
    bool,
    typer.Option(
        "--in-process",
        help=_("Run the engine inside this program (for containers); it ends with it."),
    ),
]
KeyFileOption = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        help=_("File with the key of the back-ups (or set {}).").format(KEY_FILE_VARIABLE),
    ),
]


def say(message: str) -> None:
    """A message for the person: to stderr. When whoever read it is gone (a pipe, a connection), nothing
    is said any more, and the work goes on."""
    try:
        typer.echo(printable_lines(message), err=True)
    except OSError:
        mute(sys.stderr)


def mute(stream: TextIO) -> None:
    """What is written to the stream from now on goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def result(text: str) -> None:
    """A result: to stdout."""
    typer.echo(printable_lines(text))


def told(reply: Reply) -> int:
    """Say what became of a command; the exit code that goes with it."""
    if reply.ok:
        result(reply.message)
    else:
        say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
    return reply.exit_code


def told_json(reply: Reply, facts: dict[str, Any]) -> int:
    """The same for programs: ``facts`` when it was done, else why not, to stderr."""
    if not reply.ok:
        return told(reply)
    print_json({**facts, "entry": reply.seq or None})
    return int(Exit.DONE)


def print_json(value: Any) -> None:
    """A result as JSON."""
    typer.echo(printable_json(json.dumps(value, indent=2, ensure_ascii=False)))


def head_line(state: RunState) -> str:
    """The journal's head, for whoever keeps it elsewhere."""
    return _("head {} (entry {}); keep it elsewhere: audit verify --expect HEAD").format(
        state.head, state.seq
    )


def has_terminal() -> bool:
    """Whether a person sits at both ends. Questions and screens are drawn on stderr."""
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def find_key(root: Path, key_file: Path | None, *, ask: bool = False) -> bytes | None:
    """The secret for back-ups: the option, the environment, ``backup.key`` of a demo, a question.

    ``None`` when there is none; then only a step that needs it complains.
    """
    chosen = key_file or (Path(p) if (p := os.environ.get(KEY_FILE_VARIABLE)) else None)
    if chosen is None and (phrase := os.environ.get(PASSPHRASE_VARIABLE)):
        return phrase.encode()
    if chosen is None and (root / KEY_FILE).is_file() and os.access(root / KEY_FILE, os.R_OK):
        chosen = root / KEY_FILE
    if chosen is not None:
        try:
            key = chosen.read_bytes().strip()
        except OSError as error:
            raise EnvironmentProblem(
                _("The key file {} cannot be read: {}").format(chosen, error.strerror)
            ) from error
        if len(key) < 8:
            raise EnvironmentProblem(
                _("The key file {} holds less than 8 characters.").format(chosen),
                _("Make one: head -c 32 /dev/urandom | base64 > my.key"),
            )
        return key
    if ask and has_terminal():
        phrase = getpass.getpass(_("Passphrase of the back-ups (empty: none now): "))
        return phrase.encode() or None
    return None


@contextmanager
def opened(
    root: Path, key_file: Path | None = None, *, ask: bool = False, erasing: bool = False
) -> Iterator[Client]:
    """For one command: the engine of the workspace if one runs, else one in this process for the
    time of the block. ``erasing``: the command is to erase somebody."""
    from tui_migrate.engine.attach import attach_or_open

    with _client(root, key_file, partial(attach_or_open, erasing=erasing), ask=ask) as client:
        yield client


@contextmanager
def attached(
    root: Path, key_file: Path | None = None, *, in_process: bool = False
) -> Iterator[Client]:
    """To carry a run on: the engine of the workspace, started if none runs; it goes on without us.
    Or, for containers and tests, an engine in this process that ends with it."""
    from tui_migrate.engine.attach import attach_or_start
    from tui_migrate.engine.client import open_client

    driving = partial(attach_or_start, drives=True)
    with _client(root, key_file, open_client if in_process else driving) as client:
        yield client


@contextmanager
def _client(
    root: Path, key_file: Path | None, opener: Callable[..., Client], *, ask: bool = False
) -> Iterator[Client]:
    """SIGTERM ends the block as Ctrl+C does: the run rests after its present unit."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        client = opener(root, key=find_key(root, key_file, ask=ask), say=say)
        remember_workspace(root)
        try:
            yield client
        except KeyboardInterrupt:
            rest(client)
            raise
        finally:
            client.close()
    except KeyboardInterrupt:
        raise Cancelled(_("Interrupted. What was committed stays; run again to go on.")) from None


def rest(client: Client) -> None:
    """Have the run rest, and wait until it does (a second Ctrl+C does not wait)."""
    from tui_migrate.engine.api import Stop

    client.send(Stop())
    while client.running:
        time.sleep(0.05)


def read_run(root: Path) -> tuple[Workspace, list[Entry], RunState]:
    """The journal of a workspace, read without holding it, and the state that it gives. Who may not
    read the file hears it from the engine, if one runs."""
    from tui_migrate.engine.run import fold
    from tui_migrate.engine.workspace import Workspace

    workspace = Workspace(root.resolve())
    workspace.require()
    if workspace.is_others:
        entries = _told_by_engine(workspace)
    else:
        entries = read_journal(workspace.journal, workspace.vault)
    return workspace, entries, fold(entries)


def _told_by_engine(workspace: Workspace) -> list[Entry]:
    from tui_migrate.engine.attach import attach

    client = attach(workspace.root)
    if client is None:
        raise workspace.not_yours()
    try:
        return list(client.entries())
    finally:
        client.close()


def words_of(here: Workspace) -> Callable[[str], str]:
    """Opens commitments with the workspace's vault; '' for all where it is not there."""
    from tui_migrate.audit.vault import Vault

    if here.is_others or not here.vault.is_dir():
        return lambda _reference: ""
    return Vault(here.vault).words


def look_at_clock(root: Path) -> None:
    """Have the engine that runs, if one does, journal what has fallen due."""
    from tui_migrate.engine.api import Due
    from tui_migrate.engine.attach import attach
    from tui_migrate.errors import TuiMigrateError

    with suppress(TuiMigrateError, OSError):
        client = attach(root)
        if client is not None:
            client.send(Due())
            client.close()


def read_journal(journal: Path, vault: Path | None) -> list[Entry]:
    """The entries of a journal, none where there is no file; names are spelled out where the vault
    is given and there. A torn last line is left out. Raises ``JournalBroken`` at any other bad line."""
    from tui_migrate.audit.journal import GENESIS, parse_line
    from tui_migrate.audit.vault import Vault
    from tui_migrate.engine.opening import readable

    if not journal.exists():
        return []
    entries: list[Entry] = []
    prev = GENESIS
    with journal.open("rb") as stream:
        for seq, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                break
            entries.append(parse_line(line[:-1], seq, prev))
            prev = entries[-1].hash
    if vault is not None and vault.is_dir():
        opened = Vault(vault).opened
        entries = [readable(entry, opened) for entry in entries]
    return entries
