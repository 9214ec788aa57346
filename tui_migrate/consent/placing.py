"""Whom a consent or suppression row speaks of: its owner's profile, else who has its contact point.

An opt-out must never fall between two records. So: a row whose owner is in a profile belongs to that
profile. Where the owner is absent or was rejected, pruned or held, the row's contact point (else
those of its owner record) decides: an opt-out concerns *every* profile that carries the point, an
opt-in only when there is exactly one. An opt-out whose point nobody carries keeps ``profile_id``
NULL and goes to the target's suppression list. A suppression with a contact point concerns every
profile one of whose records carries it, whoever its owner is: a hard bounce too, because an address
that bounces must stay silent in whichever profile it ends up.
"""

from __future__ import annotations

from tui_migrate.consent import points
from tui_migrate.consent.relations import CONSENT_COLUMNS, SUPPRESSION_COLUMNS, Sources, read
from tui_migrate.staging.store import Cursor

OUT = "('refused', 'withdrawn')"
"""States that take a permission away; everything else never does, and NULL is no consent."""

_EVERY = "('', '*', 'alle', 'alles', 'all', 'allemaal', 'tous')"

# An owner that is not named is the row itself (the e-mail platform's rows are person and consent).
_OWNER = """coalesce(owner_source, source) AS owner_source,
  CASE WHEN owner_source IS NULL THEN coalesce(owner_record, record_id) ELSE owner_record END
    AS owner_record"""

_BRAND = f"CASE WHEN lower(trim(coalesce(brand, ''))) IN {_EVERY} THEN '*' ELSE trim(brand) END"
_CHANNEL = (
    f"CASE WHEN lower(trim(coalesce(channel, ''))) IN {_EVERY} THEN '*' ELSE trim(channel) END"
)

# One row is one mapped consent row with all that it leaves unsaid spelled out ('*' is every one).
_CONSENT_ROWS = f"""
CREATE OR REPLACE TEMP TABLE tmp_consent_row AS
SELECT row_number() OVER (ORDER BY r.source, r.record_id, r.delivery, r.file, r.line, r.child_no,
         r.channel, r.brand, r.purpose, r.state, r.event_at, r.evidence, r.campaign) AS row_no,
  r.source, r.record_id, r.delivery, r.file, r.line, {_OWNER},
  {_CHANNEL} AS channel, {_BRAND} AS brand,
  coalesce(nullif(trim(r.purpose), ''), $purpose) AS purpose, r.state, r.event_at,
  nullif(trim(r.evidence), '') AS evidence, nullif(trim(r.campaign), '') AS campaign,
  k.key AS point, r.basis, coalesce(r.state IN {OUT}, false) AS silences
FROM {{rows}} r LEFT JOIN tmp_point_key k ON k.value = r.contact_point
"""

# One row is one mapped suppression row. Whoever died is silent on every channel; a bounce without
# channel belongs to the kind of its address.
_SUPPRESSION_ROWS = f"""
CREATE OR REPLACE TEMP TABLE tmp_suppression_row AS
SELECT row_number() OVER (ORDER BY r.source, r.record_id, r.delivery, r.file, r.line, r.child_no,
         r.channel, r.brand, r.reason, r.event_at, r.evidence) AS row_no,
  r.source, r.record_id, r.delivery, r.file, r.line, {_OWNER},
  CASE WHEN r.reason = 'deceased' THEN '*'
       WHEN r.channel IS NULL AND r.reason = 'hard_bounce' AND contains(k.key, '@') THEN 'email'
       ELSE {_CHANNEL} END AS channel,
  {_BRAND} AS brand, coalesce(nullif(trim(r.reason), ''), 'manual') AS reason, r.event_at,
  nullif(trim(r.evidence), '') AS evidence, k.key AS point, true AS silences
FROM {{rows}} r LEFT JOIN tmp_point_key k ON k.value = r.contact_point
"""

# One row is a row and the profile that its owner record became part of.
_BY_OWNER = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_owner AS
SELECT DISTINCT r.row_no, c.profile_id
FROM tmp_{what}_row r
JOIN {crosswalk} c ON c.source = r.owner_source AND c.record_id = r.owner_record
"""

# One row is a row that has to be placed by contact point, and such a point: its own, else those of
# its owner record that serve the row's channel.
_ROW_POINTS = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_point AS
SELECT r.row_no, r.point FROM tmp_{what}_row r WHERE r.point IS NOT NULL AND {needs_point}
UNION
SELECT r.row_no, p.point
FROM tmp_{what}_row r
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no
JOIN tmp_record_point p ON p.source = r.owner_source AND p.record_id = r.owner_record
WHERE r.point IS NULL
  AND (r.channel = '*' OR p.kind = CASE WHEN r.channel IN ('phone', 'sms') THEN 'phone'
                                        ELSE r.channel END)
"""

# One row is a row and one profile that it speaks of, or NULL with the point that nobody carries.
# how: owner | contact_point | nobody | several (an opt-in by a point of several people).
_PLACED = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_placed AS
WITH pointed AS (
  SELECT t.row_no, t.point, p.profile_id
  FROM tmp_{what}_point t
  LEFT JOIN tmp_profile_point p ON p.point = t.point AND p.kind <> 'post'),
people AS (
  SELECT row_no, count(DISTINCT profile_id) AS n FROM pointed GROUP BY row_no)
SELECT r.* EXCLUDE (point), o.profile_id, r.point AS contact_point, 'owner' AS how
FROM tmp_{what}_row r JOIN tmp_{what}_owner o USING (row_no)
UNION ALL
SELECT DISTINCT r.* EXCLUDE (point), CASE WHEN r.silences OR n.n = 1 THEN t.profile_id END,
  t.point AS contact_point,
  CASE WHEN t.profile_id IS NULL THEN 'nobody' WHEN r.silences OR n.n = 1 THEN 'contact_point'
       ELSE 'several' END AS how
FROM tmp_{what}_row r
JOIN pointed t USING (row_no) JOIN people n USING (row_no)
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no AND o.profile_id = t.profile_id
-- An opt-in by several points of one person, some of which nobody has, is that person's.
WHERE r.silences OR n.n <> 1 OR t.profile_id IS NOT NULL
UNION ALL
SELECT r.* EXCLUDE (point), NULL AS profile_id, NULL AS contact_point, 'nobody' AS how
FROM tmp_{what}_row r
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no
ANTI JOIN tmp_{what}_point t ON t.row_no = r.row_no
"""

# An opt-out or opt-in asks its contact point only when its owner is in no profile; a suppression's
# contact point always speaks.
_NEEDS_POINT = {
    "consent": "r.row_no NOT IN (SELECT row_no FROM tmp_consent_owner)",
    "suppression": "true",
}


def place(
    cursor: Cursor,
    sources: Sources,
    purpose: str = "marketing",
    country: str = "NL",
    reuse: bool = False,
) -> None:
    """Fill ``tmp_consent_placed`` and ``tmp_suppression_placed`` (and the point tables).

    One row of the first is (source row × profile): source, record_id, delivery, file, line,
    owner_source, owner_record, channel, brand ('*' = every one), purpose, state, event_at (UTC),
    evidence, campaign, basis, silences, profile_id or NULL, contact_point (key), how. The second has
    reason instead of purpose, state, campaign, basis. ``reuse``: see ``points.gather``.
    """
    consent = _only(read(cursor, sources.consent, CONSENT_COLUMNS), sources.only)
    suppression = _only(read(cursor, sources.suppression, SUPPRESSION_COLUMNS), sources.only)
    points.gather(cursor, sources, (consent, suppression), country, reuse)
    cursor.execute(_CONSENT_ROWS.format(rows=consent), {"purpose": purpose})
    cursor.execute(_SUPPRESSION_ROWS.format(rows=suppression))
    for what in ("consent", "suppression"):
        cursor.execute(_BY_OWNER.format(what=what, crosswalk=sources.crosswalk))
        cursor.execute(_ROW_POINTS.format(what=what, needs_point=_NEEDS_POINT[what]))
        cursor.execute(_PLACED.format(what=what))


def _only(rows: str, condition: str) -> str:
    return rows if condition == "true" else f"(SELECT * FROM {rows} WHERE {condition})"


TEMPORARY = (
    *(
        f"tmp_{what}_{part}"
        for what in _NEEDS_POINT
        for part in ("row", "owner", "point", "placed")
    ),
    "tmp_point_key",
    "tmp_record_point",
    "tmp_profile_point",
)
"""The temporary tables that ``place`` makes."""


def clear(cursor: Cursor) -> None:
    """Drop the temporary tables (personal values should not wait for the end of the connection)."""
    for name in TEMPORARY:
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
