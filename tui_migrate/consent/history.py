"""What stands behind one consent state: every event about it, in order, and the one that decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tui_migrate.consent.placing import OUT
from tui_migrate.staging.store import Cursor

# One row is an event or suppression that speaks about one key, oldest first, undated ones before all.
_BEHIND = f"""
WITH spoken AS (
  SELECT 'event' AS kind, event_at, coalesce(state, 'unclear') AS what, brand, channel, purpose,
    evidence, campaign, source, record_id, contact_point
  FROM consent_event
  WHERE profile_id = $profile AND purpose = $purpose
    AND ((brand = $brand AND channel = $channel)
      OR (state IN {OUT} AND brand IN ($brand, '*') AND channel IN ($channel, '*')))
  UNION ALL
  SELECT 'suppression', event_at, reason, brand, channel, NULL, evidence, NULL, source, record_id,
    contact_point
  FROM suppression
  WHERE profile_id = $profile AND brand IN ($brand, '*') AND channel IN ($channel, '*')),
state AS (
  SELECT * FROM {{states}} WHERE profile_id = $profile AND brand = $brand AND channel = $channel
    AND purpose = $purpose)
SELECT e.*,
  coalesce(e.source = s.source_system AND e.record_id = s.record_id
    AND (e.event_at IS NOT DISTINCT FROM s.evidence_at)
    AND CASE WHEN starts_with(s.rule, 'suppression:') THEN e.kind = 'suppression'
             WHEN s.rule = 'newest_optin' THEN e.what IN ('given', 'confirmed')
             ELSE e.what IN {OUT} END, false) AS decides,
  s.status, s.rule
FROM spoken e LEFT JOIN state s ON true
ORDER BY e.event_at NULLS FIRST, e.kind, e.source, e.record_id, e.what, e.contact_point
"""


@dataclass(frozen=True, slots=True)
class Behind:
    """One event behind a state. ``what``: given | refused | withdrawn | confirmed | unclear, or the
    reason of a suppression. ``decides``: the state rests on it. ``status`` and ``rule``: the state's
    own, the same on every row."""

    kind: str
    event_at: datetime | None
    what: str
    brand: str
    channel: str
    purpose: str | None
    evidence: str | None
    campaign: str | None
    source: str
    record_id: str
    contact_point: str | None
    decides: bool
    status: str | None
    rule: str | None


def behind(
    cursor: Cursor,
    profile_id: str,
    brand: str,
    channel: str,
    purpose: str = "marketing",
    states: str = "consent_state",
) -> list[Behind]:
    """The events behind the state of one profile on a brand, channel and purpose, in order."""
    key = {"profile": profile_id, "brand": brand, "channel": channel, "purpose": purpose}
    rows = cursor.execute(_BEHIND.format(states=states), key).fetchall()
    return [Behind(*row) for row in rows]
