"""Every word that a person reads passes through here, so that a translation needs no new code.

The catalogue is loaded on first use: importing this module costs nothing.
"""

from __future__ import annotations

import gettext
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

DOMAIN = "tui_migrate"
LANGUAGES = ("en", "nl")
"""What is spoken here. Messages are written in the first."""


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


_asked: ContextVar[str] = ContextVar("asked", default="")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within it, words are in ``language`` (one of ``LANGUAGES``; English for any other), whatever the
    environment says: for what is made for somebody else, such as a report. '' asks for none."""
    token = _asked.set(language if language in ("", *LANGUAGES) else LANGUAGES[0])
    try:
        yield
    finally:
        _asked.reset(token)


def speak(language: str) -> None:
    """As ``speaking``, to the end of the present task and of those that it starts."""
    _asked.set(language if language in ("", *LANGUAGES) else LANGUAGES[0])


def asked() -> str:
    """The language asked for; '' where none is."""
    return _asked.get()


def language() -> str:
    """The language asked for, else the reader's, ``nl`` or ``en``, as gettext would choose it."""
    if wanted := _asked.get():
        return wanted
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "")
        if value:
            return "nl" if value.lower().startswith("nl") else "en"
    return "en"


def point() -> str:
    """What stands before the decimals of a number: in Dutch a comma."""
    return "," if language() == "nl" and not _neutral.get() else "."


@cache
def _catalogue(wanted: str) -> dict[str, str]:
    """What stands in ``locale/<language>/*.po``: message → its translation."""
    from tui_migrate.catalogue import read_po

    found: dict[str, str] = {}
    for path in sorted((Path(__file__).parent / "locale" / wanted).glob("*.po")):
        found |= read_po(path.read_text(encoding="utf-8"))
    return found


def _(message: str) -> str:
    """The message in the language asked for or the reader's (LANGUAGE, LC_ALL, LC_MESSAGES, LANG),
    else as written."""
    if _neutral.get():
        return message
    if wanted := _asked.get():
        return _catalogue(wanted).get(message, message)
    return _translations().gettext(message)


def later(message: str) -> str:
    """The message as written, for a constant: who shows it passes it through ``_``."""
    return message


def ngettext(singular: str, plural: str, n: int) -> str:
    """The singular or plural form that the reader's language uses for ``n`` things."""
    if _neutral.get():
        return singular if n == 1 else plural
    if wanted := _asked.get():
        form = singular if n == 1 else plural
        return _catalogue(wanted).get(form, form)
    return _translations().ngettext(singular, plural, n)
