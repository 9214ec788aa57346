"""A person is erased while steps are to be done again, or before records are matched; and from files
that are not what they were when they were read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.erasure_world import CRM_ROWS, deliver, make, traces
from tests.e2e.program import copied, finish, run_line, start, tui

FORGET = ["forget", "crm/ZQXR100", "--reason", "asked", "--yes", "-w"]
NEW = ["R050", "Gus", "Nieuw", "Markt", "1", "2000 AA", "Breda", "gus@example.org", "", "", ""]
HERS = {"ZQXR100", "and Zqxtea,", 'every day"'}


def _until(workspace: Path, step: str) -> None:
    finished = finish(start(*run_line(workspace, "--until", step)))
    assert finished.code == 0, finished.said


def _delivered_anew(workspace: Path) -> Path:
    """The file of the CRM, with somebody new above her: every line has another number."""
    shutil.rmtree(workspace / "deliveries" / "crm" / "2026-03-01-full")
    return deliver(workspace, "2026-03-01-full", [NEW, *CRM_ROWS])


def _others(text: str) -> list[str]:
    """The lines that are not hers."""
    return [x for x in text.splitlines() if x and x.split(";")[0] not in HERS]


@pytest.mark.soak
def test_while_steps_are_done_again_all_of_her_goes_that_was_known_as_hers(
    world_done: Path, tmp_path: Path
) -> None:
    workspace = copied(world_done, tmp_path / "w")
    tui("redo", "map", "-w", workspace)
    _until(workspace, "map")  # no merge counts now, but the target has her
    said = tui(*FORGET, workspace).out
    assert "target rows" in said
    assert traces(workspace) == []


@pytest.mark.soak
def test_before_records_are_matched_it_is_said_who_may_be_she_too(tmp_path: Path) -> None:
    workspace = make(tmp_path / "w")
    _until(workspace, "map")
    said = tui(*FORGET, workspace).out
    for other in ("shop/ZQXK1", "events/ZQXE1"):
        assert f"! {other} has an address or number of his too" in said
    assert "mail/" not in said, "the e-mail platform names her number: it went with her"


@pytest.mark.soak
def test_lines_of_a_file_that_is_another_one_now_are_nobodys(
    world_done: Path, tmp_path: Path
) -> None:
    workspace = copied(world_done, tmp_path / "w")
    path = _delivered_anew(workspace)
    content = path.read_bytes()
    said = tui("forget", "crm/R300", "--reason", "asked", "--yes", "-w", workspace).out
    assert "! deliveries/crm/2026-03-01-full/people.csv is not what was read of it" in said
    assert path.read_bytes() == content

    tui("redo", "read", "-w", workspace)
    _until(workspace, "read")
    without_cees = [x for x in _others(content.decode("cp1252")) if not x.startswith("R300")]
    assert _others(path.read_text("cp1252")) == without_cees, "he came again, and only he went"

    tui(*FORGET, workspace)
    assert _others(path.read_text("cp1252")) == without_cees
    assert traces(workspace) == []
