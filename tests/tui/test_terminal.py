"""In a real terminal: a lost connection leaves cleanly, and idleness costs nothing."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pexpect
import pytest

from tests.tui.test_hostile import leave, quiet

PROGRAM = """
import sys
from pathlib import Path
from tests.tui.world import World
from tui_migrate.tui.app import run_app
world = World(Path(sys.argv[1]))
code = run_app(world)
Path(sys.argv[1], "left").write_text(str(code))
world.close()
sys.exit(code)
"""


def start(folder: Path, **extra: str) -> pexpect.spawn:
    """The interface in a terminal of 80×24, up to its first paint."""
    child = pexpect.spawn(
        sys.executable,
        ["-c", PROGRAM, str(folder)],
        dimensions=(24, 80),
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8",
             "HOME": str(folder), **extra},
        timeout=30,
    )  # fmt: skip
    child.expect(b"Next:")
    return child


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 130), (signal.SIGTERM, 130)])
def test_a_lost_connection_leaves_cleanly(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    child = start(tmp_path)
    quiet(child)
    child.kill(number)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == code
    assert (tmp_path / "left").read_text() == str(code), "what follows the interface was done"


def test_idle_sends_nothing_and_no_colour_is_honoured(tmp_path: Path) -> None:
    child = start(tmp_path, NO_COLOR="1")
    quiet(child, 0.5)
    assert any(quiet(child, 2.0) == b"" for _until_painted in range(4))
    child.send("f")
    child.expect(b"Findings")
    shown = child.before + child.after + quiet(child, 0.5)
    assert b"38;2;" not in shown, "no colour codes where NO_COLOR is set"
    leave(child)
