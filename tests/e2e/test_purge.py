"""What is over its time is destroyed; of a whole workspace the proof stays, with a certificate."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.erasure_world import traces
from tests.e2e.program import REPOSITORY, audit_of, copied, environment, facts, said_by_each, tui

YEAR = 365 * 24 * 3600


def test_exports_go_when_their_day_is_over(world_done: Path, tmp_path: Path) -> None:
    workspace = copied(world_done, tmp_path / "w")
    assert "Nothing is over its time" in tui("purge", "-w", workspace).out
    # Written by nobody that the journal knows, a year ago.
    stray = workspace / ".tui-migrate" / "exports" / "stray.csv"
    stray.write_text("Zqx")
    os.utime(stray, (time.time() - YEAR,) * 2)
    line: list[str | Path] = ["purge", "--dry-run", "-w", workspace]
    told, plan_told = said_by_each(line, [*line, "--json"])
    assert "stray.csv" in told
    plan = json.loads(plan_told)
    (file,) = plan["files"]
    assert (file["path"], file["kind"]) == (".tui-migrate/exports/stray.csv", "export")
    assert (plan["what"], plan["dry_run"], plan["bytes"]) == ("exports", True, 3)
    assert (plan["stay"], plan["certificate"], plan["entry"]) == ([], "", None)
    assert stray.exists()
    done = json.loads(tui("purge", "--json", "-w", workspace).out)
    entry = done.pop("entry")
    assert facts(workspace, "workspace.purged") == [facts(workspace)[entry - 1]]
    assert done == {name: plan[name] for name in done} | {"dry_run": False}
    assert not stray.exists()
    assert (workspace / ".tui-migrate" / "exports" / "profiles.csv").exists(), "its day is to come"
    assert [f["files"] for f in facts(workspace, "workspace.purged")] == [1]
    tui("audit", "verify", "-w", workspace)


@pytest.mark.long(seconds=23)
def test_a_workspace_goes_and_its_proof_stays(world_done: Path, tmp_path: Path) -> None:
    workspace = copied(world_done, tmp_path / "w")
    said = tui("purge", "workspace", "--yes", "-w", workspace, code=1).err
    assert "180 days" in said
    tui("purge", "workspace", "--yes", "--now", "-w", workspace, code=2)  # without a reason
    doomed = tui("purge", "workspace", "--dry-run", "--now", "--reason", "x", "-w", workspace).out
    assert "deliveries/crm/2026-03-01-full/people.csv" in doomed.split("\n")
    line = ("purge", "workspace", "--now", "--reason", "done", "--json", "-w", workspace)
    plan = json.loads(tui(*line, "--dry-run").out)
    assert {file["path"] for file in plan["files"]} <= set(doomed.split("\n"))
    assert {"deliveries", "vault", "staging.duckdb"} <= {file["kind"] for file in plan["files"]}
    head = json.loads((audit_of(workspace) / "journal.jsonl").read_text().split("\n")[-2])["hash"]
    said = json.loads(tui(*line, "--yes").out)
    assert said["certificate"] == str(workspace / "certificate.md")
    assert {file["path"] for file in plan["files"]} <= {file["path"] for file in said["files"]}

    assert traces(workspace) == []
    left = {p.name for p in workspace.iterdir()}
    assert left == {
        ".tui-migrate", "runbook.yaml", "mapping", "backup.key",
        "certificate.md", "certificate.html", "certificate.json",
    }  # fmt: skip
    assert {p.name for p in (workspace / ".tui-migrate").iterdir()} == {"audit", "run"}

    content = (workspace / "certificate.json").read_bytes()
    certificate = json.loads(content)
    assert certificate["head"] == head
    assert certificate["destroyed"]["vault"]["files"] > 10
    purged = facts(workspace, "workspace.purged")[-1]
    assert purged["sha256"] == hashlib.sha256(content).hexdigest()
    assert (audit_of(workspace) / "objects" / purged["sha256"]).read_bytes() == content
    assert head in (workspace / "certificate.md").read_text()

    tui("audit", "verify", "-w", workspace)
    for changed in (
        audit_of(workspace) / "certificate.json",
        audit_of(workspace) / "objects" / purged["sha256"],
    ):
        changed.write_bytes(content.replace(b'"files":', b'"files": '))
        told = tui("audit", "verify", "-w", workspace, code=1)
        assert "certificate" in told.out + told.err
        changed.write_bytes(content)
    tui("audit", "verify", "-w", workspace)
    tui("audit", "log", "-w", workspace)
    assert "purged" in tui("run", "--headless", "-w", workspace, code=1).err


def test_a_purge_that_was_killed_is_finished(world_done: Path, tmp_path: Path) -> None:
    workspace = copied(world_done, tmp_path / "w")
    rest = workspace / "deliveries" / "crm"
    tui("purge", "workspace", "--yes", "--now", "--reason", "done", "-w", workspace)
    (rest / "2026-03-01-full").mkdir(parents=True)
    (rest / "2026-03-01-full" / "people.csv").write_text("Zqxanna")
    tui("run", "--headless", "-w", workspace, code=1)
    assert traces(workspace) == []


@pytest.mark.soak
def test_a_purge_that_was_killed_before_anything_went_is_carried_out(
    world_done: Path, tmp_path: Path
) -> None:
    workspace = copied(world_done, tmp_path / "w")
    (workspace / "evidence" / "nowhere.txt").symlink_to("gone")
    code = (
        "import os, signal, sys; from pathlib import Path;"
        "from tui_migrate.engine import api, purging;"
        "from tui_migrate.engine.client import open_client;"
        "purging._write_certificate = lambda *_: os.kill(os.getpid(), signal.SIGKILL);"
        "c = open_client(Path(sys.argv[1]));"
        "c.send(api.Purge(what='workspace', now=True, reason='done'))"
    )
    line = [sys.executable, "-c", code, str(workspace)]
    done = subprocess.run(line, check=False, env=environment(), cwd=REPOSITORY)
    assert done.returncode == -signal.SIGKILL
    assert traces(workspace), "nothing went"
    assert "purged" in tui("run", "--headless", "-w", workspace, code=1).err
    assert traces(workspace) == []
    sha256 = facts(workspace, "workspace.purged")[-1]["sha256"]
    content = (audit_of(workspace) / "certificate.json").read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    tui("audit", "verify", "-w", workspace)
