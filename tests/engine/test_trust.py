"""What somebody does to the files behind the program's back is refused, or undone by a rebuild."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.engine.conftest import ROWS, make_workspace
from tests.engine.test_run import go_on, to_the_end, to_the_gate
from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.verify import verify
from tui_migrate.engine.client import InProcessClient
from tui_migrate.errors import DataSaysNo

Opening = Callable[[Path], InProcessClient]


def _audit(workspace: Path) -> Path:
    return workspace / ".tui-migrate" / "audit"


def _forge(workspace: Path, *facts: Mapping[str, object]) -> None:
    """Append entries to the journal with a right chain, as somebody with an editor could."""
    path = _audit(workspace) / "journal.jsonl"
    lines = path.read_text().splitlines()
    for fact in facts:
        last = json.loads(lines[-1])
        body = {k: last[k] for k in ("at", "by", "uid")}
        entry = {**body, "command": "", "fact": fact, "seq": last["seq"] + 1, "prev": last["hash"]}
        lines.append(canonical({**entry, "hash": sha256_of(entry)}).decode())
    path.write_text("\n".join(lines) + "\n")


def test_a_sign_off_written_by_hand_is_refused_and_named(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    evidence = client.state.steps["gate"].evidence
    client.close()
    passed = {"kind": "gate.passed", "gate": "gate", "evidence": evidence}
    seal = {"kind": "seal.made", "seal": 1, "sha256": "0" * 64}
    _forge(workspace, passed, seal)
    with pytest.raises(DataSaysNo, match="do not agree"):
        opened(workspace)
    assert any("gate gate is passed" in p for p in verify(_audit(workspace)).problems)


def test_the_staging_area_of_another_run_is_not_taken_for_ours(
    tmp_path: Path, opened: Opening
) -> None:
    mine, other = make_workspace(tmp_path / "mine"), make_workspace(tmp_path / "other")
    delivery = other / "deliveries/crm/2026-03-01/people.csv"
    delivery.write_text(ROWS.replace("Jansen", "Vreemd"))
    for root in (mine, other):
        client = opened(root)
        to_the_end(client)
        client.close()
    shutil.copy(other / ".tui-migrate/staging.duckdb", mine / ".tui-migrate/staging.duckdb")
    client = opened(mine)
    names = client.engine.view.cursor().execute("SELECT Naam FROM raw_crm ORDER BY 1").fetchall()
    assert names == [("De Vries",), ("Jansen",), ("Peeters",)]
    assert go_on(client).exit_code == 0
    client.close()
    assert verify(_audit(mine)).problems == []


@pytest.mark.parametrize(
    "lost", ["audit/journal.jsonl", "vault/workspace.key", "audit/seals.jsonl"]
)
def test_a_part_that_cannot_be_made_again_is_missed(
    workspace: Path, opened: Opening, lost: str
) -> None:
    client = opened(workspace)
    to_the_end(client)
    client.close()
    path = workspace / ".tui-migrate" / lost
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(DataSaysNo):
        opened(workspace)
    assert not path.exists()
    path.write_bytes(content)
    assert go_on(opened(workspace)).exit_code == 0


def test_a_seal_that_was_half_written_is_written_again(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_end(client)
    client.close()
    with (_audit(workspace) / "seals.jsonl").open("ab") as stream:
        stream.write(b'{"at":"2026')
    assert go_on(opened(workspace)).exit_code == 0
    assert verify(_audit(workspace)).problems == []


@pytest.mark.parametrize(
    "path", ["../elsewhere", "/srv/target", ".tui-migrate/audit", "deliveries/x"]
)
def test_nothing_is_written_over_what_is_not_the_targets(
    workspace: Path, opened: Opening, path: str
) -> None:
    runbook = workspace / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("exports/target", path))
    with pytest.raises(DataSaysNo, match="no place for what is written"):
        opened(workspace)
