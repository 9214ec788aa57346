"""Taking a full name apart: title, first name, initials, prefix, family name."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tui_migrate.model.types.initials import normal_initials
from tui_migrate.model.types.particles import (
    ABBREVIATIONS,
    OPENING,
    PARTICLES,
    is_initials,
    is_title,
    is_title_after,
)
from tui_migrate.model.types.tidy import tidy

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})
_BRACKETS = re.compile(r"\(([^()]+)\)")
_JOINERS = frozenset({"en", "&", "/", "e/o", "en/of", "et", "and"})


@dataclass(frozen=True, slots=True)
class NameParts:
    """The parts of a person's name; None where the text has no such part."""

    first_name: str | None = None
    initials: str | None = None
    prefix: str | None = None
    family_name: str | None = None
    title: str | None = None


def split_full_name(text: str, country: str = "NL") -> NameParts:
    """Take a full name apart.

    A prefix in small letters is apart from the surname (``Jan van der Berg`` → ``van der``, ``Berg``).
    With a capital behind a first name or initials it belongs to the surname (Belgian ``Jan Van den
    Broeck``). Where a name begins with it (``Van Dijk``, ``Ten Hag, Erik``) the capital says nothing:
    it is a prefix, unless ``country`` is ``BE``. Never raises; text without letters gives no parts.
    """
    name = tidy(text).text.translate(_APOSTROPHES)
    name = re.sub(r"\s*-\s*", "-", name)
    before, comma, after = name.partition(",")
    if not comma:
        return _in_order(before.split(), None, country)
    tail = after.replace(",", " ").split()
    titles_after = [word for word in tail if is_title_after(word)]
    given = [word for word in tail if not is_title_after(word)]
    if not given:
        return _in_order(before.split(), " ".join(titles_after) or None, country)
    return _reversed(before.split(), given, titles_after, country)


def _in_order(words: list[str], title_after: str | None, country: str) -> NameParts:
    titles, words = _titles(words)
    behind: list[str] = []
    while len(words) > 1 and is_title_after(words[-1]):
        behind.insert(0, words.pop())
    title = " ".join([*titles, *behind, *([title_after] if title_after else [])]) or None
    cut = len(words)
    while cut and is_initials(words[cut - 1]):
        cut -= 1
    if 0 < cut < len(words) and not any(is_initials(word) for word in words[:cut]):
        parts = _reversed(words[:cut], words[cut:], [], country)  # "Van der Berg J.P."
        return replace(parts, title=title)
    start = _surname_start(words)
    if start == 0 and len(words) == 1 and not titles and is_initials(words[0]) and "." in words[0]:
        return NameParts(initials=normal_initials(words[0]), title=title)
    first_name, initials = _given(words[:start])
    prefix, family = _surname(words[start:], opening=start == 0, country=country)
    return NameParts(first_name, initials, prefix, family, title)


def _reversed(
    surname: list[str], given: list[str], titles_after: list[str], country: str
) -> NameParts:
    """``Berg, dhr. J.P. van der`` and ``Ten Hag, Erik``."""
    titles, given = _titles(given)
    titles_before, surname = _titles(surname)
    cut = len(given)
    while cut and _particle(given[cut - 1]):
        cut -= 1
    behind, given = given[cut:], given[:cut]
    if not behind:  # "Berg, van der, J.P."
        while given and given[0][:1].islower() and _particle(given[0]):
            behind.append(given.pop(0))
    while len(surname) > 1 and _small_particle(surname[-1]):  # "Vries de, A."
        behind.insert(0, surname.pop())
    first_name, initials = _given(given)
    prefix, family = _surname(surname, opening=True, country=country)
    if behind:
        said = " ".join(behind).lower()
        prefix = (
            f"{ABBREVIATIONS.get(said, said)} {prefix}" if prefix else ABBREVIATIONS.get(said, said)
        )
    title = " ".join([*titles_before, *titles, *titles_after]) or None
    return NameParts(first_name, initials, prefix, family, title)


def _titles(words: list[str]) -> tuple[list[str], list[str]]:
    """Split the titles off the front; a lone word is never a title, ``de heer`` counts as one."""
    taken = 0
    while taken < len(words):
        word = words[taken]
        if word.lower() == "de" and words[taken + 1 : taken + 2] and len(words) > taken + 2:
            if words[taken + 1].lower() not in {"heer", "weledele", "hr."}:
                break
            taken += 2
        elif (
            (is_title(word) and (len(words) > taken + 1))
            or (
                taken
                and word.lower() in _JOINERS
                and words[taken + 1 :]
                and is_title(words[taken + 1])
            )
            or ("/" in word and all(is_title(part) for part in word.split("/")))
        ):
            taken += 1
        else:
            break
    return words[:taken], words[taken:]


def _particle(word: str) -> bool:
    low = word.lower()
    return low in PARTICLES or low in ABBREVIATIONS


def _surname_start(words: list[str]) -> int:
    """Index of the first word that belongs to the surname."""
    if len(words) > 1 and _opens(words[0]):
        return 0
    for index, word in enumerate(words[:-1]):
        if (index and _starts_surname(word)) or _small_particle(word.partition("-")[2]):
            return index
    last_given = len(words) - 1
    for index, word in enumerate(words):  # behind the last initials comes the surname
        if (
            is_initials(word)
            and index + 1 < len(words)
            and not _BRACKETS.fullmatch(words[index + 1])
        ):
            last_given = index + 1
    for index, word in enumerate(words):
        if _BRACKETS.fullmatch(word) and 0 < index < len(words) - 1:
            last_given = max(index + 1, min(last_given, len(words) - 1))
    if words and _BRACKETS.fullmatch(words[-1]) and len(words) > 1:
        return max(len(words) - 2, 0)
    return max(last_given, 0)


def _small_particle(word: str) -> bool:
    """Whether a word is a particle in small letters (``van``, ``'t``)."""
    return (word[:1].islower() or word[:1] == "'") and _particle(word)


def _starts_surname(word: str) -> bool:
    """Whether a word behind a first name begins the surname: a particle, also with a capital."""
    return _small_particle(word) or (word.lower() in OPENING and not is_initials(word))


def _opens(word: str) -> bool:
    """Whether a name begins with a surname prefix rather than with a first name."""
    low = word.lower()
    if word[:1].islower() or word[:1] == "'":
        return _particle(word)
    return low in OPENING or (low in ABBREVIATIONS and "." in low[:-1])


def _given(words: list[str]) -> tuple[str | None, str | None]:
    """First names and initials among the words before the surname."""
    first: list[str] = []
    initials: list[str] = []
    for word in words:
        bracketed = _BRACKETS.fullmatch(word)
        if bracketed:
            first.append(bracketed[1])
        elif is_initials(word):
            initials.append(word)
        else:
            first.append(word.strip("()"))
    return " ".join(first) or None, normal_initials("".join(initials)) if initials else None


def _surname(words: list[str], *, opening: bool, country: str) -> tuple[str | None, str | None]:
    if not words:
        return None, None
    small = words[0][:1].islower() or words[0][:1] == "'"
    if not small and (not opening or country == "BE"):
        return None, " ".join(words)
    cut = 0
    while cut < len(words) - 1 and _particle(words[cut]):
        cut += 1
    if (
        cut
        and not small
        and words[0].lower() not in OPENING
        and words[0].lower() not in ABBREVIATIONS
    ):
        return None, " ".join(words)
    said = " ".join(words[:cut]).lower()
    return ABBREVIATIONS.get(said, said) or None, " ".join(words[cut:])
