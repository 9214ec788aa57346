"""Three statements about the target that may never be false: nothing lost, nothing made up.

(a) *carried*: every state that was derived stands in the target as it was derived, and no other.
(b) *justified*: whoever may be contacted in the target although a source says no has, after that no,
given a permission that has a date and a source. (c) *invented*: no permission in the target without
one in a source.

(b) and (c) look at the mapped source rows, not at the ledger, and find people in their own way: a
fault of the ledger, of the policies or of the target cannot hide itself here. (b) also compares
contact points as they were delivered (see ``delivered``), so that a fault of the cleaning cannot hide
either. All three are functions over relations, and return the offenders; nobody may be among them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from tui_migrate.consent import delivered, points, said, spellings
from tui_migrate.consent.placing import OUT
from tui_migrate.consent.relations import (
    CONSENT_COLUMNS,
    CONTACT_POINT_COLUMNS,
    LINK_COLUMNS,
    SUPPRESSION_COLUMNS,
    Sources,
    read,
)
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

# One row is a permission that the target holds.
_MAY = """
CREATE OR REPLACE TEMP TABLE tmp_may AS SELECT * FROM tmp_held WHERE status <> 'opt-out'
"""

# One row is a profile and an address or number that one of its records carries.
_HOLDERS = """
CREATE OR REPLACE TEMP TABLE tmp_holder AS
SELECT DISTINCT x.profile_id, c.point FROM tmp_record_point c
JOIN {crosswalk} x ON x.source = c.source AND x.record_id = c.record_id
WHERE c.kind <> 'post'
"""

# One row is a permission as a source tells it, with the profile of its owner (NULL: in none).
_YES = """
CREATE OR REPLACE TEMP TABLE tmp_yes AS
WITH told AS (
  SELECT source, record_id, coalesce(owner_source, source) AS owner_source,
    CASE WHEN owner_source IS NULL THEN coalesce(owner_record, record_id)
         ELSE owner_record END AS owner_record,
    {channel} AS channel, trim(brand) AS brand,
    coalesce(nullif(trim(purpose), ''), $purpose) AS purpose, {dated} AS event_at,
    nullif(trim(evidence), '') AS evidence, contact_point, state
  FROM {consent} WHERE state IN ('given', 'confirmed'))
SELECT y.*, x.profile_id FROM told y
LEFT JOIN {crosswalk} x ON x.source = y.owner_source AND x.record_id = y.owner_record
"""

# One row is a proven permission and its profile: its owner's, else the only one that carries its
# contact point (or those of its owner). A confirmation is a permission only where its record tells
# of none that it confirms.
_YES_OF = """
CREATE OR REPLACE TEMP TABLE tmp_yes_of AS
WITH proven AS (SELECT * FROM tmp_yes WHERE event_at IS NOT NULL AND evidence IS NOT NULL),
homeless AS (
  SELECT y.source, y.record_id, coalesce(k.key, lower(trim(y.contact_point)), c.point) AS point
  FROM proven y LEFT JOIN tmp_point_key k ON k.value = y.contact_point
  LEFT JOIN tmp_record_point c ON y.contact_point IS NULL AND c.source = y.owner_source
    AND c.record_id = y.owner_record AND c.kind <> 'post'
  WHERE y.profile_id IS NULL),
by_point AS (
  SELECT y.source, y.record_id, y.point, min(h.profile_id) AS profile_id
  FROM (SELECT DISTINCT * FROM homeless) y JOIN tmp_holder h ON h.point = y.point
  GROUP BY ALL HAVING count(DISTINCT h.profile_id) = 1)
SELECT * FROM proven WHERE profile_id IS NOT NULL
UNION ALL
SELECT y.* REPLACE (p.profile_id AS profile_id) FROM proven y
JOIN by_point p ON p.source = y.source AND p.record_id = y.record_id
WHERE y.profile_id IS NULL
"""

_ALL = "('*', 'all', 'alle', 'alles', 'allemaal', 'tous')"

# One row is a no as a source tells it (opt-out or suppression). owned: its owner is in a profile.
_NO = """
CREATE OR REPLACE TEMP TABLE tmp_no AS
WITH told AS (
  SELECT 'opt-out' AS kind, source, record_id, delivery, file, line, owner_source, owner_record,
    nullif({any_channel}, '*') AS channel, brand,
    coalesce(nullif(trim(purpose), ''), $purpose) AS purpose, {dated} AS event_at,
    contact_point FROM {consent}
  WHERE state IN ('refused', 'withdrawn')
  UNION ALL
  SELECT 'suppression', source, record_id, delivery, file, line, owner_source, owner_record,
    CASE WHEN reason = 'deceased' THEN NULL
         WHEN channel IS NULL AND reason = 'hard_bounce' AND contains(contact_point, '@')
         THEN 'email' ELSE nullif({any_channel}, '*') END, brand, NULL, event_at, contact_point
  FROM {suppression}),
owned AS (
  SELECT row_number() OVER () AS no_id, * EXCLUDE (owner_source, owner_record),
    coalesce(owner_source, source) AS owner_source,
    CASE WHEN owner_source IS NULL THEN coalesce(owner_record, record_id)
         ELSE owner_record END AS owner_record
  FROM told)
SELECT n.*, x.profile_id, x.profile_id IS NOT NULL AS owned FROM owned n
LEFT JOIN {crosswalk} x ON x.source = n.owner_source AND x.record_id = n.owner_record
"""

# One row is a no and a profile whose person it speaks of. delivered: only the contact point as it
# was delivered leads there.
_NO_OF = f"""
CREATE OR REPLACE TEMP TABLE tmp_no_of AS
WITH found AS (
  SELECT no_id, profile_id FROM tmp_no WHERE owned
  UNION ALL
  -- By the row's own contact point.
  SELECT n.no_id, h.profile_id FROM tmp_no n LEFT JOIN tmp_point_key k ON k.value = n.contact_point
  JOIN tmp_holder h ON h.point = coalesce(k.key, lower(trim(n.contact_point)))
  UNION ALL
  -- By an odd spelling of it.
  SELECT n.no_id, h.profile_id FROM tmp_no n JOIN tmp_value_loose v ON v.value = n.contact_point
  JOIN tmp_loose_point p USING (loose) JOIN tmp_holder h ON h.point = p.point
  UNION ALL
  -- By the contact points of an owner who is in no profile.
  SELECT n.no_id, h.profile_id FROM tmp_no n
  JOIN tmp_record_point c ON c.source = n.owner_source AND c.record_id = n.owner_record
    AND (n.channel IS NULL OR lower(n.channel) IN {_ALL}
      OR c.kind = CASE WHEN n.channel IN ('phone', 'sms') THEN 'phone' ELSE n.channel END)
  JOIN tmp_holder h ON h.point = c.point
  WHERE NOT n.owned AND n.contact_point IS NULL
  UNION ALL
  -- By a link of such an owner, of whom no contact point is known.
  SELECT n.no_id, x.profile_id FROM tmp_no n
  JOIN (SELECT source, record_id, other_source, other_record FROM {{link}}
        UNION ALL SELECT other_source, other_record, source, record_id FROM {{link}}) k
    ON k.source = n.owner_source AND k.record_id = n.owner_record
  JOIN {{crosswalk}} x ON x.source = k.other_source AND x.record_id = k.other_record
  WHERE NOT n.owned AND n.contact_point IS NULL AND NOT EXISTS (
    SELECT 1 FROM tmp_record_point c WHERE c.source = n.owner_source
      AND c.record_id = n.owner_record
      AND (n.channel IS NULL OR lower(n.channel) IN {_ALL}
        OR c.kind = CASE WHEN n.channel IN ('phone', 'sms') THEN 'phone' ELSE n.channel END)))
SELECT no_id, profile_id, bool_and(delivered) AS delivered FROM (
  SELECT no_id, profile_id, false AS delivered FROM found
  UNION ALL SELECT no_id, profile_id, true FROM tmp_delivered)
GROUP BY no_id, profile_id
"""

# One row is a no of a source of which the person may be contacted in the target on that channel and
# brand, with the later permission that justifies it, or NULL.
_JUSTIFIED = f"""
CREATE OR REPLACE TEMP TABLE tmp_justified AS
WITH disputed AS (
  SELECT DISTINCT n.* EXCLUDE (no_id, profile_id, owned, owner_source, owner_record, contact_point),
    o.delivered, m.profile_id, m.brand AS may_brand, m.channel AS may_channel,
    m.purpose AS may_purpose
  FROM tmp_no_of o JOIN tmp_no n USING (no_id)
  JOIN tmp_may m ON m.profile_id = o.profile_id
    AND (n.channel IS NULL OR lower(trim(n.channel)) IN {_ALL}
      OR trim(n.channel) IN ('', m.channel))
    AND (n.brand IS NULL OR lower(trim(n.brand)) IN {_ALL} OR trim(n.brand) IN ('', m.brand))
    AND (n.purpose IS NULL OR n.purpose = m.purpose))
SELECT n.kind, n.source, n.record_id, n.delivery, n.file, n.line, n.event_at, n.profile_id,
  n.may_brand AS brand, n.may_channel AS channel, n.may_purpose AS purpose, n.delivered,
  any_value(y.source ORDER BY y.event_at DESC, y.source, y.record_id) AS by_source,
  any_value(y.record_id ORDER BY y.event_at DESC, y.source, y.record_id) AS by_record,
  max(y.event_at) AS by_event_at
FROM disputed n
LEFT JOIN tmp_yes_of y ON n.kind = 'opt-out' AND y.profile_id = n.profile_id
  AND y.brand = n.may_brand AND y.channel = n.may_channel AND y.purpose = n.may_purpose
  AND y.event_at > {{until}}
  AND (y.state = 'given' OR NOT EXISTS (SELECT 1 FROM tmp_yes g WHERE g.state = 'given'
    AND g.source = y.source AND g.record_id = y.record_id AND g.channel = y.channel
    AND g.brand = y.brand))
GROUP BY n.kind, n.source, n.record_id, n.delivery, n.file, n.line, n.event_at, n.profile_id,
  n.may_brand, n.may_channel, n.may_purpose, n.delivered
ORDER BY ALL
"""

# One row is a permission in the target for which no source tells of one.
_INVENTED = """
CREATE OR REPLACE TEMP TABLE tmp_invented AS
SELECT t.profile_id, t.brand, t.channel, t.purpose
FROM tmp_may t
ANTI JOIN tmp_yes_of y USING (profile_id, brand, channel, purpose)
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

    @property
    def figures(self) -> dict[str, int]:
        """Name → how many."""
        return asdict(self)


def check(
    cursor: Cursor,
    target: str,
    states: str,
    sources: Sources,
    purpose: str = "marketing",
    country: str = "NL",
    reuse: bool = False,
) -> Conservation:
    """All three checks. Offenders stand in ``tmp_carried``, ``tmp_justified`` (unpaired where
    ``by_source`` is NULL) and ``tmp_invented`` until the next call on this cursor.

    ``target``: what was read back; ``states``: what was derived; both with the columns of
    ``STATE_COLUMNS`` (evidence_at in UTC). A target that lacks columns or was never written holds
    nothing. ``reuse``: see ``points.gather``.
    """
    held = read(cursor, target, STATE_COLUMNS)
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE tmp_held AS SELECT * FROM {held}")
    consent = read(cursor, sources.consent, CONSENT_COLUMNS)
    suppression = read(cursor, sources.suppression, SUPPRESSION_COLUMNS)
    dated = said.dated_sql(cursor, sources, (consent,))
    consent, suppression = said.apart(consent, f"state IN {OUT}"), said.apart(suppression)
    points.gather(cursor, sources, (consent, suppression), country, reuse)
    names = {
        "dated": dated,
        "channel": said.channel_sql("channel", "false"),
        "any_channel": said.channel_sql("channel"),
        "consent": consent,
        "suppression": suppression,
        "crosswalk": sources.crosswalk,
        "link": read(cursor, sources.link, LINK_COLUMNS),
    }
    cursor.execute(_CARRIED.format(target="tmp_held", states=read(cursor, states, STATE_COLUMNS)))
    cursor.execute(_MAY)
    cursor.execute(_HOLDERS.format(**names))
    cursor.execute(_YES.format(**names), {"purpose": purpose})
    cursor.execute(_YES_OF)
    cursor.execute(_NO.format(**names), {"purpose": purpose})
    told = "SELECT contact_point AS value FROM tmp_no"
    spellings.loosen(cursor, told, read(cursor, sources.contact_point, CONTACT_POINT_COLUMNS))
    delivered.hits(cursor, sources, country)
    cursor.execute(_NO_OF.format(**names))
    cursor.execute(_JUSTIFIED.format(until=said.until_sql("n.event_at", sources.zone)))
    cursor.execute(_INVENTED)
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
  CASE WHEN j.delivered THEN $delivered ELSE $justified END
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
        "delivered": _(
            "May be contacted although a source says no to this number or address as it was"
            " delivered: it was cleaned to another."
        ),
        "invented": _("May be contacted without a permission in any source."),
    }


TEMPORARY = (
    *(f"tmp_{name}" for name in ("held", "may", "holder", "yes", "yes_of", "no", "no_of", *NAMES)),
    *delivered.TEMPORARY,
    *spellings.TABLES,
)
"""The temporary tables that ``check`` makes."""


def clear(cursor: Cursor) -> None:
    """Drop the temporary tables."""
    for name in TEMPORARY:
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
