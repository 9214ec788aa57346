"""Three statements about the target that may never be false: nothing lost, nothing made up.

(a) *carried*: every state that was derived stands in the target as it was derived, and no other.
(b) *justified*: whoever may be contacted in the target although a source says no has, after that no,
given a permission that has a date and a source. (c) *invented*: no permission in the target without
one in a source.

(b) and (c) look at the mapped source rows, not at the ledger, and find people in their own way: a
fault of the ledger, of the policies or of the target cannot hide itself here. All three are functions
over relations, and return the offenders; nobody may be among them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.consent import points
from tui_migrate.consent.relations import CONSENT_COLUMNS, SUPPRESSION_COLUMNS, Sources, read
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor

STATE_COLUMNS = {
    "profile_id": "VARCHAR",
    "brand": "VARCHAR",
    "channel": "VARCHAR",
    "purpose": "VARCHAR",
    "status": "VARCHAR",
    "evidence_at": "TIMESTAMP",
    "source": "VARCHAR",
    "campaign": "VARCHAR",
    "rule": "VARCHAR",
}
NAMES = ("carried", "justified", "invented")

# One row is a key on which target and derived state differ; what: missing | extra | differs.
_CARRIED = """
CREATE OR REPLACE TEMP TABLE tmp_carried AS
SELECT coalesce(s.profile_id, t.profile_id) AS profile_id, coalesce(s.brand, t.brand) AS brand,
  coalesce(s.channel, t.channel) AS channel, coalesce(s.purpose, t.purpose) AS purpose,
  CASE WHEN t.profile_id IS NULL THEN 'missing' WHEN s.profile_id IS NULL THEN 'extra'
       ELSE 'differs' END AS what,
  s.status AS derived, t.status AS held
FROM {states} s
FULL JOIN {target} t ON t.profile_id = s.profile_id AND t.brand = s.brand
  AND t.channel = s.channel AND t.purpose = s.purpose
WHERE s.profile_id IS NULL OR t.profile_id IS NULL
  OR s.status IS DISTINCT FROM t.status OR s.evidence_at IS DISTINCT FROM t.evidence_at
  OR coalesce(s.source, '') <> coalesce(t.source, '')
  OR coalesce(s.campaign, '') <> coalesce(t.campaign, '')
  OR s.rule IS DISTINCT FROM t.rule
UNION ALL
-- A key that the target holds twice says two things at once.
SELECT profile_id, brand, channel, purpose, 'twice', NULL, NULL
FROM {target} GROUP BY ALL HAVING count(*) > 1
ORDER BY ALL
"""

_ALL = "('*', 'all', 'alle', 'alles', 'allemaal', 'tous')"

# One row is a source record and an address or number that it carries, in its comparable form.
_SHARED = """
carrier AS (
  SELECT source, record_id, point, kind FROM tmp_record_point),
holder AS (
  SELECT DISTINCT x.profile_id, c.point FROM carrier c
  JOIN {crosswalk} x ON x.source = c.source AND x.record_id = c.record_id
  WHERE c.kind <> 'post'),
-- One row is a permission as a source tells it. A confirmation is one only where its record tells
-- of no permission that it confirms.
yes AS (
  SELECT r.source, r.record_id, coalesce(r.owner_source, r.source) AS owner_source,
    CASE WHEN r.owner_source IS NULL THEN coalesce(r.owner_record, r.record_id)
         ELSE r.owner_record END AS owner_record,
    r.channel, trim(r.brand) AS brand, coalesce(nullif(trim(r.purpose), ''), $purpose) AS purpose,
    r.event_at, nullif(trim(r.evidence), '') AS evidence,
    coalesce(k.key, lower(trim(r.contact_point))) AS point, r.state
  FROM {consent} r LEFT JOIN tmp_point_key k ON k.value = r.contact_point
  WHERE r.state IN ('given', 'confirmed')),
yes_by_point AS (
  SELECT y.source, y.record_id, y.point, min(h.profile_id) AS profile_id
  FROM (SELECT DISTINCT y.source, y.record_id, coalesce(y.point, c.point) AS point
        FROM yes y LEFT JOIN carrier c
          ON c.source = y.owner_source AND c.record_id = y.owner_record AND c.kind <> 'post') y
  JOIN holder h ON h.point = y.point
  GROUP BY ALL HAVING count(DISTINCT h.profile_id) = 1),
yes_of AS (
  SELECT x.profile_id, y.* FROM yes y
  JOIN {crosswalk} x ON x.source = y.owner_source AND x.record_id = y.owner_record
  UNION ALL
  SELECT p.profile_id, y.* FROM yes y
  JOIN yes_by_point p ON p.source = y.source AND p.record_id = y.record_id
  WHERE NOT EXISTS (SELECT 1 FROM {crosswalk} x
    WHERE x.source = y.owner_source AND x.record_id = y.owner_record))"""

# One row is a no of a source (opt-out or suppression) of which the person may be contacted in the
# target on that channel and brand, with the later permission that justifies it, or NULL.
_JUSTIFIED = f"""
CREATE OR REPLACE TEMP TABLE tmp_justified AS
WITH {_SHARED},
no AS (
  SELECT 'opt-out' AS kind, source, record_id, delivery, file, line, owner_source, owner_record,
    channel, brand, coalesce(nullif(trim(purpose), ''), $purpose) AS purpose, event_at,
    contact_point FROM {{consent}}
  WHERE state IN ('refused', 'withdrawn')
  UNION ALL
  SELECT 'suppression', source, record_id, delivery, file, line, owner_source, owner_record,
    CASE WHEN reason = 'deceased' THEN NULL ELSE channel END, brand, NULL, event_at, contact_point
  FROM {{suppression}}),
no_of AS (
  SELECT n.*, x.profile_id FROM no n
  JOIN {{crosswalk}} x ON x.source = coalesce(n.owner_source, n.source)
    AND x.record_id = CASE WHEN n.owner_source IS NULL
      THEN coalesce(n.owner_record, n.record_id) ELSE n.owner_record END
  UNION
  -- By the row's own contact point.
  SELECT n.*, h.profile_id FROM no n LEFT JOIN tmp_point_key k ON k.value = n.contact_point
  JOIN holder h ON h.point = coalesce(k.key, lower(trim(n.contact_point)))
  WHERE n.kind = 'suppression' OR NOT EXISTS (SELECT 1 FROM {{crosswalk}} x
    WHERE x.source = coalesce(n.owner_source, n.source) AND x.record_id =
      CASE WHEN n.owner_source IS NULL THEN coalesce(n.owner_record, n.record_id)
           ELSE n.owner_record END)
  UNION
  -- By the contact points of an owner who is in no profile.
  SELECT n.*, h.profile_id FROM no n
  ANTI JOIN {{crosswalk}} x ON x.source = n.owner_source AND x.record_id = n.owner_record
  JOIN carrier c ON c.source = n.owner_source AND c.record_id = n.owner_record
    AND (n.channel IS NULL OR lower(n.channel) IN {_ALL}
      OR c.kind = CASE WHEN n.channel IN ('phone', 'sms') THEN 'phone' ELSE n.channel END)
  JOIN holder h ON h.point = c.point
  WHERE n.contact_point IS NULL),
may AS (SELECT * FROM {{target}} WHERE status <> 'opt-out')
SELECT n.kind, n.source, n.record_id, n.delivery, n.file, n.line, n.event_at, m.profile_id,
  m.brand, m.channel, m.purpose, any_value(y.source ORDER BY y.event_at DESC, y.source, y.record_id)
    AS by_source,
  any_value(y.record_id ORDER BY y.event_at DESC, y.source, y.record_id) AS by_record,
  max(y.event_at) AS by_event_at
FROM no_of n
JOIN may m ON m.profile_id = n.profile_id
  AND (n.channel IS NULL OR lower(trim(n.channel)) IN {_ALL} OR trim(n.channel) IN ('', m.channel))
  AND (n.brand IS NULL OR lower(trim(n.brand)) IN {_ALL} OR trim(n.brand) IN ('', m.brand))
  AND (n.purpose IS NULL OR n.purpose = m.purpose)
LEFT JOIN yes_of y ON n.kind = 'opt-out' AND y.profile_id = m.profile_id AND y.brand = m.brand
  AND y.channel = m.channel AND y.purpose = m.purpose AND y.evidence IS NOT NULL
  AND y.event_at > n.event_at
  AND (y.state = 'given' OR NOT EXISTS (SELECT 1 FROM yes g WHERE g.state = 'given'
    AND g.source = y.source AND g.record_id = y.record_id AND g.channel = y.channel
    AND g.brand = y.brand))
GROUP BY n.kind, n.source, n.record_id, n.delivery, n.file, n.line, n.event_at, m.profile_id,
  m.brand, m.channel, m.purpose
ORDER BY ALL
"""

# One row is a permission in the target for which no source tells of one.
_INVENTED = f"""
CREATE OR REPLACE TEMP TABLE tmp_invented AS
WITH {_SHARED}
SELECT t.profile_id, t.brand, t.channel, t.purpose
FROM {{target}} t
WHERE t.status <> 'opt-out' AND NOT EXISTS (SELECT 1 FROM yes_of y
  WHERE y.profile_id = t.profile_id AND y.brand = t.brand AND y.channel = t.channel
    AND y.purpose = t.purpose AND y.event_at IS NOT NULL AND y.evidence IS NOT NULL)
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class Conservation:
    """Counts of offenders; all must be 0. ``paired``: a no that a later permission justifies."""

    carried: int
    justified: int
    invented: int
    paired: int = 0

    @property
    def kept(self) -> bool:
        """Whether nothing is lost and nothing made up."""
        return self.carried == self.justified == self.invented == 0


def check(
    cursor: Cursor,
    target: str,
    states: str,
    sources: Sources,
    purpose: str = "marketing",
    country: str = "NL",
) -> Conservation:
    """All three checks. Offenders stand in ``tmp_carried``, ``tmp_justified`` (unpaired where
    ``by_source`` is NULL) and ``tmp_invented`` until the next call on this cursor.

    ``target``: what was read back; ``states``: what was derived; both with the columns of
    ``STATE_COLUMNS`` (evidence_at in UTC). A target that lacks columns or was never written holds
    nothing.
    """
    held = read(cursor, target, STATE_COLUMNS)
    consent = read(cursor, sources.consent, CONSENT_COLUMNS)
    suppression = read(cursor, sources.suppression, SUPPRESSION_COLUMNS)
    points.gather(cursor, sources, (consent, suppression), country)
    names = {
        "target": held,
        "consent": consent,
        "suppression": suppression,
        "crosswalk": sources.crosswalk,
    }
    cursor.execute(_CARRIED.format(target=held, states=read(cursor, states, STATE_COLUMNS)))
    cursor.execute(_JUSTIFIED.format(**names), {"purpose": purpose})
    cursor.execute(_INVENTED.format(**names), {"purpose": purpose})
    return Conservation(
        carried=_count(cursor, "tmp_carried"),
        justified=_count(cursor, "tmp_justified WHERE by_source IS NULL"),
        invented=_count(cursor, "tmp_invented"),
        paired=_count(cursor, "tmp_justified WHERE by_source IS NOT NULL"),
    )


def _count(cursor: Cursor, relation: str) -> int:
    return int(cursor.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])


# One row is an offender, as a finding on the source row or on the profile's founding record.
FINDINGS = """
SELECT p.founder_source AS source, NULL AS delivery, NULL AS file, NULL::BIGINT AS line,
  coalesce(p.founder_record, c.profile_id) AS record_id, 'consent' AS entity,
  concat_ws('/', c.channel, c.brand, c.purpose) AS field, 'consent.carried' AS rule,
  'block' AS severity, c.derived AS value, c.held AS cleaned, $carried AS message
FROM tmp_carried c LEFT JOIN {golden} p USING (profile_id)
UNION ALL
SELECT j.source, j.delivery, j.file, j.line, j.record_id, 'consent',
  concat_ws('/', j.channel, j.brand, j.purpose), 'consent.justified', 'block', j.kind, 'opt-in',
  $justified
FROM tmp_justified j WHERE j.by_source IS NULL
UNION ALL
SELECT p.founder_source, NULL, NULL, NULL, coalesce(p.founder_record, i.profile_id), 'consent',
  concat_ws('/', i.channel, i.brand, i.purpose), 'consent.invented', 'block', NULL, 'opt-in',
  $invented
FROM tmp_invented i LEFT JOIN {golden} p USING (profile_id)
ORDER BY ALL
"""


def messages() -> dict[str, str]:
    """What a finding of each check says to a reader (the parameters of ``FINDINGS``)."""
    return {
        "carried": _("The target does not hold the consent that was derived."),
        "justified": _("May be contacted although a source says no, without a later permission."),
        "invented": _("May be contacted without a permission in any source."),
    }
