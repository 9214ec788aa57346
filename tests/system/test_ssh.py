"""Colleagues at one engine over SSH: a lost connection, two eyes more, masks, a closed door."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.terminal import Terminal
from tests.system.conftest import Machine, processes_of

ROWS = 60_000
RUNBOOK = """\
runbook: colleagues
title: Colleagues
zone: Europe/Amsterdam
brands: [Nova, Kompas]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: [mapping/crm.yaml, mapping/interests.yaml]
target: {type: csv, path: exports/target}
roles:
  lead: {users: [tm-anna]}
  privacy: {users: [tm-anna, tm-bram], brands: [Kompas]}
phases:
  - id: one
    title: One
    steps:
      - {id: read, uses: ingest, title: Read}
      - {id: map, uses: map, title: Map}
      - {id: match, uses: match, title: Match}
      - {id: merge, uses: merge, title: Merge}
      - {id: keep, uses: backup, title: Keep, with: {what: [deliveries, staging]}}
      - {id: load, uses: import, title: Load, with: {entities: [profile]}}
      - {id: end, uses: gate, title: The end, with: {approvals: [{role: privacy}], evidence: [load]}}
"""
CRM = """\
source: crm
entity: profile
fields:
  first_name: {from: Voornaam}
  family_name: {from: Naam}
  email: {from: Mail}
  phone: {from: Tel}
skip: {Merk: an interest}
"""
INTERESTS = """\
source: crm
entity: interest
of: crm
by: Nr
fields:
  brand: {from: Merk}
  category: {value: news}
skip: {Voornaam: a name, Naam: a name, Mail: an address, Tel: a number}
"""
LOOK = """\
import json, sys
from pathlib import Path
from tui_migrate.engine.attach import attach
from tui_migrate.engine import queries as q
import msgspec
client = attach(Path(sys.argv[1]))
asked = [q.Search(text=sys.argv[2]), q.Search(text=sys.argv[3]),
         q.Person(source="crm", record_id=sys.argv[2]),
         q.Person(profile_id=sys.argv[4], reason="a complaint"),
         q.Columns(), q.FindingRules()]
print(json.dumps([json.loads(msgspec.json.encode(client.ask(one))) for one in asked]))
client.close()
"""


def wait_for(true: Callable[[], object], seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited for too long"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def workspace(machine: Machine) -> Path:
    """A workspace of Anna's: the even numbers are customers of Kompas, the odd ones of Nova."""
    root = machine.folder / "work"
    delivery = root / "deliveries" / "crm" / "2026-03-01"
    delivery.mkdir(parents=True)
    (root / "mapping").mkdir()
    lines = ["Nr;Voornaam;Naam;Mail;Tel;Merk"]
    for number in range(ROWS):
        brand, n = "Nova" if number % 2 else "Kompas", f"{number:05}"
        lines.append(f"R{n};Voor{n};Zoek{brand}{n};p{n}@{brand.lower()}.example;;{brand}")
    both = "Tweeling;Zoekbeide;beide@beide.example"
    lines += [f"T00000;{both};;Kompas", f"T00001;{both};0612345678;Nova"]
    (delivery / "people.csv").write_text("\n".join(lines) + "\n")
    (root / "runbook.yaml").write_text(RUNBOOK)
    (root / "mapping" / "crm.yaml").write_text(CRM)
    (root / "mapping" / "interests.yaml").write_text(INTERESTS)
    (root / "backup.key").write_text("a key for tests only\n")
    for path in [root, *root.rglob("*")]:
        shutil.chown(path, "tm-anna", "tm-anna")
        path.chmod(0o700 if path.is_dir() else 0o600)
    root.chmod(0o711)  # the others may pass on to the socket
    (root / "runbook.yaml").chmod(0o644)
    return root


def facts(workspace: Path) -> list[dict[str, object]]:
    journal = workspace / ".tui-migrate" / "audit" / "journal.jsonl"
    if not journal.exists():
        return []
    lines = journal.read_text().splitlines()
    return [json.loads(line)["fact"] for line in lines]


def has(workspace: Path, kind: str, step: str = "") -> bool:
    return any(f["kind"] == kind and f.get("step", "") == step for f in facts(workspace))


def terminal(machine: Machine, user: str, workspace: Path) -> Terminal:
    program = [str(machine.program), "-m", "tui_migrate", "-w", str(workspace)]
    return Terminal(through=machine.ssh(user, *program, tty=True))


def engine_of(user: str) -> int:
    found = [pid for pid, line in processes_of(user).items() if "engine.process" in line]
    assert len(found) == 1
    return found[0]


def busy(pid: int, seconds: float) -> float:
    """Share of one processor that a process takes."""

    def ticks() -> int:
        parts = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()
        return int(parts[11]) + int(parts[12])

    before = ticks()
    time.sleep(seconds)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds


def test_a_killed_connection_does_not_touch_the_import(machine: Machine, workspace: Path) -> None:
    with terminal(machine, "tm-anna", workspace) as anna:
        anna.until("start the run")
        anna.press("enter")
        anna.until(lambda: has(workspace, "step.started", "load"), 300)
        os.kill(anna.child.pid, signal.SIGKILL)
    assert not has(workspace, "step.finished", "load")
    wait_for(lambda: has(workspace, "step.finished", "load"))
    wait_for(lambda: has(workspace, "step.waiting", "end"))
    wait_for(lambda: not any("tui_migrate -w" in line for line in processes_of("tm-anna").values()))
    assert busy(engine_of("tm-anna"), 3) < 0.05


def test_who_attaches_again_sees_where_the_run_stands(machine: Machine, workspace: Path) -> None:
    before, engine = facts(workspace), engine_of("tm-anna")
    with terminal(machine, "tm-anna", workspace) as anna:
        anna.until("The end")
        anna.until("waiting")
        anna.until("6 of 7 steps done")
        assert engine_of("tm-anna") == engine, "it is the engine that worked while she was away"
    assert engine_of("tm-anna") == engine, "and it stays, for who has to sign"
    assert facts(workspace) == before, "nothing was begun, opened or done again"


def test_who_operated_may_not_sign(machine: Machine, workspace: Path) -> None:
    waiting = json.loads(machine.tui("tm-anna", "status", "--json", "-w", str(workspace)).stdout)
    evidence = waiting["waiting"]["evidence"]
    refused = machine.tui("tm-anna", "sign", "end", "--evidence", evidence, "-w", str(workspace))
    assert refused.returncode == 1
    assert "four eyes" in refused.stderr
    assert any(f["kind"] == "access.refused" for f in facts(workspace))


def test_a_role_of_one_brand_sees_the_other_brand_masked(machine: Machine, workspace: Path) -> None:
    """Over the raw socket, with every question that a client can ask about people."""
    from tui_migrate.model.profile_id import profile_id

    script = machine.folder / "look.py"
    script.write_text(LOOK)
    script.chmod(0o644)
    found = {}
    for number, brand in (("00101", "Nova"), ("00100", "Kompas")):
        arguments = [f"R{number}", f"Zoek{brand}{number}", profile_id("crm", f"R{number}")]
        looked = machine.run(
            "tm-bram", str(machine.program), str(script), str(workspace), *arguments
        )
        assert looked.returncode == 0, looked.stderr
        found[brand] = looked.stdout
    assert "ZoekKompas00100" in found["Kompas"]
    assert "p00100@kompas.example" in found["Kompas"]
    for secret in ("ZoekNova00101", "Voor00101", "p00101@", "nova.example"):
        assert secret not in found["Nova"]
    assert "•" in json.loads(found["Nova"])[0][0]["name"]
    anybody = "".join(found.values())
    assert not re.search(r"ZoekNova\d|@nova", anybody)


def test_of_a_person_of_two_brands_he_sees_what_the_record_of_his_brand_says(
    machine: Machine, workspace: Path
) -> None:
    """The telephone number stands in the record of the other brand only."""
    from tui_migrate.model.profile_id import profile_id

    script = machine.folder / "look.py"
    arguments = ["T00000", "31612345678", profile_id("crm", "T00000")]
    found = {}
    for user in ("tm-anna", "tm-bram"):
        looked = machine.run(user, str(machine.program), str(script), str(workspace), *arguments)
        assert looked.returncode == 0, looked.stderr
        found[user] = json.loads(looked.stdout)
        sheet = found[user][3]
        assert {record["record_id"] for record in sheet["records"]} == {"T00000", "T00001"}
        assert "beide@beide.example" in looked.stdout
    values = {
        user: {value["field"]: value["value"] for value in answers[3]["values"]}
        for user, answers in found.items()
    }
    assert "612345678" in re.sub(r"\D", "", values["tm-anna"]["phone"])
    assert values["tm-bram"]["phone"] == "•••••"
    assert "612345678" not in re.sub(r"[^\d\"]", "", json.dumps(found["tm-bram"]))
    assert len(found["tm-anna"][1]) == 1
    assert found["tm-bram"][1] == []
    assert found["tm-anna"][3]["children"] == {"interest": 2}
    assert found["tm-bram"][3]["children"] == {"interest": 1}
    looks = [f for f in facts(workspace) if f["kind"] == "person.looked" and f["reason"]]
    assert len(looks) >= 2


def test_the_files_are_closed_to_others(machine: Machine, workspace: Path) -> None:
    state = workspace / ".tui-migrate"
    for path in ("staging.duckdb", "audit/journal.jsonl", "vault/workspace.key", "engine.log"):
        looked = machine.run("tm-bram", "cat", str(state / path))
        assert looked.returncode != 0
        assert "Permission denied" in looked.stderr
    assert machine.run("tm-bram", "ls", str(state)).returncode != 0


def test_a_colleague_reads_what_the_engine_tells_and_hears_whose_the_files_are(
    machine: Machine, workspace: Path
) -> None:
    here = ("-w", str(workspace))
    log = machine.tui("tm-bram", "audit", "log", *here)
    assert (log.returncode, log.stderr) == (0, "")
    assert "tm-bram looked at one person" in log.stdout
    waits = machine.tui("tm-bram", "inbox", str(workspace))
    assert waits.returncode == 3, waits.stderr
    assert "end waits for a sign-off as privacy" in waits.stdout
    for command in (("audit", "replay", "--recompute"), ("serve", "--port", "0")):
        refused = machine.tui("tm-bram", *command, *here)
        assert refused.returncode == 2
        assert "can be read by tm-anna only" in refused.stderr
        assert refused.stdout == ""
        way_out = "copy of its audit folder" if "serve" in command else "ask tm-anna for"
        assert way_out in refused.stderr
    doctor = machine.tui("tm-bram", "doctor", *here)
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert "tm-anna's; you get in through the engine, which runs" in doctor.stdout


def test_a_colleague_has_the_audit_verified_and_takes_the_journal_along(
    machine: Machine, workspace: Path
) -> None:
    here = ("-w", str(workspace))
    verified = machine.tui("tm-bram", "audit", "verify", "--json", *here)
    assert verified.returncode == 1, "the run is not finished"
    assert "The engine of tm-anna looked" in verified.stderr
    own = machine.tui("tm-anna", "audit", "verify", "--json", *here)
    assert own.returncode == 1
    verdict = json.loads(verified.stdout)
    assert verdict == json.loads(own.stdout)
    assert verdict["trusted"] == verdict["entries"]
    assert len(verdict["problems"]) == 1
    journal = workspace / ".tui-migrate" / "audit" / "journal.jsonl"
    taken = machine.tui("tm-bram", "audit", "log", "--json", *here)
    assert (taken.returncode, taken.stderr) == (0, "")
    assert taken.stdout == journal.read_text()
    assert verdict["head"] == json.loads(taken.stdout.splitlines()[-1])["hash"]
    wrong = ("audit", "verify", "--json", "--expect", "0" * 64)
    assert len(json.loads(machine.tui("tm-bram", *wrong, *here).stdout)["problems"]) == 2


def test_a_colleague_signs_from_her_own_login_while_the_other_looks_on(
    machine: Machine, workspace: Path
) -> None:
    status = machine.tui("tm-bram", "status", "--json", "-w", str(workspace))
    assert status.returncode == 0, status.stderr
    waiting = json.loads(status.stdout)["waiting"]
    with terminal(machine, "tm-anna", workspace) as anna:
        anna.until("waiting")
        signed = machine.tui(
            "tm-bram", "sign", "end", "--evidence", waiting["evidence"], "-w", str(workspace)
        )
        assert signed.returncode == 0, signed.stderr
        anna.until("7 of 7 steps done")
    (entry,) = [f for f in facts(workspace) if f["kind"] == "gate.signed"]
    assert entry["role"] == "privacy"
    journal = workspace / ".tui-migrate" / "audit" / "journal.jsonl"
    by = [
        json.loads(line)["by"] for line in journal.read_text().splitlines() if "gate.signed" in line
    ]
    assert by == ["tm-bram"]


def test_who_has_no_role_is_not_let_in(machine: Machine, workspace: Path) -> None:
    with terminal(machine, "tm-anna", workspace) as anna:
        anna.until("The end")
        refused = machine.tui("tm-carl", "status", "-w", str(workspace))
        assert refused.returncode == 2
        assert "tm-carl has no role" in refused.stderr
        wait_for(lambda: any(f.get("what") == "attach" for f in facts(workspace)))


def test_when_all_have_left_nothing_runs_any_more(machine: Machine, workspace: Path) -> None:
    machine.tui("tm-anna", "run", "--headless", "-w", str(workspace))
    everybody = ("tm-anna", "tm-bram", "tm-carl")
    wait_for(lambda: not any("tui_migrate" in str(processes_of(user)) for user in everybody), 60)
    verified = machine.tui("tm-anna", "audit", "verify", "-w", str(workspace))
    assert verified.returncode == 0, verified.stdout + verified.stderr
