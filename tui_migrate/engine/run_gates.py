"""The part of the fold that is about deciding: conditions, deadlines, delegations, the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.state import Condition, Delegation, Override, RunState, StepState


def begin_waiting(step: StepState, entry: Entry) -> None:
    """The step begins to wait: its deadline counts from now."""
    step.waiting_since, step.reopened_at, step.reopened_until = entry.at, "", ""
    step.fallen = frozenset()


def keep_conditions(gate: StepState, entry: Entry, fact: gate_facts.SignedOff) -> None:
    """The conditions of an approval stand until somebody says that they are met. They are numbered
    within their gate; a journal from before ``terms`` has them in one text."""
    terms = list(fact.terms)
    if fact.conditions:
        terms.append(gate_facts.Term(what=fact.conditions, owner="", due=""))
    for term in terms:
        number = f"{gate.id}-{len(gate.conditions) + 1}"
        gate.conditions.append(
            Condition(number, term.what, term.owner, term.due, entry.by, entry.at)
        )


def _met(state: RunState, entry: Entry, fact: gate_facts.ConditionMet) -> None:
    for condition in state.steps[fact.gate].conditions:
        if condition.id == fact.condition:
            condition.met_by, condition.met_at = entry.by, entry.at
            condition.comment = fact.comment


def _due(state: RunState, entry: Entry, fact: gate_facts.FellDue) -> None:
    state.steps[fact.step].fallen |= {(fact.what, fact.at)}


def _reopened(state: RunState, entry: Entry, fact: gate_facts.Reopened) -> None:
    step = state.steps[fact.step]
    step.reopened_at, step.reopened_until = entry.at, fact.until


def _delegated(state: RunState, entry: Entry, fact: gate_facts.Delegated) -> None:
    state.delegations.append(
        Delegation(fact.role, entry.by, fact.to, fact.until, entry.at, fact.reason)
    )


def _revoked(state: RunState, entry: Entry, fact: gate_facts.DelegationRevoked) -> None:
    for lent in state.delegations:
        if (lent.role, lent.giver, lent.to) == (fact.role, fact.giver, fact.to):
            lent.revoked_at = lent.revoked_at or entry.at


def _outside(state: RunState, entry: Entry, fact: gate_facts.OutsideWindow) -> None:
    state.overrides.append(
        Override(fact.step, fact.attempt, fact.why, fact.reason, entry.by, entry.at)
    )


HANDLERS: dict[type, Callable[[RunState, Entry, Any], None]] = {
    gate_facts.ConditionMet: _met,
    gate_facts.FellDue: _due,
    gate_facts.Reopened: _reopened,
    gate_facts.Delegated: _delegated,
    gate_facts.DelegationRevoked: _revoked,
    gate_facts.OutsideWindow: _outside,
}
