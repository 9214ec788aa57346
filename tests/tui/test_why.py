"""Why somebody looks at persons is asked once, stands in the top line and goes along with every look."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.engine.person_world import RUNBOOK, made, run
from tests.tui.test_walk import press, settle, type_in
from tui_migrate.audit.person_facts import Looked
from tui_migrate.engine.client import InProcessClient
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.people import PeopleScreen
from tui_migrate.tui.screens.person import PersonScreen
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.widgets.block import Block

WHY = "complaint 12"
Story = Callable[[MigrateApp, Pilot[int]], Awaitable[None]]
REQUIRED = RUNBOOK.replace("consent:", "looking: {reason: required}\nconsent:")


def _finished(folder: Path, runbook: str) -> Iterator[InProcessClient]:
    client = run(made(folder / "w", runbook=runbook))
    yield client
    client.shut()


@pytest.fixture(scope="module")
def optional(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessClient]:
    """A finished run with its engine, of a runbook that wants no reason."""
    yield from _finished(tmp_path_factory.mktemp("optional"), RUNBOOK)


@pytest.fixture(scope="module")
def required(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessClient]:
    """The same of one that wants a reason."""
    yield from _finished(tmp_path_factory.mktemp("required"), REQUIRED)


def tell(client: InProcessClient, story: Story) -> list[tuple[str, str]]:
    """Play a story at 80×24; the looks that it left in the journal, each with why."""
    before = len(client.entries())

    async def play() -> None:
        app = MigrateApp(client, theme="dark", pace=0.0)
        async with app.run_test(size=(80, 24)) as pilot:
            await settle(pilot)
            await story(app, pilot)

    asyncio.run(play())
    return [
        (e.fact.what, client.words(e.fact.reason))
        for e in client.entries(before + 1)
        if isinstance(e.fact, Looked)
    ]


def shown(app: MigrateApp, block: str) -> str:
    """What stands in a block."""
    return app.screen.query_one(block, Block).plain


def test_a_runbook_that_wants_a_reason_has_it_asked_once(
    required: InProcessClient,
) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "bos")
        assert isinstance(app.screen, Form)
        await press(pilot, "enter")
        assert isinstance(app.screen, Form), "an empty reason is none"
        await type_in(pilot, WHY)
        assert isinstance(app.screen, PeopleScreen)
        assert shown(app, "#about") == "1 person fits."
        assert f"“{WHY}”" in shown(app, "#top")
        await press(pilot, "enter")
        assert isinstance(app.screen, PersonScreen)
        assert "Piet Bos" in shown(app, "#who")
        assert f"“{WHY}”" in shown(app, "#top")
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, RunScreen)
        assert WHY not in shown(app, "#top")
        await press(pilot, "m")
        assert f"“{WHY}”" in shown(app, "#top")

    looks = tell(required, story)
    assert looks == [("search", WHY), ("person", WHY), ("examples", WHY)]


def test_who_does_not_say_why_sees_nothing(required: InProcessClient) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "bos")
        await press(pilot, "escape")
        assert isinstance(app.screen, PeopleScreen)
        assert "fits" not in shown(app, "#about")
        await press(pilot, "enter")
        assert isinstance(app.screen, Form), "another search asks again"
        await press(pilot, "escape", "escape")
        await press(pilot, "m")
        assert isinstance(app.screen, Form)
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)

    assert tell(required, story) == []


def test_a_reason_can_be_said_and_changed_where_none_is_wanted(
    optional: InProcessClient,
) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        assert "F2" in shown(app, "#about")
        await type_in(pilot, "bos")
        assert isinstance(app.screen, PeopleScreen)
        assert shown(app, "#about") == "1 person fits."
        await press(pilot, "enter")
        assert "F2 why" in shown(app, "#keys")
        await press(pilot, "f2")
        await type_in(pilot, "first")
        assert "“first”" in shown(app, "#top")
        await press(pilot, "escape")
        await press(pilot, "f2")
        await press(pilot, *["backspace"] * len("first"))
        await type_in(pilot, "second")
        await press(pilot, "enter")
        assert isinstance(app.screen, PersonScreen)
        assert "“second”" in shown(app, "#top")

    looks = tell(optional, story)
    assert looks == [("search", ""), ("person", ""), ("person", "second")]


def test_a_long_reason_leaves_the_top_line_its_room(optional: InProcessClient) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await press(pilot, "f2")
        await type_in(
            pilot, "the complaint of 3 May about a letter that came twice, number 12/2026"
        )
        top = shown(app, "#top")
        assert "persons" in top
        assert "“the complaint of 3 May" in top
        assert len(top) <= 80

    tell(optional, story)
