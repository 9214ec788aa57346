"""What a reviewer is about to decide on a cluster: who is one person, who leads, whose values stay."""

from __future__ import annotations

from dataclasses import dataclass, field

from tui_migrate.engine.review_queries import ClusterSheet

LETTERS = "ABCDEFGHI"
TOGETHER = (
    ("street", "house_number", "house_addition", "postcode", "town", "country"),
    ("prefix", "family_name", "full_name"),
)
"""Fields of which the values of one record belong together."""


@dataclass(slots=True)
class Draft:
    """``group``: of each record, by place; 0 is the first person."""

    group: list[int]
    lead: int = 0
    led: bool = False
    """Somebody chose the lead."""
    values: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, sheet: ClusterSheet) -> Draft:
        """Where one begins: all one person, or as it was decided."""
        group = [0] * len(sheet.records)
        for number, places in enumerate(sheet.groups):
            for at in places:
                group[at] = number
        if len(set(group)) == len(group):
            group = [0] * len(group)
        return cls(group, sheet.lead, False, dict(sheet.values))

    @property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Who is one person, by place."""
        found: dict[int, list[int]] = {}
        for at, number in enumerate(self.group):
            found.setdefault(number, []).append(at)
        return tuple(tuple(places) for places in found.values())

    @property
    def whole(self) -> bool:
        """Whether all are one person."""
        return len(set(self.group)) == 1

    @property
    def apart(self) -> bool:
        """Whether everybody is somebody else."""
        return len(set(self.group)) == len(self.group)

    def letter(self, at: int) -> str:
        """The letter of a record's group."""
        return LETTERS[self.group[at] % len(LETTERS)]

    def exclude(self, at: int) -> None:
        """Let a record be somebody for himself, or one of the others again."""
        alone = sum(number == self.group[at] for number in self.group) == 1
        others = [number for place, number in enumerate(self.group) if place != at]
        self.group[at] = min(others) if alone else max(self.group) + 1

    def turn(self, at: int) -> None:
        """Put a record into the next group: A, B… and back to A."""
        used = max(number for place, number in enumerate(self.group) if place != at)
        self.group[at] = (self.group[at] + 1) % (min(used + 1, len(self.group) - 1) + 1)

    def swap(self) -> None:
        """Let the next record lead."""
        self.lead, self.led = (self.lead + 1) % len(self.group), True

    def take(self, name: str, at: int, many: bool) -> None:
        """Take the value of a record; of a field with many values, that record's too or no longer.
        Fields that belong together are taken together."""
        names = next((each for each in TOGETHER if name in each), (name,))
        for one in names:
            before = self.values.get(one, ())
            alone = () if before == (at,) else (at,)
            kept = tuple(sorted({*before} ^ {at})) if many else alone
            if kept:
                self.values[one] = kept
            else:
                self.values.pop(one, None)

    def keep_all(self, name: str) -> None:
        """Keep the values of all records in a field with many values."""
        self.values[name] = tuple(range(len(self.group)))
