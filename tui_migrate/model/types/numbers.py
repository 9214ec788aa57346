"""Numbers: ``integer``, ``number``, ``money``, ``percentage``. Canonical: digits, ``-`` and ``.``."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import ClassVar

from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
    mask_text,
)
from tui_migrate.model.types.tidy import is_placeholder, tidy

_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")
_GROUPED = {
    ",": re.compile(r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+(?:,[0-9]*)?"),
    ".": re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]*)?"),
}
_PLAIN = re.compile(r"[0-9]*([.,])?[0-9]*")
_ONE_GROUP = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_SPACED = re.compile(r"(?<=[0-9])[ '’](?=[0-9]{3}(?:[^0-9]|$))")
_CURRENCY = re.compile(r"(?i)eur(?:o|os)?|€")
_OTHER_CURRENCY = re.compile(
    r"(?i)[$£¥₺₽]|\b(?:usd|gbp|chf|srd|ang|pln|sek|nok|dkk|nlg|bef|fl|f)\b\.?"
)


def read_decimal(text: str, decimal: str | None) -> tuple[Decimal | None, bool]:
    """The number in a tidied text without signs of currency, and whether its reading is doubtful.

    ``decimal``: "," or "." where the mapping says it. Otherwise the last sign is the decimal one,
    unless it marks groups of three: "1.234,5" and "1,234.5" are plain, "1.234" alone is read as
    1234 and called doubtful. A minus may stand in front, behind, or be brackets (bookkeeping).
    """
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1].strip()
    if text[-1:] in {"-", "−", "–"} and not re.search(r"[.,][-−–]+$", text):
        negative, text = not negative, text[:-1].strip()
    elif text[:1] in {"-", "−", "–", "+"}:
        negative, text = negative != (text[0] != "+"), text[1:].strip()
    text = _SPACED.sub("", re.sub(r"[.,][-−–=]{1,2}$", "", text))
    if not text.isascii() or not re.search(r"[0-9]", text) or len(text) > 60:
        return None, False
    digits, doubtful = _digits(text, decimal)
    if digits is None:
        return None, False
    try:
        value = Decimal(digits)
    except InvalidOperation:
        return None, False
    return (-value if negative else value), doubtful


def _digits(text: str, decimal: str | None) -> tuple[str | None, bool]:
    """The text with a decimal point and without group signs."""
    if decimal is None and _ONE_GROUP.fullmatch(text):
        return re.sub(r"[.,]", "", text), True
    for sign in (decimal,) if decimal in {",", "."} else (",", "."):
        if sign is not None and _GROUPED[sign].fullmatch(text):
            return text.replace("." if sign == "," else ",", "").replace(sign, "."), False
    match = _PLAIN.fullmatch(text)
    if match is None or (decimal is not None and match[1] not in {None, decimal}):
        return (None, False) if match is None else (text.replace(",", "."), True)
    return text.replace(",", "."), False


def plain_decimal(value: Decimal) -> str:
    """A decimal in plain digits without needless zeros: ``12.5``, ``-3``, ``0``."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class Number(SemanticType):
    """A number of at most 8 decimals.

    Problems with a value: ``number.ambiguous`` (``1.234``: read as 1234), ``number.precision``
    (rounded half up). Without: ``number.excel_damaged`` (``1,2E+11``), ``number.range``,
    ``number.invalid``.
    """

    name = "number"
    sql_type = "DECIMAL(28,8)"
    sensitivity = Sensitivity.PLAIN
    places: ClassVar[int] = 8
    whole_digits: ClassVar[int] = 20
    family: ClassVar[str] = "number"

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        if _SCIENTIFIC.fullmatch(text):
            return Cleaned(None, "number.excel_damaged")
        text, found = self._strip_units(text)
        value, doubtful = read_decimal(text, options.decimal)
        if value is None:
            return Cleaned(None, f"{self.family}.invalid")
        if abs(value) >= Decimal(10) ** self.whole_digits:
            return Cleaned(None, "number.range")
        rounded = value.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)
        if doubtful:
            found = "number.ambiguous"
        elif rounded != value:
            found = "number.precision"
        return Cleaned(self._written(rounded), found or self._doubt(rounded) or problem)

    def _strip_units(self, text: str) -> tuple[str, str | None]:
        return text, None

    def _written(self, value: Decimal) -> str:
        return plain_decimal(value)

    def _doubt(self, value: Decimal) -> str | None:
        return None

    def validate(self, value: str) -> str | None:
        cleaned = self._clean(value, Options(decimal="."))
        if cleaned.problem is not None or cleaned.value == value:
            return cleaned.problem
        return "text.not_canonical"

    def to_python(self, value: str) -> Decimal | int:
        return Decimal(value)

    def key(self, value: str) -> str:
        return value

    def compare(self, a: str, b: str) -> float:
        """1.0 the same; otherwise the smaller through the larger, 0.0 for other signs."""
        try:
            left, right = Decimal(a), Decimal(b)
        except InvalidOperation:
            return float(a == b)
        if left == right:
            return 1.0
        if not left.is_finite() or not right.is_finite() or (left < 0) != (right < 0):
            return 0.0
        small, large = sorted((abs(left), abs(right)))
        return float(small / large)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def show(self, value: str, language: str = "nl") -> str:
        """With decimal comma and points in Dutch; a comma and spaces in French; English otherwise."""
        return _grouped(value, language)


def _grouped(value: str, language: str) -> str:
    sign = "-" if value.startswith("-") else ""
    whole, point, part = value.removeprefix("-").partition(".")
    if not whole.isdecimal():
        return value
    group, decimal = {"nl": (".", ","), "fr": ("\u202f", ",")}.get(language, (",", "."))
    return sign + f"{int(whole):,}".replace(",", group) + (decimal + part if point else "")


class Integer(Number):
    """A whole number in 64 bits. ``12,0`` is 12; ``12,5`` is ``integer.fraction`` (unusable)."""

    name = "integer"
    sql_type = "BIGINT"

    def _clean(self, raw: str, options: Options) -> Cleaned:
        cleaned = super()._clean(raw, options)
        if cleaned.value is None:
            return cleaned
        value = Decimal(cleaned.value)
        if value != value.to_integral_value():
            return Cleaned(None, "integer.fraction")
        if not -(2**63) <= value < 2**63:
            return Cleaned(None, "number.range")
        return cleaned

    def to_python(self, value: str) -> int:
        return int(value)

    def show(self, value: str, language: str = "nl") -> str:
        return value

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(f"regexp_full_match({column}, '0|-?[1-9][0-9]{{0,17}}')", column)


class Money(Number):
    """An amount in euros with two decimals.

    Reads ``€ 1.234,56``, ``1234.56``, ``12,50-``, ``(12,50)``, ``12,-``. ``money.currency``: another
    currency's sign (amount kept, doubtful). Sensitivity is plain: an amount alone is nobody's.
    """

    name = "money"
    sql_type = "DECIMAL(18,2)"
    places = 2
    whole_digits = 16
    family = "money"

    def _strip_units(self, text: str) -> tuple[str, str | None]:
        stripped = _CURRENCY.sub("", text)
        other = _OTHER_CURRENCY.sub("", stripped)
        found = "money.currency" if other != stripped else None
        return re.sub(r"^([-+−–]?) +", r"\1", other).strip(), found

    def _written(self, value: Decimal) -> str:
        text = format(value, "f")
        return text.removeprefix("-") if not value else text

    def show(self, value: str, language: str = "nl") -> str:
        amount = _grouped(value, language)
        return f"{amount} €" if language == "fr" else f"€ {amount}"

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        shapes = []
        if options.decimal in {None, ","}:
            shapes.append(",")
        if options.decimal in {None, "."}:
            shapes.append(".")
        signs = "".join(shapes)
        return SqlClean(
            f"regexp_full_match({column}, '(0|[1-9][0-9]{{0,14}})[{signs}][0-9]{{2}}')",
            f"replace({column}, ',', '.')",
        )


class Percentage(Number):
    """A percentage in percents (``12,5 %`` → ``12.5``). Outside 0–100: ``percentage.range``, kept."""

    name = "percentage"
    sql_type = "DECIMAL(9,4)"
    places = 4
    whole_digits = 5
    family = "percentage"

    def _strip_units(self, text: str) -> tuple[str, str | None]:
        return re.sub(r"(?i) ?(?:%|procent|percent|pct\.?|pour cent)$", "", text), None

    def _doubt(self, value: Decimal) -> str | None:
        return None if 0 <= value <= 100 else "percentage.range"

    def show(self, value: str, language: str = "nl") -> str:
        return f"{_grouped(value, language)} %" if language != "en" else f"{value}%"


TYPES: tuple[SemanticType, ...] = (Integer(), Number(), Money(), Percentage())
