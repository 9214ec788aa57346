"""What has to stay in sight about deciding, in lines: for the status, the inbox and the screens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from tui_migrate.engine.gate_conditions import open_conditions, overdue
from tui_migrate.engine.gate_deadlines import deadline_of, expired
from tui_migrate.engine.gate_delegations import standing
from tui_migrate.engine.gate_window import warning, why_words
from tui_migrate.engine.gates import broken_glass, held_back
from tui_migrate.engine.run import RunState, SignOff, Status, StepState
from tui_migrate.engine.state import Condition, Override
from tui_migrate.i18n import _

Words = Callable[[str], str]


def gate_lines(state: RunState, now: datetime, words: Words) -> list[str]:
    """Everything that must not be forgotten, the gravest first."""
    lines = [glass_line(gate, signoff, words) for gate, signoff in broken_glass(state)]
    lines += [override_line(over, words) for over in state.overrides]
    for step in state.steps.values():
        lines += [line for line in (deadline_line(step, state, now), parts_line(step)) if line]
    lines += [condition_line(c, state, now, words) for _gate, c in open_conditions(state)]
    lines += [
        _("{} acts as {} for {} until {}").format(d.to, d.role, d.giver, d.until)
        for d in standing(state, now)
    ]
    soon = warning(state, now)
    return [*lines, soon] if soon else lines


def glass_line(gate: StepState, signoff: SignOff, words: Words) -> str:
    """A sign-off that broke the rules; it never goes away."""
    text = _("BREAK-GLASS: {} signed gate {} alone on {}, in spite of its rules").format(
        signoff.by, gate.id, signoff.at[:10]
    )
    return _because(text, words(signoff.break_glass))


def override_line(over: Override, words: Words) -> str:
    """A step that was started outside the change window."""
    text = _("outside the change window: {} started {} on {} ({})").format(
        over.by, over.step, over.at[:10], why_words(over.why)
    )
    return _because(text, words(over.reason))


def deadline_line(step: StepState, state: RunState, now: datetime) -> str:
    """Until when a waiting step is to be decided; '' where nothing says so."""
    deadline = deadline_of(step, state.zone)
    if deadline is None:
        return ""
    at = moment_words(deadline.due)
    if expired(step, state.zone, now):
        return _("EXPIRED: {} was due {}; {} opens it again").format(step.id, at, deadline.role)
    if now >= deadline.due:
        return _("OVERDUE: {} was due {}").format(step.id, at)
    if deadline.remind is not None and now >= deadline.remind:
        return _("due soon: {} by {}").format(step.id, at)
    return _("due: {} by {}").format(step.id, at)


def moment_words(due: datetime) -> str:
    """A deadline as a person says it: the last minute, or the day at whose end it is."""
    if due.time() == time():
        return f"{due - timedelta(days=1):%Y-%m-%d}"
    return f"{due:%Y-%m-%d %H:%M}"


def parts_line(gate: StepState) -> str:
    """What of a divided gate is approved and what is held back, while it waits."""
    if not gate.outline.parts or gate.status is not Status.WAITING:
        return ""
    back = held_back(gate)
    approved = [part for part in gate.outline.parts if part not in back]
    return _("{}: approved {}; held back {}").format(
        gate.id, ", ".join(approved) or _("none"), ", ".join(back) or _("none")
    )


def condition_line(condition: Condition, state: RunState, now: datetime, words: Words) -> str:
    """An open condition, and whether its day is over."""
    head = _("OVERDUE condition") if overdue(condition, state, now) else _("open condition")
    said = words(condition.what)
    text = f"{head} {condition.id}"
    if condition.owner:
        text += _(" for {}, due {}").format(condition.owner, condition.due)
    return f"{text}: {said}" if said else text


def _because(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def gate_facts(state: RunState, now: datetime, words: Words) -> dict[str, Any]:
    """The same for programs: what ``status --json`` prints, and what a report takes."""
    return {
        "break_glass": [
            {"gate": g.id, "by": s.by, "role": s.role, "at": s.at, "counts": not s.voided,
             "reason": words(s.break_glass)}
            for g, s in broken_glass(state)
        ],
        "outside_window": [
            {"step": o.step, "attempt": o.attempt, "why": o.why, "by": o.by, "at": o.at,
             "reason": words(o.reason)}
            for o in state.overrides
        ],
        "conditions": [
            {"id": c.id, "gate": g.id, "what": words(c.what), "owner": c.owner, "due": c.due,
             "by": c.by, "overdue": overdue(c, state, now)}
            for g, c in open_conditions(state)
        ],
        "deadlines": [
            {"step": s.id, "due": d.due.isoformat(), "overdue": now >= d.due,
             "expired": expired(s, state.zone, now), "escalate_to": d.role}
            for s in state.steps.values()
            if (d := deadline_of(s, state.zone)) is not None
        ],
        "held_back": {
            s.id: held_back(s)
            for s in state.steps.values()
            if s.outline.parts and s.status is Status.WAITING
        },
        "delegations": [
            {"role": d.role, "giver": d.giver, "to": d.to, "until": d.until}
            for d in standing(state, now)
        ],
        "window": warning(state, now),
    }  # fmt: skip
