"""The report of a real run: from the engine, from a copied audit folder, in two languages."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import RUNBOOK, make_workspace
from tests.engine.test_run import go_on, to_the_end, to_the_gate
from tests.engine.test_server import wait_for
from tui_migrate.audit.entries import Exported
from tui_migrate.audit.seals import read_seals
from tui_migrate.audit.verify import verify
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.attach import attach_or_start
from tui_migrate.engine.client import InProcessClient

Opening = Callable[[Path], InProcessClient]

GOVERNANCE = """\
governance:
  purpose: {en: To try reports, nl: Verslagen proberen}
  processors: [{name: Wolk <b>, role: Hosts}]
"""


@pytest.fixture
def ended(tmp_path: Path, opened: Opening) -> Path:
    """A run that ended; its gate was approved with words that somebody typed."""
    root = make_workspace(tmp_path / "small", RUNBOOK + GOVERNANCE)
    client = opened(root)
    to_the_gate(client)
    sign = api.Sign(gate="gate", decision="conditions", typed=3, comment="Mind the <gap>",
                    terms=(api.Term(what="Clean by May", owner="lead", due="2999-05-01"),))  # fmt: skip
    assert client.send(sign).ok
    assert go_on(client).step == "end"
    assert client.send(api.Sign(gate="end", decision="approve", typed=3)).ok
    go_on(client)
    client.close()
    return root


def made(root: Path, *more: str, name: str = "r.html") -> str:
    path = root.parent / name
    assert run_cli(["audit", "report", "-w", str(root), "-o", str(path), *more]) == 0
    return path.read_text()


def section(text: str, id_: str) -> str:
    """One section of an HTML report."""
    start = text.index(f'<section id="{id_}">')
    return text[start : text.index("</section>", start)]


def test_it_says_what_was_done_and_by_whom(ended: Path) -> None:
    text = made(ended, "--lang", "en")
    from tui_migrate.cli.common import read_run

    _here, entries, state = read_run(ended)
    assert "REHEARSAL" in text
    assert state.run in text
    assert entries[-3].hash in text  # the head before this report and its seal
    assert "Mind the &lt;gap&gt;" in section(text, "signoffs")
    assert "Clean by May" in section(text, "signoffs")
    assert "approved with conditions" in section(text, "signoffs")
    assert state.steps["gate"].signoffs[0].evidence in section(text, "signoffs")
    delivered = next(iter(state.deliveries.values())).files[0]
    files = section(text, "sources")
    assert delivered.sha256 in files
    assert '<td data-label="Rows" class="number"><div>3</div></td>' in files
    assert "crm" in files
    seals = read_seals(ended / ".tui-migrate" / "audit" / "seals.jsonl")
    assert next(iter(seals)).key in section(text, "seals")
    backup = state.backups[0][1]
    assert backup.sha256 in section(text, "backups")
    assert "restored and counted" in section(text, "backups")
    assert "Ready?" in section(text, "answers")
    assert "yes" in section(text, "answers")


def test_what_the_runbook_states_is_there_and_what_it_does_not_is_missing(ended: Path) -> None:
    text = made(ended, "--lang", "en")
    assert "To try reports" in section(text, "purpose")
    assert "Wolk &lt;b&gt;" in section(text, "record")
    record = section(text, "record")
    assert 'Controller</dt><dd><span class="warn brief">not stated' in record
    assert "No category of personal data is stated." in record
    assert section(text, "hosting").count("not stated") == 12  # crm, staging, target, file share


def test_it_holds_no_value_of_a_customer(ended: Path) -> None:
    for name in ("r.html", "r.md"):
        text = made(ended, name=name)
        for value in ("Jansen", "De Vries", "Peeters", "people.csv"):
            assert value not in text


def test_making_one_is_journalled_and_the_audit_still_verifies(ended: Path) -> None:
    made(ended, "--to", "The auditor")
    text = made(ended, "--lang", "en", name="second.html")
    from tui_migrate.cli.common import read_run

    _here, entries, state = read_run(ended)
    exported = [e.fact for e in entries if isinstance(e.fact, Exported)]
    assert [fact.what for fact in exported] == ["report", "report"]
    assert exported[0].purge_on
    assert "The auditor" in section(text, "shared")
    assert exported[0].sha256 in section(text, "shared")
    assert exported[1].sha256 not in text
    assert verify(ended / ".tui-migrate" / "audit").problems == []
    assert state.ended == "done"


def test_a_copied_audit_folder_is_enough_and_says_that_words_are_missing(
    ended: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "elsewhere" / "audit"
    shutil.copytree(ended / ".tui-migrate" / "audit", copied)
    before = (copied / "journal.jsonl").read_bytes()
    shutil.rmtree(ended)
    path = tmp_path / "r.html"
    assert (
        run_cli(["audit", "report", "--folder", str(copied), "-o", str(path), "--lang", "en"]) == 0
    )
    text = path.read_text()
    assert "not readable here" in text
    assert "Mind the" not in text
    assert "Clean by May" not in text
    assert "approved with conditions" in section(text, "signoffs")
    assert "To try reports" in text
    assert (copied / "journal.jsonl").read_bytes() == before


def test_it_is_made_in_dutch(ended: Path) -> None:
    text = made(ended, "--lang", "nl")
    assert '<html lang="nl">' in text
    assert "REPETITIE" in text
    assert "Klein" in text
    assert "Verslagen proberen" in text
    assert "goedgekeurd onder voorwaarden" in text
    for english in ("Sign-offs", "not stated", "Waivers", "No step", "REHEARSAL"):
        assert english not in text


def test_a_waiver_a_skip_and_a_failure_stay_in_it(tmp_path: Path, opened: Opening) -> None:
    check = "{name: many, sql: select 1, expect: '>= 2'}"
    runbook = RUNBOOK.replace(
        "uses: ingest, title: Read", f"uses: ingest, title: Read, checks: [{check}]"
    )
    root = make_workspace(tmp_path / "small", runbook)
    client = opened(root)
    assert go_on(client).exit_code == 1
    assert client.send(api.Waive(step="read", check="many", reason="Known & agreed")).ok
    assert client.send(api.Skip(step="questions", reason="No time")).ok
    client.close()
    text = made(root, "--lang", "en")
    assert "✗ waived by" in section(text, "checks")
    assert "at least 2" in section(text, "checks")
    departures = section(text, "departures")
    assert "Known &amp; agreed" in departures
    assert "No time" in departures
    assert "Not signed: Gate; End." in section(text, "signoffs")
    assert "not finished" in text


def test_a_file_that_went_out_is_reported_as_gone(ended: Path, tmp_path: Path) -> None:
    out = tmp_path / "fates.csv"
    words = ["--to", "Bureau", "--basis", "Agreement 7"]
    assert run_cli(["export", "fates", "-o", str(out), *words, "-w", str(ended)]) == 0
    import hashlib

    sha256 = hashlib.sha256(out.read_bytes()).hexdigest()
    assert "no proof yet" in section(made(ended, "--lang", "en"), "shared")
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"gone")
    said = ["--note", "Their mail of today", "--proof", str(letter)]
    assert run_cli(["deleted", sha256[:12], *said, "-w", str(ended)]) == 0
    register = section(made(ended, "--lang", "en"), "shared")
    assert "Bureau" in register
    assert "Agreement 7" in register
    assert "deleted, said" in register
    assert "Their mail of today" in register
    assert hashlib.sha256(b"gone").hexdigest() in register
    assert run_cli(["deleted", "0" * 12, "-w", str(ended)]) == 1
    assert run_cli(["deleted", sha256[:3], "-w", str(ended)]) == 2


def test_wrong_ways_of_asking_are_said(ended: Path, tmp_path: Path) -> None:
    report = ["audit", "report", "-w", str(ended)]
    assert run_cli([*report, "-o", str(tmp_path / "r.pdf")]) == 2
    assert run_cli([*report, "-o", str(tmp_path / "r.html"), "--format", "md"]) == 2
    assert run_cli([*report, "-o", str(tmp_path / "r.html"), "--lang", "fr"]) == 2
    assert not list(tmp_path.glob("r.*"))
    fresh = make_workspace(tmp_path / "fresh")
    assert run_cli(["audit", "report", "-w", str(fresh), "-o", str(tmp_path / "r.html")]) == 1


def test_who_may_not_export_gets_no_report(tmp_path: Path, opened: Opening) -> None:
    root = make_workspace(tmp_path / "small")
    client = opened(root)
    to_the_end(client)
    who = api.Identity(user="eva", uid=4711, roles=("lead",))
    text = (root / "runbook.yaml").read_text()
    (root / "runbook.yaml").write_text(text.replace('users: ["*"]', 'users: ["*"], may: [sign]'))
    client.close()
    client = opened(root)
    reply = client.engine.command(api.Export(what="report", path=str(tmp_path / "r.html")), who)
    assert not reply.ok
    assert not (tmp_path / "r.html").exists()


def test_an_engine_that_runs_hands_it_over(ended: Path) -> None:
    client = attach_or_start(ended)
    try:
        text = made(ended, "--lang", "nl", name="far.html")
        assert "Mind the &lt;gap&gt;" in section(text, "signoffs")
        wait_for(lambda: "report" in [fact.what for _entry, fact in client.state.exports])
        assert not list((ended / ".tui-migrate" / "run").glob("*.html"))
    finally:
        client.end()
