"""People in deliveries of changes of whom nothing was handed over before (``newcomer: true``).

Such a row becomes a record of its own, with the change's id, as soon as a person has the reading step
done again: it is mapped, matched, merged and imported like every other. Until then it is held. Whom its
columns name (``owner: [{of: email, by: subscriber_id}]``) is one person with it, whether or not that
record is ever handed over; later changes that name him are about the newcomer.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence

from tui_migrate.mapping.model import Mapping
from tui_migrate.staging.deliveries import Delivery, find_deliveries
from tui_migrate.staging.store import literal
from tui_migrate.steps.base import Context, Unit

HELD = "newcomer"

NAMED = "newcomer_named"
"""Temporary table; one row is a record that was never handed over, and the newcomer whom it is."""

_NAMED = f"""
CREATE OR REPLACE TEMP TABLE {NAMED} AS
SELECT l.other_source AS owner_source, l.other_record AS owner_record,
  arg_min(l.source, (l.source, l.record_id)) AS source,
  arg_min(l.record_id, (l.source, l.record_id)) AS record_id
FROM link l SEMI JOIN crosswalk c USING (source, record_id)
ANTI JOIN crosswalk k ON k.source = l.other_source AND k.record_id = l.other_record
WHERE l.source IN ({{sources}}) GROUP BY ALL
"""

# One row is a mapped row with its owner; where that is a record that only a newcomer named, the newcomer.
_RESOLVED = f"""
(SELECT m.* REPLACE (coalesce(n.source, m.owner_source) AS owner_source,
  coalesce(n.record_id, m.owner_record) AS owner_record)
FROM ({{select}}) m LEFT JOIN {NAMED} n USING (owner_source, owner_record))
"""

# One row is a row that tells of a newcomer, whose owner is nobody who is known: it waits.
_WAITING = """
SELECT m.source, m.delivery, m.file, m.line{more} FROM ({select}) m
SEMI JOIN (SELECT source, delivery, file, line FROM fates WHERE fate = 'pending') f
  USING (source, delivery, file, line)
ANTI JOIN crosswalk c ON c.source = m.owner_source AND c.record_id = m.owner_record
ORDER BY ALL
"""

_HELD = """
SELECT count(*) FROM store.fate
WHERE step = $step AND attempt = $attempt AND fate = 'held' AND reason = $reason
"""

# One row is a row that is a change of somebody who is known, and no record of its own.
_OF_KNOWN = """
SELECT m.* FROM ({select}) m
SEMI JOIN crosswalk c ON c.source = m.owner_source AND c.record_id = m.owner_record
ANTI JOIN crosswalk k ON k.source = m.source AND k.record_id = m.record_id
"""

# One row is two newcomers that name one record which was never handed over.
SAME_NAMED = """
SELECT source AS source_a, record_id AS record_a, first_source AS source_b, first_record AS record_b
FROM (SELECT source, record_id, first_value(source) OVER w AS first_source,
        first_value(record_id) OVER w AS first_record
      FROM link WHERE source IN ({sources})
      WINDOW w AS (PARTITION BY other_source, other_record ORDER BY source, record_id))
WHERE (source, record_id) <> (first_source, first_record)
"""


def of_deltas(mappings: Table[str, Sequence[Mapping]]) -> dict[str, list[Mapping]]:
    """Source → the mappings of its newcomers, as records; sources without any are left out."""
    found = {name: [m.as_record() for m in every if m.newcomer] for name, every in mappings.items()}
    return {name: every for name, every in found.items() if every}


def deliveries(context: Context, sources: Table[str, Sequence[str]]) -> list[Delivery]:
    """The deliveries of changes that this reading step takes in. sources: source → its file patterns."""
    taken = context.host.taken_in(context.spec.id)
    return [
        delivery
        for source, patterns in sources.items()
        if any(source == name for name, _delivery in taken)
        for delivery in find_deliveries(context.workspace, source, patterns)
        if (source, context.host.name(delivery.name)) in taken
    ]


def taken_in(context: Context) -> frozenset[tuple[str, str]]:
    """The deliveries of changes (source, name as journalled) that reading steps took in."""
    reading = [step.id for step in context.runbook.steps() if step.uses == "ingest"]
    return frozenset(one for step in reading for one in context.host.taken_in(step))


def waiting(context: Context) -> int:
    """How many rows of newcomers this step holds."""
    own = {"step": context.spec.id, "attempt": context.attempt, "reason": HELD}
    return context.value(_HELD, own)


def gather(context: Context, sources: Sequence[str]) -> None:
    """Make the table of whom newcomers named; ``drop`` it when the step is done."""
    listed = ", ".join(map(literal, sources)) or "''"
    context.cursor.execute(_NAMED.format(sources=listed))


def resolved(select: str) -> str:
    """The mapped rows of ``select`` with the newcomers that own them."""
    return f"SELECT * FROM {_RESOLVED.format(select=select)}"


def hold(context: Context, unit: Unit, select: str) -> int:
    """Hold the rows of ``select`` that tell of newcomers and were not taken in yet; how many."""
    fates = f", 'held' AS fate, '{HELD}' AS reason"
    return context.write(unit, "fate", _WAITING.format(select=select, more=fates))


def of_known(select: str) -> str:
    """Those of the rows of ``select`` that are changes of people who are known."""
    return _OF_KNOWN.format(select=select)


def drop(context: Context) -> None:
    """Drop the temporary table."""
    context.cursor.execute(f"DROP TABLE IF EXISTS temp.{NAMED}")
