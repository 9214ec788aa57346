"""Rows = sum of fates, per source and delivery; nothing is still pending that should be settled."""

from __future__ import annotations

# One row is one delivery whose rows and fates do not add up, or in which rows are still pending.
# rows: physical rows, read or not; fates: rows that have exactly one fate.
UNBALANCED = """
WITH physical AS (
  SELECT source, delivery, count(*) AS rows FROM (
    SELECT source, delivery, file, line FROM record
    UNION SELECT source, delivery, file, line FROM reject)
  GROUP BY ALL),
fated AS (
  SELECT source, delivery, count(*) AS fates, sum(pending)::BIGINT AS pending FROM (
    SELECT source, delivery, file, line, max((fate = 'pending')::INTEGER) AS pending,
           count(*) AS times
    FROM (SELECT source, delivery, file, line, fate FROM fates
          UNION ALL
          SELECT DISTINCT source, delivery, file, line, 'rejected' FROM reject
            ANTI JOIN record USING (source, delivery, file, line))
    GROUP BY source, delivery, file, line)
  WHERE times = 1 GROUP BY ALL)
SELECT p.source, p.delivery, p.rows, coalesce(f.fates, 0) AS fates,
       CASE WHEN list_contains($waiting, p.source) THEN 0 ELSE coalesce(f.pending, 0) END AS pending
FROM physical p LEFT JOIN fated f USING (source, delivery)
"""

# One row is a finding: a delivery whose rows do not add up, or have rows without a fate.
FINDINGS = f"""
SELECT source, delivery, NULL AS file, NULL::BIGINT AS line, NULL AS record_id, NULL AS entity,
       NULL AS field, 'fates.sum' AS rule, 'block' AS severity, rows::VARCHAR AS value,
       fates::VARCHAR AS cleaned, $sum AS message
FROM ({UNBALANCED}) WHERE rows <> fates
UNION ALL
SELECT source, delivery, NULL, NULL, NULL, NULL, NULL, 'fates.pending', 'block', pending::VARCHAR,
       NULL, $pending FROM ({UNBALANCED}) WHERE pending > 0
ORDER BY ALL
"""

# One row is one fate and how many rows have it.
TOTALS = "SELECT fate, count(*) FROM fates GROUP BY fate ORDER BY fate"
