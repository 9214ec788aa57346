"""A list of rows in columns: fast, keyboard-first, without markup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui_migrate.i18n import _
from tui_migrate.tui.safe import fit, sealed

REVERSED = Style(reverse=True, bold=True)
UNDERLINED = Style(underline=True)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``width`` in cells, or a share of what is left when ``share`` is given.

    Below ``needs`` cells of total width the column is left out.
    """

    title: str = ""
    width: int = 0
    share: int = 0
    right: bool = False
    needs: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """A row: safe texts, one per column, each with an optional style.

    A last cell that is empty leaves its room to the cell before it.
    """

    id: str
    cells: tuple[str | tuple[str, str], ...]


class Rows(OptionList):
    """Rows under a heading. The heading is the first, disabled option, so that widths agree."""

    def __init__(self, *columns: Column, id: str | None = None, heading: bool = True) -> None:
        super().__init__(id=id, markup=False, compact=True)
        self._columns = columns
        self._rows: list[Row] = []
        self._heading = heading and any(column.title for column in columns)
        self._laid_out = 0

    @property
    def rows(self) -> Sequence[Row]:
        """What is shown."""
        return self._rows

    @property
    def picked(self) -> str:
        """Id of the row under the cursor, or ''."""
        option = self.highlighted_option
        return (option.id or "") if option is not None else ""

    def show(self, rows: Sequence[Row], pick: str | None = None) -> None:
        """Show ``rows``; the cursor stays on its row, or goes to ``pick``."""
        wanted = pick if pick is not None else self.picked
        same = [row.id for row in rows] == [row.id for row in self._rows] and self.option_count
        before, self._rows = self._rows, list(rows)
        if same and self._laid_out == self._room:
            for old, new in zip(before, self._rows, strict=True):
                if old != new:
                    self.replace_option_prompt(new.id, self._draw(new))
            if pick is not None and pick != self.picked:
                self.pick(pick)
            return
        self._lay_out(wanted)

    def pick(self, row_id: str) -> None:
        """Put the cursor on a row, if it is there."""
        if any(row.id == row_id for row in self._rows):
            self.highlighted = self.get_option_index(row_id)

    @property
    def _room(self) -> int:
        return self.scrollable_content_region.width

    def _lay_out(self, wanted: str) -> None:
        self._laid_out = self._room
        offset = self.scroll_y
        options: list[Option] = []
        if self._heading:
            options.append(Option(self._title(), disabled=True))
        options.extend(Option(self._draw(row), id=row.id) for row in self._rows)
        self.set_options(options)
        known = {row.id for row in self._rows}
        if self._rows:
            self.pick(wanted if wanted in known else self._rows[0].id)
        if wanted in known:
            self.scroll_to(y=offset, animate=False)

    def on_resize(self, event: events.Resize) -> None:
        """Columns share the new width."""
        if self._rows and self._room != self._laid_out:
            self._lay_out(self.picked)

    def render_line(self, y: int) -> Strip:
        """In the terminal's own colours nothing is known of contrast: the cursor is the row in
        reverse, without other colours. (A row is one line.)"""
        strip = super().render_line(y)
        if self.app.native_ansi_color and self.highlighted == y + round(self.scroll_y):
            style = REVERSED if self.has_focus else UNDERLINED
            return Strip([Segment(part.text, style) for part in strip], strip.cell_length)
        return strip

    def _widths(self) -> list[int]:
        room = max(10, self._room)
        shown = [c.needs <= room for c in self._columns]
        gaps = max(0, sum(shown) - 1)
        fixed = sum(c.width for c, s in zip(self._columns, shown, strict=True) if s and not c.share)
        shares = sum(c.share for c, s in zip(self._columns, shown, strict=True) if s)
        left = max(0, room - fixed - gaps)
        widths = []
        for column, visible in zip(self._columns, shown, strict=True):
            if not visible:
                widths.append(0)
            elif column.share:
                widths.append(max(column.width, left * column.share // shares))
            else:
                widths.append(column.width)
        return widths

    def _draw(self, row: Row) -> Content:
        if not self._room:
            return Content("")
        widths = self._widths()
        last = row.cells[-1]
        if len(widths) > 1 and not (last if isinstance(last, str) else last[0]):
            widths[-2:] = [widths[-2] + 1 + widths[-1], 0]
        parts: list[tuple[str, str]] = []
        for cell, column, width in zip(row.cells, self._columns, widths, strict=True):
            if not width:
                continue
            text, style = cell if isinstance(cell, tuple) else (cell, "")
            if parts:
                parts.append((" ", ""))
            parts.append((fit(text, width, column.right), style))
        return sealed(Content.assemble(*parts))

    def _title(self) -> Content:
        heads = [
            fit(_(c.title), w, c.right) for c, w in zip(self._columns, self._widths(), strict=True)
        ]
        return Content.styled(" ".join(head for head in heads if head), "bold dim")
