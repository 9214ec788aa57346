"""Payment data and numbers that a migration must not carry: IBAN, BIC, card numbers, BSN.

Sources: ISO 13616 (IBAN, registry as in python-stdnum), ISO 9362 (BIC), ISO/IEC 7812 (card numbers,
Luhn check), the Dutch "elfproef" for the citizen service number (BSN).
"""

from __future__ import annotations

import re
from functools import lru_cache

from tui_migrate.model.types.base import Cleaned, Options, SemanticType, Sensitivity, mask_text
from tui_migrate.model.types.tidy import is_placeholder, tidy

_SEPARATORS = re.compile(r"[\s.\-/]+")
# Visa, Mastercard, Maestro, American Express, Diners, Discover: 14 to 19 digits in usual groups.
_CARD = re.compile(
    r"(?<![\w.-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{2}([ -]?)\d{6}\2\d{5})(?![\w-])"
)
_CARD_PREFIX = re.compile(r"4|5[0-8]|2[2-7]|3[47]|6[0-9]")


def passes_luhn(digits: str) -> bool:
    """The check of ISO/IEC 7812-1: every second digit from the right doubled, sum divisible by 10."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def looks_like_card(text: str) -> bool:
    """Whether a cell is a payment card number: 15 or 16 digits, an issuer's prefix, a right check."""
    digits = re.sub(r"[ -]", "", text)
    return (
        digits.isascii()
        and digits.isdigit()
        and len(digits) in (15, 16)
        and _CARD_PREFIX.match(digits) is not None
        and passes_luhn(digits)
    )


def hide_cards(text: str) -> str:
    """The text with every payment card number in it replaced by dots."""
    if not _CARD.search(text):
        return text
    return _CARD.sub(lambda match: "••••" if looks_like_card(match[0]) else match[0], text)


def looks_like_bsn(text: str) -> bool:
    """Whether a cell passes the eleven test of the Dutch citizen service number (9 digits)."""
    digits = _SEPARATORS.sub("", text)
    if not (digits.isascii() and digits.isdigit() and len(digits) in (8, 9)) or not int(digits):
        return False
    digits = digits.zfill(9)
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11 == 0


class Iban(SemanticType):
    """International bank account number; canonical: capitals without spaces.

    Problems, all without a value: ``iban.old_account`` (a Dutch or Belgian account number from before
    IBAN), ``iban.checksum``, ``iban.invalid``. Only the form and check digits are judged, not
    whether the account exists.
    """

    name = "iban"
    sensitivity = Sensitivity.PAYMENT

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return Cleaned(None)
        compact = _SEPARATORS.sub("", text).upper().removeprefix("IBAN").lstrip(":")
        wrong = _iban_problem(compact)
        return Cleaned(None, wrong) if wrong else Cleaned(compact, problem)

    def mask(self, value: str) -> str:
        return f"{value[:2]}•••{value[-2:]}" if len(value) > 12 else mask_text(value, 0)

    def show(self, value: str, language: str = "nl") -> str:
        return " ".join(value[start : start + 4] for start in range(0, len(value), 4))


def _iban_problem(compact: str) -> str | None:
    from stdnum import iban
    from stdnum.exceptions import InvalidChecksum, ValidationError

    if re.fullmatch(r"P?[0-9]{7,10}|[0-9]{12}", compact):
        return "iban.old_account"
    if not re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}", compact):
        return "iban.invalid"
    try:
        iban.validate(compact, check_country=False)
    except InvalidChecksum:
        return "iban.checksum"
    except (ValidationError, ValueError):
        return "iban.invalid"
    return None


class Bic(SemanticType):
    """Bank identifier code, 8 or 11 characters; the head office's ``XXX`` is not kept."""

    name = "bic"
    sensitivity = Sensitivity.PAYMENT

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return Cleaned(None)
        compact = _SEPARATORS.sub("", text).upper()
        if not _is_bic(compact):
            return Cleaned(None, "bic.invalid")
        return Cleaned(compact[:8] if compact.endswith("XXX") else compact, problem)


@lru_cache(maxsize=4096)
def _is_bic(compact: str) -> bool:
    from schwifty import BIC
    from schwifty.exceptions import SchwiftyException

    if not re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?", compact):
        return False
    try:
        BIC(compact)
    except (SchwiftyException, ValueError):
        return False
    return True


class CardNumber(SemanticType):
    """A payment card number: never migrated. Any content is refused (``payment.card_number``)."""

    name = "card_number"
    sensitivity = Sensitivity.PAYMENT

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text = tidy(raw).text
        return Cleaned(None, "payment.card_number" if text else None)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)


class Bsn(SemanticType):
    """The Dutch citizen service number: recognised in order to be refused (``bsn.refused``).

    A source without a legal basis of its own may not process it (art. 46 UAVG, art. 87 GDPR).
    """

    name = "bsn"
    sensitivity = Sensitivity.SPECIAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text = tidy(raw).text
        return Cleaned(None, "bsn.refused" if text else None)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)


TYPES: tuple[SemanticType, ...] = (Iban(), Bic(), CardNumber(), Bsn())
