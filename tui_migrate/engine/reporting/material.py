"""What a report is made of. A copied audit folder is enough; a vault beside it adds what people typed."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TypeVar

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.fact import Fact
from tui_migrate.audit.journal import now
from tui_migrate.audit.seals import Seal, read_seals
from tui_migrate.audit.vault import Vault
from tui_migrate.engine.data_queries import SourceFates
from tui_migrate.engine.run import RunState, fold
from tui_migrate.engine.sentences import Words, stamp
from tui_migrate.files import RUNBOOK_FILE
from tui_migrate.report.document import Mark
from tui_migrate.runbook.load import Loaded, load_runbook
from tui_migrate.runbook.models import Runbook

F = TypeVar("F", bound=Fact)

_NAME = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


def nothing(_reference: str) -> str:
    """The words of a vault that is not there."""
    return ""


@dataclass(slots=True)
class Material:
    """A run, ready to be reported. ``entries`` are as the journal holds them: names are pseudonyms.

    ``words`` opens what people typed; ``readable`` says whether there is a vault at all. ``fates``
    are rows per source, for which staging is needed; empty without it.
    """

    entries: Sequence[Entry]
    state: RunState
    config: Loaded | None
    seals: Sequence[Seal]
    words: Words = nothing
    readable: bool = False
    fates: tuple[SourceFates, ...] = ()
    at: str = field(default_factory=now)

    @property
    def runbook(self) -> Runbook | None:
        """The runbook as the audit keeps it; ``None`` where this program cannot read it."""
        return self.config.runbook if self.config is not None else None

    def of(self, kind: type[F]) -> list[tuple[Entry, F]]:
        """All entries with facts of one kind."""
        return [(e, e.fact) for e in self.entries if isinstance(e.fact, kind)]

    def when(self, at: str) -> str:
        """A moment in the run's zone, to the minute."""
        return stamp(at, self.state.zone)

    def moment(self, at: str) -> Mark:
        """The same, for a cell of a table."""
        return Mark(self.when(at), "time")

    def said(self, reference: str) -> str | Mark:
        """What a person typed behind a commitment; without the vault, that it is not readable here."""
        if not reference:
            return ""
        return self.words(reference) or Mark(f"‹{reference[:12]}…›", "quiet")


def named(text: str) -> str:
    """A text of the journal for a reader: its long pseudonyms of names shortened."""
    return _NAME.sub(lambda found: f"‹{found[0][:12]}…›", text)


def material_of(
    audit: Path,
    vault: Path | None,
    entries: Sequence[Entry],
    fates: tuple[SourceFates, ...] = (),
) -> Material:
    """From the entries of an audit folder, and the vault where there is one."""
    state = fold(entries)
    readable = vault is not None and vault.is_dir()
    return Material(
        entries=entries,
        state=state,
        config=kept_config(audit / "objects", state.objects),
        seals=_seals(audit / "seals.jsonl"),
        words=Vault(vault).words if vault is not None and readable else nothing,
        readable=readable,
        fates=fates,
    )


def _seals(path: Path) -> list[Seal]:
    """The seals up to the first that is damaged (``audit verify`` says which)."""
    found: list[Seal] = []
    try:
        for seal in read_seals(path):
            found.append(seal)
    except ValueError:
        pass
    return found


def kept_config(objects: Path, names: Mapping[str, str]) -> Loaded | None:
    """Runbook and mappings as the audit folder keeps them by their hashes, read as a workspace is.

    ``None`` when the runbook itself is not among them.
    """
    if RUNBOOK_FILE not in names:
        return None
    with tempfile.TemporaryDirectory(prefix="tui-migrate-") as folder:
        for name, sha256 in names.items():
            path = PurePosixPath(name)
            source = objects / sha256
            if path.is_absolute() or ".." in path.parts or not re.fullmatch(r"\w+", sha256):
                continue
            if source.is_file():
                place = Path(folder, path)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(source.read_bytes())
        return load_runbook(Path(folder))
