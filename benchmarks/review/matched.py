"""The project's own match of a world, and what of it is right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb
import pyarrow as pa

from benchmarks.matching.peers import connect
from benchmarks.review.world import TRAPS, Pair, World
from sample_data.generator.tables import Facts, Key
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.review_clusters import Cluster, asked_of
from tui_migrate.engine.review_order import Order
from tui_migrate.matching import FrozenModel, MatchSettings, match
from tui_migrate.matching.schema import RECORD_COLUMNS

Said = Mapping[tuple[Key, Key], bool]
"""Two records, the smaller first → whether a person said that they are one."""

_SIDES = "source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR"
_RECORDS = "CREATE TABLE person AS SELECT {columns} FROM read_parquet('{path}') ORDER BY uid"
_TWIN = (
    "UPDATE person SET birth_date = t.becomes FROM twin t, truth w WHERE w.source = person.source"
    " AND w.record_id = person.record_id AND w.truth = t.person AND person.birth_date = t.was"
)
_LINKS = "CREATE TABLE link AS SELECT *, 'link' AS rule FROM read_csv('{path}', all_varchar = true)"


def prepare(world: World, folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with the relations that a match asks for."""
    connection = connect(folder)
    path = world.records
    connection.execute(_RECORDS.format(columns=", ".join(RECORD_COLUMNS), path=path))
    connection.execute(
        f"CREATE TABLE truth AS SELECT source, record_id, truth FROM read_parquet('{path}')"
    )
    rows = [(twin.person, twin.was, twin.becomes) for twin in world.twins]
    connection.register("twin", _table(("person", "was", "becomes"), rows))
    connection.execute(_TWIN)
    connection.unregister("twin")
    connection.execute(_LINKS.format(path=world.links))
    return connection


def _table(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return pa.table({n: list(column) for n, column in zip(names, columns, strict=True)})


def matched(
    connection: duckdb.DuckDBPyConnection, said: Said, model: FrozenModel | None = None
) -> FrozenModel:
    """Match with these decisions; ``pair`` and ``cluster`` are of this match alone. The model used."""
    for table in ("pair", "cluster", "decision"):
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    rows = [(*a, *b, "merge" if same else "different") for (a, b), same in sorted(said.items())]
    connection.execute(f"CREATE TABLE decision ({_SIDES}, decision VARCHAR)")
    if rows:
        names = ("source_a", "record_a", "source_b", "record_b", "decision")
        connection.register("said", _table(names, rows))
        connection.execute("INSERT INTO decision SELECT * FROM said")
        connection.unregister("said")
    return match(
        connection,
        "person",
        "link",
        "decision",
        MatchSettings(),
        model=model,
        step="match",
        attempt=1,
        unit="match",
    ).model


def queue(
    connection: duckdb.DuckDBPyConnection, how: Order
) -> tuple[list[tuple[str, str]], list[Cluster]]:
    """What people are asked, as the review screen asks it."""
    return asked_of(Desk(cast("Any", None), connection), how)


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs of records that stand as one: how many, how many of them wrong; and how many of the true
    pairs that can be seen are among them."""

    merged: int
    wrong: int
    found: int
    true: int

    @property
    def precision(self) -> float:
        return 1 - self.wrong / self.merged if self.merged else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def profiles(connection: duckdb.DuckDBPyConnection) -> dict[Key, str]:
    """Record → what it stands as one with."""
    rows = connection.execute(
        "SELECT source, record_id, CASE WHEN status = 'merged' THEN cluster_id"
        " ELSE concat_ws('/', source, record_id) END FROM cluster"
    ).fetchall()
    return {(source, record): profile for source, record, profile in rows}


def quality(world: World, profile: Mapping[Key, str]) -> Quality:
    """Of all records."""
    merged, wrong = _merged(world.facts, profile)
    found = sum(_together(profile, two) for two in world.pairs)
    return Quality(merged, wrong, found, len(world.pairs))


def by_trap(world: World, profile: Mapping[Key, str]) -> dict[str, tuple[int, Quality]]:
    """Kind of trap → how many persons stand in one, and the pairs with a record of such a person; wrong
    are those of two persons who are easily taken for each other so."""
    facts, owner = world.facts, {key: r.person for key, r in world.facts.records.items()}
    wrong = _confused(facts, profile)
    own: Counter[str] = Counter()
    for key, count in _own(facts, profile):
        own[key] += count
    true: Counter[str] = Counter(owner[a] for a, _b in world.pairs)
    found: Counter[str] = Counter(owner[two[0]] for two in world.pairs if _together(profile, two))
    result = {}
    for trap in TRAPS:
        people = set().union(*world.traps[trap]) if world.traps[trap] else set()
        mistaken = sum(wrong[two] for two in world.traps[trap])
        merged = sum(own[person] for person in people) + mistaken
        recall = sum(found[p] for p in people), sum(true[p] for p in people)
        result[trap] = len(people), Quality(merged, mistaken, *recall)
    return result


def _together(profile: Mapping[Key, str], two: tuple[Key, Key]) -> bool:
    one = profile.get(two[0])
    return one is not None and one == profile.get(two[1])


def _groups(facts: Facts, profile: Mapping[Key, str]) -> Iterable[Counter[str]]:
    """Per profile the persons whose records stand in it."""
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for key, name in profile.items():
        if key in facts.records:
            groups[name][facts.records[key].person] += 1
    return groups.values()


def _merged(facts: Facts, profile: Mapping[Key, str]) -> tuple[int, int]:
    merged = right = 0
    for persons in _groups(facts, profile):
        merged += _pairs(persons.total())
        right += sum(map(_pairs, persons.values()))
    return merged, merged - right


def _own(facts: Facts, profile: Mapping[Key, str]) -> Iterable[tuple[str, int]]:
    """A person, and pairs of his records that stand as one."""
    for persons in _groups(facts, profile):
        yield from ((person, _pairs(n)) for person, n in persons.items())


def _confused(facts: Facts, profile: Mapping[Key, str]) -> Counter[Pair]:
    """Two persons → the pairs of their records that stand as one."""
    found: Counter[Pair] = Counter()
    for persons in _groups(facts, profile):
        known = sorted(persons.items())
        for at, (one, n) in enumerate(known):
            for other, m in known[at + 1 :]:
                found[frozenset((one, other))] += n * m
    return found


def _pairs(n: int) -> int:
    return n * (n - 1) // 2
