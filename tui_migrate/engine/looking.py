"""Looking counts too: who was shown values of persons stands in the journal, with why. No value does.

A look is journalled before its answer leaves the engine, the same one of the same user once in ten
minutes. Pairs are the exception: see docs/decisions/0027-a-decision-says-who-saw-the-pair.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from tui_migrate.audit.person_facts import Looked
from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided, PairDecided
from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine.api import Look, Query
from tui_migrate.engine.core import Core, acting
from tui_migrate.engine.data_queries import ColumnPage, Columns, FindingPage, FindingRecords
from tui_migrate.engine.person_queries import ConsentEvents, ConsentFact, Hit, Person, Search
from tui_migrate.engine.review_queries import ClusterPage, ClusterStep
from tui_migrate.engine.seeing import HIDDEN
from tui_migrate.errors import ReasonNeeded
from tui_migrate.i18n import _

Record = tuple[str, str]

_FOUNDER = (
    "SELECT min(founder_source), min(founder_record) FROM profile WHERE profile_id = $profile"
)


def require_reason(core: Core, query: Query) -> None:
    """Raise ``ReasonNeeded`` for a look without a reason, where the runbook wants one."""
    if core.runbook.looking.reason != "required" or not isinstance(query, Look):
        return
    if not query.reason.strip():
        raise ReasonNeeded(
            _("Who looks at persons here has to say why."),
            _("With --reason WHY; the full-screen program asks once, and F2 changes it."),
        )


def note_look(core: Core, query: Query, shown: Any, reason: str = "") -> None:
    """Journal what somebody is about to be shown, in the name of who acts. ``shown``: the answer as he
    gets it: what is masked in it is not looked at."""
    noter = _NOTERS.get(type(query))
    if noter is not None and core.state.run:
        noter(core, query, shown, reason)
    flush(core)


def note_decision(core: Core, fact: object) -> None:
    """Who decides on records has seen them; his decision says so."""
    match fact:
        case PairDecided(record_a=a, record_b=b):
            records = [a, b]
        case ClusterDecided(records=records) | ClusterAnswered(records=records):
            pass
        case _:
            return
    with core.lock:
        core.looks.decided(core.identity, records)


def flush(core: Core, *, at_once: bool = False) -> None:
    """Journal the pairs that were looked at and left undecided."""
    with core.lock:
        for one in core.looks.left(at_once=at_once):
            with acting(one.who):
                _record(core, Looked(what="pair", records=list(one.records)), one.reason)


def _record(core: Core, fact: Looked, reason: str, told: str = "") -> None:
    """Journal ``fact`` with why, unless the same was journalled just now. ``told``: what was typed."""
    look = (core.identity.uid, reason, told, fact.what, fact.subject, fact.place, *fact.records)
    with core.lock:
        if not core.looks.is_new(look):
            return
        keep = core.vault.keep_words
        subject = keep(told) or fact.subject
        core.record(msgspec.structs.replace(fact, subject=subject, reason=keep(reason)))
        core.vouch_for_end()


def _names(core: Core, records: Iterable[Record]) -> list[str]:
    key = core.vault.workspace_key()
    return [pseudonym(key, *record) for record in dict.fromkeys(records)]


def _search(core: Core, query: Search, shown: tuple[Hit, ...], reason: str) -> None:
    asked = query.text.strip()
    if asked:
        hits = ((hit.source, hit.record_id) for hit in shown if hit.name != HIDDEN)
        _record(core, Looked(what="search", records=_names(core, hits)), reason, asked)


def note_person(core: Core, query: Query, reason: str) -> None:
    """Journal that somebody is about to look at a person: his history tells of this look too."""
    if not isinstance(query, Person) or not core.state.run:
        return
    if query.profile_id:
        record = _founder(core, query.profile_id)
    else:
        record = (query.source, query.record_id) if query.source else None
    if record is not None:
        _record(core, Looked(what="person", subject=_names(core, [record])[0]), reason)


def _consent(core: Core, query: ConsentEvents, shown: tuple[ConsentFact, ...], reason: str) -> None:
    record = _founder(core, query.profile_id) if shown else None
    if record is not None:
        _record(core, Looked(what="consent", subject=_names(core, [record])[0]), reason)


def _founder(core: Core, profile: str) -> Record | None:
    """The record by which the audit names a person: the founding one of a profile."""
    cursor = core.store.cursor()
    try:
        rows = cursor.execute(_FOUNDER, {"profile": profile}).fetchall()
    finally:
        cursor.close()
    source, record = rows[0]
    return (source, record) if source else None


def _findings(core: Core, query: FindingRecords, shown: FindingPage, reason: str) -> None:
    """The records of a page whose cells are shown; a line that could not be read belongs to none."""
    rows = [row for row in shown.rows if row.value not in (None, HIDDEN) or row.cleaned]
    names = _names(core, ((row.source, row.record_id) for row in rows if row.record_id))
    if rows:
        field = ".".join(part for part in (query.source, query.entity, query.field) if part)
        place = f"{query.rule} {field}".strip()
        _record(core, Looked(what="finding", records=names, place=place), reason)


def _columns(core: Core, query: Columns, shown: ColumnPage, reason: str) -> None:
    """Examples stem from anybody: the sources are named."""
    sources = {
        row.source for row in shown.rows if any(one not in ("", HIDDEN) for one in row.examples)
    }
    if sources:
        _record(core, Looked(what="examples", place=", ".join(sorted(sources))), reason)


def _cluster(core: Core, query: ClusterStep, shown: ClusterPage, reason: str) -> None:
    if shown.sheet is not None:
        _undecided(core, ((one.source, one.record_id) for one in shown.sheet.records), reason)


def _undecided(core: Core, records: Iterable[Record], reason: str) -> None:
    with core.lock:
        core.looks.show(core.identity, reason, _names(core, records))


_NOTERS: dict[type[Query], Callable[[Core, Any, Any, str], None]] = {
    Search: _search,
    ConsentEvents: _consent,
    FindingRecords: _findings,
    Columns: _columns,
    ClusterStep: _cluster,
}
