"""Every word that a person reads passes through here, so that a translation needs no new code.

The catalogue is loaded on first use: importing this module costs nothing.
"""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

DOMAIN = "tui_migrate"


@cache
def _translations() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, Path(__file__).parent / "locale", fallback=True)


def _(message: str) -> str:
    """The message in the reader's language (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), else as written."""
    return _translations().gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The singular or plural form that the reader's language uses for ``n`` things."""
    return _translations().ngettext(singular, plural, n)
