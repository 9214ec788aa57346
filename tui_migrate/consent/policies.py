"""From the ledger to states: per profile × brand × channel × purpose one status and its rule.

Two policies, both plain SQL over the relations ``consent_event`` and ``suppression``:

* ``newest``: a suppression > an opt-out without a date (it may be the newest) > the newest evidence,
  where an opt-in needs a date *and* a source to be evidence and an opt-out only a date > at the same
  instant the opt-out > without evidence an opt-out.
* ``restrictive``: the same, but an opt-in ends an earlier opt-out only when an opt-in after that
  opt-out is itself confirmed (double opt-in), dated and sourced. An opt-in with no opt-out before it
  counts as in ``newest``.

Which keys: those for which an event names the brand (and channel), whatever it says of it. Opt-outs
for all brands, suppressions, and opt-outs of somebody else with the same contact point are spelled
out over these keys and make none themselves. An opt-in for "all brands" names no brand and speaks
for none.

Confirmations. A ``confirmed`` event with a date and a source of its own is a permission, confirmed
(systems that write a double opt-in as one row), unless its own record holds the opt-in that it
confirms. Otherwise it confirms the newest opt-in at or before it: of its own record where that holds
one (then never another), else of the same contact point, if it names one; the evidence date stays
that of the opt-in. A flag without a date confirms the one opt-in of its record. So a mere
confirmation can never bring back what was withdrawn after the opt-in that it belongs to.

Of several suppressions the rule names the gravest, then the oldest; of events at one instant the one
whose source, then campaign, comes last in the alphabet. Date, source and campaign of the state are
those of the fact that decided: no import date ever stands in for them.
"""

from __future__ import annotations

from types import MappingProxyType

from tui_migrate.consent import said
from tui_migrate.consent.placing import OUT

REASONS = ("deceased", "complaint", "register", "manual", "hard_bounce")
"""Suppression reasons, gravest first; others come after these, by name."""

KEY = "profile_id, brand, channel, purpose"

_SPOKEN = f"""
-- One row is a key that has a state: some event names its brand and channel.
keyed AS (
  SELECT DISTINCT {KEY} FROM {{events}}
  WHERE profile_id IS NOT NULL AND brand <> '*' AND channel <> '*' AND NOT beside AND {{scope}}),
-- One row is an event and a key about which it speaks.
spoken AS (
  SELECT k.*, e.source AS system, e.record_id, e.contact_point, e.state, e.event_at,
    e.evidence, e.campaign, e.delivery, e.file, e.line
  FROM keyed k
  JOIN {{events}} e ON e.profile_id = k.profile_id AND e.purpose = k.purpose
    AND ((e.brand = k.brand AND e.channel = k.channel)
      OR (e.state IN {OUT} AND e.brand IN (k.brand, '*') AND e.channel IN (k.channel, '*')))),
given AS (SELECT * FROM spoken WHERE state = 'given'),
-- One row is a record's opt-ins for a key: how many there are.
own AS (
  SELECT {KEY}, system, record_id, count(*) AS n FROM given GROUP BY ALL),
-- One row is a confirmation; own_n: opt-ins for this key in its own record; stands: it is one itself.
confirmation AS (
  SELECT c.*, coalesce(o.n, 0) AS own_n,
    o.n IS NULL AND c.event_at IS NOT NULL AND c.evidence IS NOT NULL AS stands,
    row_number() OVER (ORDER BY {KEY}, system, record_id, contact_point, event_at, evidence,
      campaign, delivery, file, line) AS no
  FROM spoken c LEFT JOIN own o USING ({KEY}, system, record_id)
  WHERE c.state = 'confirmed'),
-- One row is an opt-in (key, record, instant) that a confirmation of the same record confirms.
confirmed_own AS (
  SELECT DISTINCT {KEY}, system, record_id, instant FROM (
    SELECT c.no, {KEY}, system, record_id, max(g.event_at) AS instant
    FROM confirmation c JOIN given g USING ({KEY}, system, record_id)
    WHERE g.event_at <= c.event_at OR (c.event_at IS NULL AND c.own_n = 1)
    GROUP BY ALL)),
-- One row is a confirmation of another record and the instant of the opt-in that it confirms.
confirmed_point AS (
  SELECT c.no, {KEY}, c.contact_point, max(g.event_at) AS instant
  FROM confirmation c JOIN given g USING ({KEY})
  WHERE c.own_n = 0 AND NOT c.stands AND g.contact_point = c.contact_point
    AND g.event_at <= c.event_at
  GROUP BY ALL),
-- One row is an opt-in or opt-out with what it is worth. proven: it counts as evidence.
fact AS (
  SELECT {KEY}, system, record_id, contact_point, event_at, evidence, campaign,
    'out' AS what, event_at IS NOT NULL AS proven, false AS confirmed
  FROM spoken WHERE state IN {OUT}
  UNION ALL
  SELECT {KEY}, g.system, g.record_id, g.contact_point, g.event_at, g.evidence, g.campaign,
    'in', g.event_at IS NOT NULL AND g.evidence IS NOT NULL,
    EXISTS (SELECT 1 FROM confirmed_own o WHERE o.profile_id = g.profile_id
        AND o.brand = g.brand AND o.channel = g.channel AND o.purpose = g.purpose
        AND o.system = g.system AND o.record_id = g.record_id AND o.instant = g.event_at)
      OR EXISTS (SELECT 1 FROM confirmed_point p WHERE p.profile_id = g.profile_id
        AND p.brand = g.brand AND p.channel = g.channel AND p.purpose = g.purpose
        AND p.contact_point = g.contact_point AND p.instant = g.event_at)
  FROM given g
  UNION ALL
  SELECT {KEY}, system, record_id, contact_point, event_at, evidence, campaign,
    'in', event_at IS NOT NULL AND evidence IS NOT NULL, true
  FROM confirmation c
  WHERE own_n = 0 AND no NOT IN (SELECT no FROM confirmed_point))"""

_RANK = " ".join(f"WHEN '{reason}' THEN {i}" for i, reason in enumerate(REASONS))

_SILENCED = f"""
-- One row is a suppressed key and the suppression that names it.
silenced AS (
  SELECT {KEY}, s.reason, s.event_at, s.evidence, s.source AS system, s.record_id
  FROM keyed k
  JOIN (SELECT * EXCLUDE (channel, brand), channel AS on_channel, brand AS for_brand
        FROM {{suppressions}}) s USING (profile_id)
  WHERE s.on_channel IN (k.channel, '*') AND s.for_brand IN (k.brand, '*')
  QUALIFY row_number() OVER (PARTITION BY {KEY}
    ORDER BY CASE s.reason {_RANK} ELSE {len(REASONS)} END, s.reason, s.event_at NULLS FIRST,
      s.evidence DESC NULLS LAST, s.source, s.record_id) = 1)"""

_WEIGHED = f"""
-- One row is a key with the newest proven opt-out, opt-in and confirmed opt-in.
weighed AS (
  SELECT {KEY},
    coalesce(bool_or(f.what = 'out' AND NOT f.proven), false) AS undated_out,
    max(f.event_at) FILTER (f.what = 'out' AND f.proven) AS last_out,
    max({{until}}) FILTER (f.what = 'out' AND f.proven) AS last_until,
    max(f.event_at) FILTER (f.what = 'in' AND f.proven) AS last_in,
    max(f.event_at) FILTER (f.what = 'in' AND f.proven AND f.confirmed) AS last_confirmed
  FROM keyed LEFT JOIN fact f USING ({KEY})
  GROUP BY ALL)"""

# The rule that decides a key. Only the line between newest_optout and newest_optin differs.
_RULE = """CASE
    WHEN s.reason IS NOT NULL THEN 'suppression:' || s.reason
    WHEN w.undated_out THEN 'undated_optout'
    WHEN w.last_in IS NULL AND w.last_out IS NULL THEN 'no_evidence'
    WHEN w.last_out IS NULL THEN 'newest_optin'
    WHEN w.last_in IS NULL OR w.last_in < w.last_out THEN 'newest_optout'
    WHEN w.last_in <= w.last_until THEN 'tie_optout'
    {unconfirmed}
    ELSE 'newest_optin' END"""

_UNCONFIRMED = (
    "WHEN w.last_confirmed IS NULL OR w.last_confirmed <= w.last_until THEN 'unconfirmed_optin'"
)

_STATES = f"""
WITH {_SPOKEN},
{_SILENCED},
{_WEIGHED},
-- One row is a key, its rule, and the kind and instant of the fact that decides.
ruled AS (
  SELECT {KEY}, {{rule}} AS rule, s.event_at AS silenced_at, s.system AS silenced_by,
    s.record_id AS silenced_record, s.evidence AS silenced_why, w.last_in, w.last_out
  FROM weighed w LEFT JOIN silenced s USING ({KEY})),
-- One row is a key and the one fact that decides it.
decisive AS (
  SELECT {KEY}, f.event_at, f.evidence, f.campaign, f.system, f.record_id
  FROM ruled r JOIN fact f USING ({KEY})
  WHERE CASE r.rule
    WHEN 'newest_optin' THEN f.what = 'in' AND f.proven AND f.event_at = r.last_in
    WHEN 'undated_optout' THEN f.what = 'out' AND NOT f.proven
    WHEN 'newest_optout' THEN f.what = 'out' AND f.event_at = r.last_out
    WHEN 'tie_optout' THEN f.what = 'out' AND f.event_at = r.last_out
    WHEN 'unconfirmed_optin' THEN f.what = 'out' AND f.event_at = r.last_out
    ELSE false END
  QUALIFY row_number() OVER (PARTITION BY {KEY} ORDER BY f.evidence DESC NULLS LAST,
    f.campaign DESC NULLS LAST, f.confirmed DESC, f.system, f.record_id, f.contact_point) = 1)
-- One row is the state of a key.
SELECT {KEY}, CASE WHEN r.rule = 'newest_optin' THEN 'opt-in' ELSE 'opt-out' END AS status,
  coalesce(r.silenced_at, CASE WHEN r.silenced_by IS NULL THEN d.event_at END) AS evidence_at,
  coalesce(r.silenced_why, d.evidence) AS source, d.campaign, r.rule,
  coalesce(r.silenced_by, d.system) AS source_system,
  coalesce(r.silenced_record, d.record_id) AS record_id
FROM ruled r LEFT JOIN decisive d USING ({KEY})
ORDER BY {KEY}
"""

POLICIES = MappingProxyType(
    {
        # The newest proven statement wins; opt-out wins a tie.
        "newest": _RULE.format(unconfirmed=""),
        # As newest, but only a confirmed opt-in after the last opt-out ends that opt-out.
        "restrictive": _RULE.format(unconfirmed=_UNCONFIRMED),
    }
)


def states_sql(
    policy: str,
    events: str = "consent_event",
    suppressions: str = "suppression",
    scope: str = "true",
    zone: str = "Europe/Amsterdam",
) -> str:
    """The SELECT that derives all states under ``policy``; ``KeyError`` for an unknown policy.

    Its columns are those of ``consent_state``: profile_id, brand, channel, purpose, status (opt-in |
    opt-out), evidence_at (UTC), source, campaign, rule, source_system, record_id. ``scope``: an SQL
    condition on profile_id, for the states of a few profiles only. ``zone``: in which a day without a
    time of day is a day.
    """
    return _STATES.format(
        events=events,
        suppressions=suppressions,
        scope=scope,
        rule=POLICIES[policy],
        until=said.until_sql("f.event_at", zone),
    )
