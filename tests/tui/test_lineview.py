"""Lines in one widget: only what differs is painted, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual import events
from textual.app import App, ComposeResult
from textual.content import Content
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip

from tui_migrate.tui.widgets.lineview import LineView

HEIGHT = 5


class Painted(LineView):
    """Says which of its lines were painted."""

    def __init__(self) -> None:
        super().__init__()
        self.painted: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.painted.append(y)
        return super().render_line(y)


class Lines(App[None]):
    """The widget alone."""

    def compose(self) -> ComposeResult:
        yield Painted()


def tell(story: Callable[[Painted, Pilot[None]], Awaitable[None]]) -> None:
    async def play() -> None:
        async with Lines().run_test(size=(20, HEIGHT)) as pilot:
            await story(pilot.app.query_one(Painted), pilot)

    asyncio.run(play())


async def put(view: Painted, pilot: Pilot[None], *rows: str) -> list[int]:
    """Show rows; the lines that are painted for that."""
    await pilot.pause()
    view.painted.clear()
    view.put([Content(row) for row in rows])
    await pilot.pause()
    await pilot.pause(0.05)
    return view.painted


def test_a_line_that_differs_is_painted_once_and_no_other() -> None:
    async def story(view: Painted, pilot: Pilot[None]) -> None:
        await put(view, pilot, "a", "b", "c")
        assert await put(view, pilot, "a", "B", "c") == [1]
        assert await put(view, pilot, "a", "B", "c", "d") == [3]
        assert await put(view, pilot, "a") == [1, 2, 3]
        assert view.plain == "a"

    tell(story)


def test_longer_than_what_can_be_seen_it_is_still_painted_once() -> None:
    async def story(view: Painted, pilot: Pilot[None]) -> None:
        await put(view, pilot, *"abcdefgh")
        assert view.show_vertical_scrollbar
        view.scroll_to(y=99, animate=False)
        assert await put(view, pilot, *"abcdeFghij") == [2], "the sixth of all is the third here"
        assert view.max_scroll_y == 10 - HEIGHT
        assert await put(view, pilot, *"abcdef")
        assert view.scroll_offset.y == 1, "no further than to the end"
        await put(view, pilot, "a")
        assert not view.show_vertical_scrollbar

    tell(story)


def test_what_is_selected_by_mouse_is_its_text() -> None:
    async def story(view: Painted, pilot: Pilot[None]) -> None:
        await put(view, pilot, "Jansen", "De Vries", "Bos")
        taken = view.get_selection(Selection(Offset(3, 0), Offset(2, 1)))
        assert taken == ("sen\nDe", "\n")
        await pilot.mouse_down(offset=(3, 0))
        await pilot._post_mouse_events([events.MouseMove], offset=(2, 1), button=1)
        await pilot.mouse_up(offset=(2, 1))
        assert view.screen.get_selected_text() == "sen\nDe "

    tell(story)
