"""Exports hold DESIGN's columns, in a total order, and cannot run in a spreadsheet."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import sha256_file
from tui_migrate.report.export import (
    EXPORTS,
    Extras,
    export,
)
from tui_migrate.staging.store import Store
from tui_migrate.steps.export import ExportStep
from tui_migrate.steps.import_ import ImportStep

from .world import ANNA, BERT, CEES, Memory, build, context, go, runbook

PROMISED = {
    "crosswalk": "source record_id profile_id",
    "redirects": "profile_id into_profile",
    "profiles": "profile_id first_name family_name email",
    "consents": "profile_id brand channel purpose status evidence_at source campaign rule",
    "segments": "segment brand old new only_old only_new explained unexplained",
    "findings": "source delivery record_id field rule severity value message",
    "pairs": "source_a record_a source_b record_b weight probability band decision decided_by",
    "decisions": "kind subject decision decided_by at comment",
    "fates": "source delivery file line record_id fate reason profile_id",
    "receipts": "profile_id target target_id action batch at",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "staging.duckdb")
    build(made)
    yield made
    made.close()


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.open(newline="", encoding="utf-8")))


@pytest.mark.parametrize("what", EXPORTS)
def test_every_export_has_the_promised_columns_in_every_format(
    what: str, store: Store, tmp_path: Path
) -> None:
    for ending in ("csv", "parquet", "jsonl"):
        path = tmp_path / "out" / f"{what}.{ending}"
        result = export(store.cursor(), what, path)
        assert result.sha256 == sha256_file(path)
        first = path.read_bytes()
        assert export(store.cursor(), what, path) == result
        assert path.read_bytes() == first
        if ending == "csv":
            with path.open(newline="", encoding="utf-8") as file:
                header = next(csv.reader(file))
                assert set(PROMISED[what].split()) <= set(header)
                assert sum(1 for _line in csv.reader(file)) == result.rows
        if ending == "parquet":
            assert pq.read_table(path).num_rows == result.rows
            assert set(PROMISED[what].split()) <= set(pq.read_table(path).column_names)
        if ending == "jsonl":
            assert len(path.read_text(encoding="utf-8").splitlines()) == result.rows


def test_profiles_show_many_values_and_no_formula(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "profiles.csv"
    export(store.cursor(), "profiles", path, Extras(left_out=["iban"]))
    anna = next(row for row in read(path) if row["profile_id"] == ANNA)
    assert anna["email"] == "anna@example.org; a@example.net"
    assert anna["phone"] == "+31612345678"
    assert (anna["family_name"], anna["town"]) == ("'=Berg", "'s-Gravenhage")
    assert anna["birth_date"] == "1980-02-29"
    assert "iban" not in anna
    lines = tmp_path / "profiles.jsonl"
    export(store.cursor(), "profiles", lines)
    rows = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [r["email"] for r in rows if r["profile_id"] == ANNA] == [
        ["anna@example.org", "a@example.net"]
    ]
    assert [r["family_name"] for r in rows if r["profile_id"] == ANNA] == ["=Berg"]


def test_fates_name_the_profile_of_records_and_child_rows(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.reject VALUES ('ingest', 1, 'u', 'crm', 'd1', 'c.csv', 5, 90, 'ragged', 'x')"
    )
    path = tmp_path / "fates.csv"
    assert export(store.cursor(), "fates", path).rows == 11
    found = {
        (r["source"], r["line"]): (r["fate"], r["reason"], r["profile_id"]) for r in read(path)
    }
    assert found == {
        ("crm", "2"): ("loaded", "", ANNA),
        ("crm", "3"): ("loaded", "", BERT),
        ("crm", "4"): ("rejected", "key_missing", ""),
        ("crm", "5"): ("rejected", "ragged", ""),
        ("shop", "2"): ("merged", "", ANNA),
        ("shop", "3"): ("loaded", "", CEES),
        ("orders", "2"): ("attached", "", ANNA),
        ("orders", "3"): ("attached", "", ANNA),
        ("orders", "4"): ("attached", "", CEES),
        ("orders", "5"): ("excluded", "test_order", ""),
        ("orders", "6"): ("rejected", "owner_unknown", ""),
    }


def test_times_of_consents_are_iso_utc(store: Store, tmp_path: Path) -> None:
    store.connection.execute(
        "INSERT INTO store.consent_state BY NAME SELECT 'merge' AS step, 1 AS attempt, 'u' AS unit,"
        " $p AS profile_id, 'Nova' AS brand, 'email' AS channel, 'marketing' AS purpose,"
        " 'opt-in' AS status, TIMESTAMP '2026-03-01 10:00:00' AS evidence_at",
        {"p": ANNA},
    )
    path = tmp_path / "consents.csv"
    export(store.cursor(), "consents", path)
    assert [r["evidence_at"] for r in read(path)] == ["2026-03-01T10:00:00Z"]


def test_receipts_and_pairs_get_what_the_journal_knows(store: Store, tmp_path: Path) -> None:
    book = runbook(
        [{"id": "core", "uses": "import", "title": "I", "with": {"entities": ["profile"]}}]
    )
    at = context(store, book, "core", tmp_path, Memory())
    go(ImportStep(at.spec, book), at)
    when = "2026-03-01T10:00:00Z"
    path = tmp_path / "receipts.csv"
    extras = Extras(unit_times=[("core", 1, "core-profile-0001", when)])
    export(store.cursor(), "receipts", path, extras)
    assert [(r["profile_id"], r["action"], r["batch"], r["at"]) for r in read(path)] == [
        (p, "create", "core-profile-0001", when) for p in sorted([ANNA, BERT, CEES])
    ]
    store.define(
        "pair",
        "source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR, weight DOUBLE,"
        " probability DOUBLE, band VARCHAR, decision VARCHAR, decided_by VARCHAR",
    )
    store.connection.execute(
        "INSERT INTO store.pair VALUES ('merge', 1, 'u', 'crm', '1', 'crm', '2', 1.5, 0.5, 'review',"
        " NULL, NULL), ('merge', 1, 'u', 'crm', '1', 'shop', 'k1', 9.5, 0.999, 'auto', 'merge', 'auto')"
    )
    path = tmp_path / "pairs.csv"
    words = [("crm", "2", "crm", "1", "different", "anna")]
    export(store.cursor(), "pairs", path, Extras(pair_decisions=words))
    assert [(r["record_b"], r["decision"], r["decided_by"]) for r in read(path)] == [
        ("2", "different", "anna"),
        ("k1", "merge", "auto"),
    ]


def test_decisions_come_from_the_journal_and_are_defused(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "decisions.csv"
    given = [
        ("waiver", "quality", "waive", "bert", "2026-03-02T10:00:00Z", "=HYPERLINK(1)"),
        ("signoff", "gate", "approve", "anna", "2026-03-01T10:00:00Z", "fine"),
    ]
    export(store.cursor(), "decisions", path, Extras(decisions=given))
    assert [(r["kind"], r["comment"]) for r in read(path)] == [
        ("signoff", "fine"),
        ("waiver", "'=HYPERLINK(1)"),
    ]


def test_wrong_names_and_endings_are_refused(store: Store, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="payments"):
        export(store.cursor(), "payments", tmp_path / "x.csv")
    with pytest.raises(EnvironmentProblem, match="xlsx"):
        export(store.cursor(), "fates", tmp_path / "x.xlsx")


def test_the_export_step_writes_journals_and_stays_quiet_when_rebuilding(
    store: Store, tmp_path: Path
) -> None:
    step: dict[str, object] = {
        "id": "out",
        "uses": "export",
        "title": "Out",
        "with": {"what": ["fates", "crosswalk"], "to": "exports", "format": "parquet"},
    }
    book, host = runbook([step]), Memory()
    at = context(store, book, "out", tmp_path, host)
    go(ExportStep(at.spec, book), at)
    folder = tmp_path / ".tui-migrate" / "exports"
    assert sorted(p.name for p in folder.iterdir()) == ["crosswalk.parquet", "fates.parquet"]
    assert [(what, rows) for what, rows, _sha, _day in host.exports] == [
        ("fates", 10),
        ("crosswalk", 4),
    ]
    assert host.exports[1][2] == sha256_file(folder / "crosswalk.parquet")
    (folder / "fates.parquet").unlink()
    again = context(store, book, "out", tmp_path, host, rebuilding=True)
    go(ExportStep(at.spec, book), again)
    assert len(host.exports) == 2
    assert not (folder / "fates.parquet").exists()


def test_an_export_stays_inside_the_workspace(store: Store, tmp_path: Path) -> None:
    step: dict[str, object] = {
        "id": "out",
        "uses": "export",
        "title": "Out",
        "with": {"what": ["fates"], "to": "../../elsewhere"},
    }
    book = runbook([step])
    at = context(store, book, "out", tmp_path, Memory())
    with pytest.raises(EnvironmentProblem, match="elsewhere"):
        go(ExportStep(at.spec, book), at)
