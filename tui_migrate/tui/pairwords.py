"""The comparison of two records in words: what agrees, what does not, and how sure that makes one."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.engine.queries import PairField, PairSheet
from tui_migrate.engine.sentences import label
from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe

PRIOR = "prior"
NOTHING = 0.05
"""Bits: less than this is no evidence."""

_SAME = frozenset({"exact", "own", "same"})


def level_words(field: PairField) -> str:
    """How far both values agree, in a word or two; an unknown level as it is called."""
    if field.field == PRIOR:
        return _("two records are seldom one person")
    if field.field == "address" and field.level in ("number", "postcode", "town"):
        return {
            "number": _("same house number"),
            "postcode": _("same postcode"),
            "town": _("same town only"),
        }[field.level]
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
        "strong": _("nearly the same"),
        "similar": _("alike"),
        "different": _("differs"),
        "unknown": _("not compared"),
    }
    return words.get(field.level, safe(label(field.level)))


def field_words(field: PairField) -> str:
    """The name of a compared field; the evidence that was there before comparing has one too."""
    return _("at the start") if field.field == PRIOR else safe(label(field.field))


def sure_words(probability: float) -> str:
    """A likelihood as people say it."""
    if probability >= 0.99:
        return _("Same person, almost surely")
    if probability >= 0.9:
        return _("Same person, very likely")
    if probability >= 0.7:
        return _("Same person, likely")
    if probability >= 0.4:
        return _("Perhaps the same person")
    return _("Probably not the same person")


def verdict(sheet: PairSheet) -> tuple[str, str]:
    """How sure, and the evidence in a sentence."""
    percent = f"{min(99.9, 100 * sheet.probability):.1f}".removesuffix(".0")
    return f"{sure_words(sheet.probability)} ({percent} %)", _evidence(sheet)


def _evidence(sheet: PairSheet) -> str:
    compared = [
        field
        for field in (*sheet.fields, *sheet.other)
        if field.weight is not None and field.field != PRIOR and abs(field.weight) >= NOTHING
    ]
    compared.sort(key=lambda field: (-abs(field.weight or 0.0), field.field))
    for_it = [field for field in compared if (field.weight or 0.0) > 0]
    agree = [field for field in for_it if field.level in _SAME]
    parts = []
    if agree:
        parts.append(_("{fields} agree").format(fields=_listed(agree)))
    parts += [
        f"{field_words(field)}: {level_words(field)}" for field in for_it if field not in agree
    ]
    against = [field for field in compared if field not in for_it]
    if against:
        words = "; ".join(f"{field_words(field)}: {level_words(field)}" for field in against)
        parts.append(_("against it: {words}").format(words=words))
    return "; ".join(parts) or _("nothing was compared")


def _listed(fields: Sequence[PairField]) -> str:
    names = [field_words(field) for field in fields]
    if len(names) == 1:
        return names[0]
    return _("{names} and {last}").format(names=", ".join(names[:-1]), last=names[-1])
