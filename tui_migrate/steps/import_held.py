"""Rows of restricted persons: they are not brought over, and every one of them says so."""

from __future__ import annotations

from tui_migrate.consent.silence import RESTRICTED
from tui_migrate.i18n import _
from tui_migrate.staging.store import columns_of, quote
from tui_migrate.steps.base import Context, Unit
from tui_migrate.steps.rights import profiles

UNIT = "restricted"
_APART = ("consent", "suppression")
"""Their rows count whatever becomes of their owner."""

# One row is a physical row and whether what it tells is a restricted person's.
_ROWS = """
SELECT e.source, e.delivery, e.file, e.line, c.profile_id IN {restricted} AS theirs
FROM {table} e JOIN crosswalk c ON c.source = e.{source} AND c.record_id = e.{record}
"""
# One row is a physical row that tells of nobody but restricted persons. One that tells of somebody
# else too (who pays for a gift, and who gets it) goes on without them.
_THEIRS = """
SELECT source, delivery, file, line FROM ({rows}) GROUP BY ALL HAVING bool_and(theirs)
"""
_FATES = """
SELECT source, delivery, file, line, 'held' AS fate, '{reason}' AS reason FROM ({rows}) h
SEMI JOIN (SELECT source, delivery, file, line FROM fates
           WHERE fate IN ('loaded', 'merged', 'attached', 'pending')) f
  USING (source, delivery, file, line)
ORDER BY ALL
"""

# One row is a restricted person.
_FINDINGS = """
SELECT c.source, NULL AS delivery, NULL AS file, NULL::BIGINT AS line, c.record_id,
  'profile' AS entity, NULL AS field, 'person.restricted' AS rule, 'note' AS severity,
  left(r.since, 10) AS value, NULL AS cleaned, $held AS message
FROM {restricted} r JOIN crosswalk c ON c.profile_id = r.profile_id AND c.role = 'founder'
ORDER BY ALL
"""


def hold(context: Context, unit: Unit) -> dict[str, int]:
    """Write the fates and findings of restricted persons; how many."""
    restricted = profiles(context.rights)
    chosen = f"(SELECT profile_id FROM {restricted})"
    selects = []
    for name in _entities(context):
        columns = columns_of(context.cursor, quote(name))
        own = "owner_source" in columns
        source, record = ("owner_source", "owner_record") if own else ("source", "record_id")
        selects.append(
            _ROWS.format(table=quote(name), source=source, record=record, restricted=chosen)
        )
    rows = _THEIRS.format(rows=" UNION ALL ".join(selects))
    words = {
        "held": _("The processing of this person's data is restricted: nothing was sent on."),
    }
    return {
        "held": context.write(unit, "fate", _FATES.format(rows=rows, reason=RESTRICTED)),
        "restricted": context.write(
            unit, "finding", _FINDINGS.format(restricted=restricted), words
        ),
    }


def _entities(context: Context) -> list[str]:
    known = context.query(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main'"
        " AND starts_with(view_name, 'ent_') ORDER BY 1"
    )
    apart = {f"ent_{name}" for name in _APART}
    return [str(row[0]) for row in known if row[0] not in apart]
