"""What the journal says of the safe lane: samples, what people decided about all of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn

ACCEPTED, REJECTED, OPEN = "accepted", "rejected", "open"


class Tally(NamedTuple):
    """How far a sample is judged: clusters right, wrong, and not looked at."""

    right: int
    wrong: int
    left: int


@dataclass(slots=True)
class Lot:
    """A sample that was drawn, at one entry."""

    seq: int
    by: str
    at: str
    fact: LaneDrawn
    said: list[int] = field(default_factory=list)
    """Entries of the decisions on its clusters, in order."""
    told: str = OPEN
    """The result that stands in the journal."""

    @property
    def size(self) -> int:
        """How many clusters were drawn."""
        return len(self.fact.sample)

    def result(self, tally: Tally) -> str:
        """accepted | rejected | open. Once too many are wrong nothing can change it."""
        if tally.wrong >= self.fact.reject:
            return REJECTED
        return OPEN if tally.left else ACCEPTED

    def tally(self, verdicts: Mapping[frozenset[str], bool], gone: Collection[str]) -> Tally:
        """Count. ``verdicts``: records of a cluster → whether it is right; ``gone``: records of whom
        was erased, whose clusters count no longer."""
        right = wrong = left = 0
        for records in self.fact.sample:
            said = verdicts.get(frozenset(records))
            if said is None:
                left += not any(record in gone for record in records)
            elif said:
                right += 1
            else:
                wrong += 1
        return Tally(right, wrong, left)


@dataclass(slots=True)
class LaneWord:
    """What somebody decided about the whole lane, at one entry; it counts while it stands."""

    seq: int
    by: str
    at: str
    fact: LaneDecided
    standing: bool = True
    ended: int = 0
    """The entry that took it back last."""
    voided: int = 0
    """The entry that says that other clusters would merge now."""

    @property
    def counts(self) -> bool:
        """Whether it was neither taken back nor voided."""
        return self.standing and not self.voided


@dataclass(slots=True)
class LaneState:
    """All of it, in the order of the journal."""

    lots: dict[int, Lot] = field(default_factory=dict)
    words: dict[int, LaneWord] = field(default_factory=dict)
    taken_back: dict[int, int] = field(default_factory=dict)
    """Entry that took a decision back, or gave it back → the decision's entry."""

    def lot(self, step: str) -> Lot | None:
        """The last sample of a match."""
        return next((x for x in reversed(self.lots.values()) if x.fact.step == step), None)

    def word(self, step: str) -> LaneWord | None:
        """The last decision about the lane of a match that counts."""
        words = reversed(self.words.values())
        return next((x for x in words if x.fact.step == step and x.counts), None)

    @property
    def closed(self) -> frozenset[str]:
        """The matches of which nothing merges without a person."""
        found = (self.word(step) for step in {w.fact.step for w in self.words.values()})
        return frozenset(
            w.fact.step for w in found if w is not None and w.fact.decision == "review"
        )
