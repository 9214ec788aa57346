"""Looking counts too: who searched for persons or looked at one stands in the journal."""

from __future__ import annotations

import time

from tui_migrate.audit.entries import Looked
from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine import queries as q
from tui_migrate.engine.api import Query
from tui_migrate.engine.core import Core

AGAIN = 600.0
"""Seconds within which the same look of the same user is not journalled again: a screen asks anew
whenever the run goes on."""

_FOUNDER = (
    "SELECT min(founder_source), min(founder_record) FROM profile WHERE profile_id = $profile"
)


def note_look(core: Core, query: Query, reason: str = "") -> None:
    """Journal a look at personal data, in the name of who acts. A look with a ``reason`` is journalled
    each time."""
    if not isinstance(query, q.Search | q.Person) or not core.state.run:
        return
    if isinstance(query, q.Search):
        asked = query.text.strip()
        if asked and _is_new(core, asked):
            core.record(Looked(what="search", subject=core.vault.keep_words(asked)))
            core.vouch_for_end()
        return
    record = _record(core, query)
    if record is not None and (_is_new(core, "/".join(record)) or reason):
        name = pseudonym(core.vault.workspace_key(), *record)
        why = core.vault.keep_words(reason) if reason else ""
        core.record(Looked(what="person", subject=name, reason=why))
        core.vouch_for_end()


def _record(core: Core, query: q.Person) -> tuple[str, str] | None:
    """The record by which the audit names a person: the founding one of a profile."""
    if not query.profile_id:
        return (query.source, query.record_id) if query.source else None
    cursor = core.store.cursor()
    try:
        rows = cursor.execute(_FOUNDER, {"profile": query.profile_id}).fetchall()
    finally:
        cursor.close()
    source, record = rows[0]
    return (source, record) if source else None


def _is_new(core: Core, subject: str) -> bool:
    with core.lock:
        now, key = time.monotonic(), (core.identity.uid, subject)
        if now - core.looks.get(key, -AGAIN) < AGAIN:
            return False
        core.looks[key] = now
        return True
