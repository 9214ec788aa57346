"""All keys of a screen, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui_migrate.i18n import _
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import fit
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.speaking import in_language
from tui_migrate.tui.status import LOOKS
from tui_migrate.tui.widgets.block import Block, line, lines


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
            with self.spoken():
                rows = self._rows()
            yield Block(lines(rows), id="help")

    def spoken(self) -> AbstractContextManager[None]:
        """The language of the screen whose keys these are."""
        return in_language(self._about)

    def _rows(self) -> list[Content]:
        rows = [Content.styled(_("Keys here"), "bold"), Content("")]
        acts = [act for act in self.home.acts(self._about) if act.id not in self._without]
        for act in acts:
            rows.append(line(("  " + fit(act.glyph, 9), "$primary bold"), act.help))
        taken = {key for act in acts for key in act.key.split(",")}
        lists = {
            "up": ("↑ ↓", _("Up and down; Page Up, Page Down, Home, End")),
            "tab": ("⇥", _("To the next pane")),
        }
        free = [told for key, told in lists.items() if key not in taken]
        if free:
            rows += [Content(""), Content.styled(_("In lists"), "bold"), Content("")]
        rows += [line(("  " + fit(glyph, 9), "$primary bold"), said) for glyph, said in free]
        rows += [
            Content(""),
            Content.styled(_("Status"), "bold"),
            Content(""),
            *(line("  ", (f"{look.glyph} {_(look.word)}", look.style)) for look in LOOKS.values()),
        ]
        return rows
