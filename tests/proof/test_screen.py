"""In the full-screen program a gate that demands it asks for the key, says what it does, and signs."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.proof.world import make_workspace, to_the_first_gate
from tests.tui.test_walk import press, settle, type_in
from tui_migrate.engine.run import Status
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.gate import GateScreen
from tui_migrate.tui.widgets.block import Block, Field


def test_the_form_names_the_key_and_signs_with_it(tmp_path: Path) -> None:
    client = to_the_first_gate(make_workspace(tmp_path / "w", tmp_path / "signer"))
    gate = client.state.steps["read-gate"]

    async def walk() -> None:
        app = MigrateApp(client, theme="dark", pace=0.0)
        async with app.run_test(size=(120, 40)) as pilot:
            await settle(pilot)
            await press(pilot, "enter")
            assert isinstance(app.screen, GateScreen)
            await press(pilot, "a")
            assert isinstance(app.screen, Form)
            assert "ssh-keygen or your agent uses it" in app.screen.query_one("#intro", Block).plain
            await type_in(pilot, str(gate.subject))
            await type_in(pilot, "looked at")
            field = app.screen.query_one("#field-key", Field)
            assert field.value == "agent"
            field.value = str(tmp_path / "signer")
            await press(pilot, "enter")
            await settle(pilot)
            assert gate.status is Status.DONE
            app.exit(0)

    asyncio.run(walk())
    signoff = next(e.fact for e in client.entries() if type(e.fact).__name__ == "SignedOff")
    assert getattr(signoff, "key", "").startswith("SHA256:")
    client.close()
