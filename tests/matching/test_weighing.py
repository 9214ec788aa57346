"""What pairs are weighed on: patterns of levels, batches, rare names, households, declared fields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.matching.data import Outcome, people, person, run
from tui_migrate.matching import FrozenModel, MatchInputError, MatchSettings
from tui_migrate.matching.patterns import FLAGS, MOST_FIELDS, Layout
from tui_migrate.matching.settings import PERSON, declared, shipped_fields, shipped_m

core = import_module("tui_migrate.matching.core")
NAMES = tuple(f"field_{number}" for number in range(MOST_FIELDS))
CITY: dict[str, Any] = {"town": "Utrecht"}


def weights(found: Outcome, one: str, two: str) -> dict[str, float]:
    """Field → bits of a stored pair."""
    return {entry["field"]: entry["weight"] for entry in found.pair(one, two)["weights"]}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


@settings(deadline=None)
@given(
    levels=st.lists(st.integers(0, 7), min_size=MOST_FIELDS, max_size=MOST_FIELDS),
    flags=st.sets(st.sampled_from(FLAGS)),
)
def test_a_pattern_gives_back_the_levels_that_it_was_made_of(
    connection: duckdb.DuckDBPyConnection, levels: list[int], flags: set[str]
) -> None:
    layout = Layout(NAMES)
    columns = [f"{level}::UTINYINT AS {name}" for name, level in zip(NAMES, levels, strict=True)]
    columns += [f"{flag in flags} AS {flag}" for flag in FLAGS]
    known = {"kind", *NAMES, *FLAGS}
    sql = (
        f"SELECT {layout.unpacked()} FROM (SELECT {layout.packed(known)} AS pattern"
        f" FROM (SELECT 'organisation' AS kind, {', '.join(columns)}))"
    )
    row = connection.execute(sql).fetchall()[0]
    assert row == ("organisation", *levels, *(flag in flags for flag in FLAGS))


def test_the_size_of_a_batch_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _truth = people(300, seed=3)
    whole = run(rows)
    monkeypatch.setattr(core, "BATCH_PAIRS", 40)
    monkeypatch.setattr(core, "STRIDE", 8)
    parts = run(rows)
    assert whole.report.figures["candidate_pairs"] > 10 * 40
    assert parts.pairs == whole.pairs
    assert parts.clusters == whole.clusters


def test_the_weights_of_a_pair_add_up_to_its_weight() -> None:
    rows, _truth = people(200, seed=4)
    found = run(rows)
    assert found.pairs
    for pair in found.pairs.values():
        total = sum(entry["weight"] for entry in pair["weights"])
        assert total == pytest.approx(pair["weight"], abs=1e-5)


def test_a_rare_name_says_more_than_a_common_one() -> None:
    rows = [
        person(f"j{number}", first_name=f"Voornaam{chr(97 + number // 26)}{chr(97 + number % 26)}",
               family_name="Jansen", **CITY)
        for number in range(60)
    ]  # fmt: skip
    for family in ("Jansen", "Quispel"):
        rows += [
            person(f"{family} 1", first_name="Ada", family_name=family, **CITY),
            person(f"{family} 2", first_name="Ada", family_name=family, **CITY),
        ]
    found = run(rows, settings=MatchSettings(keep_from=1e-6))
    rare, common = (weights(found, f"{name} 1", f"{name} 2") for name in ("Quispel", "Jansen"))
    assert rare["name_frequency"] - common["name_frequency"] > 2
    assert "Quispel" not in found.report.model.to_json()
    again = run(rows[-4:], model=FrozenModel.from_json(found.report.model.to_json()))
    assert weights(again, "Jansen 1", "Jansen 2") == common


def test_what_relatives_share_is_worth_less_than_against_strangers() -> None:
    home: dict[str, Any] = {
        "street": "Kerkstraat", "house_number": "12", "postcode": "1234 AB", "town": "Utrecht",
    }  # fmt: skip
    rows = [
        person("1", first_name="Willem", family_name="Kleinveld", **home),
        person("2", "shop", first_name="Saskia", family_name="Kleinveld", **home),
    ]
    found = run(rows, settings=MatchSettings(keep_from=1e-9))
    model = json.loads(found.report.model.to_json())
    model["relatives"] = None
    strangers = run(rows, model=FrozenModel.from_json(json.dumps(model)))
    aware, unaware = weights(found, "1", "2"), weights(strangers, "1", "2")
    assert aware["family_name"] < unaware["family_name"] - 2
    assert aware["address"] < unaware["address"] - 2
    assert aware["first_name"] == unaware["first_name"]


def with_number(compare: str = "identifier") -> MatchSettings:
    """The shipped settings and a declared field of one's own."""
    field = declared("member_number", compare)
    fields = shipped_fields()
    m = shipped_m()
    m[PERSON][field.name] = {level.name: level.m for level in field.levels}
    return MatchSettings(
        sample=20_000, m=m, fields={**fields, PERSON: (*fields[PERSON], field)}, keep_from=1e-9
    )


def test_a_declared_field_needs_its_column() -> None:
    with pytest.raises(MatchInputError, match="member_number"):
        run([person("1", family_name="Vries")], settings=with_number())
    with pytest.raises(KeyError):
        declared("member_number", "guess")


def test_a_declared_number_of_one_person_lets_names_that_agree_merge() -> None:
    address: dict[str, Any] = {"postcode": "1234 AB", "house_number": "12"}
    rows = [
        person("1", first_name="Willem", family_name="Kleinveld", kvk="90210-77", **address),
        person("2", "shop", first_name="Willem", family_name="Kleinveld", kvk="9021077", **address),
        person("3", "mail", first_name="Willem", family_name="Kleinveld", kvk="9021707", **address),
        person("4", "tent", first_name="Willem", family_name="Kleinveld", kvk="1234567", **address),
    ]  # fmt: skip
    settings = with_number()
    fields = tuple(
        replace(field, column="kvk") if field.compare else field
        for field in settings.fields[PERSON]
    )
    found = run(rows, settings=replace(settings, fields={**settings.fields, PERSON: fields}))
    assert found.together("1", "2")
    levels = {
        other: {entry["field"]: entry["level"] for entry in found.pair("1", other)["weights"]}
        for other in ("2", "3", "4")
    }
    said = {other: level["member_number"] for other, level in levels.items()}
    assert said == {"2": "exact", "3": "typo", "4": "different"}
    assert not found.together("1", "3")


def test_first_and_family_name_that_changed_places_agree() -> None:
    address: dict[str, Any] = {"postcode": "1234 AB", "house_number": "12"}
    found = run(
        [
            person("1", first_name="Thomas", family_name="Maarten", **address),
            person("2", "shop", first_name="Maarten", family_name="Thomas", **address),
        ],
        settings=MatchSettings(keep_from=1e-9),
    )
    level = {entry["field"]: entry["level"] for entry in found.pair("1", "2")["weights"]}
    assert (level["first_name"], level["family_name"]) == ("variant", "part")
    assert not found.together("1", "2")


def test_a_model_of_before_scores_without_what_it_did_not_know() -> None:
    rows, _truth = people(60, seed=6)
    model = json.loads(run(rows).report.model.to_json())
    for name in ("relatives", "rarity"):
        del model[name]
    del model["settings"]["fields"]
    found = run(rows, model=FrozenModel.from_json(json.dumps(model)))
    assert found.pairs
    for pair in found.pairs.values():
        assert "name_frequency" not in {entry["field"] for entry in pair["weights"]}


def test_two_who_are_told_apart_are_never_said_to_merge_by_themselves() -> None:
    both: dict[str, Any] = {
        "first_name": "Willem", "family_name": "Kleinveld", "birth_date": "1961-04-05",
        "emails": ["willem.kleinveld@x.example"],
    }  # fmt: skip
    rows = [person("1", **both), person("2", "shop", **both)]
    assert run(rows).pair("1", "2")["band"] == "auto"
    apart = run(rows, decisions=[(("crm", "1"), ("shop", "2"), "different")])
    assert apart.pair("1", "2")["band"] == "review"
    assert not apart.together("1", "2")
