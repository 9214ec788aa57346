"""A person at a terminal: the program in a pseudo-terminal, its screen as a person sees it, keys."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte

from tests.e2e.program import environment

KEYS = {
    "enter": "\r",
    "esc": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "end": "\x1b[F",
    "home": "\x1b[H",
    "F1": "\x1bOP",
    "ctrl+c": "\x03",
}
PATIENCE = 60.0
"""Seconds after which a screen counts as not coming; generous, for busy machines."""
FRAME = str.maketrans("│╭╮╰╯─┌┐└┘", " " * 10)


class Terminal:
    """``tui-migrate ARGUMENTS`` in a terminal of ``columns`` × ``rows``; killed on leaving. ``through``:
    the command line that starts the program, if not this very Python."""

    def __init__(
        self,
        *arguments: str | Path,
        columns: int = 120,
        rows: int = 40,
        through: Sequence[str] = (sys.executable, "-m", "tui_migrate"),
    ) -> None:
        self.child = pexpect.spawn(
            through[0],
            [*through[1:], *map(str, arguments)],
            dimensions=(rows, columns),
            env={**environment(), "TERM": "xterm-256color"},
            timeout=PATIENCE,
        )
        self.child.delaybeforesend = None
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.received = 0
        """Bytes that the program sent."""
        self.looked: list[str] = []
        """The screens at which keys were pressed, each with the key in its first line."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.child.isalive():
            self.child.close(force=True)

    @property
    def text(self) -> str:
        """What stands on the screen, line by line."""
        return "\n".join(line.rstrip() for line in self._lines())

    def _lines(self) -> list[str]:
        """As ``Screen.display``, without its measuring of every character."""
        buffer, columns = self._screen.buffer, range(self._screen.columns)
        return ["".join([buffer[y][x].data for x in columns]) for y in range(self._screen.lines)]

    @property
    def plain(self) -> str:
        """The same without frames, and with single spaces."""
        return re.sub(r"\s+", " ", self.text.translate(FRAME))

    @property
    def next(self) -> str:
        """What the screen says to press next."""
        found = re.findall(r"^ ?Next: (.*)$", self.text, re.MULTILINE)
        return found[-1] if found else ""

    def listen(self, seconds: float = 0.05) -> bool:
        """Show what comes within ``seconds``; whether anything came."""
        try:
            got = self.child.read_nonblocking(1 << 16, timeout=seconds)
        except pexpect.TIMEOUT:
            return False
        self.received += len(got)
        self._stream.feed(got)
        return True

    def until(self, there: str | Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until a pattern stands on the screen, or something is so."""

        def seen() -> object:
            return re.search(there, self.text) if isinstance(there, str) else there()

        deadline = time.monotonic() + patience
        while not seen():
            try:
                while not self.listen():
                    assert time.monotonic() < deadline, f"{there} never came:\n{self.text}"
            except pexpect.EOF:
                raise AssertionError(f"the program ended before {there}\n{self.text}") from None
            assert time.monotonic() < deadline, f"{there} never came:\n{self.text}"

    def until_other(self, shown: Callable[[], object], before: object) -> None:
        """Wait until something is shown that is not what was shown before."""
        self.until(lambda: shown() not in ("", before))

    def press(self, *keys: str) -> None:
        """Press keys by their names, or letters."""
        for key in keys:
            self.looked.append(f"[{key}]\n{self.text}")
            self.child.send(KEYS.get(key, key))

    def type(self, label: str, text: str) -> None:
        """Once the cursor stands under ``label``: type a text, and Enter when it stands there."""
        self.until(lambda: self._cursor_under(label))
        line = self._cursor_under(label)
        self.child.send(text)
        self.until(lambda: text[-20:] in self._lines()[line])
        self.press("enter")

    def _cursor_under(self, label: str) -> int:
        """The line on which the interface draws its cursor, if that is under ``label``; else 0."""
        for above, shown in enumerate(self._lines()[:-1]):
            cells = self._screen.buffer[above + 1]
            if label in shown and any(cells[x].bg == "white" for x in cells):
                return above + 1
        return 0

    def ended(self) -> int | None:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                self.listen()
        except pexpect.EOF:
            self.child.wait()
            code: int | None = self.child.exitstatus
            return code
        raise AssertionError(f"the program does not end:\n{self.text}")
