"""Reading the truth and a run's exports into plain dictionaries."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

Key = tuple[str, str]
"""(source, record_id)"""

_CHANNELS = {"e-mail": "email", "telefoon": "phone", "tm": "phone", "print": "post"}
_AUTOMATIC = ("auto", "automatic", "rule", "guard", "matcher", "engine", "system", "link")


class Record(NamedTuple):
    """One record's owner, and what of it can be compared."""

    person: str
    readable: bool
    has_name: bool
    birth: str
    address: str


class Pair(NamedTuple):
    one: Key
    other: Key
    band: str
    merged: bool
    by_person: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """The truth about records: owners, contact points and declared links."""

    records: dict[Key, Record]
    points: dict[Key, set[str]]
    links: set[tuple[Key, Key]]


def rows(path: Path, columns: str) -> Iterator[list[str]]:
    """The named columns of a CSV, in that order; ValueError where one is missing."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        wanted = columns.split()
        if missing := [c for c in wanted if c not in header]:
            raise ValueError(f"{path}: column missing: {', '.join(missing)}")
        places = [header.index(c) for c in wanted]
        for row in reader:
            yield [row[p] for p in places]


def read_facts(truth: Path) -> Facts:
    records = {
        (source, rid): Record(person, readable == "1", named == "1", birth, address)
        for source, rid, person, readable, named, birth, address in rows(
            truth / "persons.csv",
            "source record_id person_id readable has_name birth_key address_key",
        )
    }
    points: dict[Key, set[str]] = {}
    for source, rid, point in rows(truth / "contact_points.csv", "source record_id contact_point"):
        points.setdefault((source, rid), set()).add(point)
    links = {
        ((a, b), (c, d))
        for a, b, c, d in rows(truth / "links.csv", "source_a record_a source_b record_b")
    }
    return Facts(records, points, links)


def read_crosswalk(exports: Path) -> dict[Key, str]:
    return {
        (source, rid): profile
        for source, rid, profile in rows(exports / "crosswalk.csv", "source record_id profile_id")
    }


def read_pairs(exports: Path) -> list[Pair]:
    columns = "source_a record_a source_b record_b band decision decided_by"
    found = []
    for a, b, c, d, band, decision, by in rows(exports / "pairs.csv", columns):
        automatic = not by or band == "auto" or by.lower().split(":")[0] in _AUTOMATIC
        found.append(Pair((a, b), (c, d), band, decision == "merge", not automatic))
    return found


class State(NamedTuple):
    status: str
    evidence_at: str
    rule: str


StateKey = tuple[str, str, str, str]
"""(profile or person, brand, channel, purpose)"""


def read_states(path: Path, owner: str) -> dict[StateKey, State]:
    columns = f"{owner} brand channel purpose status evidence_at rule"
    return {
        (who, brand, _CHANNELS.get(channel.lower(), channel.lower()), purpose): State(
            status, instant(at), rule
        )
        for who, brand, channel, purpose, status, at, rule in rows(path, columns)
    }


def instant(text: str) -> str:
    """An ISO time in any notation as `2024-06-30T22:00:00Z`; unreadable text as it is."""
    if not text or (len(text) == 20 and text[10] == "T" and text[-1] == "Z"):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%SZ")
