"""Doubtful duplicates: one cluster is one thing to settle, and every decision can be taken back."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from tui_migrate.audit.forgetting import Forgetting, Forgotten
from tui_migrate.audit.review_facts import ClusterDecided, DecisionTakenBack, PairDecided
from tui_migrate.engine import answers, queries, review_clusters, reviewing
from tui_migrate.engine.api import Claim, Decide, DecideCluster, Identity, Redo, Sign, TakeBack
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.decisions import decided
from tui_migrate.engine.engine import Engine
from tui_migrate.engine.loading import reload
from tui_migrate.engine.pair_queries import PairDecisions
from tui_migrate.engine.person_queries import Person
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterHistory,
    ClusterPage,
    ClusterPermission,
    ClusterQueue,
    ClusterRef,
    ClusterStep,
    ClusterWindow,
)
from tui_migrate.engine.reviewing import CLAIM, Reviews
from tui_migrate.engine.seeing import Seen
from tui_migrate.engine.sight import Sight

NORA = Identity(user="nora", uid=4711, roles=("nova",))
TRIPLE = (("crm", "C1"), ("mail", "M1"), ("mail", "N1"))


@pytest.fixture
def root(doubts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(doubts, tmp_path / "w"))


def rows(client: InProcessClient, **only: str) -> tuple[ClusterRef, ...]:
    window: ClusterWindow = client.ask(ClusterQueue(only=ClusterFilter(**only)))
    return window.rows


def words(client: InProcessClient) -> dict[tuple[str, str], str]:
    """Record ids → the present word on the pair."""
    return {(d.record_a, d.record_b): d.decision for d in client.ask(PairDecisions())}


def here(client: InProcessClient, records: tuple[tuple[str, str], ...]) -> ClusterPage:
    page: ClusterPage = client.ask(ClusterStep(records=records))
    return page


def merged_profiles(client: InProcessClient) -> list[set[str]]:
    """The records of each profile of several."""
    rows = client.engine.view.cursor().execute(
        "SELECT list(record_id) FROM crosswalk GROUP BY profile_id HAVING count(*) > 1 ORDER BY ALL"
    )
    return [set(ids) for (ids,) in rows.fetchall()]


def go_on(client: InProcessClient) -> None:
    """Count what was settled, sign, merge."""
    client.run_here()
    gate = client.state.steps["look"]
    sign = Sign(gate="look", decision="approve", evidence=gate.evidence, typed=gate.subject)
    reply = client.send(sign)
    assert reply.ok, reply
    assert client.run_here().exit == 0


def test_every_doubtful_pair_is_asked_in_one_cluster(root: Path) -> None:
    client = open_client(root)
    cursor = client.engine.view.cursor()
    asked = cursor.execute(
        "SELECT record_a, record_b FROM pair WHERE band = 'review' ORDER BY ALL"
    ).fetchall()
    queue = rows(client)
    sizes = Counter(len(ref.records) for ref in queue)
    assert sizes[3] > 5
    assert sizes[2] > 5
    inside = [
        sum({a, b} <= {record for _s, record in ref.records} for ref in queue) for a, b in asked
    ]
    assert inside == [1] * len(asked)
    assert queue == rows(client), "asked again, in the same order"
    window: ClusterWindow = client.ask(ClusterQueue(offset=3, limit=2))
    assert [ref.number for ref in window.rows] == [4, 5]
    client.close()


def test_a_star_of_doubts_is_cut_to_what_one_screen_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    edges = [(0, n) for n in range(1, 30)] + [(1, 2)]
    found = list(review_clusters._joined(edges, {3: [3, 40], 40: [3, 40]}))
    assert max(len(members) for members, _asked in found) == review_clusters.MOST
    assert sorted(n for _members, asked in found for n in asked) == list(range(len(edges)))
    with_group = next(members for members, asked in found if 2 in asked)
    assert 40 in with_group, "who stands as one with a record comes along"


def test_a_decision_is_one_entry_and_a_word_on_every_pair(root: Path) -> None:
    client = open_client(root)
    crm, mail, other = TRIPLE
    command = DecideCluster(records=(other, crm, mail), groups=((1, 2),), note="rang them")
    assert client.send(command).ok
    (fact,) = [e.fact for e in client.entries() if isinstance(e.fact, ClusterDecided)]
    assert fact.groups == [[0, 1], [2]], "in the records' one order"
    assert client.words(fact.note) == "rang them"
    assert words(client) == {
        ("C1", "M1"): "merge",
        ("C1", "N1"): "different",
        ("M1", "N1"): "different",
    }
    ref = here(client, TRIPLE).ref
    assert ref is not None
    assert (ref.decision, ref.by) == ("split", client.identity.user)
    assert b"rang them" not in (root / ".tui-migrate" / "audit" / "journal.jsonl").read_bytes()
    go_on(client)
    assert {"C1", "M1"} in merged_profiles(client)
    told = [e for e in client.ask(Person(profile_id="crm/C1")).trail if e.event == "decided"]
    assert {(e.rule, e.other_record) for e in told} == {("merge", "M1"), ("different", "N1")}
    client.close()


def test_the_later_word_wins_between_pairs_and_clusters(root: Path) -> None:
    client = open_client(root)
    assert client.send(DecideCluster(records=TRIPLE, groups=((0, 1, 2),))).ok
    pair = {"source_a": "mail", "record_a": "M1", "source_b": "crm", "record_b": "C1"}
    assert client.send(Decide(decision="different", **pair)).ok
    assert words(client)["C1", "M1"] == "different"
    assert words(client)["M1", "N1"] == "merge"
    assert client.send(Decide(decision="undo", **pair)).ok
    assert words(client)["C1", "M1"] == "merge"
    assert client.send(Decide(decision="undo", **pair)).ok, "now the cluster is taken back"
    assert words(client) == {}
    assert not client.send(Decide(decision="undo", **pair)).ok
    kinds = [type(e.fact) for e in client.entries()][-4:]
    assert kinds == [ClusterDecided, PairDecided, PairDecided, DecisionTakenBack]
    client.close()


def test_taking_back_has_no_end_and_outlives_the_engine(root: Path) -> None:
    client = open_client(root)
    first = client.send(DecideCluster(records=TRIPLE, groups=((0, 1, 2),))).seq
    second = client.send(DecideCluster(records=TRIPLE)).seq
    assert client.send(TakeBack(entry=first)).ok, "below another one: the later word stays"
    assert words(client)["C1", "M1"] == "different"
    client.close()

    client = open_client(root)
    back = client.send(TakeBack(entry=second))
    assert words(client) == {}
    ref = here(client, TRIPLE).ref
    assert ref is not None
    assert (ref.decision, ref.undone) == ("", back.seq)
    assert not client.send(TakeBack(entry=second)).ok, "it was taken back already"
    assert client.send(TakeBack(entry=back.seq)).ok
    assert not client.send(TakeBack(entry=back.seq)).ok, "it counts already"
    assert words(client)["C1", "M1"] == "different"
    again = client.send(TakeBack(entry=second))
    assert not client.send(TakeBack(entry=back.seq)).ok, "an older undo is no longer the last"
    assert client.send(TakeBack(entry=again.seq)).ok
    assert set(words(client).values()) == {"different"}
    past = client.ask(ClusterHistory())
    assert [(p.entry, bool(p.undone)) for p in past] == [(first, True), (second, False)]
    client.close()


def test_a_changed_field_asks_again_and_leaves_the_others_alone(root: Path) -> None:
    client = open_client(root)
    pair = (("crm", "C0"), ("mail", "M0"))
    for records in (TRIPLE, pair):
        assert client.send(DecideCluster(records=records, groups=((0, 1),))).ok
    file = root / "deliveries" / "mail" / "2026-03-01" / "people.csv"
    text = file.read_text()
    assert "M0;Ans" in text
    file.write_text(text.replace("M0;Ans", "M0;Anneke").replace("N1;J.", "N1;H."))
    assert client.send(Redo(step="read", reason="a corrected file")).ok
    client.run_here()
    asked = here(client, pair)
    assert asked.ref is not None
    assert asked.sheet is not None
    assert (asked.ref.decision, asked.ref.changed) == ("", True)
    assert asked.sheet.changed == ("first_name",)
    assert {ref.records for ref in rows(client, state="changed")} == {pair, TRIPLE}
    said = decided(client.engine.core, client.engine.core.state)
    # Whoever was another person stays one until somebody has looked; nobody is merged meanwhile.
    assert [(d.record_a, d.record_b, d.decision) for d in said] == [
        ("C1", "M1", "merge"),
        ("C1", "N1", "different"),
        ("M1", "N1", "different"),
    ]
    client.close()


def test_two_people_never_have_the_same_cluster(root: Path) -> None:
    client = open_client(root)
    engine = client.engine
    who = Identity(user="berta", uid=4712, roles=("lead",))
    first: ClusterPage = client.ask(ClusterStep(move="open", sitting="a"))
    assert first.ref is not None
    assert client.send(Claim(records=first.ref.records, sitting="a")).ok
    other = engine.question(ClusterStep(move="open", sitting="b"), who)
    assert other.ref.records != first.ref.records
    refused = engine.command(Claim(records=first.ref.records[:1], sitting="b"), who)
    assert client.identity.user in refused.message
    settle = DecideCluster(records=first.ref.records, sitting="b")
    assert not engine.command(settle, who).ok
    seen = engine.question(ClusterQueue(limit=1), who)
    assert seen.rows[0].claimed == client.identity.user
    assert client.send(DecideCluster(records=first.ref.records, sitting="a")).ok
    assert engine.command(Claim(records=first.ref.records, sitting="b"), who).ok
    client.close()


def test_a_claim_ends_by_itself() -> None:
    now = [0.0]
    reviews = Reviews(clock=lambda: now[0])
    assert reviews.claim(TRIPLE, 1, "anna", "a") == ""
    assert reviews.claim(TRIPLE[1:], 2, "berta", "b") == "anna"
    now[0] = CLAIM + 1
    assert reviews.claim(TRIPLE[1:], 2, "berta", "b") == ""


def test_a_role_gets_only_clusters_whose_brands_it_covers_wholly(root: Path) -> None:
    client = open_client(root)
    engine = client.engine
    window: Any = engine.question(ClusterQueue(), NORA)
    own = (("crm", "W1"), ("crm", "W2"))
    assert [ref.records for ref in window.rows] == [own]
    assert (window.total, sum(window.counts.values())) == (1, 1)
    page = engine.question(ClusterStep(records=TRIPLE), NORA)
    assert (page.ref, page.sheet) == (None, None)
    refused = engine.command(DecideCluster(records=TRIPLE), NORA)
    assert "brands" in refused.message
    pair = Decide(
        source_a="crm", record_a="C1", source_b="mail", record_b="M1", decision="different"
    )
    assert "brands" in engine.command(pair, NORA).message
    assert engine.command(DecideCluster(records=own, groups=((0, 1),)), NORA).ok
    mine = client.send(DecideCluster(records=TRIPLE)).seq
    assert "brands" in engine.command(TakeBack(entry=mine), NORA).message
    assert [p.records for p in engine.question(ClusterHistory(), NORA)] == [own]
    client.close()


def test_of_a_cluster_a_role_of_one_channel_sees_the_permissions_on_it(root: Path) -> None:
    client = open_client(root)
    whole = here(client, TRIPLE)
    assert whole.sheet is not None
    said = tuple(
        ClusterPermission(brand="Nova", channel=channel, state="given", event_at="")
        for channel in ("email", "post", "*")
    )
    first, *others = whole.sheet.records
    first = msgspec.structs.replace(first, permissions=said)
    sheet = msgspec.structs.replace(whole.sheet, records=(first, *others))
    page = msgspec.structs.replace(whole, sheet=sheet)
    sight = Sight(client.engine.view, Seen(channels=frozenset({"email"})))
    masked: ClusterPage = sight.masked(ClusterStep(records=TRIPLE), page)
    assert masked.sheet is not None
    assert [p.channel for p in masked.sheet.records[0].permissions] == ["email", "*"]
    client.close()


def test_a_source_of_other_brands_is_seen_by_other_roles_at_once(root: Path) -> None:
    client = open_client(root)
    engine = client.engine
    every = client.ask(ClusterQueue(limit=0)).total
    book = root / "runbook.yaml"
    text = book.read_text()
    assert engine.question(ClusterQueue(), NORA).total == 1
    book.write_text(text.replace("brands: [Nova, Kompas]\ntarget", "brands: [Nova]\ntarget"))
    reload(engine.core)
    assert engine.question(ClusterQueue(), NORA).total == every > 1
    book.write_text(text.replace("    brands: [Nova]\n", "    brands: [Nova, Kompas]\n"))
    reload(engine.core)
    window: Any = engine.question(ClusterQueue(), NORA)
    assert (window.total, window.fitting, window.rows) == (0, 0, ())
    client.close()


@pytest.mark.parametrize(
    "wrong",
    [
        {"records": TRIPLE[:1]},
        {"records": (*TRIPLE, TRIPLE[0])},
        {"groups": ((0, 3),)},
        {"groups": ((0, 1), (1, 2))},
        {"decision": "perhaps"},
        {"values": {"shoe_size": (0,)}},
        {"values": {"email": ()}},
        {"lead": 3},
        {"records": (("crm", "C1"), ("crm", "nobody"))},
    ],
)
def test_what_makes_no_sense_is_refused(root: Path, wrong: dict[str, Any]) -> None:
    client = open_client(root)
    before = client.state.seq
    reply = client.send(DecideCluster(**{"records": TRIPLE, **wrong}))
    assert (reply.ok, reply.exit_code) == (False, 2)
    assert client.state.seq == before
    client.close()


def test_filters_narrow_the_queue(root: Path) -> None:
    client = open_client(root)
    every = len(rows(client))
    assert len(rows(client, source="mail")) == every - 1
    reasons = {ref.reason for ref in rows(client)}
    assert all(rows(client, reason=reason) for reason in reasons)
    assert rows(client, reason="household") == ()
    assert len(rows(client, brand="Kompas")) == every - 1
    bands = [rows(client, band=band) for band in ("sure", "likely", "doubtful", "none")]
    assert sum(len(found) for found in bands) == every
    assert all(ref.probability >= 0.9 for ref in bands[0])
    flagged = rows(client)[2].records
    assert client.send(DecideCluster(records=flagged, decision="flagged", note="ask her")).ok
    (ref,) = rows(client, state="flagged")
    assert ref.records == flagged
    sheet = here(client, flagged).sheet
    assert sheet is not None
    assert sheet.note == "ask her"
    assert len(rows(client, state="open")) == every - 1
    client.close()


def test_who_is_erased_takes_along_the_word_on_himself_only(root: Path) -> None:
    client = open_client(root)
    assert client.send(DecideCluster(records=TRIPLE, groups=((0, 1),))).ok
    client.close()
    client = open_client(root)
    Forgetting(client.engine.core.vault, [("mail", "N1")], ["nothing else"]).typed(Forgotten())
    said = decided(client.engine.core, client.engine.core.state)
    assert [(d.record_a, d.record_b, d.decision) for d in said] == [("C1", "M1", "merge")]
    client.close()


def test_a_chosen_value_survives_and_a_chosen_record_leads(root: Path) -> None:
    client = open_client(root)
    pair = (("crm", "C0"), ("mail", "M0"))
    chosen = DecideCluster(
        records=pair, groups=((0, 1),), lead=1, values={"first_name": (1,), "street": (1,)}
    )
    assert client.send(chosen).ok
    go_on(client)
    cursor = client.engine.view.cursor()
    found = cursor.execute(
        "SELECT v.field, v.record_id, v.rule, v.value FROM profile_value v JOIN crosswalk c"
        " USING (profile_id) WHERE c.record_id = 'C0' AND v.field IN ('first_name', 'town')"
        " ORDER BY v.field"
    ).fetchall()
    assert found[0] == ("first_name", "M0", "decided", "Ans")
    assert found[1][2] == "same"
    founders = cursor.execute("SELECT record_id FROM crosswalk WHERE role = 'founder'").fetchall()
    assert ("M0",) in founders
    assert ("C0",) not in founders
    client.close()


def test_the_first_reviewer_does_not_wait_for_the_queue(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine.open(root, serving=True)
    engine.core.reviews.rest()
    assert engine.core.reviews.made is not None, "made since a match waits for reviewers"
    assert len(engine.core.reviews.made.clusters) > 10

    def read(*_anything: object) -> None:
        raise AssertionError("what records have to do with is known")

    monkeypatch.setattr(reviewing, "staged_brands", read)
    window: ClusterWindow = engine.question(ClusterQueue(), NORA)
    assert window.total == 1
    engine.close()


def test_a_decision_is_followed_though_its_records_were_never_shown(root: Path) -> None:
    client = open_client(root)
    client.ask(ClusterQueue(limit=0))
    for records in (TRIPLE, (("crm", "C0"), ("mail", "M0"))):
        assert client.send(DecideCluster(records=records, groups=((0, 1),))).ok
    counts = client.ask(ClusterQueue(limit=0)).counts
    assert (counts["merge"], counts["split"]) == (1, 1)
    client.close()


def test_every_question_that_is_answered_goes_over_the_socket() -> None:
    """An engine in a process of its own knows no other questions than these, nor their answers."""
    sent = set(get_args(queries.AnyQuery))
    assert (set(answers._ANSWERS) | {queries.Said}) - sent == set()
    assert set(queries.ANSWERS) == sent
