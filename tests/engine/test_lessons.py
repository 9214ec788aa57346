"""What decisions teach: shown, proposed, accepted at the gate behind the match, and used from then on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.review_world import RUNBOOK, made, waiting
from tui_migrate.audit import entries as facts
from tui_migrate.audit.review_facts import ModelFitted, ModelJudged, ModelProposed
from tui_migrate.audit.verify import verify
from tui_migrate.engine import api
from tui_migrate.engine import lesson_queries as q
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.exporting import decision_rows
from tui_migrate.engine.recompute import recompute
from tui_migrate.engine.run import Status

FAMILIES = 12


@pytest.fixture
def client(tmp_path: Path) -> Iterator[InProcessClient]:
    found = waiting(made(tmp_path / "doubts", FAMILIES))
    yield found
    found.close()


def decide(client: InProcessClient, word: str, families: range = range(0, FAMILIES, 2)) -> None:
    """Say of the two records of each family whether they are one person."""
    for n in families:
        reply = client.send(
            api.Decide(source_a="crm", record_a=f"C{n}", source_b="mail", record_b=f"M{n}",
                       decision=word)
        )  # fmt: skip
        assert reply.ok, reply.message


def learn(client: InProcessClient, *, forget: bool = False) -> q.LessonTold:
    told: q.LessonTold = client.ask(q.Lesson(forget=forget))
    return told


def propose(client: InProcessClient) -> q.LessonTold:
    told = learn(client)
    reply = client.send(api.ProposeLesson(sha256=told.sha256))
    assert reply.ok, reply.message
    return told


def judge(
    client: InProcessClient, sha256: str, decision: str = "accept", why: str = ""
) -> api.Reply:
    return client.send(api.JudgeLesson(sha256=sha256, decision=decision, comment=why))


def model(client: InProcessClient) -> dict[str, object]:
    """The model by which the records were matched last."""
    core = client.engine.core
    last = [e.fact for e in core.journal.entries if isinstance(e.fact, ModelFitted)][-1]
    found: dict[str, object] = json.loads((core.workspace.objects / last.sha256).read_text())[
        "model"
    ]
    return found


def weights(client: InProcessClient) -> dict[tuple[str, str], float]:
    rows = client.engine.core.store.cursor().execute("SELECT record_a, record_b, weight FROM pair")
    return {(a, b): weight for a, b, weight in rows.fetchall()}


def test_a_lesson_is_shown_proposed_accepted_and_used(client: InProcessClient) -> None:
    before = weights(client)
    decide(client, "different")
    entries = len(client.entries())
    told = learn(client)
    assert (told.decided, told.same, told.refused) == (FAMILIES // 2, 0, "")
    assert told.corrections
    assert told.gate == "look"
    assert len(client.entries()) == entries  # to look is no entry
    assert client.send(api.ProposeLesson(sha256=told.sha256)).ok
    assert client.state.steps["pair"].status is Status.DONE
    assert (learn(client).proposal, learn(client).sha256) == (told.sha256, told.sha256)
    reply = judge(client, told.sha256)
    assert reply.ok, reply.message
    proposed, judged = (
        next(e.fact for e in client.entries() if isinstance(e.fact, kind))
        for kind in (ModelProposed, ModelJudged)
    )
    assert isinstance(judged, ModelJudged)
    assert isinstance(proposed, ModelProposed)
    assert (judged.gate, judged.role, judged.settled) == ("look", "lead", True)
    assert "learned" not in model(client)
    client.run_here("pair")
    assert client.state.steps["pair"].attempt == 2
    assert client.state.steps["pair"].figures["learned"] == "used"
    learned = {(c.kind, c.field, c.level): c.bits for c in told.corrections}
    used = model(client)["learned"]
    assert isinstance(used, dict)
    assert used["person"]["prior"][""] == learned["person", "prior", ""]
    after = weights(client)
    told_apart = [pair for pair in after if pair in before and after[pair] < before[pair]]
    assert told_apart
    assert learn(client).accepted == told.sha256
    rows = decision_rows(client.engine.core)
    assert ("match model", told.sha256, "accept") in [row[:3] for row in rows]


@pytest.mark.soak
def test_an_attempt_is_recomputed_with_the_corrections_of_then(tmp_path: Path) -> None:
    root = made(tmp_path / "doubts", FAMILIES)
    client = waiting(root)
    decide(client, "merge")
    told = propose(client)
    assert judge(client, told.sha256).ok
    client.run_here("pair")
    client.close()
    assert recompute(root).first is None
    audit = root / ".tui-migrate" / "audit"
    assert not any(told.sha256 in problem for problem in verify(audit).problems)
    (audit / "objects" / told.sha256).unlink()
    assert any(told.sha256 in problem for problem in verify(audit).problems)


@pytest.mark.soak
def test_what_was_learned_can_be_left_out_again(client: InProcessClient) -> None:
    decide(client, "different")
    told = propose(client)
    judge(client, told.sha256)
    client.run_here("pair")
    back = learn(client, forget=True)
    assert back.corrections == ()
    assert client.send(api.ProposeLesson(sha256=back.sha256)).ok
    assert judge(client, back.sha256).ok
    client.run_here("pair")
    assert client.state.steps["pair"].figures["learned"] == "none"
    assert "learned" not in model(client)


@pytest.mark.soak
def test_a_lesson_of_another_declaration_is_left_out(tmp_path: Path) -> None:
    root = made(tmp_path / "doubts", FAMILIES)
    client = waiting(root)
    decide(client, "different")
    told = propose(client)
    judge(client, told.sha256)
    client.close()
    text = RUNBOOK.replace("review_from: 0.10", "review_from: 0.05")
    (root / "runbook.yaml").write_text(text)
    client = waiting(root)
    assert client.state.steps["pair"].figures["learned"] == "none"
    assert "learned" not in model(client)
    client.close()


PEOPLE = (
    RUNBOOK.replace('lead: {users: ["*"]}', "lead: {users: [ann, ben]}")
    + """\
      - {id: keep, uses: backup, title: Keep, with: {what: [staging]}}
      - {id: load, uses: import, title: Load, with: {entities: [profile]}}
"""
)


def test_a_proposal_is_judged_by_who_signs_the_gate_and_did_not_propose_it(tmp_path: Path) -> None:
    client = waiting(made(tmp_path / "doubts", FAMILIES, PEOPLE))
    core = client.engine.core

    def do(user: str, command: api.AnyCommand) -> str:
        """Why it is refused; '' when it is done."""
        roles = ("lead",) if user in ("ann", "ben") else ()
        reply = client.engine.command(command, api.Identity(user=user, uid=5000, roles=roles))
        assert reply.ok is not bool(reply.exit_code)
        return "" if reply.ok else reply.message

    assert "Nobody has decided" in learn(client).refused
    decide(client, "different")
    told = learn(client)
    accept = api.JudgeLesson(sha256=told.sha256, decision="accept")
    assert "Nothing is proposed" in do("ben", accept)
    assert "not what the decisions teach" in do("ann", api.ProposeLesson(sha256="0" * 64))
    assert do("ann", api.ProposeLesson(sha256=told.sha256)) == ""
    assert "proposed already" in do("ben", api.ProposeLesson(sha256=told.sha256, id="again"))
    assert "four eyes" in do("ann", api.JudgeLesson(sha256=told.sha256, decision="accept"))
    assert do("zoe", api.JudgeLesson(sha256=told.sha256, decision="accept"))
    assert "not the one" in do("ben", api.JudgeLesson(sha256="0" * 64, decision="accept"))
    assert "reason" in do("ben", api.JudgeLesson(sha256=told.sha256, decision="reject"))
    no = api.JudgeLesson(sha256=told.sha256, decision="reject", comment="too few")
    assert do("ben", no) == ""
    assert "Nothing is proposed" in do(
        "ben", api.JudgeLesson(sha256=told.sha256, decision="accept")
    )
    assert do("ann", api.ProposeLesson(sha256=told.sha256)) == ""
    core.record(facts.Receipt(step="load", attempt=1, batch="load-1", counts={"create": 1}))
    assert "frozen" in do("ben", api.JudgeLesson(sha256=told.sha256, decision="accept"))
    assert "frozen" in learn(client).refused
    core.record(facts.RedoAsked(step="pair"))
    assert do("ben", api.JudgeLesson(sha256=told.sha256, decision="accept")) == ""
    assert [bool(one.accepted) for one in core.state.proposals.values()] == [False, True]
    client.close()


def test_a_lesson_is_the_same_when_records_have_founded_or_joined_profiles_since(
    client: InProcessClient,
) -> None:
    decide(client, "different")
    waiting_at_gate = learn(client)
    decide(client, "undo")
    gate = client.state.steps["look"]
    sign = api.Sign(gate="look", decision="approve", evidence=gate.evidence, typed=gate.subject)
    assert client.send(sign).ok
    assert int(client.run_here().exit) == 0
    assert client.state.steps["join"].status is Status.DONE
    decide(client, "different")
    assert learn(client) == waiting_at_gate
    assert waiting_at_gate.decided == FAMILIES // 2
