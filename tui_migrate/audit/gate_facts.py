"""Facts about gates: sign-offs, their conditions and end, deadlines, delegations, windows."""

from __future__ import annotations

import msgspec

from tui_migrate.audit.fact import Fact


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """One condition of an approval: what (commitment), who sees to it, and the day it is due."""

    what: str
    owner: str
    due: str


class SignedOff(Fact, frozen=True, kw_only=True, tag="gate.signed"):
    """A person's decision at a gate. ``decision``: approve | conditions | reject."""

    gate: str
    decision: str
    role: str
    evidence: str
    bound: bool
    comment: str = ""
    """Commitment of the comment in the vault."""
    conditions: str = ""
    """Commitment of conditions, owner and due date in one text (journals before ``terms``)."""
    then: str = ""
    """After a reject: ``redo:<step>`` | ``rollback:<gate>`` | ``abort`` | empty (the gate waits)."""
    signature: str = ""
    """With SSH, over a statement that names entry ``head_seq`` and its hash ``head``."""
    key: str = ""
    head: str = ""
    head_seq: int = 0
    terms: list[Term] = msgspec.field(default_factory=list)
    part: str = ""
    giver: str = ""
    break_glass: str = ""
    """Commitment of the reason, where the sign-off breaks the rules of the gate."""


class GatePassed(Fact, frozen=True, kw_only=True, tag="gate.passed"):
    """Enough sign-offs of the needed roles stand on the present evidence."""

    gate: str
    evidence: str


class SignOffVoided(Fact, frozen=True, kw_only=True, tag="gate.voided"):
    """The evidence changed before a step behind the gate started: its sign-offs no longer count."""

    gate: str
    evidence: str
    reason: str


class EvidenceChanged(Fact, frozen=True, kw_only=True, tag="gate.evidence_changed"):
    """The evidence changed after a step behind the gate started: asks for a supplementary sign-off."""

    gate: str
    evidence: str


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
