"""A reviewer who answers from the truth, or errs now and then; and what he comes to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations
from random import Random

import duckdb

from benchmarks.review.matched import Quality, matched, profiles, quality, queue
from benchmarks.review.world import World
from sample_data.generator.tables import Facts, Key
from tui_migrate.engine.review_order import Order
from tui_migrate.matching import FrozenModel

Word = dict[tuple[Key, Key], bool]
Teaching = Callable[[FrozenModel, Word], FrozenModel]
"""The first model, and all that was said → the model that learned of it."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """errs: the share of his answers that are wrong."""

    errs: float = 0.0

    def answer(self, facts: Facts, records: tuple[Key, ...]) -> Word:
        """What he says of a cluster: of each two records whether they are one. A wrong answer takes two
        persons for one or, where there is only one, one record away from him; to one question it is
        always the same."""
        persons: dict[str, list[Key]] = defaultdict(list)
        for record in sorted(records):
            persons[facts.records[record].person].append(record)
        groups = list(persons.values())
        chance = Random(f"answer:{sorted(records)}")
        if chance.random() < self.errs:
            if len(groups) > 1:
                one, other = chance.sample(range(len(groups)), 2)
                groups = [g for n, g in enumerate(groups) if n not in (one, other)] + [
                    groups[one] + groups[other]
                ]
            else:
                away = chance.choice(groups[0])
                groups = [[r for r in groups[0] if r != away], [away]]
        place = {record: n for n, group in enumerate(groups) for record in group}
        return {(a, b): place[a] == place[b] for a, b in combinations(sorted(records), 2)}


@dataclass(frozen=True, slots=True)
class Point:
    """After so many decisions, this good."""

    decisions: int
    quality: Quality


@dataclass(frozen=True, slots=True)
class Way:
    """How a queue is asked. ``how`` None: as the records come. ``first``: decisions before all is matched
    again for the first time; ``every``: after that. ``teach`` refits the model before each."""

    how: Order | None
    first: int
    every: int
    teach: Teaching | None = None


def review(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    model: FrozenModel,
    reviewer: Reviewer,
    way: Way,
    begun: tuple[Quality, list[tuple[Key, ...]]],
) -> Iterator[tuple[Point, FrozenModel]]:
    """The points on the way until nothing is asked any more, each with the model that made it.

    begun: what the match before any decision comes to, and what it asks, in order. All is matched again
    with the decisions as ``match`` and ``merge`` do behind a review; then the queue is what is open.
    """
    said: Word = {}
    decisions, (reached, waiting) = 0, begun
    yield Point(0, reached), model
    used, batch = model, way.first
    while asked := waiting[:batch]:
        for records in asked:
            said |= reviewer.answer(world.facts, records)
        decisions, batch = decisions + len(asked), way.every
        if way.teach is not None:
            used = way.teach(model, said)
        matched(connection, said, used)
        yield Point(decisions, quality(world, profiles(connection))), used
        waiting = still_open(connection, said, way.how)


def still_open(
    connection: duckdb.DuckDBPyConnection, said: Word, how: Order | None
) -> list[tuple[Key, ...]]:
    """The records of the clusters that nobody has settled, in their order."""
    records, clusters = queue(connection, how or "score")
    found = []
    for cluster in clusters:
        pairs = [sorted((records[a], records[b])) for a, b in cluster.pairs]
        if not all((a, b) in said for a, b in pairs):
            found.append(tuple(records[at] for at in cluster.records))
    return found if how else sorted(found)
