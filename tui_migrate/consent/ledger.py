"""The append-only ledger: consent events and suppressions, keyed to profiles.

The SELECTs here read what :func:`tui_migrate.consent.placing.place` prepared and give rows for the
staging tables ``consent_event``, ``suppression`` and ``fate``. They do not depend on the order of
rows, and the same fact told twice (a repeated delivery, a record in two full deliveries) counts once.
"""

from __future__ import annotations

from tui_migrate.consent import said
from tui_migrate.consent.placing import OUT
from tui_migrate.consent.relations import CONSENT_COLUMNS, SUPPRESSION_COLUMNS, Sources, read
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor

# One row is one fact about a permission: of a profile, or (profile_id NULL) of a contact point that
# no profile carries. brand or channel '*' is every one. recorded_at is the delivery that brought it.
# beside: somebody else said it, of a point that this profile carries too; it silences, no more.
EVENTS = """
SELECT profile_id, source, record_id,
  min(delivery) AS delivery, arg_min(file, (delivery, file, line)) AS file,
  arg_min(line, (delivery, file, line)) AS line,
  contact_point, channel, brand, purpose, state, event_at, min(delivery) AS recorded_at,
  evidence, campaign, basis, bool_and(how = 'beside') AS beside
FROM tmp_consent_placed
GROUP BY profile_id, source, record_id, contact_point, channel, brand, purpose, state, event_at,
  evidence, campaign, basis
ORDER BY ALL
"""

# One row silences a profile, or (profile_id NULL) a contact point that no profile carries.
SUPPRESSIONS = """
SELECT profile_id, source, record_id,
  min(delivery) AS delivery, arg_min(file, (delivery, file, line)) AS file,
  arg_min(line, (delivery, file, line)) AS line,
  contact_point, channel, brand, reason, event_at, evidence
FROM tmp_suppression_placed
GROUP BY profile_id, source, record_id, contact_point, channel, brand, reason, event_at, evidence
ORDER BY ALL
"""

# As above, without what the ledger knows already (deltas: every fact applies once).
NEW_EVENTS = f"""
SELECT n.* FROM ({EVENTS}) n
WHERE NOT EXISTS (SELECT 1 FROM consent_event e
  WHERE e.source = n.source AND e.record_id = n.record_id AND e.channel = n.channel
    AND e.brand = n.brand AND e.purpose = n.purpose
    AND e.profile_id IS NOT DISTINCT FROM n.profile_id
    AND e.contact_point IS NOT DISTINCT FROM n.contact_point
    AND e.state IS NOT DISTINCT FROM n.state AND e.event_at IS NOT DISTINCT FROM n.event_at
    AND e.evidence IS NOT DISTINCT FROM n.evidence
    AND e.campaign IS NOT DISTINCT FROM n.campaign AND e.basis IS NOT DISTINCT FROM n.basis)
"""

NEW_SUPPRESSIONS = f"""
SELECT n.* FROM ({SUPPRESSIONS}) n
WHERE NOT EXISTS (SELECT 1 FROM suppression s
  WHERE s.source = n.source AND s.record_id = n.record_id AND s.channel = n.channel
    AND s.brand = n.brand AND s.reason = n.reason
    AND s.profile_id IS NOT DISTINCT FROM n.profile_id
    AND s.contact_point IS NOT DISTINCT FROM n.contact_point
    AND s.event_at IS NOT DISTINCT FROM n.event_at
    AND s.evidence IS NOT DISTINCT FROM n.evidence)
"""

# One row is a physical row that holds nothing but consents or suppressions, with its fate. An
# opt-out or suppression is attached whatever an earlier step said of its row; an opt-in without a
# person is rejected. Rows that also describe a person keep the fate that the merge gave them.
FATES = """
WITH told AS (
  SELECT source, delivery, file, line, silences, how FROM tmp_consent_placed
  UNION ALL SELECT source, delivery, file, line, silences, how FROM tmp_suppression_placed),
row_told AS (
  SELECT source, delivery, file, line, bool_or(silences) AS silences,
    bool_or(how = 'owner') AS by_owner, bool_or(how IN ('contact_point', 'beside')) AS by_point,
    bool_or(how = 'link') AS by_link, bool_or(how = 'several') AS several
  FROM told GROUP BY source, delivery, file, line),
-- One row is what was said of such a row until now (the view "fates", for these rows only).
said AS (
  SELECT f.source, f.delivery, f.file, f.line, max_by(f.fate, l.ord) AS fate,
    max_by(f.reason, l.ord) AS reason
  FROM store.fate f JOIN live l USING (step, attempt)
  SEMI JOIN row_told USING (source, delivery, file, line) GROUP BY ALL)
SELECT t.source, t.delivery, t.file, t.line,
  CASE WHEN t.by_owner OR t.by_point OR t.silences THEN 'attached' ELSE 'rejected' END AS fate,
  CASE WHEN t.by_owner THEN 'consent.owner' WHEN t.by_point THEN 'consent.contact_point'
       WHEN t.by_link THEN 'consent.link'
       WHEN t.silences THEN 'consent.suppression_list'
       WHEN t.several THEN 'consent.contact_point_of_several' ELSE 'owner_unknown' END AS reason
FROM row_told t
LEFT JOIN said f ON f.source = t.source AND f.delivery = t.delivery AND f.file = t.file
  AND f.line = t.line
WHERE t.line IS NOT NULL
  AND coalesce(f.fate, 'pending') IN ('pending', 'rejected', 'excluded', 'pruned', 'held')
  AND (t.silences OR coalesce(f.fate, 'pending') = 'pending' OR f.reason = 'owner_unknown')
  AND NOT EXISTS (SELECT 1 FROM {people} p WHERE p.source = t.source
    AND p.delivery = t.delivery AND p.file = t.file AND p.line = t.line)
ORDER BY ALL
"""

REJECT_COLUMNS = {
    "source": "VARCHAR",
    "delivery": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
    "raw": "VARCHAR",
}

PEOPLE_COLUMNS = {
    "source": "VARCHAR",
    "delivery": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
}

# One row is an opt-out or suppression that names neither a known owner nor a contact point: nothing
# can carry it, so a person has to look.
UNPLACED = """
SELECT DISTINCT source, delivery, file, line, record_id, 'consent' AS entity,
  channel AS field, 'consent.unplaced' AS rule, 'block' AS severity, NULL AS value,
  NULL AS cleaned, $message AS message
FROM tmp_consent_placed
WHERE silences AND profile_id IS NULL AND contact_point IS NULL
UNION ALL
SELECT DISTINCT source, delivery, file, line, record_id, 'suppression', channel,
  'consent.unplaced', 'block', NULL, NULL, $message
FROM tmp_suppression_placed
WHERE profile_id IS NULL AND contact_point IS NULL
ORDER BY ALL
"""

# One row is a mapped row that says something that cannot be taken at its word: a channel that nobody
# knows (it silences every channel), or a time after its delivery (it counts as undated).
DOUBTS = """
SELECT source, delivery, file, line, record_id, 'suppression' AS entity, 'channel' AS field,
  'consent.unknown_channel' AS rule, 'warn' AS severity, channel AS value, '*' AS cleaned,
  $channel AS message
FROM {suppression} WHERE {unknown}
UNION ALL
SELECT source, delivery, file, line, record_id, 'consent', 'event_at', 'consent.future_date', 'warn',
  event_at::VARCHAR, NULL, $future
FROM {consent} WHERE {future}
ORDER BY ALL
"""


def doubts(cursor: Cursor, sources: Sources) -> tuple[str, dict[str, str]]:
    """The SELECT of such rows, as findings, and its parameters."""
    consent = read(cursor, sources.consent, CONSENT_COLUMNS)
    select = DOUBTS.format(
        suppression=read(cursor, sources.suppression, SUPPRESSION_COLUMNS),
        unknown=said.unknown_channel_sql("channel"),
        consent=consent,
        future=said.future_sql(cursor, sources, (consent,)),
    )
    return select, {
        "channel": _("No channel is called so: every channel is silenced."),
        "future": _("This time lies after the delivery that tells of it: it counts as undated."),
    }


# Statements that nobody understands about keys that may be contacted, and that may be newer than the
# permission. They are no evidence; a person may want to look.
UNCLEAR = """
SELECT count(*) FROM (
  SELECT DISTINCT e.source, e.record_id, e.channel, e.brand, e.event_at FROM consent_event e
  JOIN consent_state s ON s.profile_id = e.profile_id AND s.purpose = e.purpose
    AND e.brand IN (s.brand, '*') AND e.channel IN (s.channel, '*')
  WHERE e.state IS NULL AND s.status = 'opt-in'
    AND (e.event_at IS NULL OR e.event_at >= s.evidence_at))
"""

# One row is a line that could not be read, of a source that tells of consents or suppressions;
# {harmless}: lines that are proven to say no to nothing, and why.
UNREADABLE = """
SELECT r.source, r.delivery, r.file, r.line, NULL AS record_id, 'consent' AS entity, NULL AS field,
  CASE WHEN h.why IS NULL THEN 'consent.unreadable' ELSE 'consent.harmless' END AS rule,
  CASE WHEN h.why IS NULL THEN 'block' ELSE 'note' END AS severity, left(r.raw, 2000) AS value,
  NULL AS cleaned,
  CASE h.why WHEN 'again' THEN $again WHEN 'read' THEN $read ELSE $message END AS message
FROM {reject} r
LEFT JOIN {harmless} h USING (source, delivery, file, line)
SEMI JOIN (SELECT source FROM {consent} UNION SELECT source FROM {suppression}
  UNION SELECT source FROM {column_use} WHERE entity IN ('consent', 'suppression')) s USING (source)
ORDER BY ALL
"""

# Figures over the whole ledger. conflicts: keys on which two systems say different things last.
FIGURES = f"""
WITH last_word AS (
  SELECT profile_id, brand, channel, purpose, source,
    max(event_at) FILTER (state IN ('given', 'confirmed')) AS last_in,
    max(event_at) FILTER (state IN {OUT}) AS last_out,
    bool_or(state IN ('given', 'confirmed')) AS has_in, bool_or(state IN {OUT}) AS has_out
  FROM consent_event WHERE profile_id IS NOT NULL AND brand <> '*'
  GROUP BY ALL),
says AS (
  SELECT profile_id, brand, channel, purpose,
    bool_or(has_in AND (NOT has_out OR last_in > last_out)) AS some_in,
    bool_or(has_out AND (NOT has_in OR last_in IS NULL OR last_in <= last_out)) AS some_out
  FROM last_word GROUP BY ALL)
SELECT
  (SELECT count(*) FROM consent_event) AS events,
  (SELECT count(*) FROM consent_event WHERE state IN ('given', 'confirmed')) AS opt_ins,
  (SELECT count(*) FROM consent_event WHERE state IN {OUT}) AS opt_outs,
  (SELECT count(*) FROM consent_event WHERE state IS NULL) AS unclear,
  (SELECT count(*) FROM suppression) AS suppressions,
  (SELECT count(*) FROM consent_event WHERE state IN {OUT} AND profile_id IS NULL)
    + (SELECT count(*) FROM suppression WHERE profile_id IS NULL) AS ownerless_opt_outs,
  (SELECT count(*) FROM consent_event
    WHERE state = 'given' AND (event_at IS NULL OR evidence IS NULL)) AS opt_ins_without_proof,
  (SELECT count(*) FROM says WHERE some_in AND some_out) AS conflicts
"""
