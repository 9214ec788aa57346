"""Cleaning that all text shares: spaces, invisible and control characters, wrong encodings.

The steps are repeated until nothing changes, so the outcome is stable under a second cleaning.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import NamedTuple


class Tidy(NamedTuple):
    """Tidied text, and the id of the gravest repair that it needed."""

    text: str
    problem: str | None


def words(text: str, sign: str | None = None) -> frozenset[str]:
    """The words of a text (or what ``sign`` separates) as a set."""
    return frozenset(text.split(sign))


# Words that a source writes where it has nothing to say; compared folded (see ``fold``).
PLACEHOLDERS = words(
    "null|(null)|<null>|[null]|none|nil|nan|n.v.t.|n.v.t|nvt|n/a|#n/a|#n/b|\\n|onbekend|unknown"
    "|inconnu|inconnue|geen|leeg|?|??|???|.|..|...|-|--|---|–|—|/|*|**|***|_|__|xx|xxx|tbd"
    "|niet bekend|niet ingevuld|niet van toepassing|niet opgegeven|not available|not applicable",
    "|",
)

# What databases and spreadsheets write for "no value": empty in every kind of field.
DUMPED = words("NULL (null) <null> \\N #N/A #N/B")

# Surnames that exist and that a placeholder list must not swallow when written as a name.
_NAMES_TOO = frozenset({"Null", "None", "Geen", "Nil", "Nan", "Niet"})

_TIDY_ASCII = re.compile(r"[!-%'-<>-~](?: ?[!-~])*")
_AMPERSAND = re.compile(
    r"&(?:amp|nbsp|apos|quot|#3[49]|#x27|[A-Za-z]{1,2}(?:acute|grave|uml|circ|cedil|tilde|lig));"
)
_EXCEL_TEXT = re.compile(r'\s*=\s*"((?:[^"]|"")*)"\s*')
# The first character of a UTF-8 pair or triple that was read as cp1252 or latin-1, and its tail.
_MOJIBAKE = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039"
    "\u0152\u017d\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
)
_INVISIBLE = "\u200b\u2060\ufeff\u00ad"
_DROP_INVISIBLE = {ord(character): None for character in _INVISIBLE}
_SPACES = re.compile(r"\s+")
_LINE_SPACES = re.compile(r"[^\S\n]+")
_BIDI = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WHITE_CONTROLS = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_EDGES = " \u200c\u200d"
_ROUNDS = 8


def tidy(raw: str, *, lines: bool = False) -> Tidy:
    """Stripped, single-spaced NFC text without invisible or control characters.

    ``lines`` keeps line breaks (as ``\\n``). Problems: ``text.control_characters`` (removed),
    ``text.mojibake`` and ``text.html_entity`` (repaired), ``text.replacement_character`` (a letter
    was lost before the delivery and cannot be brought back).
    """
    if _TIDY_ASCII.fullmatch(raw) and "&" not in raw:
        return Tidy(raw, None)
    text, problem = raw, None
    for _round in range(_ROUNDS):
        before = text
        text, found = _once(text, lines)
        problem = problem or found
        if text == before:
            break
    if problem is None and "\ufffd" in text:
        problem = "text.replacement_character"
    return Tidy(text, problem)


def _once(text: str, lines: bool) -> tuple[str, str | None]:
    problem = None
    if (wrapped := _EXCEL_TEXT.fullmatch(text)) is not None:
        text = wrapped[1].replace('""', '"')
    if not text.isascii() and _MOJIBAKE.search(text):
        repaired = _repair_mojibake(text)
        if repaired != text:
            text, problem = repaired, "text.mojibake"
    if "&" in text and _AMPERSAND.search(text):
        text = _AMPERSAND.sub(lambda match: html.unescape(match[0]), text)
        problem = problem or "text.html_entity"
    if not text.isprintable():
        kept = "".join(c for c in text.translate(_DROP_INVISIBLE) if not _is_control(c))
        if len(kept) < len(text.translate(_DROP_INVISIBLE)):
            problem = problem or "text.control_characters"
        text = kept
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return _spaced(text, lines).strip(_EDGES), problem


def _repair_mojibake(text: str) -> str:
    import ftfy

    try:
        return ftfy.fix_encoding(text)
    except (UnicodeError, ValueError):
        return text


def _is_control(character: str) -> bool:
    if character in _WHITE_CONTROLS:
        return False
    return character in _BIDI or unicodedata.category(character) in {"Cc", "Cs"}


def _spaced(text: str, lines: bool) -> str:
    if not lines:
        return _SPACES.sub(" ", text).strip()
    text = re.sub(r"\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]", "\n", text)
    return "\n".join(_LINE_SPACES.sub(" ", line).strip() for line in text.split("\n")).strip()


def fold(text: str) -> str:
    """Text without case, accents and needless spaces: the form in which words are compared."""
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(text.casefold().translate(_DROP_INVISIBLE).split())


def is_placeholder(text: str) -> bool:
    """Whether tidied text is a source's word for "nothing" (NULL, n.v.t., -, onbekend)."""
    return text not in _NAMES_TOO and fold(text) in PLACEHOLDERS
