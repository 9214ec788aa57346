"""What becomes of each row that was read, before anything is mapped: the last unit of ``ingest``."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tui_migrate.i18n import _
from tui_migrate.staging.deliveries import Delivery
from tui_migrate.staging.rejects import words_sql
from tui_migrate.steps.base import Context, Unit

SETTLE = "settle"
GONE = "delivery.record_gone"
ARCHIVED = "gone_and_archived"

# One row is a physical row that does not go on: the same again (repeated), older than another
# delivery's row of that record (superseded), or at odds with one of its own delivery (held).
_SETTLE = """
WITH waiting AS MATERIALIZED (
  SELECT r.source, r.delivery, r.file, r.line, r.record_id, r.digest, d.place
  FROM record r JOIN delivery_places d USING (source, delivery)
  ANTI JOIN fate f USING (source, delivery, file, line)),
-- One row is a record that has several rows: the others go on, and are not compared.
several AS (
  SELECT source, record_id FROM waiting WHERE record_id IS NOT NULL
  GROUP BY source, record_id HAVING count(*) > 1),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY source, delivery, record_id
                               ORDER BY file, line) AS nth,
         row_number() OVER (PARTITION BY source, delivery, record_id, digest
                            ORDER BY file, line) AS nth_same,
         max(place) OVER (PARTITION BY source, record_id) AS newest
  FROM waiting SEMI JOIN several USING (source, record_id)
  UNION ALL
  SELECT *, 1, 1, place FROM waiting WHERE record_id IS NULL)
SELECT source, delivery, file, line,
       CASE WHEN record_id IS NULL THEN 'rejected'
            WHEN place < newest THEN 'superseded'
            WHEN nth_same > 1 THEN 'repeated'
            ELSE 'held' END AS fate,
       CASE WHEN record_id IS NULL THEN 'key.missing'
            WHEN place < newest THEN 'newer_delivery'
            WHEN nth_same > 1 THEN 'row.repeated'
            ELSE 'key.conflict' END AS reason
FROM placed
WHERE record_id IS NULL OR place < newest OR nth > 1
ORDER BY source, delivery, file, line
"""

# One row is a finding about a row that the statement above set apart for a person to look at.
_SETTLE_FINDINGS = """
SELECT f.source, f.delivery, f.file, f.line, r.record_id, NULL::VARCHAR AS entity,
       NULL::VARCHAR AS field, f.reason AS rule, 'warn' AS severity, r.record_id AS value,
       NULL::VARCHAR AS cleaned, {words} AS message
FROM store.fate f JOIN record r USING (source, delivery, file, line)
WHERE f.step = $step AND f.attempt = $attempt AND f.unit = 'settle'
  AND f.fate IN ('held', 'rejected')
ORDER BY ALL
"""

# One row is a finding about a line that could not be read.
_REJECT_FINDINGS = """
SELECT source, delivery, file, line, NULL::VARCHAR AS record_id, NULL::VARCHAR AS entity,
       NULL::VARCHAR AS field, reason AS rule, 'warn' AS severity, left(raw, 2000) AS value,
       NULL::VARCHAR AS cleaned, {words} AS message
FROM reject ORDER BY ALL
"""

# One row is a record of an earlier full delivery that the newest full delivery no longer has.
_MISSING = """
WITH full_places AS (SELECT * FROM delivery_places WHERE is_full),
newest AS (SELECT source, max(place) AS place FROM full_places GROUP BY source)
SELECT r.source, r.delivery, r.file, r.line, r.record_id, NULL::VARCHAR AS entity,
       NULL::VARCHAR AS field, $rule AS rule, 'warn' AS severity,
       r.record_id AS value, NULL::VARCHAR AS cleaned, $message AS message
FROM record r JOIN full_places d USING (source, delivery)
JOIN newest n ON n.source = r.source AND d.place < n.place
ANTI JOIN (SELECT r2.source, r2.record_id FROM record r2
           JOIN full_places d2 USING (source, delivery)
           JOIN newest n2 ON n2.source = r2.source AND n2.place = d2.place) now
  ON now.source = r.source AND now.record_id = r.record_id
WHERE r.record_id IS NOT NULL ORDER BY ALL
"""

# One row is a physical row of such a record, of a source for which the runbook says archive: it stays
# in staging and does not go to the target.
_ARCHIVE = """
SELECT DISTINCT g.source, g.delivery, g.file, g.line, 'excluded' AS fate, $reason AS reason
FROM finding g ANTI JOIN fate f USING (source, delivery, file, line)
WHERE g.rule = $rule AND list_contains($sources, g.source)
ORDER BY ALL
"""


def settle(
    context: Context, unit: Unit, deliveries: Sequence[Delivery], archived: Sequence[str]
) -> dict[str, int]:
    """Write the fates of the rows that do not go on, and findings; how many of each.

    ``deliveries`` stand in the order in which they were made; ``archived``: sources of which records
    that the newest full delivery lacks are left out.
    """
    places = pa.table(
        {
            "source": [d.source for d in deliveries],
            "delivery": [d.name for d in deliveries],
            "place": pa.array(range(len(deliveries)), pa.int64()),
            "is_full": [not d.manifest or d.manifest.kind == "full" for d in deliveries],
        }
    )
    context.cursor.register("delivery_places", places)
    try:
        set_apart = context.write(unit, "fate", _SETTLE)
        own = {"step": context.spec.id, "attempt": context.attempt}
        doubtful = _SETTLE_FINDINGS.format(words=words_sql("f.reason"))
        found = context.write(unit, "finding", doubtful, own)
        context.write(unit, "finding", _REJECT_FINDINGS.format(words=words_sql("reason")))
        words = _("The newest full delivery no longer has this record.")
        gone = context.write(unit, "finding", _MISSING, {"rule": GONE, "message": words})
        about = {"rule": GONE, "reason": ARCHIVED, "sources": list(archived)}
        left_out = context.write(unit, "fate", _ARCHIVE, about) if archived else 0
    finally:
        context.cursor.unregister("delivery_places")
    return {"set_apart": set_apart, "doubtful": found, "gone": gone, "archived": left_out}
