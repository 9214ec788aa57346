"""Unix sockets under any path: one that is too long for the kernel is reached through its folder."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_migrate.files import TEMPORARY

LONGEST = 107
"""Bytes of a socket's path that the kernel takes."""
FOR_ALL = 0o666
"""Anybody may knock: who it is says the kernel, whether he may come in decides the engine."""
BACKLOG = 64


@contextmanager
def _reachable(path: Path) -> Iterator[str]:
    """A name for ``path`` that is short enough, valid within the block."""
    if len(os.fsencode(path)) <= LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A socket that listens under ``path`` from the moment in which that name appears; gone after
    the block. Whoever calls holds the lock of the workspace, so a socket found there is stale."""
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    fresh = path.with_name(f"{TEMPORARY}{path.name}")
    for old in (fresh, path):
        old.unlink(missing_ok=True)
    try:
        with _reachable(fresh) as name:
            door.bind(name)
        fresh.chmod(FOR_ALL)
        door.listen(BACKLOG)
        door.setblocking(False)
        fresh.rename(path)
        yield door
    finally:
        path.unlink(missing_ok=True)
        door.close()


def connected(path: Path) -> socket.socket | None:
    """A connection to whoever listens under ``path``; ``None`` when nobody does."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        with _reachable(path) as name:
            line.connect(name)
    except OSError:
        line.close()
        return None
    return line
