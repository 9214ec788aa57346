"""Numbers and codes of checks and rules as people read them."""

from __future__ import annotations

import re

from tui_migrate.i18n import _

_LONG = re.compile(r"(?<![\w.,:/-])\d{5,}(?![\w.,:/-])")
_BOUND = re.compile(r"(>=|<=|>|<|=)\s*(.+)")
_BOUNDS = {
    ">=": _("at least {n}"),
    "<=": _("at most {n}"),
    ">": _("more than {n}"),
    "<": _("less than {n}"),
    "=": "{n}",
}


def measured(text: str) -> str:
    """What a check observed or expected, for people: ``>= 0.95`` → ``at least 95 %``.

    A share (a decimal between 0 and 1) becomes a percentage; numbers are grouped.
    """
    if bound := _BOUND.fullmatch(text):
        return _BOUNDS[bound[1]].format(n=measured(bound[2]))
    if re.fullmatch(r"0\.\d+|1\.0+", text):
        return f"{float(text) * 100:.1f}".removesuffix(".0") + " %"
    return _LONG.sub(lambda found: f"{int(found[0]):,}".replace(",", " "), text)


def rule_words(rule: str) -> str:
    """The id of a rule as words: ``email.typo_domain`` → ``email: typo domain``."""
    words = re.sub(r"[.:]\s*", ": ", rule)
    return re.sub(r"[_-]", " ", words)
