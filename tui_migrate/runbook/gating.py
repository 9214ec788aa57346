"""What the runbook says about deciding: deadlines, the change window, commands that tell people."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import Day, Flag, Name, Positive, Strict, Words, refuse

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Country = Literal["NL", "BE"]


class Deadline(Strict):
    """Until when a gate has to be signed, or questions answered, and what happens then.

    Counted from the moment at which the step begins to wait (``hours``), or a day, to its end
    (``on``). ``remind_hours`` before it people are reminded; at it ``escalate_to`` hears of it, and
    with ``expire`` nobody can decide until that role opens the step again. Nothing is ever approved.
    """

    hours: Positive | None = None
    on: Day | None = None
    remind_hours: Positive | None = None
    escalate_to: Name | None = None
    expire: Flag = False

    @model_validator(mode="after")
    def _complete(self) -> Deadline:
        if (self.hours is None) == (self.on is None):
            raise refuse(_("a deadline has hours or a day"), _("write either hours: or on:"))
        if self.expire and self.escalate_to is None:
            wrong = _("who opens the step again when the deadline has expired?")
            raise refuse(wrong, _("add escalate_to: with a role"))
        if self.hours and self.remind_hours and self.remind_hours >= self.hours:
            wrong = _("the reminder comes before the step begins to wait")
            raise refuse(wrong, _("remind_hours is counted back from the deadline"))
        return self

    def facts(self) -> dict[str, str | int]:
        """As the journal keeps it: only what is said."""
        said: dict[str, str | int | None] = {
            "hours": self.hours,
            "on": self.on.isoformat() if self.on else None,
            "remind_hours": self.remind_hours,
            "escalate_to": self.escalate_to,
            "expire": int(self.expire) or None,
        }
        return {name: value for name, value in said.items() if value is not None}


def _days(value: Any) -> Any:
    """``mon-fri`` spelled out: a tuple of days."""
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list | tuple):
        raise refuse(_("these are no days of the week"), _("write [mon-fri] or [sat, sun]"))
    found: list[Any] = []
    for part in given:
        first, dash, last = str(part).partition("-")
        if dash and first in WEEKDAYS and last in WEEKDAYS:
            start, count = WEEKDAYS.index(first), (WEEKDAYS.index(last) - WEEKDAYS.index(first)) % 7
            found += [WEEKDAYS[(start + n) % 7] for n in range(count + 1)]
        elif part in WEEKDAYS:
            found.append(part)
        else:
            wrong = _("{day} is no day of the week").format(day=repr(part))
            raise refuse(wrong, _("write mon, tue, wed, thu, fri, sat, sun, or mon-fri"))
    return tuple(dict.fromkeys(found))


def _clock(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        wrong = _("{value} is no time of day").format(value=repr(value))
        raise refuse(wrong, _('write it as "20:00", between quotes'))
    return value


def _as_period(value: Any) -> Any:
    """A single day is a period of one day."""
    return {"from": value, "to": value} if isinstance(value, str) else value


Days = Annotated[
    tuple[Weekday, ...],
    BeforeValidator(_days),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Clock = Annotated[
    time, BeforeValidator(_clock), WithJsonSchema({"type": "string", "pattern": r"^\d\d:\d\d$"})
]


class _Range(Strict):
    """From the first day to the last, both included, and why."""

    from_: Day = Field(alias="from")
    to: Day
    reason: Words | None = None

    @model_validator(mode="after")
    def _forward(self) -> _Range:
        if self.to < self.from_:
            raise refuse(_("this period ends before it begins"), _("exchange from: and to:"))
        return self

    def holds(self, day: date) -> bool:
        """Whether the day lies in it."""
        return self.from_ <= day <= self.to


Period = Annotated[
    _Range,
    BeforeValidator(_as_period),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date"},
                {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["from", "to"],
                    "properties": {
                        "from": {"type": "string", "format": "date"},
                        "to": {"type": "string", "format": "date"},
                        "reason": {"type": "string"},
                    },
                },
            ]
        }
    ),
]


class WindowSpec(Strict):
    """When imports may start without asking: days of the week and hours in the runbook's zone, in a
    quiet period, not on public holidays nor on days of one's own (a campaign, the dues).

    Hours may pass midnight; then the day is the one on which they began.
    """

    days: Days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    from_: Clock = Field(time(0, 0), alias="from")
    to: Clock = time(0, 0)
    quiet: tuple[Period, ...] = ()
    blackout: tuple[Period, ...] = ()
    holidays: tuple[Country, ...] = ()

    def facts(self) -> dict[str, Any]:
        """As the journal keeps it; words of reasons stay in the runbook."""
        return {
            "days": list(self.days),
            "from": f"{self.from_:%H:%M}",
            "to": f"{self.to:%H:%M}",
            "quiet": [[p.from_.isoformat(), p.to.isoformat()] for p in self.quiet],
            "blackout": [[p.from_.isoformat(), p.to.isoformat()] for p in self.blackout],
            "holidays": list(self.holidays),
        }


class HooksSpec(Strict):
    """Commands that the engine runs; ``waiting``: when something begins to wait for people."""

    waiting: tuple[Words, ...] = ()
