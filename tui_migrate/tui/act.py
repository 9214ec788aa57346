"""One thing that a key does, and how keys are printed."""

from __future__ import annotations

from dataclasses import dataclass

from textual.keys import format_key

GLYPHS = {
    "enter": "⏎",
    "space": "space",
    "left": "←",
    "right": "→",
    "up": "↑",
    "down": "↓",
    "escape": "esc",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "ctrl+p": "^p",
    "question_mark": "?",
    "full_stop": ".",
    "f1": "F1",
    "f2": "F2",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "home": "Home",
    "end": "End",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a key does. ``shown``: whether it stands in the key line; ``line``: keys and
    word there, where they are not its own (``← →|entry`` for two keys that belong together)."""

    id: str
    key: str
    action: str
    label: str
    help: str
    shown: bool = True
    line: str = ""

    @property
    def short(self) -> tuple[str, str]:
        """Key and word for the key line."""
        glyph, bar, word = self.line.partition("|")
        return (glyph, word) if bar else (self.glyph, self.label)

    @property
    def leaves(self) -> bool:
        """Whether it is the way out of its screen, whatever its key."""
        return self.id.endswith((".back", ".leave"))

    @property
    def glyph(self) -> str:
        """The key as it is printed on the keyboard."""
        return " ".join(map(glyph_of, self.key.split(",")))


def glyph_of(key: str) -> str:
    """A key as it is printed on the keyboard."""
    return GLYPHS.get(key) or (key if len(key) == 1 else format_key(key))


def acts_of(
    *rows: tuple[str, str, str, str, str]
    | tuple[str, str, str, str, str, bool]
    | tuple[str, str, str, str, str, bool, str],
) -> list[Act]:
    """Acts of rows: id, keys (parted by commas), action, label, help; and, where it is not so, whether
    the key line shows it, and what it says there (keys|words)."""
    return [Act(*row) for row in rows]
