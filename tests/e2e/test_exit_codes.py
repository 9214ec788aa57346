"""The exit codes that people script against."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.program import copied, facts, tui


@pytest.mark.parametrize(
    "command", [["-w", "{}"], ["run", "-w", "{}"], ["demo", "{}"]], ids=["open", "run", "demo"]
)
def test_without_a_terminal_it_says_how_to_run_headless(fresh: Path, command: list[str]) -> None:
    finished = tui(*[part.format(fresh) for part in command], code=2)
    assert "--headless" in finished.err
    assert "\x1b" not in finished.said


def test_reaching_until_is_a_success(fresh: Path) -> None:
    tui("run", "-w", fresh, "--headless", "--until", "backup-deliveries")
    assert [f["step"] for f in facts(fresh, "step.finished")] == ["backup-deliveries"]


def test_a_run_without_decisions_waits_with_3_and_says_for_what(fresh: Path) -> None:
    finished = tui("run", "-w", fresh, "--headless", code=3)
    assert "restore-old-system waits for answers: restored" in finished.err
    again = tui("run", "-w", fresh, "--headless", code=3)
    assert "restore-old-system" in again.err


def test_a_waiting_gate_is_signed_from_the_command_line_and_the_run_goes_on(
    merged: Run, tmp_path: Path
) -> None:
    workspace = copied(merged.workspace, tmp_path / "signed")
    waiting = tui("run", "-w", workspace, "--headless", code=3).err
    evidence = re.search(r"payment-gate .* Evidence ([0-9a-f]{64})", waiting)
    assert evidence, waiting
    wrong = tui("sign", "payment-gate", "--evidence", "0" * 64, "-w", workspace, code=1)
    assert "evidence" in wrong.err
    finished = tui("sign", "payment-gate", "--evidence", evidence[1], "--json", "-w", workspace)
    said = json.loads(finished.out)
    assert (said["gate"], said["decision"], said["evidence"]) == (
        "payment-gate", "approve", evidence[1],
    )  # fmt: skip
    assert (said["status"], said["needs"]) == ("done", {})
    assert said["head"] in tui("status", "-w", workspace).out
    signed = facts(workspace, "gate.signed")[-1]
    assert (signed["gate"], signed["bound"]) == ("payment-gate", True)


@pytest.mark.parametrize(
    "command",
    [
        ["no-such-command"],
        ["run", "--no-such-option"],
        ["export", "no-such-table", "-o", "x.csv", "-w", "{}"],
        ["export", "fates", "-o", "x.docx", "-w", "{}"],
        ["run", "-w", "{}", "--headless", "--until", "no-such-step"],
        ["run", "-w", "{}", "--headless", "--decisions", "no-such-file.yaml"],
        ["status", "-w", "/proc/nowhere"],
        ["audit", "verify", "/proc/nowhere"],
        ["restore", "no-such-back-up", "x", "-w", "{}"],
        ["new", "{}"],
        ["demo", "new-folder", "--headless", "--runbook", "no-such-runbook"],
    ],
    ids=" ".join,
)
def test_wrong_use_ends_with_2_and_a_sentence(fresh: Path, command: list[str]) -> None:
    finished = tui(*[part.format(fresh) for part in command], code=2, cwd=fresh.parent)
    assert finished.err.strip()
    assert finished.out == ""


def test_results_go_to_stdout_and_messages_to_stderr(merged: Run) -> None:
    status = tui("status", "-w", merged.workspace, "--json")
    assert status.out.startswith("{")
    assert status.err == ""


def test_the_version_is_told_at_once() -> None:
    assert re.fullmatch(r"tui-migrate \S+\n", tui("--version").out)
