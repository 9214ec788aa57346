"""What stands on the screen while a person is erased."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from textual.content import Content
from textual.timer import Timer

from tui_migrate.engine.run import RunState
from tui_migrate.engine.sentences import clock
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.status import QUIET
from tui_migrate.tui.widgets.block import Block, lines

BEAT = 1.0
"""Seconds between two looks at how far it is."""


class Erasing(Form):
    """How far the erasure is. It goes on when this is closed."""

    def __init__(self, state: Callable[[], RunState]) -> None:
        """``state``: the run as it stands at any moment."""
        super().__init__(_("Erasing"), " ", submit=_("close; it goes on"), reading=True)
        self._state = state
        self._first = not state().erasures
        self._before = len(state().erasures)
        self._began = monotonic()
        self._beat: Timer | None = None

    def on_mount(self) -> None:
        super().on_mount()
        self._beat = self.set_interval(BEAT, self._tell)
        self._tell()

    def _tell(self) -> None:
        """What is done, and what is being done."""
        state = self._state()
        asked = state.erasures[self._before :]
        if not asked:
            told = [Content(_("▶ looking for all that belongs to the person"))]
        else:
            at = clock(asked[0].at, state.zone)
            told = [
                Content(_("✓ found, and in the journal since {at}").format(at=at)),
                Content(_("▶ being taken out of files, target, staging and vault, one by one")),
            ]
        if self._first:
            told += [
                Content(""),
                Content(
                    _(
                        "It is the first erasure here: the engine starts anew for it, with memory that"
                        " is zeroed, and does not answer meanwhile."
                    )
                ),
            ]
        seconds = grouped(int(monotonic() - self._began))
        told += [Content(""), Content.styled(_("{n} seconds").format(n=seconds), QUIET)]
        for block in self.query("#intro").results(Block):
            block.put(lines(told))

    def finish(self) -> None:
        """It is done, or refused: nothing more is to be said here."""
        if self._beat is not None:
            self._beat.stop()
        if self.is_current:
            self.dismiss(None)
