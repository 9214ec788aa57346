"""Rules find what they should, set fates, and leave consents alone; scores add up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mapping.world import World, world
from tui_migrate.quality import failing, totals
from tui_migrate.steps.map import MapStep
from tui_migrate.steps.validate import ValidateStep


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path)
    made.add(
        "crm",
        [
            {
                "id": "R1",
                "soort": "P",
                "name": "Bos",
                "mail": "a@x.nl",
                "land": "NL",
                "pc": "1234AB",
            },
            {"id": "R2", "soort": "P", "name": "", "mail": "nonsense", "land": "BE", "pc": "9000"},
            {
                "id": "R3",
                "soort": "P",
                "name": "Test",
                "mail": "a@x.nl",
                "land": "NL",
                "pc": "9000",
            },
            {"id": "R4", "soort": "P", "name": "Zw=rt", "mail": "", "land": "", "pc": "x"},
        ],
    )
    made.add("consents", [{"id": "T1", "nr": "R1", "said": "nee"}])
    made.run(MapStep, "map")
    yield made
    made.store.close()


def test_each_kind_of_rule_finds_the_records_that_break_it(here: World) -> None:
    here.run(ValidateStep, "quality")
    assert here.all(
        "SELECT rule, record_id, field, value FROM store.finding WHERE step = 'quality' ORDER BY ALL"
    ) == [
        ("known", "R2", "country", "BE"),
        ("mail", "R2", "email", "nonsense"),
        ("name", "R2", "family_name", None),
        ("once", "R1", "email", "a@x.nl"),
        ("once", "R3", "email", "a@x.nl"),
        ("plain", "R4", "family_name", "Zw=rt"),
        ("refusals", "T1", None, None),
        ("test", "R3", "family_name", "Test"),
    ]


def test_a_rule_sets_a_fate_but_never_for_a_consent(here: World) -> None:
    outcome = here.run(ValidateStep, "quality")
    assert here.all(
        "SELECT source, record_id, fate, reason FROM fates WHERE fate <> 'pending'"
    ) == [("crm", "R3", "excluded", "test_record")]
    assert here.all("SELECT record_id, event, rule FROM store.trail WHERE step = 'quality'") == [
        ("R3", "excluded", "test")
    ]
    assert outcome.figures["excluded"] == 1


def test_scores_count_filled_correct_consistent_and_complete(here: World) -> None:
    here.run(ValidateStep, "quality")
    columns = "field, records, filled, correct, consistent, complete"
    assert here.all(f"SELECT {columns} FROM score WHERE entity = 'profile' ORDER BY field") == [
        # BE is not among the values that the rule knows.
        ("country", 4, 3, 2, 3, 3),
        # nonsense is filled but wrong; the shared address is only a note.
        ("email", 4, 3, 2, 3, 2),
        # "Zw=rt" does not match; the hit of the rule in SQL contradicts.
        ("family_name", 4, 3, 2, 2, 3),
        # x is no postcode; 9000 is one, but not in the Netherlands.
        ("postcode", 4, 4, 3, 3, 3),
    ]


def test_a_threshold_blocks_and_names_the_fields_below_it(here: World) -> None:
    (check,) = here.run(ValidateStep, "quality").checks
    assert (check.passed, check.severity) == (False, "block")
    two_of_three = ("crm.country 66.6 %", "crm.email 66.6 %", "crm.family_name 66.6 %")
    assert check.observed == ", ".join(two_of_three)


def test_rules_on_profiles_speak_of_the_founding_record(here: World) -> None:
    cursor = here.store.connection
    cursor.execute(
        "CREATE TABLE profile AS SELECT 'p' || record_id AS profile_id, source AS founder_source,"
        " record_id AS founder_record, * EXCLUDE (source, record_id, delivery, file, line, child_no)"
        " FROM ent_profile"
    ).fetchall()
    cursor.execute(
        "INSERT INTO store.crosswalk SELECT 'map', 1, 'u', source, record_id, 'p' || record_id,"
        " 'founder', NULL FROM ent_profile"
    ).fetchall()
    here.run(ValidateStep, "profiles")
    assert here.all(
        "SELECT source, record_id, line, rule FROM store.finding WHERE step = 'profiles'"
    ) == [("crm", "R2", 3, "unnamed")]


def test_the_share_of_nothing_is_whole() -> None:
    assert totals([]) == {"correct": 1000, "consistent": 1000, "complete": 1000}
    assert totals([(10, 8, 6, 8, 7)]) == {"correct": 750, "consistent": 1000, "complete": 700}
    assert failing([("crm", "profile", "email", 10, 0, 0, 0, 0)], {"correct": 0.9}) == []
