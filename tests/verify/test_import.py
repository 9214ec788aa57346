"""The import step brings profiles and their rows to the target, once, with receipts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.staging.store import Store
from tui_migrate.steps.base import ReceiptRow
from tui_migrate.steps.import_ import ImportStep
from tui_migrate.targets import open_target

from .world import ANNA, BERT, CEES, Memory, build, context, go, runbook

IMPORT: dict[str, object] = {
    "id": "core",
    "uses": "import",
    "title": "Import",
    "with": {"entities": ["profile", "order", "donation"], "group": "Members", "batch_rows": 2},
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "staging.duckdb")
    build(made)
    yield made
    made.close()


def receipts(store: Store) -> list[tuple[object, ...]]:
    return store.connection.execute(
        "SELECT entity, profile_id, record_key, target, target_id, action, batch FROM receipt"
        " ORDER BY ALL"
    ).fetchall()


def test_batches_hold_whole_profiles_in_order(store: Store, tmp_path: Path) -> None:
    book, host = runbook([IMPORT]), Memory()
    at = context(store, book, "core", tmp_path, host)
    units, outcome = go(ImportStep(at.spec, book), at)
    # Three profiles in batches of two; two orders of Anna and one of Cees. Nobody delivers donations.
    assert [(u.id, u.rows) for u in units] == [
        ("core-profile-0001", 2),
        ("core-profile-0002", 1),
        ("core-order-0001", 2 if ANNA < CEES else 3),
        *([("core-order-0002", 1)] if ANNA < CEES else []),
    ]
    assert outcome.figures == {"order.create": 3, "profile.create": 3}
    assert [(c.passed, c.observed) for c in outcome.checks] == [(True, "0")]
    assert [name for name, _rows, _digest in host.intents] == [u.id for u in units]
    assert host.receipts[0] == (
        "core-profile-0001",
        {"create": 2, "update": 0, "skip": 0, "reject": 0},
    )


def test_the_target_holds_what_staging_says(store: Store, tmp_path: Path) -> None:
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory())
    go(ImportStep(at.spec, book), at)
    with open_target(book.target, tmp_path) as target:
        found = {r["profile_id"]: r for r in target.read_back(at.cursor, "profile").to_pylist()}
        orders = target.read_back(at.cursor, "order").to_pylist()
    assert set(found) == {ANNA, BERT, CEES}
    anna = found[ANNA]
    assert (anna["email"], anna["more_email"]) == ("anna@example.org", "a@example.net")
    assert (anna["family_name"], anna["town"]) == ("=Berg", "'s-Gravenhage")
    assert anna["import_group"] == "Members"
    assert "iban" not in anna
    assert {(o["record_key"], o["profile_id"], str(o["amount"])) for o in orders} == {
        ("orders|o1|1", ANNA, "12.50"),
        ("orders|o2|1", ANNA, "7.25"),
        ("orders|o3|1", CEES, "99.99"),
    }


def test_payment_data_goes_along_only_when_signed_and_named(store: Store, tmp_path: Path) -> None:
    book = runbook([IMPORT], payment={"allow": ["iban"], "gate": "core"})
    at = context(store, book, "core", tmp_path, Memory(), payment_allowed=True)
    go(ImportStep(at.spec, book), at)
    with open_target(book.target, tmp_path) as target:
        ibans = target.read_back(at.cursor, "profile")["iban"].to_pylist()
    assert sorted(i for i in ibans if i) == ["NL91ABNA0417164300"]
    unsigned = context(store, book, "core", tmp_path, Memory())
    step = ImportStep(at.spec, book)
    assert step.inputs(unsigned)["payment"] != step.inputs(at)["payment"]


def test_every_receipt_is_in_the_trail_and_can_be_recalled(store: Store, tmp_path: Path) -> None:
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory())
    units, outcome = go(ImportStep(at.spec, book), at)
    before = receipts(store)
    recorded = store.connection.execute(
        "SELECT t.unit, t.field, c.profile_id, t.after, t.rule FROM store.trail t"
        " JOIN crosswalk c ON (c.source, c.record_id) = (t.source, t.record_id)"
        " WHERE t.event = 'imported' AND c.role = 'founder'"
    ).fetchall()
    assert len(recorded) == len(before) == 5  # three profiles; orders of Anna, orders of Cees
    files = {p: p.stat().st_mtime_ns for p in (tmp_path / "target").rglob("*")}

    store.connection.execute("DELETE FROM store.receipt")
    store.connection.execute("DELETE FROM store.attempt WHERE step = 'core'")
    host = Memory(recorded={unit.id: [] for unit in units})
    for unit, entity, profile, after, rule in recorded:
        host.recorded[unit].append(ReceiptRow(entity, profile, "", after, rule))
    again = context(store, book, "core", tmp_path, host, rebuilding=True)
    _units, rebuilt = go(ImportStep(at.spec, book), again)
    assert receipts(store) == before
    assert rebuilt.figures == outcome.figures
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "target").rglob("*")} == files
    assert host.intents == []


def test_a_rebuild_without_recorded_receipts_says_so(store: Store, tmp_path: Path) -> None:
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory(), rebuilding=True)
    with pytest.raises(EnvironmentProblem, match="core-profile-0001"):
        go(ImportStep(at.spec, book), at)
    assert not (tmp_path / "target").exists()


def test_redone_after_a_merge_the_lost_profile_is_gone_from_the_target(
    store: Store, tmp_path: Path
) -> None:
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory())
    go(ImportStep(at.spec, book), at)
    store.connection.execute(
        "DELETE FROM store.profile WHERE profile_id = $p",
        {"p": CEES},
    )
    store.connection.execute(
        "UPDATE store.crosswalk SET profile_id = $bert, role = 'merged' WHERE profile_id = $cees",
        {"bert": BERT, "cees": CEES},
    )
    second = context(store, book, "core", tmp_path, Memory(), attempt=2)
    _units, outcome = go(ImportStep(at.spec, book), second)
    assert outcome.figures == {"order.create": 3, "profile.skip": 2, "profile.gone": 1}
    with open_target(book.target, tmp_path) as target:
        assert set(target.read_back(at.cursor, "profile")["profile_id"].to_pylist()) == {ANNA, BERT}


def test_refused_rows_go_to_a_file_with_reasons(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.ent_order SELECT * FROM store.ent_order WHERE record_id = 'o3'"
    )
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory())
    _units, outcome = go(ImportStep(at.spec, book), at)
    assert not outcome.checks[0].passed
    assert outcome.figures["order.reject"] == 2
    files = list((tmp_path / ".tui-migrate" / "exports" / "rejected").glob("core-order-*.csv"))
    refused = list(csv.DictReader(files[0].open(newline="")))
    assert [(r["reason"], r["record_key"]) for r in refused] == [("key_twice", "orders|o3|1")] * 2


def test_a_plan_says_what_would_happen_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    book = runbook([IMPORT])
    at = context(store, book, "core", tmp_path, Memory())
    step = ImportStep(at.spec, book)
    none = {"create": 0, "update": 0, "skip": 0, "conflict": 0}
    assert step.preview(at) == {
        "profile": {**none, "create": 3},
        "order": {**none, "create": 3},
        "donation": none,
    }
    assert not (tmp_path / "target").exists()
    go(step, at)
    store.connection.execute(
        "UPDATE store.profile SET town = 'Ede' WHERE profile_id = $p", {"p": BERT}
    )
    assert step.preview(at)["profile"] == {**none, "update": 1, "skip": 2}


def test_consents_are_not_imported_here(store: Store, tmp_path: Path) -> None:
    book = runbook([{**IMPORT, "with": {"entities": ["consent"]}}])
    at = context(store, book, "core", tmp_path, Memory())
    with pytest.raises(EnvironmentProblem, match="consent"):
        ImportStep(at.spec, book).plan(at)


def test_a_relation_names_the_profile_of_its_organisation(store: Store, tmp_path: Path) -> None:
    at = store.connection
    at.execute(
        "CREATE TABLE store.ent_relation (step VARCHAR, attempt INTEGER, unit VARCHAR,"
        " source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
        " child_no INTEGER, owner_source VARCHAR, owner_record VARCHAR, role VARCHAR,"
        " organisation_source VARCHAR, organisation_record VARCHAR)"
    )
    at.execute(
        "INSERT INTO store.ent_relation VALUES"
        " ('map', 1, 'u', 'crm', '1', 'd1', 'c.csv', 2, 1, 'crm', '1', 'contact', 'shop', 'k2'),"
        " ('map', 1, 'u', 'crm', '2', 'd1', 'c.csv', 3, 1, 'crm', '2', 'contact', 'shop', 'no')"
    )
    store.refresh_view("ent_relation")
    step = {**IMPORT, "with": {"entities": ["profile", "relation"]}}
    book, host = runbook([step]), Memory()
    made = context(store, book, "core", tmp_path, host)
    go(ImportStep(made.spec, book), made)
    with open_target(book.target, tmp_path) as target:
        rows = target.read_back(at, "relation").to_pylist()
    found = {row["profile_id"]: row["organisation_profile"] for row in rows}
    assert found == {ANNA: CEES, BERT: None}
