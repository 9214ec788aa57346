"""The change window: whether an import may start now without a reason. A pure function of now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any

from tui_migrate.engine.run import SETTLED, RunState, Status, StepState
from tui_migrate.engine.zones import zone_of
from tui_migrate.i18n import _
from tui_migrate.runbook.gating import WEEKDAYS

OPEN = ""
GUARDED = "import"
"""The kind of step that the window is about. Deltas of consents have limits of their own."""


def closed(window: Mapping[str, Any], now: datetime, zone: str) -> str:
    """Why the window is closed, as a code: ``blackout`` | ``holiday`` | ``not_quiet`` | ``hours``;
    '' while it is open, or where there is none.

    Hours that pass midnight belong to the weekday on which they began; for holidays and periods it
    is the day of the calendar that counts.
    """
    if not window:
        return OPEN
    here = now.astimezone(zone_of(zone))
    today = here.date()
    if _within(today, window["blackout"]):
        return "blackout"
    if window["holidays"] and is_holiday(today, tuple(window["holidays"])):
        return "holiday"
    if window["quiet"] and not _within(today, window["quiet"]):
        return "not_quiet"
    began = _began(here, time.fromisoformat(window["from"]), time.fromisoformat(window["to"]))
    if began is None or WEEKDAYS[began.weekday()] not in window["days"]:
        return "hours"
    return OPEN


def _began(here: datetime, opens: time, closes: time) -> date | None:
    """The day on which the hours that ``here`` lies in began; ``None`` outside of them."""
    clock, today = here.time(), here.date()
    if opens < closes:
        return today if opens <= clock < closes else None
    if clock >= opens:
        return today
    return today - timedelta(days=1) if clock < closes else None


def _within(day: date, periods: list[list[str]]) -> bool:
    return any(first <= day.isoformat() <= last for first, last in periods)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> frozenset[date]:
    import holidays

    return frozenset(holidays.country_holidays(country, years=year))


def is_holiday(day: date, countries: tuple[str, ...]) -> bool:
    """Whether it is a public holiday in one of the countries."""
    return any(day in _holidays(country, day.year) for country in countries)


def next_import(state: RunState) -> StepState | None:
    """The import that the run comes to next: the first one that is not settled."""
    imports = (s for s in state.steps.values() if s.outline.uses == GUARDED)
    return next((s for s in imports if s.status not in SETTLED), None)


def held_now(state: RunState, now: datetime) -> str:
    """Why the step where the run stands would not begin now, as a code; '' when it would."""
    step = state.current
    begun = (Status.RUNNING, Status.PAUSED, Status.FAILED, Status.ATTENTION)
    if step is None or step.outline.uses != GUARDED or step.status in begun:
        return OPEN
    return closed(state.window, now, state.zone)


def warning(state: RunState, now: datetime) -> str:
    """What is to be said at a gate and in the status while the window is closed and an import is
    still to come; '' otherwise."""
    step, why = next_import(state), closed(state.window, now, state.zone)
    if step is None or not why:
        return ""
    return _("{step} would start outside the change window: {why}.").format(
        step=step.id, why=why_words(why)
    )


def why_words(why: str) -> str:
    """A code of ``closed`` in words."""
    words = {
        "blackout": _("a day on which nothing may change"),
        "holiday": _("a public holiday"),
        "not_quiet": _("no quiet period"),
        "hours": _("not the days and hours of the window"),
    }
    return words.get(why, why)
