"""Changes whose owner is named by the profile id that the target has for him: whose are they now?

The id stands for the records that the target had under it at the time of the event (see ``past``).
Where these have come apart since, nobody can say which of them spoke: what takes a permission away
then counts for each part, everything else for none. An id that was no profile at that time (it had
been merged into another, and the target did not know yet) stands for all records that it ever had.
"""

from __future__ import annotations

from tui_migrate.consent import said
from tui_migrate.consent.placing import OUT
from tui_migrate.i18n import _
from tui_migrate.mapping.model import BY_PROFILE
from tui_migrate.staging.store import literal
from tui_migrate.steps import past
from tui_migrate.steps.base import Context, Unit

MEMBER = "profile_member"
RULE = "consent.profile_apart"
"""A row that names a profile of which the records are in several profiles now."""

_TIMES = {
    "consent": "event_at",
    "suppression": "event_at",
    "address": "valid_from",
    "contact_point": "valid_from",
    "profile": "updated_at",
}
"""Entity → when its change was said; of others nobody knows."""
_SILENCES = {"consent": f"coalesce(state IN {OUT}, false)", "suppression": "true"}

# One row is a profile id, a record that it stood for, and from when until when. An id that has not
# reached the target yet stands for the records that it has now.
_MEMBERS = f"""
CREATE OR REPLACE TEMP TABLE {MEMBER} AS
SELECT profile_id, source, record_id, since, until FROM {past.PAST}
UNION ALL
SELECT profile_id, source, record_id, TIMESTAMP '-infinity', TIMESTAMP 'infinity' FROM crosswalk
ANTI JOIN {past.PAST} USING (profile_id)
"""

# One row is a mapped row with its owner; one that silences several profiles stands here once for each.
_RESOLVED = f"""
(WITH row_said AS MATERIALIZED (
  SELECT row_number() OVER () AS row_no, *, {{at}}::TIMESTAMP AS said_at,
    {{silences}} AS row_silences
  FROM ({{select}})),
reached AS (
  SELECT t.row_no, c.profile_id, t.row_silences,
    t.said_at IS NULL OR (m.since <= {{until}} AND m.until > t.said_at) AS fits
  FROM row_said t JOIN {MEMBER} m ON m.profile_id = t.owner_record
  JOIN crosswalk c ON c.source = m.source AND c.record_id = m.record_id
  WHERE t.owner_source = {literal(BY_PROFILE)}),
meant AS (
  SELECT DISTINCT row_no, profile_id, row_silences FROM (
    SELECT * FROM reached QUALIFY fits OR NOT bool_or(fits) OVER (PARTITION BY row_no))),
of_one AS (
  SELECT m.row_no, f.source, f.record_id
  FROM (SELECT *, count(*) OVER (PARTITION BY row_no) AS parts FROM meant) m
  JOIN crosswalk f ON f.profile_id = m.profile_id AND f.role = 'founder'
  WHERE m.row_silences OR m.parts = 1)
SELECT t.* EXCLUDE (row_no, said_at, row_silences) REPLACE (
  coalesce(o.source, t.owner_source) AS owner_source,
  coalesce(o.record_id, t.owner_record) AS owner_record)
FROM row_said t LEFT JOIN of_one o USING (row_no) ORDER BY ALL)
"""

# One row is a row of which the owner is not found though the profile is known: it has come apart.
_APART = f"""
SELECT source, delivery, file, line, record_id, {{entity}} AS entity, NULL AS field,
  '{RULE}' AS rule, 'warn' AS severity, owner_record AS value, NULL AS cleaned, $message AS message
FROM {{rows}} WHERE owner_source = {literal(BY_PROFILE)}
  AND owner_record IN (SELECT profile_id FROM {MEMBER}) ORDER BY ALL
"""


def prepare(context: Context) -> None:
    """Make the table of who stood for whom; ``drop`` it when the step is done."""
    past.gather(context)
    context.cursor.execute(_MEMBERS)
    past.drop(context.cursor)


def resolved(select: str, entity: str, zone: str) -> str:
    """The rows of ``select`` (rows of ``ent_<entity>``) with the records that own them."""
    return _RESOLVED.format(
        select=select,
        at=_TIMES.get(entity, "NULL"),
        silences=_SILENCES.get(entity, "false"),
        until=said.until_sql("t.said_at", zone),
    )


def apart(context: Context, unit: Unit, rows: str, entity: str) -> int:
    """Findings on rows that name a profile that has come apart; how many."""
    words = {
        "message": _("The profile that this names has come apart since: whose it is, is open.")
    }
    return context.write(unit, "finding", _APART.format(rows=rows, entity=literal(entity)), words)


def drop(context: Context) -> None:
    """Drop the temporary table."""
    context.cursor.execute(f"DROP TABLE IF EXISTS temp.{MEMBER}")
