"""The audit of a workspace whose files one may not read: its engine reads them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from tui_migrate.cli.common import say
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.audit_queries import Verified
    from tui_migrate.engine.remote import RemoteClient


def _engine_of(root: Path) -> RemoteClient:
    """A client of the engine that runs there; ``EnvironmentProblem`` says whose it is when none does."""
    from tui_migrate.engine.attach import attach
    from tui_migrate.engine.workspace import Workspace

    client = attach(root)
    if client is None:
        raise Workspace(root.resolve()).not_yours()
    return client


def verified_by_engine(root: Path, expect: str, signers: Path | None) -> Verified:
    """What the engine finds when it verifies its own audit folder."""
    from tui_migrate.engine.audit_queries import Verification
    from tui_migrate.engine.workspace import Workspace

    text = signers.read_text(encoding="utf-8") if signers is not None else ""
    with closing(_engine_of(root)) as client:
        found: Verified = client.ask(Verification(expect=expect, signers=text))
    say(
        _(
            "The engine of {} looked: the files are his. To rely on nobody, verify a copy of them."
        ).format(Workspace(root.resolve()).owner)
    )
    return found


def journal_of_engine(root: Path) -> Iterator[str]:
    """The lines of the journal as they are, part by part."""
    from tui_migrate.engine.audit_queries import JournalPart, JournalText

    with closing(_engine_of(root)) as client:
        offset = 0
        while True:
            part: JournalPart = client.ask(JournalText(offset=offset))
            if not part.text:
                return
            yield part.text
            offset = part.next
