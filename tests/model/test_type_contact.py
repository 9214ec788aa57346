"""E-mail addresses, telephone numbers and addresses."""

from __future__ import annotations

import pytest
from email_validator import validate_email
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.model.types import Options, get_type
from tui_migrate.model.types.address import split_house_number
from tui_migrate.model.types.mail_domains import suggest_domain, typo_domains
from tui_migrate.model.types.phone import library_number, looked_for, plain_number

NL, BE = Options(), Options(country="BE", zone="Europe/Brussels")


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("jan@voorbeeld.nl", "jan@voorbeeld.nl", None),
        (" Jan.Jansen@Voorbeeld.NL ", "Jan.Jansen@voorbeeld.nl", None),
        ("jan@example.test", "jan@example.test", None),
        ("jan@post.invalid", "jan@post.invalid", None),
        ("jan@gmial.com", "jan@gmial.com", "email.typo_domain"),
        ("jan@gmail.con", "jan@gmail.con", "email.typo_domain"),
        ("jan@hotmial.com", "jan@hotmial.com", "email.typo_domain"),
        ("jan@ymail.com", "jan@ymail.com", None),
        ("mailto:jan@voorbeeld.nl", "jan@voorbeeld.nl", "email.repaired"),
        ("Jan Jansen <jan@voorbeeld.nl>", "jan@voorbeeld.nl", "email.repaired"),
        ("jan @ voorbeeld.nl.", "jan@voorbeeld.nl", "email.repaired"),
        ("jan@voorbeeld.nl@voorbeeld.nl", "jan@voorbeeld.nl", "email.repaired"),
        ("geen@email.nl", "geen@email.nl", "email.placeholder"),
        ("jan@voorbeeld.nl; els@voorbeeld.nl", None, "email.multiple"),
        ("jan.voorbeeld.nl", None, "email.invalid"),
        ("jan..jansen@voorbeeld.nl", None, "email.invalid"),
        ("jan@localhost", None, "email.invalid"),
        ("n.v.t.", None, None),
    ],
)
def test_an_address_is_checked_by_its_form(
    raw: str, value: str | None, problem: str | None
) -> None:
    cleaned = get_type("email").clean(raw, NL)
    assert (cleaned.value, cleaned.problem) == (value, problem)


def test_suggestions_lead_to_a_domain_that_needs_none() -> None:
    assert suggest_domain("gmial.com") == "gmail.com"
    assert suggest_domain("hotmail.con") == "hotmail.com"
    assert suggest_domain("telnet.be") == "telenet.be"
    assert suggest_domain("bedrijf.con") == "bedrijf.com"
    assert suggest_domain("gmail.com") is None
    assert suggest_domain("voorbeeld.nl") is None
    for wrong, right in typo_domains().items():
        assert suggest_domain(right) is None, wrong


def test_two_spellings_of_one_address_are_the_same() -> None:
    assert get_type("email").compare("Jan@voorbeeld.nl", "jan@voorbeeld.nl") == 1.0


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[a-z0-9_+.-]{1,20}@[a-z0-9.-]{1,20}\.[a-z]{2,8}", fullmatch=True))
def test_the_fast_path_takes_only_what_email_validator_takes(raw: str) -> None:
    from tui_migrate.model.types.email import _TIDY, _fits

    match = _TIDY.fullmatch(raw)
    special = raw.rsplit(".", 1)[1] in {"test", "invalid", "local", "onion", "arpa", "example"}
    if match is not None and _fits(match[1], match[3]) and not special:
        assert validate_email(raw, check_deliverability=False).normalized == raw


@pytest.mark.parametrize(
    ("raw", "options", "value", "problem"),
    [
        ("0612345678", NL, "+31612345678", None),
        ("06-12345678", NL, "+31612345678", None),
        ("612345678", NL, "+31612345678", None),
        ("31612345678", NL, "+31612345678", None),
        ('="0612345678"', NL, "+31612345678", None),
        ("0031 6 12345678", NL, "+31612345678", None),
        ("+31 (0)6 12345678", NL, "+31612345678", None),
        ("(020) 1234567", NL, "+31201234567", None),
        ("+32 470 12 34 56", NL, "+32470123456", None),
        ("0470 12 34 56", BE, "+32470123456", None),
        ("02 512 34 56", BE, "+3225123456", None),
        ("0470123456", NL, "+32470123456", "phone.other_country"),
        ("479685189", NL, "+32479685189", "phone.other_country"),
        ("033-926894", NL, None, "phone.invalid"),  # a digit short, though right in Belgium
        ("3,16E+10", NL, None, "phone.excel_damaged"),
        ("3.16123E+10", NL, None, "phone.excel_damaged"),
        ("0612345678 (mama)", NL, "+31612345678", "phone.annotation"),
        ("020-1234567 tst 12", NL, "+31201234567", "phone.extension"),
        ("0612345678 / 0201234567", NL, "+31612345678", "phone.multiple"),
        ("06123", NL, None, "phone.invalid"),
        ("onbekend", NL, None, None),
    ],
)
def test_a_number_becomes_e164(
    raw: str, options: Options, value: str | None, problem: str | None
) -> None:
    cleaned = get_type("phone").clean(raw, options)
    assert (cleaned.value, cleaned.problem) == (value, problem)


@settings(max_examples=1500, deadline=None)
@given(
    country=st.sampled_from(["NL", "BE"]),
    start=st.sampled_from(["0", "06", "04", "020", "+31", "+31 6", "0031", "+32", "+32 4", "0032"]),
    digits=st.lists(st.sampled_from(list("0123456789")), min_size=5, max_size=10),
    signs=st.lists(st.sampled_from(["", "", " ", "-"]), min_size=10, max_size=10),
)
def test_the_fast_path_equals_phonenumbers(
    country: str, start: str, digits: list[str], signs: list[str]
) -> None:
    raw = start + "".join(sign + digit for sign, digit in zip(signs, digits, strict=False))
    plain = plain_number(raw, country)
    if plain is not None:
        assert plain == library_number(raw, country)


def test_the_fast_path_takes_every_plain_mobile_number() -> None:
    for digit in "12345":
        assert plain_number(f"06-{digit}2345678", "NL") == f"+316{digit}2345678"
    for digit in "56789":
        assert plain_number(f"04{digit}0 12 34 56", "BE") == f"+324{digit}0123456"


@pytest.mark.parametrize(
    ("raw", "options", "value", "problem"),
    [
        ("1234 AB", NL, "1234AB", None),
        ("1234ab", NL, "1234AB", None),
        ("NL-1234 AB", NL, "1234AB", None),
        ("1234AB", BE, "1234AB", None),
        ("0123AB", NL, None, "postcode.invalid"),
        ("1234SS", NL, None, "postcode.invalid"),
        ("1000", BE, "1000", None),
        ("B-9992", NL, "9992", None),
        ("9993", BE, None, "postcode.invalid"),
        ("0999", BE, None, "postcode.invalid"),
        ("1234", NL, "1234", "postcode.incomplete"),
        ("50667", NL, "50667", "postcode.foreign"),
        ("50667", Options(country="DE"), "50667", None),
        ("12", NL, None, "postcode.invalid"),
        ("2300 1A", NL, None, "postcode.invalid"),
        ("SW1A 1AA", NL, "SW1A 1AA", "postcode.foreign"),
        ("!", NL, None, "postcode.invalid"),
    ],
)
def test_postcodes_of_both_countries(
    raw: str, options: Options, value: str | None, problem: str | None
) -> None:
    cleaned = get_type("postcode").clean(raw, options)
    assert (cleaned.value, cleaned.problem) == (value, problem)


def test_a_postcode_is_shown_with_its_space_and_valid_in_either_country() -> None:
    postcode = get_type("postcode")
    assert postcode.show("1234AB") == "1234 AB"
    assert postcode.show("1000") == "1000"
    assert postcode.validate("1234AB") is None
    assert postcode.validate("1000") is None
    assert postcode.validate("1234 AB") == "text.not_canonical"


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("12", "12", None),
        ("12a", "12A", None),
        ("12 bis A", "12 bis A", None),
        ("12-2", "12-2", None),
        ("12 bus 3", "12 bus 3", None),
        ("1-feb", "1-2", "house_number.excel_damaged"),
        ("dec-45", "12-45", "house_number.excel_damaged"),
        ("2024-02-01 00:00:00", "1-2", "house_number.excel_damaged"),
        ("45323", "45323", "house_number.implausible"),
        ("0", None, "house_number.invalid"),
        ("boerderij", None, "house_number.invalid"),
    ],
)
def test_house_numbers(raw: str, value: str | None, problem: str | None) -> None:
    cleaned = get_type("house_number").clean(raw, NL)
    assert (cleaned.value, cleaned.problem) == (value, problem)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("12 bis A", (12, "bis A")),
        ("12A", (12, "A")),
        ("12-2", (12, "2")),
        ("7", (7, None)),
        ("huis", (None, None)),
    ],
)
def test_a_house_number_is_split(text: str, parts: tuple[int | None, str | None]) -> None:
    assert split_house_number(text) == parts


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("'S-HERTOGENBOSCH", "'s-Hertogenbosch"),
        ("ijsselstein", "IJsselstein"),
        ("Ijsselstein", "IJsselstein"),
        ("ALPHEN AAN DEN RIJN", "Alphen aan den Rijn"),
        ("CAPELLE AAN DEN IJSSEL", "Capelle aan den IJssel"),
        ("DEN HAAG", "Den Haag"),
        ("den Haag", "Den Haag"),
        ("louvain-la-neuve", "Louvain-la-Neuve"),
        ("heist-op-den-berg", "Heist-op-den-Berg"),
        ("'t harde", "'t Harde"),
    ],
)
def test_the_capitals_of_towns(raw: str, value: str) -> None:
    cleaned = get_type("town").clean(raw, NL)
    assert (cleaned.value, cleaned.problem) == (value, "town.capitals")
    assert get_type("town").clean(value, NL).problem is None


def test_two_names_of_one_town_are_the_same() -> None:
    assert get_type("town").compare("'s-Gravenhage", "Den Haag") == 1.0
    assert get_type("town").compare("Liège", "Luik") == 1.0


def test_streets() -> None:
    street = get_type("street")
    assert street.clean("DORPSSTRAAT", NL).value == "Dorpsstraat"
    assert street.clean("Dorpsstraat 12", NL).problem == "street.has_number"
    assert street.clean("Plein 1944", NL).problem is None
    assert street.compare("Dorpsstr.", "Dorpsstraat") == 1.0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("Nederland", "NL"), ("België", "BE"), ("Belgique", "BE"), ("belgie", "BE"),
        ("The Netherlands", "NL"), ("Pays-Bas", "NL"), ("Duitsland", "DE"), ("Allemagne", "DE"),
        ("NLD", "NL"), ("be", "BE"), ("Verenigd Koninkrijk", "GB"), ("Atlantis", None),
    ],
)  # fmt: skip
def test_countries_by_name_in_three_languages(raw: str, code: str | None) -> None:
    cleaned = get_type("country").clean(raw, NL)
    assert cleaned.value == code
    assert cleaned.problem == (None if code else "country.unknown")


def test_languages() -> None:
    language = get_type("language")
    for raw in ("Nederlands", "Dutch", "nl_BE", "nld", "NL"):
        assert language.clean(raw, NL).value == "nl"
    assert language.clean("Frans", NL).value == "fr"
    assert language.clean("Klingonees", NL).problem == "language.unknown"


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("0612345678", ("+31612345678", "+32612345678")),
        ("06 12 34 56 78", ("+31612345678", "+32612345678")),
        ("(0478) 12.34.56", ("+31478123456", "+32478123456")),
        ("0031612345678", ("+31612345678",)),
        ("0032 478 12 34 56", ("+32478123456",)),
        ("+31 (0)6 1234 5678", ("+31612345678",)),
        ("+32 0478 123456", ("+32478123456",)),
        ("612345678", ("612345678",)),
        ("06-1234", ("+3161234", "+3261234")),  # the beginning of one
        ("06-123", ()),
        ("12b 3456789", ()),
        ("jan", ()),
    ],
)
def test_a_number_is_looked_for_however_it_is_written(typed: str, found: tuple[str, ...]) -> None:
    assert looked_for(typed) == found
