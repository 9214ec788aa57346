"""``python -m benchmarks.review``: how many decisions it takes to bring records together.

A simulated reviewer answers the clusters of the real queue from the truth, another errs in 3 % of his
answers; the program's own match makes profiles of the answers. And how long a key takes on the screen
(``benchmarks.review.keys``), and a step in a queue of 100,000 clusters (``benchmarks.review.many``).
Prints the report and writes it to ``benchmarks/review.md``. Missing an aim is told, not failed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from benchmarks import workload
from benchmarks.matching.data import SEED
from benchmarks.review import keys, many
from benchmarks.review.matched import by_trap, matched, prepare, profiles, quality
from benchmarks.review.report import Rows, Walk, document
from benchmarks.review.reviewer import Reviewer, Way, review, still_open
from benchmarks.review.teaching import teaching
from benchmarks.review.world import World, world
from tui_migrate.engine.review_order import Order
from tui_migrate.matching import FrozenModel

RESULTS = workload.CHECKOUT / "benchmarks" / "review.md"
ROUNDS = 8
REVIEWERS = {"answers from the truth": Reviewer(), "errs in 3 %": Reviewer(0.03)}
WAYS: dict[str, tuple[Order | None, bool]] = {
    "order and learning": ("worth", True),
    "learning, by plain score": ("score", True),
    "order": ("worth", False),
    "by plain score": ("score", False),
    "neither, as the records come": (None, False),
}
"""How the queue is asked → its order, and whether the model learns on the way."""


def walked(
    connection: duckdb.DuckDBPyConnection, around: World, model: FrozenModel, rounds: int
) -> dict[tuple[str, str], Walk]:
    """Reviewer and way → the walk. Without learning the aims lie in the second half of the queue, and
    the first is asked in one go."""
    learn = teaching(connection)
    start = quality(around, profiles(connection))
    begun = {how: (start, still_open(connection, {}, how)) for how, _learning in WAYS.values()}
    every = -(-len(begun[None][1]) // rounds)
    found = {}
    for who, reviewer in REVIEWERS.items():
        for name, (how, learning) in WAYS.items():
            way = Way(how, every if learning else every * (rounds // 2), every)
            if learning:
                way = replace(way, teach=learn)
            walk = []
            for point, used in review(connection, around, model, reviewer, way, begun[how]):
                walk.append((point, used))
                _say(f"{who}, {name}: {point.decisions:,} decisions, F1 {point.quality.f1:.4f}")
            found[who, name] = Walk([point for point, _used in walk], used if learning else None)
    return found


def _all(around: World, connection: duckdb.DuckDBPyConnection) -> Rows:
    profile = profiles(connection)
    people = len({record.person for record in around.facts.records.values()})
    return {"all": (people, quality(around, profile)), **by_trap(around, profile)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Review what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.review", description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000, help="of the generator")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="in which the queue is answered")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument(
        "--no-keys", action="store_true", help="leave out how long a key and a step take"
    )
    given = parser.parse_args(arguments)
    around = world(given.persons, SEED)
    with tempfile.TemporaryDirectory(prefix="reviewed-", dir=workload.cache()) as folder:
        connection = prepare(around, Path(folder))
        model = matched(connection, {})
        automatic = {"shipped": _all(around, connection)}
        records = len(profiles(connection))
        walks = walked(connection, around, model, given.rounds)
        taught = next((walk.taught for walk in walks.values() if walk.taught), None)
        if taught is not None:
            matched(connection, {}, taught)
            automatic["that has learned"] = _all(around, connection)
    text = document(around, given.persons, records, given.rounds, automatic, walks)
    given.output.write_text(text)
    if not given.no_keys:
        keys.put(keys.section(), given.output)
        keys.put(many.section(), given.output)
    print(given.output.read_text())
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
