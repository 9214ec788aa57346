"""Every word that a person reads passes through here, so that a translation needs no new code.

The catalogue is loaded on first use: importing this module costs nothing.
"""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DOMAIN = "tui_migrate"


@cache
def _translations() -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, Path(__file__).parent / "locale", fallback=True)


_neutral: ContextVar[bool] = ContextVar("neutral", default=False)


@contextmanager
def neutral() -> Iterator[None]:
    """Within it, words stay as they are written here: what is journalled or hashed must not depend
    on the language of whoever runs the program."""
    token = _neutral.set(True)
    try:
        yield
    finally:
        _neutral.reset(token)


def _(message: str) -> str:
    """The message in the reader's language (LANGUAGE, LC_ALL, LC_MESSAGES, LANG), else as written."""
    return message if _neutral.get() else _translations().gettext(message)


def ngettext(singular: str, plural: str, n: int) -> str:
    """The singular or plural form that the reader's language uses for ``n`` things."""
    if _neutral.get():
        return singular if n == 1 else plural
    return _translations().ngettext(singular, plural, n)
