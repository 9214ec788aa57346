"""Small relations for the matcher: written out by hand, or generated with the truth at hand."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from tui_migrate.matching import FrozenModel, MatchReport, MatchSettings, match

Row = dict[str, Any]
Key = tuple[str, str]

_COLUMNS = (
    "source VARCHAR, record_id VARCHAR, kind VARCHAR, first_name VARCHAR, initials VARCHAR, "
    "prefix VARCHAR, family_name VARCHAR, organisation_name VARCHAR, birth_date DATE, "
    "gender VARCHAR, street VARCHAR, house_number VARCHAR, house_addition VARCHAR, "
    "postcode VARCHAR, town VARCHAR, country VARCHAR, emails VARCHAR[], phones VARCHAR[], "
    "kvk VARCHAR, vat VARCHAR"
)
NAMES = tuple(column.split()[0] for column in _COLUMNS.split(", "))
EDGE = "source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR"


def person(record_id: str, source: str = "crm", **values: Any) -> Row:
    """A person with the given columns; all others are unknown."""
    return {"source": source, "record_id": record_id, "kind": "person", **values}


def organisation(record_id: str, source: str = "crm", **values: Any) -> Row:
    """An organisation with the given columns."""
    return {"source": source, "record_id": record_id, "kind": "organisation", **values}


@dataclass
class Outcome:
    """What a match wrote, ready to ask."""

    cur: duckdb.DuckDBPyConnection
    report: MatchReport
    pairs: dict[frozenset[str], Mapping[str, Any]] = field(default_factory=dict)
    clusters: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def pair(self, one: str, two: str) -> Mapping[str, Any]:
        """The stored pair of two records (by record_id), or {} where there is none."""
        return self.pairs.get(frozenset((one, two)), {})

    def together(self, one: str, two: str) -> bool:
        """Do the two records become one profile?"""
        a, b = self.clusters[one], self.clusters[two]
        return bool(a["status"] == "merged" and a["cluster_id"] == b["cluster_id"])


def table(threads: int = 1, birth: str = "DATE") -> duckdb.DuckDBPyConnection:
    """A database with the three relations that matching asks for, empty. birth: type of the date."""
    cur = duckdb.connect(config={"threads": threads}).cursor()
    cur.execute(f"CREATE TABLE record ({_COLUMNS.replace('DATE', birth)})")
    cur.execute(f"CREATE TABLE links ({EDGE}, rule VARCHAR)")
    cur.execute(f"CREATE TABLE decisions ({EDGE}, decision VARCHAR)")
    return cur


def fill(
    cur: duckdb.DuckDBPyConnection,
    rows: Iterable[Row],
    links: Iterable[tuple[Key, Key]] = (),
    decisions: Iterable[tuple[Key, Key, str]] = (),
) -> None:
    """Put these into the three relations, in place of what stands there."""
    for name in ("record", "links", "decisions"):
        cur.execute(f"DELETE FROM {name}")
    listed = list(rows)
    if listed:
        columns = ", ".join(f"unnest(${place + 1})" for place in range(len(NAMES)))
        cur.execute(
            f"INSERT INTO record SELECT {columns}",
            [[row.get(name) for row in listed] for name in NAMES],
        )
    for one, two in links:
        cur.execute("INSERT INTO links VALUES (?, ?, ?, ?, 'id')", [*one, *two])
    for one, two, decision in decisions:
        cur.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?)", [*one, *two, decision])


def run(
    rows: Iterable[Row],
    links: Sequence[tuple[Key, Key]] = (),
    decisions: Sequence[tuple[Key, Key, str]] = (),
    *,
    settings: MatchSettings | None = None,
    model: FrozenModel | None = None,
    threads: int = 1,
    birth: str = "DATE",
    by_itself: bool = True,
) -> Outcome:
    """Match `rows`; record ids must be unique over all sources here. birth: type of the birth date."""
    cur = table(threads, birth)
    fill(cur, rows, links, decisions)
    report = match(
        cur, "record", "links", "decisions", settings or MatchSettings(sample=20_000),
        model=model, step="match", attempt=1, unit="all", by_itself=by_itself,
    )  # fmt: skip
    outcome = Outcome(cur, report)
    for row in _rows(cur, "pair"):
        outcome.pairs[frozenset((row["record_a"], row["record_b"]))] = row
    for row in _rows(cur, "cluster"):
        outcome.clusters[row["record_id"]] = row
    return outcome


def _rows(cur: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    result = cur.execute(f"SELECT * FROM {table}")
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


_FIRST_NAMES = (
    "Adam Bram Casper Daan Emiel Floris Gerben Hidde Ivo Joris Kasper Lennart Menno Niels Olaf "
    "Pepijn Quinten Ruben Sander Teun Alma Britt Carlijn Demi Esmee Fleur Guusje Hilde Ilona "
    "Jasmijn Kirsten Lotte Maud Noor Oda Puck Roos Saskia Tess Willemijn"
)
_FAMILY_NAMES = (
    "Aalbers Bakker Claessens Dekker Engels Faber Goossens Hermans Ijzerman Jacobs Koster Lammers "
    "Maas Nijland Oosting Peeters Raven Schouten Timmer Uittenbogaard Vos Wouters Zijlstra Bosman "
    "Dijkstra Evers Groen Huisman Kok Leenders"
)
_FIRST, _FAMILY = _FIRST_NAMES.split(), _FAMILY_NAMES.split()


def people(persons: int, seed: int) -> tuple[list[Row], dict[str, str]]:
    """Records of `persons` people in households, and the truth: record_id → person.

    With the traps: couples that share a mailbox, a child of the parent's name at one address whose
    birth date is missing in one system, namesakes elsewhere, and newsletter records with an e-mail
    and no name.
    """
    dice = random.Random(seed)
    rows: list[Row] = []
    truth: dict[str, str] = {}
    for home in range(persons // 2):
        family = dice.choice(_FAMILY)
        place = {
            "street": f"{dice.choice(_FAMILY)}straat", "house_number": str(dice.randint(1, 200)),
            "postcode": f"{dice.randint(1000, 9999)} {dice.choice('ABCDEFG')}{dice.choice('KLMN')}",
            "town": dice.choice(("Utrecht", "Gent", "Zwolle", "Breda")),
        }  # fmt: skip
        mailbox = f"fam.{family.lower()}{home}@mail.example" if dice.random() < 0.3 else None
        parent = dice.choice(_FIRST)
        names = (parent, parent if dice.random() < 0.15 else dice.choice(_FIRST))
        for member, first in enumerate(names):
            who = f"P{home}-{member}"
            born = f"{dice.randint(1940, 1965) + 32 * member}-0{dice.randint(1, 9)}-1{member}"
            email = mailbox or f"{first.lower()}.{family.lower()}{home}x{member}@mail.example"
            for number, system in enumerate(("crm", "shop", "mail")):
                if system != "crm" and dice.random() < 0.45:
                    continue
                row = person(f"{who}-{number}", system, emails=[email])
                if system != "mail" or dice.random() < 0.5:
                    row |= {"first_name": first, "family_name": family}
                if system == "shop":
                    row |= place
                if system == "crm":
                    row |= place | {"birth_date": born if dice.random() < 0.8 else None}
                rows.append(row)
                truth[row["record_id"]] = who
    return rows, truth
