"""The target's suppression list: contact points to which nothing may go, whoever has them.

Consent states keep a *profile* silent. This list keeps *addresses* silent: those of suppressions, of
silenced people, and of opt-outs whose person did not come along (rejected, pruned, held, unknown). A
point that other profiles carry too is listed only when a source named that point itself: an entry
for one partner must not silence the other, whose own state is right.
"""

from __future__ import annotations

from tui_migrate.consent.placing import OUT
from tui_migrate.consent.policies import REASONS
from tui_migrate.staging.erasure import KEPT

OPT_OUT = "opt_out"
"""The reason of a list entry that comes from an opt-out."""

RESTRICTED = "restricted"
"""Reason of the suppression of a person whose data are restricted, and of the fate of their rows."""
UNSENT = (
    f"(SELECT profile_id FROM suppression WHERE reason = '{RESTRICTED}' AND profile_id IS NOT NULL)"
)
"""Restricted profiles: the target does not know them. Their opt-outs go by contact point."""
SENT = f"(SELECT * FROM consent_state WHERE profile_id NOT IN {UNSENT})"
"""States that the target is told."""

COLUMNS = (
    "record_key VARCHAR, profile_id VARCHAR, contact_point VARCHAR, channel VARCHAR, brand VARCHAR,"
    " reason VARCHAR, event_at TIMESTAMP, source_system VARCHAR, record_id VARCHAR, active BOOLEAN"
)
"""The staging table ``suppression_list``; one row is one entry. brand or channel '*': every one.
``active`` false: lifted, because the person gave a permission for the brand after all."""

_RANK = " ".join(f"WHEN '{reason}' THEN {i}" for i, reason in enumerate(REASONS))
ORDER = (
    f"CASE reason {_RANK} ELSE {len(REASONS)} END, reason, event_at NULLS FIRST, source, record_id,"
    " profile_id NULLS LAST"
)
"""Which of the facts of one entry it is made of: the first."""

# One row is one entry of the list. {scope}: a condition on profiles.
_LIST = f"""
WITH sole AS (
  -- One row is a point that one profile only carries.
  SELECT point, any_value(profile_id) AS profile_id, any_value(kind) AS kind
  FROM tmp_profile_point WHERE kind <> 'post' AND {{near}}
  GROUP BY point HAVING count(DISTINCT profile_id) = 1),
fact AS (
  -- Points that a suppression names itself.
  SELECT profile_id, contact_point, channel, brand, reason, event_at, source, record_id
  FROM {{suppressions}} WHERE contact_point IS NOT NULL
  UNION ALL
  -- All other points of a silenced person.
  SELECT s.profile_id, p.point, s.channel, s.brand, s.reason, s.event_at, s.source, s.record_id
  FROM {{suppressions}} s JOIN sole p USING (profile_id)
  WHERE s.reason <> 'hard_bounce' AND (s.channel = '*'
    OR p.kind = CASE WHEN s.channel IN ('phone', 'sms') THEN 'phone' ELSE s.channel END)
  UNION ALL
  -- Points of opt-outs that found no profile.
  SELECT NULL, contact_point, channel, brand, '{OPT_OUT}', event_at, source, record_id
  FROM {{events}}
  WHERE profile_id IS NULL AND state IN {OUT} AND contact_point IS NOT NULL
  UNION ALL
  -- Points that opt-outs of restricted people name: the target has no state of theirs. Who else
  -- carries such a point has one himself.
  SELECT e.profile_id, e.contact_point, e.channel, e.brand, '{OPT_OUT}', e.event_at, e.source,
    e.record_id
  FROM {{events}} e
  WHERE e.state IN {OUT} AND NOT e.beside AND e.contact_point IS NOT NULL
    AND e.profile_id IN (SELECT profile_id FROM {{suppressions}} WHERE reason = '{RESTRICTED}')
    AND NOT EXISTS (SELECT 1 FROM tmp_profile_point h
      WHERE h.point = e.contact_point AND h.profile_id <> e.profile_id)
  UNION ALL
  -- Opt-outs for all brands, on brands for which the person has no state that could say so.
  SELECT e.profile_id, p.point, e.channel, b.brand, '{OPT_OUT}', e.event_at, e.source, e.record_id
  FROM {{events}} e
  JOIN sole p ON p.profile_id = e.profile_id AND (e.channel = '*'
    OR p.kind = CASE WHEN e.channel IN ('phone', 'sms') THEN 'phone' ELSE e.channel END)
  CROSS JOIN (SELECT unnest($brands::VARCHAR[]) AS brand) b
  WHERE e.state IN {OUT} AND e.brand = '*' AND NOT e.beside AND NOT EXISTS (
    SELECT 1 FROM {{events}} k WHERE k.profile_id = e.profile_id AND k.brand = b.brand
      AND NOT k.beside AND (k.channel = e.channel OR e.channel = '*'))
  UNION ALL
  -- And the point itself that such an opt-out names, where nobody who carries it has such a state;
  -- also where the person who said so was erased.
  SELECT e.profile_id, e.contact_point, e.channel, b.brand, '{OPT_OUT}', e.event_at, e.source,
    e.record_id
  FROM {{events}} e
  CROSS JOIN (SELECT unnest($brands::VARCHAR[]) AS brand) b
  WHERE e.state IN {OUT} AND e.brand = '*' AND (NOT e.beside OR e.source = '{KEPT}')
    AND e.contact_point IS NOT NULL AND e.profile_id IS NOT NULL AND NOT EXISTS (
      SELECT 1 FROM {{events}} k JOIN tmp_profile_point h USING (profile_id)
      WHERE h.point = e.contact_point AND k.brand = b.brand AND NOT k.beside
        AND (k.channel = e.channel OR e.channel = '*'))),
best AS (
  SELECT * FROM fact
  QUALIFY row_number() OVER (PARTITION BY contact_point, channel, brand
    ORDER BY {ORDER}) = 1)
SELECT left(sha256(concat_ws('|', contact_point, channel, brand)), 20) AS record_key,
  coalesce(profile_id, '') AS profile_id, contact_point, channel, brand, reason, event_at,
  source AS source_system, record_id, true AS active
FROM best ORDER BY record_key
"""

LIST = _LIST.format(events="consent_event", suppressions="suppression", near="true")
"""All entries that the ledger gives."""

# One row is the last word on an entry.
NOW = """
(SELECT s.* EXCLUDE (step, attempt, unit)
 FROM store.suppression_list s JOIN live l USING (step, attempt)
 QUALIFY row_number() OVER (PARTITION BY s.record_key
   ORDER BY l.ord DESC, length(s.unit) DESC, s.unit DESC) = 1)
"""

# One row is a change of the list by new facts: an entry that is new, or one to be lifted. Only
# entries that came of an opt-out for all brands can be lifted: the others name the point themselves.
_CHANGES = f"""
WITH derived AS ({{derived}}), held AS {NOW}
SELECT * FROM derived d
WHERE NOT EXISTS (SELECT 1 FROM held h WHERE h.record_key = d.record_key AND h.active)
UNION ALL
SELECT * REPLACE (false AS active) FROM held h
WHERE h.active AND h.reason = '{OPT_OUT}' AND h.profile_id IN (SELECT profile_id FROM {{touched}})
  AND NOT EXISTS (SELECT 1 FROM derived d WHERE d.record_key = h.record_key)
ORDER BY record_key
"""


def changes_sql(events: str, suppressions: str, touched: str) -> str:
    """The SELECT of changes. ``touched``: the profiles (profile_id) about which there is something
    new; ``events`` and ``suppressions``: all of the ledger about them, and what is about no profile.
    """
    near = (
        "point IN (SELECT p.point FROM tmp_profile_point p"
        f" WHERE p.profile_id IN (SELECT profile_id FROM {touched}))"
    )
    derived = _LIST.format(events=events, suppressions=suppressions, near=near)
    return _CHANGES.format(derived=derived, touched=touched)
