"""The fold of facts about the rights of persons and about purge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.state import RunState


def _asked(state: RunState, entry: Entry, fact: person_facts.ErasureAsked) -> None:
    state.erasures.append(entry)
    state.erasing = entry


def _rewritten(state: RunState, entry: Entry, fact: person_facts.DeliveryRewritten) -> None:
    state.rewritten.append(fact)


def _done(state: RunState, entry: Entry, fact: person_facts.ErasureDone) -> None:
    state.erasing = None
    state.erased[fact.profile] = (entry, fact)


def _right(state: RunState, entry: Entry, fact: object) -> None:
    state.rights.append(entry)


def _purged(state: RunState, entry: Entry, fact: facts.Purged) -> None:
    state.purges.append((entry, fact))


HANDLERS: dict[type, Callable[[RunState, Entry, Any], None]] = {
    person_facts.ErasureAsked: _asked,
    person_facts.DeliveryRewritten: _rewritten,
    person_facts.ErasureDone: _done,
    person_facts.Restricted: _right,
    person_facts.RestrictionLifted: _right,
    person_facts.Objected: _right,
    facts.Purged: _purged,
}
