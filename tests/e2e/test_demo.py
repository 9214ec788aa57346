"""The demo walks the whole migration without a screen and says what it did."""

from __future__ import annotations

import csv
import re
import shutil
from collections import Counter
from pathlib import Path

from tests.e2e.conftest import Run
from tests.e2e.program import facts, tui

GATES = (
    "mapping-gate", "merge-rules", "duplicates-gate", "payment-gate", "consent-gate",
    "retention-gate", "go-no-go", "reactivation-gate", "sign-off",
)  # fmt: skip


def test_the_demo_runs_to_its_end(demo_run: Run) -> None:
    assert demo_run.finished.code == 0, demo_run.finished.err
    assert [fact["outcome"] for fact in facts(demo_run.workspace, "run.ended")] == ["done"]


def test_it_prints_figures_of_every_step_that_works_on_data(demo: Run) -> None:
    text = demo.finished.out
    rows = re.search(r"^✓ ingest .*\n +.*\brows (\d+)", text, re.M)
    profiles = re.search(r"^✓ merge .*\n +.*\bprofiles (\d+)", text, re.M)
    created = re.search(r"^✓ subscriptions .*\n +.*\bprofile\.create (\d+)", text, re.M)
    assert rows
    assert profiles
    assert created
    assert int(rows[1]) > int(profiles[1]) == int(created[1]) > 0
    assert not re.search(r"^[!✗○‖↺▶] ", text, re.M), "every step is done"


def test_it_prints_who_signed_each_gate(demo: Run) -> None:
    for gate in GATES:
        assert re.search(rf"^✓ {gate} .*\n +signed by \S+ \(\w+\)", demo.finished.out, re.M), gate


def test_it_prints_where_target_exports_and_audit_lie(demo: Run) -> None:
    places = dict(re.findall(r"^(target|exports|audit) +(\S+)", demo.finished.out, re.M))
    assert (Path(places["target"]) / "manifest.json").is_file()
    assert (Path(places["exports"]) / "crosswalk.csv").is_file()
    assert (Path(places["audit"]) / "journal.jsonl").is_file()


def test_it_says_that_a_rehearsal_counts_for_nothing(demo: Run) -> None:
    assert "REHEARSAL" in demo.finished.out
    assert "REHEARSAL" in tui("status", "-w", demo.workspace).out


def test_the_report_counts_the_rows_of_every_delivered_file(demo: Run, tmp_path: Path) -> None:
    """Also of deltas that were set aside; a copied audit folder is enough for it."""
    audit = shutil.copytree(demo.workspace / ".tui-migrate" / "audit", tmp_path / "audit")
    tui("audit", "report", "--folder", audit, "-o", tmp_path / "r.md")
    text = (tmp_path / "r.md").read_text().replace("\\", "").replace("<br>", " ")
    told = dict(re.findall(r"^\| (\S+ \d{4}-\S+) \| [^|]+ \| ([^|]+) \|", text, re.M))
    fates = demo.workspace / ".tui-migrate" / "exports" / "fates.csv"
    with fates.open(newline="") as lines:
        counted = Counter(f"{row['source']} {row['delivery']}" for row in csv.DictReader(lines))
    counted["email_changes 2026-03-04-delta-3"] -= 1  # half a line is none that was read
    assert {name: int(re.sub(r"\D", "", rows)) for name, rows in told.items()} == counted
