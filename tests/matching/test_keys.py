"""Blocking keys as data: what brings two records together, and how many at a time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.matching.data import Outcome, people, person, run
from tui_migrate.matching import MatchSettings, blocking
from tui_migrate.matching.keys import BEFORE, MAX_KEYS, keys_of, split_part


def _with(**keys: list[str]) -> MatchSettings:
    return MatchSettings(keys=keys_of(keys), review_from=0.0, keep_from=0.0001)


def _candidates(found: Outcome) -> int:
    return found.report.figures["candidate_pairs"]


def test_a_key_takes_the_parts_that_it_names_and_the_length_that_it_says() -> None:
    rows = [
        person("1", family_name="de Vries", first_name="Jan", town="Groningen"),
        person("2", family_name="Vries", first_name="Piet", town="Groenlo"),
        person("3", family_name="Vries", first_name="Klaas", town="Zwolle"),
        person("4", family_name="Vries"),
    ]
    assert _candidates(run(rows, settings=_with(near=["family", "town:3"]))) == 1
    assert _candidates(run(rows, settings=_with(near=["family", "town"]))) == 0
    assert _candidates(run(rows, settings=_with(near=["family"]))) == 6


def test_the_rules_of_a_pair_are_the_names_of_its_keys_to_the_last_bit() -> None:
    names = [f"key_{number}" for number in range(MAX_KEYS)]
    found = run(
        [person("1", family_name="Vries"), person("2", family_name="Vries")],
        decisions=[(("crm", "1"), ("crm", "2"), "merge")],
        settings=_with(**{name: ["family"] for name in names}),
    )
    assert found.pair("1", "2")["rules"] == [*names, "decision"]


def test_more_keys_than_bits_are_refused() -> None:
    keys = _with(**{f"key_{number}": ["family"] for number in range(MAX_KEYS + 1)})
    with pytest.raises(ValueError, match="61 keys"):
        run([person("1")], settings=keys)


def test_pairs_made_in_many_ranges_are_those_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _truth = people(200, seed=12)
    links = [(("crm", rows[0]["record_id"]), ("crm", rows[-1]["record_id"]))]
    at_once = run(rows, links=links)
    monkeypatch.setattr(blocking, "MEETINGS", 7)
    in_ranges = run(rows, links=links)
    for table in ("pair", "cluster"):
        sql = f"SELECT * FROM {table}"
        assert in_ranges.cur.execute(sql).fetchall() == at_once.cur.execute(sql).fetchall()


def test_settings_from_before_keys_were_declared_match_as_they_did() -> None:
    before: dict[str, Any] = MatchSettings(cap=7).to_dict()
    del before["keys"], before["preset"]
    assert MatchSettings.from_dict(before) == MatchSettings(cap=7, preset="nl", keys=BEFORE)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("town", ("town", None)), ("town:5", ("town", 5)), ("first:12", ("first", 12))],
)
def test_a_part_is_a_word_and_how_much_of_it(written: str, meant: tuple[str, int | None]) -> None:
    assert split_part(written) == meant


@pytest.mark.parametrize("written", ["town:", "town:0", "town:-1", "town:five", "town:²"])
def test_a_length_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="town"):
        split_part(written)


@pytest.mark.parametrize(
    ("one", "other"),
    [("De Cock", "de Kock"), ("Dupont", "Dupond"), ("Visser", "Fisser"),
     ("Schoenmaekers", "Schoenmakers"), ("Janssens", "Jansens"),
     ("Hendrickx", "Hendriks"), ("Van Dijck", "van Dyk")],
)  # fmt: skip
def test_family_names_that_sound_alike_meet(one: str, other: str) -> None:
    rows = [
        person("1", family_name=one, town="Gent", first_name="Jan"),
        person("2", family_name=other, town="Gent", first_name="Jan"),
        person("3", family_name="Aerts", town="Gent", first_name="Jan"),
    ]
    sound = _candidates(run(rows, settings=_with(sound=["family_sound", "town"])))
    assert sound == 1


def test_a_birth_date_that_is_none_is_compared_as_it_stands() -> None:
    rows = [
        person("1", first_name="Jan", family_name="Vries", birth_date="1984-13-01"),
        person("2", first_name="Jan", family_name="Vries", birth_date="19841201"),
        person("3", first_name="Jan", family_name="Vries", birth_date="0000-00-00"),
    ]
    settings = _with(names=["family", "first"])
    levels = {
        other: [w["level"] for w in pair["weights"] if w["field"] == "birth_date"]
        for other, pair in run(rows, settings=settings, birth="VARCHAR").pairs.items()
    }
    assert levels == {frozenset("12"): ["typo"], frozenset("13"): [], frozenset("23"): []}
