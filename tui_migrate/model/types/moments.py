"""``datetime``: a moment, in UTC. Canonical: ``YYYY-MM-DD HH:MM:SS`` with up to six decimals."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from datetime import timezone as fixed_zone
from functools import lru_cache
from zoneinfo import ZoneInfo

from tui_migrate.model.types.base import EMPTY, Cleaned, Options, SemanticType, Sensitivity
from tui_migrate.model.types.dates import DateShape, excel_moment, read_day
from tui_migrate.model.types.tidy import is_placeholder, tidy

_CLOCK = re.compile(
    r"(?P<h>[0-9]{1,2}):(?P<m>[0-9]{2})(?::(?P<s>[0-9]{2})(?:[.,](?P<f>[0-9]{1,9}))?)?"
    r"(?: ?(?P<z>Z|[+-][0-9]{2}(?::?[0-9]{2})?))?"
)
_EPOCH = re.compile(r"(?:[1-9][0-9]{8,9})(?:[0-9]{3})?")
_NOTHING = re.compile(r"0000-00-00.*|0?0[-/]00[-/]0000.*|0001-01-01.*")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def to_utc(local: datetime, zone: ZoneInfo) -> tuple[datetime, str | None]:
    """A time on the wall clock of a zone as UTC.

    When the clock goes back, an hour exists twice: the first (summer time) is taken,
    ``datetime.ambiguous``. When it goes forward, an hour does not exist: the time is read by the
    offset from before, so 02:30 becomes 03:30 summer time, ``datetime.gap``. (PEP 495, fold=0.)
    """
    first = local.replace(tzinfo=zone, fold=0)
    second = local.replace(tzinfo=zone, fold=1)
    moment = first.astimezone(UTC)
    if first.utcoffset() == second.utcoffset():
        return moment, None
    exists = moment.astimezone(zone).replace(tzinfo=None, fold=0) == local
    return moment, "datetime.ambiguous" if exists else "datetime.gap"


class DateTime(SemanticType):
    """A moment. Times with an offset keep their instant; others are in ``options.zone``.

    The canonical text is UTC without saying so, hence cleaning it again needs ``zone="UTC"``. Forms:
    ISO, dd-mm-yyyy HH:MM[:SS], Unix seconds or milliseconds, spreadsheet serials, the mapping's
    format. Problems with a value: ``datetime.gap``, ``datetime.ambiguous`` (see ``to_utc``),
    ``datetime.date_only`` (midnight in the zone; no problem where the mapping's format has no time),
    ``date.excel_serial``, ``date.other_format`` and those of ``date``. Without: ``date.impossible``,
    ``datetime.invalid``.
    """

    name = "datetime"
    sql_type = "TIMESTAMP"
    sensitivity = Sensitivity.PLAIN

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text) or _NOTHING.fullmatch(text) or text == "0":
            return EMPTY
        try:
            moment, found = _read(text, options)
            zone = _zone(options.zone)
            if moment.tzinfo is None:
                moment, doubt = to_utc(moment, zone)
                found = doubt or found
            moment = moment.astimezone(UTC)
        except DateShape as wrong:
            named = "datetime.invalid" if wrong.problem == "date.invalid" else wrong.problem
            return Cleaned(None, named)
        except (ValueError, OverflowError):
            return Cleaned(None, "datetime.invalid")
        return Cleaned(_canonical(moment), found or problem)

    def validate(self, value: str) -> str | None:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return "datetime.invalid"
        if moment.tzinfo is not None or _canonical(moment) != value:
            return "text.not_canonical"
        return None

    def to_python(self, value: str) -> datetime:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)

    def key(self, value: str) -> str:
        return value

    def compare(self, a: str, b: str) -> float:
        """1.0 the same; falls evenly to 0.0 at a day's distance."""
        if a == b:
            return 1.0
        try:
            apart = abs(datetime.fromisoformat(a) - datetime.fromisoformat(b))
        except (ValueError, TypeError):
            return 0.0
        return max(0.0, 1.0 - apart / timedelta(days=1))

    def mask(self, value: str) -> str:
        return f"{value[:4]}-••-•• ••:••" if len(value) >= 19 and "•" not in value else "***"

    def show(self, value: str, language: str = "nl") -> str:
        """In UTC and saying so: ``03-04-2020 14:05:00 UTC``; ISO order but for Dutch and French."""
        day, _space, clock = value.partition(" ")
        sign = {"nl": "-", "fr": "/"}.get(language)
        shown = sign.join(reversed(day.split("-"))) if sign else day
        return f"{shown} {clock} UTC"


def _canonical(moment: datetime) -> str:
    """A moment without zone; ``isoformat`` pads the year, which ``strftime`` does not."""
    return moment.replace(tzinfo=None).isoformat(sep=" ")


def _read(text: str, options: Options) -> tuple[datetime, str | None]:
    """Moment (with or without zone) and problem; raises ``DateShape`` or ``ValueError``."""
    if options.format is not None:
        try:
            return datetime.strptime(text, options.format), None
        except (ValueError, OverflowError):
            pass
    if _EPOCH.fullmatch(text):
        seconds, thousandths = (text[:-3], text[-3:]) if len(text) > 10 else (text, "0")
        delta = timedelta(seconds=int(seconds), milliseconds=int(thousandths))
        return datetime(1970, 1, 1, tzinfo=UTC) + delta, None
    serial = excel_moment(text)
    if serial is not None:
        return serial, "date.excel_serial"
    day, clock, problem = read_day(text, 68)
    if options.format is not None and not re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        problem = problem or "date.other_format"
    if not clock:
        return datetime.combine(day, time()), problem or "datetime.date_only"
    return _with_clock(day, clock), problem


def _with_clock(day: date, clock: str) -> datetime:
    match = _CLOCK.fullmatch(clock.upper())
    if match is None:
        raise DateShape("date.invalid")
    hour, rest = int(match["h"]), timedelta()
    if hour == 24 and match["m"] == "00" and not int(match["s"] or 0):  # ISO 8601: end of the day
        hour, rest = 0, timedelta(days=1)
    micro = int((match["f"] or "").ljust(6, "0")[:6] or 0)
    moment = datetime.combine(day, time(hour, int(match["m"]), int(match["s"] or 0), micro)) + rest
    if match["z"] is None:
        return moment
    if match["z"] == "Z":
        return moment.replace(tzinfo=UTC)
    sign = -1 if match["z"][0] == "-" else 1
    digits = match["z"][1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return moment.replace(tzinfo=fixed_zone(sign * offset))


TYPES: tuple[SemanticType, ...] = (DateTime(),)
