"""The comparison of two records in words: what agrees, what does not, and how sure that makes one."""

from __future__ import annotations

from tui_migrate.engine.pair_words import NOTHING, PRIOR, evidence, field_name, level_of
from tui_migrate.engine.queries import PairField, PairSheet
from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe

__all__ = ["NOTHING", "PRIOR", "field_words", "level_words", "sure_words", "verdict"]


def level_words(field: PairField) -> str:
    """How far both values agree, in a word or two; an unknown level as it is called."""
    return safe(level_of(field.field, field.level))


def field_words(field: PairField) -> str:
    """The name of a compared field; the evidence that was there before comparing has one too."""
    return safe(field_name(field.field))


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
        (field.field, field.level, field.weight)
        for field in (*sheet.fields, *sheet.other)
        if field.weight is not None
    ]
    return safe(evidence(compared))
