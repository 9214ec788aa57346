"""Addresses: ``street``, ``house_number``, ``house_addition``, ``postcode``, ``town``."""

from __future__ import annotations

import re

from rapidfuzz.distance import JaroWinkler

from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
    mask_text,
)
from tui_migrate.model.types.capitals import PLACE_PARTICLES, in_one_case, repaired_capitals
from tui_migrate.model.types.names import NameText
from tui_migrate.model.types.tidy import fold, is_placeholder, tidy

_NL_POSTCODE = re.compile(r"(?:NL?[- ]?)?([1-9][0-9]{3})[ .-]?([A-Z]{2})")
_BE_POSTCODE = re.compile(r"(?:BE?[- ]?)?([1-9][0-9]{3})")
_FOREIGN = re.compile(r"(?=.*[0-9])[A-Z0-9][A-Z0-9 -]{1,9}")
# Damaged codes of the two countries, which no other country's code looks like.
_HOME_SHAPE = re.compile(
    r"(?:[A-Z]{1,2}[- ]?)?[0-9]{4}(?:[ .-]?[A-Z]{1,2}| [0-9A-Z]{1,2}|[0-9][A-Z])?|[0-9]{1,3}"
)
# Letter pairs that PostNL does not issue for historical reasons.
_NOT_ISSUED = frozenset({"SA", "SD", "SS"})


class Postcode(SemanticType):
    """A postcode; canonical without space: ``1234AB`` (Netherlands), ``1000`` (Belgium).

    Dutch: four digits, not 0 first, two letters, never SA, SD, SS. Belgian: 1000 to 9992. A complete
    Dutch code is taken whatever the default country, its shape leaves no doubt. Problems with a value:
    ``postcode.incomplete`` (four digits where the country is NL: letters lost, or Belgian),
    ``postcode.foreign`` (shape of another country). Without: ``postcode.invalid``.
    """

    name = "postcode"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        text = text.upper()
        dutch = _NL_POSTCODE.fullmatch(text)
        at_home = options.country in {"NL", "BE"}
        belgian = _BE_POSTCODE.fullmatch(text)
        if dutch is not None and dutch[2] not in _NOT_ISSUED:
            return Cleaned(dutch[1] + dutch[2], problem)
        if at_home and belgian is not None and int(belgian[1]) <= 9992:
            sure = options.country == "BE" or text.startswith("B")
            return Cleaned(belgian[1], problem if sure else "postcode.incomplete")
        if _FOREIGN.fullmatch(text) and not (at_home and _HOME_SHAPE.fullmatch(text)):
            return Cleaned(text, "postcode.foreign" if at_home else problem)
        return Cleaned(None, "postcode.invalid")

    def validate(self, value: str) -> str | None:
        """Dutch and Belgian canonical forms are both right here: the country is not known."""
        country = "BE" if _BE_POSTCODE.fullmatch(value) else "NL"
        cleaned = self._clean(value, Options(country=country))
        if cleaned.problem is not None or cleaned.value == value:
            return cleaned.problem
        return "text.not_canonical"

    def mask(self, value: str) -> str:
        return mask_text(value, 2)

    def show(self, value: str, language: str = "nl") -> str:
        return f"{value[:4]} {value[4:]}" if _NL_POSTCODE.fullmatch(value) else value

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        if options.country == "BE":
            return SqlClean(
                f"regexp_full_match({column}, '[1-9][0-9]{{3}}') AND {column} <= '9992'", column
            )
        if options.country != "NL":
            return None
        return SqlClean(
            f"regexp_full_match({column}, '[1-9][0-9]{{3}} ?[A-Za-z]{{2}}')"
            f" AND upper(right({column}, 2)) NOT IN ('SA', 'SD', 'SS')",
            f"upper(replace({column}, ' ', ''))",
        )


_STREET_ENDINGS = (
    (re.compile(r"str(?:\.|\b)"), "straat"),
    (re.compile(r"ln(?:\.|\b)"), "laan"),
    (re.compile(r"pl\.|pln(?:\.|\b)"), "plein"),
    (re.compile(r"\bburg\."), "burgemeester"),
    (re.compile(r"\bst\."), "sint"),
)
_NUMBER_BEHIND = re.compile(
    r".*[^\W\d].* (\d{1,5})(?: ?[A-Za-z]| ?-? ?\d{1,4}| (?:bis|hs|bus .*))?"
)


class Street(SemanticType):
    """A street without house number. A number at its end is ``street.has_number`` (kept).

    Years are no house numbers (``Plein 1944``). Capitals are repaired where all were the same case.
    """

    name = "street"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        fixed = repaired_capitals(text, PLACE_PARTICLES)
        if problem is None:
            problem = _street_problem(text, fixed)
        return Cleaned(fixed, problem)

    def key(self, value: str) -> str:
        """Folded, with the usual abbreviations written out."""
        text = fold(value)
        for pattern, whole in _STREET_ENDINGS:
            text = pattern.sub(whole, text)
        return re.sub(r"[\W_]+", " ", text).strip()

    def compare(self, a: str, b: str) -> float:
        left, right = self.key(a), self.key(b)
        return 1.0 if left == right else float(JaroWinkler.similarity(left, right))

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return NAME_SHAPE.sql_clean(column, options)


def _street_problem(text: str, fixed: str) -> str | None:
    number = _NUMBER_BEHIND.fullmatch(text)
    if number is not None and not (len(number[1]) == 4 and number[1][:2] in {"18", "19", "20"}):
        return "street.has_number"
    if len(text) > 200:
        return "text.too_long"
    return "street.capitals" if fixed != text else None


_MONTHS = {
    "jan": 1, "janv": 1, "feb": 2, "fev": 2, "mrt": 3, "mar": 3, "mars": 3, "maa": 3, "apr": 4,
    "avr": 4, "mei": 5, "may": 5, "mai": 5, "jun": 6, "juin": 6, "jul": 7, "juil": 7, "aug": 8,
    "aou": 8, "sep": 9, "sept": 9, "okt": 10, "oct": 10, "nov": 11, "dec": 12,
}  # fmt: skip
_DAY_MONTH = re.compile(r"([0-9]{1,2})[- /]([a-z]{3,4})\.?")
_MONTH_YEAR = re.compile(r"([a-z]{3,4})\.?[- /]([0-9]{2})")
_WHOLE_DATE = re.compile(r"(?:19|20)[0-9]{2}-([0-9]{2})-([0-9]{2})(?:[ T]00:00:00(?:\.0+)?)?")
_NUMBER = re.compile(r"([0-9]{1,6})(.*)", re.DOTALL)
_JOINED_BY = re.compile(r"^[\s,.\-–/]+")


def split_house_number(text: str) -> tuple[int | None, str | None]:
    """Number and addition: ``12 bis A`` → (12, "bis A"), ``12-2`` → (12, "2"), ``7`` → (7, None).

    (None, None) where the text does not begin with a number.
    """
    match = _NUMBER.fullmatch(tidy(text).text)
    if match is None or not match[1].isascii():
        return None, None
    return int(match[1]), _addition(match[2])


def _addition(text: str) -> str | None:
    """An addition without the sign that joins it; a single letter is a capital."""
    bare = _JOINED_BY.sub("", text).strip()
    return (bare.upper() if len(bare) == 1 and bare.isascii() else bare) or None


def join_house_number(number: int, addition: str | None) -> str:
    """The way a number and its addition are written: ``12A``, ``12-2``, ``12 bis A``."""
    if not addition:
        return str(number)
    if len(addition) == 1 and addition.isalpha():
        return f"{number}{addition}"
    return f"{number}-{addition}" if addition[0].isdigit() else f"{number} {addition}"


def _undamaged(text: str) -> str | None:
    """What a spreadsheet turned into a date: ``1-feb`` was 1-2, ``dec-45`` was 12-45."""
    small = fold(text)
    if (found := _DAY_MONTH.fullmatch(small)) is not None and found[2] in _MONTHS:
        return f"{int(found[1])}-{_MONTHS[found[2]]}"
    if (found := _MONTH_YEAR.fullmatch(small)) is not None and found[1] in _MONTHS:
        return f"{_MONTHS[found[1]]}-{int(found[2])}"
    if (found := _WHOLE_DATE.fullmatch(small)) is not None:
        return f"{int(found[2])}-{int(found[1])}"
    return None


class HouseNumber(SemanticType):
    """A house number, possibly with its addition: ``12``, ``12A``, ``12-2``, ``12 bis A``.

    Problems with a value: ``house_number.excel_damaged`` (``1-feb``, repaired to 1-2),
    ``house_number.implausible`` (over 20000). Without: ``house_number.invalid``.
    """

    name = "house_number"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        repaired = _undamaged(text)
        if repaired is not None:
            return Cleaned(repaired, "house_number.excel_damaged")
        text = re.sub(r"^([0-9]+)[.,]0$", r"\1", text)
        number, addition = split_house_number(re.sub(r"(?i)^(?:nr|no|n°|#)\.? ?(?=\d)", "", text))
        if number is None or number == 0 or len(text) > 40:
            return Cleaned(None, "house_number.invalid")
        if number > 20_000:
            problem = "house_number.implausible"
        return Cleaned(join_house_number(number, addition), problem)

    def to_python(self, value: str) -> tuple[int | None, str | None]:
        return split_house_number(value)

    def compare(self, a: str, b: str) -> float:
        """1.0 the same, 0.7 the same number with another addition, otherwise 0.0."""
        left, right = split_house_number(a), split_house_number(b)
        if left[0] is None or left[0] != right[0]:
            return float(a == b)
        return 1.0 if fold(left[1] or "") == fold(right[1] or "") else 0.7

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(f"regexp_full_match({column}, '[1-9][0-9]{{0,3}}[A-Z]?')", column)


class HouseAddition(SemanticType):
    """What follows a house number: ``A``, ``bis``, ``2 hoog``, ``bus 3``."""

    name = "house_addition"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        repaired = _undamaged(text)
        if repaired is not None:
            return Cleaned(repaired, "house_number.excel_damaged")
        addition = _addition(text)
        if not addition or is_placeholder(addition):
            return EMPTY
        return Cleaned(addition, "text.too_long" if len(addition) > 40 else problem)

    def key(self, value: str) -> str:
        return re.sub(r"[\W_]+", "", fold(value))

    def mask(self, value: str) -> str:
        return mask_text(value, 0)


_SAME_TOWN = {
    "'s-gravenhage": "den haag", "s-gravenhage": "den haag", "the hague": "den haag",
    "la haye": "den haag", "den bosch": "'s-hertogenbosch", "s-hertogenbosch": "'s-hertogenbosch",
    "bruxelles": "brussel", "brussels": "brussel", "anvers": "antwerpen", "gand": "gent",
    "bruges": "brugge", "liege": "luik", "namur": "namen", "mons": "bergen", "tournai": "doornik",
    "courtrai": "kortrijk", "louvain": "leuven", "malines": "mechelen",
}  # fmt: skip


class Town(SemanticType):
    """A town; every word has a capital but the particles ('s-Hertogenbosch, Alphen aan den Rijn).

    ``town.capitals``: the capitals were repaired, also in ``Ijsselstein`` and ``den Haag``.
    """

    name = "town"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        text = re.sub("^[‘’`´](?=[sStT][- ])", "'", text)
        fixed = _town_capitals(text)
        if problem is None and fixed != text:
            problem = "town.capitals"
        elif problem is None and (len(text) > 200 or re.search(r"[0-9]", text)):
            problem = "town.doubtful"
        return Cleaned(fixed, problem)

    def key(self, value: str) -> str:
        """Folded, with other names of the same town brought together."""
        text = fold(value).replace("’", "'")
        return re.sub(r"[\W_]+", " ", _SAME_TOWN.get(text, text)).strip()

    def compare(self, a: str, b: str) -> float:
        left, right = self.key(a), self.key(b)
        return 1.0 if left == right else float(JaroWinkler.similarity(left, right))

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        shape = NAME_SHAPE.sql_clean(column, options)
        if shape is None:
            return None
        return SqlClean(f"{shape.when} AND NOT regexp_matches({column}, '(^|[ -])Ij')", column)


def _town_capitals(text: str) -> str:
    if in_one_case(text):
        return repaired_capitals(text, PLACE_PARTICLES)
    text = re.sub(r"(^|[ -])Ij(?=[a-z])", r"\1IJ", text)
    if text[:1].islower() and not re.match(r"[a-z]['’-]", text):
        capital = text[:1].upper()
        if len(capital) == 1 and tidy(capital + text[1:]).text == capital + text[1:]:
            text = capital + text[1:]
    return repaired_capitals(text, PLACE_PARTICLES)


class _NameShape(NameText):
    """Only for its SQL: words with one capital each need no cleaning in any of these types."""

    name = "_name_shape"


NAME_SHAPE = _NameShape()

TYPES: tuple[SemanticType, ...] = (
    Postcode(), Street(), HouseNumber(), HouseAddition(), Town()
)  # fmt: skip
