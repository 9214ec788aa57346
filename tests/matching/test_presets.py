"""What each preset knows: streets of two languages, call names, keys that survive a mistake."""

from __future__ import annotations

from functools import cache

import duckdb
import pytest

from tests.matching.data import Row, organisation, person, run
from tui_migrate.matching import MatchSettings
from tui_migrate.matching.keys import MAX_KEYS, PARTS, split_part
from tui_migrate.matching.nicknames import nickname_rows
from tui_migrate.matching.presets import PRESETS
from tui_migrate.matching.spellings import SPELLINGS, macros


@cache
def _speller(preset: str) -> duckdb.DuckDBPyConnection:
    cur = duckdb.connect()
    cur.execute(macros(preset))
    return cur


def _spelt(preset: str, macro: str, text: str) -> str:
    row = _speller(preset).execute(f"SELECT {macro}($1)", [text]).fetchone()
    return str(row[0]) if row else ""


def _rules(preset: str, one: Row, two: Row) -> list[str]:
    """The keys that bring two records together."""
    settings = MatchSettings(
        preset=preset, keys=PRESETS[preset].keys, review_from=0.0, keep_from=1e-12
    )
    found = run([one, two], decisions=[(("crm", "1"), ("crm", "2"), "merge")], settings=settings)
    return [rule for rule in found.pair("1", "2")["rules"] if rule != "decision"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Av. Louise", "Avenue Louise"),
        ("Avenue Roger Vandendriessche", "Roger Vandendriesschelaan"),
        ("Bd. du Roi", "boulevard du Roi"),
        ("r.de la Loi", "Rue de la Loi"),
        ("R de l'Église", "rue de l’Eglise"),
        ("Ch. de Mons", "Chaussée de Mons"),
        ("Pl. Flagey", "Place Flagey"),
        ("Pl. Flagey", "Flageypl."),
        ("Mechelse stwg.", "Mechelsesteenweg"),
    ],
)
def test_a_belgian_street_has_one_spelling(one: str, other: str) -> None:
    assert _spelt("be", "mt_street", one) == _spelt("be", "mt_street", other)


@pytest.mark.parametrize("street", ["R. Schumanlaan", "Ch. Ruysstraat", "Pl. Brouwersplein"])
def test_an_initial_before_a_dutch_street_is_no_french_type(street: str) -> None:
    for preset in ("nl", "be", "nl-be"):
        assert _spelt(preset, "mt_street", street) == street.lower().replace(". ", "")


def test_a_preset_keeps_to_the_country_that_it_is_for() -> None:
    assert _spelt("be", "mt_town", "Mons") == _spelt("be", "mt_town", "Bergen")
    assert _spelt("nl", "mt_town", "Mons") == "mons"
    assert _spelt("nl", "mt_street", "Dorpsstr.") == "dorpsstraat"
    assert _spelt("general", "mt_street", "Dorpsstr.") == "dorpsstr"
    assert _spelt("general", "mt_family", "van Dijk") == "['dijk']"
    assert _spelt("nl", "mt_family", "van Dijk") == "['dyk']"
    assert _spelt("be", "mt_organisation", "Boulangerie Dupont SCRL") == "['boulangerie', 'dupont']"


def test_french_call_names_are_known_in_belgium_and_english_ones_in_general() -> None:
    def known(preset: str, one: str, other: str) -> bool:
        rows = nickname_rows(SPELLINGS[preset].languages)
        sets = [{number for name, number, _ in rows if name == wanted} for wanted in (one, other)]
        return bool(sets[0] & sets[1])

    assert known("be", "christophe", "tof")
    assert known("be", "jan", "jean")
    assert known("general", "robert", "bobby")
    assert not known("nl", "christophe", "tof")
    assert not known("nl-be", "robert", "bobby")


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_is_spelt_and_its_keys_can_be_read(preset: str) -> None:
    keys = PRESETS[preset].keys
    assert preset in SPELLINGS
    assert len({key.name for key in keys}) == len(keys) <= MAX_KEYS
    assert {split_part(part)[0] for key in keys for part in key.parts} <= set(PARTS)


@pytest.mark.parametrize("preset", PRESETS)
def test_swapped_names_meet_in_every_preset(preset: str) -> None:
    one = person("1", first_name="Peters", family_name="Jan", birth_date="1950-02-03")
    two = person("2", first_name="Jan", family_name="Peters", birth_date="1950-02-03")
    assert {"names_birth", "names"} & set(_rules(preset, one, two))


@pytest.mark.parametrize(
    "preset",
    [p if p in ("nl-be", "general") else pytest.param(p, marks=pytest.mark.soak) for p in PRESETS],
)
def test_organisations_meet_by_their_own_domain_and_not_by_a_providers(preset: str) -> None:
    def with_mail(*addresses: str) -> list[Row]:
        return [
            organisation(f"{number}", organisation_name=name, emails=[address])
            for number, (name, address) in enumerate(
                zip(("De Bakker", "Molenaar Brood"), addresses, strict=True), 1
            )
        ]

    assert _rules(preset, *with_mail("info@debakker.nl", "jan@mail.debakker.nl")) == ["domain"]
    assert _rules(preset, *with_mail("debakker@telenet.be", "molenaar@telenet.be")) == []
    assert _rules(preset, *with_mail("a@debakker.co.uk", "b@molenaar.co.uk")) == []


def test_an_address_in_belgium_needs_its_street() -> None:
    def at(record: str, street: str) -> Row:
        return person(
            record, street=street, house_number="7", postcode="1000", family_name=f"X{street}"
        )

    assert _rules("be", at("1", "Av. Louise"), at("2", "Avenue Louise")) == [
        "street_number_postcode"
    ]
    assert _rules("be", at("1", "Av. Louise"), at("2", "Rue Neuve")) == []
