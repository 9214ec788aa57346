"""Times as whole seconds of local (Amsterdam) time, and their UTC text.

No drawn time falls between 02:00 and 03:00, so a local time names exactly one instant.
"""

from calendar import timegm
from functools import lru_cache
from random import Random
from time import gmtime, strftime

DAY = 86_400
CUT = timegm((2026, 3, 1, 0, 0, 0))
"""The day of the full deliveries; everything in them happened before."""


@lru_cache(maxsize=200)
def _summer(year: int) -> tuple[int, int]:
    """Local seconds between which Amsterdam is two hours ahead of UTC (rule since 1996)."""
    bounds = []
    for month, hour in ((3, 2), (10, 3)):
        last = timegm((year, month, 31, 0, 0, 0))
        sunday = last - ((gmtime(last).tm_wday + 1) % 7) * DAY
        bounds.append(sunday + hour * 3600)
    return bounds[0], bounds[1]


def offset(local: int) -> int:
    """Seconds that local time is ahead of UTC."""
    start, end = _summer(gmtime(local).tm_year)
    return 7200 if start <= local < end else 3600


def utc(local: int | None) -> str:
    """ISO text in UTC, or nothing for no date."""
    return "" if local is None else iso(local - offset(local)) + "Z"


def iso(seconds: int) -> str:
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(seconds))


def dutch(seconds: int) -> str:
    return strftime("%d-%m-%Y", gmtime(seconds))


def day_of(seconds: int) -> str:
    return strftime("%Y-%m-%d", gmtime(seconds))


def date(year: int, month: int, day: int) -> int:
    return timegm((year, month, day, 0, 0, 0))


def draw_day(rng: Random, years_back: float = 9.0, until: int = CUT - 3 * DAY) -> int:
    """Midnight of a day before `until`, recent ones likelier than old ones."""
    back = int(years_back * 365 * rng.random() ** 1.5)
    return (until // DAY - back) * DAY


def draw_time(rng: Random, years_back: float = 9.0, until: int = CUT - 3 * DAY) -> int:
    """A second of the day between 07:00 and 23:00 on such a day."""
    return draw_day(rng, years_back, until) + 25_200 + rng.randrange(57_600)
