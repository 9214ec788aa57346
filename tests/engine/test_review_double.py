"""Two persons answer a share of the clusters, neither knows what the other said, and a third settles
what they see differently."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided, ReviewDrawn
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import (
    AnyCommand,
    Decide,
    DecideCluster,
    Identity,
    Query,
    Reply,
    TakeBack,
)
from tui_migrate.engine.client import open_client
from tui_migrate.engine.decisions import decided, overrides
from tui_migrate.engine.pair_queries import PairDecisions
from tui_migrate.engine.queries import Said
from tui_migrate.engine.reporting.consents import duplicates
from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.review_progress import figures_text
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterHistory,
    ClusterPage,
    ClusterQueue,
    ClusterStep,
    ReviewFigures,
    ReviewState,
)
from tui_migrate.engine.run import fold
from tui_migrate.engine.sentences import sentence
from tui_migrate.engine.two_answers import draw_of
from tui_migrate.i18n import speaking

ANNA = Identity(user="anna", uid=4711, roles=("reviewer",))
BERT = Identity(user="bert", uid=4712, roles=("reviewer",))
LEA = Identity(user="lea", uid=4713, roles=("lead",))
TRIPLE = (("crm", "C1"), ("mail", "M1"), ("mail", "N1"))
PAIR = (("crm", "C0"), ("mail", "M0"))
SECRET = "she rang and said so"


class Run:
    """An engine, and the three who work with it."""

    def __init__(self, root: Path) -> None:
        self.client = open_client(root)

    @property
    def state(self) -> Any:
        return self.client.engine.core.state

    def send(self, who: Identity, command: AnyCommand) -> Reply:
        return self.client.engine.command(command, who)

    def settle(self, who: Identity, word: str, records: Any = TRIPLE, **more: Any) -> Reply:
        groups = {"merge": (tuple(range(len(records))),), "different": (), "split": ((0, 1),)}
        command = DecideCluster(
            records=records,
            groups=groups.get(word, ()),
            decision="unsure" if word == "unsure" else "settled",
            **more,
        )
        return self.send(who, command)

    def ask(self, who: Identity, query: Query) -> Any:
        return self.client.engine.question(query, who)

    def page(self, who: Identity, records: Any = TRIPLE) -> ClusterPage:
        page: ClusterPage = self.ask(who, ClusterStep(records=records))
        assert page.ref is not None
        assert page.sheet is not None
        return page

    def stands(self, who: Identity, records: Any = TRIPLE) -> str:
        ref = self.page(who, records).ref
        assert ref is not None
        return ref.decision

    def words(self) -> set[str]:
        """The words that count on the pairs of the triple."""
        found: tuple[Any, ...] = self.ask(LEA, PairDecisions())
        return {d.decision for d in found if {d.record_a, d.record_b} <= {"C1", "M1", "N1"}}


def doubled(root: Path, review: str = "{double: 1.0, third: lead}") -> Path:
    book = root / "runbook.yaml"
    text = book.read_text().replace('lead: {users: ["*"]}', 'lead: {users: ["*", lea]}')
    roles = f"review: {review}\nroles:\n  reviewer: {{users: [anna, bert], may: [decide]}}"
    book.write_text(text.replace("roles:", roles))
    return root


@pytest.fixture
def run(doubts: Path, tmp_path: Path) -> Iterator[Run]:
    run = Run(doubled(Path(shutil.copytree(doubts, tmp_path / "w"))))
    yield run
    run.client.close()


def test_it_counts_when_both_say_the_same(run: Run) -> None:
    assert run.settle(ANNA, "merge").ok
    assert run.words() == set()
    assert run.stands(ANNA) == "waiting"
    assert run.settle(BERT, "merge").ok
    assert run.words() == {"merge"}
    ref = run.page(LEA).ref
    assert ref is not None
    assert (ref.decision, ref.by) == ("merge", "anna, bert")
    window = run.ask(LEA, ClusterQueue(limit=0))
    assert (window.counts["merge"], window.decided) == (1, 1)


def test_nothing_of_the_first_answer_reaches_the_second_person(run: Run) -> None:
    assert run.settle(ANNA, "split", note=SECRET).ok
    (entry,) = [e for e in run.client.entries() if isinstance(e.fact, ClusterAnswered)]
    fact = entry.fact
    assert isinstance(fact, ClusterAnswered)
    page = run.page(BERT)
    assert page.ref is not None
    assert page.sheet is not None
    assert (page.ref.decision, page.ref.by, page.ref.entry) == ("", "", 0), "as if nobody had"
    assert (page.sheet.groups, page.sheet.note, page.sheet.answers) == ((), "", ())
    assert run.ask(BERT, ClusterHistory()) == ()
    assert run.ask(BERT, Said(references=(fact.answer,))) == {fact.answer: ""}
    assert run.ask(BERT, PairDecisions()) == ()
    line = sentence(entry, run.state, run.client.words)
    assert "split" not in line
    assert SECRET not in line
    assert "sealed" in line
    journal = run.client.workspace / ".tui-migrate" / "audit" / "journal.jsonl"
    assert b'"groups":[[0,1],[2]]' not in journal.read_bytes()

    own = run.page(ANNA)
    assert own.sheet is not None
    assert own.sheet.groups == ((0, 1), (2,)), "who gave it may read it"
    assert own.sheet.note == SECRET
    assert [past.decision for past in run.ask(ANNA, ClusterHistory())] == ["split"]


def test_one_person_is_not_two(run: Run) -> None:
    assert run.settle(ANNA, "merge").ok
    assert run.settle(ANNA, "different").ok, "he thinks better of it"
    assert run.words() == set()
    assert run.settle(BERT, "merge").ok
    assert run.stands(LEA) == "differ", "his last answer is held against the other"


def test_what_two_see_differently_a_third_settles_who_is_shown_both(run: Run) -> None:
    run.settle(ANNA, "merge")
    run.settle(BERT, "different", note=SECRET)
    assert run.words() == set()
    sheet = run.page(LEA).sheet
    assert sheet is not None
    assert [(a.by, a.decision, a.note) for a in sheet.answers] == [
        ("anna", "merge", ""),
        ("bert", "different", SECRET),
    ]
    step = run.ask(LEA, ClusterStep(move="open", only=ClusterFilter(state="differ")))
    assert step.ref.records == TRIPLE
    step = run.ask(ANNA, ClusterStep(move="open"))
    assert step.ref.records != TRIPLE, "not for the two"
    assert run.settle(LEA, "split").ok
    assert run.words() == {"merge", "different"}
    ref = run.page(ANNA).ref
    assert ref is not None
    assert (ref.decision, ref.by) == ("split", "lea")
    assert not run.settle(ANNA, "merge").ok, "it is settled over his head"


def test_without_the_role_nobody_is_the_third(run: Run) -> None:
    run.settle(ANNA, "merge")
    run.settle(BERT, "different")
    cas = Identity(user="cas", uid=4714, roles=("reviewer",))
    reply = run.settle(cas, "merge")
    assert not reply.ok
    assert "lead" in reply.message
    step = run.ask(cas, ClusterStep(move="open", only=ClusterFilter(state="differ")))
    assert step.ref is not None
    assert step.sheet.answers


def test_each_takes_back_his_own_and_gives_it_back(run: Run) -> None:
    run.settle(ANNA, "merge")
    run.settle(BERT, "merge")
    first, second = run.page(ANNA).ref, run.page(BERT).ref
    assert first is not None
    assert second is not None
    assert not run.send(BERT, TakeBack(entry=first.entry)).ok
    assert run.send(ANNA, TakeBack(entry=first.entry)).ok
    assert run.words() == set()
    assert run.stands(BERT) == "waiting"
    assert run.stands(ANNA) == ""
    undone = run.page(ANNA).ref
    assert undone is not None
    assert run.send(ANNA, TakeBack(entry=undone.undone)).ok
    assert run.words() == {"merge"}
    assert run.send(BERT, TakeBack(entry=second.entry)).ok
    assert run.settle(BERT, "different").ok
    assert run.stands(LEA) == "differ"


def test_what_the_third_said_falls_back_to_the_two(run: Run) -> None:
    run.settle(ANNA, "merge")
    run.settle(BERT, "different")
    reply = run.settle(LEA, "merge")
    assert not run.send(ANNA, TakeBack(entry=reply.seq)).ok
    assert run.send(LEA, TakeBack(entry=reply.seq)).ok
    assert run.stands(LEA) == "differ"
    assert run.words() == set()


def test_a_sealed_answer_is_not_given_back_behind_anothers(run: Run) -> None:
    first = run.settle(ANNA, "merge").seq
    back = run.send(ANNA, TakeBack(entry=first)).seq
    run.settle(BERT, "merge")
    reply = run.send(ANNA, TakeBack(entry=back))
    assert not reply.ok
    assert "anew" in reply.message
    assert run.settle(ANNA, "merge").ok
    assert run.words() == {"merge"}


def test_nobody_goes_round_it_by_pairs_or_parts(run: Run) -> None:
    pair = {"source_a": "crm", "record_a": "C1", "source_b": "mail", "record_b": "M1"}
    assert not run.send(ANNA, Decide(decision="merge", **pair)).ok
    assert not run.settle(ANNA, "merge", TRIPLE[:2]).ok
    alone = {"source_a": "crm", "record_a": "C0", "source_b": "mail", "record_b": "M0"}
    assert run.send(ANNA, Decide(decision="merge", **alone)).ok, "a cluster of two is a pair"
    assert run.stands(ANNA, PAIR) == "waiting"
    assert run.send(BERT, Decide(decision="merge", **alone)).ok
    assert run.stands(BERT, PAIR) == "merge"


def test_values_that_either_chose_are_taken(run: Run) -> None:
    run.settle(ANNA, "merge", values={"first_name": (1,)}, lead=2)
    run.settle(BERT, "merge", values={"family_name": (0,)})
    core = run.client.engine.core
    found = overrides(core, _merge_step(core), as_started=False)
    assert {name for one in found for name in one.values} == {"first_name", "family_name"}
    assert [one.lead for one in found] == [("mail", "N1"), None]
    assert {d.decision for d in decided(core, core.state)} == {"merge"}


def _merge_step(core: Any) -> Any:
    return next(s for s in core.state.steps.values() if s.outline.uses == "merge")


def test_unsure_is_an_answer_too(run: Run) -> None:
    run.settle(ANNA, "unsure")
    run.settle(BERT, "unsure")
    assert run.stands(LEA) == "unsure"
    assert run.settle(LEA, "merge").ok, "somebody else settles it"
    assert run.words() == {"merge"}


def test_the_share_is_drawn_by_a_seed_of_the_journal(doubts: Path, tmp_path: Path) -> None:
    root = doubled(Path(shutil.copytree(doubts, tmp_path / "w")), "{double: 0.4}")
    run = Run(root)
    (draw,) = [e.fact for e in run.client.entries() if isinstance(e.fact, ReviewDrawn)]
    assert isinstance(draw, ReviewDrawn)
    view = run.client.engine.view
    cursor = view.cursor()
    queue = view.reviews.queue(Desk(view, cursor))
    cursor.close()
    drawn = {
        queue.named(n)
        for n in range(len(queue.clusters))
        if draw_of(draw.seed, queue.pseudonyms(n)) < 0.4
    }
    assert 0 < len(drawn) < len(queue.clusters)
    for n in range(len(queue.clusters)):
        records = queue.named(n)
        assert run.settle(ANNA, "merge", records).ok
        assert run.stands(ANNA, records) == ("waiting" if records in drawn else "merge")
    run.client.close()

    book = root / "runbook.yaml"
    book.write_text(book.read_text().replace("double: 0.4", "double: 0.2"))
    run = Run(root)
    last = [e.fact for e in run.client.entries() if isinstance(e.fact, ReviewDrawn)][-1]
    assert (last.share, last.seed) == (0.2, draw.seed)
    run.client.close()


def test_kappa_counts_what_neither_knew_and_the_rest_is_said_with_its_basis(run: Run) -> None:
    before: ReviewState = run.ask(LEA, ReviewFigures())
    assert (before.compared, before.kappa, before.wrong) == (0, None, None)
    assert before.drawn == before.total
    core = run.client.engine.core
    doubtful = core.store.cursor().execute("SELECT probability FROM pair WHERE band = 'review'")
    expected = sum(probability for (probability,) in doubtful.fetchall())
    assert before.missed == pytest.approx(expected, abs=0.06)

    records = [ref.records for ref in run.ask(LEA, ClusterQueue()).rows]
    said = ["merge", "merge", "different", "different", "merge", "unsure"]
    for cluster, word in zip(records, said, strict=False):
        assert run.settle(ANNA, word, cluster).ok
    for cluster, word in zip(records, ["merge", "merge", "different", "different"], strict=False):
        assert run.settle(BERT, word, cluster).ok
    other = run.settle(BERT, "different", records[4])
    run.settle(BERT, "merge", records[5])
    state: ReviewState = run.ask(LEA, ReviewFigures())
    assert state.table == {
        "different/different": 2, "merge/different": 1, "merge/merge": 2, "unsure/merge": 1,
    }  # fmt: skip
    assert (state.compared, state.alike, state.opposed, state.contrary) == (6, 4, 5, 1)
    assert state.counts["differ"] == 2
    assert state.missed < before.missed

    assert run.send(BERT, TakeBack(entry=other.seq)).ok
    assert run.settle(BERT, "merge", records[4]).ok, "he has seen by now what she said"
    after: ReviewState = run.ask(LEA, ReviewFigures())
    assert (after.table, after.kappa) == (state.table, state.kappa)
    text = "\n".join(figures_text(after))
    assert "Two persons answered 6 clusters, 4 alike. Cohen’s kappa is 0." in text
    assert "too few answers to call it anything" in text, "six say little"
    assert "No cluster was settled by one person alone." in text

    core = run.client.engine.core
    material = Material(entries=core.journal.entries, state=core.state, config=None, seals=())
    with speaking("nl"):
        told = str(duplicates(material))
    assert "Cohens kappa is 0," in told
    assert "Door twee personen beantwoord" in told


def windows(run: Run) -> list[list[int]]:
    """What each of the three finds by a filter for where clusters stand."""
    states = ("open", "waiting", "differ", "unsure", "settled")
    return [
        [ref.number for ref in run.ask(who, ClusterQueue(only=ClusterFilter(state=state))).rows]
        for who in (ANNA, BERT, LEA)
        for state in states
    ]


def test_a_thousand_answers_end_as_a_fresh_fold_says(run: Run) -> None:
    """Answers, undone and redone at random by three persons: the queue that follows, one made anew, and
    the state of a fresh fold are the same; and no word counts that two did not give."""
    rng = random.Random(4)
    clusters = [ref.records for ref in run.ask(LEA, ClusterQueue()).rows][:5]
    entries: list[int] = []
    core = run.client.engine.core
    for number in range(300):
        who = rng.choice([ANNA, BERT, LEA])
        if entries and rng.random() < 0.4:
            reply = run.send(who, TakeBack(entry=rng.choice(entries)))
        else:
            reply = run.settle(
                who, rng.choice(["merge", "different", "unsure"]), rng.choice(clusters)
            )
        if reply.ok:
            entries.append(reply.seq)
        if number % 20 == 0:
            run.ask(who, ClusterQueue())
        if number % 100 == 0:
            windows(run)
    assert len(entries) > 150
    fresh = fold(core.journal.entries)
    assert fresh.pairs == core.state.pairs
    assert fresh.questions == core.state.questions
    assert fresh.decisions == core.state.decisions
    kept = [(ref.decision, ref.entry) for ref in run.ask(ANNA, ClusterQueue()).rows]
    found = windows(run)
    assert len(set(map(len, found))) > 2
    core.reviews.forget()
    assert [(ref.decision, ref.entry) for ref in run.ask(ANNA, ClusterQueue()).rows] == kept
    assert windows(run) == found
    for pair in core.state.pairs.values():
        decision = core.state.decisions[pair.seq]
        if decision.turn != "third":
            said = {
                core.state.decisions[seq].by
                for seq in core.state.questions[decision.question].answers
                if core.state.decisions[seq].standing
            }
            assert len(said) > 1
    decisions = [e.fact for e in core.journal.entries if isinstance(e.fact, ClusterDecided)]
    assert all(fact.turn in ("second", "third") for fact in decisions)
