"""The safe lane: what merges without a person is counted, looked at by sample, and confirmed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.engine.lane_world import made, runbook
from tests.engine.review_world import waiting
from tests.engine.test_review import NORA, merged_profiles
from tui_migrate.audit.entries import StepWaiting
from tui_migrate.audit.lane_facts import (
    LaneDecided,
    LaneDrawn,
    LaneJudged,
    LaneVoided,
    draw,
    seed_of,
)
from tui_migrate.audit.verify import verify
from tui_migrate.cli import run_cli
from tui_migrate.engine.api import DecideCluster, DecideLane, DrawLane, Redo, TakeBack
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.lane_queries import (
    LaneExamples,
    LaneLot,
    LanePage,
    LaneSheet,
    Pool,
    SafeLane,
)
from tui_migrate.engine.lane_state import Lot
from tui_migrate.engine.review_queries import ClusterFilter, ClusterPage, ClusterQueue, ClusterStep
from tui_migrate.engine.run import Status, fold
from tui_migrate.engine.run_lane import tally

CONFIRM = "review: {safe_lane: confirm}\n"


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose merge waits, never changed by a test: 30 clusters would merge without a person."""
    root = made(tmp_path_factory.mktemp("lane") / "w")
    waiting(root).close()
    return root


@pytest.fixture
def root(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "w"))


def lane(client: InProcessClient, group: str = "kind") -> LaneSheet:
    found: LaneSheet = client.ask(SafeLane(group=group))
    return found


def drawn(client: InProcessClient) -> LaneLot:
    """Draw, and the sample."""
    reply = client.send(DrawLane())
    assert reply.ok, reply
    lot = lane(client).lot
    assert lot is not None
    return lot


def judge(client: InProcessClient, lot: LaneLot, wrong: int = 0, word: str = "settled") -> None:
    """Say of the first ``wrong`` clusters that they are not one person, of the others that they are."""
    for nth in range(lot.size):
        page: ClusterPage = client.ask(ClusterStep(move="open", pool=Pool(lot=lot.entry)))
        assert page.ref is not None
        records = page.ref.records
        one = (tuple(range(len(records))),)
        said = DecideCluster(records=records, groups=one, lot=lot.entry)
        if nth < wrong:
            said = DecideCluster(records=records, decision=word, lot=lot.entry)
        assert client.send(said).ok


def confirm(client: InProcessClient, decision: str = "merge") -> int:
    """Type the number of clusters; the entry."""
    now = lane(client)
    reply = client.send(DecideLane(typed=now.clusters, sha256=now.sha256, decision=decision))
    assert reply.ok, reply
    return reply.seq


def facts(client: InProcessClient, kind: type) -> list[object]:
    return [entry.fact for entry in client.entries() if isinstance(entry.fact, kind)]


def write(root: Path, text: str) -> None:
    (root / "runbook.yaml").write_text(text)


def test_a_merge_waits_and_says_for_what(root: Path) -> None:
    client = open_client(root)
    (asked,) = facts(client, StepWaiting)
    now = lane(client)
    assert isinstance(asked, StepWaiting)
    assert (asked.step, asked.subject, asked.evidence) == ("join", 30, now.sha256)
    assert (now.clusters, now.records, now.pairs) == (30, 60, 30)
    assert (now.asked, now.letter, now.size, now.accept) == ("sample", "D", 8, 1)
    stopped = client.run_here()
    assert "30 clusters would merge without a person" in stopped.message
    assert "tui-migrate lane confirm 30" in stopped.message
    assert len(facts(client, StepWaiting)) == 1, "said once"
    refused = client.send(DecideLane(typed=30))
    assert "sample first" in refused.message
    client.close()


def test_the_preview_counts_by_what_ties_and_shows_examples(root: Path) -> None:
    client = open_client(root)
    counts = {
        group: {row.value: row.clusters for row in lane(client, group).rows}
        for group in ("kind", "size", "source", "brand")
    }
    assert counts == {
        "kind": {"birth_date+email": 30},
        "size": {"2": 30},
        "source": {"crm + mail": 29, "crm": 1},
        "brand": {"Nova": 30, "Kompas": 29},
    }
    page: LanePage = client.ask(LaneExamples(group="source", value="crm"))
    assert [row.records for row in page.rows] == [(("crm", "X1"), ("crm", "X2"))]
    page = client.ask(LaneExamples(group="kind", value="birth_date+email", offset=25, limit=10))
    assert (page.fitting, len(page.rows)) == (30, 5)
    found: ClusterPage = client.ask(ClusterStep(pool=Pool(group="source", value="crm")))
    assert found.sheet is not None
    assert [record.record_id for record in found.sheet.records] == ["X1", "X2"]
    client.close()


def test_a_sample_is_what_its_journalled_seed_draws_and_is_not_thrown_again(root: Path) -> None:
    client = open_client(root)
    lot = drawn(client)
    (fact,) = facts(client, LaneDrawn)
    assert isinstance(fact, LaneDrawn)
    objects = root / ".tui-migrate" / "audit" / "objects"
    lines = (objects / fact.sha256).read_text().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == 30
    assert fact.seed == seed_of(client.state.run, fact.sha256)
    assert [" ".join(names) for names in fact.sample] == draw(reversed(lines), 8, fact.seed)
    assert "not judged yet: 8 clusters are left" in client.send(DrawLane()).message
    judge(client, lot)
    client.close()
    client = open_client(root)
    again = fold(client.entries())
    assert tally(again, again.lane.lots[lot.entry]) == (8, 0, 0), "replay counts the same"
    client.close()


def test_an_accepted_sample_and_a_typed_number_let_the_merge_go_on(root: Path) -> None:
    client = open_client(root)
    lot = drawn(client)
    judge(client, lot, wrong=1, word="unsure")
    (result,) = facts(client, LaneJudged)
    assert result == LaneJudged(lot=lot.entry, result="accepted", right=7, wrong=1)
    now = lane(client)
    assert (now.clusters, now.uncovered) == (22, 0), "those that were judged are people's now"
    assert "22 clusters" in client.send(DecideLane(typed=30)).message
    assert not client.send(DecideLane(typed=22, sha256="0" * 64)).ok, "he saw another list"
    confirm(client)
    assert client.run_here().exit == 0
    assert len(merged_profiles(client)) == 29, "all but the wrong one"
    page: LanePage = client.ask(LaneExamples(lot=lot.entry))
    (wrong,) = (row.records for row in page.rows if row.verdict == "wrong")
    (asked,) = client.ask(ClusterQueue(only=ClusterFilter(state="unsure"))).rows
    assert (asked.records, asked.reason) == (wrong, "doubted"), "a question, not a merge"
    held = lane(client).decision
    assert held is not None
    assert held.holds, "the match took the decisions in, and the list is the same"
    assert facts(client, LaneVoided) == []
    folder = root / ".tui-migrate" / "audit"
    assert verify(folder).problems == []
    (fact,) = facts(client, LaneDrawn)
    assert isinstance(fact, LaneDrawn)
    (folder / "objects" / fact.sha256).write_text("another list\n")
    assert any("changed" in str(problem) for problem in verify(folder).problems)
    client.close()


def test_a_rejected_sample_is_not_drawn_again_until_the_match_is_stricter(root: Path) -> None:
    client = open_client(root)
    judge(client, drawn(client), wrong=2)
    assert [fact.result for fact in facts(client, LaneJudged) if isinstance(fact, LaneJudged)] == [
        "rejected"
    ]
    assert "rejected" in client.send(DrawLane()).message
    assert "rejected" in client.send(DecideLane(typed=lane(client).clusters)).message
    client.run_here()
    assert "rejected" in client.send(DrawLane()).message, "decisions alone make no other lot"
    client.close()
    write(root, runbook(auto_from="0.999"))
    client = waiting(root)
    judge(client, drawn(client))
    now = lane(client)
    assert [(lot.result, lot.current) for lot in now.lots] == [
        ("rejected", False),
        ("accepted", True),
    ]
    client.close()


def test_a_rejected_lane_is_given_to_review(root: Path) -> None:
    client = open_client(root)
    judge(client, drawn(client), wrong=2)
    entry = confirm(client, "review")
    assert client.run_here().exit == 0
    assert len(merged_profiles(client)) == 6, "those that a person said to be right"
    assert lane(client).clusters == 0
    window = client.ask(ClusterQueue(only=ClusterFilter(state="open")))
    assert window.fitting == 22
    assert {row.reason for row in window.rows} == {"lane closed"}
    assert client.send(TakeBack(entry=entry)).ok
    assert "input safe lane" in client.state.steps["pair"].inputs
    client.close()


def test_other_clusters_void_a_confirmation_and_fewer_do_not(root: Path) -> None:
    write(root, runbook(CONFIRM))
    client = open_client(root)
    client.run_here()
    entry = confirm(client)
    assert client.send(DecideCluster(records=(("crm", "C3"), ("mail", "M3")))).ok
    assert client.run_here().exit == 0
    assert len(merged_profiles(client)) == 29
    file = root / "deliveries" / "mail" / "2026-03-01" / "people.csv"
    file.write_text(file.read_text() + "N1;Els;Xandervelt;1961-04-03;els@example.nl;;;;\n")
    assert client.send(Redo(step="read", reason="a record was lacking")).ok
    stopped = client.run_here()
    assert stopped.exit == 3
    (void,) = facts(client, LaneVoided)
    assert isinstance(void, LaneVoided)
    assert (void.entry, void.clusters) == (entry, 29)
    client.close()


def test_a_confirmation_is_taken_back_and_given_back(root: Path) -> None:
    write(root, runbook(CONFIRM))
    client = open_client(root)
    client.run_here()
    entry = confirm(client)
    assert client.run_here().exit == 0
    back = client.send(TakeBack(entry=entry))
    assert back.ok
    assert not client.send(TakeBack(entry=entry)).ok, "it was taken back already"
    assert client.run_here().exit == 3
    assert client.state.steps["join"].status is Status.WAITING
    assert client.send(TakeBack(entry=back.seq)).ok
    assert client.run_here().exit == 0
    client.close()


def test_a_role_of_one_brand_sees_its_clusters_and_decides_nothing_for_all(root: Path) -> None:
    client = open_client(root)
    lot = drawn(client)
    engine = client.engine
    seen = engine.question(SafeLane(group="source"), NORA)
    assert (seen.clusters, seen.whole, seen.sha256) == (1, 30, "")
    assert [(row.value, row.clusters) for row in seen.rows] == [("crm", 1)]
    page = engine.question(LaneExamples(group="kind", value="birth_date+email"), NORA)
    assert [row.records for row in page.rows] == [(("crm", "X1"), ("crm", "X2"))]
    everybody = engine.question(LaneExamples(lot=lot.entry), NORA).rows
    assert all({source for source, _r in row.records} == {"crm"} for row in everybody)
    for command in (DrawLane(), DecideLane(typed=30), DecideLane(typed=1)):
        assert "brands" in engine.command(command, NORA).message
    client.close()


def test_records_that_were_not_drawn_are_no_verdict(root: Path) -> None:
    client = open_client(root)
    lot = drawn(client)
    page: LanePage = client.ask(LaneExamples(lot=lot.entry))
    sample = {row.records for row in page.rows}
    other = next(
        row.records for row in client.ask(LaneExamples(group="size", value="2")).rows
        if row.records not in sample
    )  # fmt: skip
    refused = client.send(DecideCluster(records=other, groups=((0, 1),), lot=lot.entry))
    assert "no cluster of the sample" in refused.message
    client.close()


def test_a_list_that_a_person_confirmed_holds_no_name_and_no_number(root: Path) -> None:
    write(root, runbook(CONFIRM))
    client = open_client(root)
    client.run_here()
    confirm(client)
    (fact,) = facts(client, LaneDecided)
    assert isinstance(fact, LaneDecided)
    text = (root / ".tui-migrate" / "audit" / "objects" / fact.sha256).read_text()
    assert set(text) <= set("0123456789abcdef \n")
    client.close()


def test_an_erased_person_takes_his_cluster_out_of_the_count() -> None:
    fact = LaneDrawn(
        step="pair", attempt=1, sha256="", clusters=9, aql="6.5", letter="D", accept=1, reject=2,
        seed="", basis="", sample=[["a", "b"], ["c", "d"], ["e", "f"]],
    )  # fmt: skip
    lot = Lot(1, "anna", "", fact)
    said = {frozenset("ab"): True, frozenset("cd"): False}
    assert lot.tally(said, ()) == (1, 1, 1)
    assert lot.result(lot.tally(said, ())) == "open"
    assert lot.tally(said, {"f"}) == (1, 1, 0)
    assert lot.result(lot.tally(said, {"f"})) == "accepted"


def test_the_command_line_does_what_the_screen_does(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lane_says(*words: str) -> str:
        assert run_cli(["lane", *words, "-w", str(root)]) == 0
        return capsys.readouterr().out

    assert "30 clusters would merge without a person: 60 records, 30 pairs" in lane_says()
    assert "8 of 30: 8 to judge" in lane_says("draw")
    first = json.loads(lane_says("sample", "--json"))[0]
    told = lane_says("judge", first["records"][0], "unsure")
    assert "7 to judge; 0 right, 1 wrong (1 allowed)" in told
    assert run_cli(["lane", "confirm", "29", "-w", str(root)]) == 1, "the sample is not judged yet"
    assert "lets nothing merge without a person" in lane_says("review", "29")
    lane_says("undo")
    told = json.loads(lane_says("--json", "--by", "source"))
    assert (told["clusters"], told["decision"], told["asked"]) == (29, None, "sample")
