"""The command that tells people when something begins to wait for them."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.people import ANN, approves, set_clock, several, to_second_gate
from tui_migrate.audit.gate_facts import HookFailed
from tui_migrate.engine import api, gate_hooks
from tui_migrate.engine.client import InProcessClient

Opening = Callable[[Path], InProcessClient]
NOTE = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read())"
DEADLINE = "deadline: {hours: 48, escalate_to: privacy, expire: true}"


def telling(program: str, *arguments: object) -> str:
    """``hooks:`` of a runbook: a Python program with its arguments."""
    return (
        "hooks: {waiting: "
        + json.dumps([sys.executable, "-c", program, *map(str, arguments)])
        + "}"
    )


def failures(client: InProcessClient) -> list[tuple[str, str]]:
    facts = [e.fact for e in client.entries()]
    return [(f.step, f.code) for f in facts if isinstance(f, HookFailed)]


def test_it_hears_what_waits_for_whom_and_nothing_of_persons(
    tmp_path: Path, opened: Opening
) -> None:
    told = tmp_path / "told"
    root = several(tmp_path / "several", top=telling(NOTE, told), gate=DEADLINE)
    client = opened(root)
    to_second_gate(client)
    clock = set_clock(client)
    clock.pass_by(hours=49)
    assert client.send(api.Due()).ok
    head = client.state.head
    client.close()
    heard = [json.loads(line) for line in told.read_text().splitlines()]
    assert [(h["step"], h["kind"], h["roles"]) for h in heard] == [
        ("first", "gate", ["lead"]),
        ("questions", "checklist", []),
        ("gate", "gate", ["lead"]),
        ("gate", "escalated", ["privacy"]),
        ("gate", "expired", ["privacy"]),
    ]
    assert {h["workspace"] for h in heard} == {str(root)}
    assert heard[-1]["head"] == head
    assert set(heard[0]) == {"workspace", "step", "kind", "roles", "head"}


@pytest.mark.parametrize(
    ("program", "limit", "code"),
    [
        ("raise SystemExit(7)", gate_hooks.LIMIT, "exit 7"),
        ("import time; time.sleep(60)", 0.3, "timeout"),
    ],
)
def test_a_command_that_fails_is_journalled_and_stops_nothing(
    tmp_path: Path,
    opened: Opening,
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    limit: float,
    code: str,
) -> None:
    monkeypatch.setattr(gate_hooks, "LIMIT", limit)
    client = opened(several(tmp_path / "several", top=telling(program)))
    assert client.run_here().step == "first"
    client.engine._hooks.close()
    assert failures(client) == [("first", code)]
    assert approves(client, ANN, "first").ok
    assert client.run_here().step == "questions"


def test_a_command_that_is_not_there_is_journalled_by_a_code(
    tmp_path: Path, opened: Opening
) -> None:
    client = opened(several(tmp_path / "several", top="hooks: {waiting: [/nowhere/notify]}"))
    client.run_here()
    client.engine._hooks.close()
    assert failures(client) == [("first", "not found")]


def test_what_it_started_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its children too: they would outlive the engine. Who holds the pipe open lives."""
    monkeypatch.setattr(gate_hooks, "LIMIT", 1.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    held = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    program = "echo begun > pipe; sleep 60 > pipe & wait"
    assert gate_hooks.run(["sh", "-c", program], {}, str(tmp_path)) == "timeout"
    heard = b""
    while said := _told(held):
        heard += said
    os.close(held)
    assert heard == b"begun\n"


def _told(pipe: int) -> bytes:
    """What comes next; nothing when nobody is left who could say more."""
    assert select.select([pipe], [], [], 20)[0], "somebody lives"
    return os.read(pipe, 100)


def test_it_has_no_shell_and_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUI_MIGRATE_PASSPHRASE", "hunter2")
    told = tmp_path / "told"
    program = "import os, sys; open(sys.argv[1], 'w').write(repr(os.environ) + sys.argv[2])"
    assert gate_hooks.run([sys.executable, "-c", program, str(told), "$HOME; ls"], {}, "/") == ""
    assert "hunter2" not in told.read_text()
    assert told.read_text().endswith("$HOME; ls")


def test_a_rehearsal_tells_nobody(tmp_path: Path, opened: Opening) -> None:
    told = tmp_path / "told"
    root = several(tmp_path / "several", top=telling(NOTE, told))
    text = (root / "runbook.yaml").read_text()
    (root / "runbook.yaml").write_text(text.replace("rehearsal: false", "rehearsal: true"))
    client = opened(root)
    client.run_here()
    client.close()
    assert not told.exists()
