"""A fast path in SQL for moments written in ISO form: behaviour rows have one in every line."""

from __future__ import annotations

from tui_migrate.model.types.base import Options, SqlClean
from tui_migrate.staging.store import literal

# The zones whose clocks change on the last Sundays of March and October, at night (EU, since 1996).
_EU_ZONES = frozenset(
    {"Europe/Amsterdam", "Europe/Brussels", "Europe/Berlin", "Europe/Paris", "Europe/Luxembourg"}
)
_SHAPE = "20[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9]"


def moment_sql(column: str, options: Options) -> SqlClean | None:
    """UTC of ``yyyy-mm-ddThh:mm:ss`` without offset, where the wall clock leaves no doubt.

    The nights in which an hour is missing or doubled, and all else, are left to the semantic type.
    """
    if options.codes is not None or options.format is not None:
        return None
    if options.zone not in (*_EU_ZONES, "UTC"):
        return None
    local = f"TRY_CAST({column} AS TIMESTAMP)"
    doubtful = f"substr({column}, 6, 2) IN ('03', '10') AND substr({column}, 12, 2) < '04'"
    if options.zone == "UTC":
        doubtful = "false"
    utc = f"timezone('UTC', timezone({literal(options.zone)}, {local}))"
    return SqlClean(
        f"regexp_full_match({column}, '{_SHAPE}') AND {local} IS NOT NULL AND NOT ({doubtful})",
        f"strftime({utc}, '%Y-%m-%d %H:%M:%S')",
    )
