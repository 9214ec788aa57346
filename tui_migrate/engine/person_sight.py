"""A person as somebody sees him who may not see all: by the records of his brands, on his channels.

A value is shown when a record that he may see has it too. What only other records say is dots, in the
values, in the name and in the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from tui_migrate.engine import person_queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.answers.people import name_of
from tui_migrate.engine.answers.values import canonical, cells_of, show
from tui_migrate.engine.answers.visible import Record, visible
from tui_migrate.engine.seeing import HIDDEN, Seen
from tui_migrate.runbook.base import EVERY

PERMISSION = ("consent", "stated", "silenced")
"""Events about a permission; their field is channel/brand/purpose."""
WITHOUT_VALUES = (
    *("read", "loaded", "merged", "decided", "looked", "exported", "deleted"),
    *("erased", "not_erased", "restricted", "lifted", "objected"),
)
"""Events that say what became of a record, and no value of it."""
BETWEEN = " · "


def masked_sheet(desk: Desk, query: q.Person, answer: q.PersonSheet) -> q.PersonSheet:
    """The sheet as the asker may see it."""
    records = {(one.source, one.record_id) for one in answer.records}
    seen_ones = visible(desk, records | {(query.source, query.record_id)}) & records
    mask = _Mask(desk.view.seen, seen_ones, whole=seen_ones == records, held=_held(desk, seen_ones))
    values = tuple(mask.value(one) for one in answer.values)
    name = name_of({one.field: one.value for one in values}) if seen_ones else HIDDEN
    rights = answer.rights
    if not mask.whole:
        rights = tuple(msgspec.structs.replace(one, reason=one.reason and HIDDEN) for one in rights)
    return msgspec.structs.replace(
        answer,
        name=name,
        values=values,
        consents=tuple(one for one in answer.consents if mask.permits(one.brand, one.channel))
        if seen_ones
        else (),
        trail=tuple(mask.event(one) for one in answer.trail if mask.concerns(one)),
        rights=rights,
    )


def _held(desk: Desk, records: set[Record]) -> dict[str, set[str]]:
    """Field → what these records have in it, as it is shown and as it is kept."""
    held: dict[str, set[str]] = {}
    for record in sorted(records):
        for field, cell in cells_of(desk, *record).items():
            for one in cell if isinstance(cell, list) else [cell]:
                if one is not None:
                    held.setdefault(field, set()).update((show(field, one), canonical(one)))
    return held


@dataclass(frozen=True)
class _Mask:
    """``visible``: the records of the person that may be seen; ``whole``: all of them. ``held``: what
    they have in each field."""

    seen: Seen
    visible: set[Record]
    whole: bool
    held: Mapping[str, set[str]]

    def value(self, one: q.Value) -> q.Value:
        """A value, or of several those that may be seen."""
        if not self.seen.point(one.field):
            return msgspec.structs.replace(one, value=HIDDEN)
        if self.whole:
            return one
        return msgspec.structs.replace(one, value=self._known(one.field, one.value))

    def _known(self, field: str, value: str) -> str:
        held = self.held.get(field, set())
        if value in held:
            return value
        parts = [part if part in held else HIDDEN for part in value.split(BETWEEN)]
        return BETWEEN.join(dict.fromkeys(parts))

    def permits(self, brand: str, channel: str) -> bool:
        """Whether a permission is of one of his brands and channels."""
        return self.seen.brand(brand) and self.seen.channel(channel)

    def concerns(self, event: q.TrailEvent) -> bool:
        """Whether an event is about no permission, or about one of his brands and channels or of all."""
        if event.event not in PERMISSION:
            return True
        channel, brand = _permission(event)
        return (
            bool(self.visible)
            and (brand == EVERY or self.seen.brand(brand))
            and (channel == EVERY or self.seen.channel(channel))
        )

    def event(self, event: q.TrailEvent) -> q.TrailEvent:
        """An event with the values in it that may be seen. Of others it says that it happened."""
        if not self.seen.point(event.field):
            return _veiled(event)
        if self.whole or event.event in WITHOUT_VALUES:
            return event
        if event.event in PERMISSION and _permission(event)[1] != EVERY:
            return event
        if event.event == "survived":
            return msgspec.structs.replace(
                event,
                before=event.before and self._known(event.field, event.before),
                after=event.after and self._known(event.field, event.after),
            )
        asked = [(event.source, event.record_id)]
        if event.other_source:
            asked.append((event.other_source, event.other_record))
        return event if self.visible.issuperset(asked) else _veiled(event)


def _permission(event: q.TrailEvent) -> tuple[str, str]:
    """Channel and brand of an event about a permission."""
    channel, _slash, rest = event.field.partition("/")
    return channel, rest.rpartition("/")[0]


def _veiled(event: q.TrailEvent) -> q.TrailEvent:
    """An event without the values in it."""
    return msgspec.structs.replace(
        event,
        before=event.before and HIDDEN,
        after=event.after and HIDDEN,
        note=event.note and HIDDEN,
    )
