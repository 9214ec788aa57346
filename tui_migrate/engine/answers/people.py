"""Looking a person up: values with their sources, consents, records and the trail."""

from __future__ import annotations

from tui_migrate.engine import person_queries as q
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.answers.history import history, standing
from tui_migrate.engine.answers.values import show, shown_fields
from tui_migrate.engine.answers.visible import of_seen_brands, visible
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import quote

_RECORDS_OF = """
SELECT source, record_id, role, rule FROM crosswalk WHERE profile_id = $profile
ORDER BY role <> 'founder', source, record_id
"""

_PROFILES_WITH = """
SELECT DISTINCT profile_id FROM crosswalk
WHERE source = $source AND record_id = $record OR record_id = $id ORDER BY 1 LIMIT 2
"""

# Where an id leads that the target has had and that is no profile now.
_LEADS_TO = """
SELECT into_profile FROM redirect WHERE profile_id = $id AND into_profile IS NOT NULL
"""

_CHOSEN = "SELECT field, source, record_id, rule FROM profile_value WHERE profile_id = $profile"

_CONSENTS = """
SELECT brand, channel, purpose, status, evidence_at, source, rule FROM consent_state
WHERE profile_id = $profile ORDER BY brand, channel, purpose
"""

# One row is a consent event or a suppression that can bear on one state.
_FACTS = """
SELECT 'event', event_at, state, brand, source, record_id, delivery, file, line, evidence, campaign
FROM consent_event
WHERE profile_id = $profile AND channel = $channel
  AND coalesce(purpose, $purpose) = $purpose AND coalesce(brand, '*') IN ($brand, '', '*')
UNION ALL
SELECT 'suppression', event_at, reason, brand, source, record_id, delivery, file, line, evidence, ''
FROM suppression
WHERE profile_id = $profile AND coalesce(channel, $channel) IN ($channel, '', '*')
  AND coalesce(brand, '*') IN ($brand, '', '*')
ORDER BY 2 NULLS FIRST, 1, 5, 6, 9
"""


def resolved(desk: Desk, query: q.Person) -> q.Person:
    """The question with the profile or record that is meant (see ``Person``)."""
    if not desk.columns("crosswalk"):
        return query
    asked = query.profile_id
    if asked and desk.rows(_RECORDS_OF, {"profile": asked}):
        return query
    led = desk.rows(_LEADS_TO, {"id": asked}) if asked and desk.columns("redirect") else ()
    if led:
        return q.Person(profile_id=text(led[0][0]))
    source, _slash, record = asked.partition("/")
    where = {"source": query.source or source, "record": query.record_id or record, "id": asked}
    found = desk.rows(_PROFILES_WITH, where)
    if len(found) == 1:
        return q.Person(profile_id=found[0][0])
    return q.Person(source=source, record_id=record) if asked and record else query


def person(desk: Desk, query: q.Person) -> q.PersonSheet:
    """One person, with the trail of all records that are part of it in one order of time."""
    if not query.profile_id:
        return _record_sheet(desk, query.source, query.record_id)
    key = {"profile": query.profile_id}
    records = tuple(
        q.Record(source=text(s), record_id=text(r), role=text(role), rule=text(rule))
        for s, r, role, rule in desk.rows(_RECORDS_OF, key)
    )
    values = _values(desk, query.profile_id)
    return q.PersonSheet(
        profile_id=query.profile_id,
        name=name_of({value.field: value.value for value in values}),
        values=values,
        records=records,
        consents=tuple(
            q.ConsentState(
                brand=text(r[0]),
                channel=text(r[1]),
                purpose=text(r[2]),
                status=text(r[3]),
                evidence_at=text(r[4]),
                evidence=text(r[5]),
                rule=text(r[6]),
            )
            for r in desk.rows(_CONSENTS, key)
        ),
        children=_children(desk, records),
        trail=history(desk, query.profile_id, records),
        rights=standing(desk, records),
    )


def _record_sheet(desk: Desk, source: str, record_id: str) -> q.PersonSheet:
    """A record of no profile. One of which nothing is known, but that somebody looked, is none."""
    record = q.Record(source=source, record_id=record_id, role="", rule="")
    cells = shown_fields(desk, source, record_id)
    trail = history(desk, "", (record,))
    known = any(cells.values()) or any(event.event != "looked" for event in trail)
    return q.PersonSheet(
        profile_id="",
        name=name_of(cells),
        values=tuple(
            q.Value(field=field, value=value, source=source, record_id=record_id, rule="")
            for field, value in cells.items()
            if value
        ),
        records=(record,) if known else (),
        consents=(),
        children=_children(desk, (record,)),
        trail=trail,
        rights=standing(desk, (record,)),
    )


def name_of(cells: dict[str, str]) -> str:
    """How a person is called, from fields as they are shown."""
    first = cells.get("first_name") or cells.get("initials") or ""
    person = " ".join(p for p in (first, cells.get("prefix"), cells.get("family_name")) if p)
    return person or cells.get("full_name") or cells.get("organisation_name") or ""


def _values(desk: Desk, profile_id: str) -> tuple[q.Value, ...]:
    columns = desk.columns("profile")
    rows = desk.rows("SELECT * FROM profile WHERE profile_id = $id LIMIT 1", {"id": profile_id})
    if not rows:
        return ()
    cells = dict(zip(columns, rows[0], strict=True))
    chosen: dict[str, list[tuple[str, str, str]]] = {}
    for field, source, record, rule in desk.rows(_CHOSEN, {"profile": profile_id}):
        chosen.setdefault(field, []).append((text(source), text(record), text(rule)))
    made = []
    for field in entities()["profile"].fields:
        value = show(field.name, cells.get(field.name))
        if not value:
            continue
        origins = sorted(set(chosen.get(field.name, [("", "", "")])))
        made.append(
            q.Value(
                field=field.name,
                value=value,
                source=", ".join(dict.fromkeys(o[0] for o in origins)),
                record_id=", ".join(dict.fromkeys(o[1] for o in origins)),
                rule=", ".join(dict.fromkeys(o[2] for o in origins)),
            )
        )
    return tuple(made)


def _children(desk: Desk, records: tuple[q.Record, ...]) -> dict[str, int]:
    """Entity → rows that hang on the records, as far as the asker may see."""
    counts = {}
    seen = sorted(visible(desk, ((record.source, record.record_id) for record in records)))
    keys = {"sources": [source for source, _id in seen], "ids": [id_ for _source, id_ in seen]}
    for name, columns in desk.entities().items():
        if "owner_source" not in columns:
            continue
        (count,) = desk.one(
            f"""
            SELECT count(*) FROM {quote("ent_" + name)} e
            SEMI JOIN (SELECT unnest($sources::VARCHAR[]) AS source, unnest($ids::VARCHAR[]) AS id) o
              ON e.owner_source = o.source AND e.owner_record = o.id
            WHERE {of_seen_brands(desk, columns)}
            """,
            keys,
        )
        if count:
            counts[name] = count
    return counts


def consent_events(desk: Desk, query: q.ConsentEvents) -> tuple[q.ConsentFact, ...]:
    """Undated facts first: they may be the newest, and so are what a reader must see."""
    key = {
        "profile": query.profile_id,
        "brand": query.brand,
        "channel": query.channel,
        "purpose": query.purpose,
    }
    return tuple(
        q.ConsentFact(
            kind=r[0],
            at=text(r[1]),
            state=text(r[2]),
            brand=text(r[3]),
            source=text(r[4]),
            record_id=text(r[5]),
            delivery=text(r[6]),
            file=text(r[7]),
            line=r[8] or 0,
            evidence=text(r[9]),
            campaign=text(r[10]),
        )
        for r in desk.rows(_FACTS, key)
    )
