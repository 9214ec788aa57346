"""Names of persons: family name, first name, initials, prefix, full name, salutation, gender."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from tui_migrate.i18n import _
from tui_migrate.model.types.base import (
    EMPTY,
    Cleaned,
    Options,
    SemanticType,
    Sensitivity,
    SqlClean,
    mask_text,
)
from tui_migrate.model.types.capitals import PERSON_PARTICLES, repaired_capitals
from tui_migrate.model.types.fullname import NameParts, split_full_name
from tui_migrate.model.types.initials import are_initials, normal_initials
from tui_migrate.model.types.particles import (
    ABBREVIATIONS,
    AMBIGUOUS,
    PARTICLES,
    SALUTATION_WORDS,
)
from tui_migrate.model.types.tidy import PLACEHOLDERS, fold, is_placeholder, tidy

LONGEST_NAME = 200
_TIDY_NAME = re.compile(r"[A-Z][a-z]+(?:[ -][A-Z][a-z]+)*")
_NOT_A_NAME = re.compile(r"[0-9@\[\]{}<>=/\\|_]")  # no capitals are repaired beside these
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})
_WORDS_FOR_NOTHING = ", ".join(
    f"'{w}'" for w in sorted(PLACEHOLDERS) if w.isascii() and w.isalpha()
)


class NameText(SemanticType):
    """What the kinds of names share.

    Problems with a value: ``name.capitals`` (was in one case, repaired), ``name.digits`` and
    ``name.email`` (kept, doubtful), ``text.too_long`` (over 200 characters, kept). A source's word
    for "nothing" counts as empty. Brackets are data and are kept.
    """

    sensitivity = Sensitivity.PERSONAL

    opening: ClassVar[bool] = True

    def _clean(self, raw: str, options: Options) -> Cleaned:
        if len(raw) <= LONGEST_NAME and _TIDY_NAME.fullmatch(raw):
            return EMPTY if is_placeholder(raw) else Cleaned(raw)
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        opening = self.opening or options.country == "BE"
        fixed = text
        if not _NOT_A_NAME.search(text):
            fixed = repaired_capitals(text, PERSON_PARTICLES, opening=opening)
        if len(fixed) > LONGEST_NAME:
            return Cleaned(text, "text.too_long")
        if problem is None:
            problem = _name_problem(text, fixed)
        return Cleaned(fixed, problem)

    def clean_many(self, raws: Sequence[str], options: Options) -> list[Cleaned]:
        if options.codes is not None:
            return super().clean_many(raws, options)
        tidy_name, clean = _TIDY_NAME.fullmatch, self._clean
        return [
            Cleaned(raw)
            if len(raw) <= LONGEST_NAME and tidy_name(raw) and raw.lower() not in PLACEHOLDERS
            else clean(raw, options)
            for raw in raws
        ]

    def compare(self, a: str, b: str) -> float:
        """Jaro-Winkler similarity of the folded names (early letters weigh more)."""
        left, right = self.key(a), self.key(b)
        return 1.0 if left == right else float(JaroWinkler.similarity(left, right))

    def mask(self, value: str) -> str:
        return mask_text(value)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(
            f"regexp_full_match({column}, '[A-Z][a-z]+([ -][A-Z][a-z]+)*')"
            f" AND length({column}) <= {LONGEST_NAME}"
            f" AND lower({column}) NOT IN ({_WORDS_FOR_NOTHING}, {_PHRASES_FOR_NOTHING})",
            column,
        )


_PHRASES_FOR_NOTHING = ", ".join(f"'{w}'" for w in sorted(PLACEHOLDERS) if " " in w)


def _name_problem(text: str, fixed: str) -> str | None:
    if "@" in text:
        return "name.email"
    if any(character.isdigit() for character in text):
        return "name.digits"
    return "name.capitals" if fixed != text else None


class FamilyName(NameText):
    """A surname, with or without its prefix.

    When capitals are repaired, a Dutch prefix stays small (``van der Berg``); in Belgium it is part of
    the surname and gets its capital (``Van den Broeck``).
    """

    name = "family_name"
    opening = False


class FirstName(NameText):
    """A first name or several."""

    name = "first_name"


class FullName(NameText):
    """A whole name in one cell; ``parse`` takes it apart into ``NameParts``."""

    name = "full_name"

    def parse(self, raw: str, options: Options) -> NameParts | None:
        value = self.clean(raw, options).value
        return None if value is None else split_full_name(value, options.country)

    def to_python(self, value: str) -> NameParts:
        return split_full_name(value)

    def compare(self, a: str, b: str) -> float:
        """Likeness without regard to the order of the words."""
        left, right = (" ".join(re.findall(r"\w+", self.key(text))) for text in (a, b))
        return 1.0 if left == right else fuzz.token_sort_ratio(left, right) / 100


class Initials(SemanticType):
    """Initials as ``J.P.``; a whole first name instead is kept (``initials.looks_like_name``)."""

    name = "initials"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        made = normal_initials(text)
        if not made or any(character.isdigit() for character in text):
            return Cleaned(None, "initials.invalid")
        if re.search(r"[^\W\d_]{3,}", text) and not are_initials(text):
            return Cleaned(text, "initials.looks_like_name")
        return Cleaned(made, problem)

    def compare(self, a: str, b: str) -> float:
        """1.0 the same, 0.8 where one begins with the other (``J.`` and ``J.P.``), else likeness."""
        left, right = (normal_initials(text).replace("-", "") for text in (a, b))
        if left == right:
            return 1.0
        if left and right and (left.startswith(right) or right.startswith(left)):
            return 0.8
        return 0.4 if left[:1] == right[:1] else 0.0

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return SqlClean(f"regexp_full_match({column}, '([A-Z]\\.)+')", column)


class Prefix(SemanticType):
    """A tussenvoegsel in small letters: ``van der``, ``in 't``.

    ``v.`` becomes ``van``; ``v.d.`` may be van de, van den or van der and is kept
    (``prefix.ambiguous``). Words that are no prefix are kept as written (``prefix.unknown``).
    """

    name = "prefix"
    sensitivity = Sensitivity.PERSONAL
    _separators: ClassVar[re.Pattern[str]] = re.compile(r"[ ]+")

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        small = text.translate(_APOSTROPHES).lower()
        small = ABBREVIATIONS.get(small, small)
        if small in AMBIGUOUS:
            return Cleaned(small, "prefix.ambiguous")
        if not all(word in PARTICLES for word in self._separators.split(small)):
            return Cleaned(text, "prefix.unknown")
        return Cleaned(small, problem)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        common = "'van', 'de', 'van der', 'van den', 'van de', 'den', 'der', 'ten', 'ter', 'te'"
        return SqlClean(f"{column} IN ({common})", column)


class Salutation(SemanticType):
    """The form of address as a code: ``mr``, ``ms``, ``mx``, ``family``, ``couple``.

    Any other text is kept (``salutation.unknown``): it may be a title or a letter opening. "Dhr./Mevr."
    says nothing and counts as empty.
    """

    name = "salutation"
    sensitivity = Sensitivity.PERSONAL

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        if not text or is_placeholder(text):
            return EMPTY
        small = re.sub(r"\s*/\s*", "/", fold(text).replace(".", "").replace("&", "en")).strip()
        if small in {"family", "couple"}:
            return Cleaned(small, problem)
        code = SALUTATION_WORDS.get(small) or _first_known(small.split())
        if text == "mr.":  # a Dutch law degree, of any gender
            code = None
        if code == "unknown":
            return EMPTY
        return Cleaned(code, problem) if code else Cleaned(text, "salutation.unknown")

    def compare(self, a: str, b: str) -> float:
        return float(a == b)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def show(self, value: str, language: str = "nl") -> str:
        words = {
            "mr": _("Mr"),
            "ms": _("Ms"),
            "mx": _("Mx"),
            "family": _("the family"),
            "couple": _("Mr and Ms"),
        }
        return words.get(value, value)


_SURE_WORDS = frozenset(
    {"dhr", "hr", "heer", "meneer", "mevr", "mevrouw", "mw", "mej", "fam", "familie"}
)


def _first_known(words: list[str]) -> str | None:
    """The code of the one sure form of address among titles (``Dhr. drs.``), if there is one."""
    codes = {SALUTATION_WORDS[word] for word in words if word in _SURE_WORDS}
    return codes.pop() if len(codes) == 1 else None


_GENDERS = {
    "m": "m", "man": "m", "male": "m", "mannelijk": "m", "homme": "m", "h": "m", "1": "m",
    "heer": "m", "dhr": "m", "masculin": "m", "v": "f", "f": "f", "vrouw": "f", "female": "f",
    "w": "f", "vrouwelijk": "f", "femme": "f", "2": "f", "mevrouw": "f", "mevr": "f", "mw": "f",
    "feminin": "f", "x": "x", "anders": "x", "other": "x", "autre": "x", "divers": "x", "d": "x",
    "non-binair": "x", "nonbinair": "x", "non-binary": "x", "neutraal": "x", "genderneutraal": "x",
}  # fmt: skip
_GENDER_UNKNOWN = frozenset({"0", "9", "o", "u", "onb", "?"})


class Gender(SemanticType):
    """``m``, ``f`` or ``x``, from Dutch, French and English words and ISO/IEC 5218 digits.

    Unknown (ISO 0 and 9, "onbekend") counts as empty; anything else is ``gender.unknown``.
    """

    name = "gender"
    sensitivity = Sensitivity.PERSONAL
    unknown_code = "gender.unknown"

    def _clean(self, raw: str, options: Options) -> Cleaned:
        text, problem = tidy(raw)
        small = fold(text).rstrip(".")
        if not text or is_placeholder(text) or small in _GENDER_UNKNOWN:
            return EMPTY
        code = _GENDERS.get(small)
        return Cleaned(code, problem) if code else Cleaned(None, "gender.unknown")

    def compare(self, a: str, b: str) -> float:
        return float(a == b)

    def mask(self, value: str) -> str:
        return mask_text(value, 0)

    def show(self, value: str, language: str = "nl") -> str:
        return {"m": _("man"), "f": _("woman"), "x": _("other")}.get(value, value)


TYPES: tuple[SemanticType, ...] = (
    FamilyName(), FirstName(), Initials(), Prefix(), FullName(), Salutation(), Gender()
)  # fmt: skip
