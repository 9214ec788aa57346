"""Text from data as a terminal may show it.

Names, e-mails, file names, column names and whatever a person typed may hold ESC and C1 controls (they
act on the terminal) or bidirectional overrides (they show another text than there is).
"""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"
_PICTURES = {0x7F: "␡", 0xA0: "⍽", 0xAD: "¬", 0x2028: "¶", 0x2029: "¶"}


class _Table(dict[int, str]):
    """Code point → what is shown for it; filled as characters come."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isprintable():
            shown = character
        elif code < 0x20:
            shown = chr(0x2400 + code)
        elif unicodedata.category(character) == "Zs":
            shown = "⍽"
        else:
            shown = REPLACEMENT
        self[code] = shown
        return shown


_TABLE = _Table(_PICTURES)


def printable(text: str) -> str:
    """``text`` in one line: controls become visible pictures (␛), what could deceive becomes �."""
    return text if text.isprintable() else text.translate(_TABLE)


def printable_lines(text: str) -> str:
    """``printable`` for a text of several lines."""
    return "\n".join(printable(line) for line in text.split("\n"))


def printable_json(text: str) -> str:
    """The same JSON, with what is not printable written as an escape."""
    if text.replace("\n", "").isprintable():
        return text
    return re.sub(r"[^\n]", _escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[n] << 8 | units[n + 1]:04x}" for n in range(0, len(units), 2))
