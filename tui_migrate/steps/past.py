"""Who was whose while the target had it: merges that were undone, and profiles that went into others.

The temporary table ``profile_past`` has one row for each record and each merge that an import carried
to the target: profile_id, source, record_id, founder, nth (1 is the oldest merge), since, until (UTC;
the first is open to the past, the last to the future). A record that was erased is in none.
"""

from __future__ import annotations

from tui_migrate.staging.store import Cursor, literal
from tui_migrate.steps.base import Context, Membership

CROSSWALK_UNIT = "crosswalk"
"""The unit of a merge whose trail says which record belongs to which profile."""
PAST = "profile_past"

_EMPTY = f"""
CREATE OR REPLACE TEMP TABLE {PAST} (profile_id VARCHAR, source VARCHAR, record_id VARCHAR,
  founder BOOLEAN, nth INTEGER, since TIMESTAMP, until TIMESTAMP)
"""

# One row is a record and the profile that one merge gave it.
_OF_ONE = f"""
INSERT INTO {PAST}
SELECT v.after, v.source, v.record_id, t.event = 'loaded', {{nth}}, {{since}}, {{until}}
FROM read_parquet({{values}}) v
JOIN read_parquet({{segment}}) t ON t.profile = v.profile AND t.seq = v.seq
WHERE t.event IN ('loaded', 'merged') AND v.after IS NOT NULL
"""

# One row is a profile that the target has had, with the record that founded it and when it first came.
HANDED_OUT = f"""
SELECT source, record_id, any_value(profile_id) AS profile_id, min(nth) AS first_nth
FROM {PAST} WHERE founder GROUP BY ALL
"""

# One row is a profile id that the target has had and that is no profile now, and where its founding
# record is at present (NULL: in no profile).
REDIRECTS = f"""
SELECT h.profile_id, h.source AS founder_source, h.record_id AS founder_record,
  c.profile_id AS into_profile
FROM ({HANDED_OUT}) h LEFT JOIN crosswalk c USING (source, record_id)
ANTI JOIN (SELECT profile_id FROM crosswalk WHERE role = 'founder') k ON k.profile_id = h.profile_id
ORDER BY 1
"""

# One row: a record is in another profile than the target had it in last. Where the founder of that
# profile went along, it was merged into another one and its id leads there; else the record came
# apart from it, and both sides say so. rule: 'stays' of the side that keeps the profile; 'again' of one
# that gets a profile which the target has had before.
TRAIL = f"""
WITH last AS (
  SELECT * FROM {PAST} WHERE nth = (SELECT max(nth) FROM {PAST})),
moved AS (
  SELECT l.source, l.record_id, l.profile_id AS old, c.profile_id AS new, f.source AS from_source,
    f.record_id AS from_record, n.source AS to_source, n.record_id AS to_record,
    k.profile_id AS founder_now
  FROM last l
  JOIN crosswalk c ON c.source = l.source AND c.record_id = l.record_id
  JOIN crosswalk n ON n.profile_id = c.profile_id AND n.role = 'founder'
  JOIN last f ON f.profile_id = l.profile_id AND f.founder
  LEFT JOIN crosswalk k ON k.source = f.source AND k.record_id = f.record_id
  WHERE c.profile_id <> l.profile_id),
known AS (SELECT DISTINCT profile_id FROM {PAST})
SELECT source, record_id, 'redirected' AS event, NULL AS rule, to_source AS other_source,
  to_record AS other_record, old AS before, new AS after
FROM moved WHERE new = founder_now AND source = from_source AND record_id = from_record
UNION ALL
SELECT source, record_id, 'unmerged',
  CASE WHEN new IN (SELECT profile_id FROM known) THEN 'again' END, from_source, from_record, old, new
FROM moved WHERE new IS DISTINCT FROM founder_now
UNION ALL
SELECT from_source, from_record, 'unmerged', 'stays', source, record_id, NULL, new
FROM moved WHERE founder_now IS NOT NULL AND new <> founder_now
"""


def gather(context: Context) -> bool:
    """Make ``profile_past`` as it was when the present attempt began; whether there is anything."""
    merges = context.host.memberships(context.spec.id)
    context.cursor.execute(_EMPTY)
    for nth, one in enumerate(merges, 1):
        _add(context.cursor, one, nth)
    return bool(merges)


def drop(cursor: Cursor) -> None:
    """Drop the temporary table."""
    cursor.execute(f"DROP TABLE IF EXISTS temp.{PAST}")


def _add(cursor: Cursor, one: Membership, nth: int) -> None:
    if not one.values.exists():
        return  # all that it told was erased
    cursor.execute(
        _OF_ONE.format(
            nth=nth,
            since="TIMESTAMP '-infinity'" if nth == 1 else _moment(one.since),
            until=_moment(one.until) if one.until else "TIMESTAMP 'infinity'",
            values=literal(str(one.values)),
            segment=literal(str(one.segment)),
        )
    )


def _moment(at: str) -> str:
    return f"TIMESTAMP {literal(at.removesuffix('Z'))}"
