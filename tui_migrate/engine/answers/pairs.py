"""The review band, and one pair as a person has to see it."""

from __future__ import annotations

from typing import Any

from tui_migrate.engine import queries as q
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.answers.values import shown_fields
from tui_migrate.engine.run import RunState
from tui_migrate.staging.store import quote

# One row is a pair in the review band, with the pseudonyms under which the journal knows it.
_QUEUE = """
SELECT p.source_a, p.record_a, p.source_b, p.record_b, p.weight, p.probability, p.reason,
       p.decision, a.pseudonym, b.pseudonym
FROM pair p
LEFT JOIN store.record_key a ON a.source = p.source_a AND a.record_id = p.record_a
LEFT JOIN store.record_key b ON b.source = p.source_b AND b.record_id = p.record_b
WHERE p.band = 'review'
ORDER BY p.weight DESC, p.source_a, p.record_a, p.source_b, p.record_b
"""

_THIS = """
FROM pair WHERE source_a = $source_a AND record_a = $record_a
  AND source_b = $source_b AND record_b = $record_b
"""

_PERMISSIONS = """
SELECT brand, channel, state, event_at, evidence FROM ent_consent
WHERE source = $source AND record_id = $record
   OR owner_source = $source AND owner_record = $record
ORDER BY brand, channel, event_at NULLS FIRST, state LIMIT 40
"""

_PROFILE_OF = "SELECT min(profile_id) FROM crosswalk WHERE source = $source AND record_id = $record"


def _decision(state: RunState, a: str | None, b: str | None, earlier: str | None) -> str:
    """The present word on a pair: the journal's, else the one that the match started with."""
    if a and b:
        said = state.pairs.get((a, b)) or state.pairs.get((b, a))
        return said.decision if said else ""
    return earlier if earlier in ("merge", "different") else ""


def queue(desk: Desk, query: q.PairQueue) -> q.PairWindow:
    """A window of the queue, and how much of the whole is settled."""
    if not desk.columns("pair"):
        return q.PairWindow(total=0, merged=0, different=0, unsure=0, offset=0, rows=())
    state = desk.view.state
    counts = {"merge": 0, "different": 0, "unsure": 0}
    rows = desk.rows(_QUEUE)
    if state.pairs:
        for row in rows:
            decision = _decision(state, row[8], row[9], row[7])
            if decision in counts:
                counts[decision] += 1
    window = rows[query.offset : query.offset + query.limit]
    return q.PairWindow(
        total=len(rows),
        merged=counts["merge"],
        different=counts["different"],
        unsure=counts["unsure"],
        offset=query.offset,
        rows=tuple(
            q.PairRef(
                source_a=r[0],
                record_a=r[1],
                source_b=r[2],
                record_b=r[3],
                weight=r[4] or 0.0,
                probability=r[5] or 0.0,
                reason=text(r[6]),
                decision=_decision(state, r[8], r[9], r[7]),
            )
            for r in window
        ),
    )


def detail(desk: Desk, query: q.PairDetail) -> q.PairSheet:
    """Both records field by field, with the evidence of each field."""
    key = {
        "source_a": query.source_a,
        "record_a": query.record_a,
        "source_b": query.source_b,
        "record_b": query.record_b,
    }
    found = desk.rows(f"SELECT weight, probability, reason, rules, weights {_THIS}", key)
    weight, probability, reason, rules, weights = found[0] if found else (0.0, 0.0, "", [], [])
    evidence = {one["field"]: (text(one["level"]), one["weight"]) for one in weights or ()}
    left = shown_fields(desk, query.source_a, query.record_a)
    right = shown_fields(desk, query.source_b, query.record_b)
    names = [name for name in left | right if left.get(name) or right.get(name)]
    fields = [_field(name, left, right, evidence) for name in names]
    other = [
        q.PairField(field=name, left="", right="", equal=False, level=level, weight=bits)
        for name, (level, bits) in evidence.items()
        if name not in names
    ]
    entities = desk.entities()
    return q.PairSheet(
        fields=tuple(sorted(fields, key=lambda f: (f.equal, -abs(f.weight or 0.0)))),
        other=tuple(other),
        left=_side(desk, entities, query.source_a, query.record_a),
        right=_side(desk, entities, query.source_b, query.record_b),
        weight=weight or 0.0,
        probability=probability or 0.0,
        reason=text(reason),
        rules=tuple(text(rule) for rule in rules or ()),
        profiles=(
            _profile(desk, query.source_a, query.record_a),
            _profile(desk, query.source_b, query.record_b),
        ),
    )


def _field(
    name: str, left: dict[str, str], right: dict[str, str], evidence: dict[str, tuple[str, float]]
) -> q.PairField:
    level, weight = evidence.get(name, ("", None))
    a, b = left.get(name, ""), right.get(name, "")
    return q.PairField(field=name, left=a, right=b, equal=a == b, level=level, weight=weight)


def _profile(desk: Desk, source: str, record: str) -> str:
    return text(desk.one(_PROFILE_OF, {"source": source, "record": record})[0])


def _side(desk: Desk, entities: dict[str, dict[str, str]], source: str, record: str) -> q.PairSide:
    key: dict[str, Any] = {"source": source, "record": record}
    permissions: tuple[q.Permission, ...] = ()
    if "owner_source" in entities.get("consent", {}):
        permissions = tuple(
            q.Permission(
                brand=text(b), channel=text(c), state=text(s), event_at=text(at), evidence=text(e)
            )
            for b, c, s, at, e in desk.rows(_PERMISSIONS, key)
        )
    children = {}
    for name, columns in entities.items():
        if "owner_source" not in columns or name == "consent":
            continue
        (count,) = desk.one(
            f"SELECT count(*) FROM {quote('ent_' + name)}"
            " WHERE owner_source = $source AND owner_record = $record",
            key,
        )
        if count:
            children[name] = count
    return q.PairSide(permissions=permissions, children=children)
