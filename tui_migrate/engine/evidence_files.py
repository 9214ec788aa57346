"""Evidence files travel in a message: the engine cannot read the files of every client."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tui_migrate.engine.api import Answer
from tui_migrate.engine.wire import MOST
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import TEMPORARY
from tui_migrate.i18n import _

LARGEST = MOST * 3 // 4 - (1 << 16)
"""Bytes of an evidence file (it grows by a third on its way, and has company)."""


def read_evidence(path: Path) -> bytes:
    """The content of an evidence file. ``EnvironmentProblem`` when it cannot be read or is too large."""
    try:
        if path.stat().st_size > LARGEST:
            raise EnvironmentProblem(
                _("{} is too large for an evidence file: at most {} MB.").format(
                    path, LARGEST // 1_000_000
                ),
                _("Keep it elsewhere, and give its SHA-256 and place in a text file."),
            )
        return path.read_bytes()
    except OSError as error:
        raise EnvironmentProblem(
            _("The evidence file {} cannot be read: {}").format(path, error.strerror)
        ) from error


@contextmanager
def received(folder: Path, command: Answer, content: bytes) -> Iterator[Answer]:
    """The command with its file in the hands of the engine, for the time of the block."""
    if not command.file:
        yield command
        return
    with tempfile.TemporaryDirectory(prefix=TEMPORARY, dir=folder) as place:
        path = Path(place) / (Path(command.file).name or "evidence")
        path.write_bytes(content)
        yield msgspec.structs.replace(command, file=str(path))
