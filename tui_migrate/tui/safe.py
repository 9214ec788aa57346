"""The one door between data and display.

Names, e-mails, file names and whatever a person typed may hold brackets (markup), ESC and C1
controls (they act on the terminal), bidirectional overrides (they show another text than there is)
or be very long. Every such text passes ``safe`` once, where it becomes part of what is shown; every
widget is made without markup, and seals what it shows once more.
"""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from tui_migrate.printable import printable


def safe(text: object) -> str:
    """``text`` for a screen: controls become visible pictures (␛), what could deceive becomes �."""
    return printable(text if isinstance(text, str) else str(text))


def sealed(content: Content) -> Content:
    """The last door, in the widgets: whatever was forgotten on the way becomes visible here.

    ``safe`` puts one character for one, so styles keep their places; line breaks stay.
    """
    plain = content.plain
    if plain.replace("\n", "").isprintable():
        return content
    return Content("\n".join(safe(part) for part in plain.split("\n")), list(content.spans))


def prose(text: object) -> str:
    """``safe`` for the runbook's own words: line breaks of YAML are spaces there."""
    return safe(" ".join(str(text).split()))


def fit(text: str, width: int, right: bool = False) -> str:
    """Exactly ``width`` terminal cells: cut with ``…`` or padded. ``text`` is safe already."""
    if width <= 0:
        return ""
    have = cell_len(text)
    if have > width:
        return set_cell_size(text, width - 1) + "…"
    return " " * (width - have) + text if right else text + " " * (width - have)
