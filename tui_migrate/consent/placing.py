"""Whom a consent or suppression row speaks of: its owner's profile, else who has its contact point.

An opt-out must never fall between two records. So: a row whose owner is in a profile belongs to that
profile. Where the owner is absent or was rejected, pruned or held, the row's contact point (else
those of its owner record) decides: an opt-out concerns *every* profile that carries the point, an
opt-in only when there is exactly one. An opt-out whose point nobody carries keeps ``profile_id``
NULL and goes to the target's suppression list. An opt-out or suppression with a contact point of its
own concerns every profile one of whose records carries it, whoever its owner is: mail to that address
was refused, whichever profile it ends up in. What silences also finds odd spellings of the point (see
``spellings``).

An opt-out or suppression of an owner who is in no profile and of whom no contact point is known goes
by the links between records: to every profile with a record that the lost owner names or that names
it. What contact points such lost relatives carry, and those that stand in an unreadable row with the
owner's number, are used too; at last the owner's points that serve other channels. Permissions never
travel like this.
"""

from __future__ import annotations

from tui_migrate.consent import delivered, points, said, spellings
from tui_migrate.consent.points import TABLES as POINT_TABLES
from tui_migrate.consent.relations import (
    CONSENT_COLUMNS,
    CONTACT_POINT_COLUMNS,
    LINK_COLUMNS,
    REJECT_COLUMNS,
    SUPPRESSION_COLUMNS,
    Sources,
    read,
)
from tui_migrate.staging.store import Cursor

OUT = "('refused', 'withdrawn')"
"""States that take a permission away; everything else never does, and NULL is no consent."""

# An owner that is not named is the row itself (the e-mail platform's rows are person and consent).
_OWNER = """coalesce(owner_source, source) AS owner_source,
  CASE WHEN owner_source IS NULL THEN coalesce(owner_record, record_id) ELSE owner_record END
    AS owner_record"""

_SILENCES = f"coalesce(r.state IN {OUT}, false)"
_BRAND = f"CASE WHEN lower(trim(coalesce(brand, ''))) IN {said.EVERY} THEN '*' ELSE trim(brand) END"

# One row is one mapped consent row with all that it leaves unsaid spelled out ('*' is every one).
# row_no ties the tables of one placing together; it goes nowhere else.
_CONSENT_ROWS = f"""
CREATE OR REPLACE TEMP TABLE tmp_consent_row AS
SELECT row_number() OVER () AS row_no,
  r.source, r.record_id, r.delivery, r.file, r.line, {_OWNER},
  {said.channel_sql("channel", _SILENCES)} AS channel, {_BRAND} AS brand,
  coalesce(nullif(trim(r.purpose), ''), $purpose) AS purpose, r.state, {{dated}} AS event_at,
  nullif(trim(r.evidence), '') AS evidence, nullif(trim(r.campaign), '') AS campaign,
  k.key AS point, r.contact_point AS written, r.basis, {_SILENCES} AS silences,
  coalesce(r.beside, false) AS aside
FROM {{rows}} r LEFT JOIN tmp_point_key k ON k.value = r.contact_point
"""

# One row is one mapped suppression row. Whoever died is silent on every channel; a bounce without
# channel belongs to the kind of its address.
_SUPPRESSION_ROWS = f"""
CREATE OR REPLACE TEMP TABLE tmp_suppression_row AS
SELECT row_number() OVER () AS row_no,
  r.source, r.record_id, r.delivery, r.file, r.line, {_OWNER},
  CASE WHEN r.reason = 'deceased' THEN '*'
       WHEN r.channel IS NULL AND r.reason = 'hard_bounce' AND contains(k.key, '@') THEN 'email'
       ELSE {said.channel_sql("channel")} END AS channel,
  {_BRAND} AS brand, coalesce(nullif(trim(r.reason), ''), 'manual') AS reason, r.event_at,
  nullif(trim(r.evidence), '') AS evidence, k.key AS point,
  r.contact_point AS written, true AS silences, false AS aside
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

# One row is a row that silences, and a contact point that some profile carries and that is meant by
# an odd spelling of the row's own.
_LOOSE = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_loose AS
SELECT DISTINCT r.row_no, p.point
FROM (SELECT row_no, written FROM tmp_{what}_row
      UNION SELECT row_no, cell FROM tmp_{what}_cell) w
JOIN tmp_{what}_row r USING (row_no)
JOIN tmp_value_loose v ON v.value = w.written
JOIN tmp_loose_point p USING (loose)
WHERE r.silences AND p.point IS DISTINCT FROM r.point
"""

# An odd spelling that its type cannot read gives the point by what it may mean, so that the list names
# an address or number; a number without country gives all that it may be.
_FORMS = """
INSERT INTO tmp_{what}_point
SELECT DISTINCT w.row_no, v.form FROM tmp_{what}_row r
JOIN (SELECT row_no, written FROM tmp_{what}_row
      UNION SELECT row_no, cell FROM tmp_{what}_cell) w USING (row_no)
JOIN tmp_value_loose v ON v.value = w.written
ANTI JOIN tmp_{what}_point t ON t.row_no = r.row_no AND t.point = v.form
WHERE r.silences AND v.form IS NOT NULL AND NOT {owned}
"""
_UNREADABLE_POINTS = """
DELETE FROM tmp_{what}_point t WHERE NOT contains(t.point, '@') AND NOT starts_with(t.point, '+')
  AND EXISTS (SELECT 1 FROM tmp_{what}_row r JOIN tmp_value_loose v ON v.value = r.written
    WHERE r.row_no = t.row_no AND r.point = t.point AND v.form IS NOT NULL)
"""

# One row is a number that a mapping read as one of its country, as its cell has it.
_CELLS = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_cell AS
SELECT DISTINCT r.row_no, c.cell FROM tmp_{what}_row r
JOIN {told} c USING (source, delivery, file, line)
WHERE r.silences AND starts_with(r.written, '+') AND c.cell <> r.written
  AND NOT contains(c.cell, '@') AND NOT regexp_matches(c.cell, '[+]|^[^0-9]*00')
  AND ends_with(r.written, ltrim(regexp_replace(c.cell, '[^0-9]+', '', 'g'), '0'))
  AND length(ltrim(regexp_replace(c.cell, '[^0-9]+', '', 'g'), '0')) >= 8
"""

# One row is an opt-out or suppression that has found neither a profile nor a contact point.
_LOST = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_lost AS
SELECT r.row_no, r.owner_source, r.owner_record, r.channel FROM tmp_{what}_row r
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no
ANTI JOIN tmp_{what}_point t ON t.row_no = r.row_no
ANTI JOIN tmp_{what}_loose s ON s.row_no = r.row_no
WHERE r.silences
"""

# One row is a lost row and a record that a link ties to its owner.
_RELATIVES = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_relative AS
SELECT l.row_no, k.other_source AS source, k.other_record AS record_id
FROM tmp_{what}_lost l
JOIN {link} k ON k.source = l.owner_source AND k.record_id = l.owner_record
UNION
SELECT l.row_no, k.source, k.record_id
FROM tmp_{what}_lost l
JOIN {link} k ON k.other_source = l.owner_source AND k.other_record = l.owner_record
"""

# One row is a lost row and a profile that a link leads to.
_BY_LINK = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_link AS
SELECT DISTINCT v.row_no, c.profile_id
FROM tmp_{what}_relative v
JOIN {crosswalk} c ON c.source = v.source AND c.record_id = v.record_id
"""

_NO_LINK = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_link (row_no BIGINT, profile_id VARCHAR)
"""

# One row is a lost row and an address or number that stands in an unreadable row with its owner's id.
_IN_REJECTS = r"""
CREATE OR REPLACE TEMP TABLE tmp_{what}_unread AS
SELECT DISTINCT l.row_no, l.channel, unnest(list_concat(
    regexp_extract_all(x.raw, '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{{2,}}'),
    regexp_extract_all(x.raw, '(?:\+|\b0)[0-9][0-9 ()-]{{7,14}}[0-9]\b'))) AS value
FROM tmp_{what}_lost l JOIN {reject} x ON x.source = l.owner_source
  AND list_contains(regexp_split_to_array(x.raw, '[;,|\t"]+'), l.owner_record)
"""

# The points of relatives in no profile and of unreadable rows join those by which rows are placed.
_LOST_POINTS = """
INSERT INTO tmp_{what}_point
WITH found AS (
  SELECT v.row_no, p.point, p.kind FROM tmp_{what}_relative v
  JOIN tmp_record_point p ON p.source = v.source AND p.record_id = v.record_id
  ANTI JOIN tmp_{what}_link k ON k.row_no = v.row_no
  UNION
  SELECT u.row_no, k.key, CASE WHEN contains(k.key, '@') THEN 'email' ELSE 'phone' END
  FROM tmp_{what}_unread u JOIN tmp_point_key k USING (value))
SELECT DISTINCT f.row_no, f.point FROM found f JOIN tmp_{what}_lost l USING (row_no)
WHERE l.channel = '*' OR f.kind = CASE WHEN l.channel IN ('phone', 'sms') THEN 'phone'
                                       ELSE l.channel END
"""

# One row is a lost row and an address or number of its owner that serves another channel: who carries
# it is the same person as far as anybody knows.
_OTHER = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_other AS
SELECT l.row_no, p.point FROM tmp_{what}_lost l
JOIN tmp_record_point p ON p.source = l.owner_source AND p.record_id = l.owner_record
WHERE p.kind <> 'post'
"""
_BY_OTHER = """
INSERT INTO tmp_{what}_link
SELECT o.row_no, h.profile_id FROM tmp_{what}_other o
JOIN tmp_profile_point h ON h.point = o.point AND h.kind <> 'post'
EXCEPT SELECT row_no, profile_id FROM tmp_{what}_link
"""
# Nobody carries it: the list names it, for the channel that the person said no to.
_OTHER_POINTS = """
INSERT INTO tmp_{what}_point
SELECT DISTINCT o.row_no, o.point FROM tmp_{what}_other o
ANTI JOIN tmp_{what}_link k ON k.row_no = o.row_no
ANTI JOIN tmp_{what}_point t ON t.row_no = o.row_no
"""

# One row is a row and one profile that it speaks of, or NULL with the point that nobody carries.
# how: owner | contact_point | beside | link | nobody | several (an opt-in by a point of several people).
_PLACED = """
CREATE OR REPLACE TEMP TABLE tmp_{what}_placed AS
WITH pointed AS (
  SELECT t.row_no, t.point, p.profile_id
  FROM tmp_{what}_point t
  LEFT JOIN tmp_profile_point p ON p.point = t.point AND p.kind <> 'post'
  UNION
  SELECT s.row_no, s.point, p.profile_id
  FROM tmp_{what}_loose s JOIN tmp_profile_point p ON p.point = s.point AND p.kind <> 'post'),
people AS (
  SELECT row_no, count(DISTINCT profile_id) AS n FROM pointed GROUP BY row_no)
SELECT r.* EXCLUDE (point, written), o.profile_id, r.point AS contact_point, 'owner' AS how
FROM tmp_{what}_row r JOIN tmp_{what}_owner o USING (row_no)
UNION ALL
SELECT r.* EXCLUDE (point, written), k.profile_id, NULL AS contact_point, 'link' AS how
FROM tmp_{what}_row r JOIN tmp_{what}_link k USING (row_no)
UNION ALL
SELECT DISTINCT r.* EXCLUDE (point, written),
  CASE WHEN r.silences OR n.n = 1 THEN t.profile_id END, t.point AS contact_point,
  CASE WHEN t.profile_id IS NULL THEN 'nobody' WHEN {owned} OR r.aside THEN 'beside'
       WHEN r.silences OR n.n = 1 THEN 'contact_point' ELSE 'several' END AS how
FROM tmp_{what}_row r
JOIN pointed t USING (row_no) JOIN people n USING (row_no)
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no AND o.profile_id = t.profile_id
-- An opt-in by several points of one person, some of which nobody has, is that person's.
WHERE (r.silences OR n.n <> 1 OR t.profile_id IS NOT NULL)
  AND (t.profile_id IS NOT NULL OR NOT {owned})
UNION ALL
SELECT r.* EXCLUDE (point, written), NULL AS profile_id, NULL AS contact_point, 'nobody' AS how
FROM tmp_{what}_row r
ANTI JOIN tmp_{what}_owner o ON o.row_no = r.row_no
ANTI JOIN tmp_{what}_link k ON k.row_no = r.row_no
ANTI JOIN tmp_{what}_point t ON t.row_no = r.row_no
ANTI JOIN tmp_{what}_loose s ON s.row_no = r.row_no
"""

# A permission asks its contact point only when its owner is in no profile; the point of what silences
# always speaks.
_OWNED = "r.row_no IN (SELECT row_no FROM tmp_consent_owner)"
_NEEDS_POINT = {"consent": f"(r.silences OR NOT {_OWNED})", "suppression": "true"}

# What silences as it is written, with the cells of numbers that a mapping read.
_SILENT_VALUES = " UNION ALL ".join(
    f"SELECT written AS value FROM tmp_{what}_row WHERE silences"
    f" UNION ALL SELECT cell FROM tmp_{what}_cell"
    for what in _NEEDS_POINT
)

# An opt-out whose owner is known speaks of others only because they carry the same point (how:
# beside). A suppressed point is as much theirs as his.
_BESIDE = {"consent": _OWNED, "suppression": "false"}


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
    dated = said.dated_sql(cursor, sources, (consent,))
    consent, suppression = said.apart(consent, f"state IN {OUT}"), said.apart(suppression)
    points.gather(cursor, sources, (consent, suppression), country, reuse)
    cursor.execute(_CONSENT_ROWS.format(rows=consent, dated=dated), {"purpose": purpose})
    cursor.execute(_SUPPRESSION_ROWS.format(rows=suppression))
    told, _carried = delivered.cells(cursor, sources)
    for what in _NEEDS_POINT:
        cursor.execute(_CELLS.format(what=what, told=told))
    contact_point = read(cursor, sources.contact_point, CONTACT_POINT_COLUMNS)
    spellings.loosen(cursor, _SILENT_VALUES, contact_point)
    for what, needs_point in _NEEDS_POINT.items():
        cursor.execute(_BY_OWNER.format(what=what, crosswalk=sources.crosswalk))
        cursor.execute(_ROW_POINTS.format(what=what, needs_point=needs_point))
        cursor.execute(_FORMS.format(what=what, owned=_BESIDE[what]))
        cursor.execute(_UNREADABLE_POINTS.format(what=what))
        cursor.execute(_LOOSE.format(what=what))
        _find_lost(cursor, sources, what, country)
        cursor.execute(_PLACED.format(what=what, owned=_BESIDE[what]))


def _find_lost(cursor: Cursor, sources: Sources, what: str, country: str) -> None:
    """Where links or unreadable rows lead, for opt-outs that found nobody otherwise."""
    cursor.execute(_LOST.format(what=what))
    found = cursor.execute(f"SELECT count(*) FROM tmp_{what}_lost").fetchall()
    if not found[0][0]:
        cursor.execute(_NO_LINK.format(what=what))
        return
    link = read(cursor, sources.link, LINK_COLUMNS)
    reject = read(cursor, sources.reject, REJECT_COLUMNS)
    cursor.execute(_RELATIVES.format(what=what, link=link))
    cursor.execute(_BY_LINK.format(what=what, crosswalk=sources.crosswalk))
    cursor.execute(_IN_REJECTS.format(what=what, reject=reject))
    points.know(cursor, f"SELECT value FROM tmp_{what}_unread", country)
    cursor.execute(_OTHER.format(what=what))
    cursor.execute(_BY_OTHER.format(what=what))
    cursor.execute(_LOST_POINTS.format(what=what))
    cursor.execute(_OTHER_POINTS.format(what=what))


def _only(rows: str, condition: str) -> str:
    return rows if condition == "true" else f"(SELECT * FROM {rows} WHERE {condition})"


TEMPORARY = tuple(
    f"tmp_{what}_{part}"
    for what in _NEEDS_POINT
    for part in (
        "row", "cell", "owner", "point", "loose", "lost", "relative", "link", "unread", "other",
        "placed",
    )
)  # fmt: skip
"""The temporary tables that ``place`` makes, beside those of ``points.gather``."""


def clear(cursor: Cursor, points: bool = True) -> None:
    """Drop the temporary tables (personal values should not wait for the end of the connection).

    ``points`` false: the contact points stay, to be used again.
    """
    for name in (*TEMPORARY, *spellings.TABLES, *(POINT_TABLES if points else ())):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
