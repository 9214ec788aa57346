"""A person is erased from every byte of a workspace, stays erased, and nobody else loses anything."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import erasure_killed
from tests.e2e.conftest import made_once
from tests.e2e.erasure_world import CRM_ROWS, deliver, delta_again, make, traces
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
    tui_many,
)
from tui_migrate.engine import memory
from tui_migrate.model.profile_id import profile_id

ANNA = profile_id("crm", "ZQXR100")
LINE = ["forget", ANNA, "--reason", "Letter of Zqxanna Zqxberg.", "--yes", "-w"]
ZEROED = {**environment(), memory.VARIABLE: "zero:true"}
"""For a process that loads DuckDB before it knows what it is for."""
TABLES = ("crosswalk", "profiles", "consents", "findings", "pairs", "receipts")


def _search(workspace: Path) -> None:
    """Somebody searched for her and looked at her: the words of it are kept in the vault."""
    code = (
        "import sys; from pathlib import Path;"
        "from tui_migrate.engine import api, queries as q;"
        "from tui_migrate.engine.client import open_client;"
        "c = open_client(Path(sys.argv[1])); c.ask(q.Search(text='zqxanna@example.org'));"
        "c.ask(q.Person(profile_id=sys.argv[2]));"
        "c.send(api.Export(what='person', subject=sys.argv[2], path=sys.argv[1] + '/exports/all.zip'));"
        "c.send(api.Export(what='person', subject=sys.argv[2], path=sys.argv[1] + '-out.zip'));"
        "c.close()"
    )
    subprocess.run(
        [sys.executable, "-c", code, workspace, ANNA], check=True, env=environment(), cwd=REPOSITORY
    )


@pytest.fixture(scope="module")
def known(shared: Path, world_done: Path) -> Path:
    """The run is done, and she stands everywhere in it. Copy it first."""

    def make_it(workspace: Path) -> Finished:
        copied(world_done, workspace)
        _search(workspace)
        log = workspace / ".tui-migrate" / "engine.log"
        log.write_text('{"event": "kept"}\n{"event": "cannot parse zqxanna@example.org"}\n')
        export_all(workspace, workspace.with_name("known-exports"))
        return Finished(0, "", "")

    return made_once(shared / "known", make_it, lambda workspace: workspace).workspace


@pytest.fixture(scope="module")
def erased(shared: Path, known: Path) -> Path:
    """A copy of it, without her."""

    def make_it(workspace: Path) -> Finished:
        return tui(*LINE, copied(known, workspace))

    return made_once(shared / "erased", make_it, lambda workspace: workspace).workspace


def test_she_stands_everywhere_before(known: Path) -> None:
    found = "\n".join(traces(known))
    for place in (
        "people.csv: bytes", "gifts.csv: bytes", "orders.jsonl: bytes", "list.parquet: rows",
        "visits.xlsx: xl/sharedStrings.xml", "visits.xlsx: xl/comments1.xml", "clicks.csv: bytes",
        "changes.csv: bytes", "silent.csv: bytes", "staging.duckdb: bytes", "store.raw_crm",
        "store.column_use", "vault/keys/", "vault/trail/", "vault/words/", "vault/files/",
        "engine.log: bytes", "exports/target/profile/", "exports/profiles.csv", "exports/j/",
        "exports/p/profiles.parquet: rows", "evidence/tried.txt", "evidence/sheet.xlsx",
        "decisions.yaml", "store.reject", "forms.zip: forms.csv", "calls.txt: bytes",
        "wish.eml: letter", "about zqxanna@example.org.txt: its name", "crm/2026-03-01-full/note.txt",
        "exports/all.zip: ",
    ):  # fmt: skip
        assert place in found, place


def test_nothing_of_her_is_left_in_any_byte(erased: Path) -> None:
    assert traces(erased) == []


def test_papers_keep_what_is_not_hers(erased: Path) -> None:
    evidence = erased / "evidence"
    assert (evidence / "calls.txt").read_bytes() == "Nobody else.\n".encode("utf-16")
    with zipfile.ZipFile(evidence / "forms.zip") as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert parts == {"forms.csv": b'mail\n""\ndora@example.org\n', "erased-1.txt": b"Signed.\n"}
    assert (evidence / "erased-1.txt").read_text() == "A letter.\n"
    assert (next(erased.glob("deliveries/crm/*/note.txt"))).read_text() == "so\n"
    assert not (erased / "exports" / "all.zip").exists(), "all of it was about her"


def test_the_audit_verifies_where_it_is_and_elsewhere(erased: Path, tmp_path: Path) -> None:
    elsewhere = shutil.copytree(audit_of(erased), tmp_path / "audit")
    for where in (("-w", erased), (elsewhere,)):
        assert "✓ consistent" in tui("audit", "verify", *where).out


def test_the_audit_was_not_rewritten(known: Path, erased: Path) -> None:
    before = (audit_of(known) / "journal.jsonl").read_bytes()
    assert (audit_of(erased) / "journal.jsonl").read_bytes().startswith(before)
    for segment in (audit_of(known) / "trail").rglob("*.parquet"):
        same = audit_of(erased) / segment.relative_to(audit_of(known))
        assert same.read_bytes() == segment.read_bytes()


def test_others_lose_nothing(known: Path, erased: Path, tmp_path: Path) -> None:
    exports = export_all(erased, tmp_path / "exports")
    before = known.with_name("known-exports")
    hers = {(r["source"], r["record_id"]) for r in records(before / "crosswalk.csv")
            if r["profile_id"] == ANNA}  # fmt: skip
    assert len(hers) == 6
    listed = next(known.glob("exports/target/suppression/*.csv"))
    silenced = {r["record_key"] for r in records(listed) if "zqx" in r["contact_point"]}
    assert len(silenced) == 2, "an entry of the list belongs to nobody; both addresses are hers"
    for name in TABLES:
        kept = [r for r in records(before / f"{name}.csv")
                if not _about(r, hers) and r.get("record_key") not in silenced]  # fmt: skip
        assert len(kept) < len(list(records(before / f"{name}.csv"))), name
        assert list(records(exports / f"{name}.csv")) == kept, name


def _about(row: dict[str, str], hers: set[tuple[str, str]]) -> bool:
    places = (("source", "record_id"), ("source_a", "record_a"), ("source_b", "record_b"))
    return (
        row.get("profile_id") == ANNA
        or any((row.get(a), row.get(b)) in hers for a, b in places)
        or "zqx" in "".join(row.values()).lower()
    )


def test_every_row_still_has_its_place_and_one_fate(
    known: Path, erased: Path, tmp_path: Path
) -> None:
    after = export_all(erased, tmp_path / "exports", ("fates",)) / "fates.csv"
    place = ("source", "delivery", "file", "line")
    was = {
        tuple(r[c] for c in place): r
        for r in records(known.with_name("known-exports") / "fates.csv")
    }
    now = {tuple(r[c] for c in place): r for r in records(after)}
    assert was.keys() == now.keys()
    gone = {p[0] for p, r in now.items() if r["fate"] == "erased"}
    assert gone == {"crm", "gifts", "shop", "events", "mail", "clicks", "silent", "changes"}
    for spot, row in now.items():
        assert row == was[spot] or (row["fate"], row["record_id"]) == ("erased", "")


def test_a_row_that_tells_of_two_loses_only_her_cells(erased: Path) -> None:
    gifts = next(erased.glob("deliveries/gifts/*/gifts.csv")).read_text("utf-16").split("\n")
    assert gifts[2] == "A2;R300;Dagblad;cadeau;Cees Vos;cees@example.org;;;"


def test_other_rows_of_a_delivery_stay_byte_by_byte(known: Path, erased: Path) -> None:
    was = next(known.glob("deliveries/crm/*/people.csv")).read_bytes().split(b"\r\n")
    now = next(erased.glob("deliveries/crm/*/people.csv")).read_bytes().split(b"\r\n")
    assert now[0] == was[0]
    assert now[2:5] == was[2:5]
    assert now[1] == b"\n\n"  # her note ran over three lines: they stay, empty
    assert len(was) == len(now)


def test_a_workbook_keeps_all_that_is_not_hers(erased: Path) -> None:
    import fastexcel

    book = fastexcel.read_excel(next(erased.glob("deliveries/events/*/visits.xlsx")))
    rows = book.load_sheet("Visits", header_row=None, skip_rows=0).to_arrow().to_pylist()
    assert [list(row.values()) for row in rows][2:] == [
        ["E2", "Dora Jansen", "dora@example.org", "Fair", "Tea", "2"],
        ["E3", "Fee Kok", "fee@example.org", "Fair", "Tea please", None],
    ]
    notes = book.load_sheet("Notes", header_row=None).to_arrow().to_pylist()
    assert list(notes[0].values()) == ["for Fee"]


def test_the_journal_says_what_was_done(known: Path, erased: Path) -> None:
    asked, done = facts(erased, "erasure.asked"), facts(erased, "erasure.done")
    assert len(asked) == len(done) == 1
    assert asked[0]["profile"] == done[0]["profile"]
    assert [b["name"] for b in done[0]["backups"]] == ["keep-1.backup", "keep2-1.backup"]
    assert done[0]["target"] == "done"
    seen = {f["sha256"] for d in facts(known, "delivery.seen") for f in d["files"]}
    rewritten = facts(erased, "delivery.rewritten")
    assert {f["source"] for f in rewritten} == {
        "crm", "gifts", "shop", "events", "mail", "clicks", "silent", "changes",
    }  # fmt: skip
    assert {f["old"] for f in rewritten} <= seen


def test_the_run_goes_on_with_the_rewritten_deliveries(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "on")
    before = len(facts(workspace, "step.started"))
    run_on(workspace)
    assert len(facts(workspace, "step.started")) == before, "nothing was done again"


@pytest.mark.soak
def test_staging_that_is_lost_comes_back_without_her(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "lost")
    before = export_all(workspace, tmp_path / "before", ("fates", *TABLES))
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    after = export_all(workspace, tmp_path / "after", ("fates", *TABLES))
    for name in ("fates", *TABLES):
        assert list(records(after / f"{name}.csv")) == list(records(before / f"{name}.csv"))
    assert traces(workspace) == []


@pytest.mark.long(seconds=60)
def test_who_comes_again_is_not_let_in(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "again")
    again = [*CRM_ROWS[:3], ["R999", "Zqxanna", "", "", "", "", "", "ZQXANNA@example.org", "", "", ""],
             ["R998", "", "", "", "", "", "", "", "+31 6 12345987", "", ""],
             ["R997", "", "", "", "", "", "", "zqxanna+nieuws@example.org", "", "", ""],
             ["R996", "", "", "", "", "", "", "zqxänna@example.org", "", "", ""]]  # fmt: skip
    deliver(workspace, "2026-04-01-full", again)
    delta_again(workspace)
    tui("redo", "read", "-w", workspace)
    run_on(workspace)
    fates = list(records(export_all(workspace, tmp_path / "e", ("fates",)) / "fates.csv"))
    new = {r["line"]: r["fate"] for r in fates if r["delivery"] == "2026-04-01-full"}
    # Her record, her address and number under new ids, and the line that cannot be read.
    assert new == {"2": "erased", "5": "loaded", "7": "loaded", "8": "erased", "9": "erased",
                   "10": "erased", "11": "erased", "12": "erased"}  # fmt: skip
    delta = {r["line"]: r["fate"] for r in fates if r["delivery"].endswith("delta-2")}
    assert delta == {"2": "erased", "3": "attached"}
    assert "pending" not in {r["fate"] for r in fates}
    assert traces(workspace) == [], "neither where it was read nor where it was delivered"
    tui("audit", "verify", "-w", workspace)
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    rebuilt = list(records(export_all(workspace, tmp_path / "r", ("fates",)) / "fates.csv"))
    assert rebuilt == fates


def _points(all_of_them: Sequence[str], *quick: str) -> list[Any]:
    """Where to kill: ``quick`` ones in every test run, the others in the long one (make soak)."""
    assert set(quick) <= set(all_of_them)
    return [p if p in quick else pytest.param(p, marks=pytest.mark.soak) for p in all_of_them]


@pytest.mark.parametrize(
    "point",
    _points(erasure_killed.POINTS, "staging exchanged"),
)
def test_killed_anywhere_it_goes_on_at_the_next_start(
    known: Path, tmp_path: Path, point: str
) -> None:
    workspace = copied(known, tmp_path / "killed")
    line = [sys.executable, "-m", "tests.e2e.erasure_killed", str(workspace), ANNA, point]
    done = subprocess.run(line, check=False, env=ZEROED, cwd=REPOSITORY, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done
    table = tmp_path / "fates.csv"
    tui_many(
        [["export", "fates", "-o", table, "-w", workspace], ["audit", "verify", "-w", workspace]]
    )
    if point == "plan kept":  # nothing was asked for yet, and nothing done
        assert not facts(workspace, "erasure.asked")
        assert not (workspace / ".tui-migrate" / "vault" / "erasing.json").exists()
        return
    assert len(facts(workspace, "erasure.done")) == 1
    assert traces(workspace) == []
    # Nine of her ten rows: in the tenth she only pays for somebody else.
    assert sum(r["fate"] == "erased" for r in records(table)) == 9


@pytest.mark.soak
@pytest.mark.parametrize(
    "point",
    _points(
        ["asked", "base written", "behind staging", "delivery journalled", "behind vault"],
        "behind staging",
    ),
)
def test_killed_and_staging_lost_too_it_goes_on(known: Path, tmp_path: Path, point: str) -> None:
    workspace = copied(known, tmp_path / "killed")
    line = [sys.executable, "-m", "tests.e2e.erasure_killed", str(workspace), ANNA, point]
    done = subprocess.run(line, check=False, env=ZEROED, cwd=REPOSITORY, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done
    for path in (workspace / ".tui-migrate").glob("staging.duckdb*"):
        path.unlink()
    table = tmp_path / "fates.csv"
    tui_many(
        [["export", "fates", "-o", table, "-w", workspace], ["audit", "verify", "-w", workspace]]
    )
    assert len(facts(workspace, "erasure.done")) == 1
    assert traces(workspace) == []
    assert sum(r["fate"] == "erased" for r in records(table)) == 9


def test_what_is_left_of_her_history_says_that_she_was_erased(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "told")
    told, in_dutch, other = said_by_each(
        ["audit", "show", "crm/ZQXR100", "--lang", "en", "-w", workspace],
        ["audit", "show", "crm/ZQXR100", "--lang", "nl", "-w", workspace],
        ["audit", "show", "crm/R200", "--lang", "en", "-w", workspace],
    )
    assert "erased: what was known is gone" in told
    assert "Cees" not in told
    assert "zqxanna" not in told.lower()
    assert "gewist: wat bekend was is weg" in in_dutch
    assert "erased" not in other
    assert traces(workspace) == [], "looking leaves nothing"


@pytest.mark.soak
def test_doing_it_again_says_that_erased_records_cannot_be_compared(
    erased: Path, tmp_path: Path
) -> None:
    workspace = copied(erased, tmp_path / "again")
    said = tui("audit", "replay", "--recompute", "-w", workspace).out
    assert "not comparable: records in it were erased since" in said
    assert "✗" not in said
    assert traces(workspace) == []


def test_the_report_names_the_request_and_what_became_of_it(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "report")
    pages = {language: tmp_path / f"{language}.md" for language in ("en", "nl")}
    _in_english, _in_dutch, said = said_by_each(
        ["audit", "report", "--lang", "en", "-o", pages["en"], "-w", workspace],
        ["audit", "report", "--lang", "nl", "-o", pages["nl"], "-w", workspace],
        ["audit", "log", "-w", workspace],
    )
    for language, section, act in (
        ("en", "Rights of persons, and destruction", "erasure (art. 17)"),
        ("nl", "Rechten van personen, en vernietiging", "wissing (art. 17)"),
    ):
        text = pages[language].read_text()
        assert section in text
        assert act in text
        assert "keep-1.backup" in text
        assert not re.search(r"\bzqx", text.lower())
    assert "has a person of" in said


@pytest.mark.soak
def test_a_database_as_target_holds_nothing_of_her(tmp_path: Path) -> None:
    workspace = make(tmp_path / "db", target="{type: duckdb, path: target.duckdb}")
    run_on(workspace, "--until", "deltas")
    assert any(t.startswith("target.duckdb: bytes") for t in traces(workspace))
    tui(*LINE, workspace)
    assert traces(workspace) == []
    run_on(workspace)


@pytest.mark.soak
def test_what_the_law_keeps_is_not_erased(tmp_path: Path) -> None:
    rule = (
        "retention: {rules: [{category: order, years: 7, basis: tax law},"
        " {category: interaction, years: 1, basis: complaints}]}\n"
    )
    workspace = make(tmp_path / "law", retention=rule)
    run_on(workspace, "--until", "map")
    # Clicks are those of her record at the e-mail platform, which goes with the one of the CRM.
    said = tui("forget", "crm/ZQXR100", "--reason", "x", "--yes", "-w", workspace, code=1).err
    assert "complaints" in said
    run_on(workspace, "--until", "merge")
    said = tui(*LINE, workspace, code=1).err
    assert "2033-01-05" in said
    assert "tax law" in said
    assert f"tui-migrate restrict {ANNA} --reason" in said
    assert [f["categories"] for f in facts(workspace, "erasure.refused")] == [
        ["interaction"], ["order", "interaction"],
    ]  # fmt: skip
    assert not facts(workspace, "erasure.asked")
    # Cees ordered nothing.
    tui("forget", "crm/R300", "--reason", "asked", "--yes", "-w", workspace)


def test_it_has_to_be_meant(known: Path, tmp_path: Path) -> None:
    workspace = copied(known, tmp_path / "meant")
    assert "--yes" in tui("forget", ANNA, "--reason", "x", "-w", workspace, code=2).err
    tui("forget", "nobody/1", "--reason", "x", "--yes", "-w", workspace, code=1)
    tui("forget", ANNA, "--reason", " ", "--yes", "-w", workspace, code=2)
    assert not facts(workspace, "erasure.asked")


def test_the_second_time_there_is_nobody(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "twice")
    tui(*LINE, workspace, code=1)
    assert len(facts(workspace, "erasure.done")) == 1


@pytest.mark.soak
def test_a_second_person_is_erased_after_the_first(erased: Path, tmp_path: Path) -> None:
    workspace = copied(erased, tmp_path / "second")
    line = ("forget", "crm/R200", "--reason", "asked", "--yes", "--json", "-w", workspace)
    said = json.loads(tui(*line).out)
    done = facts(workspace, "erasure.done")[-1]
    assert facts(workspace)[said.pop("entry") - 1]["kind"] == "erasure.asked"
    assert said.pop("left") == []
    assert said == {
        "counts": {name: count for name, count in done["counts"].items() if count},
        "target": "done",
        "backups": done["backups"],
    }
    assert said["backups"]
    run_on(workspace)
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    exports = export_all(workspace, tmp_path / "exports", ("profiles", "fates"))
    with (exports / "profiles.csv").open() as stream:
        assert "Smit" not in stream.read()
    with (exports / "fates.csv").open() as stream:
        assert sum(r["fate"] == "erased" for r in csv.DictReader(stream)) > 10
    assert b"bert@example.org" not in b"".join(
        path.read_bytes() for path in workspace.rglob("*") if path.is_file()
    )
    tui("audit", "verify", "-w", workspace)


def test_a_back_up_is_restored_without_her(known: Path, erased: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    tui("restore", "keep2-1.backup", whole, "-w", known)
    assert any("people.csv" in t for t in traces(whole)), "before she was erased she is in it"
    assert (whole / ".tui-migrate" / "vault" / "workspace.key").is_file()
    again = tmp_path / "again"
    finished = tui("restore", "keep2-1.backup", again, "--json", "-w", erased)
    said, facts_said = finished.err, json.loads(finished.out)
    assert (facts_said["folder"], facts_said["erased_rows"]) == (str(again), 9)
    assert facts_said["files"] == sum(path.is_file() for path in again.rglob("*"))
    assert facts_said["entries"] == len(facts(again))
    assert facts_said["tables"]["cluster"] > 0
    assert "9 rows of erased persons" in said
    assert "The restored journal is whole" in said
    assert traces(again) == []
    for path in sorted((erased / "deliveries").rglob("*.*")):
        same = again / path.relative_to(erased)
        assert same.read_bytes() == path.read_bytes(), path.name
