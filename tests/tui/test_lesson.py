"""What decisions teach, by keyboard: looked at, proposed, accepted with a typed number."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.engine.review_world import made, waiting
from tests.tui.test_screens import text
from tests.tui.test_walk import press, settle, type_in
from tui_migrate.engine import api
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.lesson import LessonScreen
from tui_migrate.tui.widgets.block import Block


def test_a_lesson_is_accepted_by_keyboard(tmp_path: Path) -> None:
    client = waiting(made(tmp_path / "doubts", 4))
    for n in range(3):
        command = api.Decide(
            source_a="crm", record_a=f"C{n}", source_b="mail", record_b=f"M{n}", decision="merge"
        )
        assert client.send(command).ok

    async def play() -> None:
        app = MigrateApp(client, theme="dark", pace=0.0)
        async with app.run_test(size=(100, 30)) as pilot:
            await settle(pilot)
            await press(pilot, "t")
            assert "3 decided pairs, 3 of them one person" in said(app)
            assert "Next: p propose it to who signs the gate" in text(app, "#next")
            await press(pilot, "a")  # nothing waits yet
            assert isinstance(app.screen, LessonScreen)
            await press(pilot, "p")
            assert "gate look still needs: lead" in said(app)
            assert "Next: a accept · x reject" in text(app, "#next")
            await press(pilot, "a")
            await type_in(pilot, "4")
            assert isinstance(app.screen, Form)  # that is another number
            await press(pilot, "backspace")
            await type_in(pilot, "3")
            await press(pilot, "enter")
            assert "What was accepted and counts" in said(app)

    asyncio.run(play())
    assert [bool(p.accepted) for p in client.state.proposals.values()] == [True]
    client.close()


def said(app: MigrateApp) -> str:
    return app.screen.query_one("#lesson", Block).plain
