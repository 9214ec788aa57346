"""A world per test, closed behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tui.world import World

Make = Callable[..., World]


@pytest.fixture(autouse=True)
def plain_language(monkeypatch: pytest.MonkeyPatch) -> None:
    """English, and the colours that do not depend on who runs the tests."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "NO_COLOR", "TUI_MIGRATE_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("COLORTERM", "truecolor")


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Worlds on demand."""
    made: list[World] = []

    def build(**options: Any) -> World:
        world = World(tmp_path, **options)
        made.append(world)
        return world

    yield build
    for world in made:
        world.close()
