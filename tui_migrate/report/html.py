"""A document as one HTML file that needs nothing else: no script, no font, no picture from elsewhere.

A content security policy in the file itself allows its own style sheet and nothing more. Every text
goes through ``said``, once.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tui_migrate.i18n import _, speaking
from tui_migrate.numerals import grouped
from tui_migrate.report.document import (
    NOTHING,
    Bars,
    Block,
    Cell,
    Document,
    FactList,
    Lines,
    Mark,
    Note,
    Paragraph,
    Section,
    Table,
)
from tui_migrate.report.plots import figures, said, svg

BRIEF = 18
"""A marked text up to this length is kept on one line."""
MANY = 4
"""From so many columns on a table becomes a list of cards on a narrow screen."""


@cache
def style() -> str:
    """The style sheet."""
    return (Path(__file__).parent / "report.css").read_text(encoding="utf-8")


def source_hash(text: str) -> str:
    """How a content security policy names an inline style sheet."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy() -> str:
    """The content security policy of a report."""
    return (
        f"default-src 'none'; style-src {source_hash(style())}; base-uri 'none'; form-action 'none'"
    )


def html(document: Document) -> str:
    """The whole file."""
    with speaking(document.language):
        return _html(document)


def _html(document: Document) -> str:
    parts = _Parts()
    sections = "\n".join(parts.section(section) for section in document.sections)
    lead = "\n".join(parts.block(block) for block in document.lead)
    links = "".join(
        f'<li><a href="#{said(s.id)}">{said(s.title)}</a></li>' for s in document.sections
    )
    banner = f'<p class="banner">{said(document.banner)}</p>' if document.banner else ""
    return f"""<!doctype html>
<html lang="{said(document.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{said(document.title)}</title>
<style>{style()}</style>
</head>
<body>
{banner}
<header>
<h1>{said(document.title)}</h1>
<p class="subtitle">{said(document.subtitle)}</p>
</header>
<nav aria-label="{said(document.contents)}"><h2>{said(document.contents)}</h2><ol>{links}</ol></nav>
<main>
{lead}
{sections}
</main>
</body>
</html>
"""


class _Parts:
    """Makes the parts of one file; counts its plots."""

    def __init__(self) -> None:
        self._plots = 0

    def section(self, section: Section) -> str:
        """A section with its heading."""
        inner = "\n".join(self.block(block) for block in section.blocks)
        return f'<section id="{said(section.id)}"><h2>{said(section.title)}</h2>\n{inner}</section>'

    def block(self, block: Block) -> str:
        """One block."""
        match block:
            case Paragraph():
                tone = f' class="{block.tone}"' if block.tone else ""
                return f"<p{tone}>{said(block.text)}</p>"
            case Note():
                title = f"<strong>{said(block.title)}</strong> " if block.title else ""
                return f'<p class="note {block.tone}">{title}{said(block.text)}</p>'
            case FactList():
                rows = "".join(
                    f"<div><dt>{said(name)}</dt><dd>{_cell(value)}</dd></div>"
                    for name, value in block.facts
                )
                return f"<dl>{rows}</dl>"
            case Table():
                return _table(block)
            case Bars():
                return self._plot(block)

    def _plot(self, plot: Bars) -> str:
        self._plots += 1
        head, *rows = figures(plot)
        th = "".join(f'<th scope="col">{said(name)}</th>' for name in head)
        body = "".join(
            f'<tr><th scope="row">{said(row[0])}</th>'
            + "".join(f'<td class="number">{said(value)}</td>' for value in row[1:])
            + "</tr>"
            for row in rows
        )
        summary = said(_("The figures"))
        return (
            f"<figure><figcaption>{said(plot.title)}</figcaption>{svg(plot, self._plots)}"
            f"<details><summary>{summary}</summary>"
            f'<div class="wide"><table><thead><tr>{th}</tr></thead><tbody>{body}</tbody></table>'
            "</div></details></figure>"
        )


def _table(table: Table) -> str:
    title = f"<h3>{said(table.title)}</h3>" if table.title else ""
    if not table.rows:
        return f'{title}<p class="none">{said(table.empty)}</p>'
    head = "".join(
        f'<th scope="col"{_right(table, place)}>{said(name)}</th>'
        for place, name in enumerate(table.columns)
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td data-label="{said(name)}"{_right(table, place)}><div>{_cell(cell)}</div></td>'
            for place, (name, cell) in enumerate(zip(table.columns, row, strict=True))
        )
        + "</tr>"
        for row in table.rows
    )
    kind = "cards" if len(table.columns) >= MANY else "wide"
    return (
        f'{title}<div class="{kind}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _right(table: Table, column: int) -> str:
    return ' class="number"' if _numbers(row[column] for row in table.rows) else ""


def _numbers(cells: Iterable[Cell]) -> bool:
    known = [cell for cell in cells if cell != NOTHING]
    return bool(known) and all(isinstance(cell, int) for cell in known)


def _cell(cell: Cell) -> str:
    match cell:
        case int():
            return said(grouped(cell))
        case Mark():
            tag = "code" if cell.tone == "code" else "span"
            brief = " brief" if len(cell.text) <= BRIEF else ""
            return f'<{tag} class="{cell.tone}{brief}">{said(cell.text)}</{tag}>'
        case Lines():
            return "".join(f'<span class="line">{_cell(part)}</span>' for part in cell.parts)
        case str():
            return said(cell)
