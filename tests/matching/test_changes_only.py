"""A later match compares only what changed, and finds what a match of everything would find."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import duckdb
import pytest

from tests.matching.data import Key, Row, fill, people, person, table
from tui_migrate.matching import FrozenModel, MatchReport, MatchSettings, match

CAP = 4
"""So few records may share a key that many keys cross it, in both directions."""
SETTINGS = MatchSettings(sample=5_000, cap=CAP, identifier_names=2)
KEEP_FROM = (1e-9, 0.1)
"""Nearly all pairs stay, so that it shows which keys bring each together; or few, as in a runbook."""
ROWS, _TRUTH = people(40, seed=5)
MAILBOXES = [f"box{number}@mail.example" for number in range(6)]
HOUSES: list[dict[str, Any]] = [
    {"street": "Kerkstraat", "house_number": str(n), "postcode": "1234 AB", "town": "Breda"}
    for n in range(1, 4)
]

Edge = tuple[Key, Key]


def _key(row: Row) -> Key:
    return row["source"], row["record_id"]


def said(
    cur: duckdb.DuckDBPyConnection,
    rows: list[Row],
    links: list[Edge],
    decisions: list[tuple[Key, Key, str]],
    model: FrozenModel | None,
    keep: bool,
) -> tuple[dict[str, list[tuple[Any, ...]]], MatchReport]:
    """All that a match of these records writes, in order."""
    for name in ("pair", "cluster"):
        cur.execute(f"DROP TABLE IF EXISTS {name}")
    fill(cur, rows, links, decisions)
    report = match(
        cur, "record", "links", "decisions", SETTINGS,
        model=model, keep=keep, step="match", attempt=1, unit="all",
    )  # fmt: skip
    found = {
        name: cur.execute(f"SELECT * FROM {name} ORDER BY ALL").fetchall()
        for name in ("pair", "cluster")
    }
    found["dropped"] = sorted((k.rule, k.digest, k.members) for k in report.dropped_keys)
    return found, report


class World:
    """Records, links and decisions that change at random."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.pool = [dict(row) for row in ROWS]
        self.dice.shuffle(self.pool)
        half = len(self.pool) * 2 // 3
        self.rows, self.pool = self.pool[:half], self.pool[half:]
        self.links: list[Edge] = []
        self.decisions: list[tuple[Key, Key, str]] = []

    def _some(self, most: int) -> list[Row]:
        return self.dice.sample(self.rows, self.dice.randint(0, most))

    def change(self) -> None:
        """A delivery: people who are new, changed or gone, and what was linked and decided since."""
        dice = self.dice
        for row in self._some(4):
            row.update(self._other(dice.choice(self.rows)))
        for row in self._some(2):
            self.rows.remove(row)
            self.pool.append(row)
        for _number in range(min(len(self.pool), dice.randint(0, 3))):
            self.rows.append(self.pool.pop(dice.randrange(len(self.pool))))
        for kept in (self.links, self.decisions):
            if kept and dice.random() < 0.4:
                kept.pop(dice.randrange(len(kept)))
        one, two, three, four = (_key(row) for row in dice.sample(self.rows, 4))
        if dice.random() < 0.5:
            self.links.append((one, two))
        if dice.random() < 0.5:
            self.decisions.append((three, four, dice.choice(["merge", "different", "again"])))

    def _other(self, other: Row) -> Row:
        """What a record says now: something that many say, or what another record says."""
        named = {name: other.get(name) for name in ("first_name", "birth_date")}
        return self.dice.choice([
            {"emails": [self.dice.choice(MAILBOXES)]},
            {"emails": list(other.get("emails") or [])},
            {"phones": [f"0612345{self.dice.randrange(3)}78"]},
            {"emails": [], "birth_date": None},
            self.dice.choice(HOUSES),
            named,
        ])  # fmt: skip


@pytest.fixture(scope="module")
def model() -> FrozenModel:
    _found, report = said(table(), ROWS, [], [], None, keep=False)
    return FrozenModel.from_json(report.model.to_json())


def assert_as_a_match_of_everything(seed: int, model: FrozenModel, deliveries: int) -> None:
    world, cur, scratch = World(seed), table(), table()
    model = replace(model, settings=replace(model.settings, keep_from=KEEP_FROM[seed % 2]))
    said(cur, world.rows, [], [], model, keep=True)
    for _delivery in range(deliveries):
        world.change()
        state = (world.rows, world.links, world.decisions, model)
        found, few = said(cur, *state, keep=True)
        whole, all_of_them = said(scratch, *state, keep=False)
        assert found == whole
        assert few.figures["candidate_pairs"] < all_of_them.figures["candidate_pairs"]


def test_what_is_found_is_what_a_match_of_everything_finds(model: FrozenModel) -> None:
    assert_as_a_match_of_everything(0, model, 2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1, 13))
def test_that_holds_for_many_deliveries(seed: int, model: FrozenModel) -> None:
    assert_as_a_match_of_everything(seed, model, 6)


OTHERS = [
    person(f"o{number}", first_name="Oda", family_name=f"Other{number}") for number in "abcdefgh"
]


def _after(model: FrozenModel, before: list[Row], then: list[Row]) -> Any:
    """What is found of ``then`` after ``before``; a match of everything has to find the same."""
    model = replace(model, settings=replace(model.settings, keep_from=1e-9))
    cur = table()
    said(cur, [*before, *OTHERS], [], [], model, keep=True)
    found, _report = said(cur, [*then, *OTHERS], [], [], model, keep=True)
    whole, _report = said(table(), [*then, *OTHERS], [], [], model, keep=False)
    assert found == whole
    return found


def test_a_key_that_crosses_the_cap_brings_nobody_together_any_more(model: FrozenModel) -> None:
    adams = [person(f"a{n}", first_name="Adam", family_name="Kok") for n in range(CAP + 1)]
    assert len(_after(model, adams[:CAP], adams)["pair"]) == 0
    assert len(_after(model, adams, adams[1:])["pair"]) == CAP * (CAP - 1) // 2


BOX: dict[str, Any] = {"family_name": "Kok", "emails": ["kok.a@mail.example"]}
INITIALS: dict[str, Any] = {"initials": "A.", "family_name": "Kok"} | HOUSES[0]
READERS = [
    person("a", **{**INITIALS, **BOX}),
    person("b", first_name="Adam", **BOX),
    person("c", first_name="Anton", **BOX),
]


def _mailbox(found: Any, *records: str) -> str | None:
    """What it is worth to two that they share a mailbox."""
    for row in found["pair"]:
        if (row[4], row[6]) == records:
            level: str | None = {one["field"]: one["level"] for one in row[12]}.get("email")
            return level
    return None


def test_whose_mailbox_it_is_follows_from_pairs_that_nothing_has_changed(
    model: FrozenModel,
) -> None:
    found = _after(model, READERS, [*READERS, person("d", "shop", **INITIALS)])
    assert _mailbox(found, "a", "b") == "shared", "Adam and Anton read it both"


def test_who_comes_to_a_mailbox_changes_what_it_is_worth_to_the_others(model: FrozenModel) -> None:
    assert _mailbox(_after(model, READERS[:1], READERS[:2]), "a", "b") == "own"
    assert _mailbox(_after(model, READERS[:2], READERS), "a", "b") == "shared"
