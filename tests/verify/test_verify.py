"""Verification names every difference between what was delivered and what the target holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.guard import SqlRefused
from tui_migrate.staging.store import Store
from tui_migrate.steps.base import Outcome
from tui_migrate.steps.import_ import ImportStep
from tui_migrate.steps.verify import VerifyStep
from tui_migrate.verify.sample import plan_for

from .world import ANNA, BERT, CEES, Memory, build, context, go, runbook

IMPORT: dict[str, object] = {
    "id": "core",
    "uses": "import",
    "title": "Import",
    "with": {"entities": ["profile", "order"]},
}
MERGE: dict[str, object] = {"id": "merge", "uses": "merge", "title": "Merge"}
BACKUP: dict[str, object] = {
    "id": "backup",
    "uses": "backup",
    "title": "Back up",
    "with": {"what": ["staging"]},
}

RAW = """
CREATE TABLE raw_crm AS SELECT * FROM (VALUES
  ('d1', 'c.csv', 2, '1', 'x', ' Anna', '=Berg', 'anna@EXAMPLE.org', '''s-Gravenhage', '29-02-1980', 'Nova'),
  ('d1', 'c.csv', 3, '2', 'x', 'Bert', 'Smit', NULL, 'Breda', '31-02-1970', 'Nova'))
  v(_delivery, _file, _line, _record, _digest, Voornaam, Achternaam, Mail, Plaats, Geboren, Merk);
CREATE TABLE raw_shop AS SELECT * FROM (VALUES
  ('d1', 's.csv', 2, 'k1', 'x', 'A.', 'Berg', 'a@example.net', 'Den Haag', NULL, 'Kompas'),
  ('d1', 's.csv', 3, 'k2', 'x', 'Cees', 'Vos', 'cees@example.org', 'Gent', NULL, 'Kompas'))
  v(_delivery, _file, _line, _record, _digest, Voornaam, Achternaam, Mail, Plaats, Geboren, Merk);
CREATE TABLE raw_orders AS SELECT * FROM (VALUES
  ('d1', 'o.csv', 2, 'o1', 'x', 'o1', '12,50', 'Nova', '1'), ('d1', 'o.csv', 3, 'o2', 'x', 'o2', '7,25', 'Kompas', '1'),
  ('d1', 'o.csv', 4, 'o3', 'x', 'o3', '99,99', 'Kompas', '1'))
  v(_delivery, _file, _line, _record, _digest, Nr, Bedrag, Merk, Relatie);
"""  # noqa: E501

PERSON = {
    "entity": "profile",
    "fields": {
        "first_name": {"from": "Voornaam"},
        "family_name": {"from": "Achternaam"},
        "email": {"from": "Mail"},
        "town": {"from": "Plaats"},
        "birth_date": {"from": "Geboren", "format": "%d-%m-%Y"},
        "brand": {"from": "Merk"},
        "kind": {"value": "person"},
    },
}
ORDER = {
    "source": "orders",
    "entity": "order",
    "of": "crm",
    "by": "Relatie",
    "fields": {
        "order_number": {"from": "Nr"},
        "amount": {"from": "Bedrag", "decimal": ","},
        "brand": {"from": "Merk"},
    },
}
SEGMENTS = {
    "segments": [
        {
            "name": "buyers",
            "title": "Buyers",
            "old": "select 'crm' as source, _record as record_id, Merk as brand from raw_crm"
            " union all select 'shop', _record, 'Nova' from raw_shop",
            "new": "select profile_id, brand from target_profile where brand = 'Nova'",
        }
    ]
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "staging.duckdb")
    build(made)
    made.connection.execute(RAW)
    yield made
    made.close()


def book(tmp_path: Path, *steps: dict[str, object], segments: object = SEGMENTS) -> Runbook:
    """A runbook in the workspace with these steps, its mappings and its segments."""
    source = {"files": "x.csv", "key": "nr"}
    made = runbook(
        [MERGE, BACKUP, IMPORT, *steps],
        segments="rules/segments.yaml",
        sources={n: {**source, "mapping": f"{n}.yaml"} for n in ("crm", "shop", "orders")},
    )
    content = made.model_dump(mode="json", by_alias=True, exclude_unset=True)
    (tmp_path / "runbook.yaml").write_text(yaml.safe_dump(content))
    for name in ("crm", "shop"):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"source": name, **PERSON}))
    (tmp_path / "orders.yaml").write_text(yaml.safe_dump(ORDER))
    (tmp_path / "rules").mkdir(exist_ok=True)
    (tmp_path / "rules" / "segments.yaml").write_text(yaml.safe_dump(segments))
    return made


def step(*what: str, **more: object) -> dict[str, object]:
    return {"id": "check", "uses": "verify", "title": "Check", "with": {"what": [*what], **more}}


def bring(store: Store, made: Runbook, tmp_path: Path) -> None:
    at = context(store, made, "core", tmp_path, Memory())
    go(ImportStep(at.spec, made), at)


def verify(store: Store, made: Runbook, tmp_path: Path) -> Outcome:
    at = context(store, made, "check", tmp_path, Memory())
    return go(VerifyStep(at.spec, made), at)[1]


def findings(store: Store, rule: str) -> list[tuple[object, ...]]:
    return store.connection.execute(
        "SELECT source, record_id, field, value, cleaned FROM finding WHERE rule = $rule ORDER BY ALL",
        {"rule": rule},
    ).fetchall()


def test_fates_add_up(store: Store, tmp_path: Path) -> None:
    outcome = verify(store, book(tmp_path, step("fates")), tmp_path)
    assert [c.passed for c in outcome.checks] == [True, True]
    assert outcome.figures == {
        "fate.attached": 3,
        "fate.excluded": 1,
        "fate.loaded": 3,
        "fate.merged": 1,
        "fate.rejected": 2,
    }


def test_a_row_without_fate_and_a_row_twice_are_found(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.record VALUES ('ingest', 1, 'u', 'crm', 'd2', 'c.csv', 2, '3', 'x'),"
        " ('ingest', 1, 'u', 'shop', 'd1', 's.csv', 2, 'k1', 'x')"
    )
    outcome = verify(store, book(tmp_path, step("fates")), tmp_path)
    assert [(c.passed, c.observed) for c in outcome.checks] == [(False, "1"), (False, "1")]
    assert findings(store, "fates.pending") == [("crm", None, None, "1", None)]
    assert findings(store, "fates.sum") == [("shop", None, None, "2", "1")]


def test_counts_agree_with_the_target(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("counts"))
    bring(store, made, tmp_path)
    outcome = verify(store, made, tmp_path)
    assert [c.passed for c in outcome.checks] == [True, True]
    assert outcome.figures == {
        "profile.expected": 3,
        "profile.found": 3,
        "order.expected": 3,
        "order.found": 3,
    }


def test_a_changed_amount_and_a_lost_row_are_named(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("counts"))
    bring(store, made, tmp_path)
    for file in (tmp_path / "target" / "order").iterdir():
        text = file.read_text()
        assert "99.99" in text
        file.write_text(
            "".join(
                line.replace("12.50", "12.55") for line in text.splitlines(True) if "o3" not in line
            )
        )
    outcome = verify(store, made, tmp_path)
    assert [(c.passed, c.observed) for c in outcome.checks] == [(True, "0"), (False, "2")]
    assert findings(store, "counts.differ") == [
        ("orders", None, "Kompas/phone/2024", "1 / 99.99", "0"),
        ("orders", None, "Nova/web/2025", "1 / 12.50", "1 / 12.55"),
    ]


def test_segments_explain_merges_and_block_on_the_rest(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("segments", "members"))
    bring(store, made, tmp_path)
    outcome = verify(store, made, tmp_path)
    # Old: records 1, 2 of crm and k1, k2 of shop, all said to be Nova. New: Anna and Bert.
    # k1 is Anna's second record; k2 (Cees) is Kompas in the target, and nothing explains that.
    rows = store.connection.execute("SELECT * FROM segment").fetchall()
    assert rows == [("buyers", "Nova", 4, 2, 2, 0, 1, 1)]
    differences = store.connection.execute(
        "SELECT profile_id, source, record_id, side, reason FROM segment_difference"
        " ORDER BY record_id"
    ).fetchall()
    assert differences == [
        (ANNA, "shop", "k1", "old", "merged"),
        (CEES, "shop", "k2", "old", None),
    ]
    assert [c.passed for c in outcome.checks] == [False, False]


def test_reasons_of_the_runbook_and_fates_explain(store: Store, tmp_path: Path) -> None:
    segment = {
        **SEGMENTS["segments"][0],
        "old": "select source, record_id, 'Nova' as brand from crosswalk"
        " union all select 'crm', '9', 'Nova'",
        "why": "select profile_id, null as brand, 'moved to Kompas' as reason from profile"
        " where brand = 'Kompas'",
    }
    made = book(tmp_path, step("segments", "members"), segments={"segments": [segment]})
    bring(store, made, tmp_path)
    outcome = verify(store, made, tmp_path)
    assert all(c.passed for c in outcome.checks)
    reasons = store.connection.execute(
        "SELECT record_id, reason FROM segment_difference ORDER BY ALL"
    ).fetchall()
    assert reasons == [
        ("9", "rejected: key_missing"),
        ("k1", "merged"),
        ("k2", "moved to Kompas"),
    ]


def test_a_segment_may_not_read_files(store: Store, tmp_path: Path) -> None:
    segment = {**SEGMENTS["segments"][0], "new": "select * from read_csv('/etc/passwd')"}
    made = book(tmp_path, step("segments"), segments={"segments": [segment]})
    bring(store, made, tmp_path)
    with pytest.raises(SqlRefused):
        verify(store, made, tmp_path)


def test_the_sample_compares_the_target_with_raw_cells(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("sample"))
    bring(store, made, tmp_path)
    file = next((tmp_path / "target" / "profile").iterdir())
    file.write_text(file.read_text().replace("Breda", "Delft"))
    outcome = verify(store, made, tmp_path)
    found = {
        (row[0], row[1]): row[2:]
        for row in store.connection.execute(
            "SELECT profile_id, field, old, new, verdict, rule FROM sample WHERE entity = 'profile'"
        ).fetchall()
    }
    assert found[ANNA, "first_name"] == (" Anna", "Anna", "equal", None)
    assert found[ANNA, "town"] == ("'s-Gravenhage", "'s-Gravenhage", "equal", None)
    assert found[ANNA, "birth_date"][1:] == ("1980-02-29", "cleaned", "normalised")
    assert found[ANNA, "kind"][1:] == ("person", "cleaned", "constant")
    assert found[BERT, "town"] == ("Breda", "Delft", "differs", None)
    assert found[BERT, "birth_date"][1:3] == (None, "cleaned")  # 31 February is no date
    assert found[BERT, "birth_date"][3].startswith("date.")
    assert (BERT, "email") not in found  # nothing delivered, nothing there
    emails = store.connection.execute(
        "SELECT new, verdict FROM sample WHERE profile_id = $p AND field = 'email' ORDER BY ALL",
        {"p": ANNA},
    ).fetchall()
    assert emails == [("a@example.net", "equal"), ("anna@example.org", "cleaned")]
    orders = store.connection.execute(
        "SELECT record_id, field, old, new, verdict FROM sample WHERE entity = 'order'"
        " AND field = 'amount' ORDER BY ALL"
    ).fetchall()
    assert orders == [
        ("o1", "amount", "12,50", "12.50", "cleaned"),
        ("o2", "amount", "7,25", "7.25", "cleaned"),
        ("o3", "amount", "99,99", "99.99", "cleaned"),
    ]
    # The phone and the channel and time of orders are in the target, and no cell says so.
    assert outcome.figures["wrong"] == 3
    assert not outcome.checks[0].passed


def test_empty_fields_of_a_merge_and_lost_addresses_are_told_apart(
    store: Store, tmp_path: Path
) -> None:
    at = store.connection
    at.execute(
        "INSERT INTO store.profile_value VALUES"
        " ('merge', 1, 'u', $p, 'street', 'crm', '1', 'most_trusted', 'x'),"
        " ('merge', 1, 'u', $p, 'brand', 'crm', '1', 'most_trusted', 'Nova')",
        {"p": ANNA},
    )
    # Anna's address comes from crm, where no town stands; shop's town and mail are left behind.
    at.execute("UPDATE raw_crm SET Plaats = NULL WHERE _record = '1'")
    at.execute(
        "UPDATE store.profile SET town = NULL, email = ['anna@example.org'] WHERE profile_id = $p",
        {"p": ANNA},
    )
    made = book(tmp_path, step("sample"))
    bring(store, made, tmp_path)
    verify(store, made, tmp_path)
    rows = at.execute(
        "SELECT field, record_id, old, new, verdict, rule FROM sample WHERE profile_id = $p"
        " AND field IN ('town', 'email') ORDER BY ALL",
        {"p": ANNA},
    ).fetchall()
    assert rows == [
        ("email", "1", "anna@EXAMPLE.org", "anna@example.org", "cleaned", "normalised"),
        ("email", "k1", "a@example.net", None, "differs", None),
        ("town", "k1", "Den Haag", None, "cleaned", "survivorship"),
    ]


def test_a_record_of_several_rows_is_compared_with_all_of_them(
    store: Store, tmp_path: Path
) -> None:
    at = store.connection
    # Rows are orders, and each tells who placed it: k1 did so twice, with another address each time.
    at.execute(
        "CREATE OR REPLACE TABLE raw_shop AS SELECT * FROM (VALUES"
        " ('d1', 's.csv', 2, 'order-1', 'x', 'k1', 'Ann', 'Berg', 'old@example.net', 'Urk', 'Kompas'),"
        " ('d1', 's.csv', 3, 'order-2', 'x', 'k2', 'Cees', 'Vos', 'cees@example.org', 'Gent', 'Kompas'),"
        " ('d1', 's.csv', 4, 'order-3', 'x', 'k1', 'A.', 'Berg', 'a@example.net', 'Den Haag', 'Kompas'))"
        " v(_delivery, _file, _line, _record, _digest, Klant, Voornaam, Achternaam, Mail, Plaats, Merk)"
    )
    at.execute("UPDATE store.ent_profile SET line = 4 WHERE source = 'shop' AND record_id = 'k1'")
    at.execute(
        "UPDATE store.profile SET first_name = 'Ann', email = ['anna@example.org', 'a@example.net',"
        " 'old@example.net'] WHERE profile_id = $p",
        {"p": ANNA},
    )
    made = book(tmp_path, step("sample"))
    (tmp_path / "shop.yaml").write_text(
        yaml.safe_dump({"source": "shop", "key": "Klant", **PERSON})
    )
    bring(store, made, tmp_path)
    verify(store, made, tmp_path)
    rows = at.execute(
        "SELECT field, record_id, new, verdict FROM sample WHERE profile_id = $p"
        " AND field IN ('first_name', 'email') ORDER BY ALL",
        {"p": ANNA},
    ).fetchall()
    assert rows == [
        ("email", "1", "anna@example.org", "cleaned"),
        ("email", "k1", "a@example.net", "equal"),
        ("email", "k1", "old@example.net", "equal"),
        # Of one value the last row tells; an older one is no reason for what the target says.
        ("first_name", "1", "Ann", "differs"),
    ]


def test_the_sample_is_seeded_and_has_every_stratum(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.profile BY NAME SELECT 'merge' AS step, 1 AS attempt, 'u' AS unit,"
        " md5(i::VARCHAR)[:20] AS profile_id, 'crm' AS founder_source, 'x' || i AS founder_record,"
        " 'Nova' AS brand FROM range(300) t(i)"
    )
    store.connection.execute(
        "INSERT INTO store.crosswalk SELECT 'merge', 1, 'u', 'crm', 'x' || i, md5(i::VARCHAR)[:20],"
        " 'founder', 'first' FROM range(300) t(i)"
    )
    made = book(tmp_path, step("sample", size=10, seed=7))
    bring(store, made, tmp_path)
    drawn = []
    for _time in range(2):
        store.connection.execute("DELETE FROM store.sample")
        store.connection.execute("DELETE FROM store.attempt WHERE step = 'check'")
        verify(store, made, tmp_path)
        rows = store.connection.execute("SELECT DISTINCT profile_id FROM sample").fetchall()
        drawn.append({row[0] for row in rows})
    assert drawn[0] == drawn[1]
    # Anna (merged), Cees (Kompas) and one of the many others of Nova are strata of their own.
    assert {ANNA, CEES} <= drawn[0]


@pytest.mark.parametrize(
    ("population", "plan"),
    [(3, (3, 1)), (150, (20, 1)), (1000, (80, 2)), (1201, (125, 3)), (100_000, (500, 8)),
     (1_000_000, (1250, 15))],
)  # fmt: skip
def test_sample_sizes_follow_iso_2859(population: int, plan: tuple[int, int]) -> None:
    assert tuple(plan_for(population)) == plan


def test_a_size_that_is_asked_for_takes_its_rejection_number() -> None:
    assert tuple(plan_for(100_000, 50)) == (50, 1)
    assert tuple(plan_for(100_000, 320)) == (320, 6)
    assert tuple(plan_for(10, 50)) == (10, 1)


def test_the_trail_is_complete_or_says_what_it_lacks(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("trail"))
    bring(store, made, tmp_path)
    store.connection.execute(
        "INSERT INTO store.trail BY NAME SELECT 'map' AS step, 1 AS attempt, 'u' AS unit, source,"
        " record_id, 'mapped' AS event FROM crosswalk WHERE record_id <> 'k1'"
    )
    store.connection.execute(
        "DELETE FROM store.trail WHERE event = 'imported' AND record_id = 'k2'"
    )
    outcome = verify(store, made, tmp_path)
    assert [(c.passed, c.observed) for c in outcome.checks] == [(False, "1"), (False, "1")]
    assert findings(store, "trail.mapped") == [("shop", "k1", None, None, None)]
    assert findings(store, "trail.imported") == [("shop", "k2", None, None, None)]


def test_the_trail_is_read_from_its_segments(store: Store, tmp_path: Path) -> None:
    made = book(tmp_path, step("trail"))
    bring(store, made, tmp_path)
    at = store.connection
    at.execute(
        "INSERT INTO store.record_key SELECT source, record_id, sha256(source || record_id),"
        " ''::BLOB, ''::BLOB FROM crosswalk"
    )
    folder = tmp_path / ".tui-migrate" / "audit" / "trail"
    for name, event in (("map-1", "mapped"), ("core-1", "imported")):
        (folder / name).mkdir(parents=True)
        at.execute(
            f"COPY (SELECT sha256(source || record_id) AS profile, '{event}' AS event FROM crosswalk)"
            f" TO '{folder / name}/u.parquet' (FORMAT parquet)"
        )
    at.execute("DELETE FROM store.trail")
    outcome = verify(store, made, tmp_path)
    assert [c.passed for c in outcome.checks] == [True, True]
    assert outcome.figures == {"records": 4}


def test_consents_are_conserved_or_the_check_blocks(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.consent_state BY NAME SELECT 'merge' AS step, 1 AS attempt, 'u' AS unit,"
        " $p AS profile_id, 'Nova' AS brand, 'email' AS channel, 'marketing' AS purpose,"
        " 'opt-out' AS status, 'newest' AS rule",
        {"p": ANNA},
    )
    made = book(tmp_path, step("consents"))
    bring(store, made, tmp_path)
    outcome = verify(store, made, tmp_path)
    # The state was derived, and nothing was carried to the target.
    assert [(c.passed, c.observed) for c in outcome.checks] == [
        (False, "1"),
        (True, "0"),
        (True, "0"),
    ]
