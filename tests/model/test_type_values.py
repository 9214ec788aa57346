"""Dates, moments, amounts, codes, consent, payment data, organisation numbers, text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tui_migrate.model.types import Options, get_type
from tui_migrate.model.types.payment import looks_like_bsn, looks_like_card

NL = Options(today=date(2026, 11, 1))


def clean(name: str, raw: str, options: Options = NL) -> tuple[str | None, str | None]:
    cleaned = get_type(name).clean(raw, options)
    return cleaned.value, cleaned.problem


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("2020-04-03", "2020-04-03", None),
        ("03-04-2020", "2020-04-03", None),
        ("3/4/2020", "2020-04-03", None),
        ("3.4.2020", "2020-04-03", None),
        ("20200403", "2020-04-03", None),
        ("3 april 2020", "2020-04-03", None),
        ("3-apr-2020", "2020-04-03", None),
        ("3 août 2020", "2020-08-03", None),
        ("2020-04-03 00:00:00", "2020-04-03", None),
        ("2020-04-03T10:00:00", "2020-04-03", "date.time_dropped"),
        ("3-4-85", "1985-04-03", "date.two_digit_year"),
        ("43924", "2020-04-03", "date.excel_serial"),
        ("4/25/2020", "2020-04-25", "date.month_first"),
        ("29-02-2020", "2020-02-29", None),
        ("29-02-2019", None, "date.impossible"),
        ("31-04-2020", None, "date.impossible"),
        ("1066-10-14", "1066-10-14", "date.implausible"),
        ("0000-00-00", None, None),
        ("morgen", None, "date.invalid"),
    ],
)
def test_days(raw: str, value: str | None, problem: str | None) -> None:
    assert clean("date", raw) == (value, problem)


def test_the_mapping_s_format_decides() -> None:
    american = Options(format="%m/%d/%Y")
    assert clean("date", "04/03/2020", american) == ("2020-04-03", None)
    assert clean("date", "2020-04-03", american) == ("2020-04-03", None)
    dutch = Options(format="%d-%m-%Y")
    assert clean("date", "3/4/2020", dutch) == ("2020-04-03", "date.other_format")
    assert clean("date", "31-02-2020", dutch) == (None, "date.impossible")


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("01-11-2026", "2026-11-01", None),
        ("02-11-2026", "2026-11-02", "date.future"),
        ("31-12-1899", "1899-12-31", "date.implausible"),
        ("01-01-1900", "1900-01-01", "date.placeholder"),
        ("3-4-55", "1955-04-03", "date.two_digit_year"),
        ("3-4-20", "2020-04-03", "date.two_digit_year"),
    ],
)
def test_days_of_birth(raw: str, value: str, problem: str | None) -> None:
    assert clean("birth_date", raw) == (value, problem)


def test_likeness_of_days_knows_the_usual_mistakes() -> None:
    compare = get_type("birth_date").compare
    assert compare("1980-03-04", "1980-04-03") == 0.9
    assert compare("1980-03-04", "1981-03-04") == 0.8
    assert compare("1980-03-04", "1955-12-31") == 0.0


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("2026-07-01 12:00:00", "2026-07-01 10:00:00", None),  # summer time, UTC+2
        ("2026-01-01 12:00", "2026-01-01 11:00:00", None),  # winter time, UTC+1
        ("01-07-2026 12:00", "2026-07-01 10:00:00", None),
        ("01/07/2026 12:00:30", "2026-07-01 10:00:30", None),
        ("2026-07-01T12:00:00Z", "2026-07-01 12:00:00", None),
        ("2026-07-01T12:00:00+02:00", "2026-07-01 10:00:00", None),
        ("2026-07-01T12:00:00.5Z", "2026-07-01 12:00:00.500000", None),
        ("2026-03-29 02:30:00", "2026-03-29 01:30:00", "datetime.gap"),
        ("2026-03-29 03:30:00", "2026-03-29 01:30:00", None),
        ("2026-10-25 02:30:00", "2026-10-25 00:30:00", "datetime.ambiguous"),
        ("2026-10-25 02:30:00+01:00", "2026-10-25 01:30:00", None),
        ("2026-07-01", "2026-06-30 22:00:00", "datetime.date_only"),
        ("1782900000", "2026-07-01 10:00:00", None),
        ("1782900000000", "2026-07-01 10:00:00", None),
        ("31-02-2026 12:00", None, "date.impossible"),
        ("2026-07-01 25:00", None, "datetime.invalid"),
        ("gisteren", None, "datetime.invalid"),
    ],
)
def test_moments_are_in_utc(raw: str, value: str | None, problem: str | None) -> None:
    assert clean("datetime", raw) == (value, problem)


def test_a_format_without_time_says_that_days_are_meant() -> None:
    assert clean("datetime", "01-07-2026", Options(format="%d-%m-%Y")) == (
        "2026-06-30 22:00:00",
        None,
    )


def test_parsed_values_are_python_values() -> None:
    assert get_type("date").parse("03-04-2020", NL) == date(2020, 4, 3)
    assert get_type("datetime").parse("2026-07-01T12:00Z", NL) == datetime(
        2026, 7, 1, 12, tzinfo=UTC
    )
    assert get_type("money").parse("€ 1.234,56", NL) == Decimal("1234.56")
    assert get_type("integer").parse("12", NL) == 12
    assert get_type("boolean").parse("ja", NL) is True
    assert get_type("house_number").parse("12 bis A", NL) == (12, "bis A")


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("€ 1.234,56", "1234.56", None),
        ("1234.56", "1234.56", None),
        ("1,234.50", "1234.50", None),
        ("12,5", "12.50", None),
        ("12,50-", "-12.50", None),
        ("-€ 5", "-5.00", None),
        ("(12,50)", "-12.50", None),
        ("12,-", "12.00", None),
        ("EUR 12", "12.00", None),
        ("1 234,56", "1234.56", None),
        ("12.5000", "12.50", None),
        ("1.234", "1234.00", "number.ambiguous"),
        ("1,005", "1005.00", "number.ambiguous"),
        ("0,005", "0.01", "number.precision"),
        ("$ 5", "5.00", "money.currency"),
        ("1,2E+5", None, "number.excel_damaged"),
        ("gratis", None, "money.invalid"),
        ("99999999999999999999", None, "number.range"),
    ],
)
def test_amounts(raw: str, value: str | None, problem: str | None) -> None:
    assert clean("money", raw) == (value, problem)


def test_a_given_decimal_sign_leaves_no_doubt() -> None:
    assert clean("money", "1.234", Options(decimal=",")) == ("1234.00", None)
    assert clean("number", "1.234", Options(decimal=".")) == ("1.234", None)


def test_whole_numbers_and_percentages() -> None:
    assert clean("integer", "12,0") == ("12", None)
    assert clean("integer", "12,5") == (None, "integer.fraction")
    assert clean("integer", str(2**63)) == (None, "number.range")
    assert clean("percentage", "12,5 %") == ("12.5", None)
    assert clean("percentage", "120") == ("120", "percentage.range")
    assert get_type("money").show("1234.56", "nl") == "€ 1.234,56"
    assert get_type("money").show("1234.56", "en") == "€ 1,234.56"


@pytest.mark.parametrize(
    ("raw", "value", "problem"),
    [
        ("ja", "given", None),
        ("Opt-in", "given", None),
        ("1", "given", None),
        ("nee", "refused", None),
        ("0", "refused", None),
        ("opt-out", "withdrawn", None),
        ("OPT_OUT", "withdrawn", None),
        ("Afgemeld", "withdrawn", None),
        ("double opt-in", "confirmed", None),
        ("misschien", None, "consent.unclear"),
        ("cleaned", None, "consent.unclear"),
        ("", None, None),
    ],
)
def test_consent_is_what_the_word_says_and_nothing_more(
    raw: str, value: str | None, problem: str | None
) -> None:
    assert clean("consent_status", raw) == (value, problem)


def test_codes_of_the_mapping_come_first() -> None:
    codes = (("A", "opt-in"), ("B", "afgemeld"))
    options = Options(codes=codes)
    assert clean("consent_status", " a ", options) == ("given", None)
    assert clean("consent_status", "B", options) == ("withdrawn", None)
    assert clean("consent_status", "C", options) == (None, "consent.unclear")


@pytest.mark.parametrize("otherwise", ["default:given", "default:confirmed", "keep"])
def test_no_default_makes_a_permission_out_of_an_unknown_code(otherwise: str) -> None:
    options = Options(codes=(("A", "opt-in"),), otherwise=otherwise)
    assert clean("consent_status", "ja?", options) == (None, "consent.unclear")
    assert clean("consent_status", "ja", options) == (None, "consent.unclear")


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("neen|", "refused"),
        ("nee.|ja|", None),
        ("Uitgeschreven|", "withdrawn"),
        ("opt out|nee", "withdrawn"),
        ("0|", "refused"),
        ("nee|x", "refused"),
        ("ja|nee", None),
        ("|nee", None),
        ("ja|x", None),
        ("misschien|", None),
    ],
)
def test_a_refusal_outside_the_codes_is_understood_and_a_permission_never(
    raw: str, value: str | None
) -> None:
    options = Options(codes=(("ja|", "given"), ("nee|", "refused")))
    assert clean("consent_status", raw, options)[0] == value


def test_a_default_may_refuse() -> None:
    options = Options(codes=(("A", "opt-in"),), otherwise="default:refused")
    assert clean("consent_status", "?!", options) == ("refused", None)


@pytest.mark.parametrize(
    ("otherwise", "value", "problem"),
    [
        ("reject", None, "code.unknown"),
        ("keep", "Z", "code.unknown"),
        ("null", None, None),
        ("default:other", "other", None),
    ],
)
def test_a_code_outside_the_list(otherwise: str, value: str | None, problem: str | None) -> None:
    options = Options(codes=(("A", "alpha"), ("B  b", "beta")), otherwise=otherwise)
    assert clean("code", "Z", options) == (value, problem)
    assert clean("code", " b B ", options) == ("beta", None)
    assert clean("code", "alpha", options) == ("alpha", None) or otherwise != "reject"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("E-mail", "email"), ("mail", "email"), ("Post", "post"), ("DM", "post"), ("TM", "phone"),
        ("telefoon", "phone"), ("SMS", "sms"), ("push", "push"), ("postduif", None),
    ],
)  # fmt: skip
def test_channels(raw: str, value: str | None) -> None:
    assert clean("channel", raw) == (value, None if value else "channel.unknown")


@pytest.mark.parametrize(
    ("raw", "value"),
    [("Ja", "true"), ("nee", "false"), ("1", "true"), ("0", "false"), ("-1", "true"),
     ("x", "true"), ("yes", "true"), ("FALSE", "false"), ("misschien", None)],
)  # fmt: skip
def test_yes_and_no(raw: str, value: str | None) -> None:
    assert clean("boolean", raw) == (value, None if value else "boolean.unknown")


@pytest.mark.parametrize(
    ("name", "raw", "value", "problem"),
    [
        ("iban", "NL91 ABNA 0417 1643 00", "NL91ABNA0417164300", None),  # ISO registry sample
        ("iban", "BE68539007547034", "BE68539007547034", None),  # ISO registry sample
        ("iban", "NL91ABNA0417164301", None, "iban.checksum"),
        ("iban", "123456789", None, "iban.old_account"),
        ("iban", "rekening", None, "iban.invalid"),
        ("bic", "ABNANL2AXXX", "ABNANL2A", None),
        ("bic", "ABNA", None, "bic.invalid"),
        ("card_number", "4111 1111 1111 1111", None, "payment.card_number"),
        ("card_number", "anything", None, "payment.card_number"),
        ("bsn", "111222333", None, "bsn.refused"),
        ("kvk", "12345678", "12345678", None),
        ("kvk", "KvK-nr. 1234567", "01234567", "kvk.leading_zero"),
        ("kvk", "000012345678", None, "kvk.branch_number"),
        ("kbo", "BE 0403.019.261", "0403019261", None),  # 97 - 4030192 % 97 = 61
        ("kbo", "403.019.261", "0403019261", None),
        ("kbo", "0403.019.262", None, "kbo.checksum"),
        ("vat", "NL004495445B01", "NL004495445B01", None),
        ("vat", "004495445B01", "NL004495445B01", None),
        ("vat", "BE 0403.019.261", "BE0403019261", None),
        ("vat", "NL123456789B01", None, "vat.invalid"),
    ],
)
def test_numbers_with_check_digits(
    name: str, raw: str, value: str | None, problem: str | None
) -> None:
    assert clean(name, raw) == (value, problem)


def test_card_and_citizen_numbers_are_recognised() -> None:
    assert looks_like_card("4111-1111-1111-1111")
    assert not looks_like_card("4111-1111-1111-1112")
    assert looks_like_bsn("111222333")
    assert not looks_like_bsn("111222334")


def test_a_card_number_in_free_text_is_hidden() -> None:
    value, problem = clean("long_text", "betaald met 4111 1111 1111 1111,\r\nzie mail")
    assert value == "betaald met ••••,\nzie mail"
    assert problem == "payment.card_number"
    assert clean("text", "order 4111111111111112") == ("order 4111111111111112", None)


def test_identifiers_keep_their_zeros() -> None:
    assert clean("identifier", '="00123"') == ("00123", None)
    assert clean("identifier", "1,23E+11") == (None, "identifier.excel_damaged")
    assert clean("identifier", "12345.0") == ("12345", "identifier.decimal_tail")
    assert clean("identifier", "12E5") == ("12E5", None)


def test_web_addresses() -> None:
    assert clean("url", "www.Voorbeeld.nl/A") == ("https://www.voorbeeld.nl/A", None)
    assert clean("url", "javascript:alert(1)") == (None, "url.unsafe")
