"""Looking a person up: values with their sources, consents, records and the trail."""

from __future__ import annotations

from tui_migrate.engine import queries as q
from tui_migrate.engine.answers.common import Desk, as_text, text
from tui_migrate.engine.answers.history import history, standing
from tui_migrate.engine.answers.values import show, shown_fields
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import quote

NAME_FIELDS = ("first_name", "initials", "prefix", "family_name", "organisation_name")
SEARCHED = (*NAME_FIELDS, "full_name", "email", "phone")

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

_NAMED = "concat_ws(' ', {parts})"


def _table(desk: Desk) -> tuple[str, dict[str, str]]:
    """Where persons stand at present: profiles, or before the merge the mapped records."""
    columns = desk.columns("profile")
    if columns and desk.one("SELECT count(*) FROM profile")[0]:
        return "profile", columns
    return "ent_profile", desk.columns("ent_profile")


def _joined(columns: dict[str, str], names: tuple[str, ...]) -> str:
    parts = [f"nullif({as_text(name, columns[name])}, '')" for name in names if name in columns]
    return _NAMED.format(parts=", ".join(parts)) if parts else "''"


def search(desk: Desk, query: q.Search) -> tuple[q.Hit, ...]:
    """Hits by name; every word has to occur, or the whole text is (the start of) an id."""
    table, columns = _table(desk)
    words = query.text.split()
    if not columns or not words:
        return ()
    params: dict[str, object] = {"id": query.text.strip(), "limit": query.limit}
    tests = []
    for number, word in enumerate(words):
        params[f"w{number}"] = word
        tests.append(f"contains(q.haystack, lower(strip_accents($w{number})))")
    merged = table == "profile"
    identity = "profile_id" if merged else "NULL"
    record = "founder_source, founder_record" if merged else "source, record_id"
    ids = "starts_with(q.id, lower($id)) OR q.record_id = $id" + (
        " OR q.id IN (SELECT profile_id FROM crosswalk WHERE record_id = $id)" if merged else ""
    )
    sql = f"""
    WITH q(id, source, record_id, name, email, town, haystack) AS (
      SELECT {identity}, {record}, {_joined(columns, NAME_FIELDS)}, {_joined(columns, ("email",))},
             {_joined(columns, ("town",))}, lower(strip_accents({_joined(columns, SEARCHED)}))
      FROM {table})
    SELECT q.id, q.source, q.record_id, q.name, q.email, q.town FROM q
    WHERE ({" AND ".join(tests)}) OR {ids}
    ORDER BY q.name, q.source, q.record_id LIMIT $limit
    """
    found = desk.rows(sql, params)
    sizes = _sizes(desk, [row[0] for row in found]) if merged else {}
    return tuple(
        q.Hit(
            profile_id=text(row[0]),
            source=text(row[1]),
            record_id=text(row[2]),
            name=text(row[3]),
            email=text(row[4]),
            town=text(row[5]),
            records=sizes.get(row[0], 1),
        )
        for row in found
    )


def _sizes(desk: Desk, profiles: list[str]) -> dict[str, int]:
    found = desk.rows(
        "SELECT profile_id, count(*) FROM crosswalk"
        " WHERE profile_id IN (SELECT unnest($ids::VARCHAR[])) GROUP BY 1",
        {"ids": profiles},
    )
    return dict(found)


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
        name=_name({value.field: value.value for value in values}),
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
    record = q.Record(source=source, record_id=record_id, role="", rule="")
    cells = shown_fields(desk, source, record_id)
    return q.PersonSheet(
        profile_id="",
        name=_name(cells),
        values=tuple(
            q.Value(field=field, value=value, source=source, record_id=record_id, rule="")
            for field, value in cells.items()
            if value
        ),
        records=(record,),
        consents=(),
        children=_children(desk, (record,)),
        trail=history(desk, "", (record,)),
        rights=standing(desk, (record,)),
    )


def _name(cells: dict[str, str]) -> str:
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
    counts = {}
    keys = {
        "sources": [record.source for record in records],
        "ids": [record.record_id for record in records],
    }
    for name, columns in desk.entities().items():
        if "owner_source" not in columns:
            continue
        (count,) = desk.one(
            f"""
            SELECT count(*) FROM {quote("ent_" + name)} e
            SEMI JOIN (SELECT unnest($sources::VARCHAR[]) AS source, unnest($ids::VARCHAR[]) AS id) o
              ON e.owner_source = o.source AND e.owner_record = o.id
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
