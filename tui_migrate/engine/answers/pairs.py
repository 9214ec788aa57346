"""One pair as a person has to see it, and what was said of every pair."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from tui_migrate.engine import pair_queries as q
from tui_migrate.engine.answers.blinding import blind_pair_sheet, is_blind
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.answers.values import cells_of, same, show
from tui_migrate.engine.answers.visible import of_seen_brands
from tui_migrate.engine.decisions import Record, members_of
from tui_migrate.engine.queries import View
from tui_migrate.matching.explaining import reason_text
from tui_migrate.staging.store import quote

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


Key = tuple[str, str, str, str]


def _decisions(view: View) -> dict[Key, str]:
    """The present word on each pair, by plain record ids in their one order."""
    found: dict[Key, str] = {}
    opened: dict[int, dict[str, Record]] = {}
    for key, pair in list(view.state.pairs.items()):  # the engine may add one meanwhile
        decision = view.state.decisions[pair.seq]
        if pair.seq not in opened:
            members = zip(decision.records, members_of(view, decision), strict=True)
            opened[pair.seq] = {name: m.record for name, m in members if m is not None}
        names = opened[pair.seq]
        if key[0] in names and key[1] in names:
            a, b = sorted((names[key[0]], names[key[1]]))
            found[*a, *b] = pair.decision
    return found


def settled(desk: Desk, query: q.PairDecisions) -> tuple[q.PairDecided, ...]:
    """The present word on every pair, in the order of their records."""
    return tuple(
        q.PairDecided(source_a=a, record_a=b, source_b=c, record_b=d, decision=word)
        for (a, b, c, d), word in sorted(_decisions(desk.view).items())
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
    left = cells_of(desk, query.source_a, query.record_a)
    right = cells_of(desk, query.source_b, query.record_b)
    names = [n for n in left | right if show(n, left.get(n)) or show(n, right.get(n))]
    fields = [_field(name, left, right, evidence) for name in names]
    other = [
        q.PairField(field=name, left="", right="", equal=False, level=level, weight=bits)
        for name, (level, bits) in evidence.items()
        if name not in names
    ]
    entities = desk.entities()
    made = q.PairSheet(
        fields=tuple(sorted(fields, key=_rank)),
        other=tuple(other),
        left=_side(desk, entities, query.source_a, query.record_a),
        right=_side(desk, entities, query.source_b, query.record_b),
        weight=weight or 0.0,
        probability=probability or 0.0,
        reason=reason_text(text(reason)),
        rules=tuple(text(rule) for rule in rules or ()),
        profiles=(
            _profile(desk, query.source_a, query.record_a),
            _profile(desk, query.source_b, query.record_b),
        ),
    )
    if is_blind(desk.view) and not _is_decided(desk, query):
        return blind_pair_sheet(made)
    return made


def _is_decided(desk: Desk, query: q.PairDetail) -> bool:
    """Whether there is a word on a pair."""
    records = [(query.source_a, query.record_a), (query.source_b, query.record_b)]
    names = desk.view.pseudonyms(records)
    return any(key in desk.view.state.pairs for key in permutations(names, 2))


def _field(
    name: str,
    left: dict[str, object],
    right: dict[str, object],
    evidence: dict[str, tuple[str, float]],
) -> q.PairField:
    level, weight = evidence.get(name, ("", None))
    a, b = left.get(name), right.get(name)
    return q.PairField(
        field=name,
        left=show(name, a),
        right=show(name, b),
        equal=same(name, a, b),
        level=level,
        weight=weight,
    )


def _rank(field: q.PairField) -> tuple[bool, bool, float]:
    """What differs comes first, what only one side has after it, the strongest evidence on top."""
    return field.equal, not (field.left and field.right), -abs(field.weight or 0.0)


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
            f"SELECT count(*) FROM {quote('ent_' + name)} e"
            " WHERE owner_source = $source AND owner_record = $record"
            f" AND {of_seen_brands(desk, columns)}",
            key,
        )
        if count:
            children[name] = count
    return q.PairSide(permissions=permissions, children=children)
