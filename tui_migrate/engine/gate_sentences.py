"""Facts about deciding as plain sentences: conditions, deadlines, delegations, the change window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.gate_window import why_words
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.sentences import Teller


def signed(t: Teller, e: Entry, f: gate_facts.SignedOff) -> str:
    """A decision at a gate, with all that is special about it."""
    verbs = {
        "approve": _("{by} approved {gate} as {role}"),
        "conditions": _("{by} approved {gate} with conditions as {role}"),
        "reject": _("{by} rejected {gate} as {role}"),
    }
    gate = t.step(f.gate) + (_(" for {part}").format(part=f.part) if f.part else "")
    text = verbs.get(f.decision, f.decision).format(by=e.by, gate=gate, role=f.role)
    if f.giver:
        text += _(", in the place of {giver}").format(giver=f.giver)
    if f.break_glass:
        text += _(", BREAKING THE RULES of the gate") + t.reason(f.break_glass)
    if not f.bound:
        text += _(" without having seen the evidence")
    if f.key:
        text += _(", signed with the SSH key {key}").format(key=f.key)
    text += t.reason(f.comment) + t.reason(f.conditions)
    for term in f.terms:
        owed = _("; condition for {owner}, due {due}").format(owner=term.owner, due=term.due)
        text += owed + t.reason(term.what)
    return text + _follows(t, f.then)


def _follows(t: Teller, then: str) -> str:
    what, _colon, step = then.partition(":")
    match what:
        case "redo":
            return _("; {step} is done again").format(step=t.step(step))
        case "rollback":
            return _("; back to {step}").format(step=t.step(step))
        case "abort":
            return _("; the run is aborted")
    return ""


def _met(t: Teller, e: Entry, f: gate_facts.ConditionMet) -> str:
    text = _("{by} says that condition {condition} is met").format(by=e.by, condition=f.condition)
    return text + t.reason(f.comment)


def _due(t: Teller, e: Entry, f: gate_facts.FellDue) -> str:
    words = {
        "reminded": _("{step} is due soon and still waits"),
        "escalated": _("{step} is overdue: {role} is asked"),
        "expired": _("the deadline of {step} has expired: only {role} opens it again"),
    }
    return words.get(f.what, f.what).format(step=t.step(f.step), role=f.role)


def _reopened(t: Teller, e: Entry, f: gate_facts.Reopened) -> str:
    text = _("{by} opened {step} again").format(by=e.by, step=t.step(f.step))
    if f.until:
        text += _(", until {day}").format(day=f.until)
    return text + t.reason(f.reason)


def _delegated(t: Teller, e: Entry, f: gate_facts.Delegated) -> str:
    text = _("{by} lends the role {role} to {to} until {day}").format(
        by=e.by, role=f.role, to=f.to, day=f.until
    )
    return text + t.reason(f.reason)


def _revoked(t: Teller, e: Entry, f: gate_facts.DelegationRevoked) -> str:
    text = _("{by} took the role {role} of {giver} back from {to}").format(
        by=e.by, role=f.role, giver=f.giver, to=f.to
    )
    return text + t.reason(f.reason)


def _outside(t: Teller, e: Entry, f: gate_facts.OutsideWindow) -> str:
    text = _("{by} starts {step} outside the change window ({why})").format(
        by=e.by, step=t.step(f.step), why=why_words(f.why)
    )
    return text + t.reason(f.reason)


def _hook(t: Teller, e: Entry, f: gate_facts.HookFailed) -> str:
    return _("the command that tells people of {step} failed ({code})").format(
        step=t.step(f.step), code=f.code
    )


TELLERS: dict[type, Callable[[Teller, Entry, Any], str]] = {
    gate_facts.SignedOff: signed,
    gate_facts.ConditionMet: _met,
    gate_facts.FellDue: _due,
    gate_facts.Reopened: _reopened,
    gate_facts.Delegated: _delegated,
    gate_facts.DelegationRevoked: _revoked,
    gate_facts.OutsideWindow: _outside,
    gate_facts.HookFailed: _hook,
}
