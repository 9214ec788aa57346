"""Every screen at 80×24 and at 120×40, as it was looked at and found good.

After a wanted change: ``pytest tests/tui/test_snapshots.py --snapshot-update``, then look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced
from tests.tui.test_walk import app_on, press, settle, type_in
from tests.tui.world import World

Snap = Callable[..., bool]

SCREENS: dict[str, tuple[str, ...]] = {
    "run": (),
    "gate": ("g",),
    "sign": ("g", "a"),
    "reject": ("g", "x"),
    "checklist": ("home", "enter", "down", "enter"),
    "records": ("f", "down", "enter", "enter"),
    "mapping": ("m",),
    "review": ("p",),
    "review_split": ("p", "s", "3", "w", "down", "2"),
    "review_exclude": ("p", "e"),
    "review_unfolded": ("p", "o"),
    "review_blind": ("p", "h"),
    "review_pair": ("p", "right"),
    "review_filter": ("p", "slash"),
    "review_flag": ("p", "f"),
    "review_help": ("p", "f1"),
    "person": ("slash", "=vries hendrik", "enter"),
    "replay": ("r", "left_square_bracket"),
    "beside": ("r", "left_square_bracket", "d", "home", "d"),
    "help": ("f1",),
}


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world to look at: the pictures change nothing in it."""
    folder: Path = tmp_path_factory.mktemp("standing")
    world = advanced(fill(World(folder)))
    yield world
    world.close()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize("screen", SCREENS)
def test_screen(snap_compare: Snap, standing: World, screen: str, size: tuple[int, int]) -> None:
    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        for key in SCREENS[screen]:
            if key.startswith("="):
                await type_in(pilot, key[1:])
            else:
                await press(pilot, key)

    assert snap_compare(app_on(standing), terminal_size=size, run_before=walk)


@pytest.mark.parametrize("screen", ["run", "gate", "checklist"])
def test_in_dutch(
    snap_compare: Snap, standing: World, screen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")

    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, *SCREENS[screen])

    assert snap_compare(app_on(standing), terminal_size=(80, 24), run_before=walk)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_person_with_rights(snap_compare: Snap, make: Make, size: tuple[int, int]) -> None:
    """Restricted, and objecting to marketing."""
    from tui_migrate.audit import person_facts

    world = advanced(fill(make()))
    mine, why = ["p-crm-1200368"], world.keep("letter of 3 May")
    world.write(person_facts.Restricted(profile=mine[0], records=mine, reason=why))
    world.write(person_facts.Objected(profile=mine[0], records=mine, reason=why))

    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter", "tab")

    assert snap_compare(app_on(world), terminal_size=size, run_before=walk)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "keys",
    [("m",), ("n",), ("s", "3", "m"), ("u",), ("f", "=ring her"), ("m", "n"), ("m", "left", "z")],
    ids=["merged", "different", "split", "unsure", "flagged", "all settled", "taken back"],
)
def test_decided_cluster(
    snap_compare: Snap, make: Make, keys: tuple[str, ...], size: tuple[int, int]
) -> None:
    """What is said of a cluster once it is settled."""
    world = advanced(fill(make()))

    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, "p")
        for key in keys:
            if key.startswith("="):
                await type_in(pilot, key[1:])
            else:
                await press(pilot, key)
        if len(keys) == 1 or keys[0] in ("s", "f"):
            await press(pilot, "left")

    assert snap_compare(app_on(world), terminal_size=size, run_before=walk)


def test_running_step(snap_compare: Snap, make: Make) -> None:
    """Progress, rate and remaining time at 80×24."""
    from tui_migrate.audit import entries as facts
    from tui_migrate.engine import api

    world = make()
    world.write(facts.StepSkipped(step="questions", reason=""))
    world.write(facts.StepStarted(step="ingest", attempt=1, inputs={}))
    world.write(facts.StepPlanned(step="ingest", attempt=1, units=52))

    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        world.tell(
            api.Progress(
                step="ingest", unit="u37", done=37, total=52, rows=1204331, rate=41200, remaining=72
            )
        )
        await settle(pilot)

    assert snap_compare(app_on(world), terminal_size=(80, 24), run_before=walk)


@pytest.mark.parametrize("theme", ["light", "ansi-dark"])
def test_themes(snap_compare: Snap, standing: World, theme: str) -> None:
    app = app_on(standing)
    app.theme = theme
    assert snap_compare(app, terminal_size=(100, 30), run_before=settle)
