"""Screens in the reader's language. The others are in English still: each is whole in one language."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from tui_migrate.i18n import language, speaking

SPOKEN = ("review", "lane", "lesson")
"""Groups of actions whose screens are translated."""
Kind = TypeVar("Kind", bound=type)


def in_language(group: str) -> AbstractContextManager[None]:
    """Within it, words of a translated screen are in the reader's language."""
    return speaking(language()) if group in SPOKEN else nullcontext()


def spoken(screen: Kind) -> Kind:
    """A class of a translated screen, whose actions speak the reader's language: Textual calls them
    itself, from wherever a key was pressed."""
    for name, method in list(vars(screen).items()):
        if name.startswith("action_"):
            setattr(screen, name, _speaking(method))
    return screen


def _speaking(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def within(self: Any, *args: Any) -> Any:
        with speaking(language()):
            return method(self, *args)

    return within
