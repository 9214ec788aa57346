"""Names: cleaning, capitals, initials, prefixes, and taking a full name apart."""

from __future__ import annotations

import pytest

from tui_migrate.model.types import Cleaned, Options, get_type
from tui_migrate.model.types.fullname import NameParts, split_full_name

NL = Options()


def clean(name: str, raw: str) -> tuple[str | None, str | None]:
    cleaned = get_type(name).clean(raw, NL)
    return cleaned.value, cleaned.problem


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("Jansen", "Jansen", None),
        ("  de\u00a0 Vries\u200b ", "de Vries", None),
        ('="Jansen"', "Jansen", None),
        ("Jose\u0301", "Jos\u00e9", None),
        ("François", "François", None),
        ("FranÃ§ois", "François", "text.mojibake"),
        ("GenÃ¨ve", "Genève", "text.mojibake"),
        ("M&eacute;lanie", "Mélanie", "text.html_entity"),
        ("Jan\x07sen", "Jansen", "text.control_characters"),
        ("Jans\ufffdn", "Jans\ufffdn", "text.replacement_character"),
        ("JANSEN", "Jansen", "name.capitals"),
        ("IJSSELMUIDEN", "IJsselmuiden", "name.capitals"),
        ("VAN DER BERG", "van der Berg", "name.capitals"),
        ("IN 'T VELD", "in 't Veld", "name.capitals"),
        ("O'BRIEN", "O'Brien", "name.capitals"),
        ("DE VRIES-VAN DEN BERG", "de Vries-van den Berg", "name.capitals"),
        ("McDonald", "McDonald", None),
        ("Jansen (weduwe)", "Jansen (weduwe)", None),
        ("Jansen 2", "Jansen 2", "name.digits"),
        ("NULL", None, None),
        ("n.v.t.", None, None),
        ("-", None, None),
        ("Onbekend", None, None),
        ("Null", "Null", None),  # a surname that exists, written as one
        ("[/]", "[/]", None),
        ("[@click=x]jan[/]", "[@click=x]jan[/]", "name.email"),
    ],
)
def test_a_family_name_is_tidied_and_not_changed_otherwise(
    raw: str, value: str | None, problem: str | None
) -> None:
    assert clean("family_name", raw) == (value, problem)


def test_in_belgium_a_repaired_particle_has_a_capital() -> None:
    cleaned = get_type("family_name").clean("VAN DEN BROECK", Options(country="BE"))
    assert cleaned.value == "Van den Broeck"


def test_a_name_over_200_characters_is_kept_and_reported() -> None:
    assert clean("first_name", "Aa" * 101) == ("Aa" * 101, "text.too_long")


def test_a_genuine_accented_capital_is_not_taken_for_a_wrong_encoding() -> None:
    assert clean("family_name", "Ãlkan") == ("Ãlkan", None)


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("jp", "J.P.", None),
        ("J P", "J.P.", None),
        ("J.P.", "J.P.", None),
        ("JPM", "J.P.M.", None),
        ("th. a", "Th.A.", None),
        ("Chr.", "Chr.", None),
        ("IJ", "IJ.", None),
        ("J.-P.", "J.-P.", None),
        ("Jan", "Jan", "initials.looks_like_name"),
        ("12", None, "initials.invalid"),
    ],
)
def test_initials_have_capitals_and_full_stops(
    raw: str, value: str | None, problem: str | None
) -> None:
    assert clean("initials", raw) == (value, problem)


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("van", "van", None),
        ("Van Der", "van der", None),
        ("v.", "van", None),
        ("v.d.", "v.d.", "prefix.ambiguous"),
        ("vd", "v.d.", "prefix.ambiguous"),
        ("in ‘t", "in 't", None),
        ("Janssen", "Janssen", "prefix.unknown"),
    ],
)
def test_a_prefix_is_written_small(raw: str, value: str | None, problem: str | None) -> None:
    assert clean("prefix", raw) == (value, problem)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("in 't Veld", NameParts(prefix="in 't", family_name="Veld")),
        ("Ten Hag, Erik", NameParts(first_name="Erik", prefix="ten", family_name="Hag")),
        ("Van Dijk", NameParts(prefix="van", family_name="Dijk")),
        (
            "Dhr. drs. J.P. van der Berg",
            NameParts(initials="J.P.", prefix="van der", family_name="Berg", title="Dhr. drs."),
        ),
        ("de Vries-Jansen", NameParts(prefix="de", family_name="Vries-Jansen")),
        ("Jan Van den Broeck", NameParts(first_name="Jan", family_name="Van den Broeck")),
        ("Jan de Boer", NameParts(first_name="Jan", prefix="de", family_name="Boer")),
        ("Maria Jansen-van der Berg", NameParts("Maria", family_name="Jansen-van der Berg")),
        ("Berg, J.P. van der", NameParts(initials="J.P.", prefix="van der", family_name="Berg")),
        ("Berg, van der, J.P.", NameParts(initials="J.P.", prefix="van der", family_name="Berg")),
        (
            "J.P. (Jan) van der Berg",
            NameParts("Jan", initials="J.P.", prefix="van der", family_name="Berg"),
        ),
        ("De heer Jansen", NameParts(family_name="Jansen", title="De heer")),
        ("Jan de Heer", NameParts(first_name="Jan", prefix="de", family_name="Heer")),
        ("Dhr. en mevr. Jansen", NameParts(family_name="Jansen", title="Dhr. en mevr.")),
        ("Jan Jansen MSc", NameParts(first_name="Jan", family_name="Jansen", title="MSc")),
        ("JP van den Berg", NameParts(initials="J.P.", prefix="van den", family_name="Berg")),
        ("Anna Maria de la Cruz", NameParts("Anna Maria", prefix="de la", family_name="Cruz")),
        ("Pieter 't Hart", NameParts("Pieter", prefix="'t", family_name="Hart")),
        ("Jan A. Boer", NameParts("Jan", initials="A.", family_name="Boer")),
        ("Mw. Th.A. Smit-Bakker", NameParts(None, "Th.A.", None, "Smit-Bakker", "Mw.")),
        ("Van der Berg J.P.", NameParts(initials="J.P.", prefix="van der", family_name="Berg")),
        ("Jansen J", NameParts(initials="J.", family_name="Jansen")),
        ("Vries de, A.", NameParts(initials="A.", prefix="de", family_name="Vries")),
        ("Mohammed el Amrani", NameParts("Mohammed", prefix="el", family_name="Amrani")),
        ("Prof. dr. ir. A.B.C. Jansen", NameParts(None, "A.B.C.", None, "Jansen", "Prof. dr. ir.")),
        ("Joop den Uyl", NameParts("Joop", prefix="den", family_name="Uyl")),
        ("J. v/d Berg", NameParts(initials="J.", prefix="v.d.", family_name="Berg")),
        ("Jansen", NameParts(family_name="Jansen")),
        ("", NameParts()),
    ],
)
def test_a_full_name_is_taken_apart(name: str, parts: NameParts) -> None:
    assert split_full_name(name) == parts


def test_in_belgium_an_opening_particle_belongs_to_the_surname() -> None:
    assert split_full_name("Van den Broeck, Jan", "BE") == NameParts(
        first_name="Jan", family_name="Van den Broeck"
    )


def test_a_full_name_in_capitals_is_parsed_after_the_repair() -> None:
    parts = get_type("full_name").parse("DHR. J.P. VAN DER BERG", NL)
    assert parts == NameParts(None, "J.P.", "van der", "Berg", "Dhr.")


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("salutation", "Dhr.", "mr"),
        ("salutation", "de heer", "mr"),
        ("salutation", "Mevr", "ms"),
        ("salutation", "Dhr. drs.", "mr"),
        ("salutation", "Dhr. en mevr.", "couple"),
        ("salutation", "Dhr./Mevr.", None),
        ("gender", "V", "f"),
        ("gender", "man", "m"),
        ("gender", "1", "m"),
        ("gender", "0", None),
        ("gender", "X", "x"),
    ],
)
def test_forms_of_address_and_gender_become_codes(name: str, raw: str, value: str | None) -> None:
    assert clean(name, raw) == (value, None)


def test_likeness_of_names_forgives_accents_case_and_order() -> None:
    assert get_type("family_name").compare("Müller", "MULLER") == 1.0
    assert get_type("full_name").compare("Jan Jansen", "Jansen, Jan") == 1.0
    assert get_type("family_name").compare("Jansen", "Janssen") > 0.9
    assert get_type("initials").compare("J.", "J.P.") == 0.8


def test_a_batch_gives_what_single_cells_give() -> None:
    raws = ["Jansen", "NULL", "JANSEN", "Onbekend", ""]
    family_name = get_type("family_name")
    assert family_name.clean_many(raws, NL) == [family_name.clean(raw, NL) for raw in raws]
    assert family_name.clean_many(["Jansen"], NL) == [Cleaned("Jansen")]
