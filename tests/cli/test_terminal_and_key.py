"""Where the program takes the key of the back-ups from, and when it believes that a person looks on."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tui_migrate.cli import run_cli
from tui_migrate.cli.common import KEY_FILE, KEY_FILE_VARIABLE, PASSPHRASE_VARIABLE, find_key


def test_what_is_named_comes_before_the_key_of_a_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / KEY_FILE).write_text("lies beside the data\n")
    own, other = tmp_path / "own.key", tmp_path / "other.key"
    own.write_text("a key of my own\n")
    other.write_text("another key of mine\n")
    monkeypatch.delenv(KEY_FILE_VARIABLE, raising=False)
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)
    assert find_key(tmp_path, None) == b"lies beside the data"
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "typed by hand")
    assert find_key(tmp_path, None) == b"typed by hand"
    monkeypatch.setenv(KEY_FILE_VARIABLE, str(other))
    assert find_key(tmp_path, None) == b"another key of mine"
    assert find_key(tmp_path, own) == b"a key of my own"


def test_a_screen_that_would_be_drawn_into_a_file_is_not_opened(tmp_path: Path) -> None:
    """The full-screen program draws on stderr."""
    assert run_cli(["new", str(tmp_path / "w")]) == 0
    ours, theirs = pty.openpty()
    with (tmp_path / "errors").open("w+") as errors:
        ended = subprocess.run(
            [sys.executable, "-m", "tui_migrate", "-w", str(tmp_path / "w")],
            stdin=theirs,
            stdout=theirs,
            stderr=errors,
            timeout=60,
            check=False,
        )
        errors.seek(0)
        said = errors.read()
    os.close(ours)
    os.close(theirs)
    assert ended.returncode == 2
    assert "--headless" in said
    assert "\x1b" not in said
