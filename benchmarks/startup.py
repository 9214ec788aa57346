"""How long a person waits for the first word: ``--version``, ``--help`` and the first paint."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pyte

from benchmarks.measure import look
from benchmarks.workload import CHECKOUT, environment, program

REPEAT = 7
ROWS, COLUMNS = 24, 80
PATIENCE = 60.0
PAINTED_LINES = 2
"""So many lines with something on them are a painted screen (one may be a message before it)."""
VERSION = "tui-migrate --version"
BARE = "bare Textual app, first paint"
PAINT = "tui-migrate, first paint"
STEPS = "tui-migrate, steps on the screen"
FIRST_STEP = "Back up everything"
"""Stands on the Run screen of the shipped runbook once its steps are painted."""
BARE_WORD = "painted first"

BARE_APP = f"""
from textual.app import App, ComposeResult
from textual.widgets import Footer, Header, Tree


class Bare(App[None]):
    BINDINGS = [("q", "quit", "Quit")]

    def compose(self) -> ComposeResult:
        yield Header()
        tree: Tree[None] = Tree("steps")
        tree.root.expand()
        for number in range(40):
            tree.root.add_leaf(f"{{number}} {BARE_WORD}")
        yield tree
        yield Footer()


Bare().run()
"""


@dataclass(frozen=True, slots=True)
class Wait:
    """Medians of several starts, in seconds: by the clock, and of processor time."""

    seconds: float
    cpu: float


def command(arguments: list[str]) -> Wait:
    """From exec to exit of a program that prints something and ends."""

    def once() -> Wait:
        began = time.monotonic()
        process = subprocess.Popen(
            arguments,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=CHECKOUT,
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{arguments} ended with {process.returncode}"
        return Wait(took, usage.ru_utime + usage.ru_stime)

    once()  # the first start reads the files from disk
    return _median([once() for _ in range(REPEAT)])


def first_paint(arguments: list[str], word: str) -> tuple[Wait, Wait]:
    """From exec to the first screen with something on it, and to the one on which ``word`` stands."""
    _paint(arguments, word)
    seen = [_paint(arguments, word) for _ in range(REPEAT)]
    return _median([first for first, _then in seen]), _median([then for _first, then in seen])


def _paint(arguments: list[str], word: str) -> tuple[Wait, Wait]:
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    began = time.monotonic()
    child = pexpect.spawn(
        arguments[0],
        arguments[1:],
        dimensions=(ROWS, COLUMNS),
        env={**environment(), "TERM": "xterm-256color"},
    )
    painted: Wait | None = None
    try:
        while time.monotonic() - began < PATIENCE:
            try:
                stream.feed(child.read_nonblocking(65536, timeout=0.5))
            except pexpect.TIMEOUT:
                continue
            lines = [line for line in screen.display if line.strip()]
            if len(lines) < PAINTED_LINES:
                continue
            sample = look(child.pid)
            now = Wait(time.monotonic() - began, sample.cpu if sample else 0.0)
            painted = painted or now
            if any(word in line for line in lines):
                return painted, now
        raise TimeoutError(f"{word!r} did not appear:\n" + "\n".join(screen.display))
    finally:
        _leave(child)


def _leave(child: pexpect.spawn) -> None:
    """Close the program as a person would; it must be gone before the next one starts."""
    child.send("q")
    try:
        child.expect(pexpect.EOF, timeout=5)
    except pexpect.TIMEOUT:
        child.terminate(force=True)
    child.close()


def _median(waits: list[Wait]) -> Wait:
    return Wait(
        statistics.median(w.seconds for w in waits), statistics.median(w.cpu for w in waits)
    )


def startup(root: Path) -> dict[str, Wait]:
    """All of it, on a workspace that has not run yet. The order pairs each with its yardstick."""
    bare = root.parent / "bare.py"
    bare.write_text(BARE_APP)
    waits = {
        "python -c pass": command([sys.executable, "-c", "pass"]),
        VERSION: command([*program(), "--version"]),
        "tui-migrate --help": command([*program(), "--help"]),
    }
    waits[BARE], _steps = first_paint([sys.executable, str(bare)], BARE_WORD)
    waits[PAINT], waits[STEPS] = first_paint([*program(), "-w", str(root)], FIRST_STEP)
    return waits
