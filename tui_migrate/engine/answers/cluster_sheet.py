"""One cluster as a person has to see it: all records side by side, and what speaks for and against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from typing import Any

from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answers.cluster_evidence import (
    IDENTIFYING,
    Compared,
    Range,
    compared_of,
    contradiction,
    ranges,
    sides,
    weakest_link,
)
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.answers.values import canonical, same, show
from tui_migrate.engine.decisions import Digests, are_merged, changed, digests_of, members_of
from tui_migrate.engine.reviewing import staged_brands
from tui_migrate.engine.state import Decision
from tui_migrate.matching.explaining import reason_text
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import literal, quote

Record = tuple[str, str]
Cells = dict[str, object]
Tables = dict[str, frozenset[str]]

_ASKED = """
CREATE OR REPLACE TEMP TABLE sheet_asked AS
SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id
"""

# One row is a mapped record; where several rows tell of it, the last of them. The ids stand there as
# values too, so that the rest of a row is read for these records only.
_CELLS = """
SELECT * FROM ent_profile SEMI JOIN sheet_asked USING (source, record_id)
WHERE record_id IN ({ids})
QUALIFY row_number() OVER (PARTITION BY source, record_id
  ORDER BY delivery DESC, file DESC, line DESC, child_no DESC) = 1
"""

# One row is two of the records that were compared.
_PAIRS = """
SELECT source_a, record_a, source_b, record_b, weight, probability, reason, rules, weights,
  band = 'review' FROM pair
SEMI JOIN sheet_asked x ON x.source = source_a AND x.record_id = record_a
SEMI JOIN sheet_asked y ON y.source = source_b AND y.record_id = record_b
WHERE record_a IN ({ids}) AND record_b IN ({ids})
ORDER BY weight DESC NULLS LAST, source_a, record_a, source_b, record_b
"""

_PERMISSIONS = """
SELECT a.source, a.record_id, brand, channel, state, event_at
FROM ent_consent c JOIN sheet_asked a ON {owner}
ORDER BY brand, channel, event_at NULLS FIRST, state
"""

# One row is a record, and how many rows of an entity are its own, with how many mandates among them.
_CHILDREN = """
SELECT {entity} AS entity, a.source, a.record_id, count(*), {mandates} FROM {table} c
JOIN sheet_asked a ON a.source = c.owner_source AND a.record_id = c.owner_record GROUP BY ALL
"""

_PROFILES = """
SELECT source, record_id, profile_id FROM crosswalk SEMI JOIN sheet_asked USING (source, record_id)
"""

WRITTEN = ("updated_at", "created_at", "joined_on")
"""When a record was last written, the best first."""
FOUNDED = ("created_at", "joined_on", "updated_at")
"""How old a record is, the best first: the oldest of the most trusted source founds a profile."""


Hanging = tuple[list[r.ClusterPermission], dict[str, int], str]
_NOTHING: Hanging = ([], {}, "")


@dataclass(frozen=True, slots=True)
class Material:
    """What staging says of the records of a cluster, and nothing that people decided: whoever asks, and
    whatever is decided meanwhile, it is the same until staging changes. ``cells``: the mapped row of
    each record. ``compared``: rows of ``_PAIRS``. ``hanging``: what hangs on each record. ``digests``
    and ``together``: what a decision on them needs (``decisions.digests_of``, ``are_merged``).
    ``brands``: those of their child rows, for who may not see all."""

    records: tuple[Record, ...]
    cells: Mapping[Record, Cells]
    compared: Sequence[tuple[Any, ...]]
    hanging: Mapping[Record, Hanging]
    digests: Mapping[Record, Digests]
    together: bool
    brands: Mapping[Record, frozenset[str]] | None = None


def material(desk: Desk, records: Sequence[Record]) -> Material:
    """Read what there is on these records: all questions to staging that a cluster costs, but those
    about a decision that was about further records."""
    sources, ids = [s for s, _r in records], [record for _s, record in records]
    desk.cursor.execute(_ASKED, {"sources": sources, "records": ids})
    known = _tables(desk)
    named = ", ".join(map(literal, sorted(set(ids))))
    cells = _cells(desk, known, named)
    compared = desk.rows(_PAIRS.format(ids=named)) if "pair" in known else []
    return Material(
        records=tuple(records),
        cells=cells,
        compared=compared,
        hanging=_hanging(desk, known),
        digests=digests_of(desk.cursor, records),
        together=are_merged(desk.cursor, records),
        brands=staged_brands(desk.cursor, records) if desk.view.seen.brands is not None else None,
    )


def sheet(
    desk: Desk, found: Material, names: Sequence[str], decision: Decision | None
) -> r.ClusterSheet:
    """The records of a cluster, in their order. ``names``: their pseudonyms; ``decision``: the last
    one about them."""
    records, cells = found.records, found.cells
    pairs = compared_of(found.compared, {record: at for at, record in enumerate(records)})
    evidence = ranges(pairs)
    shown = [name for name in _fields(cells) if any(cells.get(x, {}).get(name) for x in records)]
    fields = [
        _field(name, [cells.get(record, {}).get(name) for record in records], evidence, pairs)
        for name in shown
    ]
    other = tuple(
        r.ClusterField(field=name, values=(), equal=False, **_said(one, ()))
        for name, one in evidence.items()
        if name not in shown
    )
    return r.ClusterSheet(
        records=tuple(
            _record(desk, record, cells.get(record, {}), found.hanging.get(record, _NOTHING))
            for record in records
        ),
        fields=tuple(sorted(fields, key=_rank)),
        other=other,
        pairs=tuple(_pairs(desk, records, names, found.compared)),
        weakest=weakest_link(pairs) or (),
        contrary=next((f.unkept[0] for f in fields if f.unkept), contradiction(pairs) or ()),
        **{"lead": _lead(desk, records, cells), **_chosen(desk, found, names, decision)},
    )


def _tables(desk: Desk) -> dict[str, frozenset[str]]:
    """The live views and their columns, but those of tables in which there is no row at all: each
    question costs some milliseconds, and most entities occur in no source."""
    rows = desk.rows(
        "SELECT table_name, list(column_name) FROM duckdb_columns()"
        " WHERE schema_name = 'main' AND NOT internal AND table_name NOT IN"
        " (SELECT table_name FROM duckdb_tables() WHERE estimated_size = 0)"
        " GROUP BY table_name ORDER BY table_name"
    )
    return {name: frozenset(columns) for name, columns in rows}


def _cells(desk: Desk, known: Tables, ids: str) -> dict[Record, Cells]:
    if "ent_profile" not in known:
        return {}
    found = desk.cursor.execute(_CELLS.format(ids=ids))
    columns = [column[0] for column in found.description or ()]
    rows = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
    return {(str(row["source"]), str(row["record_id"])): row for row in rows}


def _fields(cells: Mapping[Record, Cells]) -> list[str]:
    there = {name for row in cells.values() for name in row}
    return [field.name for field in entities()["profile"].fields if field.name in there]


def _field(
    name: str, values: list[object], evidence: dict[str, Range], pairs: Sequence[Compared]
) -> r.ClusterField:
    known = evidence.get(name)
    wanted = known is not None or name in IDENTIFYING
    filled = [(at, value) for at, value in enumerate(values) if value] if wanted else []
    alike = [(a, b) for (a, x), (b, y) in combinations(filled, 2) if same(name, x, y)]
    unkept: list[tuple[int, int]] = []
    if name in IDENTIFYING:
        kept = {*alike, *((pair.a, pair.b) for pair in pairs)}
        both = ((a, b) for (a, _x), (b, _y) in combinations(filled, 2))
        unkept = [edge for edge in both if edge not in kept]
    return r.ClusterField(
        field=name,
        values=tuple(show(name, value) for value in values),
        equal=all(same(name, values[0], value) for value in values[1:]),
        many=entities()["profile"].field(name).many,
        unkept=tuple(unkept),
        **_said(known, alike, unkept),
    )


def _said(
    known: Range | None,
    alike: Sequence[tuple[int, int]],
    unkept: Sequence[tuple[int, int]] = (),
) -> dict[str, Any]:
    """What a field says between records of which these have the same value (``alike``), or another one
    though there is no pair of them (``unkept``)."""
    if known is None:
        return {"against": tuple(unkept), "sides": sides(unkept, (), alike)}
    return {
        "level": known.level,
        "weight": known.weight,
        "most_level": known.most_level,
        "most": known.most,
        "against": (*known.against, *unkept),
        "sides": sides([*known.against, *unkept], known.alike, alike),
    }


def _rank(field: r.ClusterField) -> tuple[bool, bool, float]:
    """What differs comes first, what only some have after it, the strongest evidence on top."""
    return field.equal, not all(field.values), -field.strength


def _pairs(
    desk: Desk, records: Sequence[Record], names: Sequence[str], compared: Sequence[tuple[Any, ...]]
) -> Iterator[r.ClusterEvidence]:
    place = {record: at for at, record in enumerate(records)}
    said = desk.view.state.pairs
    for sa, ra, sb, rb, weight, probability, reason, rules, _w, asked in compared:
        a, b = place[sa, ra], place[sb, rb]
        word = said.get((names[a], names[b])) or said.get((names[b], names[a]))
        yield r.ClusterEvidence(
            a=a,
            b=b,
            weight=weight or 0.0,
            probability=probability or 0.0,
            reason=reason_text(text(reason)),
            rules=tuple(text(rule) for rule in rules or ()),
            decision=word.decision if word is not None else "",
            asked=asked,
        )


def _hanging(desk: Desk, known: Tables) -> dict[Record, Hanging]:
    """Record → its permissions, its child rows by entity, its profile."""
    found: dict[Record, Hanging] = {}

    def of(source: str, record: str) -> Hanging:
        return found.setdefault((source, record), ([], {}, ""))

    if "owner_source" in known.get("ent_consent", ()):
        owners = ("a.source = c.source AND a.record_id = c.record_id"
                  " OR a.source = c.owner_source AND a.record_id = c.owner_record")  # fmt: skip
        for source, record, brand, channel, state, at in desk.rows(
            _PERMISSIONS.format(owner=owners)
        ):
            of(source, record)[0].append(
                r.ClusterPermission(
                    brand=text(brand), channel=text(channel), state=text(state), event_at=text(at)
                )
            )
    owned = [
        _CHILDREN.format(
            entity=literal(name.removeprefix("ent_")),
            table=quote(name),
            mandates="count(c.iban)" if "iban" in columns else "0",
        )
        for name, columns in known.items()
        if name.startswith("ent_") and "owner_source" in columns and name != "ent_consent"
    ]
    # At once: to plan a question takes longer than to answer it.
    together = "UNION ALL".join(owned) + "ORDER BY entity"
    for entity, source, record, count, paid in desk.rows(together) if owned else ():
        children = of(source, record)[1]
        children[entity] = count
        if paid:
            children["mandate"] = children.get("mandate", 0) + paid
    if "crosswalk" in known:
        for source, record, profile in desk.rows(_PROFILES):
            permissions, children, _profile = of(source, record)
            found[source, record] = (permissions, children, text(profile))
    return found


def _record(desk: Desk, record: Record, cells: Cells, hanging: Hanging) -> r.ClusterRecord:
    permissions, children, profile = hanging
    written = next((canonical(cells[n]) for n in WRITTEN if cells.get(n)), "")
    return r.ClusterRecord(
        source=record[0],
        record_id=record[1],
        trust=_trust(desk, record[0]),
        moment=written[:10] or text(cells.get("delivery")),
        profile=profile,
        permissions=tuple(permissions),
        children=children,
    )


def _trust(desk: Desk, source: str) -> int:
    runbook = desk.view.runbook
    known = runbook.sources.get(source) if runbook is not None else None
    return known.trust if known is not None else 99


def _lead(desk: Desk, records: Sequence[Record], cells: Mapping[Record, Cells]) -> int:
    """The record that founds the profile by the rules, as ``merge`` has them."""

    def age(record: Record) -> tuple[int, bool, str, Record]:
        row = cells.get(record, {})
        moments = [row[n] for n in FOUNDED if row.get(n)]
        return _trust(desk, record[0]), not moments, _day(moments[0]) if moments else "", record

    return min(range(len(records)), key=lambda at: age(records[at]))


def _day(moment: object) -> str:
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).isoformat() if moment.tzinfo else moment.isoformat()
    return text(moment)


def _chosen(
    desk: Desk, told: Material, names: Sequence[str], decision: Decision | None
) -> dict[str, Any]:
    """What the last decision chose, by place of the records; and the fields that changed since."""
    if decision is None:
        return {}
    members = members_of(desk.view, decision)
    decided = {m.record for m in members if m is not None}
    now = told.digests if decided <= set(told.records) else digests_of(desk.cursor, decided)
    news = {
        field for m in members if m is not None for field in changed(m.digests, now.get(m.record))
    }
    found: dict[str, Any] = {
        "changed": tuple(sorted(news)),
        "note": desk.view.words(decision.note),
    }
    place = {name: at for at, name in enumerate(names)}
    if not decision.standing or not set(decision.records) <= set(place):
        return found
    at = [place[name] for name in decision.records]
    found["groups"] = tuple(tuple(at[n] for n in group) for group in decision.groups)
    found["values"] = {f: tuple(at[n] for n in chosen) for f, chosen in decision.values.items()}
    if decision.lead >= 0:
        found["lead"] = at[decision.lead]
    return found
