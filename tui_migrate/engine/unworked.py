"""Decisions on records that the steps behind them have not heard of yet."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    PairDecided,
)
from tui_migrate.engine import gates
from tui_migrate.engine.run import SETTLED, RunState, StepState, fold

_DECIDING = (PairDecided, ClusterAnswered, ClusterDecided, DecisionTakenBack)
_COUNTS = ("merge", "different")


def matched(state: RunState) -> StepState | None:
    """The step whose outcome decisions change, once it is done."""
    steps = (s for s in state.steps.values() if s.outline.uses == "match" and s.status in SETTLED)
    return next((step for step in steps if step.attempt), None)


def to_be_done(state: RunState) -> list[str]:
    """The steps that a new decision has done again: those begun, but those of people."""
    step = matched(state)
    if step is None:
        return []
    behind = [s for s in state.after(step.id) if s.outline.uses not in gates.PEOPLE and s.attempt]
    return [step.id, *(other.id for other in behind)]


def unworked(entries: Sequence[Entry], state: RunState) -> int:
    """How many pairs have another word than when they were matched."""
    step = matched(state)
    if step is None or not any(isinstance(e.fact, _DECIDING) for e in entries[step.started_seq :]):
        return 0
    then, now = _words(fold(entries[: step.started_seq])), _words(state)
    return sum(then.get(pair) != now.get(pair) for pair in then | now)


def _words(state: RunState) -> dict[tuple[str, str], str]:
    found = {key: pair.decision for key, pair in state.pairs.items()}
    return {key: word for key, word in found.items() if word in _COUNTS}
