"""What the step ``merge`` says in SQL: who founds a profile, who joins, what becomes of each row.

The temporary table ``merge_pending`` holds the pending records (see ``match_records``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tui_migrate.model.entities import entities
from tui_migrate.model.profile_id import profile_id_sql
from tui_migrate.staging.store import literal

CONSENT_ENTITIES = ("consent", "suppression")
"""Entities whose rows get their fate from the step ``consent_sync``."""

OWNER_UNKNOWN = "owner_unknown"
"""Reason: the row names no record, or one that was never handed over."""
OWNER_LEFT_OUT = "owner_left_out"
"""Reason: the record that the row names was rejected, excluded, pruned or held."""
OLDER_ROW = "older_row_of_record"
"""Reason: a later row told of the same record, and nothing else stands in this one."""


def trust_sql(trust: Mapping[str, int], column: str = "source") -> str:
    """SQL for the trust of a source, 1 being the most trusted."""
    cases = " ".join(f"WHEN {literal(name)} THEN {level}" for name, level in sorted(trust.items()))
    return f"CASE {column} {cases} ELSE 99 END" if cases else "99"


def founders_sql(trust: Mapping[str, int], handed_out: str) -> str:
    """Make ``merge_party``: one row is a pending record, its cluster, and the record that founds the
    profile: whose profile the target has had longest (``handed_out``: SELECT of source, record_id,
    first_nth), then whom a person chose (``merge_lead``), then of the most trusted source, then the
    oldest (created, else joined, else updated; without a date last), then by source and id."""
    order = (
        f"first_nth NULLS LAST, led NULLS LAST, {trust_sql(trust)},"
        " coalesce(created_at, joined_on::TIMESTAMP, updated_at) NULLS LAST, source, record_id"
    )
    return f"""
CREATE OR REPLACE TEMP TABLE merge_party AS
WITH member AS (
  SELECT p.source, p.record_id, c.cluster_id, coalesce(c.status, 'single') AS status,
    -- Only a merged cluster is one person; every other record stands alone.
    CASE WHEN c.status = 'merged' THEN c.cluster_id ELSE p.source || chr(31) || p.record_id END
      AS party, {trust_sql(trust, "p.source")} AS trust, p.created_at, p.joined_on, p.updated_at,
    h.first_nth, l.led
  FROM merge_pending p LEFT JOIN cluster c USING (source, record_id)
  LEFT JOIN ({handed_out}) h USING (source, record_id)
  LEFT JOIN merge_lead l USING (source, record_id))
SELECT source, record_id, cluster_id, status,
  first_value(source) OVER w AS founder_source, first_value(record_id) OVER w AS founder_record,
  count(*) OVER (PARTITION BY party) AS members
FROM member WINDOW w AS (PARTITION BY party ORDER BY {order})
"""


# One row is a record of a profile. rule: for a founder 'single', 'review' (it stands apart until a
# person decides) or 'first'; for a merged record the surest way in which it was tied to another one
# of its cluster: a reviewer's decision, a link, or a pair that passed the guard.
CROSSWALK = f"""
WITH tie AS (
  SELECT source_a AS source, record_a AS record_id, source_b AS other_source,
    record_b AS other_record, decision, reason FROM pair WHERE band = 'auto'
  UNION ALL
  SELECT source_b, record_b, source_a, record_a, decision, reason FROM pair WHERE band = 'auto'),
tied AS (
  SELECT t.source, t.record_id, min(CASE WHEN t.decision = 'merge' THEN 1
    WHEN t.reason = 'link' THEN 2 ELSE 3 END) AS surest
  FROM tie t
  JOIN merge_party a USING (source, record_id)
  JOIN merge_party b ON b.source = t.other_source AND b.record_id = t.other_record
  WHERE a.cluster_id = b.cluster_id
  GROUP BY ALL)
SELECT p.source, p.record_id, {profile_id_sql("p.founder_source", "p.founder_record")} AS profile_id,
  CASE WHEN p.source = p.founder_source AND p.record_id = p.founder_record THEN 'founder'
       ELSE 'merged' END AS role,
  CASE WHEN p.members = 1 AND p.status = 'review' THEN 'review'
       WHEN p.members = 1 THEN 'single'
       WHEN p.source = p.founder_source AND p.record_id = p.founder_record THEN 'first'
       ELSE ['decision', 'link', 'guard passed'][coalesce(t.surest, 3)] END AS rule
FROM merge_party p LEFT JOIN tied t USING (source, record_id)
ORDER BY p.source, p.record_id
"""

# One row: a record founded a profile, or went into the profile of another record.
CROSSWALK_TRAIL = f"""
WITH own AS (
  SELECT source, record_id, profile_id, role, rule FROM crosswalk),
founder AS (SELECT profile_id, source, record_id FROM own WHERE role = 'founder')
SELECT o.source, o.record_id, CASE o.role WHEN 'founder' THEN 'loaded' ELSE 'merged' END AS event,
  o.rule,
  CASE WHEN o.role <> 'founder' THEN f.source END AS other_source,
  CASE WHEN o.role <> 'founder' THEN f.record_id END AS other_record,
  CASE WHEN o.role <> 'founder' THEN {profile_id_sql("o.source", "o.record_id")} END AS before,
  o.profile_id AS after
FROM own o JOIN founder f USING (profile_id)
ORDER BY o.source, o.record_id
"""

# One row is a field of a profile for which records gave different values.
SURVIVED_TRAIL = """
SELECT f.source, f.record_id, 'survived' AS event, o.field, o.rule, o.rejected AS before,
  o.chosen AS after
FROM merge_other o
JOIN (SELECT profile_id, source, record_id FROM crosswalk WHERE role = 'founder') f USING (profile_id)
ORDER BY f.source, f.record_id, o.field
"""


def fates_sql(children: Sequence[str], profile_sources: Sequence[str]) -> str:
    """What becomes of each pending physical row; one row is such a row.

    ``children``: child entities that have a view. A row with a record that founded a profile is
    loaded; with one that was merged, merged; with a child row of somebody in a profile, attached.
    Rows with a consent or suppression wait for ``consent_sync``; other child rows are rejected. A row
    of which nothing was made, of a source whose records may stand in several rows, is superseded.
    """
    parts = [
        f"SELECT source, delivery, file, line, owner_source, owner_record,"
        f" {str(name in CONSENT_ENTITIES).lower()} AS waits FROM ent_{name}"
        for name in children
    ] or [
        "SELECT source, delivery, file, line, source AS owner_source, record_id AS owner_record,"
        " false AS waits FROM ent_profile WHERE false"
    ]
    several = ", ".join(literal(name) for name in profile_sources) or "''"
    return f"""
WITH people AS (
  SELECT e.source, e.delivery, e.file, e.line, bool_or(c.role = 'founder') AS founds,
    min(c.rule) FILTER (c.role <> 'founder') AS rule
  FROM ent_profile e JOIN crosswalk c USING (source, record_id) GROUP BY ALL),
child AS ({" UNION ALL ".join(parts)}),
owned AS (
  SELECT h.source, h.delivery, h.file, h.line, bool_or(h.waits) AS waits,
    bool_or(c.profile_id IS NOT NULL AND NOT h.waits) AS attached,
    bool_or(k.source IS NOT NULL) AS known
  FROM child h
  LEFT JOIN crosswalk c ON c.source = h.owner_source AND c.record_id = h.owner_record
  LEFT JOIN (SELECT DISTINCT source, record_id FROM (
      SELECT source, record_id FROM ent_profile UNION ALL SELECT source, record_id FROM record)) k
    ON k.source = h.owner_source AND k.record_id = h.owner_record
  GROUP BY ALL),
judged AS (
  SELECT f.source, f.delivery, f.file, f.line,
    CASE WHEN p.founds THEN 'loaded' WHEN p.source IS NOT NULL THEN 'merged'
         WHEN o.attached THEN 'attached' WHEN o.waits THEN NULL
         WHEN o.source IS NOT NULL THEN 'rejected'
         WHEN f.source IN ({several}) THEN 'superseded' END AS fate,
    CASE WHEN p.founds OR o.attached AND p.source IS NULL THEN NULL
         WHEN p.source IS NOT NULL THEN p.rule
         WHEN o.known THEN '{OWNER_LEFT_OUT}'
         WHEN o.source IS NOT NULL THEN '{OWNER_UNKNOWN}'
         ELSE '{OLDER_ROW}' END AS reason
  FROM fates f
  LEFT JOIN people p USING (source, delivery, file, line)
  LEFT JOIN owned o USING (source, delivery, file, line)
  WHERE f.fate = 'pending')
SELECT source, delivery, file, line, fate, reason FROM judged WHERE fate IS NOT NULL
ORDER BY source, delivery, file, line
"""


def child_entities() -> list[str]:
    """Names of all entities whose rows belong to an owner."""
    return sorted(name for name, entity in entities().items() if entity.child)
