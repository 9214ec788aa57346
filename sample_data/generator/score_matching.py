"""How well records were brought together: precision, recall and what review could still find."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from .tables import Facts, Key, Pair


@dataclass(frozen=True, slots=True)
class Matching:
    """Counts of pairs of records."""

    merged: int
    merged_true: int
    reachable: int
    unreachable: int
    found: int
    found_with_review: int
    records: int
    in_profiles: int
    unknown: int

    @property
    def precision(self) -> float:
        return self.merged_true / self.merged if self.merged else 1.0

    @property
    def recall(self) -> float:
        return self.found / self.reachable if self.reachable else 1.0

    @property
    def recall_with_review(self) -> float:
        return self.found_with_review / self.reachable if self.reachable else 1.0


class Sets:
    """Disjoint sets of records."""

    def __init__(self) -> None:
        self._parent: dict[Key, Key] = {}

    def find(self, key: Key) -> Key:
        root = key
        while (up := self._parent.get(root, root)) != root:
            root = up
        while (up := self._parent.get(key, key)) != root:
            self._parent[key] = root
            key = up
        return root

    def join(self, one: Key, other: Key) -> None:
        a, b = self.find(one), self.find(other)
        if a != b:
            self._parent[max(a, b)] = min(a, b)


def reachable(facts: Facts, one: Key, other: Key) -> bool:
    """Whether anybody could see from two records of one person that they belong together."""
    empty: set[str] = set()
    if facts.points.get(one, empty) & facts.points.get(other, empty):
        return True
    if (one, other) in facts.links or (other, one) in facts.links:
        return True
    a, b = facts.records[one], facts.records[other]
    if not (a.has_name and b.has_name):
        return False
    return bool(a.birth and a.birth == b.birth) or bool(a.address and a.address == b.address)


def score_matching(facts: Facts, crosswalk: dict[Key, str], pairs: Iterable[Pair]) -> Matching:
    """Compare the profiles that came about without a person with the truth."""
    pairs = list(pairs)
    profiles: dict[str, list[Key]] = defaultdict(list)
    for key, profile in crosswalk.items():
        if key in facts.records:
            profiles[profile].append(key)
    automatic = _automatic(facts, crosswalk, profiles, pairs)
    merged = merged_true = 0
    groups: dict[Key, list[Key]] = defaultdict(list)
    for members in profiles.values():
        for key in members:
            groups[automatic.find(key)].append(key)
    for members in groups.values():
        merged += _pairs(len(members))
        owners = Counter(facts.records[key].person for key in members)
        merged_true += sum(_pairs(n) for n in owners.values())
    counts = _recall(facts, crosswalk, automatic, pairs)
    known = sum(len(members) for members in profiles.values())
    return Matching(merged, merged_true, *counts, len(facts.records), known, len(crosswalk) - known)


def _pairs(n: int) -> int:
    return n * (n - 1) // 2


def _automatic(
    facts: Facts, crosswalk: dict[Key, str], profiles: dict[str, list[Key]], pairs: list[Pair]
) -> Sets:
    """Profiles as they would be without what persons merged.

    A profile that no person touched is taken whole; one that a person merged falls apart into
    what its automatic pairs and links hold together.
    """
    touched = {crosswalk[p.one] for p in pairs if p.merged and p.by_person and p.one in crosswalk}
    sets = Sets()
    for profile, members in profiles.items():
        if profile not in touched:
            for key in members[1:]:
                sets.join(members[0], key)
    certain = [(p.one, p.other) for p in pairs if p.merged and not p.by_person]
    for one, other in [*certain, *facts.links]:
        profile = crosswalk.get(one, "")
        if profile in touched and profile == crosswalk.get(other):
            sets.join(one, other)
    return sets


def _recall(
    facts: Facts, crosswalk: dict[Key, str], automatic: Sets, pairs: list[Pair]
) -> tuple[int, int, int, int]:
    """Reachable, unreachable, found, found with review."""
    reviewed: dict[str, list[tuple[Key, Key]]] = defaultdict(list)
    for pair in pairs:
        if pair.band not in ("auto", "review"):
            continue
        owner, owner_too = facts.records.get(pair.one), facts.records.get(pair.other)
        if owner and owner_too and owner.person == owner_too.person:
            reviewed[owner.person].append((pair.one, pair.other))
    persons: dict[str, list[Key]] = defaultdict(list)
    for key, record in facts.records.items():
        if record.readable:
            persons[record.person].append(key)
    total = apart = found = with_review = 0
    for person, keys in persons.items():
        own = Sets()
        for one, other in reviewed.get(person, ()):
            own.join(automatic.find(one), automatic.find(other))
        for one, other in combinations(keys, 2):
            if not reachable(facts, one, other):
                apart += 1
                continue
            total += 1
            if one not in crosswalk or other not in crosswalk:
                continue
            a, b = automatic.find(one), automatic.find(other)
            found += a == b
            with_review += own.find(a) == own.find(b)
    return total, apart, found, with_review
