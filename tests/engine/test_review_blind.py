"""A run that is reviewed blind: the engine says nothing of the score before a decision."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from tui_migrate.engine.api import DecideCluster, TakeBack
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterPage,
    ClusterQueue,
    ClusterStep,
)

TRIPLE = (("crm", "C1"), ("mail", "M1"), ("mail", "N1"))
SCORES = {
    "weight", "probability", "level", "most", "most_level", "against", "sides", "unkept",
    "weakest", "contrary",
}  # fmt: skip


@pytest.fixture
def root(doubts: Path, tmp_path: Path) -> Path:
    return blind(Path(shutil.copytree(doubts, tmp_path / "w")))


def blind(root: Path) -> Path:
    book = root / "runbook.yaml"
    book.write_text(book.read_text().replace("roles:", "review: {blind: true}\nroles:"))
    return root


def told(answer: object, found: dict[str, set[object]] | None = None) -> dict[str, set[object]]:
    """What an answer says anywhere of scores, by the name of the field."""
    found = found if found is not None else {}
    if isinstance(answer, msgspec.Struct):
        for name in answer.__struct_fields__:
            value = getattr(answer, name)
            if name in SCORES:
                found.setdefault(name, set()).add(value)
            told(value, found)
    elif isinstance(answer, tuple):
        for each in answer:
            told(each, found)
    return found


def page(client: InProcessClient) -> ClusterPage:
    shown: ClusterPage = client.ask(ClusterStep(records=TRIPLE))
    assert shown.ref is not None
    assert shown.sheet is not None
    return shown


def test_no_answer_says_how_likely_it_is_before_it_is_decided(root: Path) -> None:
    client = open_client(root)
    nothing = [None, 0.0, "", ()]
    for query in (ClusterStep(records=TRIPLE), ClusterQueue()):
        answer = client.ask(query)
        scores = told(answer)
        assert scores, query
        assert all(value in nothing for each in scores.values() for value in each), query
    before = page(client)
    assert before.ref is not None
    assert before.ref.hidden
    assert before.sheet is not None
    assert before.sheet.other == ()
    assert {(p.reason, p.asked) for p in before.sheet.pairs} == {("", True)}

    assert client.send(DecideCluster(records=TRIPLE, groups=((0, 1),))).ok
    after = page(client)
    assert after.ref is not None
    assert after.ref.weight != 0.0
    assert not after.ref.hidden
    said = told(after)
    assert all(said["most"] - {None}), "and all the rest of it"
    assert after.sheet is not None
    assert len(after.sheet.weakest) == 2

    assert client.send(TakeBack(entry=after.ref.entry)).ok
    again = page(client).ref
    assert again is not None
    assert again.hidden
    client.close()


def test_the_order_of_fields_is_not_that_of_their_weights(root: Path) -> None:
    client = open_client(root)
    sheet = page(client).sheet
    assert sheet is not None
    for equal in (False, True):
        for whole in (False, True):
            names = [f.field for f in sheet.fields if (f.equal, all(f.values)) == (equal, whole)]
            assert names == sorted(names)
    client.close()


@pytest.mark.parametrize("only", [{"band": "sure"}, {"band": "likely"}, {"field": "first_name"}])
def test_a_filter_by_the_score_finds_what_is_decided_only(root: Path, only: dict[str, str]) -> None:
    client = open_client(root)
    window = client.ask(ClusterQueue(only=ClusterFilter(**only)))
    assert window.fitting == 0
    client.close()


def test_a_run_that_is_not_blind_says_it(root: Path) -> None:
    book = root / "runbook.yaml"
    book.write_text(book.read_text().replace("review: {blind: true}\n", ""))
    client = open_client(root)
    assert all(ref.weight for ref in client.ask(ClusterQueue()).rows)
    found = {
        name: client.ask(ClusterQueue(only=ClusterFilter(band=name))).fitting
        for name in ("sure", "likely", "doubtful")
    }
    assert sum(found.values()) == client.ask(ClusterQueue()).total
    client.close()
