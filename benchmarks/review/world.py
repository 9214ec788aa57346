"""Customers of the sample generator, who they are, and whom they are easily taken for.

The generator knows parents with their children, couples, mailboxes that several use and namesakes; it
has no twins. So in every third household with two children of different names these are made twins:
all records of the one that tell the birth date get that of the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random

from benchmarks import workload
from benchmarks.matching import data
from sample_data.generator import clock
from sample_data.generator.chunk import CHUNK
from sample_data.generator.people import Person, Village
from sample_data.generator.score_matching import reachable
from sample_data.generator.tables import Facts, Key, read_facts

PARENTS, TWINS, COUPLES, MAILBOXES, NAMESAKES = TRAPS = (
    "parent and child of one name",
    "twins",
    "couples",
    "shared mailboxes",
    "namesakes",
)
EVERY = 3
"""In every so manieth household with two children of different names these are twins."""
Pair = frozenset[str]
"""Two persons."""


@dataclass(frozen=True, slots=True)
class Twin:
    """A person whose birth date becomes that of his twin."""

    person: str
    was: date
    becomes: date


@dataclass(frozen=True)
class World:
    """records: the Parquet file that is matched. links: the certain edges that the deliveries declare.
    traps: per kind the pairs of persons who are easily taken for one. pairs: every two records of one
    person by which anybody could see that they belong together (``reachable``). apart: how many true
    pairs there are beside them."""

    records: Path
    links: Path
    facts: Facts
    twins: list[Twin]
    traps: dict[str, set[Pair]]
    pairs: frozenset[tuple[Key, Key]]
    apart: int


def world(persons: int, seed: int) -> World:
    """So many persons; generated once."""
    records = data.generated(persons, seed)
    truth = workload.deliveries(persons, seed).parent / "truth"
    facts = read_facts(truth)
    households = list(_households(persons, seed))
    twins = list(_twins(households))
    pairs, apart = _true_pairs(facts)
    traps = _traps(households, twins)
    traps[MAILBOXES] = _mailboxes(facts)
    return World(records, truth / "links.csv", facts, twins, traps, pairs, apart)


def _households(persons: int, seed: int) -> Iterator[list[Person]]:
    """The persons of each household: head, partner, children; as ``chunk.make_chunk`` draws them."""
    for first in range(0, persons, CHUNK):
        count = min(CHUNK, persons - first)
        village = Village(Random(f"noord-media:{seed}:{first}"), first, count)
        living: dict[int, list[Person]] = defaultdict(list)
        for person in village.persons:
            living[person.household].append(person)
        yield from living.values()


def _twins(households: list[list[Person]]) -> Iterator[Twin]:
    siblings = [each[2:] for each in households if len(each) == 4 and not _one_name(*each[2:])]
    for one, other in siblings[::EVERY]:
        yield Twin(other.pid, _day(other), _day(one))


def _day(person: Person) -> date:
    day, month, year = clock.dutch(person.birth).split("-")
    return date(int(year), int(month), int(day))


def _one_name(one: Person, other: Person) -> bool:
    return (one.given, one.prefix, one.family) == (other.given, other.prefix, other.family)


def _traps(households: list[list[Person]], twins: list[Twin]) -> dict[str, set[Pair]]:
    """Those that follow from who lives with whom and what they are called."""
    found: dict[str, set[Pair]] = {trap: set() for trap in TRAPS}
    called: dict[object, list[Person]] = defaultdict(list)
    later = {twin.person for twin in twins}
    for each in households:
        for person in each:
            called[person.given, person.prefix, person.family].append(person)
        if len(each) > 1:
            found[COUPLES].add(_both(each[0], each[1]))
        found[PARENTS] |= {
            _both(parent, child)
            for parent in each[:2]
            for child in each[2:]
            if _one_name(parent, child)
        }
        found[TWINS] |= {_both(*each[2:]) for child in each[2:] if child.pid in later}
    for namesakes in called.values():
        found[NAMESAKES] |= {
            _both(one, other)
            for one, other in combinations(namesakes, 2)
            if one.household != other.household
        }
    return found


def _both(one: Person, other: Person) -> Pair:
    return frozenset((one.pid, other.pid))


def _mailboxes(facts: Facts) -> set[Pair]:
    """Two who have an address in common: couples with one mailbox, colleagues at ``info@``."""
    used: dict[str, set[str]] = defaultdict(set)
    for key, points in facts.points.items():
        for point in points:
            if "@" in point:
                used[point].add(facts.records[key].person)
    return {frozenset(two) for users in used.values() for two in combinations(sorted(users), 2)}


def _true_pairs(facts: Facts) -> tuple[frozenset[tuple[Key, Key]], int]:
    """The reachable pairs (each the smaller record first), and how many are not."""
    persons: dict[str, list[Key]] = defaultdict(list)
    for key, record in facts.records.items():
        if record.readable:
            persons[record.person].append(key)
    true = [two for keys in persons.values() for two in combinations(sorted(keys), 2)]
    pairs = frozenset(two for two in true if reachable(facts, *two))
    return pairs, len(true) - len(pairs)
