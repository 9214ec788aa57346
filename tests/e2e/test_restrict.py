"""Restriction and objection: nobody is sent on who asked, opt-outs are, and nobody else loses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import made_once
from tests.e2e.erasure_world import CRM_ROWS, deliver, delta_again, make
from tests.e2e.program import (
    REPOSITORY,
    Finished,
    audit_of,
    copied,
    environment,
    export_all,
    facts,
    records,
    run_on,
    said_by_each,
    tui,
)
from tui_migrate.model.profile_id import profile_id

DORA, EVA = profile_id("crm", "R400"), profile_id("shop", "K3")
CHANNELS = {"email", "phone", "post", "push", "sms"}
TABLES = ("fates", "consents", "receipts", "findings")


def _target(workspace: Path, entity: str = "profile") -> str:
    """All that stands in the target's files of an entity."""
    return "".join(
        path.read_text()
        for path in sorted((workspace / "exports" / "target" / entity).glob("*.csv"))
    )


def _fates(folder: Path) -> dict[tuple[str, str], set[tuple[str, str]]]:
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in records(folder / "fates.csv"):
        found.setdefault((row["source"], row["record_id"]), set()).add((row["fate"], row["reason"]))
    return found


@pytest.fixture(scope="module")
def merged(shared: Path) -> Path:
    """A run up to the merge: nothing has gone to the target. Copy it first."""
    run = made_once(
        shared / "unsent",
        lambda folder: run_on(make(folder), "--until", "merge"),
        lambda folder: folder,
    )
    return run.workspace


@pytest.fixture(scope="module")
def restricted(shared: Path, merged: Path) -> Path:
    """Dora's data are restricted before the import, and the run is at its end."""

    def make_it(folder: Path) -> Finished:
        workspace = copied(merged, folder)
        tui("restrict", "crm/R400", "--reason", "disputes her address", "-w", workspace)
        return run_on(workspace)

    return made_once(shared / "restricted", make_it, lambda folder: folder).workspace


def test_a_restricted_person_is_not_sent_on_and_every_row_says_so(
    restricted: Path, tmp_path: Path
) -> None:
    for entity in ("profile", "order", "attendance"):
        assert "R400" not in _target(restricted, entity)
        assert DORA not in _target(restricted, entity), entity
    assert "dora@example.org" not in _target(restricted)
    assert "Vos" in _target(restricted), "others went"
    exports = export_all(restricted, tmp_path / "e", TABLES)
    fates = _fates(exports)
    for record in (("crm", "R400"), ("shop", "O2"), ("events", "E2"), ("mail", "M4")):
        assert fates[record] == {("held", "restricted")}, record
    assert fates["crm", "R300"] == {("loaded", "")}
    # She pays for a gift: the row goes on for the one who gets it.
    assert fates["gifts", "A3"] == {("merged", "link")}
    assert "gifts|A3|1" in _target(restricted, "subscription")
    found = [r for r in records(exports / "findings.csv") if r["rule"] == "person.restricted"]
    assert [(r["source"], r["record_id"], r["severity"]) for r in found] == [
        ("crm", "R400", "note")
    ]
    assert "pending" not in {fate for pairs in fates.values() for fate, _reason in pairs}


def test_her_opt_outs_are_sent_and_her_address_is_silenced(
    restricted: Path, tmp_path: Path
) -> None:
    exports = export_all(restricted, tmp_path / "e", ("consents",))
    states = {r["status"]: r["rule"] for r in records(exports / "consents.csv")
              if r["profile_id"] == DORA}  # fmt: skip
    assert states == {"opt-out": "suppression:restricted"}
    assert DORA not in _target(restricted, "consent"), "the target does not know the profile"
    assert "dora@example.org" in _target(restricted, "suppression")


def test_who_and_why_stand_in_journal_log_history_and_report(
    restricted: Path, tmp_path: Path
) -> None:
    fact = facts(restricted, "person.restricted")
    assert len(fact) == 1
    assert "disputes" not in (audit_of(restricted) / "journal.jsonl").read_text()
    page = tmp_path / "report.md"
    log, history, _report = said_by_each(
        ["audit", "log", "-w", restricted],
        ["audit", "show", "crm/R400", "--lang", "nl", "-w", restricted],
        ["audit", "report", "--lang", "en", "-o", page, "-w", restricted],
    )
    assert "disputes her address" in log
    assert "verwerking beperkt" in history
    assert "restriction (art. 18)" in page.read_text()


@pytest.mark.soak
def test_the_audit_verifies_twice_and_staging_comes_back_the_same(
    restricted: Path, tmp_path: Path
) -> None:
    workspace = copied(restricted, tmp_path / "lost")
    before = export_all(workspace, tmp_path / "before", TABLES)
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    after = export_all(workspace, tmp_path / "after", TABLES)
    for name in TABLES:
        assert list(records(after / f"{name}.csv")) == list(records(before / f"{name}.csv"))
    tui("audit", "verify", "-w", workspace)
    folder = shutil.copytree(audit_of(workspace), tmp_path / "audit")
    line = [sys.executable, str(REPOSITORY / "docs" / "verify.py"), str(folder)]
    done = subprocess.run(line, check=False, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✗" not in tui("audit", "replay", "--recompute", "-w", workspace).out


@pytest.mark.soak
def test_a_later_delivery_brings_a_restricted_person_no_further(
    restricted: Path, tmp_path: Path
) -> None:
    workspace = copied(restricted, tmp_path / "later")
    # She has another number now, and her old one is gone: the restriction is the profile's.
    known = [row for row in CRM_ROWS if row[0] != "R400"]
    deliver(workspace, "2026-04-01-full", [*known, ["R900", *CRM_ROWS[3][1:]]])
    tui("redo", "read", "-w", workspace)
    run_on(workspace)
    assert "dora@example.org" not in _target(workspace)
    exports = export_all(workspace, tmp_path / "e", ("fates", "crosswalk"))
    fates = _fates(exports)
    assert fates["crm", "R900"] == {("held", "restricted")}
    assert ("held", "restricted") in fates["crm", "R400"]
    profiles = {r["record_id"]: r["profile_id"] for r in records(exports / "crosswalk.csv")}
    assert profiles["R900"] == DORA
    assert DORA not in _target(workspace, "consent")


@pytest.mark.soak
def test_lifting_sends_on_what_was_left_out(restricted: Path, tmp_path: Path) -> None:
    workspace = copied(restricted, tmp_path / "lifted")
    tui("restrict", "crm/R400", "--reason", "again", "-w", workspace, code=1)
    tui("restrict", "crm/R400", "--lift", "--reason", "settled", "-w", workspace)
    tui("restrict", "crm/R400", "--lift", "--reason", "settled", "-w", workspace, code=1)
    run_on(workspace)
    assert "dora@example.org" in _target(workspace)
    exports = export_all(workspace, tmp_path / "e", TABLES)
    assert "held" not in {fate for pairs in _fates(exports).values() for fate, _r in pairs}
    rules = {r["rule"] for r in records(exports / "consents.csv") if r["profile_id"] == DORA}
    assert rules == {"newest_optout"}
    assert len(facts(workspace, "person.lifted")) == 1
    tui("audit", "verify", "-w", workspace)


@pytest.mark.soak
def test_one_who_was_sent_before_is_taken_out_again(world_done: Path, tmp_path: Path) -> None:
    workspace = copied(world_done, tmp_path / "sent")
    assert "dora@example.org" in _target(workspace)
    tui("restrict", DORA, "--reason", "asked", "-w", workspace)
    delta_again(workspace)
    tui("sync", "--once", "-w", workspace)
    assert "dora@example.org" not in _target(workspace), "a round of deltas alone takes her out"
    assert "dora@example.org" in _target(workspace, "suppression")
    told = (workspace / "exports" / "back" / "shop" / "2.csv").read_text()
    assert "K2,opt-out,email,Nova" in told, "the old systems hear of an opt-out that came since"
    run_on(workspace)
    ended = facts(workspace, "run.ended")
    assert [f["outcome"] for f in ended] == ["done", "done"], "no check of the end is broken"


@pytest.mark.soak
def test_a_duckdb_target_loses_a_restricted_person_and_gets_her_back(tmp_path: Path) -> None:
    target = "{type: duckdb, path: exports/target.duckdb}"
    workspace = make(tmp_path / "duckdb", target=target)
    run_on(workspace)
    before = _of_dora(workspace)
    assert {"profile", "order", "attendance", "consent"} <= before.keys()
    tui("restrict", DORA, "--reason", "asked", "-w", workspace)
    run_on(workspace)
    assert _of_dora(workspace) == {"suppression": {"dora@example.org", "+31611111111"}}
    tui("restrict", DORA, "--lift", "--reason", "settled", "-w", workspace)
    run_on(workspace)
    assert _of_dora(workspace) == before
    assert [f["outcome"] for f in facts(workspace, "run.ended")] == ["done"] * 3


def _of_dora(workspace: Path) -> dict[str, set[str]]:
    """Entity → keys of her rows in a DuckDB target; of the suppression list her addresses."""
    found: dict[str, set[str]] = {}
    with duckdb.connect(str(workspace / "exports" / "target.duckdb"), read_only=True) as target:
        for (name,) in target.execute(
            "SELECT view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall():
            rows = target.execute(
                f"SELECT contact_point FROM \"{name}\" WHERE active AND reason = 'restricted'"
                if name == "suppression"
                else f"SELECT record_key FROM \"{name}\" WHERE profile_id = '{DORA}'"
            ).fetchall()
            if rows:
                found[str(name)] = {str(row[0]) for row in rows}
    return found


@pytest.mark.soak
def test_an_objection_is_an_opt_out_everywhere_that_older_data_never_override(
    world_done: Path, tmp_path: Path
) -> None:
    workspace = copied(world_done, tmp_path / "objected")
    before = export_all(workspace, tmp_path / "before", ("consents",))
    was = {(r["channel"], r["status"]) for r in records(before / "consents.csv")
           if r["profile_id"] == EVA}  # fmt: skip
    assert ("email", "opt-in") in was
    tui("object", "mail/M3", "--reason", "rang us", "-w", workspace)
    run_on(workspace)
    after = export_all(workspace, tmp_path / "after", ("consents",))
    hers = [r for r in records(after / "consents.csv") if r["profile_id"] == EVA]
    assert {(r["channel"], r["status"], r["source"]) for r in hers} == {
        (channel, "opt-out", "objection") for channel in CHANNELS
    }
    others = [r for r in records(after / "consents.csv") if r["profile_id"] != EVA]
    assert others == [r for r in records(before / "consents.csv") if r["profile_id"] != EVA]
    # The same opt-in of 2025 comes again in a newer delivery.
    old = workspace / "deliveries" / "mail" / "2026-03-01-full"
    shutil.copytree(old, old.with_name("2026-05-01-full"))
    tui("redo", "read", "-w", workspace)
    run_on(workspace)
    again = export_all(workspace, tmp_path / "again", ("consents",))
    assert {r["status"] for r in records(again / "consents.csv") if r["profile_id"] == EVA} == {
        "opt-out"
    }
    tui("audit", "verify", "-w", workspace)
    assert (
        "bezwaar tegen direct marketing"
        in tui("audit", "show", "mail/M3", "--lang", "nl", "-w", workspace).out
    )


def test_a_right_needs_a_reason_and_somebody(merged: Path, tmp_path: Path) -> None:
    workspace = copied(merged, tmp_path / "reason")
    tui("restrict", "crm/R400", "--reason", " ", "-w", workspace, code=2)
    tui("object", "crm/nobody", "--reason", "x", "-w", workspace, code=1)
    assert not facts(workspace, "person.restricted")
