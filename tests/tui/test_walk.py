"""By keyboard alone from an empty run to its signed end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.world import World
from tui_migrate.engine import api
from tui_migrate.engine.run import Status
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.checklist import ChecklistScreen
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.gate import GateScreen
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.widgets.block import Block


async def settle(pilot: Pilot[int]) -> None:
    """Until threads have answered and what they posted is drawn."""
    await pilot.pause()
    while any(not worker.is_finished for worker in pilot.app.workers):
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press as somebody does who looks: the next key when what the last one asked for is shown."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


async def type_in(pilot: Pilot[int], text: str) -> None:
    """Type by one paste, as terminals hand it over, then Enter."""
    await pilot.pause()
    pilot.app.post_message(events.Paste(text))
    await press(pilot, "enter")


def advice(app: MigrateApp) -> str:
    """The line that says what to press next."""
    return app.screen.query_one("#next", Block).plain


def app_on(world: World) -> MigrateApp:
    return MigrateApp(world, theme="dark", pace=0.0)


def test_the_whole_walk(make: Make, tmp_path: Path) -> None:
    evidence = tmp_path / "r.pdf"
    evidence.write_text("restored")
    world = make(roles=("lead", "privacy"))

    async def walk() -> None:
        app = app_on(world)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            assert isinstance(app.screen, RunScreen)
            assert "answer 5 questions" in advice(app)
            await press(pilot, "enter")
            assert isinstance(app.screen, ChecklistScreen)
            await press(pilot, "y")
            await press(pilot, "enter")
            await type_in(pilot, "12 x")
            assert isinstance(app.screen, Form), "a wrong number stays open"
            await press(pilot, "backspace", "enter")
            await press(pilot, "enter")
            await type_in(pilot, "1-4-2026")
            await press(pilot, "enter", "down", "enter")
            await press(pilot, "enter")
            await type_in(pilot, str(evidence))
            said = {
                i: world.words(a.answer) for i, a in world.state.steps["questions"].answers.items()
            }
            assert said == {
                "owner": "yes",
                "systems": "12",
                "cutover": "2026-04-01",
                "method": "in waves",
                "report": "r.pdf",
            }
            await press(pilot, "c")
            assert isinstance(app.screen, RunScreen)
            assert "open gate “Gate: quality”" in advice(app)
            await press(pilot, "enter")
            assert isinstance(app.screen, GateScreen)
            await press(pilot, "a")
            await type_in(pilot, "12481")
            assert isinstance(app.screen, Form), "another number does not sign"
            await press(pilot, "backspace", "0", "enter")
            await type_in(pilot, "fine")
            assert world.state.steps["quality-gate"].status is Status.DONE
            assert world.words(world.state.steps["quality-gate"].signoffs[0].comment) == "fine"
            await press(pilot, "escape", "enter")
            assert "Go or no go" in advice(app)
            await press(pilot, "enter")
            await press(pilot, "a")
            await type_in(pilot, "12 480")
            await press(pilot, "enter")
            await press(pilot, "escape")
            app.exit(0)

    asyncio.run(walk())
    signs = [c for c in world.sent if isinstance(c, api.Sign)]
    assert [c.typed for c in signs] == [12480, 12480]


def test_enter_starts_nothing_that_waits_for_a_sign_off(make: Make) -> None:
    world = make()
    for _item in ("owner", "systems", "cutover", "method", "report"):
        world.send(api.Answer(step="questions", item=_item, answer="x"))
    world.send(api.Run())

    async def walk() -> None:
        app = app_on(world)
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            await press(pilot, *["enter"] * 8)
            assert world.state.steps["quality-gate"].status is Status.WAITING

    asyncio.run(walk())


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_a_failing_check_is_waived_with_a_reason(make: Make, size: tuple[int, int]) -> None:
    world = make(failing=True)
    for _item in ("owner", "systems", "cutover", "method", "report"):
        world.send(api.Answer(step="questions", item=_item, answer="x"))
    world.send(api.Run())

    async def walk() -> None:
        app = app_on(world)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            assert "w waive or R redo" in advice(app)
            await press(pilot, "w", "enter", "enter")
            assert isinstance(app.screen, Form), "no reason, no waiver"
            await type_in(pilot, "known")
            check = world.state.steps["quality"].checks["e-mail filled"]
            assert world.words(check.waived_reason) == "known"
            assert world.state.steps["quality"].status is Status.DONE

    asyncio.run(walk())
