"""Entries as a reader gets them: names that the journal holds as pseudonyms are spelled out again.

The engine opens them for its guests, with its vault. What is folded for decisions and evidence is
the journal as it stands.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.fact import Fact

_TEXTS: dict[type[Fact], tuple[str, ...]] = {
    facts.DeliverySeen: ("delivery", "reason"),
    facts.StepStale: ("reason",),
    facts.CheckDone: ("name", "observed"),
    facts.CheckWaived: ("name",),
}
"""Facts with texts in which names may stand."""


def readable(entry: Entry, opened: Callable[[str], str]) -> Entry:
    """The entry with its names spelled out; ``opened`` is the vault's."""
    fields = _TEXTS.get(type(entry.fact))
    if fields is None:
        return entry
    texts = {name: getattr(entry.fact, name) for name in fields}
    spelled = {name: opened(text) for name, text in texts.items()}
    if spelled == texts:
        return entry
    return msgspec.structs.replace(entry, fact=msgspec.structs.replace(entry.fact, **spelled))
