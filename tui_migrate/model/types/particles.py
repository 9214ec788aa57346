"""The words of Dutch and Belgian surname prefixes (tussenvoegsels), titles and salutations.

Source of the prefixes: table 36 (voorvoegsels) of the Dutch population register (BRP), as words.
"""

from __future__ import annotations

import re

from tui_migrate.model.types.tidy import words

PARTICLES = words(
    "'s 't a à aan af al am an auf aus ben bij bin boven d' da dal dalla das de deca "
    "degli dei del della den der des di die do don dos du el gen het i im in l' la las "
    "le les lo los of onder op over s' t te ten ter tho thoe thor to toe tot uijt uit "
    "unter van ver vom von voor vor zu zum zur"
)

# Particles that, with a capital at the start of a name, are surname prefixes and not first names.
OPENING = words(
    "'s 't aan auf bij boven d' da de del della den der des di dos du el het in l' la le "
    "les onder op over te ten ter uit van vom von voor zu zum zur"
)

ABBREVIATIONS = {
    "v": "van",
    "v.": "van",
    "v. de": "van de",
    "v. den": "van den",
    "v. der": "van der",
    "v.d": "v.d.",
    "v. d.": "v.d.",
    "v.d.": "v.d.",
    "v/d": "v.d.",
    "vd": "v.d.",
    "vd.": "v.d.",
    "v d": "v.d.",
    "v.der": "van der",
    "v.den": "van den",
    "v.de": "van de",
    "vander": "van der",
    "vanden": "van den",
    "vande": "van de",
    "v.h.": "van het",
    "v/h": "van het",
    "v.'t": "van 't",
    "v. 't": "van 't",
    "v't": "van 't",
    "v/'t": "van 't",
    "t": "'t",
    "in t": "in 't",
    "van t": "van 't",
    "op t": "op 't",
    "aan t": "aan 't",
}

# "v.d." can be "van de", "van den" or "van der": kept, and said to be doubtful.
AMBIGUOUS = frozenset({"v.d.", "d.", "v.d"})

SALUTATION_WORDS = {
    "dhr": "mr", "de heer": "mr", "heer": "mr", "hr": "mr", "meneer": "mr", "mijnheer": "mr",
    "mr": "mr", "mister": "mr", "monsieur": "mr", "mm": "mr", "herr": "mr", "m": "mr", "man": "mr",
    "mevr": "ms", "mevrouw": "ms", "mw": "ms", "mej": "ms", "mejuffrouw": "ms", "mrs": "ms",
    "ms": "ms", "miss": "ms", "madame": "ms", "mme": "ms", "mlle": "ms", "mademoiselle": "ms",
    "frau": "ms", "vrouw": "ms", "v": "ms", "f": "ms",
    "fam": "family", "familie": "family", "famille": "family", "family": "family",
    "dhr en mevr": "couple", "de heer en mevrouw": "couple", "dhr/mevr": "unknown",
    "de heer/mevrouw": "unknown", "dhr en mw": "couple", "mr and mrs": "couple",
    "dhr mevr": "unknown", "dhr./mevr": "unknown", "heer/mevrouw": "unknown",
    "mx": "mx", "neutraal": "mx", "genderneutraal": "mx",
}  # fmt: skip

_TITLES = words(
    "dhr hr mevr mw mej heer mevrouw meneer mijnheer mejuffrouw mme mlle monsieur madame "
    "mrs ms miss mx fam familie famille dr drs ir ing mr prof ds em past pater zr br jhr "
    "jkvr jonkheer jonkvrouw baron barones graaf gravin ridder notaris hon lic"
)
# Without a full stop these may be first names or surnames too: titles only when more words follow.
_TITLES_AFTER = words(
    "ba bsc bc bas ma msc mba mpa llm llb phd emba rc ra aa re jr sr mmm med mphil"
)


def is_title(word: str) -> bool:
    """Whether a word before a name is a title or form of address (``Dhr.``, ``drs.``, ``Prof``)."""
    bare = word.rstrip(".,").casefold()
    return bare in _TITLES and (len(bare) > 1)


def is_title_after(word: str) -> bool:
    """Whether a word behind a name is a degree or ``jr.``."""
    bare = word.strip("().,").replace(".", "").casefold()
    return bare in _TITLES_AFTER and (word.strip("().,")[:1].isupper() or bare in {"jr", "sr"})


_INITIAL = re.compile(
    r"(?:(?:IJ|Ij|Th|Ch|Chr|Ph|Joh|Jac|Fr|St|Sj|Tj|Kl|Wm|Alb|Ant|Corn|Fred|Herm|Jos|Nic|[^\W\d_])\.-?)+"
    r"(?:[^\W\d_])?|[^\W\d_]"
)


def is_initials(word: str) -> bool:
    """Whether a word of a name in mixed case is a group of initials: ``J.P.``, ``Th.``, ``JP``."""
    if _INITIAL.fullmatch(word) and word[:1].isupper():
        return True
    return 2 <= len(word) <= 5 and word.isupper() and word.isalpha() and not _has_name_shape(word)


def _has_name_shape(word: str) -> bool:
    return word in {"IJ"} or (len(word) >= 4 and any(vowel in word for vowel in "AEIOU"))
