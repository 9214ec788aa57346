"""Plots as inline SVG: stacked horizontal bars, drawn by us, coloured by classes of the style sheet.

A plot says nothing by colour alone: each series has its pattern of lightness, its name in the key, and
its figures in the text alternative and in the table that a reader can open below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

from tui_migrate.numerals import grouped
from tui_migrate.printable import printable
from tui_migrate.report.document import Bar, Bars

LABEL, PLOT, VALUE = 230, 400, 110
"""Widths in user units: names, bars, figures."""
ROW, BAR, KEY = 26, 14, 20
LONGEST = 24
_GROUPS = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|%)")
"""Where a number would break over two lines."""


def said(text: str) -> str:
    """A text from anywhere as HTML or SVG content."""
    return _GROUPS.sub("&#8239;", escape(printable(text), quote=True))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def svg(plot: Bars, number: int) -> str:
    """The plot as one ``<svg>``; ``number`` makes its ids its own."""
    longest = max((sum(v for _n, v in bar.parts) for bar in plot.bars), default=0) or 1
    key, top = _key(plot) if len(plot.series) > 1 else ("", 6)
    height = top + ROW * len(plot.bars) + 6
    width = LABEL + PLOT + VALUE
    rows = "".join(
        _row(bar, plot, top + ROW * place, longest) for place, bar in enumerate(plot.bars)
    )
    return (
        f'<svg class="plot" viewBox="0 0 {width} {height}" role="img"'
        f' aria-labelledby="plot{number}"><title id="plot{number}">{said(plot.title)}</title>'
        f'<line class="axis" x1="{LABEL}" y1="{top - 2}" x2="{LABEL}" y2="{height - 4}"/>'
        f"{key}{rows}</svg>"
    )


def _class(plot: Bars, name: str) -> str:
    return f"s{plot.series.index(name)}"


def _row(bar: Bar, plot: Bars, y: int, longest: int) -> str:
    parts, x = [], float(LABEL)
    for name, value in bar.parts:
        width = PLOT * value / longest
        if value:
            width = max(width, 1.0)
            told = f"{bar.name} · {name}: {grouped(value)} {plot.unit}".strip()
            parts.append(
                f'<rect class="bar {_class(plot, name)}" x="{x:.1f}" y="{y + 5}"'
                f' width="{width:.1f}" height="{BAR}"><title>{said(told)}</title></rect>'
            )
        x += width
    told = bar.said or grouped(sum(value for _name, value in bar.parts))
    return (
        f'<text class="name" x="{LABEL - 8}" y="{y + 16}" text-anchor="end">'
        f"<title>{said(bar.name)}</title>{said(_short(bar.name))}</text>"
        f'{"".join(parts)}<text class="value" x="{x + 6:.1f}" y="{y + 16}">{said(told)}</text>'
    )


def _key(plot: Bars) -> tuple[str, int]:
    """The names of the parts beside their colours, and the height that they take."""
    shapes, x, y = [], LABEL, 6
    for name in plot.series:
        width = 34 + 9 * len(name)
        if x > LABEL and x + width > LABEL + PLOT + VALUE:
            x, y = LABEL, y + KEY
        shapes.append(
            f'<rect class="bar {_class(plot, name)}" x="{x}" y="{y}" width="11" height="11"/>'
            f'<text class="key" x="{x + 16}" y="{y + 9.5}">{said(name)}</text>'
        )
        x += width
    return "".join(shapes), y + KEY + 4


def figures(plot: Bars) -> Iterable[tuple[str, ...]]:
    """The plot as rows of a table: the head first, then a row a bar."""
    names = plot.series
    yield ("", *names)
    for bar in plot.bars:
        values = dict(bar.parts)
        yield (bar.name, *(grouped(values[n]) if n in values else "–" for n in names))
