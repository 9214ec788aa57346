"""No row vanishes, and every table can be taken away in every format."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

from tests.e2e.conftest import Run
from tests.e2e.counting import rows_of_deliveries
from tests.e2e.program import EXPORTS, copied, records, tui_many

COLUMNS = {
    "crosswalk": "source record_id profile_id",
    "profiles": "profile_id family_name email",
    "consents": "profile_id brand channel purpose status evidence_at source campaign rule",
    "segments": "segment brand old new only_old only_new explained unexplained",
    "findings": "source delivery record_id field rule severity value message",
    "pairs": "source_a record_a source_b record_b weight probability band decision decided_by",
    "decisions": "kind subject decision decided_by at comment",
    "fates": "source delivery file line record_id fate reason profile_id",
    "receipts": "profile_id target target_id action batch at",
}
"""The columns that DESIGN promises at least."""
FATES = {
    "loaded", "merged", "attached", "superseded", "repeated", "rejected", "excluded", "pruned",
    "erased", "held",
}  # fmt: skip


def test_the_fates_add_up_to_the_rows_of_every_source_and_delivery(demo: Run) -> None:
    fates = Counter((r["source"], r["delivery"]) for r in records(demo.exports / "fates.csv"))
    assert fates == rows_of_deliveries(demo.workspace / "deliveries")


def test_every_row_has_one_fate_and_none_is_left_pending(demo: Run) -> None:
    rows = list(records(demo.exports / "fates.csv"))
    places = Counter((r["source"], r["delivery"], r["file"], r["line"]) for r in rows)
    assert max(places.values()) == 1
    assert {r["fate"] for r in rows} <= FATES


def test_a_row_that_was_not_taken_says_why(demo: Run) -> None:
    taken_out = ("rejected", "excluded", "pruned", "held")
    rows = [r for r in records(demo.exports / "fates.csv") if r["fate"] in taken_out]
    assert {r["fate"] for r in rows} == {
        "rejected",
        "pruned",
        "held",
    }  # the sample excludes nothing
    assert [r for r in rows if not r["reason"]] == []


def test_rows_that_made_a_profile_name_it(demo: Run) -> None:
    """A row may hold records under keys of their own (the payer of a gift, an account of the shop):
    where row and record have one key, fates and crosswalk name one profile."""
    named = {
        (r["source"], r["record_id"]): r["profile_id"]
        for r in records(demo.exports / "fates.csv")
        if r["fate"] in ("loaded", "merged")
    }
    crosswalk = {
        (r["source"], r["record_id"]): r["profile_id"]
        for r in records(demo.exports / "crosswalk.csv")
    }
    profiles = {r["profile_id"] for r in records(demo.exports / "profiles.csv")}
    assert set(crosswalk.values()) == profiles
    assert set(named.values()) <= profiles
    both = named.keys() & crosswalk.keys()
    assert {source for source, _record in both} >= {"crm", "email", "subscriptions"}
    assert all(named[key] == crosswalk[key] for key in both)
    payers = {record.partition("/")[2] for _source, record in crosswalk.keys() - both}
    assert "payer" in payers


def test_every_table_comes_as_csv_parquet_and_json_lines(demo: Run, tmp_path: Path) -> None:
    workspace = copied(demo.workspace, tmp_path / "demo")
    tui_many(
        [
            ["export", what, "-o", tmp_path / f"{what}{ending}", "-w", workspace]
            for what in EXPORTS
            for ending in (".parquet", ".jsonl")
        ]
    )
    for what in EXPORTS:
        wanted = set(COLUMNS[what].split())
        flat = list(records(demo.exports / f"{what}.csv"))
        table = pq.read_table(tmp_path / f"{what}.parquet")
        lines = (tmp_path / f"{what}.jsonl").read_text("utf-8").splitlines()
        assert len(flat) == table.num_rows == len(lines) > 0, what
        assert wanted <= set(flat[0]), what
        assert wanted <= set(table.column_names), what
        assert wanted <= set(json.loads(lines[0])), what


def test_the_tables_that_the_run_exports_by_itself_are_whole(demo: Run) -> None:
    for what in EXPORTS:
        own = list(records(demo.workspace / ".tui-migrate" / "exports" / f"{what}.csv"))
        later = list(records(demo.exports / f"{what}.csv"))
        assert own, what
        if what != "decisions":  # the last sign-off comes after the step that exports
            assert own == later, what


def test_consents_have_utc_moments_and_two_states(demo: Run) -> None:
    rows = list(records(demo.exports / "consents.csv"))
    assert {r["status"] for r in rows} == {"opt-in", "opt-out"}
    assert {r["purpose"] for r in rows} == {"marketing"}
    assert all(len(r["evidence_at"]) in (0, 20) for r in rows)
    assert all(r["evidence_at"].endswith("Z") for r in rows if r["evidence_at"])
    assert all(r["evidence_at"] and r["source"] for r in rows if r["status"] == "opt-in")


def test_what_a_spreadsheet_would_run_is_defused(demo: Run) -> None:
    for what in EXPORTS:
        for row in records(demo.exports / f"{what}.csv"):
            for column, cell in row.items():
                assert not cell or cell[0] not in "=@\t\r", f"{what}.{column}: {cell!r}"
    # The sample does hold such cells: among the findings they stand, defused.
    assert any(row["value"].startswith("'=") for row in records(demo.exports / "findings.csv"))
