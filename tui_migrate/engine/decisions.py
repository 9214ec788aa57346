"""Reviewers' decisions on pairs and clusters: the vault holds the record ids, the journal pseudonyms.

Beside the ids the vault keeps a digest of every compared field as it stood: where one of them is
another now, the records are asked again: that they are one person is not handed to ``match`` any more;
that they are not still is, so that nothing merges before somebody has looked.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine.lane_state import LaneWord
from tui_migrate.engine.run import Decision, RunState, StepState, fold
from tui_migrate.engine.run_review import pairs_of
from tui_migrate.engine.state import PairState
from tui_migrate.engine.two_answers import standing
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor, quote
from tui_migrate.steps.base import Override, PairDecision

if TYPE_CHECKING:
    from tui_migrate.engine.core import Core

Record = tuple[str, str]
"""Source and record id."""
Digests = dict[str, str]
"""Compared field → digest of its value; fields without one are left out."""

DECISIONS = ("merge", "different", "unsure", "undo")
DOUBTS = ("unsure", "flagged")
"""Words of who could not say whether it is one person."""
USED_BY = ("match", "merge")
"""Step kinds that decisions are an input of."""
COMPARED = (
    "kind", "first_name", "initials", "prefix", "family_name", "organisation_name", "birth_date",
    "gender", "street", "house_number", "house_addition", "postcode", "town", "country", "email",
    "phone", "kvk", "vat", "kbo",
)  # fmt: skip
"""Fields of a record on which a decision rests."""

# One row is a record that was asked for, with a digest for each compared field.
_DIGESTS = """
WITH asked AS (SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
SELECT source, record_id, {digests} FROM ent_profile SEMI JOIN asked USING (source, record_id)
QUALIFY row_number() OVER (PARTITION BY source, record_id
  ORDER BY delivery DESC, file DESC, line DESC, child_no DESC) = 1
"""


# One row is a cluster that merges, with how many of the records that were asked for stand in it.
_OF_ONE_CLUSTER = """
SELECT count(*) FROM cluster SEMI JOIN (
  SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
  USING (source, record_id)
WHERE status = 'merged' AND size > 1 GROUP BY cluster_id
"""


class Words(Protocol):
    """What opens commitments."""

    def words(self, reference: str) -> str:
        """What stands behind a commitment; '' when it is erased."""
        ...


@dataclass(frozen=True, slots=True)
class Member:
    """A record of a decision, with the digests of what was compared; none were kept in old runs."""

    record: Record
    digests: Digests


def digests_of(cursor: Cursor, records: Iterable[Record]) -> dict[Record, Digests]:
    """The digests of the records as they stand; those that are not mapped (yet) are left out."""
    asked = sorted(set(records))
    there = {
        name
        for (name,) in cursor.execute(
            "SELECT column_name FROM duckdb_columns() WHERE schema_name = 'main'"
            " AND table_name = 'ent_profile'"
        ).fetchall()
    }
    fields = [name for name in COMPARED if name in there]
    if not asked or not fields:
        return {}
    digests = ", ".join(f"left(md5({quote(name)}::VARCHAR), 12)" for name in fields)
    rows = cursor.execute(
        _DIGESTS.format(digests=digests),
        {"sources": [s for s, _r in asked], "records": [r for _s, r in asked]},
    ).fetchall()
    return {
        (source, record): {f: d for f, d in zip(fields, values, strict=True) if d is not None}
        for source, record, *values in rows
    }


def are_merged(cursor: Cursor, records: Iterable[Record]) -> bool:
    """Whether the match made one person of all of them already."""
    asked = list(records)
    there = cursor.execute(
        "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'main' AND view_name = 'cluster'"
    ).fetchall()
    if there == [(0,)]:
        return False
    sides = {"sources": [s for s, _r in asked], "records": [r for _s, r in asked]}
    rows = cursor.execute(_OF_ONE_CLUSTER, sides).fetchall()
    return [n for (n,) in rows] == [len(asked)]


def changed(then: Digests, now: Mapping[str, str] | None) -> list[str]:
    """The compared fields that are another than they were, for who kept digests of both."""
    if not then or now is None:
        return []
    return [f for f in COMPARED if then.get(f) != now.get(f)]


# Words in the vault


def member_words(record: Record, digests: Digests) -> str:
    """What the vault keeps of one record of a cluster."""
    return json.dumps([[*record], digests], ensure_ascii=False)


def pair_words(a: Record, b: Record) -> str:
    """What the vault keeps of a pair: the plain ids."""
    return json.dumps([a, b], ensure_ascii=False)


def compared_words(a: Record, b: Record, digests: Mapping[Record, Digests]) -> str:
    """What the vault keeps beside it: the digests of both."""
    both = [digests.get(a, {}), digests.get(b, {})]
    return json.dumps([a, b, *both], ensure_ascii=False) if any(both) else ""


def members_of(vault: Words, decision: Decision) -> list[Member | None]:
    """The records of a decision in its order; ``None`` for one who is erased."""
    if len(decision.references) == 1:
        return _pair_members(vault, decision)
    found: list[Member | None] = []
    for reference in decision.references:
        words = vault.words(reference)
        if not words:
            found.append(None)
            continue
        (source, record), digests = json.loads(words)
        found.append(Member((source, record), digests))
    return found


def _pair_members(vault: Words, decision: Decision) -> list[Member | None]:
    words = vault.words(decision.references[0])
    if not words:
        return [None, None]
    kept = vault.words(decision.compared)
    digests = json.loads(kept)[2:] if kept else [{}, {}]
    return [
        Member((source, record), of)
        for (source, record), of in zip(json.loads(words), digests, strict=True)
    ]


# What the steps are given


def pair_decisions(core: Core, step: StepState, *, as_started: bool) -> tuple[PairDecision, ...]:
    """The decisions as they stand now or, ``as_started``, as they stood when the present attempt of
    ``step`` began. Sorted by records; empty for kinds that do not use them."""
    if step.outline.uses not in USED_BY:
        return ()
    return decided(core, _state(core, step, as_started))


def doubts(core: Core, step: StepState, *, as_started: bool) -> tuple[PairDecision, ...]:
    """Pairs of which somebody was not sure or has to be asked again, as ``pair_decisions``: only
    ``match`` uses them."""
    if step.outline.uses != "match":
        return ()
    cursor = core.store.cursor()
    try:
        state = _state(core, step, as_started)
        return (
            *doubted(core.vault, cursor, state),
            *asked_again(core.vault, cursor, state),
        )
    finally:
        cursor.close()


def lane_closed(core: Core, step: StepState, *, as_started: bool) -> bool:
    """Whether somebody let nothing merge without a person; as ``pair_decisions``."""
    return step.outline.uses == "match" and step.id in _state(core, step, as_started).lane.closed


def overrides(core: Core, step: StepState, *, as_started: bool) -> tuple[Override, ...]:
    """The values and leading records that reviewers chose, the earliest first; as ``pair_decisions``."""
    if step.outline.uses != "merge":
        return ()
    state = _state(core, step, as_started)
    wanted = [d for d in _in_force(state) if d.lead >= 0 or d.values]
    found = []
    cursor = core.store.cursor()
    try:
        unchanged = _unchanged(core.vault, cursor, wanted)
    finally:
        cursor.close()
    for decision, members in zip(wanted, unchanged, strict=True):
        names = [m.record if m is not None else None for m in members]
        lead = names[decision.lead] if decision.lead >= 0 else None
        values = {
            field: tuple(record for at in places if (record := names[at]) is not None)
            for field, places in sorted(decision.values.items())
        }
        found.append(Override(lead, {f: chosen for f, chosen in values.items() if chosen}))
    return tuple(found)


def _state(core: Core, step: StepState, as_started: bool) -> RunState:
    return fold(core.journal.entries[: step.started_seq]) if as_started else core.state


def _in_force(state: RunState) -> list[Decision]:
    """The decisions that have the word on some pair, in order."""
    seqs = {pair.seq for pair in list(state.pairs.values())}
    for seq in list(seqs):  # where two said the same, what each of them chose counts
        decision = state.decisions[seq]
        if decision.question and decision.turn != "third":
            question = state.questions[decision.question]
            seqs |= {answer.seq for answer in standing(state, question)}
    return [state.decisions[seq] for seq in sorted(seqs)]


def _unchanged(
    vault: Words, cursor: Cursor, decisions: list[Decision]
) -> list[list[Member | None]]:
    """The records of each decision, but ``None`` for who is erased or is another than he was."""
    members = [members_of(vault, decision) for decision in decisions]
    now = digests_of(cursor, {m.record for each in members for m in each if m and m.digests})
    return [
        [None if m is None or changed(m.digests, now.get(m.record)) else m for m in each]
        for each in members
    ]


def decided(core: Core, state: RunState) -> tuple[PairDecision, ...]:
    """The decisions of a state with plain ids, but on those who are erased; of those of whom a compared
    field is another now only that they are not one person."""
    cursor = core.store.cursor()
    try:
        return settled(core.vault, cursor, state)
    finally:
        cursor.close()


def settled(vault: Words, cursor: Cursor, state: RunState) -> tuple[PairDecision, ...]:
    """As ``decided``, for who has a vault and a cursor."""
    return _said(vault, cursor, state, [d for d in _in_force(state) if d.word == "settled"])


def doubted(vault: Words, cursor: Cursor, state: RunState) -> tuple[PairDecision, ...]:
    """The pairs that would merge without a person and of which one was not sure, also when a field has
    changed since; but of who is erased."""
    return _said(vault, cursor, state, [d for d in _in_force(state) if d.lot and d.word in DOUBTS])


def answers(
    vault: Words, cursor: Cursor, state: RunState
) -> list[tuple[int, bool, Record, Record]]:
    """Each pair on which a decision that was not about a sample has the word, while both are who they
    were: its entry, whether they are one person, and the two in order; without those who are erased."""
    settled_ones = [d for d in _in_force(state) if d.word == "settled" and d.lot <= 0]
    return sorted(
        (pair.seq, pair.decision == "merge", min(one, two), max(one, two))
        for pair, one, two, stands in _worded(vault, cursor, state, settled_ones)
        if stands
    )


def asked_again(vault: Words, cursor: Cursor, state: RunState) -> tuple[PairDecision, ...]:
    """The pairs that a person merged and of which a compared field is another now (``again``), sorted by
    records; without those who are erased."""
    settled_ones = [d for d in _in_force(state) if d.word == "settled"]
    return _sorted(
        PairDecision(*one, *two, "again", pair.by, pair.at)
        for pair, one, two, stands in _worded(vault, cursor, state, settled_ones)
        if pair.decision == "merge" and not stands
    )


def _said(
    vault: Words, cursor: Cursor, state: RunState, decisions: list[Decision]
) -> tuple[PairDecision, ...]:
    """The pairs on which these decisions have the word, sorted by records. That two are one person
    counts only as long as both are who they were."""
    return _sorted(
        PairDecision(*one, *two, pair.decision, pair.by, pair.at)
        for pair, one, two, stands in _worded(vault, cursor, state, decisions)
        if stands or pair.decision != "merge"
    )


def _worded(
    vault: Words, cursor: Cursor, state: RunState, decisions: list[Decision]
) -> Iterator[tuple[PairState, Record, Record, bool]]:
    """The pairs on which these decisions have the word, with plain ids, without those who are erased;
    and whether both are who they were."""
    for decision, members in zip(decisions, _unchanged(vault, cursor, decisions), strict=True):
        fresh = dict(zip(decision.records, members, strict=True))
        known = dict(zip(decision.records, members_of(vault, decision), strict=True))
        for a, b in pairs_of(decision):
            pair, one, two = state.pairs.get((a, b)), known[a], known[b]
            if pair is None or pair.seq != decision.seq or one is None or two is None:
                continue
            yield pair, one.record, two.record, fresh[a] is not None and fresh[b] is not None


def _sorted(found: Iterable[PairDecision]) -> tuple[PairDecision, ...]:
    return tuple(sorted(found, key=lambda d: (d.source_a, d.record_a, d.source_b, d.record_b)))


def require_turned(said: Decision | LaneWord, entry: int, *, undone: bool) -> None:
    """Raise ``DataSaysNo`` where taking ``entry`` back would change nothing. ``undone``: it took the
    decision back itself, which only the last such entry gives back."""
    if undone == said.standing or (undone and said.ended != entry):
        raise DataSaysNo(
            _("That decision counts already.")
            if undone
            else _("That decision was taken back already.")
        )


def pseudonyms_of(core: Core, records: Iterable[Record]) -> list[str]:
    """What the audit calls the records."""
    key = core.vault.workspace_key()
    return [pseudonym(key, *record) for record in records]
