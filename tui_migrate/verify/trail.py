"""The trail is complete: every record of a profile was mapped, every profile was imported.

Events stand in the trail's segments under pseudonyms (``store.record_key`` names them) and, until a
segment is journalled, in ``store.trail``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tui_migrate.staging.store import Cursor, literal

# One row is one event of a record in a live attempt of a step.
_EVENTS = """
CREATE OR REPLACE TEMP TABLE trail_events AS
SELECT DISTINCT source, record_id, event FROM trail
{segments}
"""

# One row is one event in the segments.
_SEGMENTS = """
UNION
SELECT k.source, k.record_id, t.event
FROM (SELECT DISTINCT profile, event FROM read_parquet([{files}])) t
JOIN store.record_key k ON k.pseudonym = t.profile
"""

# One row is a finding: a record without the event that it must have. {restricted}: a relation with the
# profile_id of those that were not to be imported.
FINDINGS = """
SELECT c.source, NULL AS delivery, NULL AS file, NULL::BIGINT AS line, c.record_id,
       'profile' AS entity, NULL AS field, 'trail.mapped' AS rule, 'block' AS severity,
       NULL AS value, NULL AS cleaned, $mapped AS message
FROM crosswalk c ANTI JOIN (SELECT * FROM trail_events WHERE event = 'mapped') e
  USING (source, record_id)
UNION ALL
SELECT c.source, NULL, NULL, NULL, c.record_id, 'profile', NULL, 'trail.imported', 'block', NULL,
       NULL, $imported
FROM (SELECT source, record_id FROM crosswalk ANTI JOIN {restricted} x USING (profile_id)
      WHERE role = 'founder') c
ANTI JOIN (SELECT * FROM trail_events WHERE event = 'imported') e USING (source, record_id)
ORDER BY ALL
"""


def gather(cursor: Cursor, audit: Path, attempts: Iterable[tuple[str, int]]) -> None:
    """Make the temporary table ``trail_events``. ``attempts``: the live (step, attempt) pairs."""
    files = [
        str(path)
        for step, attempt in attempts
        for path in sorted((audit / "trail" / f"{step}-{attempt}").glob("*.parquet"))
    ]
    listed = ", ".join(literal(name) for name in files)
    cursor.execute(_EVENTS.format(segments=_SEGMENTS.format(files=listed) if files else ""))
