"""Commands of reviewers: settle a pair or a cluster, take a decision back, have a cluster to oneself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tui_migrate.audit import entries as facts
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    PairDecided,
)
from tui_migrate.engine import api
from tui_migrate.engine.answering import Turn, cluster_of, require_own, sealed_words, turn_of
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import (
    DECISIONS,
    Digests,
    Record,
    are_merged,
    compared_words,
    digests_of,
    member_words,
    members_of,
    pair_words,
    pseudonyms_of,
    require_turned,
)
from tui_migrate.engine.lane_commands import require_of_sample, take_back_lane, word_of
from tui_migrate.engine.looking import note_decision
from tui_migrate.engine.seeing import seen_by
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.model.entities import entities

MOST, MOST_OF_SAMPLE = 100, 500
"""Records that one decision may be about; a cluster that would merge by itself may be larger."""
WORDS = ("settled", "unsure", "flagged")

# One row: a record that was asked for and is known.
_KNOWN = """
SELECT source, record_id FROM store.record_key SEMI JOIN (
  SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
  USING (source, record_id)
"""


def decide(core: Core, command: api.Decide) -> facts.Entry:
    """Journal a decision on a pair; an undo takes back whatever has the word on it."""
    if command.decision not in DECISIONS:
        raise EnvironmentProblem(_("A decision is one of {}.").format(", ".join(DECISIONS)))
    a, b = sorted([(command.source_a, command.record_a), (command.source_b, command.record_b)])
    _require_known(core, (a, b))
    _require_sight(core, (a, b))
    first, second = pseudonyms_of(core, (a, b))
    known = core.state.pairs.get((first, second))
    if command.decision != "undo" and cluster_of(core, (a, b)):
        return decide_cluster(core, _as_cluster(command, (a, b)))
    if command.decision == "undo":
        if known is None:
            raise DataSaysNo(_("This pair has no decision to undo."))
        require_own(core, core.state.decisions[known.seq])
        if len(core.state.decisions[known.seq].references) > 1:
            return core.record(DecisionTakenBack(entry=known.seq), command.id)
    keep = core.vault.keep_words
    fact = PairDecided(
        record_a=first,
        record_b=second,
        decision=command.decision,
        reference=keep(pair_words(a, b)),
        compared=keep(_compared(core, a, b)) if command.decision != "undo" else "",
    )
    note_decision(core, fact)
    return core.record(fact, command.id)


def _as_cluster(command: api.Decide, pair: tuple[Record, Record]) -> api.DecideCluster:
    """A word on a pair that two persons answer."""
    return api.DecideCluster(
        id=command.id,
        records=pair,
        decision="unsure" if command.decision == "unsure" else "settled",
        groups=((0, 1),) if command.decision == "merge" else (),
    )


def _compared(core: Core, a: Record, b: Record) -> str:
    cursor = core.store.cursor()
    try:
        return compared_words(a, b, digests_of(cursor, (a, b)))
    finally:
        cursor.close()


def decide_cluster(core: Core, command: api.DecideCluster) -> facts.Entry:
    """Journal what a reviewer made of a cluster, as one entry."""
    records = command.records
    _require_whole(command)
    told = _told(core, command)
    _require_sight(core, records)
    # One whom the match merged already is of the safe lane: one person says what he thinks of it.
    alone = bool(command.lot) or told.together
    if not alone:
        cluster_of(core, records)
    holder = core.reviews.holder(records, core.identity.uid, command.sitting)
    if holder:
        raise DataSaysNo(_("{} is looking at these records now.").format(holder))
    if command.lot:
        require_of_sample(core, command.lot, pseudonyms_of(core, records))
    order = sorted(range(len(records)), key=records.__getitem__)
    place = {old: new for new, old in enumerate(order)}
    ordered = [records[old] for old in order]
    digests = told.digests
    names = pseudonyms_of(core, ordered)
    words = [*(member_words(r, digests.get(r, {})) for r in ordered), command.note.strip()]
    *members, note = core.vault.keep_all(words)
    turn = Turn() if alone else turn_of(core, names, digests)
    fact = ClusterDecided(
        records=names,
        groups=_groups(command, place),
        decision=command.decision,
        members=members,
        lead=place[command.lead] if command.lead >= 0 else -1,
        values={
            field: [place[at] for at in chosen] for field, chosen in sorted(command.values.items())
        },
        note=note,
        turn=turn.word,
        opens=turn.opens,
        lot=command.lot or (-1 if alone else 0),
    )
    entry = core.record(
        fact
        if turn.word != "first"
        else ClusterAnswered(
            records=names,
            members=fact.members,
            answer=core.vault.keep_words(sealed_words(fact)),
            anew=turn.anew,
        ),
        command.id,
    )
    note_decision(core, fact)
    core.reviews.release(core.identity.uid, command.sitting)
    return entry


class _Told(NamedTuple):
    """What staging says of the records of a decision."""

    digests: Mapping[Record, Digests]
    together: bool


def _told(core: Core, command: api.DecideCluster) -> _Told:
    """As it was read when they were shown, while staging is as it was; else as it is now. Raises
    ``EnvironmentProblem`` for a record that is not known."""
    shown = core.reviews.ahead.of(core.identity.uid, command.sitting, command.records)
    if shown is not None:
        return _Told(shown.digests, shown.together)
    _require_known(core, command.records)
    cursor = core.store.cursor()
    try:
        return _Told(digests_of(cursor, command.records), are_merged(cursor, command.records))
    finally:
        cursor.close()


def _groups(command: api.DecideCluster, place: dict[int, int]) -> list[list[int]]:
    """Every record in one group, in the order of the journal."""
    if command.decision != "settled":
        return [[at] for at in sorted(place.values())]
    named = {at for group in command.groups for at in group}
    alone = [(at,) for at in place if at not in named]
    return sorted(sorted(place[at] for at in group) for group in (*command.groups, *alone) if group)


def _require_whole(command: api.DecideCluster) -> None:
    """Raise ``EnvironmentProblem`` for a decision that makes no sense."""
    count, most = len(command.records), MOST_OF_SAMPLE if command.lot else MOST
    named = [at for group in command.groups for at in group]
    chosen = [at for places in command.values.values() for at in places]
    fields = {field.name for field in entities()["profile"].fields}
    if command.decision not in WORDS:
        raise EnvironmentProblem(_("A decision is one of {}.").format(", ".join(WORDS)))
    if not 2 <= count <= most or len(set(command.records)) != count:
        raise EnvironmentProblem(
            _("A decision is about 2 to {} records, each named once.").format(most)
        )
    if len(set(named)) != len(named) or any(
        not 0 <= at < count for at in (*named, *chosen, max(command.lead, 0))
    ):
        raise EnvironmentProblem(_("Each record stands in one group, by its place."))
    strange = sorted(set(command.values) - fields)
    if strange or not all(command.values.values()):
        raise EnvironmentProblem(_("There is no field {}.").format(", ".join(strange) or "–"))


def _require_known(core: Core, records: Iterable[Record]) -> None:
    asked = list(records)
    cursor = core.store.cursor()
    try:
        rows = cursor.execute(
            _KNOWN, {"sources": [s for s, _r in asked], "records": [r for _s, r in asked]}
        ).fetchall()
    finally:
        cursor.close()
    for source, record in asked:
        if (source, record) not in set(rows):
            raise EnvironmentProblem(_("There is no record {} of {}.").format(record, source))


def _require_sight(core: Core, records: Iterable[Record]) -> None:
    """Raise ``DataSaysNo`` for records of a brand that the role of who acts does not cover."""
    seen = seen_by(core.runbook, core.identity, core.owner.uid)
    if seen.brands is None:
        return
    asked = list(records)
    cursor = core.store.cursor()
    try:
        brands = core.reviews.brands(cursor, core.runbook, asked)
    finally:
        cursor.close()
    if any(not brands[record] or brands[record] - seen.brands for record in asked):
        raise DataSaysNo(_("These records belong to brands that your role does not cover."))


def take_back(core: Core, command: api.TakeBack) -> facts.Entry:
    """Journal that a decision no longer counts, or counts again."""
    state = core.state
    word = word_of(core, command.entry)
    if word is not None:
        return take_back_lane(core, command, word)
    undone = command.entry in state.taken_back
    decision = state.decisions.get(state.taken_back.get(command.entry, command.entry))
    if decision is None:
        raise EnvironmentProblem(
            _("Entry {} holds no decision on duplicates.").format(command.entry)
        )
    require_turned(decision, command.entry, undone=undone)
    require_own(core, decision)
    records = [m.record for m in members_of(core.vault, decision) if m is not None]
    _require_sight(core, records)
    return core.record(DecisionTakenBack(entry=command.entry), command.id)


def claim(core: Core, command: api.Claim) -> api.Reply:
    """Give somebody a cluster for himself, unless another has it."""
    who = core.identity
    _require_sight(core, command.records)
    holder = core.reviews.claim(command.records, who.uid, who.user, command.sitting)
    if holder:
        raise DataSaysNo(_("{} is looking at these records now.").format(holder))
    return api.Reply(ok=True, seq=core.state.seq)
