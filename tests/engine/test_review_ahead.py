"""The engine reads the cluster that comes next before it is asked for; nobody was shown it by that."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from tui_migrate.audit.person_facts import Looked
from tui_migrate.engine import ahead, review_commands
from tui_migrate.engine.answers import cluster_sheet, clusters
from tui_migrate.engine.answers.cluster_sheet import Material
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import Claim, DecideCluster, Identity, Redo
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.decisions import digests_of, members_of
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterPage,
    ClusterQueue,
    ClusterStep,
)
from tui_migrate.engine.seeing import HIDDEN

BERTA = Identity(user="berta", uid=4712, roles=("lead",))
NORA = Identity(user="nora", uid=4711, roles=("nova",))
Records = tuple[tuple[str, str], ...]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "BREATH", 0.0)


@pytest.fixture
def root(doubts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(doubts, tmp_path / "w"))


@pytest.fixture
def client(root: Path) -> Iterator[InProcessClient]:
    client = open_client(root)
    yield client
    client.shut()


def step(client: InProcessClient, who: Identity | None = None, **to: Any) -> ClusterPage:
    """What a sitting asks for, and until the next one is read."""
    query = ClusterStep(**{"move": "open", "sitting": "a", **to})
    page: ClusterPage = client.engine.question(query, who or client.identity)
    client.engine.core.reviews.ahead.rest()
    return page


def ready(client: InProcessClient, records: Records, who: Identity | None = None) -> bool:
    """Whether these records are read already."""
    uid = (who or client.identity).uid
    return client.engine.core.reviews.ahead.of(uid, "a", records) is not None


def queue(client: InProcessClient) -> list[Records]:
    """The clusters, as they are asked; nobody looks at one by that."""
    return [ref.records for ref in client.ask(ClusterQueue()).rows]


def test_what_was_read_and_not_asked_for_nobody_looked_at(root: Path) -> None:
    client = open_client(root)
    first, second, *_more = queue(client)
    names = {records: set(client.engine.view.pseudonyms(records)) for records in (first, second)}
    step(client)
    assert ready(client, second)
    client.close()  # what was left undecided is journalled
    client = open_client(root)
    looks = [set(e.fact.records) for e in client.entries() if isinstance(e.fact, Looked)]
    assert looks == [names[first]]
    client.close()


def test_the_next_one_comes_without_a_question_to_staging_and_with_fresh_counts(
    client: InProcessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_more = queue(client)
    fresh = step(client, records=second, sitting="").sheet
    step(client)
    assert client.send(DecideCluster(records=first, groups=((0, 1),), sitting="a")).ok
    with monkeypatch.context() as patch:
        patch.delattr(clusters, "material")
        page = step(client, start=1)
    assert page.ref is not None
    assert page.ref.records == second
    assert page.sheet == fresh
    assert page.window.decided == 1


def test_who_asks_while_it_is_read_waits_for_that(
    client: InProcessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first, second, *_more = queue(client)
    begun, come = Event(), Event()

    def material(desk: Desk, records: Records) -> Material:
        if records == second:
            assert not begun.is_set(), "it is read once"
            begun.set()
            assert come.wait(10)
        return cluster_sheet.material(desk, records)

    monkeypatch.setattr(clusters, "material", material)
    client.ask(ClusterStep(move="open", sitting="a"))
    assert begun.wait(10)
    Timer(0.05, come.set).start()
    page = step(client, start=1)
    assert page.ref is not None
    assert page.ref.records == second
    assert page.sheet is not None


def test_what_a_decision_keeps_was_read_when_its_records_were_shown(
    client: InProcessClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_more = queue(client)
    step(client)
    with monkeypatch.context() as patch:
        patch.delattr(review_commands, "digests_of")
        assert client.send(DecideCluster(records=first, sitting="a")).ok
    assert client.send(DecideCluster(records=second)).ok, "of what nobody was shown it is read now"
    kept = [
        member.digests
        for decision in client.engine.core.state.decisions.values()
        for member in members_of(client.engine.view, decision)
        if member is not None
    ]
    assert kept == [digests(client)[record] for record in (*first, *second)]


def digests(client: InProcessClient) -> dict[tuple[str, str], dict[str, str]]:
    """The digests of all records."""
    every = {record for records in queue(client) for record in records}
    return digests_of(client.engine.view.cursor(), every)


def test_what_another_decided_meanwhile_is_passed_over_and_said(client: InProcessClient) -> None:
    _first, second, third, *_more = queue(client)
    step(client)
    assert ready(client, second)
    settle = DecideCluster(records=second, note="rang them")
    assert client.engine.command(settle, BERTA).ok
    assert ready(client, second), "what staging says of them is the same"
    page = step(client, records=second)
    assert page.ref is not None
    assert page.sheet is not None
    assert (page.ref.decision, page.ref.by) == ("different", "berta")
    assert page.sheet.note == "rang them"
    assert {pair.decision for pair in page.sheet.pairs} == {"different"}
    page = step(client, start=1)
    assert page.ref is not None
    assert page.ref.records == third


def test_what_another_has_before_him_meanwhile_is_passed_over(client: InProcessClient) -> None:
    _first, second, third, *_more = queue(client)
    step(client)
    assert ready(client, second)
    assert client.engine.command(Claim(records=second, sitting="b"), BERTA).ok
    page = step(client, start=1)
    assert page.ref is not None
    assert page.ref.records == third
    client.engine.command(Claim(sitting="b"), BERTA)
    page = step(client, start=1)
    assert page.ref is not None
    assert (page.ref.records, page.ref.claimed) == (second, "")


def test_a_filter_is_that_of_the_question(client: InProcessClient) -> None:
    step(client)
    page = step(client, start=1, only=ClusterFilter(source="nowhere"))
    assert page.ref is None


def test_values_that_were_delivered_anew_are_read_again(root: Path) -> None:
    client = open_client(root)
    first, second, *_more = queue(client)
    step(client)
    assert ready(client, first)
    assert ready(client, second)
    path = root / "deliveries" / "mail" / "2026-03-01" / "people.csv"
    path.write_text(path.read_text().replace(";Gent", ";Ghent"))
    client.send(Redo(step="read", reason="towns were wrong"))
    assert not ready(client, first)
    assert not ready(client, second)
    client.run_here()
    page = step(client, records=second)
    assert page.sheet is not None
    (towns,) = [field.values for field in page.sheet.fields if field.field == "town"]
    assert "Ghent" in towns
    assert client.send(DecideCluster(records=first, sitting="a")).ok
    page = step(client, records=first)
    assert page.ref is not None
    assert page.sheet is not None
    assert page.ref.decision == "different"
    assert page.sheet.changed == (), "the decision keeps values as they are, not as they were shown"
    client.close()


def test_who_leaves_leaves_nothing_behind(client: InProcessClient) -> None:
    first, second, *_more = queue(client)
    step(client)
    assert ready(client, second)
    assert client.send(Claim(sitting="a")).ok
    assert not ready(client, first)
    assert not ready(client, second)


def test_nothing_is_read_for_a_role_that_it_may_not_see(client: InProcessClient) -> None:
    """Of all clusters one alone is of her brand."""
    page = step(client, NORA)
    assert page.ref is not None
    assert [one for one in queue(client) if ready(client, one, NORA)] == [page.ref.records]


def test_what_was_read_is_masked_when_it_is_shown(root: Path) -> None:
    path = root / "runbook.yaml"
    text = path.read_text()
    path.write_text(
        text.replace("users: [nora], brands: [Nova]", "users: [nora], channels: [email]")
    )
    client = open_client(root)
    first, second, *_more = queue(client)
    step(client, NORA)
    assert ready(client, second, NORA)
    page = step(client, NORA, start=1)
    assert page.ref is not None
    assert page.sheet is not None
    assert page.ref.records == second != first
    shown = {field.field: set(field.values) for field in page.sheet.fields}
    assert shown["street"] == {HIDDEN}
    assert HIDDEN not in shown["family_name"]
    client.close()


def test_what_is_let_go_while_it_is_taken_is_not_kept_again() -> None:
    """Somebody of it may have been erased just then."""

    class Meanwhile(ahead.Ahead):
        def of(self, uid: int, sitting: str, records: Any) -> Material | None:
            found = super().of(uid, sitting, records)
            self.drop()
            return found

    records = (("crm", "1"), ("crm", "2"))
    found = Material(records, {}, (), {}, {}, together=False)
    kept = Meanwhile()
    kept._shown[1, "a"] = found
    assert kept.show(1, "a", records, lambda: found) is found
    assert ahead.Ahead.of(kept, 1, "a", records) is None
