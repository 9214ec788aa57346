"""How far two records agree, in words; the same on the Pairs screen and in the life of a person."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from tui_migrate.engine.sentences import label
from tui_migrate.i18n import _

PRIOR = "prior"
NOTHING = 0.05
"""Bits: less than this is no evidence."""
_SAME = frozenset({"exact", "own", "same"})

Weighed = tuple[str, str, float]
"""A compared field, how far it agrees, and what that is worth in bits."""


def level_of(field: str, level: str) -> str:
    """How far both values of a field agree, in a word or two; an unknown level as it is called."""
    if field == PRIOR:
        return _("two records are seldom one person")
    if field == "address" and level in ("number", "postcode", "town"):
        return {
            "number": _("same house number"),
            "postcode": _("same postcode"),
            "town": _("same town only"),
        }[level]
    words = {
        "exact": _("same"),
        "own": _("same"),
        "same": _("same"),
        "shared": _("same, but shared"),
        "variant": _("forms of one name"),
        "initial": _("initial fits"),
        "part": _("a part fits"),
        "typo": _("a typing error"),
        "near": _("nearly the same"),
        "close": _("nearly the same"),
        "rare": _("few have it"),
        "common": _("many have it"),
        "strong": _("nearly the same"),
        "similar": _("alike"),
        "different": _("differs"),
        "unknown": _("not compared"),
    }
    return words.get(level, label(level))


def field_name(field: str) -> str:
    """The name of a field for people; the evidence that was there before comparing has one too."""
    names = {
        PRIOR: _("at the start"),
        "name_frequency": _("this name"),
        "household": _("household"),
    }
    return names.get(field) or _(label(field) or "–")


def evidence(compared: Sequence[Weighed], between: Mapping[str, str] | None = None) -> str:
    """What speaks for one person and what against, the strongest first, in a sentence. ``between``: of
    fields that speak against it, between which records."""
    known = sorted(
        (one for one in compared if one[0] != PRIOR and abs(one[2]) >= NOTHING),
        key=lambda one: (-abs(one[2]), one[0]),
    )
    for_it = [one for one in known if one[2] > 0]
    agree = [one for one in for_it if one[1] in _SAME]
    parts = []
    if len(agree) == 1:
        parts.append(_("{field} agrees").format(field=field_name(agree[0][0])))
    elif agree:
        parts.append(_("{fields} agree").format(fields=_listed([one[0] for one in agree])))
    parts += [_one(one) for one in for_it if one not in agree]
    told = between or {}
    against = [_one(one, told.get(one[0], "")) for one in known if one not in for_it]
    if against:
        parts.append(_("against it: {words}").format(words="; ".join(against)))
    return "; ".join(parts) or _("nothing was compared")


NAMED = 3
"""Pairs that are named where there are more of them."""


def between_words(against: Sequence[tuple[int, int]], sides: Sequence[Sequence[int]]) -> str:
    """Who disagrees, by the numbers over the columns: ``3 against 1, 2``, else pairs: ``1–3, 2–5``."""
    if sides and all(len(side) == 1 for side in sides) and len(sides) > 2:
        return _("everywhere")
    if sides:
        named = [", ".join(str(at + 1) for at in side) for side in sides]
        return functools.reduce(lambda a, b: _("{a} against {b}").format(a=a, b=b), named)
    shown = ", ".join(f"{a + 1}–{b + 1}" for a, b in sorted(against)[:NAMED])
    more = len(against) - NAMED
    return _("{pairs} and {n} more").format(pairs=shown, n=more) if more > 0 else shown


def _one(one: Weighed, who: str = "") -> str:
    words = f"{field_name(one[0])}: {level_of(one[0], one[1])}"
    return f"{words} ({who})" if who else words


def _listed(fields: Sequence[str]) -> str:
    names = [field_name(field) for field in fields]
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
