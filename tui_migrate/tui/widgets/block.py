"""Text on the screen, a line to type on, and the two lines that every screen has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.suggester import Suggester
from textual.widget import Widget
from textual.widgets import Input, Static

from tui_migrate.i18n import _
from tui_migrate.tui.act import Act
from tui_migrate.tui.safe import fit, safe, sealed

Part = tuple[str, str] | str | Content


def line(*parts: Part) -> Content:
    """One line from plain texts and (text, style) pairs; texts are safe already."""
    return Content.assemble(*parts)


def lines(rows: Iterable[Content | str]) -> Content:
    """Rows under each other."""
    return Content("\n").join([row if isinstance(row, Content) else Content(row) for row in rows])


class Block(Static):
    """Text without markup that repaints only when it differs."""

    def __init__(
        self, text: Content | str = "", *, id: str | None = None, classes: str = ""
    ) -> None:
        self._shown = sealed(text if isinstance(text, Content) else Content(text))
        super().__init__(self._shown, id=id, classes=classes or None, markup=False)

    def put(self, text: Content | str) -> None:
        """Show ``text``, which is safe already."""
        fresh = sealed(text if isinstance(text, Content) else Content(text))
        if fresh.is_same(self._shown):
            return
        self._shown = fresh
        height, width = self.styles.height, self.styles.width
        fixed = height is not None and height.is_cells and (width is None or not width.is_auto)
        self.update(fresh, layout=not fixed)

    @property
    def plain(self) -> str:
        """What is shown, without styles."""
        return self._shown.plain


class Field(Input):
    """A line to type on. Nothing blinks, and what is pasted cannot act on the terminal.

    With a ``suggester`` ⇥ takes what it suggests; where it suggests nothing ⇥ goes on.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    def __init__(
        self,
        value: str = "",
        *,
        hint: str = "",
        id: str | None = None,
        suggester: Suggester | None = None,
    ) -> None:
        super().__init__(
            value=safe(value),
            placeholder=safe(hint),
            id=id,
            select_on_focus=False,
            compact=True,
            suggester=suggester,
        )
        self.cursor_blink = False

    async def action_complete(self) -> None:
        """Take the suggestion, or go to the next line."""
        wanted = await self.suggester.get_suggestion(self.value) if self.suggester else None
        if wanted and wanted != self.value:
            self.value = wanted
            self.cursor_position = len(wanted)
        else:
            self.screen.focus_next()

    def on_resize(self) -> None:
        """Where one types stays in sight when the terminal gets narrower."""
        at = cell_len(self.value[: self.cursor_position])
        self.scroll_to_region(Region(at, 0, 1, 1), force=True, animate=False)

    def validate_value(self, value: str) -> str:
        """Controls become visible pictures before they can be drawn."""
        return safe(value)


class TopBar(Block):
    """Where I am and who I am, and REHEARSAL where nothing is real."""

    def tell(
        self,
        left: str,
        rights: Sequence[str],
        rehearsal: bool,
        replay: str = "",
        glass: bool = False,
    ) -> None:
        """``rights``: what may stand at the right, longest first; the first that leaves ``left``
        its room is taken. ``glass``: the rules of a gate were broken once."""
        badges: list[Part] = []
        if replay:
            badges.append((f" {replay} ", "reverse bold"))
            badges.append(" ")
        if glass:
            badges.append((" BREAK-GLASS ", "$text-error reverse bold"))
            badges.append(" ")
        if rehearsal:
            badges.append((f" {_('REHEARSAL')} ", "$text-warning reverse bold"))
            badges.append(" ")
        used = Content.assemble(*badges).cell_length
        width = max(20, self.app.size.width)
        least = cell_len(safe(left))
        tails = [safe(right) for right in rights]
        roomy = [tail for tail in tails if width - used - cell_len(tail) - 3 >= least]
        tail = (roomy or tails[-1:])[0]
        room = width - used - cell_len(tail) - 3
        self.put(line(" ", (fit(safe(left), room), "bold"), " ", *badges, tail, " "))


class KeyBar(Block):
    """The keys that do something here, as many as the line holds; the way out and F1
    always."""

    def tell(self, acts: list[Act], notes: dict[str, str]) -> None:
        """``notes``: id of an act → a number to show behind its label."""
        width = max(20, self.app.size.width)
        tail: list[Part] = []
        used = 1
        back = [act for act in acts if act.leaves]
        out = back or [act for act in acts if act.id == "app.quit"]
        must = [*out, *(act for act in acts if act.id == "app.help")]
        for act in must:
            tail.extend(self._key(act, ""))
            used += self._need(act, "")
        parts: list[Part] = [" "]
        for act in acts:
            if not act.shown or act in must:
                continue
            note = notes.get(act.id, "")
            need = self._need(act, note)
            if used + need > width:
                continue
            used += need
            parts.extend(self._key(act, note))
        self.put(line(*parts, *tail))

    @staticmethod
    def _key(act: Act, note: str) -> list[Part]:
        extra = f" {note}" if note else ""
        glyph, word = act.short
        if act.leaves:
            glyph = glyph.partition(" ")[0]
        return [(glyph, "$primary bold"), f" {word}{extra}", "  "]

    def _need(self, act: Act, note: str) -> int:
        """Cells that a key takes."""
        return Content.assemble(*self._key(act, note)).cell_length


def label_frame(widget: Widget, title: Content | str, subtitle: Content | str = "") -> None:
    """Title and subtitle of a frame, set only when they differ (setting repaints)."""
    for name, text in (("border_title", title), ("border_subtitle", subtitle)):
        fresh = sealed(text if isinstance(text, Content) else Content(text))
        shown = getattr(widget, f"_{name}", None)
        if shown is None or not fresh.is_same(shown):
            setattr(widget, name, fresh)
