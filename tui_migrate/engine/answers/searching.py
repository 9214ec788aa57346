"""Looking for persons: over all of them, or over no more than the asker may see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from tui_migrate.engine import person_queries as q
from tui_migrate.engine.answers.common import Desk, as_text, text
from tui_migrate.engine.answers.visible import visible_sql
from tui_migrate.engine.seeing import HIDDEN
from tui_migrate.model.types.phone import looked_for

NAME_FIELDS = ("first_name", "initials", "prefix", "family_name", "organisation_name")
SEARCHED = (*NAME_FIELDS, "full_name", "email", "phone")
_NUMERIC = re.compile(r"[0-9+()./-]+")
"""A word that may be a part of a telephone number."""

# One row is somebody who may fit: a profile, or before the merge a record.
_ALL = """
SELECT {id} AS id, {record}, {name} AS name, {email} AS email, {town} AS town, '' AS named,
  {haystack} AS haystack
FROM {table}
"""

# The same of what somebody may see: the visible records of a profile together, and of nobody else a
# word. What is shown stems from the first of them.
_SEEN = """
WITH seen AS MATERIALIZED (SELECT DISTINCT source, record_id FROM ({visible})),
r AS (
  SELECT {id} AS id, p.source, p.record_id, {name} AS name, {email} AS email, {town} AS town,
    {haystack} AS haystack
  FROM ent_profile p {seen} {crosswalk})
SELECT id, min(source), min_by(record_id, (source, record_id)), min_by(name, (source, record_id)),
  min_by(email, (source, record_id)), min_by(town, (source, record_id)),
  string_agg(record_id, chr(31)), string_agg(haystack, ' ')
FROM r GROUP BY {group}
"""
_OF_SEEN = "SEMI JOIN seen USING (source, record_id)"
_PROFILES = "JOIN crosswalk c ON c.source = p.source AND c.record_id = p.record_id"

# One row is somebody who was named by a whole id: that there is a record may be known to all.
_NAMED = """
SELECT {id}, min(source), min_by(record_id, (source, record_id)) FROM {table}
WHERE {is_named} GROUP BY {group} ORDER BY ALL LIMIT $limit
"""


def table_of_persons(desk: Desk) -> tuple[str, dict[str, str]]:
    """Where persons stand at present: profiles, or before the merge the mapped records."""
    columns = desk.columns("profile")
    if columns and desk.one("SELECT count(*) FROM profile")[0]:
        return "profile", columns
    return "ent_profile", desk.columns("ent_profile")


def search(desk: Desk, query: q.Search) -> tuple[q.Hit, ...]:
    """Hits by name; every word has to occur (a telephone number however it is written), or the whole
    text is (the start of) an id."""
    table, columns = table_of_persons(desk)
    words = query.text.split()
    if not columns or not words:
        return ()
    merged, seen = table == "profile", desk.view.seen
    params: dict[str, object] = {"id": query.text.strip(), "limit": query.limit}
    tests = [_occurs(group, params) for group in _groups(words)]
    ids = (
        "starts_with(q.id, lower($id)) OR q.record_id = $id"
        " OR list_contains(string_split(q.named, chr(31)), $id)"
    )
    if merged:
        ids += " OR q.id IN (SELECT profile_id FROM crosswalk WHERE record_id = $id)"
    people = _everybody(table, columns, merged) if seen.all else _seen(desk, merged)
    sql = f"""
    WITH q(id, source, record_id, name, email, town, named, haystack) AS ({people})
    SELECT q.id, q.source, q.record_id, q.name, q.email, q.town FROM q
    WHERE ({" AND ".join(tests)}) OR {ids}
    ORDER BY q.name, q.source, q.record_id LIMIT $limit
    """
    found = desk.rows(sql, params)
    if not seen.all:
        found += _only_named(desk, params, merged, found)
    sizes = _sizes(desk, [row[0] for row in found if row[0]]) if merged else {}
    return tuple(_hit(row, sizes) for row in found)


def _groups(words: list[str]) -> Iterator[list[str]]:
    """The words one by one; those of a telephone number, which may be written with blanks, together."""
    for numeric, group in groupby(words, lambda word: _NUMERIC.fullmatch(word) is not None):
        found = list(group)
        if numeric and looked_for(" ".join(found)):
            yield found
        else:
            yield from ([word] for word in found)


def _occurs(group: list[str], params: dict[str, object]) -> str:
    """SQL: all words of the group occur in the haystack ``q.haystack``, or the number that they are."""
    tests = []
    for wanted in (group, *([number] for number in looked_for(" ".join(group)))):
        names = [f"w{len(params) + place}" for place in range(len(wanted))]
        params |= dict(zip(names, wanted, strict=True))
        tests.append(
            " AND ".join(f"contains(q.haystack, lower(strip_accents(${name})))" for name in names)
        )
    return f"({' OR '.join(f'({test})' for test in tests)})"


def _everybody(table: str, columns: dict[str, str], merged: bool) -> str:
    return _ALL.format(
        id="profile_id" if merged else "NULL",
        record="founder_source, founder_record" if merged else "source, record_id",
        table=table,
        **_cells(columns, columns),
    )


def _seen(desk: Desk, merged: bool) -> str:
    """SQL of who can be found by who does not see all: by fields of his channels, of his records."""
    seen, columns = desk.view.seen, desk.columns("ent_profile")
    allowed = {name: kind for name, kind in columns.items() if seen.point(name)}
    cells = _cells(allowed, allowed)
    if not seen.point("email"):
        mail = _joined(columns, ("email",))
        cells["email"] = f"CASE WHEN {mail} <> '' THEN '{HIDDEN}' ELSE '' END"
    limited = seen.brands is not None
    return _SEEN.format(
        visible=visible_sql(desk) if limited else "SELECT '' AS source, '' AS record_id",
        id="c.profile_id" if merged else "NULL::VARCHAR",
        group="id" if merged else "id, source, record_id",
        seen=_OF_SEEN if limited else "",
        crosswalk=_PROFILES if merged else "",
        **cells,
    )


def _cells(columns: dict[str, str], searched: dict[str, str]) -> dict[str, str]:
    return {
        "name": _joined(columns, NAME_FIELDS),
        "email": _joined(columns, ("email",)),
        "town": _joined(columns, ("town",)),
        "haystack": f"lower(strip_accents({_joined(searched, SEARCHED)}))",
    }


def _joined(columns: dict[str, str], names: tuple[str, ...]) -> str:
    parts = [f"nullif({as_text(name, columns[name])}, '')" for name in names if name in columns]
    return f"concat_ws(' ', {', '.join(parts)})" if parts else "''"


def _only_named(
    desk: Desk, params: dict[str, object], merged: bool, found: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Who was named by an id and may not be seen: dots."""
    table = "crosswalk" if merged else "ent_profile"
    sql = _NAMED.format(
        id="profile_id" if merged else "NULL::VARCHAR",
        table=table,
        group="profile_id" if merged else "source, record_id",
        is_named="profile_id = $id OR record_id = $id" if merged else "record_id = $id",
    )
    known = {row[0] or row[1:3] for row in found}
    rows = desk.rows(sql, {"id": params["id"], "limit": params["limit"]})
    return [(*row, HIDDEN, HIDDEN, HIDDEN) for row in rows if (row[0] or row[1:3]) not in known]


def _hit(row: tuple[Any, ...], sizes: dict[str, int]) -> q.Hit:
    return q.Hit(
        profile_id=text(row[0]),
        source=text(row[1]),
        record_id=text(row[2]),
        name=text(row[3]),
        email=text(row[4]),
        town=text(row[5]),
        records=sizes.get(row[0], 1),
    )


def _sizes(desk: Desk, profiles: list[str]) -> dict[str, int]:
    found = desk.rows(
        "SELECT profile_id, count(*) FROM crosswalk"
        " WHERE profile_id IN (SELECT unnest($ids::VARCHAR[])) GROUP BY 1",
        {"ids": profiles},
    )
    return dict(found)
