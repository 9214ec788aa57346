"""Completing the path of a file that a person types."""

from __future__ import annotations

import os
from pathlib import Path

from textual.suggester import Suggester

from tui_migrate.tui.safe import safe

EVIDENCE = "evidence/"


class Paths(Suggester):
    """Suggests the first entry that fits: from where the program was started, else from ``base``."""

    def __init__(self, base: Path) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._base = base

    async def get_suggestion(self, value: str) -> str | None:
        """``value`` with the rest of the name behind it, folders with a slash; or ``None``."""
        return self.complete(value)

    def complete(self, value: str) -> str | None:
        """The same, at once. A name that could deceive on a screen is not suggested; where nothing is
        typed, nothing but the workspace's own folder for evidence."""
        if not value:
            return EVIDENCE if (self._base / EVIDENCE).is_dir() else None
        folder, slash, begun = value.rpartition("/")
        folder += slash
        for base in (Path(), self._base):
            name = _first(base / Path(folder).expanduser(), begun)
            if name and safe(name) == name:
                return folder + name
        return None


def _first(folder: Path, begun: str) -> str:
    """The first name in ``folder`` that begins with ``begun``; hidden ones only when asked for."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(
                entry.name + ("/" if entry.is_dir() else "")
                for entry in entries
                if entry.name.startswith(begun) and (begun or not entry.name.startswith("."))
            )
    except OSError:
        return ""
    return names[0] if names else ""
