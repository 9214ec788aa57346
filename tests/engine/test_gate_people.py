"""Who may sign: by role, once, with four eyes, for others, for one brand, or breaking the glass."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.people import (
    ANN,
    BOB,
    EVE,
    KIM,
    ME,
    STRANGER,
    approves,
    identity,
    says,
    set_clock,
    several,
    to_second_gate,
)
from tui_migrate.audit.entries import AccessRefused
from tui_migrate.audit.gate_facts import GatePassed, SignedOff
from tui_migrate.cli import run_cli
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.gates import broken_glass, held_back, missing_approvals
from tui_migrate.engine.identity import owner_of
from tui_migrate.engine.run import Status

Opening = Callable[[Path], InProcessClient]


@pytest.fixture
def at_gate(tmp_path: Path, opened: Opening) -> Callable[..., InProcessClient]:
    """Opens a workspace of several people and goes on to its second gate."""

    def opening(**settings: str) -> InProcessClient:
        client = opened(several(tmp_path / "several", **settings))
        to_second_gate(client)
        return client

    return opening


def signed(client: InProcessClient) -> list[SignedOff]:
    return [e.fact for e in client.entries() if isinstance(e.fact, SignedOff)]


def test_a_gate_that_needs_two_of_a_role_is_passed_by_two_persons(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate(approvals="[{role: lead, min: 2}]")
    assert approves(client, ANN).ok
    again = approves(client, ANN)
    assert (again.ok, again.exit_code) == (False, 1)
    assert missing_approvals(client.state.steps["gate"]) == {"lead": 1}
    assert approves(client, BOB).ok
    assert client.state.steps["gate"].status is Status.DONE


def test_one_person_with_two_roles_counts_once(at_gate: Callable[..., InProcessClient]) -> None:
    client = at_gate(approvals="[{role: lead}, {role: privacy}]")
    both = identity("ann", "lead", "privacy")
    assert approves(client, both).ok
    assert not approves(client, both).ok
    assert missing_approvals(client.state.steps["gate"]) == {"privacy": 1}
    assert approves(client, EVE).ok
    assert client.state.steps["gate"].status is Status.DONE


def test_who_has_no_role_does_not_sign_and_that_is_journalled(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate()
    assert not approves(client, EVE).ok
    refused = client.entries()[-1]
    assert isinstance(refused.fact, AccessRefused)
    assert (refused.by, refused.fact.what) == ("eve", "sign gate")


def test_who_wrote_the_rules_cannot_approve_what_they_gave(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mapping was Bob's when its content was new; he neither started nor answered anything."""
    from tui_migrate.engine import loading

    monkeypatch.setattr(
        loading, "owner_of", lambda path: "bob" if path.name == "runbook.yaml" else "ann"
    )
    client = opened(several(tmp_path / "several"))
    client.run_here()
    reply = approves(client, BOB, "first")
    assert not reply.ok
    assert "runbook.yaml" in reply.message
    assert "four eyes" in reply.message
    assert approves(client, ANN, "first").ok  # the mapping is no input of reading


def test_an_author_stays_one_until_the_content_changes(
    tmp_path: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is handed over to somebody else is not written by him."""
    from tui_migrate.engine import loading

    root = several(tmp_path / "several")
    owners = {"runbook.yaml": "bob", "crm.yaml": "bob"}
    monkeypatch.setattr(loading, "owner_of", lambda path: owners[path.name])
    opened(root).close()
    owners = {"runbook.yaml": "ann", "crm.yaml": "ann"}
    text = (root / "runbook.yaml").read_text()
    (root / "runbook.yaml").write_text(text.replace("title: Small", "title: Smaller"))
    client = opened(root)
    assert client.state.authors == {"runbook.yaml": "ann", "mapping/crm.yaml": "bob"}


def test_the_author_is_the_owner_by_the_file_system(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("")
    assert owner_of(tmp_path / "mine") == ME
    assert owner_of(tmp_path / "gone") == ""
    if os.getuid() == 0:
        os.chown(tmp_path / "mine", 1, -1)
        assert owner_of(tmp_path / "mine") == "daemon"


def test_a_delegate_signs_for_whom_he_stands_in(at_gate: Callable[..., InProcessClient]) -> None:
    client = at_gate(approvals="[{role: lead}, {role: privacy}]")
    clock = set_clock(client)
    assert not approves(client, STRANGER).ok
    lend = api.Delegate(role="privacy", to="bob", until=clock.day(2), reason="on leave")
    assert says(client, EVE, lend).ok
    assert approves(client, BOB).ok
    assert [(s.role, s.giver) for s in signed(client)][-1] == ("lead", "")
    reply = approves(client, BOB)
    assert not reply.ok, "he counts as one person"
    assert says(
        client, EVE, api.Delegate(role="privacy", to="ann", until=clock.day(2), reason="x")
    ).ok
    assert approves(client, ANN).ok
    assert (signed(client)[-1].role, signed(client)[-1].giver) == ("privacy", "eve")
    assert client.state.steps["gate"].status is Status.DONE


def test_what_is_lent_is_listed_for_scripts(
    at_gate: Callable[..., InProcessClient], capsys: pytest.CaptureFixture[str]
) -> None:
    client = at_gate()
    day = set_clock(client).day(3)
    assert says(client, ANN, api.Delegate(role="lead", to="eve", until=day, reason="ill")).ok
    root = client.engine.core.workspace.root
    client.close()
    capsys.readouterr()
    assert run_cli(["delegate", "-w", str(root), "--json"]) == 0
    lent = {"role": "lead", "to": "eve", "giver": "ann", "until": day}
    assert json.loads(capsys.readouterr().out) == [lent]


def test_who_was_spoken_for_does_not_speak_again(at_gate: Callable[..., InProcessClient]) -> None:
    client = at_gate(approvals="[{role: privacy, min: 1}, {role: lead, min: 2}]")
    clock = set_clock(client)
    lend = api.Delegate(role="lead", to="eve", until=clock.day(), reason="ill")
    assert says(client, ANN, lend).ok
    both = identity("eve")  # only what is lent to her
    assert approves(client, both).ok
    reply = approves(client, ANN)
    assert not reply.ok
    assert "ann has signed" in reply.message


def test_four_eyes_hold_for_the_delegate_and_for_whom_he_stands_in(
    at_gate: Callable[..., InProcessClient],
) -> None:
    """I carried out the steps; nobody approves them in my place."""
    client = at_gate()
    clock = set_clock(client)
    lend = api.Delegate(role="lead", to="eve", until=clock.day(2), reason="on leave")
    assert client.send(lend).ok
    reply = approves(client, EVE)
    assert not reply.ok
    assert ME in reply.message
    assert "four eyes" in reply.message


def test_a_delegation_ends_with_its_day_and_when_it_is_revoked(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate()
    clock = set_clock(client)
    lend = api.Delegate(role="lead", to="eve", until=clock.day(1), reason="on leave")
    assert says(client, ANN, lend).ok
    assert client.engine.who(EVE).roles == ("privacy", "lead")
    clock.pass_by(days=2)
    assert client.engine.who(EVE).roles == ("privacy",)
    assert not approves(client, EVE).ok
    lend = api.Delegate(role="lead", to="eve", until=clock.day(1), reason="again")
    assert says(client, ANN, lend).ok
    assert says(client, ANN, api.Revoke(role="lead", to="eve", reason="back")).ok
    assert not approves(client, EVE).ok


def test_a_lent_role_is_not_lent_on(at_gate: Callable[..., InProcessClient]) -> None:
    client = at_gate()
    clock = set_clock(client)
    day = clock.day(1)
    assert says(client, ANN, api.Delegate(role="lead", to="eve", until=day, reason="leave")).ok
    onward = says(client, EVE, api.Delegate(role="lead", to="kim", until=day, reason="leave"))
    assert not onward.ok
    assert "himself" in onward.message


@pytest.mark.parametrize(
    ("to", "until", "reason"),
    [("eve", "2020-01-01", "x"), ("nobody-here", "2999-01-01", "x"), ("ann", "2999-01-01", "x"),
     ("eve", "soon", "x"), ("eve", "2999-01-01", " ")],
)  # fmt: skip
def test_a_delegation_names_another_user_a_day_to_come_and_a_reason(
    tmp_path: Path, opened: Opening, to: str, until: str, reason: str
) -> None:
    client = opened(several(tmp_path / "several"))
    lend = api.Delegate(role="lead", to=to, until=until, reason=reason)
    assert says(client, ANN, lend).exit_code == 2
    assert client.state.delegations == []


def test_a_gate_by_brand_is_passed_when_every_brand_is_approved(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate(gate="per_brand: true", approvals="[{role: lead}, {role: nova}]")
    assert approves(client, ANN, part="Nova").ok
    assert held_back(client.state.steps["gate"]) == ["Nova", "Kompas"]
    assert approves(client, KIM, part="Nova").ok
    assert held_back(client.state.steps["gate"]) == ["Kompas"]
    assert client.run_here().step == "gate"
    assert not approves(client, KIM, part="Kompas").ok, "her role is of Nova alone"
    assert client.state.steps["gate"].status is Status.WAITING


def test_one_sign_off_may_be_about_all_waves(at_gate: Callable[..., InProcessClient]) -> None:
    client = at_gate(gate="waves: [north, south]")
    assert approves(client, ANN).ok
    assert client.state.steps["gate"].status is Status.DONE


def test_a_wave_that_is_rejected_is_held_back_until_it_is_approved(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate(gate="waves: [north, south]")
    assert approves(client, ANN, part="north").ok
    no = api.Sign(gate="gate", decision="reject", comment="later", part="south")
    assert says(client, BOB, no).ok
    assert held_back(client.state.steps["gate"]) == ["south"]
    assert not any(
        isinstance(e.fact, GatePassed) and e.fact.gate == "gate" for e in client.entries()
    )
    assert approves(client, BOB, part="south").ok
    assert client.state.steps["gate"].status is Status.DONE


def test_a_part_that_a_gate_does_not_have_is_refused(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate()
    assert approves(client, ANN, part="Nova").exit_code == 2


def test_glass_is_broken_only_where_the_runbook_allows_it(
    at_gate: Callable[..., InProcessClient],
) -> None:
    client = at_gate()
    reply = approves(client, client.identity, break_glass="nobody is here")
    assert not reply.ok
    assert "break_glass" in reply.hint


def test_who_breaks_the_glass_signs_alone_and_it_stays_visible(
    at_gate: Callable[..., InProcessClient],
) -> None:
    """I ran the steps, and nobody of privacy is there."""
    client = at_gate(gate="break_glass: true", approvals="[{role: lead, min: 2}, {role: privacy}]")
    assert not approves(client, client.identity).ok, "four eyes"
    assert approves(client, client.identity, break_glass="the old system is on fire").ok
    assert client.state.steps["gate"].status is Status.DONE
    assert client.words(signed(client)[-1].break_glass) == "the old system is on fire"
    assert client.send(api.Redo(step="read")).ok
    client.run_here()
    [(gate, signoff)] = broken_glass(client.state)
    assert (gate.id, signoff.by, signoff.voided) == ("gate", ME, True)


FAILING = """unskippable: true
        checks:
          - {name: nobody is called Jansen, sql: "select 1", expect: "= 0"}"""


def test_glass_is_never_broken_over_a_failing_check_of_what_is_unskippable(
    tmp_path: Path, opened: Opening
) -> None:
    """The check blocks the run before the gate; here its gate waits as if it had not."""
    client = opened(several(tmp_path / "several", checks=FAILING, gate="break_glass: true"))
    client.run_here()
    assert approves(client, ANN, "first").ok
    client.run_here()
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert client.run_here().step == "questions"
    core = client.engine.core
    client.engine._runner._gate(core.state.steps["gate"])
    reply = approves(client, client.identity, break_glass="no time")
    assert not reply.ok
    assert "failing checks" in reply.message
