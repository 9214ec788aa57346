"""Capitals of names, streets and towns that a source wrote in one case only.

Rules: Dutch capitals the digraph IJ whole (IJsselstein), leaves the article 's/'t small
('s-Hertogenbosch) and the particles inside a name too (Alphen aan den Rijn).
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

from tui_migrate.model.types.tidy import tidy, words

PERSON_PARTICLES = words(
    "van de den der het ter ten te in op aan uit von zu zur zum vom du des la le les di "
    "da del della dos el 't d' l' en"
)
PLACE_PARTICLES = words(
    "van de den der het ter ten te in op aan bij onder over en 't 's aan la le les lez "
    "sur sous du des et d' l' à"
)
_TOKEN = re.compile(r"(['’]?)([^\W_]+)(['’]?)")


def in_one_case(text: str) -> bool:
    """Whether a text of at least three letters is all capitals, or any text all small letters."""
    letters = sum(character.isalpha() for character in text)
    return (letters >= 3 and text.isupper()) or (letters >= 1 and text.islower())


def recapitalise(text: str, particles: AbstractSet[str], *, opening: bool = True) -> str:
    """The text with a capital for every word that is no particle.

    ``opening``: the first word has a capital even if it is a particle.
    """
    first = opening

    def word(match: re.Match[str]) -> str:
        nonlocal first
        before, letters, after = match.groups()
        small = letters.lower()
        leading, first = first, False
        if before and small in {"s", "t", "n"}:  # 's-Gravenhage, 't Harde: small wherever it stands
            first = leading
            return before + small + after
        if after and small in {"d", "l"} and not leading:
            return before + small + after
        if not leading and not after and small in particles and _is_whole(match):
            return before + small
        return before + _capital(small) + after

    return _TOKEN.sub(word, text)


def _is_whole(match: re.Match[str]) -> bool:
    """Not an initial: a particle is not followed by a full stop."""
    return match.string[match.end() : match.end() + 1] != "."


def _capital(small: str) -> str:
    if small.startswith("ij") and len(small) > 2:
        return "IJ" + small[2:]
    return small[:1].upper() + small[1:]


def repaired_capitals(text: str, particles: AbstractSet[str], *, opening: bool = True) -> str:
    """The text with proper capitals if it was in one case; otherwise, or if unsure, as it was.

    The outcome is stable: repairing it again changes nothing.
    """
    if not in_one_case(text):
        return text
    fixed = recapitalise(text, particles, opening=opening)
    if fixed.islower():  # nothing but particles: then one of them is the name
        fixed = recapitalise(text, particles)
    stable = not in_one_case(fixed) or recapitalise(fixed, particles, opening=opening) == fixed
    return fixed if stable and tidy(fixed).text == fixed else text
