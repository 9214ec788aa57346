"""The audit folder for who may not read its files: verified by the engine, and the journal's lines."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path

from tui_migrate.engine import audit_queries as a
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.workspace import Workspace
from tui_migrate.files import TEMPORARY

SIGNERS = "allowed_signers"
"""What the file is called that came with the question."""
MOST = 1 << 20
"""Bytes of one part of the journal, but for a longer line."""


def verification(desk: Desk, query: a.Verification) -> a.Verified:
    """What verification finds, of the files as they are now."""
    from tui_migrate.audit.verify import verify

    here = Workspace(desk.view.workspace)
    with tempfile.NamedTemporaryFile(prefix=TEMPORARY, dir=here.run) as file:
        file.write(query.signers.encode())
        file.flush()
        signers = Path(file.name) if query.signers else None
        verdict = dataclasses.asdict(verify(here.audit, query.expect, signers))
    lists = {
        name: tuple(text.replace(file.name, SIGNERS) for text in verdict[name])
        for name in ("problems", "notes")
    }
    return a.Verified(**{**verdict, **lists})


def journal_text(desk: Desk, query: a.JournalText) -> a.JournalPart:
    """The next whole lines."""
    path, start = Workspace(desk.view.workspace).journal, max(query.offset, 0)
    if not path.exists():
        return a.JournalPart(text="", next=start)
    with path.open("rb") as stream:
        stream.seek(start)
        content = stream.read(MOST)
        if b"\n" not in content:
            content += stream.readline()
    content = content[: content.rfind(b"\n") + 1]
    return a.JournalPart(text=content.decode(), next=start + len(content))
