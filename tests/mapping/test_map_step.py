"""The step that maps: rows, fates, trail, coverage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hosts import Quiet
from tests.mapping.world import World, world
from tui_migrate.errors import DataSaysNo
from tui_migrate.runbook import load_runbook
from tui_migrate.steps import map as map_step
from tui_migrate.steps.base import Context
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
    assert [check.passed for check in outcome.checks] == [True] * 4


def bsn(number: int) -> str:
    """An eight-digit number with the digit that passes the eleven test; '' where there is none."""
    digits = f"{number:08}"
    check = sum(int(d) * w for d, w in zip(digits, range(9, 1, -1), strict=True)) % 11
    return "" if check == 10 else f"{digits}{check}"


@pytest.mark.parametrize(("values", "refused"), [
    ([bsn(n) for n in range(10_000_007, 10_000_040)], True),
    ([f"{n}" for n in range(612_345_600, 612_345_640)], False),
    ([bsn(10_000_007)] * 40, False),
])  # fmt: skip
def test_a_column_of_citizen_service_numbers_is_not_taken_over(
    tmp_path: Path, values: list[str], refused: bool
) -> None:
    here = world(tmp_path)
    rows = [{"id": f"R{n}", "name": v, "soort": "P", "mail": "", "land": "NL", "pc": ""}
            for n, v in enumerate(values)]  # fmt: skip
    here.add("crm", rows)
    here.add("consents", [{"id": "T1", "nr": "R1", "said": "ja"}])
    checks = {check.name: check for check in here.run(MapStep, "map").checks}
    check = checks["no column of citizen service numbers (BSN) is taken over"]
    assert check.passed is not refused
    assert ("crm.name" in check.observed) is refused
    here.store.close()


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


def test_an_opt_out_that_no_condition_takes_is_a_finding_and_blocks(tmp_path: Path) -> None:
    """The status "cleaned" is in no condition; its time says that something happened."""
    made = world(tmp_path)
    (made.folder / "mapping/consents.yaml").write_text(
        "source: consents\nentity: consent\nof: crm\nby: nr\n"
        "when: {status: [unsubscribed]}\n"
        "fields:\n  channel: {value: email}\n  state: {value: withdrawn}\n"
        "  event_at: {from: gone}\n"
    )
    made.add("crm", [])
    rows = [("T1", "unsubscribed", "2025-01-01T10:00:00"), ("T2", "subscribed", " ")]
    rows += [("T3", "cleaned", "2025-02-01T10:00:00"), ("T4", "", "2025-03-01T10:00:00")]
    made.add("consents", [{"id": i, "nr": "R1", "status": s, "gone": g} for i, s, g in rows])
    check = made.run(MapStep, "map").checks[-1]
    assert (check.passed, check.observed, check.severity) == (False, "2", "block")
    found = made.all(
        "SELECT record_id, field, severity, value FROM finding"
        " WHERE rule = 'mapping.event_passed_over' ORDER BY 1"
    )
    assert found == [
        ("T3", "gone", "block", "2025-02-01T10:00:00"),
        ("T4", "gone", "block", "2025-03-01T10:00:00"),
    ]
    made.store.close()


@pytest.mark.parametrize("other", ["state: {value: given}", "state: {value: withdrawn}"])
def test_a_time_that_is_no_sign_of_an_opt_out_does_not_block(tmp_path: Path, other: str) -> None:
    """Only permissions have it, or it is the record's own: rows without a consent are normal."""
    made = world(tmp_path)
    (made.folder / "mapping/consents.yaml").write_text(
        "source: consents\nentity: consent\nof: crm\nby: nr\nwhen: {said: [x]}\n"
        f"fields: {{channel: {{value: email}}, {other}, event_at: {{from: made}}}}\n"
    )
    if "withdrawn" in other:
        runbook = made.folder / "runbook.yaml"
        both = "mapping: [mapping/consents.yaml, mapping/events.yaml]"
        runbook.write_text(runbook.read_text().replace("mapping: mapping/consents.yaml", both))
        (made.folder / "mapping/events.yaml").write_text(
            "source: consents\nentity: preference\nof: crm\nby: nr\n"
            "fields: {kind: {value: letter}, value: {from: made}}\n"
        )
    made.add("crm", [])
    made.add("consents", [{"id": "T1", "nr": "R1", "said": "", "made": "2025-01-01T10:00:00"}])
    assert made.run(MapStep, "map").checks[-1].passed
    made.store.close()


def test_a_number_without_country_is_one_of_the_runbook_s_country(tmp_path: Path) -> None:
    here = world(tmp_path)
    file, crm, consents = (
        tmp_path / name for name in ("runbook.yaml", "mapping/crm.yaml", "mapping/consents.yaml")
    )
    file.write_text(file.read_text().replace("rehearsal: true", "rehearsal: true\ncountry: BE"))
    crm.write_text(crm.read_text().replace("email: {from: mail}", "phone: {from: mail}"))
    text = consents.read_text().replace("channel: {value: email}", "channel: {value: phone}")
    consents.write_text(text + "  contact_point: {from: nr}\n")
    loaded = load_runbook(tmp_path)
    assert loaded.runbook is not None
    here.runbook = loaded.runbook
    row = {"id": "R1", "name": "Bos", "soort": "P", "mail": "0475 12 34 56", "land": "", "pc": ""}
    here.add("crm", [row, {**row, "id": "R2", "land": "NL", "mail": "0612345678"}])
    here.add("consents", [{"id": "T1", "nr": "0475123456", "said": "nee"}])
    here.run(MapStep, "map")
    assert here.all("SELECT phone FROM ent_profile ORDER BY record_id") == [
        (["+32475123456"],), (["+31612345678"],)
    ]  # fmt: skip
    assert here.all("SELECT contact_point FROM ent_consent") == [("+32475123456",)]
    here.store.close()


def test_a_time_is_in_the_zone_that_its_delivery_declares(tmp_path: Path) -> None:
    """One o'clock in London is two o'clock in Amsterdam, whatever the runbook says."""
    made = world(tmp_path)
    (made.folder / "mapping/consents.yaml").write_text(
        "source: consents\nentity: consent\nof: crm\nby: nr\n"
        "fields: {channel: {value: email}, state: {value: given}, event_at: {from: at}}\n"
    )
    for delivery, zone in (("d1", '"zone": "Europe/London"'), ("d2", '"sequence": 2')):
        folder = made.folder / "deliveries" / "c" / delivery
        folder.mkdir(parents=True)
        (folder / "f.csv").write_text("id,nr,at\n")
        (folder / "manifest.json").write_text(f'{{"files": [{{"name": "f.csv"}}], {zone}}}')
    # Tidy and untidy, in summer and winter, and with an offset of its own.
    texts = [
        "2025-07-01T13:00:00", "2025-01-01 13:00:00", "1-7-2025 13:00", "2025-07-01T13:00:00+02:00"
    ]  # fmt: skip
    made.add("crm", [])
    made.add("consents", [{"id": f"T{n}", "nr": "R1", "at": at} for n, at in enumerate(texts * 2)])
    made.store.connection.execute(
        "UPDATE data_consents SET _delivery = 'd2' WHERE _line >= $first", {"first": 2 + len(texts)}
    )
    made.store.connection.execute(
        "UPDATE store.record SET delivery = 'd2' WHERE source = 'consents' AND line >= $first",
        {"first": 2 + len(texts)},
    )
    made.run(MapStep, "map")
    found = made.all("SELECT event_at::VARCHAR FROM ent_consent ORDER BY delivery, line")
    assert [str(row[0]) for row in found] == [
        "2025-07-01 12:00:00", "2025-01-01 13:00:00", "2025-07-01 12:00:00", "2025-07-01 11:00:00",
        "2025-07-01 11:00:00", "2025-01-01 12:00:00", "2025-07-01 11:00:00", "2025-07-01 11:00:00",
    ]  # fmt: skip
    made.store.close()


def test_a_delivery_of_changes_in_another_zone_does_not_have_all_mapped_anew(
    tmp_path: Path,
) -> None:
    """A platform that writes its moments in London: each night a delivery of it comes for the sync."""
    made = world(tmp_path)
    files = made.folder / "runbook.yaml"
    text = files.read_text().replace('c/*/*.csv"', 'c/*/*.csv", deltas: true', 1)
    read = "      - {id: read, title: Read, uses: ingest}\n"
    files.write_text(text.replace("    steps:\n", f"    steps:\n{read}", 1))
    book = load_runbook(made.folder).runbook
    assert book is not None
    spec = book.step("map")
    assert spec is not None
    taken: set[tuple[str, str]] = set()

    class Host(Quiet):
        def taken_in(self, step: str) -> frozenset[tuple[str, str]]:
            return frozenset(taken) if step == "read" else frozenset()

    def inputs() -> dict[str, str]:
        context = Context(made.folder, book, spec, 1, made.store, made.store.cursor(), Host())
        return MapStep(spec, book).inputs(context)

    before = inputs()
    folder = made.folder / "deliveries" / "c" / "d1"
    folder.mkdir(parents=True)
    (folder / "f.csv").write_text("id,nr,at\n")
    (folder / "manifest.json").write_text('{"kind": "delta", "zone": "Europe/London"}')
    assert inputs() == before
    taken.add(("consents", "d1"))
    assert inputs() != before, "its newcomers are mapped, so that it matters in which zone"
    made.store.close()
