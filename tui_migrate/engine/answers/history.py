"""The life of a person in order of time: the trail, and what stands elsewhere about the same records."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    PairDecided,
)
from tui_migrate.engine import person_queries as q
from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.decisions import members_of
from tui_migrate.engine.run_review import word_on
from tui_migrate.engine.sentences import stamp
from tui_migrate.engine.state import Decision
from tui_migrate.engine.two_answers import DIFFER, THIRD, verdict

Record = tuple[str, str]

_ASKED = """
asked AS (SELECT unnest($sources::VARCHAR[]) AS source, unnest($ids::VARCHAR[]) AS record_id)
"""

# One row is a physical row of one of the records, with what became of it.
_ROWS = f"""
WITH {_ASKED}
SELECT r.step, r.attempt, r.unit, r.source, r.record_id, r.delivery, r.file, r.line, f.fate, f.reason
FROM store.record r SEMI JOIN live USING (step, attempt) SEMI JOIN asked USING (source, record_id)
JOIN fates f ON f.source = r.source AND f.delivery = r.delivery AND f.file = r.file
  AND f.line = r.line
ORDER BY r.source, r.record_id, r.delivery, r.file, r.line
"""

# One row is a rule that one of the records broke.
_FOUND = f"""
WITH {_ASKED}
SELECT f.step, f.attempt, f.unit, f.source, f.record_id, f.field, f.rule, f.severity, f.value,
       f.cleaned, f.message
FROM store.finding f SEMI JOIN live USING (step, attempt) SEMI JOIN asked USING (source, record_id)
ORDER BY f.source, f.record_id, f.rule, f.field, f.value, f.message
"""

# One row is a pair of which both records are part of the profile: of each record the weightiest.
_COMPARED = f"""
WITH {_ASKED}, p AS (
  SELECT p.* FROM store.pair p SEMI JOIN live USING (step, attempt)
  SEMI JOIN asked a ON p.source_a = a.source AND p.record_a = a.record_id
  SEMI JOIN asked b ON p.source_b = b.source AND p.record_b = b.record_id)
SELECT step, attempt, unit, source_a, record_a, source_b, record_b, reason, weights FROM (
  SELECT * FROM p QUALIFY row_number() OVER (PARTITION BY source_b, record_b
    ORDER BY weight DESC, source_a, record_a) = 1)
ORDER BY source_a, record_a, source_b, record_b
"""

# One row is a statement about a permission of the profile, or what silences it.
_STATED = """
SELECT 'stated', e.step, e.attempt, e.unit, e.source, e.record_id, e.channel, e.brand, e.purpose,
       e.state, e.event_at, e.delivery, e.file, e.line,
       concat_ws(' · ', nullif(e.evidence, ''), nullif(e.campaign, ''))
FROM store.consent_event e SEMI JOIN live USING (step, attempt) WHERE e.profile_id = $profile
UNION ALL
SELECT 'silenced', s.step, s.attempt, s.unit, s.source, s.record_id, s.channel, s.brand, '',
       s.reason, s.event_at, s.delivery, s.file, s.line, coalesce(s.evidence, '')
FROM store.suppression s SEMI JOIN live USING (step, attempt) WHERE s.profile_id = $profile
ORDER BY ALL
"""

_HELD_BY = {
    "profiles": "profile",
    "crosswalk": "crosswalk",
    "consents": "consent_state",
    "receipts": "receipt",
    "splink": "crosswalk",
}
"""Exported table → the staging table in which a row of the profile stands."""


def history(desk: Desk, profile: str, records: tuple[q.Record, ...]) -> tuple[q.TrailEvent, ...]:
    """All that is known of the records (of the profile, if there is one), in order of time."""
    known = [(record.source, record.record_id) for record in records]
    if not known:
        return ()
    found = [*_rows(desk, known), *_findings(desk, known), *_trail(desk, records)]
    if profile:
        found += [*_compared(desk, known), *_decided(desk, known), *_stated(desk, profile)]
    found += _taken(desk, profile, known)
    numbered = sorted(enumerate(found), key=lambda one: (one[1].at, _rank(one[1]), one[0]))
    return tuple(event for _number, event in numbered)


def _rank(event: q.TrailEvent) -> int:
    """At one moment, what a state rests on comes before the state."""
    return 0 if event.event in ("read", "stated", "silenced", "compared", "decided") else 1


def _keys(records: list[Record]) -> dict[str, object]:
    return {"sources": [s for s, _r in records], "ids": [r for _s, r in records]}


def _made(desk: Desk, unit: tuple[str, int, str], record: Record, event: str, **cells: str) -> Any:
    """An event that a unit of a step brought about."""
    step = desk.view.state.steps.get(unit[0])
    blank = dict.fromkeys(("field", "rule", "other_source", "other_record", "before", "after"), "")
    return q.TrailEvent(
        at=desk.view.state.unit_times.get(unit, step.started_at if step else ""),
        by="",
        step=unit[0],
        source=record[0],
        record_id=record[1],
        event=event,
        **{**blank, **cells},
    )


def _place(delivery: object, file: object, line: object) -> str:
    return f"{text(delivery)}/{text(file)}:{text(line)}"


def _rows(desk: Desk, records: list[Record]) -> Iterator[q.TrailEvent]:
    for row in desk.rows(_ROWS, _keys(records)):
        yield _made(
            desk,
            row[:3],
            (row[3], row[4]),
            "read",
            place=_place(*row[5:8]),
            after=text(row[8]),
            rule=text(row[9]),
        )


def _findings(desk: Desk, records: list[Record]) -> Iterator[q.TrailEvent]:
    for row in desk.rows(_FOUND, _keys(records)):
        yield _made(
            desk,
            row[:3],
            (row[3], row[4]),
            "found",
            field=text(row[5]),
            rule=text(row[6]),
            before=text(row[8]),
            after=text(row[9]),
            note=text(row[10]),
        )


def _compared(desk: Desk, records: list[Record]) -> Iterator[q.TrailEvent]:
    if len(records) < 2 or not desk.columns("pair"):
        return
    for row in desk.rows(_COMPARED, _keys(records)):
        weights = [
            [text(one["field"]), text(one["level"]), one["weight"] or 0.0] for one in row[8] or ()
        ]
        yield _made(
            desk,
            row[:3],
            (row[5], row[6]),
            "compared",
            other_source=text(row[3]),
            other_record=text(row[4]),
            rule=text(row[7]),
            note=json.dumps(weights),
        )


def _decided(desk: Desk, records: list[Record]) -> Iterator[q.TrailEvent]:
    """What persons said of pairs with one of the records, and when it was taken back."""
    names = set(desk.view.pseudonyms(records))
    state = desk.view.state
    for entry in desk.view.journal_entries():
        fact = entry.fact
        match fact:
            case PairDecided() if {fact.record_a, fact.record_b} & names:
                if fact.decision == "undo":
                    at = state.taken_back.get(entry.seq, entry.seq)
                    yield from _said(desk, entry, at, records, "undo")
                else:
                    yield from _said(desk, entry, entry.seq, records)
            case ClusterAnswered() | ClusterDecided() if names.intersection(fact.records):
                yield from _said(desk, entry, entry.seq, records)
            case DecisionTakenBack():
                at = state.taken_back.get(entry.seq, 0)
                again = fact.entry in state.taken_back
                yield from _said(desk, entry, at, records, "" if again else "undo")
            case _:
                continue


def _is_torn(desk: Desk, decision: Decision) -> bool:
    """Whether a decision is one of two answers that say different things."""
    state = desk.view.state
    if not decision.question or decision.turn == "third":
        return False
    return verdict(state, state.questions[decision.question]) in (DIFFER, THIRD)


def _said(
    desk: Desk, entry: Entry, seq: int, records: list[Record], word: str = ""
) -> Iterator[q.TrailEvent]:
    """What the decision of entry ``seq`` says of each of the records and another; ``word`` instead."""
    decision = desk.view.state.decisions.get(seq)
    if decision is None or decision.sealed or _is_torn(desk, decision):
        return  # of two answers only what both said is a decision
    members = members_of(desk.view, decision)
    for a, b in combinations(range(len(members)), 2):
        one, two = members[a], members[b]
        if one is None or two is None or not {one.record, two.record} & set(records):
            continue
        mine, other = (one, two) if one.record in records else (two, one)
        key = (decision.records[a], decision.records[b])
        yield q.TrailEvent(
            at=entry.at,
            by=entry.by,
            step="",
            source=mine.record[0],
            record_id=mine.record[1],
            event="decided",
            field="",
            rule=word or word_on(decision, key),
            other_source=other.record[0],
            other_record=other.record[1],
            before="",
            after="",
        )


def _stated(desk: Desk, profile: str) -> Iterator[q.TrailEvent]:
    for row in desk.rows(_STATED, {"profile": profile}):
        yield _made(
            desk,
            row[1:4],
            (text(row[4]), text(row[5])),
            row[0],
            field="/".join((text(row[6]) or "*", text(row[7]) or "*", text(row[8]) or "*")),
            after=text(row[9]),
            before=stamp(text(row[10]), desk.view.state.zone),
            place=_place(*row[11:14]) if row[12] else "",  # an erasure or objection has none
            note=text(row[14]),
        )


def _trail(desk: Desk, records: tuple[q.Record, ...]) -> Iterator[q.TrailEvent]:
    targets = _targets(desk)
    kinds = set(targets.values())
    only = kinds.pop() if len(kinds) == 1 else ""
    for record in records:
        for event in desk.view.trail(record.source, record.record_id):
            unit = text(event.get("unit"))
            yield _event(event, record, targets.get(unit, only))


def _targets(desk: Desk) -> dict[str, str]:
    """Batch → what kind of target took it."""
    return {
        text(batch): text(target)
        for batch, target in desk.rows("SELECT DISTINCT batch, target FROM receipt ORDER BY ALL")
    }


def _event(event: dict[str, Any], record: q.Record, target: str) -> q.TrailEvent:
    def cell(name: str) -> str:
        return text(event.get(name))

    written = cell("event") in ("imported", "consent_written")
    return q.TrailEvent(
        at=cell("at"),
        by=cell("by"),
        step=cell("step"),
        source=cell("source") or record.source,
        record_id=cell("record_id") or record.record_id,
        event=cell("event"),
        field=cell("field"),
        rule=cell("rule"),
        other_source=cell("other_source"),
        other_record=cell("other_record"),
        before=cell("before"),
        after=cell("after"),
        note=target if written else "",
        place=cell("unit") if written else "",
    )


def _taken(desk: Desk, profile: str, records: list[Record]) -> Iterator[q.TrailEvent]:
    """Who looked at the person, and what was taken out that holds him, as the journal says."""
    names = desk.view.pseudonyms(records)
    held = _held(desk, profile)
    began = min((e.started_seq for e in _made_by(desk, "merge")), default=0) if profile else 0
    holding: dict[str, q.TrailEvent] = {}
    for entry in desk.view.journal_entries():
        fact, event = entry.fact, None
        if isinstance(fact, person_facts.Looked) and {fact.subject, *fact.records} & names.keys():
            event = _noted(entry, records[0], "looked", field=fact.what)
        elif isinstance(fact, facts.Exported):
            mine = getattr(fact, "subject", "") in names
            if mine or (fact.what in held and entry.seq > began > 0):
                event = _noted(entry, records[0], "exported", field=fact.what, after=fact.purge_on)
                holding[fact.sha256] = event
        elif isinstance(fact, facts.ExportDeleted) and fact.sha256 in holding:
            event = _noted(entry, records[0], "deleted", field=holding[fact.sha256].field)
        else:
            event = _right(entry, names, records[0])
        if event is not None:
            yield event


def _right(entry: facts.Entry, names: Collection[str], record: Record) -> q.TrailEvent | None:
    """What was decided about the person's rights, if the entry is about one of the pseudonyms."""
    match entry.fact:
        case person_facts.ErasureAsked(records=gone) if not set(gone).isdisjoint(names):
            return _noted(entry, record, "erased")
        case person_facts.ErasureRefused(profile=profile, categories=kept) if profile in names:
            return _noted(entry, record, "not_erased", field=", ".join(kept))
        case person_facts.Restricted(records=mine) if not set(mine).isdisjoint(names):
            return _noted(entry, record, "restricted")
        case person_facts.RestrictionLifted(records=mine) if not set(mine).isdisjoint(names):
            return _noted(entry, record, "lifted")
        case person_facts.Objected(records=mine) if not set(mine).isdisjoint(names):
            return _noted(entry, record, "objected")
        case _:
            return None


def standing(desk: Desk, records: tuple[q.Record, ...]) -> tuple[q.Right, ...]:
    """What holds at present: the restriction, since it was put first, and the last objection."""
    names = desk.view.pseudonyms([(record.source, record.record_id) for record in records])
    restricted: dict[str, facts.Entry] = {}
    objected: list[facts.Entry] = []
    for entry in desk.view.journal_entries():
        match entry.fact:
            case person_facts.Restricted(records=mine):
                for name in set(mine) & set(names):
                    restricted.setdefault(name, entry)
            case person_facts.RestrictionLifted(records=mine):
                restricted = {n: e for n, e in restricted.items() if n not in mine}
            case person_facts.Objected(records=mine) if not set(mine).isdisjoint(names):
                objected = [entry]
    first = sorted(restricted.values(), key=lambda entry: entry.seq)[:1]
    return tuple(
        q.Right(kind=kind, at=e.at, by=e.by, reason=desk.view.words(getattr(e.fact, "reason", "")))
        for kind, entries in (("restricted", first), ("objected", objected))
        for e in entries
    )


def _made_by(desk: Desk, kind: str) -> list[Any]:
    steps = desk.view.state.steps.values()
    return [step for step in steps if step.outline.uses == kind and step.started_seq]


def _held(desk: Desk, profile: str) -> set[str]:
    """Exported tables that have rows of the profile."""
    if not profile:
        return set()
    held = {"fates"}
    for what, table in _HELD_BY.items():
        if desk.columns(table):
            sql = f"SELECT count(*) FROM {table} WHERE profile_id = $profile"
            held |= {what} if desk.one(sql, {"profile": profile})[0] else set()
    return held


def _noted(entry: facts.Entry, record: Record, event: str, **cells: str) -> q.TrailEvent:
    blank = dict.fromkeys(("field", "rule", "other_source", "other_record", "before", "after"), "")
    return q.TrailEvent(
        at=entry.at,
        by=entry.by,
        step="",
        source=record[0],
        record_id=record[1],
        event=event,
        **{**blank, **cells},
    )
