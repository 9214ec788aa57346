"""Severity and words of every rule id that cleaning and mapping can break."""

from __future__ import annotations

from tui_migrate.i18n import _
from tui_migrate.model.types.problems import PROBLEMS

KEY_MISSING = "key.missing"
REQUIRED_MISSING = "required.missing"
NORMALISED = "normalised"
NOT_SELECTED = "mapping.not_selected"


def severity_of(rule: str) -> str:
    """``note`` or ``warn``: what a cell's problem is worth in a finding.

    A type's own ``reject`` means that the value cannot be used; what that means for the record is
    for the mapping (``else: reject``, ``required``) and the rule files to say.
    """
    known = PROBLEMS.get(rule)
    return "note" if known is not None and known.severity == "note" else "warn"


def words_for(rule: str) -> str:
    """What the rule says, for a person; the id itself where nobody described it."""
    if rule == KEY_MISSING:
        return _("the record has no key: nothing could ever refer to it")
    if rule == REQUIRED_MISSING:
        return _("a field that the mapping requires has no usable value")
    known = PROBLEMS.get(rule)
    return known.text if known is not None else rule
