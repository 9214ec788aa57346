"""What waits for one person in one run: a pure function of the run's state and of now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from tui_migrate.engine import gates
from tui_migrate.engine.api import Identity
from tui_migrate.engine.checklists import missing_answers
from tui_migrate.engine.gate_conditions import open_conditions, overdue
from tui_migrate.engine.gate_deadlines import deadline_of, expired
from tui_migrate.engine.gate_refusals import made_by
from tui_migrate.engine.gate_status import Words, condition_line, deadline_line
from tui_migrate.engine.run import RunState, Status, StepState
from tui_migrate.engine.sentences import said
from tui_migrate.engine.zones import day_in
from tui_migrate.i18n import _


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits. ``kind``: gate | supplementary | question | condition | expired."""

    kind: str
    step: str
    item: str = ""
    due: str = ""
    overdue: bool = False
    roles: tuple[str, ...] = ()
    text: str = ""
    note: str = ""


def waiting_for(state: RunState, who: Identity, now: datetime, words: Words) -> list[Item]:
    """What waits for ``who``; his lent roles count. What is overdue comes first."""
    if state.ended == "aborted":
        return [*_conditions(state, who, now, words)]
    found: list[Item] = []
    for step in state.steps.values():
        if expired(step, state.zone, now):
            found += _expired(state, step, who, now)
        elif step.outline.uses == "gate":
            found += _gate(state, step, who, now)
        elif step.outline.uses == "merge" and step.status is Status.WAITING:
            found += _lane(step, who)
        elif step.status is Status.WAITING:
            found += _questions(state, step, who, now)
    found += _conditions(state, who, now, words)
    return sorted(found, key=lambda item: (not item.overdue, item.due or "9999"))


def _expired(state: RunState, step: StepState, who: Identity, now: datetime) -> Iterator[Item]:
    role = str(step.outline.deadline.get("escalate_to", ""))
    if role in who.roles:
        yield Item(
            kind="expired",
            step=step.id,
            due=_due(state, step),
            overdue=True,
            roles=(role,),
            text=deadline_line(step, state, now),
        )


def _gate(state: RunState, gate: StepState, who: Identity, now: datetime) -> Iterator[Item]:
    if gate.status is not Status.WAITING and not gate.supplementary:
        return
    approvals = [s for part in gates.parts_of(gate) for s in gates.valid_approvals(gate, part)]
    spoken = {person for signoff in approvals for person in signoff.people}
    missing = gates.missing_approvals(gate)
    roles = tuple(role for role in missing if role in who.roles)
    if not roles or (who.user in spoken and not gate.outline.parts):
        return
    due = _due(state, gate)
    note = ""
    if made_by(state, gate, who.user):
        note = _("you made some of it: where four eyes are asked for, somebody else signs")
    yield Item(
        kind="supplementary" if gate.supplementary else "gate",
        step=gate.id,
        item=", ".join(gates.held_back(gate)),
        due=due,
        overdue=bool(due) and datetime.fromisoformat(due) <= now,
        roles=roles,
        text=_("{} waits for a sign-off as {}").format(gate.id, ", ".join(roles)),
        note=note,
    )


def _lane(step: StepState, who: Identity) -> Iterator[Item]:
    """A merge whose safe lane nobody has confirmed; who may decide about duplicates does."""
    if who.roles:
        text = _("{}: {} clusters would merge without a person").format(step.id, step.subject)
        yield Item(kind="safe_lane", step=step.id, text=text)


def _questions(state: RunState, step: StepState, who: Identity, now: datetime) -> Iterator[Item]:
    missing, today = missing_answers(step), day_in(now, state.zone)
    for item in step.outline.items:
        owner = str(item["owner"])
        mine = owner in who.roles if owner else bool(who.roles)
        if item["id"] not in missing or not mine:
            continue
        due = str(item["due"]) or _due(state, step)
        yield Item(
            kind="question",
            step=step.id,
            item=str(item["id"]),
            due=due,
            overdue=bool(due) and due < today,
            roles=(owner,) if owner else (),
            text=_("{}: {}").format(step.id, said(item["question"]) or item["id"]),
        )


def _conditions(state: RunState, who: Identity, now: datetime, words: Words) -> Iterator[Item]:
    for gate, condition in open_conditions(state):
        if condition.owner == who.user or condition.owner in who.roles:
            yield Item(
                kind="condition",
                step=gate.id,
                item=condition.id,
                due=condition.due,
                overdue=overdue(condition, state, now),
                roles=(condition.owner,) if condition.owner != who.user else (),
                text=condition_line(condition, state, now, words),
            )


def _due(state: RunState, step: StepState) -> str:
    deadline = deadline_of(step, state.zone)
    return deadline.due.isoformat() if deadline is not None else ""
