"""A thousand decisions, undone and redone at random, while the engine is killed now and then."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from types import TracebackType

import msgspec
import pytest

from tests.engine.review_world import made, waiting
from tui_migrate.engine.api import AnyCommand, Decide, DecideCluster, TakeBack
from tui_migrate.engine.client import open_client
from tui_migrate.engine.pair_queries import PairDecisions
from tui_migrate.engine.review_queries import ClusterQueue
from tui_migrate.engine.run import fold

ACTIONS, KILLS, SEED = 1000, 5, 20261126
REPOSITORY = Path(__file__).parents[2]

Records = tuple[tuple[str, str], ...]
Pair = tuple[str, str]


class Mortal:
    """An engine in a process of its own, that can be killed and started again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._start()

    def __enter__(self) -> Mortal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: object, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.engine.reviewing_process", str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=REPOSITORY,
            env=dict(os.environ),
        )
        assert self._hears() == "ready"

    def _hears(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def send(self, command: AnyCommand, kill: bool) -> int:
        """The entry of a command. ``kill``: nobody waits for the answer; the same command is sent to
        the engine that starts again."""
        assert self._process.stdin is not None
        line = msgspec.json.encode(command).decode()
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        if kill:
            self._process.kill()
            self._process.communicate()
            self._start()
            return self.send(command, kill=False)
        return int(self._hears())


@dataclass
class Naive:
    """What should come of it, in the plainest way: every decision in a list, and a flag."""

    said: list[tuple[int, dict[Pair, str]]] = field(default_factory=list)
    gone: dict[int, int] = field(default_factory=dict)
    """Decision that does not count → the entry by which it was taken back."""

    def words(self) -> dict[Pair, str]:
        """The present word on each pair."""
        found: dict[Pair, str] = {}
        for seq, words in self.said:
            if seq not in self.gone:
                found |= words
        return found


def chance(rng: random.Random, clusters: list[Records], naive: Naive) -> AnyCommand:
    """What a reviewer might do next."""
    standing = [seq for seq, _words in naive.said if seq not in naive.gone]
    draw = rng.random()
    if draw < 0.25 and standing:
        return TakeBack(entry=rng.choice(standing[-20:]))
    if draw < 0.45 and naive.gone:
        return TakeBack(entry=rng.choice(list(naive.gone.values())))
    records = rng.choice(clusters)
    if draw < 0.55:
        (source_a, record_a), (source_b, record_b) = rng.sample(records, 2)
        word = rng.choice(["merge", "different", "unsure"])
        return Decide(
            source_a=source_a,
            record_a=record_a,
            source_b=source_b,
            record_b=record_b,
            decision=word,
        )
    places = list(range(len(records)))
    rng.shuffle(places)
    cut = rng.randint(1, len(places))
    groups = tuple(group for group in (tuple(places[:cut]), tuple(places[cut:])) if group)
    return DecideCluster(
        records=records, groups=groups, decision=rng.choice(["settled", "settled", "unsure"])
    )


def note(naive: Naive, command: AnyCommand, seq: int) -> None:
    """What the command comes to."""
    match command:
        case TakeBack(entry=entry):
            given = [decision for decision, back in naive.gone.items() if back == entry]
            if given:
                del naive.gone[given[0]]
            else:
                naive.gone[entry] = seq
        case Decide():
            pair = sorted([command.record_a, command.record_b])
            naive.said.append((seq, {(pair[0], pair[1]): command.decision}))
        case DecideCluster(records=records, groups=groups):
            together = {frozenset(pair) for group in groups for pair in combinations(group, 2)}
            words = {}
            for a, b in combinations(range(len(records)), 2):
                word = "merge" if frozenset((a, b)) in together else "different"
                names = sorted([records[a][1], records[b][1]])
                words[names[0], names[1]] = word if command.decision == "settled" else "unsure"
            naive.said.append((seq, words))
        case _:
            raise AssertionError(command)


@pytest.mark.long(seconds=30)
def test_the_end_is_what_was_said_whatever_was_undone_and_killed(tmp_path: Path) -> None:
    root = made(tmp_path / "w", families=30)
    client = waiting(root)
    clusters = [ref.records for ref in client.ask(ClusterQueue()).rows]
    client.close()

    rng, naive = random.Random(SEED), Naive()
    killed = set(rng.sample(range(ACTIONS), KILLS))
    with Mortal(root) as engine:
        for number in range(ACTIONS):
            command = chance(rng, clusters, naive)
            seq = engine.send(command, kill=number in killed)
            assert seq > 0, command
            note(naive, command, seq)

    client = open_client(root)
    core = client.engine.core
    said = {(d.record_a, d.record_b): d.decision for d in client.ask(PairDecisions())}
    assert said == naive.words()
    assert len(said) > 30
    assert fold(core.journal.entries).pairs == core.state.pairs

    client.ask(ClusterQueue())
    seq = next(seq for seq, _words in reversed(naive.said) if seq not in naive.gone)
    for number in range(9):  # a queue that follows is that which is made anew
        back = seq if number % 2 == 0 else client.state.seq
        assert client.send(TakeBack(entry=back)).ok
    kept = [(ref.decision, ref.entry) for ref in client.ask(ClusterQueue()).rows]
    core.reviews.forget()
    assert [(ref.decision, ref.entry) for ref in client.ask(ClusterQueue()).rows] == kept
    client.close()
