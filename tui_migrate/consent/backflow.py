"""What flows back: opt-outs and new addresses for the old systems, as long as they still run.

Every old system that knows a person is told of his opt-outs and his new address, except the system
that told us. What the target itself derives (suppressions, states) does not flow back, nor does the
new address of somebody whose data are restricted.
"""

from __future__ import annotations

from tui_migrate.consent.placing import OUT

COLUMNS = (
    "system", "source", "record_id", "kind", "channel", "brand", "purpose", "changed_at",
    "street", "house_number", "house_addition", "postcode", "town", "country",
)  # fmt: skip
"""``system`` chooses the file and is no column of it."""

# One row is a record of an old system about which that system has to hear something. ``systems``
# (source, system) says which system each source belongs to; ``from_system`` is the one that knows.
BACK = f"""
WITH told AS (
  SELECT DISTINCT profile_id, 'opt-out' AS kind, channel, brand, purpose, event_at AS changed_at,
    NULL AS street, NULL AS house_number, NULL AS house_addition, NULL AS postcode, NULL AS town,
    NULL AS country
  FROM {{events}} WHERE state IN {OUT} AND profile_id IS NOT NULL
  UNION ALL
  SELECT DISTINCT c.profile_id, 'address', NULL, NULL, NULL, a.valid_from::TIMESTAMP, a.street,
    a.house_number, a.house_addition, a.postcode, a.town, a.country
  FROM {{addresses}} a
  JOIN {{crosswalk}} c ON c.source = a.owner_source AND c.record_id = a.owner_record
  WHERE c.profile_id NOT IN {{unsent}})
SELECT s.system, c.source, c.record_id, t.kind, t.channel, t.brand, t.purpose, t.changed_at,
  t.street, t.house_number, t.house_addition, t.postcode, t.town, t.country
FROM told t
JOIN {{crosswalk}} c USING (profile_id)
JOIN {{systems}} s ON s.source = c.source
WHERE s.system <> $from_system
ORDER BY ALL
"""

ADDRESS_COLUMNS = {
    "owner_source": "VARCHAR",
    "owner_record": "VARCHAR",
    "valid_from": "DATE",
    **dict.fromkeys(
        ("street", "house_number", "house_addition", "postcode", "town", "country"), "VARCHAR"
    ),
}
