"""Facts about gates beside the sign-offs themselves: conditions, deadlines, delegations, windows."""

from __future__ import annotations

import msgspec

from tui_migrate.audit.fact import Fact


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of an approval: what (commitment), who sees to it, and the day it is due."""

    what: str
    owner: str
    due: str


class ConditionMet(Fact, frozen=True, kw_only=True, tag="condition.met"):
    """Somebody says that a condition of an approval is fulfilled. ``comment`` is a commitment."""

    gate: str
    condition: str
    comment: str


class FellDue(Fact, frozen=True, kw_only=True, tag="deadline.due"):
    """The engine saw that a moment of a deadline has come. ``what``: reminded | escalated |
    expired. Said once for each moment of a deadline."""

    step: str
    what: str
    at: str
    role: str = ""


class Reopened(Fact, frozen=True, kw_only=True, tag="deadline.reopened"):
    """Who holds the escalation role opens an expired step again. ``reason`` is a commitment."""

    step: str
    reason: str
    until: str = ""


class Delegated(Fact, frozen=True, kw_only=True, tag="role.delegated"):
    """The user of this entry lets another act in his role, up to and including a day."""

    role: str
    to: str
    until: str
    reason: str


class DelegationRevoked(Fact, frozen=True, kw_only=True, tag="role.revoked"):
    """The delegation of a role by one user to another ends before its day."""

    role: str
    giver: str
    to: str
    reason: str = ""


class OutsideWindow(Fact, frozen=True, kw_only=True, tag="window.overridden"):
    """The user of this entry starts a step outside the change window. ``why``: code of what closes
    the window; ``reason``: commitment of his reason."""

    step: str
    attempt: int
    why: str
    reason: str


class HookFailed(Fact, frozen=True, kw_only=True, tag="hook.failed"):
    """A command of the runbook that tells people did not work. ``code`` says how, without words."""

    hook: str
    step: str
    code: str
