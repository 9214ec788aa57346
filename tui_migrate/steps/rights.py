"""Whom restrictions and objections concern, as SQL over the crosswalk."""

from __future__ import annotations

from collections.abc import Iterable

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.audit.tombstones import Rights
from tui_migrate.consent.silence import RESTRICTED
from tui_migrate.staging.store import literal

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

# One row is an opt-out that an objection makes: profile × brand × channel × purpose.
EVENTS = """
SELECT DISTINCT o.profile_id, c.source, c.record_id, NULL AS delivery, NULL AS file,
  NULL::BIGINT AS line, NULL AS contact_point, h.channel, b.brand, u.purpose, 'withdrawn' AS state,
  strptime(left(o.moment, 19), '%Y-%m-%dT%H:%M:%S') AS event_at, left(o.moment, 10) AS recorded_at,
  '{evidence}' AS evidence, NULL AS campaign, NULL AS basis, false AS beside
FROM (SELECT c.profile_id, v.moment FROM crosswalk c JOIN store.record_key k USING (source, record_id)
      JOIN (VALUES {rows}) v(name, moment) ON v.name = k.pseudonym) o
JOIN crosswalk c ON c.profile_id = o.profile_id AND c.role = 'founder'
CROSS JOIN (SELECT unnest($channels::VARCHAR[]) AS channel) h
CROSS JOIN (SELECT unnest($brands::VARCHAR[]) AS brand) b
JOIN (SELECT DISTINCT profile_id, purpose FROM store.consent_event
      WHERE step = $step AND attempt = $attempt AND profile_id IS NOT NULL
      UNION SELECT profile_id, $purpose FROM crosswalk) u ON u.profile_id = o.profile_id
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


def objections(rights: Rights) -> str:
    """The SELECT of the opt-outs that objections make; '' without any. Parameters: channels, brands,
    purpose, step, attempt."""
    pairs = [(name, o.at) for o in rights.objections for name in sorted(o.records)]
    return EVENTS.format(evidence=OBJECTION, rows=_rows(pairs)) if pairs else ""


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
