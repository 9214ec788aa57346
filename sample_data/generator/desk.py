"""What every source writer shares: chance, the scribe, the truth and the rows written so far."""

from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass, field
from random import Random

from .people import Person, Village
from .spelling import Scribe, Spelling
from .truth import Truth

BRANDS = ("Nova", "Veldpost", "Kompas")
CODES = {"Nova": "NV", "Veldpost": "VP", "Kompas": "KP"}
BAD_BYTE = "\ue000"
"""Stands for a byte that the file's encoding does not know; replaced when the file is encoded."""

Cell = str | int | None


def line(separator: str, values: list[str]) -> str:
    """One delimited row, quoted only where it must be."""
    return separator.join(
        f'"{v.replace(chr(34), chr(34) * 2)}"' if separator in v or '"' in v or "\n" in v else v
        for v in values
    )


@dataclass(slots=True)
class Desk:
    """The state of one chunk under way."""

    rng: Random
    village: Village
    truth: Truth
    scribe: Scribe
    rows: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    attendance: list[tuple[Cell, ...]] = field(default_factory=list)
    hard_bounced: dict[str, int] = field(default_factory=dict)
    complained: dict[str, int] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def brands(self, person: Person) -> list[str]:
        """The brands a person deals with: always the same first one, so that systems overlap."""
        found = [BRANDS[person.index % 3]]
        if self.chance(0.4):
            found.append(BRANDS[(person.index + 1) % 3])
        return found

    def campaign(self, brand: str, filled: float = 0.5) -> str:
        if not self.chance(filled):
            return ""
        return f"{CODES[brand]}-{self.rng.randint(18, 26)}-{self.rng.randint(1, 12):02d}"

    def record(self, key: tuple[str, str], person: str, said: Spelling) -> None:
        self.truth.record(
            key, person, said.readable, said.has_name, said.birth_key, said.address_key
        )

    def repeat_some(self, file: str, share: float, but: Container[str] = ()) -> None:
        """Deliver some rows a second time, as exports that are pasted together do; none of ``but``."""
        rows = self.rows[file]
        rows += [row for row in rows if self.chance(share) and row not in but]

    def hide(self, file: str, row: str) -> None:
        """Put a broken row somewhere in the middle."""
        rows = self.rows[file]
        rows.insert(self.rng.randint(min(1, len(rows)), len(rows)), row)
