"""What a role may not see is masked here, by the engine, before an answer leaves it.

A role of some brands sees the values of persons that have to do with one of them: by the brand of a
child row (a subscription, a consent, an order…), or because a source delivers for that brand alone.
Of everybody else it sees that there is a record, and dots. A role of some channels sees the permissions
on these and the contact points by which they reach somebody; the other ones are dots.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.engine import queries as q
from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import Identity, Query
from tui_migrate.runbook.base import EVERY
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import quote

HIDDEN = "•••••"
PERMISSION = ("consent", "stated", "silenced")
"""Events about a permission; their field is channel/brand/purpose."""
POINTS = {
    "email": ("email",),
    "phone": ("phone", "sms"),
    "street": ("post",),
    "house_number": ("post",),
    "house_addition": ("post",),
    "postcode": ("post",),
}
"""Field → the channels that reach somebody by it."""
ABOUT_PERSONS = (
    facts.Looked,
    facts.ErasureAsked,
    facts.ErasureRefused,
    facts.Restricted,
    facts.RestrictionLifted,
    facts.Objected,
)
"""Facts with words that name persons, of whatever brand."""
_Record = tuple[str, str]

# One row: a record that was asked about, and a brand that it has to do with.
_BRANDS = """
WITH asked AS (SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
SELECT DISTINCT a.source, a.record_id, e.brand FROM {table} e JOIN asked a ON {owner}
WHERE e.brand IS NOT NULL
"""


@dataclass(frozen=True)
class Seen:
    """The brands and channels that somebody may see; ``None`` for all."""

    brands: frozenset[str] | None = None
    channels: frozenset[str] | None = None

    @property
    def all(self) -> bool:
        """Whether nothing is hidden from him."""
        return self.brands is None and self.channels is None

    def brand(self, name: str) -> bool:
        """Whether this brand, or what concerns all of them, may be seen."""
        return self.brands is None or name in self.brands

    def channel(self, name: str) -> bool:
        """As ``brand``, of a channel."""
        return self.channels is None or name in self.channels

    def point(self, field: str) -> bool:
        """Whether the values of a field may be seen: by some channel that uses them, if one does."""
        channels = POINTS.get(field, ())
        return not channels or any(self.channel(channel) for channel in channels)


def seen_by(runbook: Runbook, who: Identity, owner: int) -> Seen:
    """What somebody may see. The files of the engine's owner are his."""
    roles = [runbook.roles[role] for role in who.roles]
    if who.uid == owner:
        return Seen()
    brands = frozenset(brand for role in roles for brand in role.brands)
    channels = frozenset(channel for role in roles for channel in role.channels)
    return Seen(None if EVERY in brands else brands, None if EVERY in channels else channels)


@dataclass(frozen=True)
class Sight:
    """Masks answers for somebody who may not see all."""

    view: q.View
    seen: Seen

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
            if source.brands and all(self.seen.brand(brand) for brand in source.brands)
        )

    def visible(self, records: Iterable[_Record]) -> set[_Record]:
        """Those of the records that have to do with one of the brands."""
        asked = sorted(set(records))
        if self.seen.brands is None:
            return set(asked)
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
                        if self.seen.brand(brand)
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
                kept = hit.email if self.seen.point("email") else hit.email and HIDDEN
                shown.append(msgspec.structs.replace(hit, email=kept))
            elif wanted in (hit.record_id, hit.profile_id):
                shown.append(msgspec.structs.replace(hit, name=HIDDEN, email=HIDDEN, town=HIDDEN))
        return tuple(shown)

    def sheet(self, query: q.Person, answer: q.PersonSheet) -> q.PersonSheet:
        """All of a person that he may see, but the permissions of his brands and channels only, and no
        contact points of other channels."""
        record = (query.source, query.record_id)
        if self.sees_profile(answer.profile_id, record):
            consents = (
                c
                for c in answer.consents
                if self.seen.brand(c.brand) and self.seen.channel(c.channel)
            )
            return msgspec.structs.replace(
                answer,
                values=tuple(
                    v if self.seen.point(v.field) else msgspec.structs.replace(v, value=HIDDEN)
                    for v in answer.values
                ),
                consents=tuple(consents),
                trail=tuple(self._event(e) for e in answer.trail if self._concerns(e)),
            )
        return msgspec.structs.replace(
            answer,
            name=HIDDEN,
            values=tuple(msgspec.structs.replace(v, value=HIDDEN) for v in answer.values),
            consents=(),
            children={},
            trail=tuple(_veiled(e) for e in answer.trail if e.event not in PERMISSION),
        )

    def _concerns(self, event: q.TrailEvent) -> bool:
        """Whether an event is about no permission, or about one of his brands and channels or of all."""
        if event.event not in PERMISSION:
            return True
        channel, _slash, rest = event.field.partition("/")
        brand = rest.rpartition("/")[0]
        return (brand == EVERY or self.seen.brand(brand)) and (
            channel == EVERY or self.seen.channel(channel)
        )

    def _event(self, event: q.TrailEvent) -> q.TrailEvent:
        """An event about a contact point that he may not see says that it happened, and no value."""
        return event if self.seen.point(event.field) else _veiled(event)

    def events(
        self, query: q.ConsentEvents, answer: tuple[q.ConsentFact, ...]
    ) -> tuple[q.ConsentFact, ...]:
        """The facts behind a permission of one of his brands and channels."""
        return answer if self.seen.brand(query.brand) and self.seen.channel(query.channel) else ()

    def pair(self, query: q.PairDetail, answer: q.PairSheet) -> q.PairSheet:
        """Both sides when he may see both; else neither, for one betrays the other."""
        both = {(query.source_a, query.record_a), (query.source_b, query.record_b)}
        if self.visible(both) == both:
            return msgspec.structs.replace(
                answer,
                fields=tuple(f if self.seen.point(f.field) else _dots(f) for f in answer.fields),
                left=self._side(answer.left),
                right=self._side(answer.right),
            )
        hidden = tuple(_dots(field) for field in answer.fields)
        nothing = q.PairSide(permissions=(), children={})
        return msgspec.structs.replace(answer, fields=hidden, left=nothing, right=nothing)

    def _side(self, side: q.PairSide) -> q.PairSide:
        """One side of a pair, with the permissions of his brands and channels, or of all, only."""
        kept = tuple(
            one
            for one in side.permissions
            if (one.brand in ("", EVERY) or self.seen.brand(one.brand))
            and (one.channel in ("", EVERY) or self.seen.channel(one.channel))
        )
        return msgspec.structs.replace(side, permissions=kept)

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

    def said(self, query: q.Said, answer: dict[str, str]) -> dict[str, str]:
        """What people typed, but not whom they looked for and why somebody was erased: that names
        persons of any brand."""
        hidden = {
            reference
            for entry in self.view.journal_entries()
            if isinstance(entry.fact, ABOUT_PERSONS)
            for reference in (getattr(entry.fact, "subject", ""), getattr(entry.fact, "reason", ""))
        }
        return {
            reference: words and HIDDEN if reference in hidden else words
            for reference, words in answer.items()
        }

    def findings(self, query: q.FindingRecords, answer: q.FindingPage) -> q.FindingPage:
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

    def columns(self, query: q.Columns, answer: q.ColumnPage) -> q.ColumnPage:
        """Examples stem from anybody, so there are none, but of a source of his brands."""
        rows = tuple(
            row
            if self._shows_examples(row)
            else msgspec.structs.replace(row, examples=tuple(HIDDEN for _one in row.examples))
            for row in answer.rows
        )
        return msgspec.structs.replace(answer, rows=rows)

    def _shows_examples(self, row: q.ColumnUse) -> bool:
        """Cells are shown to who sees all channels only: any column may hold an address."""
        if self.seen.channels is not None:
            return False
        return self.seen.brands is None or row.source in self._whole_sources


def _veiled(event: q.TrailEvent) -> q.TrailEvent:
    """An event without the values in it."""
    return msgspec.structs.replace(
        event,
        before=event.before and HIDDEN,
        after=event.after and HIDDEN,
        note=event.note and HIDDEN,
    )


def _dots(field: q.PairField) -> q.PairField:
    """A field of a pair without its values."""
    return msgspec.structs.replace(field, left=field.left and HIDDEN, right=field.right and HIDDEN)


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
    r.ClusterStep: Sight.cluster,
    q.FindingRecords: Sight.findings,
    q.Said: Sight.said,
    q.Columns: Sight.columns,
}
