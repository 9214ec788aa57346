"""The change window: when an import may begin without a reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import make_workspace
from tests.engine.people import set_clock
from tui_migrate.audit.gate_facts import OutsideWindow
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.gate_window import closed, warning
from tui_migrate.engine.run import Status
from tui_migrate.runbook.gating import WindowSpec

Opening = Callable[[Path], InProcessClient]


def window(**said: Any) -> dict[str, Any]:
    return WindowSpec.model_validate(said).facts()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHTS = {"days": ["mon-fri"], "from": "20:00", "to": "06:00"}


@pytest.mark.parametrize(
    ("moment", "why"),
    [
        ("2026-03-02T19:59", "hours"),  # a Monday
        ("2026-03-02T20:00", ""),
        ("2026-03-03T05:59", ""),
        ("2026-03-03T06:00", "hours"),
        ("2026-03-06T23:00", ""),  # Friday night
        ("2026-03-07T05:00", ""),  # began on Friday
        ("2026-03-07T21:00", "hours"),  # Saturday night
        ("2026-03-09T05:00", "hours"),  # began on Sunday
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(moment: str, why: str) -> None:
    assert closed(window(**NIGHTS), at(moment), "UTC") == why


def test_hours_are_those_of_the_zone_of_the_run() -> None:
    """20:00 in Amsterdam is 19:00 UTC in winter and 18:00 in summer."""
    for moment, why in (
        ("2026-03-02T18:59", "hours"),
        ("2026-03-02T19:00", ""),
        ("2026-07-06T17:59", "hours"),
        ("2026-07-06T18:00", ""),
    ):
        assert closed(window(**NIGHTS), at(moment), "Europe/Amsterdam") == why


def test_hours_of_one_day_do_not_pass_midnight() -> None:
    hours = window(days="sat", **{"from": "08:00", "to": "12:00"})
    said = [
        closed(hours, at(f"2026-03-07T{h}"), "UTC") for h in ("07:59", "08:00", "11:59", "12:00")
    ]
    assert said == ["hours", "", "", "hours"]


def test_without_a_window_or_hours_it_is_open() -> None:
    assert closed({}, at("2026-12-25T12:00"), "UTC") == ""
    assert closed(window(), at("2026-12-25T12:00"), "UTC") == ""


@pytest.mark.parametrize(
    ("day", "countries", "why"),
    [
        ("2026-04-27", ["NL"], "holiday"),  # the King's day
        ("2026-04-27", ["BE"], ""),
        ("2026-07-21", ["BE"], "holiday"),  # Belgium's national day
        ("2026-07-21", ["NL"], ""),
        ("2026-07-21", ["NL", "BE"], "holiday"),
        ("2026-04-06", ["NL", "BE"], "holiday"),  # Easter Monday
        ("2026-04-07", ["NL", "BE"], ""),
    ],
)
def test_public_holidays_are_those_of_the_countries(
    day: str, countries: list[str], why: str
) -> None:
    assert closed(window(holidays=countries), at(f"{day}T12:00"), "UTC") == why


def test_blackout_days_and_quiet_periods_are_the_runbooks_own() -> None:
    own = window(
        blackout=["2026-05-02", {"from": "2026-06-01", "to": "2026-06-03", "reason": "dues"}],
        quiet=[{"from": "2026-05-01", "to": "2026-06-30"}],
    )
    said = {
        day: closed(own, at(f"2026-{day}T12:00"), "UTC")
        for day in ("04-30", "05-01", "05-02", "05-31", "06-01", "06-03", "06-04", "07-01")
    }
    assert said == {
        "04-30": "not_quiet",
        "05-01": "",
        "05-02": "blackout",
        "05-31": "",
        "06-01": "blackout",
        "06-03": "blackout",
        "06-04": "",
        "07-01": "not_quiet",
    }


@pytest.mark.parametrize(
    "said",
    [
        {"days": ["monday"]},
        {"from": "8:00"},
        {"from": "24:00"},
        {"holidays": ["FR"]},
        {"quiet": [{"from": "2026-05-02", "to": "2026-05-01"}]},
        {"blackout": ["tomorrow"]},
    ],
)
def test_a_window_that_makes_no_sense_is_a_mistake(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        WindowSpec.model_validate(said)


# In a run

STEPS = """\
      - {id: read, uses: ingest}
      - {id: map, uses: map}
      - {id: match, uses: match}
      - {id: merge, uses: merge}
      - {id: keep, uses: backup, with: {what: [staging]}}
      - {id: gate, uses: gate, with: {approvals: [{role: lead}], evidence: [merge]}}
      - {id: load, uses: import, with: {entities: [profile]}}
"""


@pytest.fixture
def at_import(tmp_path: Path, opened: Opening) -> InProcessClient:
    """A run at the gate before its import, on a Tuesday at noon; imports begin at night."""
    root = make_workspace(tmp_path / "small", rehearsal=True)
    text = (root / "runbook.yaml").read_text()
    text = text[: text.index("      - {id: read")] + STEPS
    text = text.replace("phases:", 'window: {days: [mon-fri], from: "20:00", to: "06:00"}\nphases:')
    (root / "runbook.yaml").write_text(text)
    (root / "mapping" / "crm.yaml").write_text(
        "source: crm\nentity: profile\nfields:\n  family_name: {from: Naam}\nskip: {Nr: its key}\n"
    )
    client = opened(root)
    set_clock(client).now = at("2026-03-03T11:00")
    assert client.run_here().step == "gate"
    return client


def outside(client: InProcessClient) -> list[OutsideWindow]:
    return [e.fact for e in client.entries() if isinstance(e.fact, OutsideWindow)]


def sign(client: InProcessClient) -> None:
    typed = client.state.steps["gate"].subject
    assert client.send(api.Sign(gate="gate", decision="approve", typed=typed)).ok


def test_the_gate_and_the_status_warn_of_an_import_outside_the_window(
    at_import: InProcessClient,
) -> None:
    state = at_import.state
    assert "load" in warning(state, at("2026-03-03T11:00"))
    assert warning(state, at("2026-03-03T22:00")) == ""


def test_an_import_outside_the_window_waits_for_a_reason(at_import: InProcessClient) -> None:
    client = at_import
    sign(client)
    for reason in ("", "  "):
        stopped = client.run_here(outside_window=reason)
        assert (int(stopped.exit), stopped.step) == (3, "load")
        assert "--outside-window" in stopped.message
    assert client.state.steps["load"].attempt == 0
    assert int(client.run_here(outside_window="the old system is down").exit) == 0
    [said] = outside(client)
    assert (said.step, said.attempt, said.why) == ("load", 1, "hours")
    assert client.words(said.reason) == "the old system is down"
    assert client.state.steps["load"].status is Status.DONE
    assert [o.by for o in client.state.overrides] == [client.identity.user]


def test_an_import_inside_the_window_begins_of_itself(at_import: InProcessClient) -> None:
    client = at_import
    sign(client)
    set_clock(client).now = at("2026-03-03T21:00")
    assert int(client.run_here().exit) == 0
    assert outside(client) == []


def test_an_import_that_was_begun_goes_on_when_the_window_closes(
    at_import: InProcessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = at_import
    sign(client)
    clock = set_clock(client)
    clock.now = at("2026-03-03T21:00")
    runner = client.engine._runner
    with monkeypatch.context() as patch:

        def pulled(*_args: object) -> None:
            raise OSError("the plug was pulled")

        patch.setattr(runner, "_units", pulled)
        assert client.run_here().step == "load"
    assert client.state.steps["load"].status is Status.FAILED
    clock.now = at("2026-03-04T11:00")
    assert int(client.run_here().exit) == 0
    assert outside(client) == []
