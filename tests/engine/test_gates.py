"""What a sign-off is worth: given by whom, on what, and for how long."""

from __future__ import annotations

import grp
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.conftest import make_workspace
from tests.engine.test_run import go_on, to_the_end, to_the_gate
from tui_migrate.audit.entries import RedoAsked
from tui_migrate.audit.gate_facts import EvidenceChanged, GatePassed, SignOffVoided
from tui_migrate.audit.verify import verify
from tui_migrate.consent.conservation import Conservation
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.identity import people_named, this_user
from tui_migrate.engine.run import Status
from tui_migrate.engine.runner import stated
from tui_migrate.steps.base import Check
from tui_migrate.steps.consent_deltas import _check
from tui_migrate.steps.consent_target import conservation_checks

Opening = Callable[[Path], InProcessClient]

ME = this_user().name


def change(workspace: Path, before: str, after: str) -> None:
    """Write something else in the runbook."""
    path = workspace / "runbook.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """A workspace whose first gate looks at the questions as well."""
    root = make_workspace(tmp_path / "small")
    change(root, "evidence: [read]", "evidence: [read, questions]")
    return root


def passed(client: InProcessClient, gate: str) -> int:
    """How often a gate was passed."""
    facts = [entry.fact for entry in client.entries()]
    return sum(isinstance(fact, GatePassed) and fact.gate == gate for fact in facts)


def test_an_answer_that_changes_while_the_gate_waits_voids_what_was_looked_at(
    answered: Path, opened: Opening
) -> None:
    """The gate was shown with the first answer; nobody has seen the second one."""
    client = opened(answered)
    to_the_gate(client)
    seen = client.state.steps["gate"].evidence
    assert client.send(api.Answer(step="questions", item="ready", answer="no")).ok
    for sign in ({"typed": 3}, {"evidence": seen}):
        reply = client.send(api.Sign(gate="gate", decision="approve", **sign))
        assert (reply.ok, reply.exit_code) == (False, 1)
    assert passed(client, "gate") == 0
    assert go_on(client).step == "questions"
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert go_on(client).step == "gate"
    assert client.state.steps["gate"].evidence != seen
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok


def test_a_step_that_is_to_be_done_again_is_no_evidence(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    assert client.send(api.Redo(step="read")).ok
    assert not client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok
    assert go_on(client).step == "gate"
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok


def test_a_gate_whose_evidence_changed_is_signed_again_before_the_next_step_begins(
    answered: Path, opened: Opening
) -> None:
    """The answer is corrected after the sign-off and before the back-up behind the gate."""
    client = opened(answered)
    to_the_gate(client)
    assert client.send(api.Sign(gate="gate", decision="approve", typed=3)).ok
    assert client.send(api.Answer(step="questions", item="note", answer="a late thought")).ok
    assert go_on(client).step == "gate"
    assert client.state.steps["keep"].attempt == 0
    assert any(isinstance(entry.fact, SignOffVoided) for entry in client.entries())


def test_evidence_that_changes_twice_behind_a_gate_is_signed_as_it_is_at_last(
    answered: Path, opened: Opening
) -> None:
    client = opened(answered)
    to_the_end(client)
    for note in ("one", "two"):
        assert client.send(api.Answer(step="questions", item="note", answer=note)).ok
        assert go_on(client).exit_code == 0
    gate = client.state.steps["gate"]
    assert gate.supplementary
    changes = [e.fact for e in client.entries() if isinstance(e.fact, EvidenceChanged)]
    assert len({fact.evidence for fact in changes}) == len(changes) == 2
    assert gate.evidence == changes[-1].evidence
    assert client.send(api.Sign(gate="gate", decision="approve", typed=gate.subject)).ok
    assert not client.state.steps["gate"].supplementary


def test_who_answered_an_evidence_question_cannot_approve_it(
    answered: Path, opened: Opening
) -> None:
    change(answered, 'users: ["*"]', f"users: [{ME}, somebody_else]")
    change(answered, "evidence: [read, questions]", "evidence: [questions]")
    client = opened(answered)
    to_the_gate(client)
    reply = client.send(api.Sign(gate="gate", decision="approve", typed=3))
    assert not reply.ok
    assert "questions" in reply.message
    assert "four eyes" in reply.message


def test_members_of_a_group_are_several_people(
    workspace: Path, opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = grp.getgrgid(os.getgid()).gr_name
    change(workspace, 'users: ["*"]', f"groups: [{name}]")
    runbook = opened(workspace).runbook
    mine = grp.getgrnam(name)
    for members in ([ME], [ME, "somebody_else"]):
        group = grp.struct_group((mine.gr_name, mine.gr_passwd, -1, members))
        monkeypatch.setattr(grp, "getgrnam", lambda _name, group=group: group)
        assert people_named(runbook) == set(members)


def test_an_approval_names_what_was_looked_at(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    reply = client.send(api.Sign(gate="gate", decision="approve"))
    assert (reply.ok, reply.exit_code) == (False, 1)
    assert "evidence" in reply.message


def test_a_gate_is_never_skipped(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    reply = client.send(api.Skip(step="gate", reason="no time"))
    assert not reply.ok
    assert client.state.steps["gate"].status is Status.WAITING


def test_who_has_no_role_skips_nothing(tmp_path: Path, opened: Opening) -> None:
    client = opened(make_workspace(tmp_path / "theirs", users="[somebody_else]"))
    go_on(client)
    reply = client.send(api.Skip(step="questions", reason="no time"))
    assert (reply.ok, reply.exit_code) == (False, 1)
    assert ME in reply.message


def test_what_was_aborted_stays_aborted(workspace: Path, opened: Opening) -> None:
    """Neither an answer, a redo, nor an edited runbook brings it back; looking and exporting go."""
    client = opened(workspace)
    to_the_gate(client)
    assert client.send(
        api.Sign(gate="gate", decision="reject", comment="not like this", then="abort")
    ).ok
    assert not client.send(api.Answer(step="questions", item="note", answer="but…")).ok
    assert not client.send(api.Redo(step="read")).ok
    client.close()
    change(workspace, "title: Read", "title: Read once more")
    client = opened(workspace)
    assert client.state.ended == "aborted"
    assert go_on(client).exit_code == 1
    assert client.send(api.Export(what="fates", path=str(workspace / "fates.csv"))).ok
    client.close()
    assert verify(workspace / ".tui-migrate" / "audit").problems == []


def test_a_rejection_names_a_step_that_was_done(workspace: Path, opened: Opening) -> None:
    client = opened(workspace)
    to_the_gate(client)
    for then in ("redo:nothing", "redo:keep", "redo:questions", "burn"):
        reply = client.send(api.Sign(gate="gate", decision="reject", comment="no", then=then))
        assert not reply.ok, then
    assert client.state.steps["gate"].signoffs == []


def test_a_redo_that_was_killed_behind_its_entry_is_carried_out(
    workspace: Path, opened: Opening
) -> None:
    client = opened(workspace)
    to_the_end(client)
    client._core.record(RedoAsked(step="read"))
    client.close()
    client = opened(workspace)
    assert client.state.steps["read"].status is Status.STALE
    assert go_on(client).step == "gate"
    assert client.state.steps["read"].attempt == 2


def test_a_back_up_that_is_no_longer_what_was_verified_does_not_count(
    workspace: Path, opened: Opening
) -> None:
    client = opened(workspace)
    to_the_end(client)
    runner = client.engine._runner
    runner._require_backup(client.state.steps["end"])
    file = next((workspace / ".tui-migrate" / "backups").iterdir())
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(Exception, match="no verified back-up"):
        runner._require_backup(client.state.steps["end"])


CHECKS = """\
        uses: checklist
        checks:
          - {name: nobody is called Jansen, sql: "select count(*) from raw_crm where Naam = 'Jansen'",
             expect: "= 0"}
"""


def test_a_check_at_a_checklist_is_made_when_the_answers_are_there(
    workspace: Path, opened: Opening
) -> None:
    change(workspace, "        uses: checklist\n", CHECKS)
    client = opened(workspace)
    assert go_on(client).exit_code == 3
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    for _again in range(2):
        idle = go_on(client)
        assert (idle.exit_code, idle.step) == (1, "questions")
        assert "Jansen" in idle.message
    [check] = client.state.steps["questions"].checks.values()
    assert (check.observed, check.expected) == ("1", "= 0")
    waive = api.Waive(step="questions", check=check.name, reason="we know him")
    assert client.send(waive).ok
    assert go_on(client).step == "gate"


def test_a_check_of_an_unskippable_step_is_not_waived(workspace: Path, opened: Opening) -> None:
    change(workspace, "        uses: checklist\n", CHECKS + "        unskippable: true\n")
    client = opened(workspace)
    go_on(client)
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    go_on(client)
    [check] = client.state.steps["questions"].checks.values()
    reply = client.send(api.Waive(step="questions", check=check.name, reason="we know him"))
    assert (reply.ok, reply.exit_code) == (False, 1)
    assert not check.waivable


def test_what_hinders_a_delta_can_be_waived_and_conservation_never(
    workspace: Path, opened: Opening
) -> None:
    """Whatever the runbook says of the step: nobody else can say that a delivery will not come."""
    client = opened(workspace)
    step = client.state.steps["keep"]
    assert step.outline.unskippable
    gap = _check("deltas without a gap", ["email 3"], "wait")
    lost = conservation_checks(Conservation(carried=0, justified=1, invented=0))
    assert stated(step, gap).waivable
    assert [stated(step, check).waivable for check in lost] == [False, False, False]
    assert not stated(step, Check("another", False, "1", "0")).waivable
