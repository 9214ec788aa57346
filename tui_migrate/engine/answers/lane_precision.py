"""How precise a threshold of the match is, by what people decided.

A question counts once, however many records it is about: its pairs depend on each other, and an exact
interval counts what does not. What the guard let pass and what it held back are never added up: who is
asked because the guard held back has worse ones before him than those that merge. Which of the two a
pair was is read from the attempt of the match before the decision, since the match that takes a
decision in says of that pair only that a person decided; how likely it is, from the match as it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa

from tui_migrate.engine import lane_queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.decisions import DOUBTS, answers
from tui_migrate.engine.lane import match_before
from tui_migrate.engine.run_lane import verdicts
from tui_migrate.engine.state import Decision, Status, StepState
from tui_migrate.engine.two_answers import compared
from tui_migrate.matching.agreement import slips
from tui_migrate.matching.learning import interval
from tui_migrate.matching.settings import MatchSettings

LADDER = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)
"""Thresholds that somebody may think of instead: the one below the threshold in force is told of, and
two above it."""
GROUPS = (q.SAMPLE, q.PICKED, q.HELD, q.BELOW)
PASSED = ("guard passed", "doubted", "lane closed")
"""Reasons of pairs that the guard let pass."""
UNTOLD = ("changed since", "decision", "link")
"""Reasons that say nothing of the guard."""

# One row is a cluster of a sample that was judged, with what the match said of the pairs that tied it
# when it was drawn: whether one of them is a link, and the least likelihood, as it is now.
_DRAWN = """
WITH member AS (
  SELECT d.question, d.attempt, k.source, k.record_id
  FROM known_drawn d JOIN store.record_key k ON k.pseudonym = d.name)
SELECT x.question, bool_or(p.reason = 'link'), min(coalesce(l.probability, p.probability))
FROM store.pair p
JOIN member x ON x.source = p.source_a AND x.record_id = p.record_a AND x.attempt = p.attempt
JOIN member y ON y.source = p.source_b AND y.record_id = p.record_b AND y.question = x.question
LEFT JOIN pair l USING (source_a, record_a, source_b, record_b)
WHERE p.step = $step AND p.band = 'auto' AND p.reason IN ('guard passed', 'link')
GROUP BY x.question
"""

# One row is two records on which people have the word, with what the last match before that said.
_ASKED = """
WITH before AS (
  SELECT s.entry, s.same, p.source_a, p.record_a, p.source_b, p.record_b, p.band, p.reason, p.probability
  FROM known_said s
  JOIN store.pair p ON p.source_a = s.sa AND p.record_a = s.ra AND p.source_b = s.sb
    AND p.record_b = s.rb AND p.step = $step AND p.decision IS NULL
  JOIN store.attempt a ON a.step = p.step AND a.attempt = p.attempt AND a.seq < s.entry
  QUALIFY row_number() OVER (PARTITION BY s.entry, s.sa, s.ra, s.sb, s.rb ORDER BY a.seq DESC) = 1)
SELECT entry, same, b.band, b.reason, coalesce(l.probability, b.probability)
FROM before b LEFT JOIN pair l USING (source_a, record_a, source_b, record_b)
"""


class Asked(NamedTuple):
    """A question that somebody answered: how likely the pairs are that it was about, and for each
    whether it is one person."""

    group: str
    pairs: list[tuple[float, bool]]


def known(desk: Desk, query: q.LanePrecision) -> q.LaneKnown:
    """What decisions tell of the thresholds of the last match. Counts of all brands: it is one match."""
    view = desk.view
    match = match_before(view.state)
    if match is None:
        return q.LaneKnown(step="", ready=False)
    if match.status is not Status.DONE or not desk.columns("pair"):
        return q.LaneKnown(step=match.id, ready=False)
    state, reviews = view.state, view.reviews
    key = (
        match.id, match.attempt, match.digest, len(state.erased), len(state.decisions),
        max(state.taken_back, default=0), len(state.lane.lots),
    )  # fmt: skip
    with reviews.looking_at_lane:
        if reviews.lane_known is None or reviews.lane_known[0] != key:
            reviews.lane_known = key, _known(desk, match)
        return reviews.lane_known[1]


def thresholds(auto_from: float) -> tuple[float, ...]:
    """The threshold in force and those beside it."""
    below = [one for one in LADDER if one < auto_from][-1:]
    above = [one for one in LADDER if one > auto_from][:2]
    return (*below, auto_from, *above)


def shares(questions: Iterable[Asked], at: Sequence[float]) -> tuple[q.LaneShare, ...]:
    """Of every group at every threshold. A question counts from the threshold on at which it is about
    a pair; it is right when all such pairs are one person."""
    found = list(questions)
    links = [one for one in found if one.group == q.LINK]
    made = [_share(q.LINK, 0.0, links)]
    made += [
        _share(group, least, [one for one in found if one.group == group])
        for group in GROUPS
        for least in at
    ]
    return tuple(made)


def _share(group: str, least: float, questions: Iterable[Asked]) -> q.LaneShare:
    told = [[same for likely, same in one.pairs if likely >= least] for one in questions]
    right = [all(one) for one in told if one]
    share = interval(sum(right), len(right))
    return q.LaneShare(
        group=group, at=least, decided=share.decided, right=share.same, low=share.low,
        high=share.high,
    )  # fmt: skip


def _known(desk: Desk, match: StepState) -> q.LaneKnown:
    state = desk.view.state
    auto_from = _auto_from(desk)
    drawn, lost = _drawn(desk, match)
    asked, never = _asked(desk, match)
    standing = {pair.seq for pair in list(state.pairs.values())}
    doubts = [s for s in standing if state.decisions[s].word in DOUBTS]
    wrong = slips(compared(state))
    return q.LaneKnown(
        step=match.id,
        ready=True,
        auto_from=auto_from,
        shares=shares((*drawn, *asked), thresholds(auto_from)),
        samples=len([lot for lot in list(state.lane.lots.values()) if lot.fact.step == match.id]),
        unsure=sum(state.decisions[s].lot <= 0 for s in doubts),
        unplaced=lost + never,
        compared=wrong.compared if wrong else 0,
        contrary=wrong.contrary if wrong else 0,
        wrong_low=wrong.low if wrong else None,
        wrong_high=wrong.high if wrong else None,
    )


def _auto_from(desk: Desk) -> float:
    """The threshold by which the present match merged."""
    if desk.columns("match_model"):
        for (text,) in desk.rows("SELECT model FROM match_model"):
            return float(json.loads(text)["settings"]["auto_from"])
    return MatchSettings().auto_from


def _drawn(desk: Desk, match: StepState) -> tuple[list[Asked], int]:
    """The clusters of samples that somebody judged, and of how many nothing is known any more."""
    state = desk.view.state
    judged = [
        (lot.fact.attempt, records, right)
        for lot in list(state.lane.lots.values())
        if lot.fact.step == match.id
        for records, right in verdicts(state, lot).items()
    ]
    if not judged:
        return [], 0
    rows = [(n, attempt, name) for n, (attempt, of, _right) in enumerate(judged) for name in of]
    columns = dict(zip(("question", "attempt", "name"), zip(*rows, strict=True), strict=True))
    desk.cursor.register("known_drawn", pa.table({k: list(v) for k, v in columns.items()}))
    found = [
        Asked(q.LINK if linked else q.SAMPLE, [(likely or 0.0, judged[question][2])])
        for question, linked, likely in desk.rows(_DRAWN, {"step": match.id})
    ]
    desk.cursor.unregister("known_drawn")
    return found, len(judged) - len(found)


def _asked(desk: Desk, match: StepState) -> tuple[list[Asked], int]:
    """What people were asked or looked at of their own accord; and of how many decisions the match had
    said nothing before."""
    state = desk.view.state
    said = answers(desk.view, desk.cursor, state)
    if not said:
        return [], 0
    columns = {
        "entry": [entry for entry, *_rest in said],
        "same": [same for _entry, same, *_rest in said],
        "sa": [a[0] for *_rest, a, _b in said],
        "ra": [a[1] for *_rest, a, _b in said],
        "sb": [b[0] for *_rest, b in said],
        "rb": [b[1] for *_rest, b in said],
    }
    desk.cursor.register("known_said", pa.table(columns))
    rows = desk.rows(_ASKED, {"step": match.id})
    desk.cursor.unregister("known_said")
    found: dict[tuple[int, str], Asked] = {}
    placed = set()
    for entry, same, band, reason, likely in rows:
        group = _group(state.decisions[entry], band, reason)
        if group:
            placed.add(entry)
            found.setdefault((entry, group), Asked(group, [])).pairs.append((likely or 0.0, same))
    return list(found.values()), len({entry for entry, *_rest in said} - placed)


def _group(decision: Decision, band: str, reason: str) -> str:
    """Why a pair was before somebody; '' for one that was not what he was asked about."""
    if reason in PASSED:
        return q.PICKED if band == "review" or decision.lot else ""
    if reason in UNTOLD or band != "review":
        return ""
    return q.BELOW if reason == "not certain enough" else q.HELD
