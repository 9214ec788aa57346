"""Deadlines and delegation where an engine serves its socket."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.people import ANN, says, set_clock, several, to_second_gate
from tests.engine.test_server import wait_for
from tui_migrate.audit.gate_facts import FellDue
from tui_migrate.engine import api, server
from tui_migrate.engine.attach import attach
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.identity import User
from tui_migrate.engine.server import Server

Opening = Callable[[Path], InProcessClient]


class Serving:
    """A server in a thread of this process, so that a test can set its clock."""

    def __init__(self, client: InProcessClient) -> None:
        self._client = client
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self.server = Server(self._client.engine, stay=True)
        self._loop = asyncio.get_running_loop()
        await self.server.serve(self._ready.set)

    def __enter__(self) -> Serving:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_args: object) -> None:
        with suppress(RuntimeError):  # a client has ended it
            self._loop.call_soon_threadsafe(self.server.end)
        self._thread.join()


def test_an_engine_that_lives_journals_what_falls_due(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "TICK", 0.05)
    client = opened(
        several(tmp_path / "several", gate="deadline: {hours: 1, escalate_to: privacy}")
    )
    to_second_gate(client)
    clock = set_clock(client)

    def due() -> int:
        return sum(isinstance(e.fact, FellDue) for e in client.engine.core.journal.entries)

    with Serving(client):
        assert due() == 0
        clock.pass_by(hours=2)
        wait_for(lambda: due() == 1)
    assert due() == 1


def test_who_has_no_role_comes_in_with_one_that_is_lent_to_him(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel names somebody of whom the runbook knows nothing."""
    root = several(tmp_path / "several")
    client = opened(root)
    to_second_gate(client)
    day = set_clock(client).day(1)
    stranger = User("daemon", 1, frozenset(), 1)
    monkeypatch.setattr(server, "peer_user", lambda _connection: stranger)
    with Serving(client):
        with pytest.raises(Exception, match="no role"):
            attach(root)
        lend = api.Delegate(role="lead", to="daemon", until=day, reason="ill")
        assert says(client, ANN, lend).ok
        guest = attach(root)
        assert guest is not None
        assert guest.identity.roles == ("lead",)
        sign = api.Sign(gate="gate", decision="approve", typed=guest.state.steps["gate"].subject)
        assert guest.send(sign).ok
        assert guest.state.steps["gate"].signoffs[-1].people == {"daemon", "ann"}
        guest.close()
