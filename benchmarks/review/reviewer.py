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


def review(
    connection: duckdb.DuckDBPyConnection,
    world: World,
    model: FrozenModel,
    reviewer: Reviewer,
    how: Order | None,
    every: int,
    teach: Teaching | None = None,
    keep: Callable[[FrozenModel], object] = id,
) -> Iterator[Point]:
    """The points on the way until nothing is asked any more. ``how`` None: as the records come.

    After ``every`` decisions all is matched again with them, as ``match`` and ``merge`` do behind a
    review, and the queue is what is open then. ``teach`` refits the model before, and ``keep`` is told.
    """
    said: Word = {}
    used, decisions = model, 0
    while True:
        matched(connection, said, used)
        yield Point(decisions, quality(world, profiles(connection)))
        asked = list(_open(connection, said, how))[:every]
        if not asked:
            return
        for records in asked:
            said |= reviewer.answer(world.facts, records)
        decisions += len(asked)
        if teach is not None:
            used = teach(model, said)
            keep(used)


def _open(
    connection: duckdb.DuckDBPyConnection, said: Word, how: Order | None
) -> Iterator[tuple[Key, ...]]:
    """The records of the clusters that nobody has settled, in their order."""
    records, clusters = queue(connection, how or "score")
    found = []
    for cluster in clusters:
        pairs = [sorted((records[a], records[b])) for a, b in cluster.pairs]
        if not all((a, b) in said for a, b in pairs):
            found.append(tuple(records[at] for at in cluster.records))
    return iter(found if how else sorted(found))
