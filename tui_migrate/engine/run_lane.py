"""The fold of the safe lane: samples and their verdicts, decisions about all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn, LaneJudged, LaneVoided
from tui_migrate.audit.person_facts import ErasureAsked
from tui_migrate.audit.review_facts import ClusterDecided, DecisionTakenBack
from tui_migrate.engine.lane_state import LaneWord, Lot, Tally
from tui_migrate.engine.state import RunState


def verdicts(state: RunState, lot: Lot) -> dict[frozenset[str], bool]:
    """Records of a cluster of a sample → whether it is right. Of several decisions on one the last that
    stands counts; what somebody is unsure of is not right."""
    found: dict[frozenset[str], bool] = {}
    for seq in list(lot.said):
        decision = state.decisions[seq]
        if decision.standing:
            right = decision.word == "settled" and len(decision.groups) == 1
            found[frozenset(decision.records)] = right
    return found


def tally(state: RunState, lot: Lot) -> Tally:
    """How far the clusters of a sample are judged."""
    return lot.tally(verdicts(state, lot), erased_records(state))


def erased_records(state: RunState) -> set[str]:
    """The records (pseudonyms) of all whose erasure was asked for."""
    asked = (entry.fact for entry in state.erasures)
    return {name for fact in asked if isinstance(fact, ErasureAsked) for name in fact.records}


def result(state: RunState, lot: Lot) -> str:
    """accepted | rejected | open, as the decisions stand now."""
    return lot.result(tally(state, lot))


def note_verdict(state: RunState, entry: Entry, fact: ClusterDecided) -> None:
    """A decision on a cluster that is of a sample."""
    lot = state.lane.lots.get(fact.lot)
    if lot is not None:
        lot.said.append(entry.seq)


def take_back(state: RunState, entry: Entry, fact: DecisionTakenBack) -> bool:
    """Take back a decision about the lane, or give it back; whether the entry is about one."""
    lane = state.lane
    word = lane.words.get(lane.taken_back.get(fact.entry, fact.entry))
    if word is None:
        return False
    undone = fact.entry in lane.taken_back
    if undone != word.standing and (not undone or word.ended == fact.entry):
        word.standing = not word.standing
        word.ended = 0 if word.standing else entry.seq
        lane.taken_back[entry.seq] = word.seq
    return True


def _drawn(state: RunState, entry: Entry, fact: LaneDrawn) -> None:
    state.lane.lots[entry.seq] = Lot(entry.seq, entry.by, entry.at, fact)


def _judged(state: RunState, entry: Entry, fact: LaneJudged) -> None:
    lot = state.lane.lots.get(fact.lot)
    if lot is not None:
        lot.told = fact.result


def _decided(state: RunState, entry: Entry, fact: LaneDecided) -> None:
    state.lane.words[entry.seq] = LaneWord(entry.seq, entry.by, entry.at, fact)


def _voided(state: RunState, entry: Entry, fact: LaneVoided) -> None:
    word = state.lane.words.get(fact.entry)
    if word is not None:
        word.voided = entry.seq


HANDLERS: dict[type, Callable[[RunState, Entry, Any], None]] = {
    LaneDrawn: _drawn,
    LaneJudged: _judged,
    LaneDecided: _decided,
    LaneVoided: _voided,
}
