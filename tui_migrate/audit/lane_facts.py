"""Facts about the safe lane: what merges without a person, a sample of it, and who let it merge.

A *list* is a text under ``objects/``: a line for each cluster, the pseudonyms of its records sorted and
parted by a blank; the lines sorted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from tui_migrate.audit.fact import Fact


class LaneDrawn(Fact, frozen=True, kw_only=True, tag="lane.drawn"):
    """A sample of the clusters that would merge without a person was drawn, to be looked at.

    ``sha256``: of the list of the lot, ``clusters`` of them; ``sample``: the drawn ones, as ``draw``
    draws them with ``seed``. With ``reject`` wrong ones the lot is rejected, with up to ``accept``
    accepted.
    ``basis``: digest of what the match rests on beside decisions of people: of one basis one lot only.
    """

    step: str
    attempt: int
    sha256: str
    clusters: int
    aql: str
    letter: str
    accept: int
    reject: int
    seed: str
    basis: str
    sample: list[list[str]]


class LaneJudged(Fact, frozen=True, kw_only=True, tag="lane.judged"):
    """How the sample of entry ``lot`` stands now. ``result``: accepted | rejected | open (again)."""

    lot: int
    result: str
    right: int
    wrong: int


class LaneDecided(Fact, frozen=True, kw_only=True, tag="lane.decided"):
    """A person decides about all clusters that would merge without one. ``decision``: merge | review
    (nothing merges without a person). ``sha256``: of the list that it is about; he typed
    ``clusters``, their number. ``output``: digest of the match that it comes from. ``lots``: entries of
    the accepted samples that cover it."""

    step: str
    decision: str
    sha256: str
    clusters: int
    output: str
    lots: list[int] = msgspec.field(default_factory=list)


class LaneVoided(Fact, frozen=True, kw_only=True, tag="lane.voided"):
    """The match was done again and other clusters would merge: the decision of ``entry`` counts no
    longer. ``sha256`` (of the list), ``clusters``: what would merge now."""

    entry: int
    sha256: str
    clusters: int


def seed_of(run: str, sha256: str) -> str:
    """The seed of a sample: nobody chooses it, and of one list of a run there is one."""
    return hashlib.sha256(f"{run}|{sha256}".encode()).hexdigest()[:16]


def draw(lines: Iterable[str], size: int, seed: str) -> list[str]:
    """``size`` lines of a list: those with the smallest SHA-256 of ``seed|line``, in its order."""

    def place(line: str) -> bytes:
        return hashlib.sha256(f"{seed}|{line}".encode()).digest()

    return sorted(lines, key=place)[:size]
