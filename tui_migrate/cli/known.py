"""The workspaces that this user works in: one path a line in a file of his own."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def _register_file() -> Path:
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "tui-migrate" / "workspaces"


def known_workspaces() -> list[Path]:
    """The workspaces that this user has opened and that are still there."""
    with suppress(OSError, RuntimeError, UnicodeDecodeError):
        paths = [Path(line) for line in _register_file().read_text().splitlines() if line]
        return [path for path in paths if (path / "runbook.yaml").exists()]
    return []


def remember_workspace(root: Path) -> None:
    """Note that this user works in a workspace. It is only a help: nothing fails for the lack of it."""
    here = str(root.resolve())
    if "\n" in here:
        return
    with suppress(OSError, RuntimeError, UnicodeDecodeError):
        file = _register_file()
        known = file.read_text().splitlines() if file.is_file() else []
        if here not in known:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with file.open("a") as stream:
                stream.write(here + "\n")
