"""The sample's own truth, judged by a generator that shares nothing with the program.

Source rows are made of the truth's statements (not of the deliveries: reading and mapping have tests
of their own), persons are the profiles; ledger and policies must give the truth's states.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.consent.world import World
from tui_migrate.consent import conservation
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import Sources

TRUTH = Path(__file__).parents[2] / "sample_data" / "media" / "truth"

# One row is one record and the person behind it; a broken row founded no profile.
PERSONS = """
INSERT INTO crosswalk SELECT source, record_id, person_id FROM persons WHERE readable = '1';
INSERT INTO ent_profile (source, record_id, email, phone)
SELECT source, record_id, list(contact_point) FILTER (contains(contact_point, '@')),
  list(contact_point) FILTER (NOT contains(contact_point, '@'))
FROM contact_points GROUP BY ALL;
"""

# One row is a statement. The e-mail platform tells of a confirmed opt-in in two rows (the opt-in, and
# later the confirmation), all others in one.
CONSENTS = """
INSERT INTO ent_consent BY NAME
WITH told AS (
  SELECT row_number() OVER () AS line, * FROM consent_events)
SELECT origin AS source, coalesce(record_id, '') || '-' || line AS record_id, 'full' AS delivery,
  'c.csv' AS file, line, source AS owner_source, record_id AS owner_record, channel, brand, purpose,
  CASE state WHEN 'opt-in' THEN CASE WHEN confirmed = '1' AND origin <> 'email' THEN 'confirmed'
    ELSE 'given' END WHEN 'opt-out' THEN 'withdrawn' END AS state,
  event_at_utc::TIMESTAMP AS event_at, evidence_source AS evidence, campaign,
  CASE WHEN origin = 'email' AND state = 'opt-out' THEN (
    -- An opt-out of the platform speaks of the address of its row.
    SELECT any_value(p.contact_point) FROM contact_points p WHERE p.source = told.source
      AND p.record_id = told.record_id AND contains(p.contact_point, '@'))
  ELSE contact_point END AS contact_point
FROM told
UNION ALL
SELECT origin, coalesce(record_id, '') || '-' || line, 'full', 'c.csv', line, source, record_id,
  channel, brand, purpose, 'confirmed', event_at_utc::TIMESTAMP + INTERVAL 90 MINUTE, NULL, NULL,
  contact_point
FROM told WHERE confirmed = '1' AND origin = 'email';
INSERT INTO ent_suppression BY NAME
SELECT origin AS source, row_number() OVER () AS record_id, 'full' AS delivery, 's.csv' AS file,
  row_number() OVER () AS line, source AS owner_source, record_id AS owner_record, channel, brand,
  reason, event_at_utc::TIMESTAMP AS event_at, contact_point
FROM optouts WHERE kind = 'suppression';
"""


@pytest.fixture(scope="module")
def world() -> World:
    made = World()
    for name in ("persons", "contact_points", "consent_events", "optouts"):
        made.cursor.execute(
            f"CREATE TABLE {name} AS FROM read_csv('{TRUTH / name}.csv', all_varchar=true)"
        )
    made.cursor.execute(PERSONS + CONSENTS)
    return made.build()


def _compare(cursor: duckdb.DuckDBPyConnection, policy: str) -> list[tuple[object, ...]]:
    cursor.execute(f"CREATE OR REPLACE TABLE derived AS {states_sql(policy)}")
    return cursor.execute(
        f"""
        WITH truth AS (
          SELECT person_id AS profile_id, brand, channel, purpose, status,
            evidence_at::TIMESTAMP AS evidence_at, rule, source, campaign
          FROM read_csv('{TRUTH}/consents_{policy}.csv', all_varchar=true))
        SELECT * FROM (SELECT profile_id, brand, channel, purpose, status, evidence_at, rule,
            CASE WHEN status = 'opt-in' THEN source END, CASE WHEN status = 'opt-in' THEN campaign END
          FROM derived) d
        FULL JOIN (SELECT * REPLACE (CASE WHEN status = 'opt-in' THEN source END AS source,
            CASE WHEN status = 'opt-in' THEN campaign END AS campaign) FROM truth) t
          USING (profile_id, brand, channel, purpose)
        WHERE d.status IS DISTINCT FROM t.status OR d.rule IS DISTINCT FROM t.rule
          OR d.evidence_at IS DISTINCT FROM t.evidence_at
        """
    ).fetchall()


@pytest.mark.parametrize("policy", ["newest", "restrictive"])
def test_states_are_those_of_the_truth(world: World, policy: str) -> None:
    assert _compare(world.cursor, policy) == []


@pytest.mark.parametrize("policy", ["newest", "restrictive"])
def test_the_derived_states_pass_conservation(world: World, policy: str) -> None:
    world.cursor.execute(f"CREATE OR REPLACE TABLE derived AS {states_sql(policy)}")
    found = conservation.check(world.cursor, "derived", "derived", Sources())
    assert found.kept, found
    assert found.paired > 0
