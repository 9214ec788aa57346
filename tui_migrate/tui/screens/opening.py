"""What stands on the screen while the engine opens the workspace: at once, and what it is doing."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe


class OpeningScreen(Screen[None]):
    """Lines of text; the last is what happens now (a rebuild can take minutes)."""

    def __init__(self) -> None:
        super().__init__()
        self._lines = [_("Opening the workspace…")]

    def compose(self) -> ComposeResult:
        yield Static(self._text(), markup=False, id="opening")

    def add(self, line: str) -> None:
        """One more line."""
        self._lines.append(line)
        self.query_one("#opening", Static).update(self._text())

    def _text(self) -> str:
        return "\n".join(f" {safe(line)}" for line in ["tui-migrate", "", *self._lines[-12:]])
