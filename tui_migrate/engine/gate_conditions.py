"""Conditions of approvals: who sees to what by when, and whether it was done."""

from __future__ import annotations

import pwd
from datetime import date, datetime

from tui_migrate.audit.gate_facts import Term
from tui_migrate.engine.api import Sign
from tui_migrate.engine.core import Core
from tui_migrate.engine.identity import people_named
from tui_migrate.engine.state import Condition, RunState, StepState
from tui_migrate.engine.zones import day_in
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.runbook.models import Runbook


def open_conditions(state: RunState) -> list[tuple[StepState, Condition]]:
    """Conditions that nobody has said are met, with their gates: the earliest due first."""
    found = [(s, c) for s in state.steps.values() for c in s.conditions if not c.met_by]
    return sorted(found, key=lambda pair: pair[1].due or "9999")


def overdue(condition: Condition, state: RunState, now: datetime) -> bool:
    """Whether its day is over and nobody has said that it is met."""
    return bool(condition.due) and not condition.met_by and condition.due < day_in(now, state.zone)


def kept_terms(core: Core, command: Sign) -> list[Term]:
    """The conditions of an approval, checked, their words in the vault."""
    if command.decision != "conditions":
        if command.terms:
            raise EnvironmentProblem(_("Only an approval with conditions has conditions."))
        return []
    if not command.terms:
        raise EnvironmentProblem(
            _("Approval with conditions needs the conditions, with an owner and a day each.")
        )
    today = day_in(core.now(), core.state.zone)
    for term in command.terms:
        if not term.what.strip():
            raise EnvironmentProblem(_("A condition says what is to be done."))
        if not is_known(core.runbook, term.owner):
            raise EnvironmentProblem(
                _("{} is neither a user nor a role.").format(term.owner or "''"),
                _("Roles: {}").format(", ".join(core.runbook.roles)),
            )
        day = as_day(term.due)
        if day < today:
            raise EnvironmentProblem(_("{} is over: it can be no due date.").format(day))
    return [
        Term(what=core.vault.keep_words(t.what), owner=t.owner, due=t.due) for t in command.terms
    ]


def as_day(text: str) -> str:
    """A day as 2026-03-31. Raises ``EnvironmentProblem`` for anything else."""
    try:
        if date.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise EnvironmentProblem(_("{} is not a date.").format(repr(text)), _("write it as 2026-03-31"))


def is_known(runbook: Runbook, name: str) -> bool:
    """Whether this is a role of the runbook, or a user of the runbook or of the system."""
    return name in runbook.roles or is_user(runbook, name)


def is_user(runbook: Runbook, name: str) -> bool:
    """Whether the runbook or the system knows a user of this name."""
    if name in people_named(runbook):
        return True
    try:
        return bool(name) and pwd.getpwnam(name).pw_name == name
    except (KeyError, ValueError):
        return False
