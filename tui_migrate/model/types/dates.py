"""Calendar days: ``date`` and ``birth_date``. Canonical: ``YYYY-MM-DD``."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import ClassVar

from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
)
from tui_migrate.model.types.tidy import fold, is_placeholder, tidy

MONTHS = {
    "januari": 1, "january": 1, "janvier": 1, "jan": 1, "janv": 1,
    "februari": 2, "february": 2, "fevrier": 2, "feb": 2, "fev": 2, "fevr": 2,
    "maart": 3, "march": 3, "mars": 3, "mrt": 3, "mar": 3, "maa": 3,
    "april": 4, "avril": 4, "apr": 4, "avr": 4,
    "mei": 5, "may": 5, "mai": 5,
    "juni": 6, "june": 6, "juin": 6, "jun": 6,
    "juli": 7, "july": 7, "juillet": 7, "jul": 7, "juil": 7,
    "augustus": 8, "august": 8, "aout": 8, "aug": 8,
    "september": 9, "septembre": 9, "sep": 9, "sept": 9,
    "oktober": 10, "october": 10, "octobre": 10, "okt": 10, "oct": 10,
    "november": 11, "novembre": 11, "nov": 11,
    "december": 12, "decembre": 12, "dec": 12,
}  # fmt: skip
_TIME = r"(?:[T ]+(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?Z| ?[+-][0-9:]{2,6})?))?"
_YEAR_FIRST = re.compile(
    rf"(?P<y>[0-9]{{4}})[-/.](?P<m>[0-9]{{1,2}})[-/.](?P<d>[0-9]{{1,2}}){_TIME}"
)
_DAY_FIRST = re.compile(
    rf"(?P<d>[0-9]{{1,2}})[-/. ](?P<m>[0-9]{{1,2}})[-/. ](?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_COMPACT = re.compile(r"(?P<y>(?:1[5-9]|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})(?P<time>)")
_IN_WORDS = re.compile(
    rf"(?:[a-z]{{2,9}}\.?,? )?(?P<d>[0-9]{{1,2}})(?:e|er)?[-/. ]+(?P<m>[a-z]{{3,9}})\.?[-/., ]+"
    rf"(?P<y>[0-9]{{4}}|[0-9]{{2}}){_TIME}"
)
_SERIAL = re.compile(r"(?P<days>[1-9][0-9]{3,4}|[12][0-9]{5})(?:[.,](?P<part>[0-9]+))?")
_EXCEL_EPOCH = datetime(1899, 12, 30)
_NOTHING = re.compile(
    r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}.*|0?1[-/.]0?1[-/.]000?1|0001-01-01.*|0+|1900-01-00.*"
)


def excel_moment(text: str) -> datetime | None:
    """The moment that a spreadsheet serial stands for, 1000 (1902) to 109574 (2199); else None.

    Day 60, the 29 February 1900 that never was, lies outside; fractions are parts of a day.
    """
    found = _SERIAL.fullmatch(text)
    if found is None or int(found["days"]) > 109_574 or int(found["days"]) < 1000:
        return None
    seconds = round(float(f"0.{found['part'] or 0}") * 86_400)
    return _EXCEL_EPOCH + timedelta(days=int(found["days"]), seconds=seconds)


class DateShape(Exception):
    """A text is no date: ``problem`` says whether its form or its day is at fault."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def read_day(text: str, pivot: int) -> tuple[date, str, str | None]:
    """Day, the text of a time behind it ("" if none) and problem of a text in a usual form.

    Day before month. Two-digit years above ``pivot`` are 19xx. Raises ``DateShape``.
    """
    small = fold(text)
    match = None
    for pattern in (_YEAR_FIRST, _DAY_FIRST, _COMPACT, _IN_WORDS):
        match = pattern.fullmatch(small.upper() if pattern is not _IN_WORDS else small)
        if match is not None:
            break
    if match is None:
        raise DateShape("date.invalid")
    month = int(match["m"]) if match["m"].isdigit() else MONTHS.get(match["m"], 0)
    if not month and match["m"].isalpha():
        raise DateShape("date.invalid")
    year, problem = int(match["y"]), None
    if len(match["y"]) == 2:
        year += 1900 if year > pivot else 2000
        problem = "date.two_digit_year"
    day = int(match["d"])
    try:
        return date(year, month, day), match["time"] or "", problem
    except ValueError:
        pass
    if match.re is _DAY_FIRST and day <= 12 < month:
        try:
            return date(year, day, month), match["time"] or "", "date.month_first"
        except ValueError:
            pass
    raise DateShape("date.impossible")


class Date(SemanticType):
    """A day. Read in the mapping's format if it has one, else in the usual Dutch forms.

    Known forms: ISO (also with a time), dd-mm-yyyy with ``-``, ``/``, ``.``, d-m-yy, yyyymmdd,
    "3 april 2020" in Dutch, French and English, spreadsheet serials. Problems with a value:
    ``date.excel_serial`` (repaired), ``date.two_digit_year``, ``date.month_first`` (4/25/2020),
    ``date.other_format`` (not the mapping's), ``date.time_dropped``, ``date.implausible`` (before
    1900 or after 2100). Without: ``date.impossible`` (31 February), ``date.invalid``. Zero dates
    (0000-00-00) count as empty.
    """

    name = "date"
    sql_type = "DATE"
    sensitivity = Sensitivity.PLAIN
    earliest: ClassVar[date] = date(1900, 1, 1)

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text) or _NOTHING.fullmatch(text):
            return EMPTY
        try:
            day, found = self._read(text, options)
        except DateShape as wrong:
            return Cleaned(None, wrong.problem)
        return Cleaned(day.isoformat(), self._doubt(day, options) or found or problem)

    def _read(self, text: str, options: Options) -> tuple[date, str | None]:
        if options.format is not None:
            try:
                return datetime.strptime(text, options.format).date(), None
            except (ValueError, OverflowError):
                pass
        serial = excel_moment(text)
        if serial is not None:
            return serial.date(), "date.excel_serial"
        day, time, problem = read_day(text, self._pivot(options))
        if options.format is not None and not _is_iso(text):
            problem = problem or "date.other_format"
        if problem is None and time and re.search(r"[1-9]", re.split(r"[Z+-]", time)[0]):
            problem = "date.time_dropped"
        return day, problem

    def _pivot(self, options: Options) -> int:
        """Highest two-digit year that is 20xx; 68 as in POSIX."""
        return 68

    def _doubt(self, day: date, options: Options) -> str | None:
        return "date.implausible" if day < self.earliest or day.year > 2100 else None

    def validate(self, value: str) -> str | None:
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return "date.invalid"
        return "text.not_canonical" if day.isoformat() != value else self._doubt(day, Options())

    def to_python(self, value: str) -> date:
        return date.fromisoformat(value)

    def key(self, value: str) -> str:
        return value

    def compare(self, a: str, b: str) -> float:
        """1.0 the same; 0.9 day and month swapped; 0.8 one digit differs; 0.5 one part; else 0."""
        if a == b:
            return 1.0
        try:
            left, right = date.fromisoformat(a), date.fromisoformat(b)
        except ValueError:
            return 0.0
        if (left.year, left.month, left.day) == (right.year, right.day, right.month):
            return 0.9
        if sum(x != y for x, y in zip(a, b, strict=False)) == 1:
            return 0.8
        same = sum(x == y for x, y in zip(a.split("-"), b.split("-"), strict=True))
        return 0.5 if same == 2 else 0.0

    def mask(self, value: str) -> str:
        return f"{value[:4]}-••-••" if len(value) == 10 and "•" not in value else "***"

    def show(self, value: str, language: str = "nl") -> str:
        """dd-mm-yyyy for Dutch, dd/mm/yyyy for French, ISO for any other language."""
        sign = {"nl": "-", "fr": "/"}.get(language)
        parts = value.split("-")
        return sign.join(reversed(parts)) if sign and len(parts) == 3 else value

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        iso = f"regexp_full_match({column}, '(19|20)[0-9]{{2}}-[0-9]{{2}}-[0-9]{{2}}')"
        dutch = f"regexp_full_match({column}, '[0-9]{{2}}-[0-9]{{2}}-(19|20)[0-9]{{2}}')"
        if options.format not in {None, "%d-%m-%Y", "%Y-%m-%d"}:
            return None
        if options.format == "%Y-%m-%d":
            dutch = "false"
        day = (
            f"coalesce(CASE WHEN {iso} THEN try_strptime({column}, '%Y-%m-%d') END,"
            f" CASE WHEN {dutch} THEN try_strptime({column}, '%d-%m-%Y') END)"
        )
        return SqlClean(
            f"{day} IS NOT NULL{self._sql_limits(day, options)}", f"strftime({day}, '%Y-%m-%d')"
        )

    def _sql_limits(self, day: str, options: Options) -> str:
        return ""


def _is_iso(text: str) -> bool:
    return re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None


class BirthDate(Date):
    """A day of birth: not in the future (``date.future``), not before 1900 (``date.implausible``).

    1 January 1900 is what systems write for "unknown": ``date.placeholder``. Doubtful days are kept.
    Two-digit years never lie in the future. "Today" is ``options.today``, else the system's.
    """

    name = "birth_date"
    sensitivity = Sensitivity.PERSONAL

    def _pivot(self, options: Options) -> int:
        return _today(options).year % 100

    def _doubt(self, day: date, options: Options) -> str | None:
        if day > _today(options):
            return "date.future"
        if day == date(1900, 1, 1):
            return "date.placeholder"
        return super()._doubt(day, options)

    def _sql_limits(self, day: str, options: Options) -> str:
        return (
            f" AND {day} > TIMESTAMP '1900-01-01 00:00:00'"
            f" AND {day} <= TIMESTAMP '{_today(options).isoformat()} 00:00:00'"
        )


def _today(options: Options) -> date:
    return options.today or date.today()


TYPES: tuple[SemanticType, ...] = (Date(), BirthDate())
