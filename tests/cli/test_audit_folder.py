"""A copied audit folder needs nothing else to be read and replayed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.engine.conftest import KEY, make_workspace
from tests.engine.test_run import to_the_end
from tui_migrate.cli import run_cli
from tui_migrate.engine.client import open_client


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The folder ``.tui-migrate`` of a run that ended; its workspace is gone."""
    root = make_workspace(tmp_path / "small")
    client = open_client(root, key=KEY)
    to_the_end(client)
    client.close()
    kept = tmp_path / "kept"
    (root / ".tui-migrate").rename(kept)
    shutil.rmtree(root)
    return kept


def test_it_is_replayed_up_to_any_entry(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(state / "vault")
    audit = str(state / "audit")
    assert run_cli(["audit", "replay", "--folder", audit, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert whole["ended"] == "done"
    assert run_cli(["audit", "replay", "--folder", audit, "--to", "3", "--json"]) == 0
    part = json.loads(capsys.readouterr().out)
    assert (part["entries"], part["ended"]) == (3, "")
    assert whole["entries"] > 3


def test_its_log_has_the_words_of_a_vault_beside_it(
    state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    audit = str(state / "audit")
    assert run_cli(["audit", "log", "--folder", audit]) == 0
    assert "answered “Ready?”: “yes”" in capsys.readouterr().out
    shutil.rmtree(state / "vault")
    assert run_cli(["audit", "log", "--folder", audit]) == 0
    alone = capsys.readouterr().out
    assert "answered “Ready?”" in alone
    assert "“yes”" not in alone


def test_a_folder_without_a_journal_is_wrong_use(tmp_path: Path) -> None:
    assert run_cli(["audit", "log", "--folder", str(tmp_path)]) == 2
    assert run_cli(["audit", "replay", "--folder", str(tmp_path)]) == 2
