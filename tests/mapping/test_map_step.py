"""The step that maps: rows, fates, trail, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mapping.world import World, world
from tui_migrate.errors import DataSaysNo
from tui_migrate.steps import map as map_step
from tui_migrate.steps.map import MapStep


@pytest.fixture
def here(tmp_path: Path) -> Iterator[World]:
    made = world(tmp_path)
    base = {"soort": "P", "mail": "a@x.nl", "land": "NL", "pc": "1234AB"}
    made.add(
        "crm",
        [
            {**base, "id": "R1", "name": "Bos"},
            {**base, "id": "R2", "name": "VISSER"},
            {**base, "id": "R3", "name": "Dubois", "land": "FR"},
            {**base, "id": "R4", "name": "", "soort": "X"},
        ],
    )
    made.add(
        "consents",
        [
            {"id": "T1", "nr": "R1", "said": "ja"},
            {"id": "T2", "nr": "R1", "said": "nee"},
            {"id": "T3", "nr": "R3", "said": "nee"},
        ],
    )
    yield made
    made.store.close()


def test_every_row_is_mapped_rejected_or_excluded(here: World) -> None:
    outcome = here.run(MapStep, "map")
    assert here.all("SELECT record_id, family_name FROM ent_profile ORDER BY 1") == [
        ("R1", "Bos"), ("R2", "Visser")
    ]  # fmt: skip
    assert here.all(
        "SELECT record_id, fate, reason FROM fates WHERE source = 'crm' ORDER BY 1"
    ) == [
        ("R1", "pending", None),
        ("R2", "pending", None),
        ("R3", "rejected", "country.unknown"),
        ("R4", "excluded", "mapping.not_selected"),
    ]
    assert outcome.figures["profile"] == 2
    assert [check.passed for check in outcome.checks] == [True, True]


def test_consents_count_whatever_became_of_their_owner(here: World) -> None:
    here.run(MapStep, "map")
    assert here.all("SELECT record_id, owner_record, state FROM ent_consent ORDER BY 1") == [
        ("T1", "R1", "given"), ("T2", "R1", "refused"), ("T3", "R3", "refused")
    ]  # fmt: skip


def test_the_trail_has_one_event_for_all_child_rows_of_a_record(here: World) -> None:
    here.run(MapStep, "map")
    assert here.all(
        "SELECT source, record_id, event, field, rule, before, after FROM trail ORDER BY ALL"
    ) == [
        ("crm", "R1", "mapped", "consent", "mapping/consents.yaml", None, "2"),
        ("crm", "R1", "mapped", None, "mapping/crm.yaml", None, None),
        ("crm", "R2", "cleaned", "family_name", "name.capitals", "VISSER", "Visser"),
        ("crm", "R2", "mapped", None, "mapping/crm.yaml", None, None),
        ("crm", "R3", "rejected", None, "country.unknown", None, None),
    ]


def test_small_units_give_what_one_unit_gives(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    here.run(MapStep, "map")
    tables = ("ent_profile", "ent_consent", "finding", "fate", "trail")
    select = "SELECT * FROM {} ORDER BY ALL"
    whole = [here.all(select.format(table)) for table in tables]
    monkeypatch.setattr(map_step, "ROWS_OF_A_UNIT", 2)
    here.run(MapStep, "map")
    units = here.all("SELECT DISTINCT unit FROM store.ent_consent WHERE attempt = 2 ORDER BY 1")
    assert units == [("consents.consents.1",), ("consents.consents.2",)]
    assert [here.all(select.format(table)) for table in tables] == whole


def test_a_filled_column_that_nobody_mapped_fails_the_check(here: World) -> None:
    here.store.connection.execute("ALTER TABLE data_crm ADD COLUMN hobby VARCHAR DEFAULT 'chess'")
    here.store.connection.execute("CREATE OR REPLACE VIEW raw_crm AS SELECT * FROM data_crm")
    check = here.run(MapStep, "map").checks[0]
    assert (check.passed, check.severity) == (False, "block")
    assert "crm.hobby" in check.observed


def test_a_wrong_mapping_stops_before_anything_is_written(here: World) -> None:
    (here.folder / "mapping/crm.yaml").write_text(
        "source: crm\nentity: person\nfields: {a: {from: b}}"
    )
    with pytest.raises(DataSaysNo, match=r"mapping/crm.yaml:2:9: there is no entity 'person'"):
        here.run(MapStep, "map")
