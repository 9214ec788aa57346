"""A document as Markdown. Whatever comes from data is escaped: it formats nothing and links nowhere."""

from __future__ import annotations

import re

from tui_migrate.numerals import grouped
from tui_migrate.printable import printable
from tui_migrate.report.document import (
    Bars,
    Block,
    Cell,
    Document,
    FactList,
    Lines,
    Mark,
    Note,
    Paragraph,
    Table,
)
from tui_migrate.report.plots import figures

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|!~^$])")
_LINKS = re.compile(r"(?i)(https?|ftp)(://)|(www)(\.)|@(?=\w)")
_START = re.compile(r"^(\s*)([-+=]|\d+[.)])")


def said(text: str) -> str:
    """A text from anywhere as Markdown content of one line."""
    escaped = _SPECIAL.sub(r"\\\1", printable(text).replace("&", "&amp;"))
    escaped = _LINKS.sub(_unlinked, escaped)
    return _START.sub(lambda found: f"{found[1]}{_quoted(found[2])}", escaped)


def _unlinked(found: re.Match[str]) -> str:
    """What some readers would make a link of by itself: with an entity in it they do not."""
    return found[0].replace(":", "&#58;").replace(".", "&#46;").replace("@", "&#64;")


def _quoted(start: str) -> str:
    """The last sign escaped, so that it begins no list and no heading."""
    return f"{start[:-1]}\\{start[-1]}"


def markdown(document: Document) -> str:
    """The whole file."""
    parts = [f"# {said(document.title)}", said(document.subtitle)]
    if document.banner:
        parts.append(f"> **{said(document.banner)}**")
    parts += [_block(block) for block in document.lead]
    for section in document.sections:
        parts.append(f"## {said(section.title)}")
        parts += [_block(block) for block in section.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _block(block: Block) -> str:
    match block:
        case Paragraph():
            return said(block.text)
        case Note():
            title = f"**{said(block.title)}** " if block.title else ""
            return f"> {title}{said(block.text)}"
        case FactList():
            return "\n".join(f"- {said(name)}: {_cell(value)}" for name, value in block.facts)
        case Table():
            title = f"### {said(block.title)}\n\n" if block.title else ""
            if not block.rows:
                return title + said(block.empty)
            rows = [tuple(_cell(cell) for cell in row) for row in block.rows]
            return title + _table(tuple(said(c) for c in block.columns), rows)
        case Bars():
            head, *values = [tuple(said(v) for v in row) for row in figures(block)]
            return f"### {said(block.title)}\n\n" + _table(head, values)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    match cell:
        case int():
            return grouped(cell)
        case Mark():
            return f"**{said(cell.text)}**" if cell.tone in ("bad", "strong") else said(cell.text)
        case Lines():
            return "<br>".join(_cell(part) for part in cell.parts)
        case str():
            return said(cell)
