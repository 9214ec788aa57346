"""One connected client of an engine: what is under way for it, and the longer answers to it."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tui_migrate.engine import api, wire
from tui_migrate.engine.engine import Engine
from tui_migrate.engine.evidence_files import received
from tui_migrate.engine.identity import User
from tui_migrate.files import TEMPORARY
from tui_migrate.i18n import _

UNDERWAY = 8
"""Questions and commands of one client that are worked on at the same time; more have to wait."""
PART = 1 << 20
"""Bytes of one part of a file."""


@dataclass(slots=True, eq=False)
class Guest:
    """One connected client."""

    user: User
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sent: int = 0
    """Entries up to this number are written."""
    progress: api.Progress | None = None
    idle: api.Idle | None = None
    replies: list[wire.Message] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    drives: bool = False
    language: str = ""
    """In which it is spoken to, as its greeting says."""
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UNDERWAY))
    files: dict[str, Path] = field(default_factory=dict)
    """Exports made for this client, by the name under which it may fetch them."""

    def drop_files(self) -> None:
        """What was made for this client and is not fetched by now goes."""
        while self.files:
            self.files.popitem()[1].unlink(missing_ok=True)


class Stranger(Exception):
    """What came from a client is no conversation; said to it, then the line is cut."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def done(engine: Engine, guest: Guest, who: api.Identity, message: wire.Do) -> wire.Done:
    """Have a command done; evidence comes with it, an export is fetched behind it."""
    command, core = message.command, engine.core
    if isinstance(command, api.Answer):
        with received(core.workspace.run, command, message.content) as given:
            reply = engine.command(given, who)
        return wire.Done(n=message.n, reply=reply, seq=core.state.seq)
    if isinstance(command, api.Export):
        return _export(engine, guest, who, message.n, command)
    reply = engine.command(command, who)
    return wire.Done(n=message.n, reply=reply, seq=core.state.seq)


def _export(
    engine: Engine, guest: Guest, who: api.Identity, n: int, command: api.Export
) -> wire.Done:
    """An export is written here and fetched by the client, whose files we may not write."""
    core = engine.core
    token = secrets.token_hex(8)
    path = core.workspace.run / f"{TEMPORARY}{token}{Path(command.path).suffix}"
    reply = engine.command(msgspec.structs.replace(command, path=str(path)), who)
    if not reply.ok:
        return wire.Done(n=n, reply=reply, seq=core.state.seq)
    guest.files[token] = path
    told = reply.message.replace(str(path), command.path)
    return wire.Done(
        n=n,
        reply=msgspec.structs.replace(reply, message=told),
        seq=core.state.seq,
        file=token,
        size=path.stat().st_size,
    )


def part(guest: Guest, message: wire.Fetch) -> wire.Message:
    """A part of a file that was made for the client."""
    path = guest.files.get(message.file)
    if path is None or message.offset < 0:
        return wire.Failed(n=message.n, message=_("There is no such file."))
    with path.open("rb") as stream:
        stream.seek(message.offset)
        return wire.Part(n=message.n, content=stream.read(PART))


def failed(message: wire.FromClient, text: str, hint: str = "", code: int = 2) -> wire.Message:
    """That a message could not be served, as an answer of its kind."""
    n = getattr(message, "n", 0)
    if isinstance(message, wire.Do):
        reply = api.Reply(ok=False, message=text, hint=hint, exit_code=code)
        return wire.Done(n=n, reply=reply, seq=0)
    return wire.Failed(n=n, message=text, hint=hint, exit_code=code)
