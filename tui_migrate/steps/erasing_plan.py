"""The plan of an erasure: what belongs to one person, and how far it has come.

It is made before anything is touched and kept until all is done, so that a process that dies finds
its way again.
"""

from __future__ import annotations

import msgspec

from tui_migrate.staging.erasing import Leaving
from tui_migrate.steps.erasing_kept import Staying


class FileLines(msgspec.Struct, kw_only=True):
    """One delivered file: the lines to erase, and of others the cells (line → columns)."""

    source: str
    delivery: str
    file: str
    path: str
    sha256: str
    lines: list[int]
    cells: dict[str, list[str]]


class Plan(msgspec.Struct, kw_only=True):
    """One erasure: what belongs to the person, and how far it has come."""

    command: str
    profile_id: str
    founder: str
    records: list[tuple[str, str]]
    pseudonyms: list[str]
    points: list[tuple[str, str]]
    stones: list[str]
    loose: list[str] = []
    """Keys as they may come again in other letters."""
    words: list[str]
    """Values that are his alone, as they stand in cells: at least five characters, no day."""
    files: list[FileLines]
    kept: Staying = msgspec.field(default_factory=Staying)
    """Opt-outs of addresses that others have."""
    done: list[str] = []
    counts: dict[str, int] = {}
    left: list[str] = []
    """What could not be searched, or has to be done elsewhere, in words."""
    target: str = ""
    staging: str = ""

    def leaving(self) -> Leaving:
        """Who leaves staging, as copying it without him is told."""
        files = self.files
        return Leaving(
            self.profile_id,
            self.records,
            [(f.source, f.delivery, f.file, line) for f in files for line in f.lines],
            [
                (f.source, f.delivery, f.file, int(line), names)
                for f in files
                for line, names in f.cells.items()
            ],
            self.words,
            [(k.source, k.record_id, k.point, k.id) for k in self.kept.records],
            [
                (
                    e.record_key,
                    *e.was,
                    e.profile_id,
                    e.source_system,
                    e.record_id,
                    e.reason,
                    e.event_at,
                )
                for e in self.kept.entries
            ],
        )
