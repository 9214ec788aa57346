"""Mistakes in files that people write: where, what is wrong, what would be right; all at once.

Whoever reads a YAML file collects into one ``Problems`` and goes on reading. A mistake prints as
one line, ``file:line:column: what is wrong; what would be right``, which editors turn into a link.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tui_migrate.i18n import _

LISTED = 12
"""How many known words a hint spells out when none of them is close to what was written."""


@dataclass(frozen=True, order=True, slots=True)
class Position:
    """A place in a file; line and column count from 1, columns in characters."""

    line: int = 1
    column: int = 1


@dataclass(frozen=True, order=True, slots=True)
class Problem:
    """One mistake. ``file`` is relative to the workspace; ``hint`` says what would be right."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        said = f"{self.file}:{self.line}:{self.column}: {self.message}"
        return f"{said}; {self.hint}" if self.hint else said


@dataclass(slots=True)
class Problems:
    """Collects mistakes; iterating gives each once, ordered by file, line and column."""

    _found: dict[Problem, None] = field(default_factory=dict)

    def add(self, file: str, position: Position, message: str, hint: str = "") -> None:
        """Note a mistake at a position of a file."""
        self._found[Problem(file, position.line, position.column, message, hint)] = None

    def extend(self, problems: Iterable[Problem]) -> None:
        """Note mistakes that somebody else found."""
        self._found.update(dict.fromkeys(problems))

    def __iter__(self) -> Iterator[Problem]:
        return iter(sorted(self._found))

    def __len__(self) -> int:
        return len(self._found)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, if one is close enough."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def suggestion(word: str, known: Iterable[str]) -> str:
    """A hint for an unknown word: the one that was probably meant, or the words that exist."""
    names = sorted(set(known))
    meant = closest(word, names)
    if meant is not None:
        return _("did you mean {name}?").format(name=repr(meant))
    if not names:
        return _("none is declared")
    listed = ", ".join(names[:LISTED]) + (", …" if len(names) > LISTED else "")
    return _("known: {names}").format(names=listed)
