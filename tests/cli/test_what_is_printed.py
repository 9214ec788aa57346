"""What the command line prints does no harm to a terminal, and says what a person can do."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.program import environment, tui
from tests.engine.conftest import make_workspace
from tui_migrate.cli import run_cli
from tui_migrate.cli.common import print_json, result, say
from tui_migrate.errors import Exit
from tui_migrate.printable import printable_json, printable_lines

NASTY = "Jan\x1b]0;owned\x07 \u202eneJ\x9b2J\nnext"


def test_control_characters_of_data_never_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say(NASTY)
    result(NASTY)
    printed = capsys.readouterr()
    assert printed.out == printed.err == "Jan␛]0;owned␇ \ufffdneJ\ufffd2J\nnext\n"


def test_json_stays_the_same_value(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"name": NASTY, "town": "’s-Gravenhage", "smile": "😀", "tag": "\U000e0041"}
    print_json(value)
    printed = capsys.readouterr().out
    assert json.loads(printed) == value
    assert printed.replace("\n", "").isprintable()
    assert "’s-Gravenhage" in printed


@given(st.text())
def test_any_text_is_printable_line_by_line(text: str) -> None:
    shown = printable_lines(text)
    assert shown.count("\n") == text.count("\n")
    assert shown.replace("\n", "").isprintable()
    assert json.loads(printable_json(json.dumps(text, ensure_ascii=False))) == text


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device", "x"),
        shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
        RuntimeError("IO Error: could not write: No space left on device"),
    ],
)
def test_a_full_disk_is_said_in_words_whatever_met_it(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(*_arguments: object, **_options: object) -> None:
        raise ValueError("the log neither") from error

    monkeypatch.setattr(typer.main, "get_command", full)
    assert run_cli(["status"]) == 2
    assert capsys.readouterr().err == (
        "The disk is full.\n  Make room, then do it again. What was committed stays.\n"
    )


def test_another_refusal_of_the_system_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", "/mnt/x")

    monkeypatch.setattr(typer.main, "get_command", refuse)
    assert run_cli(["status"]) == 2
    assert capsys.readouterr().err == "The system refuses: Read-only file system: /mnt/x\n"


def test_a_folder_in_the_place_of_a_command_is_told_how_it_is_opened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "my run"
    folder.mkdir()
    assert run_cli([str(folder)]) == 2
    assert f"tui-migrate -w '{folder}'" in capsys.readouterr().err
    assert run_cli(["nosuch"]) == 2
    assert "--help lists" in capsys.readouterr().err


def test_in_process_counts_before_a_command_as_behind_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []

    def noted(*_given: object, in_process: bool, **_more: object) -> int:
        seen.append(in_process)
        return 0

    monkeypatch.setattr("tui_migrate.cli.runs.run_headless", noted)
    (tmp_path / "runbook.yaml").write_text("runbook: x\n")
    for line in (["--in-process", "run", "--headless"], ["run", "--headless", "--in-process"],
                 ["run", "--headless"]):  # fmt: skip
        assert run_cli([*line, "-w", str(tmp_path)]) == 0
    assert seen == [True, True, False]


@pytest.mark.parametrize("where", [[], ["--in-process"]])
def test_a_run_goes_on_when_whoever_read_its_messages_is_gone(
    where: list[str], tmp_path: Path
) -> None:
    workspace = make_workspace(tmp_path / "small")
    reading, writing = os.pipe()
    os.close(reading)
    line = [sys.executable, "-m", "tui_migrate", "run", "--headless", *where, "-w", str(workspace)]
    done = subprocess.run(
        line, stderr=writing, stdin=subprocess.DEVNULL, env=environment(), check=False, timeout=60
    )
    os.close(writing)
    assert done.returncode == Exit.WAITING
    tui("stop", "-w", workspace)
