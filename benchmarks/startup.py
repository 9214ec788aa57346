"""How long a person waits for the first word: ``--version``, ``--help`` and the first paint."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pexpect
import pyte

from benchmarks.measure import look
from benchmarks.workload import CHECKOUT, program

REPEAT = 7
ROWS, COLUMNS = 24, 80
PATIENCE = 60.0
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
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=CHECKOUT
        )
        _pid, status, usage = os.wait4(process.pid, 0)
        took = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, f"{arguments} ended with {process.returncode}"
        return Wait(took, usage.ru_utime + usage.ru_stime)

    return _median(once)


def first_paint(arguments: list[str], word: str) -> Wait:
    """From exec to the first terminal screen on which ``word`` stands."""
    return _median(lambda: _paint(arguments, word))


def _paint(arguments: list[str], word: str) -> Wait:
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    began = time.monotonic()
    child = pexpect.spawn(
        arguments[0],
        arguments[1:],
        dimensions=(ROWS, COLUMNS),
        env={**os.environ, "TERM": "xterm-256color"},
    )
    try:
        while time.monotonic() - began < PATIENCE:
            try:
                stream.feed(child.read_nonblocking(65536, timeout=0.5))
            except pexpect.TIMEOUT:
                continue
            if any(word in line for line in screen.display):
                seen = look(child.pid)
                return Wait(time.monotonic() - began, seen.cpu if seen else 0.0)
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


def _median(once: Callable[[], Wait]) -> Wait:
    once()  # the first start reads the files from disk
    waits = [once() for _ in range(REPEAT)]
    return Wait(
        statistics.median(w.seconds for w in waits), statistics.median(w.cpu for w in waits)
    )


def startup(root: Path) -> dict[str, Wait]:
    """All of it, on a workspace that has not run yet. The order pairs each with its yardstick."""
    bare = root.parent / "bare.py"
    bare.write_text(BARE_APP)
    return {
        "python -c pass": command([sys.executable, "-c", "pass"]),
        "tui-migrate --version": command([*program(), "--version"]),
        "tui-migrate --help": command([*program(), "--help"]),
        "bare Textual app, first paint": first_paint([sys.executable, str(bare)], BARE_WORD),
        "tui-migrate, first paint": first_paint([*program(), "-w", str(root)], FIRST_STEP),
    }
