"""The fold of reviewers' decisions, and of what they teach.

The last decision that stands has the word on a pair.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    ModelJudged,
    ModelProposed,
    OpenedAnswer,
    PairDecided,
    ReviewDrawn,
)
from tui_migrate.engine import run_lane
from tui_migrate.engine.state import Decision, PairState, Proposal, Question, RunState, SignOff
from tui_migrate.engine.two_answers import counts

Key = tuple[str, str]


def pairs_of(decision: Decision) -> Iterator[Key]:
    """Each two records that a decision speaks of."""
    return combinations(decision.records, 2)


def word_on(decision: Decision, key: Key) -> str:
    """What a decision says of two of its records: merge | different | unsure."""
    if decision.word != "settled":
        return "unsure"
    a, b = (decision.records.index(name) for name in key)
    return "merge" if any(a in group and b in group for group in decision.groups) else "different"


def _say(state: RunState, decision: Decision) -> None:
    state.decisions[decision.seq] = decision
    for key in pairs_of(decision):
        known = state.pairs.get(key)
        said = known.said if known is not None else state.unsaid.setdefault(key, [])
        said.append(decision.seq)
    _settle(state, decision)


def _settle(state: RunState, changed: Decision) -> None:
    """Find the present word on every pair of a decision that is new, taken back or given back."""
    for key in pairs_of(changed):
        known = state.pairs.pop(key, None)
        said = known.said if known is not None else state.unsaid.pop(key)
        last = next((n for n in reversed(said) if counts(state, state.decisions[n])), None)
        if last is None:
            state.unsaid[key] = said
            continue
        decision = state.decisions[last]
        reference = decision.references[0] if len(decision.references) == 1 else ""
        state.pairs[key] = PairState(
            word_on(decision, key), decision.by, decision.at, last, reference, said
        )


def _take_back(state: RunState, entry: Entry, decision: Decision) -> None:
    decision.standing = not decision.standing
    decision.ended = 0 if decision.standing else entry.seq
    state.taken_back[entry.seq] = decision.seq
    _settle(state, decision)


def _pair(state: RunState, entry: Entry, fact: PairDecided) -> None:
    key = (fact.record_a, fact.record_b)
    if fact.decision == "undo":
        known = state.pairs.get(key)
        if known is not None:
            _take_back(state, entry, state.decisions[known.seq])
        return
    _say(
        state,
        Decision(
            seq=entry.seq,
            by=entry.by,
            at=entry.at,
            records=key,
            groups=((0, 1),) if fact.decision == "merge" else ((0,), (1,)),
            word="unsure" if fact.decision == "unsure" else "settled",
            references=(fact.reference,),
            compared=fact.compared,
        ),
    )


def _cluster(state: RunState, entry: Entry, fact: ClusterDecided) -> None:
    records = tuple(fact.records)
    for opened in fact.opens:
        _open(state.decisions[opened.entry], opened)
    question = state.twice.get(records, 0) if fact.turn else 0
    if question:
        _count_in(state, state.questions[question], entry.seq, fact)
    _say(
        state,
        Decision(
            seq=entry.seq,
            by=entry.by,
            at=entry.at,
            records=records,
            groups=tuple(tuple(group) for group in fact.groups),
            word=fact.decision,
            references=tuple(fact.members),
            lead=fact.lead,
            values=fact.values,
            note=fact.note,
            lot=fact.lot,
            turn=fact.turn,
            question=question,
        ),
    )
    run_lane.note_verdict(state, entry, fact)


def _open(decision: Decision, opened: OpenedAnswer) -> None:
    """What a sealed answer says is known from here on."""
    decision.groups = tuple(tuple(group) for group in opened.groups)
    decision.word, decision.lead, decision.values = opened.decision, opened.lead, opened.values
    decision.note, decision.sealed = opened.note, ""


def _count_in(state: RunState, question: Question, entry: int, fact: ClusterDecided) -> None:
    (question.thirds if fact.turn == "third" else question.answers).append(entry)
    if fact.opens and question.compared is None:
        question.compared = fact.opens[0].entry, entry


def _answered(state: RunState, entry: Entry, fact: ClusterAnswered) -> None:
    """A first answer: that it was given is known, and by whom."""
    records = tuple(fact.records)
    if fact.anew or records not in state.twice:
        state.twice[records] = entry.seq
        state.questions[entry.seq] = Question(records)
    question = state.twice[records]
    state.questions[question].answers.append(entry.seq)
    _say(
        state,
        Decision(
            seq=entry.seq,
            by=entry.by,
            at=entry.at,
            records=records,
            groups=(),
            word="sealed",
            references=tuple(fact.members),
            turn="first",
            question=question,
            sealed=fact.answer,
        ),
    )


def _drawn(state: RunState, entry: Entry, fact: ReviewDrawn) -> None:
    state.draw = fact


def _back(state: RunState, entry: Entry, fact: DecisionTakenBack) -> None:
    """Taking back what was taken back gives it back; only the last such entry of a decision can be."""
    if run_lane.take_back(state, entry, fact):
        return
    decision = state.decisions.get(state.taken_back.get(fact.entry, fact.entry))
    if decision is None:
        return
    undone = fact.entry in state.taken_back
    if undone == decision.standing or (undone and decision.ended != fact.entry):
        return
    _take_back(state, entry, decision)


def _proposed(state: RunState, entry: Entry, fact: ModelProposed) -> None:
    for before in state.proposals.values():
        if before.step == fact.step:
            before.open = False
    state.proposals[entry.seq] = Proposal(
        entry.seq, entry.by, entry.at, fact.step, fact.attempt, fact.sha256, fact.decided
    )


def _judged(state: RunState, entry: Entry, fact: ModelJudged) -> None:
    proposal = state.proposals.get(fact.proposal)
    if proposal is None or not proposal.open:
        return
    accepts = fact.decision == "accept"
    proposal.signoffs.append(
        SignOff(
            entry.by,
            fact.role,
            "approve" if accepts else "reject",
            fact.sha256,
            True,
            entry.at,
            fact.reason,
            giver=fact.giver,
        )
    )
    proposal.open = not fact.settled
    proposal.accepted = entry.seq if accepts and fact.settled else 0


HANDLERS: dict[type, Callable[[RunState, Entry, Any], None]] = {
    ReviewDrawn: _drawn,
    ClusterAnswered: _answered,
    PairDecided: _pair,
    ClusterDecided: _cluster,
    DecisionTakenBack: _back,
    ModelProposed: _proposed,
    ModelJudged: _judged,
}
