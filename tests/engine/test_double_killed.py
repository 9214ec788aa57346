"""An engine that is killed around the second of two answers comes back as one that was not.

Killed means here: another engine begins with what stood on the disk at that moment.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.engine.test_review_double import ANNA, BERT, LEA, PAIR, SECRET, TRIPLE, Run, doubled
from tui_migrate.audit.verify import verify
from tui_migrate.engine.api import DecideCluster
from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterHistory,
    ClusterQueue,
    ReviewFigures,
)
from tui_migrate.engine.run import fold

MOMENTS = {
    "answered once": "merge",
    "words kept": "split",
    "half a line": "merge",
    "journalled": "split",
    "answered twice": "merge",
}
"""When it is killed → what the second says: the same as the first, or something else."""
KNOWN = ("journalled", "answered twice")
SECOND = {
    "merge": DecideCluster(id="second", records=TRIPLE, groups=((0, 1, 2),), note=SECRET),
    "split": DecideCluster(id="second", records=TRIPLE, groups=((0, 1),), lead=1, note=SECRET),
}
STATES = ("open", "waiting", "differ", "settled")


@pytest.fixture(scope="module")
def answered(doubts: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two have answered one pair, and one of them the triple."""
    root = doubled(Path(shutil.copytree(doubts, tmp_path_factory.mktemp("killed") / "w")))
    run = Run(root)
    assert run.settle(ANNA, "merge", PAIR).ok
    assert run.settle(BERT, "different", PAIR).ok
    assert run.settle(ANNA, "merge", note="as I know her", values={"email": (0,)}).ok
    run.client.close()
    return root


def told(run: Run) -> list[Any]:
    """All that anybody is told of the answers, but when they were given. Decisions are numbered in their
    order, not by entry: a start that finds half a line journals that."""
    found: list[Any] = [run.ask(LEA, ReviewFigures()), run.words(), len(run.state.decisions)]
    for who in (ANNA, BERT, LEA):
        found += [
            run.ask(who, ClusterQueue()),
            run.ask(who, ClusterHistory()),
            run.page(who),
            run.page(who, PAIR),
            *(run.ask(who, ClusterQueue(only=ClusterFilter(state=s))).rows for s in STATES),
        ]
    places = {0: 0, **{entry: at for at, entry in enumerate(sorted(run.state.decisions), 1)}}

    def plain(one: Any) -> Any:
        if isinstance(one, dict):
            kept = {name: plain(value) for name, value in one.items() if name != "at"}
            return kept | {"entry": places[one["entry"]]} if "entry" in one else kept
        return [plain(value) for value in one] if isinstance(one, list | tuple) else one

    return [plain(msgspec.to_builtins(each, order="sorted")) for each in found]


@contextmanager
def killed_at(moment: str, run: Run, to: Path) -> Iterator[None]:
    """What stands on the disk at this moment of the next answer goes to ``to``."""
    root, journal = run.client.workspace, run.client.engine.core.journal
    append: Callable[..., Any] = journal.append

    def keep() -> None:
        shutil.copytree(root, to, symlinks=True)

    def appended(*arguments: Any, **named: Any) -> Any:
        if moment == "words kept":
            keep()
        before = journal_of(root).read_bytes()
        entry = append(*arguments, **named)
        if moment in ("half a line", "journalled"):
            keep()
        if moment == "half a line":
            line = journal_of(to).read_bytes()[len(before) :]
            journal_of(to).write_bytes(before + line[: len(line) // 2])
        return entry

    if moment == "answered once":
        keep()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "append", appended)
        yield
    if moment == "answered twice":
        keep()


def journal_of(root: Path) -> Path:
    return root / ".tui-migrate" / "audit" / "journal.jsonl"


@pytest.mark.parametrize(("moment", "word"), MOMENTS.items())
def test_killed_around_the_second_answer(
    answered: Path, tmp_path: Path, moment: str, word: str
) -> None:
    run = Run(Path(shutil.copytree(answered, tmp_path / "undisturbed")))
    before = told(run)
    with killed_at(moment, run, tmp_path / "killed"):
        assert run.send(BERT, SECOND[word]).ok
    undisturbed, compared = told(run), run.ask(LEA, ReviewFigures()).compared
    run.client.close()
    assert (undisturbed != before, compared) == (True, 2)

    again = Run(tmp_path / "killed")
    assert told(again) == (undisturbed if moment in KNOWN else before)
    assert again.send(BERT, SECOND[word]).ok, "who got no answer asks once more"
    assert told(again) == undisturbed
    core = again.client.engine.core
    assert fold(core.journal.entries).questions == core.state.questions
    again.client.close()
    problems = verify(again.client.workspace / ".tui-migrate" / "audit").problems
    assert all("not vouched for" in problem for problem in problems)
