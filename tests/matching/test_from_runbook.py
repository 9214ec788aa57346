"""What a runbook says about a match: the settings that follow, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest

from tests.matching.data import person, run
from tui_migrate.engine.loading import load_workspace
from tui_migrate.matching import MatchSettings
from tui_migrate.matching.from_runbook import FILLED_BY, settings_of
from tui_migrate.matching.keys import PARTS
from tui_migrate.matching.presets import PRESETS
from tui_migrate.matching.settings import COMPARES
from tui_migrate.matching.spellings import SPELLINGS
from tui_migrate.model.entities import entities
from tui_migrate.runbook.kinds import Compare, MatchWith, Preset
from tui_migrate.steps.match_records import extra_columns

RUNBOOK = """\
runbook: small
title: A small migration
zone: Europe/Amsterdam
brands: [Nova]
sources:
  crm: {files: "deliveries/crm/*.csv", key: Nr, mapping: mapping/crm.yaml}
  shop: {files: "deliveries/shop/*.csv", key: Nr, mapping: mapping/shop.yaml}
target: {type: csv, path: exports/target}
roles:
  lead: {users: [anna]}
phases:
  - id: first
    steps:
      - id: match
        uses: match
        with:
"""
LINE = len(RUNBOOK.splitlines()) + 1
"""The line on which what is under ``with:`` begins."""

CRM = """\
source: crm
entity: profile
fields:
  full_name: {from: Naam}
  birth_date: {from: Geboren}
  street: {from: Straat}
  town: {from: Plaats}
"""
SHOP = """\
source: shop
entity: profile
fields:
  email: {from: Mail}
  status: {from: Status}
"""


def _mistakes(tmp_path: Path, said: str) -> list[str]:
    (tmp_path / "mapping").mkdir(exist_ok=True)
    (tmp_path / "mapping" / "crm.yaml").write_text(CRM)
    (tmp_path / "mapping" / "shop.yaml").write_text(SHOP)
    under = "".join(f"          {line}\n" for line in said.splitlines())
    (tmp_path / "runbook.yaml").write_text(RUNBOOK + under)
    return [str(problem) for problem in load_workspace(tmp_path).problems]


def test_what_is_declared_well_has_no_mistakes(tmp_path: Path) -> None:
    said = """\
        preset: be
        extra_keys: {sound_town: [family_sound, "first_or_letter:1", "town:5"], place: [street, number]}
        without_keys: [family_first]
        fields: {status: code, gender: ignored}
        levels: {person: {first_name: {exact: 0.64, variant: 0.10}, status: {exact: 0.7, typo: 0.2}}}
        cap: 80
        review_from: 0.2
        auto_from: 0.995
        household_from: 0.999
        identifier_names: 2
        max_cluster: 40
    """
    assert _mistakes(tmp_path, "\n".join(line.strip() for line in said.splitlines())) == []


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "preset: belgium",
            "0:9: 'belgium' is not possible here; known: be, general, nl, nl-be",
        ),
        (
            "keys: {place: [straat, town]}",
            "0:16: no key can be made of 'straat'; did you mean 'street'?",
        ),
        (
            'keys: {place: ["town:many", street]}',
            "0:16: 'town:many' is no part of a key; write a word, or \"town:3\"",
        ),
        ("keys: {place: []}", "0:15: this is empty; it needs 1 or more"),
        (
            "keys: {number: [postcode, number]}",
            "0:8: no source can fill the key 'number': nothing is mapped for postcode",
        ),
        (
            "extra_keys: {both: [email, birth]}",
            "0:14: no source can fill the key 'both': no source has all of email, birth",
        ),
        (
            "extra_keys: {email: [email]}",
            "0:14: there is a key 'email' already;"
            " choose another name; keys: replaces those of the preset",
        ),
        (
            "keys: {link: [email]}",
            "0:8: 'link' is no name for a key; it says in the results that no key was needed",
        ),
        (
            "without_keys: [family_frist]",
            "0:16: there is no key 'family_frist' to leave out; did you mean 'family_first'?",
        ),
        (
            "keys: {mail: [email]}\nwithout_keys: [mail]",
            "1:15: no key is left; keep one, or add one under extra_keys:",
        ),
        (
            "review_from: 0.995",
            "0:14: review_from (0.995) lies above auto_from (0.99);"
            " review_from is where the band for people begins",
        ),
        (
            "cap: 50\nauto_from: 0.05",
            "1:12: review_from (0.1) lies above auto_from (0.05);"
            " review_from is where the band for people begins",
        ),
        (
            "review_from: 0.0",
            "0:14: 0.0 is out of range; it must lie between 0 and 1, and be neither of them",
        ),
        ("household_from: 1.5", "0:17: 1.5 is out of range; it must be ≤ 1.0"),
        (
            "levels: {person: {first_name: {exakt: 0.7}}}",
            "0:32: first_name has no level 'exakt'; did you mean 'exact'?",
        ),
        (
            "levels: {person: {voornaam: {exact: 0.7}}}",
            "0:19: nothing called 'voornaam' is compared; known: address, birth_date, email,"
            " family_name, first_name, gender, phone",
        ),
        (
            "levels: {person: {gender: {same: 0.9}}}",
            "0:19: the levels of gender add up to 0.92, not to 1;"
            " with those that are shipped they are: same 0.9, different 0.02",
        ),
        (
            "levels: {person: {gender: {same: 1.0, different: 0}}}",
            "0:34: 1.0 is out of range; it must lie between 0 and 1, and be neither of them",
        ),
        (
            "fields: {email: text}",
            "0:10: 'email' is compared already;"
            " write email: ignored if it is to add no weight, or leave it out",
        ),
        ("fields: {stats: code}", "0:10: a profile has no field 'stats'; did you mean 'status'?"),
        (
            "fields: {iban: identifier}",
            "0:10: no source fills 'iban', so it is never compared;"
            " map a column to it, or leave it out",
        ),
        (
            "fields: {gendre: ignored}",
            "0:10: no built-in field is called 'gendre'; did you mean 'gender'?",
        ),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_sentence_at_its_place(
    tmp_path: Path, said: str, told: str
) -> None:
    line, column, rest = told.split(":", 2)
    place = f"runbook.yaml:{LINE + int(line)}:{int(column) + 10}"
    assert _mistakes(tmp_path, said) == [f"{place}:{rest}"]


def test_the_parts_of_an_address_may_be_compared_where_it_is_ignored(tmp_path: Path) -> None:
    assert _mistakes(tmp_path, "fields: {address: ignored, street: text}") == []
    (mistake,) = _mistakes(tmp_path, "fields: {street: text}")
    assert mistake.endswith(
        "'street' is compared already;"
        " write address: ignored if it is to add no weight, or leave it out"
    )
    assert extra_columns(["street", "status"]) == ', "status"::VARCHAR AS "status"'


def test_an_address_is_compared_part_by_part() -> None:
    home = {"street": "Kerkstraat", "house_number": "12", "postcode": "1234 AB", "town": "Zwolle"}
    rows = [
        person("1", first_name="Jan", family_name="Vries", **home),
        person("2", first_name="Jan", family_name="Vries", **{**home, "postcode": "1243 AB"}),
    ]
    parts = {"postcode": "code", "house_number": "code", "street": "text", "town": "text"}
    found = run(rows, settings=_settings(fields={"address": "ignored", **parts}))
    levels = {w["field"]: w["level"] for w in found.pair("1", "2")["weights"]}
    assert {name: levels[name] for name in parts} == {
        "postcode": "typo", "house_number": "exact", "street": "exact", "town": "exact",
    }  # fmt: skip
    assert "address" not in levels


def test_more_fields_than_a_pattern_holds_are_too_many(tmp_path: Path) -> None:
    names = ("status", "category", "iban", "bic", "language", "salutation", "brand", "note")
    said = ", ".join(f"{name}: code" for name in names)
    found = _mistakes(tmp_path, f"fields: {{{said}}}")
    assert any(
        one.endswith("8 fields are too many; at most 7 beside the built-in ones") for one in found
    )


def test_an_unknown_kind_is_told_once(tmp_path: Path) -> None:
    (told,) = _mistakes(tmp_path, "levels: {persoon: {gender: {same: 0.9}}}")
    assert "person" in told


def test_more_keys_than_there_are_bits_are_too_many(tmp_path: Path) -> None:
    keys = ", ".join(f"key_{number}: [email]" for number in range(61))
    (told,) = _mistakes(tmp_path, f"keys: {{{keys}}}")
    assert told.endswith("61 keys are too many; at most 60")


def test_mistakes_in_a_mapping_do_not_make_keys_that_cannot_be_filled(tmp_path: Path) -> None:
    _mistakes(tmp_path, "cap: 5")
    (tmp_path / "mapping" / "crm.yaml").write_text(CRM.replace("town:", "twon:"))
    (tmp_path / "runbook.yaml").write_text(
        RUNBOOK + "          keys: {place: [street, town, phone]}\n"
    )
    (told,) = (str(problem) for problem in load_workspace(tmp_path).problems)
    assert "twon" in told


def _settings(**said: Any) -> MatchSettings:
    return settings_of(MatchWith.model_validate(said))


def test_a_runbook_that_says_nothing_has_the_shipped_settings() -> None:
    assert _settings() == MatchSettings(keep_from=0.10)


def test_keys_are_those_of_the_preset_with_what_was_added_and_without_what_was_not_wanted() -> None:
    shipped = [key.name for key in PRESETS["be"].keys]
    found = _settings(
        preset="be", without_keys=["phone"], extra_keys={"home": ["street", "town:3"]}
    )
    assert [key.name for key in found.keys] == [
        *(name for name in shipped if name != "phone"), "home",
    ]  # fmt: skip
    own = _settings(preset="be", keys={"home": ["street", "town:3"]})
    assert [(key.name, key.parts) for key in own.keys] == [("home", ("street", "town:3"))]
    assert own.preset == "be"


def test_what_a_runbook_declares_counts_in_the_match_and_stays_with_the_model() -> None:
    rows = [
        person("1", first_name="Jan", family_name="Vries", gender="m"),
        person("2", first_name="Jan", family_name="Vries", gender="m"),
    ]
    shipped = {w["field"]: w["weight"] for w in run(rows).pair("1", "2")["weights"]}
    declared = _settings(
        review_from=0.001,
        levels={"person": {"first_name": {"exact": 0.33, "different": 0.36}}},
        fields={"gender": "ignored"},
    )
    found = run(rows, settings=declared)
    weights = {w["field"]: w["weight"] for w in found.pair("1", "2")["weights"]}
    assert weights["first_name"] < shipped["first_name"] - 0.9
    assert "gender" in shipped
    assert "gender" not in weights
    assert found.report.model.settings == declared


def test_the_words_of_the_runbook_are_those_that_matching_knows() -> None:
    assert set(get_args(Preset)) == set(PRESETS) == set(SPELLINGS)
    assert set(get_args(Compare)) == {*COMPARES, "ignored"}
    assert set(FILLED_BY) == set(PARTS)
    fields = {field.name for field in entities()["profile"].fields}
    assert set().union(*FILLED_BY.values()) <= fields
