"""Whom restrictions and objections concern, as SQL over the crosswalk."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.audit.tombstones import Rights
from tui_migrate.consent.silence import RESTRICTED
from tui_migrate.staging.store import literal

if TYPE_CHECKING:
    from tui_migrate.steps.base import Context, Unit

OBJECTION = "objection"
"""Evidence of the opt-outs that an objection makes."""
CHANNELS = ("email", "phone", "post", "push", "sms")

# One row is a restricted profile, and since when.
_PROFILES = """
(SELECT c.profile_id, min(r.since) AS since FROM crosswalk c
 JOIN store.record_key k USING (source, record_id)
 JOIN (VALUES {rows}) r(name, since) ON r.name = k.pseudonym GROUP BY c.profile_id)
"""
_NOBODY = "(SELECT NULL::VARCHAR AS profile_id, NULL::VARCHAR AS since WHERE false)"

# One row silences a restricted person everywhere.
SUPPRESSIONS = """
SELECT p.profile_id, c.source, c.record_id, NULL AS delivery, NULL AS file, NULL::BIGINT AS line,
  NULL AS contact_point, '*' AS channel, '*' AS brand, '{reason}' AS reason,
  strptime(left(p.since, 19), '%Y-%m-%dT%H:%M:%S') AS event_at, NULL AS evidence
FROM {profiles} p JOIN crosswalk c ON c.profile_id = p.profile_id AND c.role = 'founder'
ORDER BY ALL
"""

# One row is an opt-out that an objection makes: profile × brand × channel × purpose, and whatever else
# the person said something about, as far as the ledger does not have it. {own}: the rows of
# store.consent_event that were written just now.
EVENTS = """
WITH objected AS (
  SELECT DISTINCT c.profile_id, v.moment
  FROM crosswalk c JOIN store.record_key k USING (source, record_id)
  JOIN (VALUES {rows}) v(name, moment) ON v.name = k.pseudonym),
told AS (
  SELECT DISTINCT profile_id, channel, brand, purpose FROM store.consent_event
  WHERE {own} AND profile_id IS NOT NULL),
wanted AS (
  SELECT u.profile_id, h.channel, b.brand, u.purpose
  FROM (SELECT profile_id, purpose FROM told UNION SELECT profile_id, $purpose FROM objected) u
  CROSS JOIN (SELECT unnest($channels::VARCHAR[]) AS channel) h
  CROSS JOIN (SELECT unnest($brands::VARCHAR[]) AS brand) b
  UNION SELECT * FROM told WHERE channel <> '*' AND brand <> '*'),
made AS (
  SELECT o.profile_id, c.source, c.record_id, NULL AS delivery, NULL AS file,
    NULL::BIGINT AS line, NULL AS contact_point, w.channel, w.brand, w.purpose,
    'withdrawn' AS state, strptime(left(o.moment, 19), '%Y-%m-%dT%H:%M:%S') AS event_at,
    left(o.moment, 10) AS recorded_at, '{evidence}' AS evidence, NULL AS campaign, NULL AS basis,
    false AS beside
  FROM objected o JOIN wanted w USING (profile_id)
  JOIN crosswalk c ON c.profile_id = o.profile_id AND c.role = 'founder')
SELECT * FROM made m
ANTI JOIN (SELECT * FROM consent_event WHERE evidence = '{evidence}' AND delivery IS NULL) e
  ON e.profile_id = m.profile_id AND e.channel = m.channel AND e.brand = m.brand
  AND e.purpose = m.purpose AND e.event_at = m.event_at
ORDER BY ALL
"""


def profiles(rights: Rights) -> str:
    """A relation: profile_id and since of each restricted profile."""
    if not rights.restricted:
        return _NOBODY
    return _PROFILES.format(rows=_rows(rights.restricted.items()))


def suppressions(rights: Rights) -> str:
    """The SELECT of what silences restricted persons."""
    return SUPPRESSIONS.format(reason=RESTRICTED, profiles=profiles(rights))


def object_all(context: Context, unit: Unit, own: str) -> int:
    """Write the opt-outs that objections make; how many. ``own``: see ``EVENTS``."""
    pairs = [(name, o.at) for o in context.rights.objections for name in sorted(o.records)]
    if not pairs:
        return 0
    values = {
        "channels": list(CHANNELS),
        "brands": list(context.runbook.brands) or ["*"],
        "purpose": context.runbook.consent.purpose,
    }
    select = EVENTS.format(evidence=OBJECTION, rows=_rows(pairs), own=own)
    return context.write(unit, "consent_event", select, values)


def inputs(rights: Rights, *, objecting: bool = False) -> dict[str, str]:
    """Digests of what a step's output depends on; nothing when nobody made use of a right."""
    found = {}
    if rights.restricted:
        found["restrictions"] = sha256_of(dict(rights.restricted))
    if objecting and rights.objections:
        found["objections"] = sha256_of([[o.at, sorted(o.records)] for o in rights.objections])
    return found


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
