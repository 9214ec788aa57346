"""Who is shown values of persons stands in the journal: who, what, why, and no value."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.engine.conftest import KEY
from tests.engine.person_world import RUNBOOK, made, run
from tui_migrate.audit.person_facts import Looked
from tui_migrate.audit.verify import verify
from tui_migrate.cli import run_cli
from tui_migrate.engine.api import Decide, Export, Identity
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.data_queries import (
    Columns,
    FindingFields,
    FindingPage,
    FindingRecords,
    FindingRules,
)
from tui_migrate.engine.person_queries import ConsentEvents, Person, PersonSheet, Search
from tui_migrate.engine.review_queries import ClusterStep
from tui_migrate.engine.sentences import sentence
from tui_migrate.errors import ReasonNeeded

OTHER = Identity(user="b", uid=os.getuid() + 1, roles=("lead",))
PAIR = ClusterStep(records=(("crm", "C0"), ("mail", "M0")))
UNSURE = Decide(source_a="crm", record_a="C0", source_b="mail", record_b="M0", decision="unsure")


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, never changed by a test."""
    root = made(tmp_path_factory.mktemp("looking") / "w")
    run(root).close()
    return root


@pytest.fixture
def root(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "w"))


@pytest.fixture
def asked(doubts: Path, tmp_path: Path) -> Path:
    """A run that waits with doubtful duplicates."""
    return Path(shutil.copytree(doubts, tmp_path / "w"))


def looks(client: InProcessClient) -> list[Looked]:
    """The looks in the journal."""
    return [e.fact for e in client.entries() if isinstance(e.fact, Looked)]


def name(client: InProcessClient, source: str, record: str) -> str:
    """What the audit calls a record."""
    return next(iter(client.engine.view.pseudonyms([(source, record)])))


def test_a_search_says_whom_it_found(root: Path) -> None:
    client = open_client(root)
    client.ask(Search(text="bos", reason="call of 3 May"))
    (look,) = looks(client)
    assert (look.what, look.records) == ("search", [name(client, "crm", "2")])
    assert client.words(look.subject) == "bos"
    assert client.words(look.reason) == "call of 3 May"
    client.close()


def test_the_same_look_again_is_no_entry_and_one_for_another_reason_is(root: Path) -> None:
    client = open_client(root)
    for reason in ("", "", "call", "call", "complaint"):
        client.ask(Search(text="bos", reason=reason))
        client.ask(Person(profile_id="crm/2", reason=reason))
    told = [(look.what, client.words(look.reason)) for look in looks(client)]
    assert told == [(w, r) for r in ("", "call", "complaint") for w in ("search", "person")]
    client.close()


def test_records_behind_a_finding_are_named_page_by_page(root: Path) -> None:
    client = open_client(root)
    rules = [one.rule for one in client.ask(FindingRules())]
    assert rules
    shown = 0
    for rule in rules:
        for one in client.ask(FindingFields(rule=rule)):
            where = FindingRecords(
                rule=rule, source=one.source, entity=one.entity, field=one.field, reason="mending"
            )
            page: FindingPage = client.ask(where)
            look = looks(client)[-1]
            assert look.what == "finding"
            assert look.place == f"{rule} {one.source}.{one.entity}.{one.field}"
            names = {name(client, row.source, row.record_id) for row in page.rows}
            assert set(look.records) == names
            shown += 1
    assert len(looks(client)) == shown > 0
    client.close()


def test_examples_of_columns_name_their_sources(root: Path) -> None:
    client = open_client(root)
    client.ask(Columns())
    client.ask(Columns(containing="mail"))
    (look,) = looks(client)
    assert (look.what, look.place, look.records) == ("examples", "crm, mail", [])
    client.close()


def test_what_a_permission_rests_on_is_a_look_at_its_person(root: Path) -> None:
    client = open_client(root)
    anna: PersonSheet = client.ask(Person(profile_id="crm/1"))
    client.ask(ConsentEvents(profile_id=anna.profile_id, brand="Nova", channel="email"))
    client.ask(ConsentEvents(profile_id=anna.profile_id, brand="Kompas", channel="push"))
    found = [(look.what, look.subject) for look in looks(client)]
    founder = name(client, anna.records[0].source, anna.records[0].record_id)
    assert found == [("person", founder), ("consent", founder)]
    client.close()


def test_a_pair_that_was_decided_is_not_told_twice(asked: Path) -> None:
    client = open_client(asked)
    client.ask(PAIR)
    assert client.send(UNSURE).ok
    client.close()
    client = open_client(asked)
    assert looks(client) == []
    client.close()


@pytest.mark.soak
def test_pairs_that_were_left_open_are_one_entry_a_minute(asked: Path) -> None:
    client = open_client(asked)
    moment = [0.0]
    client.engine.core.looks.clock = lambda: moment[0]
    other = ClusterStep(records=(("crm", "C2"), ("mail", "M2")))
    for number in range(300):  # an hour of paging to and fro
        moment[0] += 12.0
        client.ask(PAIR if number % 2 else other)
    found = looks(client)
    assert 0 < len(found) <= 6  # and the same records once in ten minutes
    records = {
        name(client, s, r)
        for s, r in (("crm", "C0"), ("mail", "M0"), ("crm", "C2"), ("mail", "M2"))
    }
    assert set(found[0].records) == records
    assert found[0].what == "pair"
    client.close()


def test_what_was_left_open_is_journalled_when_the_engine_ends_in_the_name_of_who_looked(
    root: Path,
) -> None:
    client = open_client(root)
    client.engine.core.looks.show(OTHER, "", [name(client, "crm", "1"), name(client, "crm", "2")])
    assert looks(client) == []
    client.close()
    client = open_client(root)
    (entry,) = [e for e in client.entries() if isinstance(e.fact, Looked)]
    assert (entry.by, entry.uid) == (OTHER.user, OTHER.uid)
    client.close()
    assert verify(root / ".tui-migrate" / "audit").problems == [], (
        "sealed, though the run has ended"
    )


def test_a_decision_of_somebody_else_does_not_hide_a_look(asked: Path) -> None:
    client = open_client(asked)
    client.engine.question(PAIR, OTHER)
    assert client.send(UNSURE).ok
    client.close()
    client = open_client(asked)
    assert [look.what for look in looks(client)] == ["pair"]
    client.close()


def test_what_is_masked_was_not_looked_at(asked: Path) -> None:
    path = asked / "runbook.yaml"
    path.write_text(path.read_text().replace('{users: ["*"]}', '{users: ["*"], brands: [Kompas]}'))
    client = open_client(asked)
    client.engine.question(Search(text="2"), OTHER)  # an id: dots
    client.engine.question(Columns(), OTHER)
    client.engine.question(PAIR, OTHER)
    (look,) = looks(client)
    assert (look.what, look.records) == ("search", [])
    client.close()
    client = open_client(asked)
    assert len(looks(client)) == 1
    client.close()


def test_no_value_is_in_the_journal_and_every_look_is_told(asked: Path) -> None:
    client = open_client(asked)
    for query in (Search(text="pietertje bosvogel", reason="Piet called"), Columns(), PAIR):
        client.ask(query)
    client.close()
    client = open_client(asked)
    told = [
        sentence(e, client.state, client.words)
        for e in client.entries()
        if isinstance(e.fact, Looked)
    ]
    by = client.identity.user
    assert told == [
        f"{by} searched for persons: “pietertje bosvogel”, “Piet called”",
        f"{by} looked at examples of columns (crm, mail)",
        f"{by} looked at 2 records that may be duplicates and left them open",
    ]
    client.close()
    journal = (asked / ".tui-migrate" / "audit" / "journal.jsonl").read_text().lower()
    # Long words: three letters stand in the sealed values by chance now and then.
    secrets = ("pietertje", "bosvogel", "piet called", "dorpsstraat")
    assert not [secret for secret in secrets if secret in journal]


def test_being_found_and_being_compared_stand_in_the_history_of_a_person(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = open_client(asked)
    client.ask(Search(text="jansen"))
    client.ask(PAIR)
    client.close()
    assert run_cli(["audit", "show", "crm/C0", "-w", str(asked)]) == 0
    told = capsys.readouterr().out
    assert "among what a search found by " in told
    assert "looked at beside another record by " in told


def test_a_runbook_that_wants_a_reason_shows_nothing_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(
        tmp_path / "w", runbook=RUNBOOK.replace("consent:", "looking: {reason: required}\nconsent:")
    )
    run(root).close()
    client = open_client(root, key=KEY)
    anna = Person(profile_id="crm/1")
    for query in (
        anna,
        Search(text="bos", reason=" "),
        Columns(),
        PAIR,
        ConsentEvents(profile_id="x", brand="Nova", channel="email"),
        FindingRecords(rule="x", source="crm", entity="profile", field="email"),
    ):
        with pytest.raises(ReasonNeeded):
            client.ask(query)
    assert looks(client) == []
    assert client.ask(Person(profile_id="crm/1", reason="complaint 12")).name == "Anna Janssen"
    file = tmp_path / "profiles.csv"
    assert client.send(Export(what="profiles", path=str(file))).exit_code == 1
    assert not file.exists()
    assert client.send(Export(what="profiles", path=str(file), basis="art. 15")).ok
    assert client.send(Export(what="report", path=str(tmp_path / "r.html"))).ok
    client.close()
    assert run_cli(["check", "-w", str(root)]) == 0
    assert run_cli(["audit", "show", "crm/1", "-w", str(root)]) == 1
    assert "--reason WHY" in capsys.readouterr().err
    assert run_cli(["audit", "show", "crm/1", "-w", str(root), "--reason", "complaint 12"]) == 0


def test_check_knows_what_may_stand_under_looking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made(
        tmp_path / "w", runbook=RUNBOOK.replace("consent:", "looking: {reason: always}\nconsent:")
    )
    assert run_cli(["check", "-w", str(root)]) == 1
    told = capsys.readouterr()
    assert "required" in told.out + told.err
