"""What a queue knows of its records beside their ids: worked out when somebody asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from tui_migrate.engine.queries import View

Record = tuple[str, str]


class Names(Sequence[str]):
    """What the audit calls records: worked out for those that somebody wants to know of."""

    def __init__(self, view: View, records: Sequence[Record]) -> None:
        self._view, self._records = view, records
        self._known: dict[int, str] = {}
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[str]:
        if len(self._known) < len(self._records):
            of = {record: name for name, record in self._view.pseudonyms(self._records).items()}
            self._known = {at: of[record] for at, record in enumerate(self._records)}
            self._places = {name: at for at, name in self._known.items()}
        return iter(self._known.values())

    def place(self, name: str) -> int | None:
        """The place of the record that is called so; of one that was shown at once, else all are named
        first."""
        if name not in self._places:
            iter(self)
        return self._places.get(name)

    @overload
    def __getitem__(self, at: int) -> str: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[str]: ...
    def __getitem__(self, at: int | slice) -> str | Sequence[str]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        name = self._known.get(at)
        if name is None:
            (name,) = self._view.pseudonyms([self._records[at]])
            self._known[at] = name
            self._places[name] = at
        return name


class Brands(Sequence[frozenset[str]]):
    """The brands of records: read when somebody asks who may not see all, or wants those of one."""

    def __init__(self, view: View, records: Sequence[Record]) -> None:
        self._view, self._records = view, records
        self._made: list[frozenset[str]] | None = None

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, at: int) -> frozenset[str]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[frozenset[str]]: ...
    def __getitem__(self, at: int | slice) -> frozenset[str] | Sequence[frozenset[str]]:
        return self._all()[at]

    def __iter__(self) -> Iterator[frozenset[str]]:
        return iter(self._all())

    def _all(self) -> list[frozenset[str]]:
        if self._made is None:
            view, cursor = self._view, self._view.cursor()
            try:
                found = view.reviews.brands(cursor, view.runbook, self._records)
            finally:
                cursor.close()
            self._made = [found[record] for record in self._records]
        return self._made
