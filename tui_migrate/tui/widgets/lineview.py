"""Lines of text in one widget that scrolls: of what is shown anew only lines that differ are painted.

A widget for each line would do the same, but every one of them is laid out, asked and drawn by itself,
and a page with more of them than the one before is painted twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip
from textual.style import Style
from textual.visual import Visual

from tui_migrate.tui.safe import sealed


class LineView(ScrollView, can_focus=False):
    """Each row is one line; one that is too long for the width is cut."""

    DEFAULT_CSS = """
    LineView { overflow-x: hidden; text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[Content] = []

    def put(self, rows: Sequence[Content]) -> None:
        """Show these rows, which are safe already."""
        before, self._rows = self._rows, [sealed(row) for row in rows]
        for at in range(max(len(before), len(self._rows))):
            old = before[at] if at < len(before) else None
            new = self._rows[at] if at < len(self._rows) else None
            if old is None or new is None or not new.is_same(old):
                self.refresh_line(at)
        self._stretch(Size(0, len(self._rows)))

    def _stretch(self, size: Size) -> None:
        """So many lines there are now. Unless the scrollbar comes or goes with that nothing has to be
        laid out again, which would paint the whole twice."""
        needed = size.height > self.container_size.height
        if needed != self.show_vertical_scrollbar:
            self.virtual_size = size
            return
        self.set_reactive(LineView.virtual_size, size)
        self.vertical_scrollbar.window_virtual_size = size.height
        self.scroll_y = self.validate_scroll_y(self.scroll_y)

    @property
    def plain(self) -> str:
        """All rows, without styles."""
        return "\n".join(row.plain.rstrip() for row in self._rows)

    def render_line(self, y: int) -> Strip:
        """A line of what can be seen."""
        at, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        if at >= len(self._rows):
            return Strip.blank(width, self.visual_style.rich_style)
        row = self._selected(at)
        (strip, *_more) = Visual.to_strips(
            self, row, width, 1, self.visual_style, apply_selection=False, pad=True
        )
        return strip.apply_offsets(0, at)

    def _selected(self, at: int) -> Content:
        """A row, with what is selected of it by mouse."""
        row, selection = self._rows[at], self.text_selection
        span = selection.get_span(at) if selection is not None else None
        if span is None:
            return row
        start, end = span
        style = Style.from_styles(self.screen.get_component_styles("screen--selection"))
        return row.stylize(style, start, len(row.plain) if end == -1 else end)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, as text."""
        return selection.extract(self.plain), "\n"
