"""Every problem that cleaning can report: which quality it hurts, how bad it is, what it says."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

from tui_migrate.i18n import _
from tui_migrate.model.types.base import Problem


def _family(*rows: tuple[str, str, str, Callable[[], str]]) -> dict[str, Problem]:
    """Rows of id, kind, severity, text (asked for late, so in the reader's language)."""
    return {name: Problem(kind, severity, text) for name, kind, severity, text in rows}


_TEXT = _family(
    ("text.control_characters", "correct", "note", lambda: _("control characters were removed")),
    ("text.mojibake", "correct", "note", lambda: _("a wrong encoding was repaired")),
    ("text.html_entity", "correct", "note", lambda: _("HTML codes became the characters they mean")),
    (
        "text.replacement_character", "correct", "warn",
        lambda: _("a character was lost before the delivery"),
    ),
    ("text.too_long", "correct", "warn", lambda: _("too long for this kind of field")),
    ("text.not_canonical", "consistent", "warn", lambda: _("not in the one form that is stored")),
    (
        "identifier.excel_damaged", "correct", "reject",
        lambda: _("a spreadsheet turned this number into a power of ten; digits are lost"),
    ),
    (
        "identifier.decimal_tail", "consistent", "note",
        lambda: _("a decimal tail that a spreadsheet added was removed"),
    ),
    ("url.invalid", "correct", "warn", lambda: _("not a web address")),
    ("url.unsafe", "correct", "reject", lambda: _("not a web address of http or https")),
)  # fmt: skip

_NAMES = _family(
    ("name.capitals", "consistent", "note", lambda: _("capitals were repaired")),
    ("name.digits", "correct", "warn", lambda: _("digits in a name")),
    ("name.email", "correct", "warn", lambda: _("an e-mail address in a name")),
    ("initials.invalid", "correct", "warn", lambda: _("no initials")),
    (
        "initials.looks_like_name", "correct", "note",
        lambda: _("a whole name instead of initials"),
    ),
    (
        "prefix.ambiguous", "consistent", "note",
        lambda: _("an abbreviated prefix that can mean several things"),
    ),
    ("prefix.unknown", "correct", "note", lambda: _("not a known surname prefix")),
    ("salutation.unknown", "consistent", "note", lambda: _("not a known form of address")),
    ("gender.unknown", "correct", "warn", lambda: _("not a known gender code")),
)  # fmt: skip

_CONTACT = _family(
    ("email.invalid", "correct", "reject", lambda: _("not an e-mail address")),
    (
        "email.typo_domain", "correct", "warn",
        lambda: _("probably a typing error in the e-mail domain"),
    ),
    ("email.multiple", "correct", "reject", lambda: _("several e-mail addresses in one field")),
    (
        "email.placeholder", "complete", "warn",
        lambda: _("an address that says that there is none"),
    ),
    ("email.repaired", "consistent", "note", lambda: _("signs around the address were removed")),
    ("phone.invalid", "correct", "reject", lambda: _("not a telephone number")),
    (
        "phone.excel_damaged", "correct", "reject",
        lambda: _("a spreadsheet turned this number into a power of ten; digits are lost"),
    ),
    (
        "phone.other_country", "correct", "warn",
        lambda: _("valid only as a number of the neighbouring country"),
    ),
    ("phone.multiple", "correct", "warn", lambda: _("several numbers in one field; the first is used")),
    ("phone.extension", "correct", "note", lambda: _("the extension was left out")),
    ("phone.annotation", "correct", "note", lambda: _("words beside the number were left out")),
)  # fmt: skip

_ADDRESS = _family(
    ("postcode.invalid", "correct", "reject", lambda: _("not a postcode")),
    (
        "postcode.incomplete", "complete", "warn",
        lambda: _("a Dutch postcode without letters, or a Belgian one"),
    ),
    ("postcode.foreign", "correct", "note", lambda: _("a postcode of another country")),
    ("street.capitals", "consistent", "note", lambda: _("capitals were repaired")),
    ("street.has_number", "correct", "note", lambda: _("a house number in the street field")),
    (
        "house_number.excel_damaged", "correct", "warn",
        lambda: _("a spreadsheet turned this house number into a date"),
    ),
    ("house_number.implausible", "correct", "warn", lambda: _("an implausible house number")),
    ("house_number.invalid", "correct", "reject", lambda: _("not a house number")),
    ("town.capitals", "consistent", "note", lambda: _("capitals were repaired")),
    ("town.doubtful", "correct", "warn", lambda: _("digits, or too much text, in a town")),
    ("country.unknown", "correct", "warn", lambda: _("not a known country")),
    ("language.unknown", "correct", "warn", lambda: _("not a known language")),
)  # fmt: skip

_ORGANISATIONS_AND_PAYMENT = _family(
    ("kvk.invalid", "correct", "reject", lambda: _("not a Dutch trade register number")),
    ("kvk.leading_zero", "correct", "note", lambda: _("the lost leading zero was put back")),
    (
        "kvk.branch_number", "correct", "warn",
        lambda: _("the number of a branch instead of a company"),
    ),
    ("kbo.invalid", "correct", "reject", lambda: _("not a Belgian enterprise number")),
    ("kbo.checksum", "correct", "reject", lambda: _("the check digits are wrong")),
    ("vat.invalid", "correct", "reject", lambda: _("not a VAT number")),
    ("iban.invalid", "correct", "reject", lambda: _("not an IBAN")),
    ("iban.checksum", "correct", "reject", lambda: _("the check digits are wrong")),
    ("iban.old_account", "correct", "reject", lambda: _("an account number from before IBAN")),
    ("bic.invalid", "correct", "warn", lambda: _("not a bank identifier code")),
    (
        "payment.card_number", "correct", "reject",
        lambda: _("a payment card number; these are never migrated"),
    ),
    (
        "bsn.refused", "correct", "reject",
        lambda: _("a citizen service number; these are never migrated"),
    ),
)  # fmt: skip

_DATES = _family(
    ("date.invalid", "correct", "reject", lambda: _("not a date")),
    ("date.impossible", "correct", "reject", lambda: _("a day that does not exist")),
    ("date.future", "correct", "warn", lambda: _("a date of birth in the future")),
    ("date.implausible", "correct", "warn", lambda: _("a date before 1900 or after 2100")),
    ("date.placeholder", "complete", "warn", lambda: _("1 January 1900: probably unknown")),
    ("date.excel_serial", "consistent", "note", lambda: _("a spreadsheet's day number became a date")),
    ("date.two_digit_year", "consistent", "note", lambda: _("the century was guessed")),
    ("date.month_first", "consistent", "warn", lambda: _("the month stands before the day")),
    ("date.other_format", "consistent", "note", lambda: _("not in the format of the mapping")),
    ("date.time_dropped", "consistent", "note", lambda: _("the time was left out")),
    ("datetime.invalid", "correct", "reject", lambda: _("not a date and time")),
    (
        "datetime.gap", "correct", "note",
        lambda: _("a time that the change to summer time skipped; read as one hour later"),
    ),
    (
        "datetime.ambiguous", "correct", "note",
        lambda: _("a time that came twice when summer time ended; the first is used"),
    ),
    ("datetime.date_only", "complete", "note", lambda: _("no time; midnight is used")),
)  # fmt: skip

_NUMBERS_AND_CODES = _family(
    ("number.invalid", "correct", "reject", lambda: _("not a number")),
    ("number.ambiguous", "correct", "warn", lambda: _("decimals or thousands: read as thousands")),
    ("number.precision", "correct", "note", lambda: _("rounded")),
    ("number.range", "correct", "reject", lambda: _("too large")),
    (
        "number.excel_damaged", "correct", "reject",
        lambda: _("a spreadsheet turned this number into a power of ten; digits are lost"),
    ),
    ("integer.fraction", "correct", "reject", lambda: _("not a whole number")),
    ("money.invalid", "correct", "reject", lambda: _("not an amount")),
    ("money.currency", "correct", "warn", lambda: _("an amount in another currency")),
    ("percentage.invalid", "correct", "reject", lambda: _("not a percentage")),
    ("percentage.range", "correct", "warn", lambda: _("a percentage below 0 or above 100")),
    ("code.unknown", "consistent", "reject", lambda: _("not in the list of codes")),
    ("brand.unknown", "correct", "warn", lambda: _("not a brand of the runbook")),
    ("boolean.unknown", "correct", "warn", lambda: _("neither yes nor no")),
    ("consent.unclear", "correct", "warn", lambda: _("no clear statement of consent")),
    ("channel.unknown", "correct", "warn", lambda: _("not a known channel")),
)  # fmt: skip

PROBLEMS: MappingProxyType[str, Problem] = MappingProxyType(
    _TEXT | _NAMES | _CONTACT | _ADDRESS | _ORGANISATIONS_AND_PAYMENT | _DATES | _NUMBERS_AND_CODES
)
