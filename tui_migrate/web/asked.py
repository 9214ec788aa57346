"""What the address of a page asks for: a moment, a filter, a mark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tui_migrate.engine.rewind import Rewind, typed_moment
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped

KINDS = ("by", "step", "brand")
LONGEST = 200
"""Characters of one part that are read."""


def number(text: str) -> int:
    """A count as it stands in an address; 0 for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


@dataclass(frozen=True, slots=True)
class Asked:
    """Of the replay. ``at``: an entry or a time as typed, '' for the last; ``here``: the entry that was
    shown, whose day counts for a time alone; ``mark``: the moment to compare with, 0 for none."""

    at: str = ""
    here: int = 0
    mark: int = 0
    by: str = ""
    step: str = ""
    brand: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """From the parts of an address."""
        parts = {name: query.get(name, "")[:LONGEST].strip() for name in ("at", *KINDS)}
        return cls(here=number(query.get("here", "")), mark=number(query.get("mark", "")), **parts)

    @property
    def words(self) -> str:
        """The filter, as the full-screen program takes it: ``by:anna step:merge``; '' for none."""
        return " ".join(f"{kind}:{w}" for kind in KINDS for w in getattr(self, kind).split())

    @property
    def kept(self) -> dict[str, str]:
        """What goes with every link: filter and mark."""
        found = {kind: getattr(self, kind) for kind in KINDS if getattr(self, kind)}
        return found | ({"mark": str(self.mark)} if self.mark else {})

    def link(self, at: int, **changed: Any) -> str:
        """The address of another moment, with the same filter and mark unless they change."""
        query = {"at": at, **self.kept, **changed}
        return "/?" + urlencode({name: value for name, value in query.items() if value})


@dataclass(frozen=True, slots=True)
class Place:
    """The entry at which a page stands; ``only``: the entries that fit, ``None`` for all; ``trouble``:
    what was wrong with what was asked."""

    at: int
    only: list[int] | None
    trouble: str = ""

    def step(self, by: int, count: int) -> int:
        """The entry so many further or back among those that fit; the nearest end where there are
        fewer."""
        if not count:
            return 0
        if self.only is None:
            return min(max(1, self.at + by), count)
        if by > 0:
            ahead = [n for n in self.only if n > self.at][:by]
            return ahead[-1] if ahead else self.at
        behind = [n for n in self.only if n < self.at][by:]
        return behind[0] if behind else self.at


def entry_of(text: str, here: int, rewind: Rewind, zone: str) -> tuple[int, str]:
    """The entry that was typed by its number or a time, and what was wrong with it."""
    count = len(rewind)
    if not text or not count:
        return count, ""
    if text.isdecimal():
        wanted = number(text)
        right = 1 <= wanted <= count
        trouble = "" if right else _("There are {n} entries.").format(n=grouped(count))
        return min(max(1, wanted), count), trouble
    shown = rewind.entries[min(max(1, here or count), count) - 1]
    wanted_time = typed_moment(text, shown.at, zone)
    if wanted_time is None:
        return here or count, _("Type it as 123, 14:02 or 2026-03-01 14:02.")
    return rewind.at_time(wanted_time, zone), ""


def place_of(asked: Asked, rewind: Rewind, only: list[int] | None, zone: str) -> Place:
    """Where a page stands: at what was asked for; with a filter, at the nearest entry that fits."""
    at, trouble = entry_of(asked.at, asked.here, rewind, zone)
    if only is not None and not only:
        return Place(at, only, trouble or _("No entry fits."))
    if only and at not in only:
        at = next((n for n in only if n > at), only[-1])
    return Place(at, only, trouble)
