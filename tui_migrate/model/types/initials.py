"""Writing initials in one way: ``J.P.``, ``Th.``, ``J.-P.``."""

from __future__ import annotations

import re

from tui_migrate.model.types.tidy import words

# Initials of more than one letter that Dutch and Flemish names use.
MULTIPLE = words("Th Ch Chr Ph Joh Jac Fr Sj Tj IJ St Kl Wm Alb Ant Corn Fred Herm Jos Nic")
_BY_FOLD = {multiple.lower(): multiple for multiple in MULTIPLE}
_PIECE = re.compile(r"[^\W\d_]+|-")


_ANY = "|".join(sorted(MULTIPLE, key=len, reverse=True)) + r"|Ij|[^\W\d_]"
_FORMS = re.compile(
    rf"[A-Z]{{1,3}}|[B-DF-HJ-NP-TV-Z]{{4,6}}|[a-z]{{1,2}}|(?:(?:{_ANY})[. -]+)*(?:{_ANY})[. -]*"
)


def are_initials(text: str) -> bool:
    """Whether a text has the shape of initials rather than of a name: ``J.P.``, ``JP``, ``Th. A``."""
    return _FORMS.fullmatch(text) is not None


def _capital(letter: str) -> str:
    """The capital, unless it takes more than one letter (ß, ŉ)."""
    return letter.upper() if len(letter.upper()) == 1 else letter


def normal_initials(text: str) -> str:
    """Initials with capitals and full stops: ``jp`` → ``J.P.``, ``th. a`` → ``Th.A.``.

    Letters without a full stop between them are one initial each, unless they are a known initial
    of several letters. Anything but letters and hyphens is left out.
    """
    made: list[str] = []
    for piece in _PIECE.findall(text):
        known = _BY_FOLD.get(piece.lower())
        if piece == "-":
            made.append("-")
        elif len(piece) == 1:
            made.append(_capital(piece) + ".")
        elif known is not None and (not piece.isupper() or known == "IJ"):
            made.append(known + ".")
        else:
            made.extend(_capital(letter) + "." for letter in piece)
    return "".join(made).strip("-")
