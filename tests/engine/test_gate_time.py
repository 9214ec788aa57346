"""What becomes of a gate in time: deadlines, conditions, changed evidence, the way back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.people import (
    ANN,
    BOB,
    EVE,
    ME,
    Clock,
    approves,
    says,
    set_clock,
    several,
    to_second_gate,
)
from tui_migrate.audit.entries import StepOutline
from tui_migrate.audit.gate_facts import EvidenceChanged, FellDue, SignOffVoided
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.gate_conditions import open_conditions, overdue
from tui_migrate.engine.gate_deadlines import deadline_of, expired, fallen_due
from tui_migrate.engine.run import RunState, Status, StepState

Opening = Callable[[Path], InProcessClient]
DEADLINE = "deadline: {hours: 48, remind_hours: 12, escalate_to: privacy, expire: true}"


def due(client: InProcessClient) -> list[tuple[str, str, str]]:
    """What the journal says has fallen due."""
    facts = [e.fact for e in client.entries()]
    return [(f.step, f.what, f.role) for f in facts if isinstance(f, FellDue)]


@pytest.fixture
def timed(tmp_path: Path, opened: Opening) -> tuple[InProcessClient, Clock]:
    client = opened(several(tmp_path / "several", gate=DEADLINE))
    to_second_gate(client)
    return client, set_clock(client)


def waits(since: str, zone: str = "UTC", **deadline: str | int) -> RunState:
    """A run that waits at one gate since a moment."""
    outline = StepOutline(id="gate", phase="one", uses="gate", deadline=deadline)
    step = StepState(outline, Status.WAITING, waiting_since=since)
    return RunState(steps={"gate": step}, zone=zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_hours_count_from_when_the_step_began_to_wait() -> None:
    state = waits("2026-03-02T10:00:00+00:00", hours=48, remind_hours=8)
    deadline = deadline_of(state.steps["gate"], "UTC")
    assert deadline is not None
    assert deadline.due == at("2026-03-04T10:00")
    assert deadline.remind == at("2026-03-04T02:00")


def test_a_day_lasts_until_its_midnight_in_the_zone_of_the_run() -> None:
    """Amsterdam is an hour ahead of UTC in March, two in July."""
    for day, midnight in (("2026-03-02", "2026-03-02T23:00"), ("2026-07-02", "2026-07-02T22:00")):
        state = waits("2026-01-01T10:00:00+00:00", "Europe/Amsterdam", on=day)
        deadline = deadline_of(state.steps["gate"], state.zone)
        assert deadline is not None
        assert deadline.due == at(midnight)


def test_a_deadline_reminds_then_escalates_then_expires() -> None:
    state = waits("2026-03-02T10:00:00+00:00", hours=4, remind_hours=1, escalate_to="dpo", expire=1)
    said = {
        when: [f.what for f in fallen_due(state, at(f"2026-03-02T{when}"))]
        for when in ("12:59", "13:00", "13:59", "14:00")
    }
    assert said == {
        "12:59": [],
        "13:00": ["reminded"],
        "13:59": ["reminded"],
        "14:00": ["escalated", "expired"],
    }
    assert not expired(state.steps["gate"], "UTC", at("2026-03-02T13:59"))
    assert expired(state.steps["gate"], "UTC", at("2026-03-02T14:00"))


def test_a_deadline_that_does_not_expire_only_escalates() -> None:
    state = waits("2026-03-02T10:00:00+00:00", hours=4, escalate_to="dpo")
    assert [f.what for f in fallen_due(state, at("2027-01-01T00:00"))] == ["escalated"]
    assert not expired(state.steps["gate"], "UTC", at("2027-01-01T00:00"))


def test_hours_count_anew_from_when_the_step_was_opened_again() -> None:
    state = waits("2026-03-02T10:00:00+00:00", hours=4, escalate_to="dpo", expire=1)
    state.steps["gate"].reopened_at = "2026-03-05T10:00:00+00:00"
    assert not expired(state.steps["gate"], "UTC", at("2026-03-05T13:59"))
    assert expired(state.steps["gate"], "UTC", at("2026-03-05T14:00"))


def test_a_step_that_waits_no_more_has_no_deadline() -> None:
    state = waits("2026-03-02T10:00:00+00:00", hours=4, expire=1, escalate_to="dpo")
    state.steps["gate"].status = Status.DONE
    assert fallen_due(state, at("2027-01-01T00:00")) == []


def test_what_fell_due_is_journalled_once_and_approves_nothing(
    timed: tuple[InProcessClient, Clock],
) -> None:
    client, clock = timed
    clock.pass_by(hours=37)
    for _again in range(3):
        assert client.send(api.Due()).ok
    assert due(client) == [("gate", "reminded", "")]
    clock.pass_by(days=300)
    for _again in range(3):
        assert client.send(api.Due()).ok
    assert due(client)[1:] == [("gate", "escalated", "privacy"), ("gate", "expired", "privacy")]
    assert client.state.steps["gate"].status is Status.WAITING


def test_an_engine_that_starts_looks_at_the_clock(tmp_path: Path, opened: Opening) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    deadline = f"deadline: {{on: {yesterday}, escalate_to: privacy}}"
    root = several(tmp_path / "several", gate=deadline)
    client = opened(root)
    to_second_gate(client)
    assert due(client) == []
    client.close()
    for _again in range(2):
        client = opened(root)
        assert due(client) == [("gate", "escalated", "privacy")]
        client.close()


def test_nobody_signs_an_expired_gate_until_the_escalation_role_opens_it(
    timed: tuple[InProcessClient, Clock],
) -> None:
    client, clock = timed
    clock.pass_by(hours=49)
    reply = approves(client, ANN)
    assert not reply.ok
    assert "expired" in reply.message
    no = api.Sign(gate="gate", decision="reject", comment="no")
    assert not says(client, ANN, no).ok
    assert not says(client, ANN, api.Reopen(step="gate", reason="please")).ok
    assert not says(client, EVE, api.Reopen(step="gate", reason=" ")).ok
    assert says(client, EVE, api.Reopen(step="gate", reason="a holiday", until=clock.day())).ok
    assert due(client)[-1] == ("gate", "expired", "privacy"), "that it expired is never lost"
    assert approves(client, ANN).ok


def test_a_gate_that_was_opened_again_expires_again(timed: tuple[InProcessClient, Clock]) -> None:
    client, clock = timed
    clock.pass_by(hours=49)
    day = clock.day(10)
    assert says(client, EVE, api.Reopen(step="gate", reason="ill", until=day)).ok
    clock.pass_by(days=9)
    assert client.send(api.Due()).ok
    assert len(due(client)) == 2
    clock.pass_by(days=3)
    assert client.send(api.Due()).ok
    assert [what for _step, what, _role in due(client)] == ["escalated", "expired"] * 2
    assert not approves(client, ANN).ok


def test_a_step_that_has_not_expired_is_not_opened(timed: tuple[InProcessClient, Clock]) -> None:
    client, _clock = timed
    assert not says(client, EVE, api.Reopen(step="gate", reason="just so")).ok


def test_questions_expire_too(tmp_path: Path, opened: Opening) -> None:
    client = opened(several(tmp_path / "several", questions=DEADLINE))
    client.run_here()
    assert approves(client, ANN, "first").ok
    assert client.run_here().step == "questions"
    clock = set_clock(client)
    clock.pass_by(hours=49)
    answer = api.Answer(step="questions", item="ready", answer="yes")
    reply = client.send(answer)
    assert not reply.ok
    assert "expired" in reply.message
    assert says(client, EVE, api.Reopen(step="questions", reason="go on", until=clock.day())).ok
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok


# Conditions


def conditional(client: InProcessClient, owner: str, day: str) -> api.Reply:
    term = api.Term(what="mend the phones", owner=owner, due=day)
    return approves(client, ANN, decision="conditions", terms=(term,))


def test_a_condition_stands_open_until_somebody_says_how_it_was_met(
    timed: tuple[InProcessClient, Clock],
) -> None:
    client, clock = timed
    assert conditional(client, "eve", clock.day(3)).ok
    [(gate, condition)] = open_conditions(client.state)
    assert (gate.id, condition.id, condition.owner) == ("gate", "gate-1", "eve")
    assert client.words(condition.what) == "mend the phones"
    assert not overdue(condition, client.state, clock() + timedelta(days=3))
    assert overdue(condition, client.state, clock() + timedelta(days=4))
    assert not says(client, EVE, api.Meet(condition="gate-1", comment=" ")).ok
    assert not says(client, EVE, api.Meet(condition="gate-2", comment="done")).ok
    assert says(client, EVE, api.Meet(condition="gate-1", comment="all 14 mended")).ok
    assert open_conditions(client.state) == []
    assert client.state.steps["gate"].conditions[0].met_by == "eve"


@pytest.mark.parametrize("owner", ["eve", "privacy", ME, "root"])
def test_who_sees_to_a_condition_is_a_user_or_a_role(
    timed: tuple[InProcessClient, Clock], owner: str
) -> None:
    client, clock = timed
    assert conditional(client, owner, clock.day(1)).ok


@pytest.mark.parametrize(
    ("owner", "day"), [("the neighbour", 1), ("", 1), ("eve", -2), ("eve", None)]
)
def test_a_condition_without_a_known_owner_or_a_day_to_come_is_refused(
    timed: tuple[InProcessClient, Clock], owner: str, day: int | None
) -> None:
    client, clock = timed
    assert conditional(client, owner, "soon" if day is None else clock.day(day)).exit_code == 2
    assert client.state.steps["gate"].status is Status.WAITING


def test_an_approval_with_conditions_has_conditions_and_no_other_has(
    timed: tuple[InProcessClient, Clock],
) -> None:
    client, clock = timed
    assert not approves(client, ANN, decision="conditions").ok
    term = api.Term(what="x", owner="eve", due=clock.day(1))
    assert not approves(client, ANN, terms=(term,)).ok


# Changed evidence

CHECKS = """checks:
          - {name: nobody is called Jansen, sql: "select count(*) from raw_crm where Naam = 'Jansen'",
             expect: "= 0", severity: SEVERITY}"""


def test_a_waiver_behind_the_sign_off_voids_it(tmp_path: Path, opened: Opening) -> None:
    """A check that only warned can be waived later, too: who signed did not see that."""
    checks = CHECKS.replace("SEVERITY", "warn")
    client = opened(several(tmp_path / "several", checks=checks))
    to_second_gate(client)
    seen = client.state.steps["gate"].evidence
    assert approves(client, ANN).ok
    check = next(iter(client.state.steps["questions"].checks))
    assert says(client, BOB, api.Waive(step="questions", check=check, reason="known")).ok
    assert any(isinstance(e.fact, SignOffVoided) for e in client.entries())
    assert client.run_here().step == "gate"
    assert client.state.steps["gate"].evidence != seen
    assert not approves(client, BOB).ok, "who waived it does not approve it"
    assert approves(client, ANN).ok


def test_checks_of_a_checklist_are_made_again_when_data_were(
    tmp_path: Path, opened: Opening
) -> None:
    root = several(tmp_path / "several", checks=CHECKS.replace("SEVERITY", "block"))
    client = opened(root)
    client.run_here()
    assert approves(client, ANN, "first").ok
    client.run_here()
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert client.run_here().step == "questions"
    [check] = client.state.steps["questions"].checks.values()
    waive = api.Waive(step="questions", check=check.name, reason="we know him")
    assert says(client, BOB, waive).ok
    assert client.run_here().step == "gate"
    file = root / "deliveries/crm/2026-03-01/people.csv"
    file.write_text(file.read_text().replace("De Vries", "Jansen"))
    assert client.send(api.Redo(step="read")).ok
    assert client.state.steps["questions"].status is Status.STALE
    client.run_here()
    assert approves(client, ANN, "first").ok
    idle = client.run_here()
    assert (idle.step, int(idle.exit)) == ("questions", 1)
    [check] = client.state.steps["questions"].checks.values()
    assert (check.observed, check.waived_by) == ("2", ""), "the waiver was about one Jansen"


# The way back


def test_rolling_back_to_the_start_makes_all_data_anew_and_voids_all_sign_offs(
    tmp_path: Path, opened: Opening
) -> None:
    client = opened(several(tmp_path / "several"))
    to_second_gate(client)

    def no(then: str) -> api.Reply:
        reject = api.Sign(gate="gate", decision="reject", comment="all wrong", then=then)
        return says(client, ANN, reject)

    for wrong in ("rollback:gate", "rollback:read", "rollback:", "rollback:nowhere"):
        assert no(wrong).exit_code == 2, wrong
    reply = no("rollback:start")
    assert reply.ok
    assert "nothing in it is deleted" in reply.message
    steps = client.state.steps
    assert steps["read"].status is Status.STALE
    assert steps["first"].status is Status.STALE
    assert all(s.voided for s in steps["first"].signoffs)
    assert client.run_here().step == "first"
    assert steps["read"].attempt == 2


def test_rolling_back_to_a_gate_leaves_what_is_before_it(tmp_path: Path, opened: Opening) -> None:
    client = opened(several(tmp_path / "several", checks=CHECKS.replace("SEVERITY", "warn")))
    to_second_gate(client)
    back = api.Sign(gate="gate", decision="reject", comment="no", then="rollback:first")
    assert says(client, ANN, back).ok
    steps = client.state.steps
    assert steps["read"].status is Status.DONE
    assert steps["first"].status is Status.DONE
    assert steps["questions"].status is Status.STALE, "its checks are made again"
    assert client.run_here().step == "gate"


def test_a_roll_back_that_was_killed_in_the_middle_is_finished_at_the_next_start(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gate is void already, the step behind it not yet stale."""
    from tui_migrate.engine import gate_signing

    root = several(tmp_path / "several")
    client = opened(root)
    to_second_gate(client)
    with monkeypatch.context() as patch:
        patch.setattr(gate_signing, "_stale", lambda *_args: None)
        back = api.Sign(gate="gate", decision="reject", comment="no", then="rollback:start")
        assert says(client, ANN, back).ok
    assert client.state.steps["first"].status is Status.STALE
    assert client.state.steps["read"].status is Status.DONE
    client.close()
    assert opened(root).state.steps["read"].status is Status.STALE


def test_evidence_that_changes_behind_the_gate_asks_for_a_supplement(
    tmp_path: Path, opened: Opening
) -> None:
    """The first gate was signed, and the run went on; then a check of what it looked at is waived."""
    checks = CHECKS.replace("SEVERITY", "warn")
    root = several(tmp_path / "several", checks=checks)
    text = (root / "runbook.yaml").read_text()
    text += "      - {id: again, uses: ingest}\n"
    (root / "runbook.yaml").write_text(text)
    client = opened(root)
    to_second_gate(client)
    assert approves(client, ANN).ok
    client.run_here()
    assert client.state.ended == "done"
    check = next(iter(client.state.steps["questions"].checks))
    assert says(client, BOB, api.Waive(step="questions", check=check, reason="known")).ok
    assert any(isinstance(e.fact, EvidenceChanged) for e in client.entries())
    assert client.state.steps["gate"].supplementary
    assert client.state.steps["gate"].status is Status.DONE, "nothing is locked again"
