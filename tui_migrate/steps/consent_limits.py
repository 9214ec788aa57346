"""The limits of the sync policy: a delivery of changes that exceeds them waits for a person.

A check of its own names it; a waiver of that check lets the next attempt apply the delivery.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from tui_migrate.consent.deliveries import Judged
from tui_migrate.i18n import _
from tui_migrate.staging.store import quote
from tui_migrate.steps.base import Context, Unit

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import ConsentSyncWith

Exceeded = dict[str, tuple[int, int]]
"""Limits that a delivery exceeds: rows | profiles | conflicts → (observed, allowed)."""

# One row is a limit that a delivery exceeds, as a finding on the delivery.
_BEYOND = """
SELECT $source AS source, $delivery AS delivery, 'consent.limit_' || x.what AS rule,
  'block' AS severity, x.observed::VARCHAR AS value, x.most::VARCHAR AS cleaned,
  $message AS message
FROM (SELECT unnest($what::VARCHAR[]) AS what, unnest($observed::BIGINT[]) AS observed,
  unnest($most::BIGINT[]) AS most) x ORDER BY rule
"""

# One row is a physical row of a delivery that waits.
_WAITS = """
SELECT source, delivery, file, line, 'held' AS fate, 'delivery.limits' AS reason FROM fates
WHERE source = $source AND delivery = $delivery AND fate = 'pending' ORDER BY ALL
"""


def limit_check(context: Context, judged: Judged) -> str:
    """Name of the check that a delivery is within the limits; a waiver lets it be applied."""
    return _("delivery within the limits: {}").format(context.host.name(judged.delivery.name))


def exceeded(context: Context, done: dict[str, int]) -> Exceeded:
    """What a delivery exceeds; ``done``: its counts rows, touched and conflicts."""
    limits = cast("ConsentSyncWith", context.spec.with_).limits
    most = {"rows": limits.rows, "profiles": None, "conflicts": limits.conflicts}
    seen = {"rows": done["rows"], "profiles": done["touched"], "conflicts": done["conflicts"]}
    if limits.share is not None:
        everybody = context.value("SELECT count(DISTINCT profile_id) FROM crosswalk")
        most["profiles"] = int(limits.share * max(1, everybody))
    return {
        name: (seen[name], limit)
        for name, limit in most.items()
        if limit is not None and seen[name] > limit
    }


def hold(
    context: Context,
    unit: Unit,
    place: dict[str, str],
    rows: int,
    beyond: Exceeded,
    written: Iterable[str],
) -> dict[str, int]:
    """Take back what this unit wrote to the tables ``written`` (nothing of it is committed yet); the
    rows of the delivery (``place``: source, delivery) are held."""
    own = {"step": context.spec.id, "attempt": context.attempt, "unit": unit.id}
    for table in written:
        context.cursor.execute(
            f"DELETE FROM store.{quote(table)}"
            " WHERE step = $step AND attempt = $attempt AND unit = $unit",
            own,
        )
    held = context.write(unit, "fate", _WAITS, place)
    found = {
        "what": list(beyond),
        "observed": [observed for observed, _most in beyond.values()],
        "most": [most for _observed, most in beyond.values()],
        "message": _("This delivery is larger than the limits allow; it waits for a person."),
    }
    context.write(unit, "finding", _BEYOND, {**place, **found})
    return {"rows": rows, "waiting": held}
