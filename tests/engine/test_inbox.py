"""What waits for a person, over all workspaces."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.people import (
    ANN,
    BOB,
    EVE,
    ME,
    STRANGER,
    approves,
    says,
    set_clock,
    several,
    to_second_gate,
)
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.inbox import Item, waiting_for

Opening = Callable[[Path], InProcessClient]


def inbox(client: InProcessClient, who: api.Identity, now: datetime | None = None) -> list[Item]:
    engine = client.engine
    now = now or engine.core.now()
    return waiting_for(client.state, engine.who(who), now, client.words)


def kinds(items: list[Item]) -> list[tuple[str, str, str]]:
    return [(item.kind, item.step, item.item) for item in items]


def test_a_gate_waits_for_who_has_its_role_and_has_not_signed(
    tmp_path: Path, opened: Opening
) -> None:
    client = opened(several(tmp_path / "several", approvals="[{role: lead, min: 2}]"))
    to_second_gate(client)
    assert kinds(inbox(client, ANN)) == [("gate", "gate", "")]
    assert approves(client, ANN).ok
    assert inbox(client, ANN) == []
    assert kinds(inbox(client, BOB)) == [("gate", "gate", "")]
    assert inbox(client, EVE) == inbox(client, STRANGER) == []
    [mine] = inbox(client, client.identity)
    assert "four eyes" in mine.note


def test_a_lent_role_brings_its_work_along(tmp_path: Path, opened: Opening) -> None:
    client = opened(several(tmp_path / "several"))
    to_second_gate(client)
    day = set_clock(client).day(1)
    assert says(client, ANN, api.Delegate(role="lead", to="eve", until=day, reason="leave")).ok
    assert kinds(inbox(client, EVE)) == [("gate", "gate", "")]


def test_what_of_a_divided_gate_is_held_back_is_named(tmp_path: Path, opened: Opening) -> None:
    client = opened(several(tmp_path / "several", gate="per_brand: true"))
    to_second_gate(client)
    assert approves(client, ANN, part="Nova").ok
    assert kinds(inbox(client, ANN)) == [("gate", "gate", "Kompas")]


def test_questions_wait_for_their_owner_with_their_day(tmp_path: Path, opened: Opening) -> None:
    root = several(tmp_path / "several")
    text = (root / "runbook.yaml").read_text()
    owned = "{id: ready, question: Ready?, owner: privacy, due: 2026-03-31}"
    (root / "runbook.yaml").write_text(text.replace("{id: ready, question: Ready?}", owned))
    client = opened(root)
    client.run_here()
    assert approves(client, ANN, "first").ok
    client.run_here()
    assert inbox(client, ANN) == []
    march, april = (
        datetime(2026, month, 31 if month == 3 else 1, 12, tzinfo=UTC) for month in (3, 4)
    )
    [item] = inbox(client, EVE, march)
    assert (item.kind, item.item, item.due, item.overdue) == (
        "question",
        "ready",
        "2026-03-31",
        False,
    )
    assert inbox(client, EVE, april)[0].overdue


def test_conditions_wait_for_their_owner_until_they_are_met(
    tmp_path: Path, opened: Opening
) -> None:
    client = opened(several(tmp_path / "several"))
    to_second_gate(client)
    clock = set_clock(client)
    terms = (
        api.Term(what="mend the phones", owner="privacy", due=clock.day(3)),
        api.Term(what="tell the printer", owner="bob", due=clock.day(1)),
    )
    assert approves(client, ANN, decision="conditions", terms=terms).ok
    assert kinds(inbox(client, EVE)) == [("condition", "gate", "gate-1")]
    assert kinds(inbox(client, BOB)) == [("condition", "gate", "gate-2")]
    assert "tell the printer" in inbox(client, BOB)[0].text
    assert inbox(client, BOB, clock() + timedelta(days=2))[0].overdue
    assert says(client, BOB, api.Meet(condition="gate-2", comment="done")).ok
    assert inbox(client, BOB) == []


def test_an_expired_gate_waits_for_who_can_open_it_again(tmp_path: Path, opened: Opening) -> None:
    deadline = "deadline: {hours: 2, escalate_to: privacy, expire: true}"
    client = opened(several(tmp_path / "several", gate=deadline))
    to_second_gate(client)
    clock = set_clock(client)
    clock.pass_by(hours=3)
    assert inbox(client, ANN) == []
    assert kinds(inbox(client, EVE)) == [("expired", "gate", "")]


# The command


def test_the_command_looks_into_every_workspace_that_was_opened(
    tmp_path: Path,
    opened: Opening,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert run_cli(["inbox"]) == 0
    assert "Nothing waits" in capsys.readouterr().out
    roots = [several(tmp_path / name) for name in ("one", "two")]
    for root in roots:
        assert run_cli(["run", "--headless", "--in-process", "-w", str(root)]) == 3
    capsys.readouterr()
    assert run_cli(["inbox", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert [(w["workspace"], w["kind"], w["step"]) for w in told["waiting"]] == [
        (str(root), "gate", "first") for root in roots
    ]
    assert run_cli(["inbox", str(roots[1])]) == 3
    said = capsys.readouterr().out
    assert str(roots[1]) in said
    assert str(roots[0]) not in said


def test_a_workspace_that_cannot_be_read_hides_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    roots = [several(tmp_path / name) for name in ("one", "two", "three")]
    for root in roots:
        assert run_cli(["run", "--headless", "--in-process", "-w", str(root)]) == 3
    (roots[0] / "runbook.yaml").write_text("nonsense: [")
    (roots[1] / "runbook.yaml").unlink()
    capsys.readouterr()
    assert run_cli(["inbox", "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert [w["workspace"] for w in told["waiting"]] == [str(roots[2])]
    assert [u["workspace"] for u in told["unreadable"]] == [str(roots[0])]


def test_nothing_that_waits_is_exit_code_0(
    tmp_path: Path, opened: Opening, capsys: pytest.CaptureFixture[str]
) -> None:
    root = several(tmp_path / "several")
    text = (root / "runbook.yaml").read_text().replace(f"[{ME}, ann, bob]", "[ann, bob]")
    (root / "runbook.yaml").write_text(text)
    assert run_cli(["run", "--headless", "--in-process", "-w", str(root)]) == 3
    capsys.readouterr()
    assert run_cli(["inbox", str(root)]) == 0
