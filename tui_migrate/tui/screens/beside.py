"""The run at two of its moments, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widget import Widget

from tui_migrate.audit.entries import Entry
from tui_migrate.engine.run import RunState
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.beside import beside
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.widgets.block import Block, label_frame, lines

FRAME = 5
"""Cells beside the text: frame, padding, scroll bar."""


class BesideScreen(BaseScreen):
    """Opened by Replay on two moments that were marked there; it reads only."""

    GROUP = "beside"
    REPLAY = True
    CSS_PATH: ClassVar[list[str | PurePath]] = ["beside.tcss"]
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("beside"))

    def __init__(self, before: RunState, after: RunState, entries: Sequence[Entry]) -> None:
        """``entries``: those behind ``before``, up to the one that made ``after``."""
        super().__init__()
        self._before, self._after, self._entries = before, after, entries
        self._everything = False

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(id="moments", can_focus=True):
            yield Block(id="beside")

    @property
    def state(self) -> RunState:
        return self._after

    def refresh_state(self) -> None:
        title = _("SIDE BY SIDE · entry {a} and entry {b}")
        label_frame(
            self.query_one("#moments"),
            title.format(a=grouped(self._before.seq), b=grouped(self._after.seq)),
            _("all steps") if self._everything else _("what differs"),
        )
        width = max(40, self.size.width - FRAME)
        told = beside(self._before, self._after, self._entries, width, self._everything)
        self.query_one("#beside", Block).put(lines(told))

    def wording(self, act: Act) -> str:
        if act.id == "beside.everything" and self._everything:
            return _("what differs")
        return act.label

    def action_everything(self) -> None:
        """All steps, or only those that stand elsewhere."""
        self._everything = not self._everything
        self.show()
