"""The terminal shows the same, whether it is sent what Textual writes or what is left of it."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from pyte.screens import Char
from rich.cells import set_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from tui_migrate.tui.driver import frugal

COLUMNS, ROWS = 60, 6
COLOURS = ["default", "red", "bright_blue", "color(7)", "color(200)", "#0a3069", "#ffffff"]
STYLES = st.builds(
    Style,
    color=st.sampled_from([*COLOURS, None]),
    bgcolor=st.sampled_from([*COLOURS, None, None, None]),
    bold=st.booleans(),
    italic=st.booleans(),
    underline=st.booleans(),
    reverse=st.booleans(),
    strike=st.booleans(),
)
TEXTS = st.sampled_from(
    ["", " ", "   ", " " * 14, "x" + " " * 40, "a", "Jan de Vries", " · ", "é日本"]
)


@st.composite
def updates(draw: st.DrawFn) -> str:
    """A region that Textual draws anew: rows of texts, each with a style of its own."""
    region = Region(draw(st.integers(0, 20)), draw(st.integers(0, 3)), 0, 0)
    styles = draw(st.lists(STYLES, min_size=1, max_size=3))
    pieces = st.lists(st.tuples(TEXTS, st.sampled_from(styles)), max_size=8)
    rows = draw(st.lists(pieces, min_size=1, max_size=ROWS - region.y))
    strips = [[Strip(_cut(row, COLUMNS - region.x))] for row in rows]
    console = draw(
        st.sampled_from([Console(color_system="256"), Console(color_system="truecolor")])
    )
    return LayoutUpdate(list(strips), region).render_segments(console)


def _cut(row: list[tuple[str, Style]], width: int) -> list[Segment]:
    """As much of a row as stands in so many cells."""
    segments = []
    for text, style in row:
        segment = Segment(text, style)
        if segment.cell_length > width:
            segment = Segment(set_cell_size(text, width), style)
        width -= segment.cell_length
        segments.append(segment)
    return segments


def shown(*writes: str) -> list[list[tuple[object, ...]]]:
    """Every cell with all that can be seen of it."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.Stream(screen)
    for write in writes:
        stream.feed(write)
    return [[_seen(screen.buffer[y][x]) for x in range(COLUMNS)] for y in range(ROWS)]


def _seen(cell: Char) -> tuple[object, ...]:
    """Of a space only its background, unless something is drawn in it."""
    if cell.data == " " and not (cell.underscore or cell.strikethrough or cell.reverse):
        return (" ", cell.bg)
    return tuple(cell)


@given(updates(), updates())
def test_the_picture_is_the_same(first: str, second: str) -> None:
    assert shown(frugal(first), frugal(second)) == shown(first, second)
    assert len(frugal(first)) <= len(first)


def test_a_style_is_sent_where_it_changes() -> None:
    data = "\x1b[1;31;44mName\x1b[0m\x1b[32;44m   \x1b[0m\x1b[31;44m: \x1b[0m\x1b[31;44mJan\x1b[0m"
    assert frugal(data) == "\x1b[1;31;44mName   \x1b[0;31;44m: Jan\x1b[0m"


def test_nothing_is_sent_for_places_that_are_passed_and_little_for_emptiness() -> None:
    data = "\x1b[1;1HJan\x1b[1m" + 30 * " " + "\x1b[0m\x1b[1;33H\n\x1b[2;1Hx" + 20 * " " + "y"
    assert frugal(data) == "\x1b[1;1HJan\x1b[30X\x1b[2;1Hx\x1b[20X\x1b[20Cy"


def test_spaces_with_a_background_are_written_as_some_terminals_erase_without_it() -> None:
    data = f"\x1b[44m{30 * ' '}\x1b[0m"
    assert frugal(data) == data


def test_what_is_not_understood_goes_as_it_is() -> None:
    for data in (
        "plain",
        "\x1b[4:3mcurly\x1b[0m",
        "\x1b[31mleft red",
        "\x1b[77mx\x1b[0m",
        "\x1b[2J",
    ):
        assert frugal(data) == data
