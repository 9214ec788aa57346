"""A report as plain data: headings, facts, tables, plots. How it looks is the business of ``html`` and
``markdown``, which also make everything harmless that comes from data.

Texts are plain: no markup in them means anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Tone = Literal["good", "bad", "warn", "quiet", "code", "strong", "time"]


@dataclass(frozen=True, slots=True)
class Mark:
    """A text with a tone: said to be good, bad, to look at, quiet, or to be read letter by letter."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Lines:
    """Several texts, one below the other, in one cell."""

    parts: tuple[str | Mark, ...]


NOTHING = "–"
"""Stands for a number that is not known."""

Cell = str | int | Mark | Lines
"""A number is shown grouped and to the right."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A text that stands out, such as what a rehearsal means."""

    text: str
    tone: Literal["warn", "bad", "good"] = "warn"
    title: str = ""


@dataclass(frozen=True, slots=True)
class FactList:
    """Names and values, one below the other."""

    facts: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; ``empty`` is said where there is no row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a plot: its name, and its parts as (name of the series, value)."""

    name: str
    parts: tuple[tuple[str, int], ...]
    said: str = ""
    """What stands behind the bar; without it the sum of the parts."""


@dataclass(frozen=True, slots=True)
class Bars:
    """A plot of horizontal, stacked bars to one scale. ``series``: the names of the parts, in order."""

    title: str
    series: tuple[str, ...]
    bars: tuple[Bar, ...]
    unit: str = ""


Block = Paragraph | Note | FactList | Table | Bars


@dataclass(frozen=True, slots=True)
class Section:
    """A part with a heading; ``id`` is what links point at."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. ``banner`` stands above everything, on every printed page too."""

    title: str
    subtitle: str
    language: str
    sections: tuple[Section, ...]
    banner: str = ""
    contents: str = "Contents"
    lead: tuple[Block, ...] = field(default=())
