"""What a role may not see is masked here, by the engine, before an answer leaves it.

A role of some brands sees the values of persons that have to do with one of them: by the brand of a
child row (a subscription, a consent, an order…), or because a source delivers for that brand alone.
Of everybody else it sees that there is a record, and dots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from tui_migrate.engine import queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import Identity, Query
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import quote

HIDDEN = "•••••"
PERMISSION = ("consent", "stated", "silenced")
"""Events about a permission; their field is channel/brand/purpose."""
_Record = tuple[str, str]

# One row: a record that was asked about, and a brand that it has to do with.
_BRANDS = """
WITH asked AS (SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
SELECT DISTINCT a.source, a.record_id, e.brand FROM {table} e JOIN asked a ON {owner}
WHERE e.brand IS NOT NULL
"""


def brands_seen(runbook: Runbook, who: Identity, owner: int) -> frozenset[str] | None:
    """The brands whose persons he may see; ``None`` for all. The files of the engine's owner are his."""
    seen = {brand for role in who.roles for brand in runbook.roles[role].brands}
    return None if EVERY in seen or who.uid == owner else frozenset(seen)


@dataclass(frozen=True)
class Sight:
    """Masks answers for somebody who may see these ``brands`` only."""

    view: q.View
    brands: frozenset[str]

    def masked(self, query: Query, answer: Any) -> Any:
        """The answer as he may see it."""
        handler = _MASKS.get(type(query))
        return handler(self, query, answer) if handler is not None else answer

    @cached_property
    def _whole_sources(self) -> frozenset[str]:
        """Sources all of whose records are of a brand that he may see."""
        return frozenset(
            name
            for name, source in self.view.runbook.sources.items()
            if source.brands and set(source.brands) <= self.brands
        )

    def visible(self, records: Iterable[_Record]) -> set[_Record]:
        """Those of the records that have to do with one of the brands."""
        asked = sorted(set(records))
        found = {record for record in asked if record[0] in self._whole_sources}
        cursor = self.view.cursor()
        try:
            desk = Desk(self.view, cursor)
            where = {"sources": [s for s, _r in asked], "records": [r for _s, r in asked]}
            for name, columns in desk.entities().items():
                if "brand" not in columns:
                    continue
                for owner in _owners(columns):
                    sql = _BRANDS.format(table=quote("ent_" + name), owner=owner)
                    found |= {
                        (source, record)
                        for source, record, brand in desk.rows(sql, where)
                        if brand in self.brands
                    }
        finally:
            cursor.close()
        return found

    def _members(self, profiles: Iterable[str]) -> dict[str, list[_Record]]:
        """The source records of each profile."""
        cursor = self.view.cursor()
        try:
            rows = Desk(self.view, cursor).rows(
                "SELECT profile_id, source, record_id FROM crosswalk"
                " WHERE profile_id IN (SELECT unnest($ids::VARCHAR[]))",
                {"ids": sorted(set(profiles))},
            )
        finally:
            cursor.close()
        found: dict[str, list[_Record]] = {}
        for profile, source, record in rows:
            found.setdefault(profile, []).append((source, record))
        return found

    def sees_profile(self, profile: str, record: _Record) -> bool:
        """Whether one of the records of a profile (or this record) is visible."""
        members = self._members([profile]).get(profile, []) if profile else []
        return bool(self.visible([*members, record]))

    # One function a question

    def hits(self, query: q.Search, answer: tuple[q.Hit, ...]) -> tuple[q.Hit, ...]:
        """Of persons that he may not see, only those that he named by an id, without their values:
        a list of names that match a word would tell the word."""
        members = self._members(hit.profile_id for hit in answer if hit.profile_id)
        records = {
            hit: [*members.get(hit.profile_id, []), (hit.source, hit.record_id)] for hit in answer
        }
        seen = self.visible(record for each in records.values() for record in each)
        wanted = query.text.strip()
        shown = []
        for hit in answer:
            if seen & set(records[hit]):
                shown.append(hit)
            elif wanted in (hit.record_id, hit.profile_id):
                shown.append(msgspec.structs.replace(hit, name=HIDDEN, email=HIDDEN, town=HIDDEN))
        return tuple(shown)

    def sheet(self, query: q.Person, answer: q.PersonSheet) -> q.PersonSheet:
        """All of a person that he may see, but the permissions of his brands only."""
        record = (query.source, query.record_id)
        if self.sees_profile(answer.profile_id, record):
            consents = tuple(c for c in answer.consents if c.brand in self.brands)
            trail = tuple(e for e in answer.trail if self._of_brand(e))
            return msgspec.structs.replace(answer, consents=consents, trail=trail)
        return msgspec.structs.replace(
            answer,
            name=HIDDEN,
            values=tuple(msgspec.structs.replace(v, value=HIDDEN) for v in answer.values),
            consents=(),
            children={},
            trail=tuple(
                msgspec.structs.replace(
                    e,
                    before=e.before and HIDDEN,
                    after=e.after and HIDDEN,
                    note=e.note and HIDDEN,
                )
                for e in answer.trail
                if e.event not in PERMISSION
            ),
        )

    def _of_brand(self, event: q.TrailEvent) -> bool:
        """Whether an event is about no permission, or about one of his brands or of all."""
        if event.event not in PERMISSION:
            return True
        brand = event.field.partition("/")[2].rpartition("/")[0]
        return brand in self.brands or brand == EVERY

    def events(
        self, query: q.ConsentEvents, answer: tuple[q.ConsentFact, ...]
    ) -> tuple[q.ConsentFact, ...]:
        """The facts behind a permission of one of his brands."""
        return answer if query.brand in self.brands else ()

    def pair(self, query: q.PairDetail, answer: q.PairSheet) -> q.PairSheet:
        """Both sides when he may see both; else neither, for one betrays the other."""
        both = {(query.source_a, query.record_a), (query.source_b, query.record_b)}
        if self.visible(both) == both:
            return answer
        hidden = tuple(
            msgspec.structs.replace(f, left=f.left and HIDDEN, right=f.right and HIDDEN)
            for f in answer.fields
        )
        nothing = q.PairSide(permissions=(), children={})
        return msgspec.structs.replace(answer, fields=hidden, left=nothing, right=nothing)

    def findings(self, query: q.FindingRecords, answer: q.FindingPage) -> q.FindingPage:
        """Raw and cleaned values of visible records only."""
        seen = self.visible((row.source, row.record_id) for row in answer.rows)
        rows = tuple(
            row
            if (row.source, row.record_id) in seen
            else msgspec.structs.replace(
                row, value=row.value and HIDDEN, cleaned=row.cleaned and HIDDEN
            )
            for row in answer.rows
        )
        return msgspec.structs.replace(answer, rows=rows)

    def columns(self, query: q.Columns, answer: q.ColumnPage) -> q.ColumnPage:
        """Examples stem from anybody, so there are none, but of a source of his brands."""
        rows = tuple(
            row
            if row.source in self._whole_sources
            else msgspec.structs.replace(row, examples=tuple(HIDDEN for _one in row.examples))
            for row in answer.rows
        )
        return msgspec.structs.replace(answer, rows=rows)


def _owners(columns: dict[str, str]) -> list[str]:
    """How a row of an entity names the record that it belongs to."""
    own = ["e.source = a.source AND e.record_id = a.record_id"]
    if "owner_source" in columns:
        own.append("e.owner_source = a.source AND e.owner_record = a.record_id")
    return own


_MASKS: dict[type[Query], Callable[[Sight, Any, Any], Any]] = {
    q.Search: Sight.hits,
    q.Person: Sight.sheet,
    q.ConsentEvents: Sight.events,
    q.PairDetail: Sight.pair,
    q.FindingRecords: Sight.findings,
    q.Columns: Sight.columns,
}
