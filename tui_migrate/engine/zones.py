"""Moments and days in the zone of a run."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@lru_cache(maxsize=16)
def zone_of(name: str) -> ZoneInfo:
    """A zone by name; UTC where there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def moment(at: str, zone: str = "UTC") -> datetime | None:
    """An ISO time in the run's zone; ``None`` where it is none. Without offset it is UTC."""
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(zone_of(zone))


def day_in(now: datetime, zone: str) -> str:
    """The day that it is then in the zone, as 2026-03-31."""
    return now.astimezone(zone_of(zone)).date().isoformat()
