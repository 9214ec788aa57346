"""Deadlines of gates and checklists: pure functions of the journal's moments and of now.

A deadline reminds, escalates and expires; it never approves anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from tui_migrate.audit.gate_facts import FellDue
from tui_migrate.engine.run import RunState, Status, StepState
from tui_migrate.engine.zones import moment, zone_of


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a waiting step is to be decided, and what happens then."""

    due: datetime
    remind: datetime | None
    role: str
    """To whom it is escalated; '' nobody."""
    expires: bool


def deadline_of(step: StepState, zone: str) -> Deadline | None:
    """The deadline of a step that waits; ``None`` where it does not wait or has none."""
    said = step.outline.deadline
    if not said or step.status is not Status.WAITING or not step.waiting_since:
        return None
    due = _due(step, zone)
    if due is None:
        return None
    remind = timedelta(hours=int(said["remind_hours"])) if "remind_hours" in said else None
    return Deadline(
        due=due,
        remind=due - remind if remind is not None else None,
        role=str(said.get("escalate_to", "")),
        expires=bool(said.get("expire")),
    )


def _due(step: StepState, zone: str) -> datetime | None:
    """The moment itself. A step that was opened again has a new last day, or its hours anew."""
    said = step.outline.deadline
    if step.reopened_until:
        return end_of_day(step.reopened_until, zone)
    if "hours" in said:
        begun = moment(step.reopened_at or step.waiting_since, zone)
        return begun + timedelta(hours=int(said["hours"])) if begun else None
    return None if step.reopened_at else end_of_day(str(said["on"]), zone)


def end_of_day(day: str, zone: str) -> datetime:
    """The last moment of a day in the zone: midnight behind it."""
    first = datetime.combine(datetime.fromisoformat(day).date(), time(), zone_of(zone))
    return first + timedelta(days=1)


def expired(step: StepState, zone: str, now: datetime) -> bool:
    """Whether nobody may decide any more until the step is opened again."""
    deadline = deadline_of(step, zone)
    return deadline is not None and deadline.expires and now >= deadline.due


def fallen_due(state: RunState, now: datetime) -> list[FellDue]:
    """What has fallen due by now and does not stand in the journal yet."""
    found = []
    for step in state.steps.values():
        deadline = deadline_of(step, state.zone)
        if deadline is None:
            continue
        moments = [
            ("reminded", deadline.remind),
            ("escalated", deadline.due if deadline.role else None),
            ("expired", deadline.due if deadline.expires else None),
        ]
        for what, at in moments:
            if at is None or now < at or (what == "reminded" and now >= deadline.due):
                continue
            said = at.astimezone(UTC).isoformat(timespec="seconds")
            if (what, said) not in step.fallen:
                role = "" if what == "reminded" else deadline.role
                found.append(FellDue(step=step.id, what=what, at=said, role=role))
    return found
