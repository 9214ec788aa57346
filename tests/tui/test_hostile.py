"""Whatever stands in the data: no screen crashes, nothing acts, no raw control reaches the terminal."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pexpect
import pytest
from textual.pilot import Pilot

from tests.tui.hostile import hostile
from tests.tui.test_walk import app_on, press, settle, type_in
from tui_migrate.tui.app import MigrateApp

FORBIDDEN = (
    b"\x1b]0;TITLE",
    b"\x1b]52;",
    b"\x1b[31;166m",
    "\x9b".encode(),
    b"\x9b31",
    "\u202e".encode(),
    "\u2066".encode(),
    b"\x00",
)

TOUR: tuple[tuple[str, ...], ...] = (
    ("w", "escape"),
    ("R", "escape"),
    ("g",),
    ("h",),
    ("a", "escape"),
    ("c", "escape"),
    ("x", "escape", "escape"),
    ("f",),
    ("enter",),
    ("enter",),
    ("escape", "escape", "e", "enter", "escape", "escape"),
    ("m", "u", "escape"),
    ("p", "o", "m", "z", "s", "2", "b", "h", "f", "escape", "slash", "escape", "g", "1", "escape"),
    ("escape", "escape"),
    ("r", "left_square_bracket", "left", "escape"),
    ("home", "enter", "down", "enter"),
    ("down", "enter", "escape", "down", "down", "enter", "escape", "escape"),
    ("f1", "escape"),
)


SCROLLBAR = ("grab", "release", "scroll_up", "scroll_down")


def assert_harmless(app: MigrateApp, key: str) -> None:
    """Nothing on screen would run an action when clicked, and every character is printable."""
    for strip in app.screen._compositor.render_strips():
        for segment in strip:
            assert segment.text.isprintable(), (key, segment.text)
            meta = segment.style.meta if segment.style else {}
            acts = [v for k, v in meta.items() if k.startswith("@") and v not in SCROLLBAR]
            assert not acts, (key, acts)


@pytest.mark.parametrize("size", [(80, 24), pytest.param((130, 40), marks=pytest.mark.soak)])
def test_every_screen_survives_hostile_texts(tmp_path: Path, size: tuple[int, int]) -> None:
    world = hostile(tmp_path)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        for stop in TOUR:
            for key in stop:
                await pilot.press(key)
                await settle(pilot)
                assert_harmless(app, key)
        await press(pilot, "slash")
        await type_in(pilot, "pwned")
        await press(pilot, "enter")
        assert_harmless(app, "enter")

    async def run() -> None:
        app = app_on(world)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await story(app, pilot)

    try:
        asyncio.run(run())
    finally:
        world.close()


KEYS = {"enter": "\r", "escape": "\x1b", "left": "\x1b[D", "down": "\x1b[B", "home": "\x1b[H",
        "left_square_bracket": "[", "f1": "\x1bOP", "slash": "/"}  # fmt: skip


def quiet(child: pexpect.spawn, seconds: float = 0.15, most: float = 8.0) -> bytes:
    """What the terminal gets until nothing comes for a while."""
    got, last, start = b"", time.monotonic(), time.monotonic()
    while time.monotonic() - last < seconds and time.monotonic() - start < most:
        try:
            got += child.read_nonblocking(65536, timeout=0.05)
            last = time.monotonic()
        except pexpect.TIMEOUT:
            continue
    return got


def leave(child: pexpect.spawn) -> bytes:
    """Leave from wherever; what the terminal gets until the program has ended."""
    for _again in range(10):  # behind an escape a busy machine reads it as alt+q
        child.send("q")
        if child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=5) == 0:
            break
    got: bytes = child.before
    child.close()
    return got


@pytest.mark.soak
def test_the_terminal_gets_no_raw_control(tmp_path: Path) -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "tests.tui.hostile", str(tmp_path)],
        dimensions=(30, 100),
        env={"PATH": "/usr/bin:/bin", "TERM": "xterm-256color", "LANG": "C.UTF-8",
             "COLORTERM": "truecolor", "HOME": str(tmp_path)},
        timeout=30,
    )  # fmt: skip
    child.expect(b"PWNED")
    got = child.before + child.after + quiet(child, 1.0)
    for stop in TOUR:
        for key in stop:
            child.send(KEYS.get(key, key))
            got += quiet(child)
    got += leave(child)
    assert b"Traceback" not in got
    assert child.exitstatus == 0
    assert got.count(b"PWNED") > 50, "the texts were really shown"
    for bad in FORBIDDEN:
        assert bad not in got, bad
