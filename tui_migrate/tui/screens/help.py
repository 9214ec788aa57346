"""All keys of a screen, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui_migrate.i18n import _
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import fit
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.status import LOOKS
from tui_migrate.tui.widgets.block import Block, line, lines

INDENT = 11
"""Cells before what is said of a key."""


class HelpScreen(BaseScreen):
    """F1."""

    GROUP = "help"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("help"))

    def __init__(self, about: str, without: Sequence[str] = ()) -> None:
        """``about``: the group of a screen, which has no action of ``without``."""
        super().__init__()
        self._about = about
        self._without = without

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(can_focus=True):
            yield Block(id="help")

    def on_mount(self) -> None:
        self._lay()

    def on_resize(self) -> None:
        self._lay()

    def _lay(self) -> None:
        self.query_one("#help", Block).put(lines(self._rows()))

    def _rows(self) -> list[Content]:
        rows = [Content.styled(_("Keys here"), "bold"), Content("")]
        acts = [act for act in self.home.acts(self._about) if act.id not in self._without]
        for act in acts:
            rows += self._said_of(act.glyph, act.help)
        taken = {key for act in acts for key in act.key.split(",")}
        lists = {
            "up": ("↑ ↓", _("Up and down; Page Up, Page Down, Home, End")),
            "tab": ("⇥", _("To the next pane")),
        }
        free = [told for key, told in lists.items() if key not in taken]
        if free:
            rows += [Content(""), Content.styled(_("In lists"), "bold"), Content("")]
        for glyph, said in free:
            rows += self._said_of(glyph, said)
        rows += [
            Content(""),
            Content.styled(_("Status"), "bold"),
            Content(""),
            *(line("  ", (f"{look.glyph} {_(look.word)}", look.style)) for look in LOOKS.values()),
        ]
        return rows

    def _said_of(self, glyph: str, said: str) -> list[Content]:
        """What a key does, its further lines under its first."""
        first, *more = wrap(said, max(20, self.size.width - INDENT - 4)) or [""]
        return [
            line(("  " + fit(glyph, INDENT - 2), "$primary bold"), first),
            *(line(" " * INDENT + further) for further in more),
        ]
