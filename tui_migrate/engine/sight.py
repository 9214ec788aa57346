"""What a role may not see is masked here, by the engine, before an answer leaves it.

A role of some brands sees the values of records that have to do with one of them: by the brand of a
child row (a subscription, a consent, an order…), or because a source delivers for that brand alone. Of
all others it sees that there is a record, and dots; so of a profile of several records what those that
it may see say. A role of some channels sees the permissions on these and the contact points by which
they reach somebody; the other ones are dots. A search looks through no more than that (see
``answers.searching``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from tui_migrate.audit import person_facts
from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided
from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.answers.visible import visible, whole_sources
from tui_migrate.engine.api import Query
from tui_migrate.engine.data_queries import (
    ColumnPage,
    Columns,
    ColumnUse,
    FindingPage,
    FindingRecords,
)
from tui_migrate.engine.person_queries import ConsentEvents, ConsentFact, Person, PersonSheet
from tui_migrate.engine.person_sight import masked_sheet
from tui_migrate.engine.queries import Said, View
from tui_migrate.engine.seeing import HIDDEN, Seen
from tui_migrate.runbook.base import EVERY

ABOUT_PERSONS = (
    person_facts.Looked,
    person_facts.ErasureAsked,
    person_facts.ErasureRefused,
    person_facts.Restricted,
    person_facts.RestrictionLifted,
    person_facts.Objected,
    ClusterAnswered,
    ClusterDecided,
)
"""Facts with words that may name persons, of whatever brand."""
_Record = tuple[str, str]


@dataclass(frozen=True)
class Sight:
    """Masks answers for somebody who may not see all."""

    view: View
    seen: Seen

    def masked(self, query: Query, answer: Any) -> Any:
        """The answer as he may see it."""
        handler = _MASKS.get(type(query))
        return handler(self, query, answer) if handler is not None else answer

    def visible(self, records: Iterable[_Record]) -> set[_Record]:
        """Those of the records that have to do with one of the brands."""
        cursor = self.view.cursor()
        try:
            return visible(Desk(self.view, cursor), records)
        finally:
            cursor.close()

    # One function a question

    def sheet(self, query: Person, answer: PersonSheet) -> PersonSheet:
        """Of a person what he may see, record by record."""
        cursor = self.view.cursor()
        try:
            return masked_sheet(Desk(self.view, cursor), query, answer)
        finally:
            cursor.close()

    def events(
        self, query: ConsentEvents, answer: tuple[ConsentFact, ...]
    ) -> tuple[ConsentFact, ...]:
        """The facts behind a permission of one of his brands and channels. What was said for all brands
        by a record that he may not see stands there without its evidence."""
        if not (self.seen.brand(query.brand) and self.seen.channel(query.channel)):
            return ()
        seen = self.visible((fact.source, fact.record_id) for fact in answer)
        return tuple(
            fact
            if fact.brand not in ("", EVERY) or (fact.source, fact.record_id) in seen
            else msgspec.structs.replace(
                fact,
                evidence=fact.evidence and HIDDEN,
                campaign=fact.campaign and HIDDEN,
            )
            for fact in answer
        )

    def cluster(self, query: r.ClusterStep, answer: r.ClusterPage) -> r.ClusterPage:
        """A cluster that he may see as a whole, without contact points and permissions of channels
        that he may not see."""
        if answer.sheet is None:
            return answer
        fields = tuple(
            one
            if self.seen.point(one.field)
            else msgspec.structs.replace(one, values=tuple(v and HIDDEN for v in one.values))
            for one in answer.sheet.fields
        )
        records = tuple(
            msgspec.structs.replace(
                one, permissions=tuple(p for p in one.permissions if self._sees(p))
            )
            for one in answer.sheet.records
        )
        sheet = msgspec.structs.replace(answer.sheet, fields=fields, records=records)
        return msgspec.structs.replace(answer, sheet=sheet)

    def _sees(self, one: r.ClusterPermission) -> bool:
        return (one.brand in ("", EVERY) or self.seen.brand(one.brand)) and (
            one.channel in ("", EVERY) or self.seen.channel(one.channel)
        )

    def said(self, query: Said, answer: dict[str, str]) -> dict[str, str]:
        """What people typed, but not whom they looked for and why somebody was erased: that names
        persons of any brand."""
        hidden = {
            reference
            for entry in self.view.journal_entries()
            if isinstance(entry.fact, ABOUT_PERSONS)
            for reference in (
                getattr(entry.fact, name, "") for name in ("subject", "reason", "note")
            )
        }
        hidden |= {
            opened.note
            for entry in self.view.journal_entries()
            if isinstance(entry.fact, ClusterDecided)
            for opened in entry.fact.opens
        }
        return {
            reference: words and HIDDEN if reference in hidden else words
            for reference, words in answer.items()
        }

    def findings(self, query: FindingRecords, answer: FindingPage) -> FindingPage:
        """Raw and cleaned values of visible records only."""
        seen = self.visible((row.source, row.record_id) for row in answer.rows)
        rows = tuple(
            row
            if (row.source, row.record_id) in seen and self.seen.point(row.field)
            else msgspec.structs.replace(
                row, value=row.value and HIDDEN, cleaned=row.cleaned and HIDDEN
            )
            for row in answer.rows
        )
        return msgspec.structs.replace(answer, rows=rows)

    def columns(self, query: Columns, answer: ColumnPage) -> ColumnPage:
        """Examples stem from anybody, so there are none, but of a source of his brands."""
        rows = tuple(
            row
            if self._shows_examples(row)
            else msgspec.structs.replace(row, examples=tuple(HIDDEN for _one in row.examples))
            for row in answer.rows
        )
        return msgspec.structs.replace(answer, rows=rows)

    def _shows_examples(self, row: ColumnUse) -> bool:
        """Cells are shown to who sees all channels only: any column may hold an address."""
        if self.seen.channels is not None:
            return False
        return self.seen.brands is None or row.source in self._whole_sources()

    def _whole_sources(self) -> frozenset[str]:
        cursor = self.view.cursor()
        try:
            return whole_sources(Desk(self.view, cursor))
        finally:
            cursor.close()


_MASKS: dict[type[Query], Callable[[Sight, Any, Any], Any]] = {
    Person: Sight.sheet,
    ConsentEvents: Sight.events,
    r.ClusterStep: Sight.cluster,
    FindingRecords: Sight.findings,
    Said: Sight.said,
    Columns: Sight.columns,
}
