"""The queue of clusters: what belongs together is one thing to settle, made once after a match.

Records that a match joined by itself stand as one. Beginning with the weightiest, the pairs of the
review band join them to clusters, as long as one screen holds them; pairs that would make a cluster
too large are further clusters of their own. So every pair is asked in exactly one cluster.
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress, takewhile
from typing import TYPE_CHECKING, NamedTuple, overload

from tui_migrate.engine.decisions import changed, digests_of, members_of
from tui_migrate.engine.review_index import Selections, Tally
from tui_migrate.engine.review_order import Asked, Order, ordered, stakes
from tui_migrate.engine.two_answers import (
    AGREED,
    ONE,
    drawn,
    question_on,
    standing,
    verdict,
)
from tui_migrate.engine.two_answers import DIFFER as TWO_DIFFER

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk
    from tui_migrate.engine.queries import View
    from tui_migrate.engine.state import RunState

Record = tuple[str, str]
Edge = tuple[int, int]

MOST = 9
"""Records of one cluster: there is a key for each."""
WHOLE = 4
"""Records of one profile that are all shown; of a larger one those that are in doubt."""
OPEN, MERGE, DIFFERENT, SPLIT, UNSURE, FLAGGED = (
    "",
    "merge",
    "different",
    "split",
    "unsure",
    "flagged",
)
WAITING, DIFFER = "waiting", "differ"
"""Of clusters that two persons answer: one did, or both did and said different things."""
STATES = (OPEN, MERGE, DIFFERENT, SPLIT, UNSURE, FLAGGED, WAITING, DIFFER)
SETTLED = (MERGE, DIFFERENT, SPLIT)

# One row is a pair that is, or was, for a person to settle; the weightiest first, in the order in which
# they join records to clusters. The last column numbers how the two agree: their levels, whatever the
# names are.
_EDGES = """
SELECT source_a, record_a, source_b, record_b, weight, probability, reason,
  list_transform(weights, lambda w: CASE WHEN w.weight < 0 THEN w.field END),
  dense_rank() OVER (ORDER BY list_transform(
    list_filter(weights, lambda w: w.field NOT IN ('prior', 'name_frequency')),
    lambda w: concat_ws(' ', w.field, w.level)))
FROM pair WHERE band = 'review' OR decision IS NOT NULL
ORDER BY weight DESC NULLS LAST, source_a, record_a, source_b, record_b
"""

# One row is a record of a group that the match made, with the group: one profile (merged), or one that
# is held back because something in it conflicts.
_GROUPS = """
SELECT cluster_id, source, record_id FROM cluster
WHERE size BETWEEN 2 AND $most AND status IN ('merged', 'review')
ORDER BY cluster_id, source, record_id
"""

# One row is a record that people are asked about, with the number of records of its profile.
_SIZES = """
SELECT source, record_id, size FROM cluster SEMI JOIN (
  SELECT source_a AS source, record_a AS record_id FROM pair WHERE band = 'review' OR decision IS NOT NULL
  UNION ALL
  SELECT source_b, record_b FROM pair WHERE band = 'review' OR decision IS NOT NULL
) USING (source, record_id) WHERE status = 'merged'
"""


class _Names(Sequence[str]):
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


class _Brands(Sequence[frozenset[str]]):
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


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of small things that all stay: looking through them for garbage takes longer than
    making them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class About(NamedTuple):
    """What the match says of a pair that is asked. ``against``: fields that speak against it;
    ``pattern``: a number of how the two agree."""

    weight: float
    probability: float
    reason: str
    against: frozenset[str]
    pattern: int


@dataclass(slots=True)
class Cluster:
    """Records that may be one person. ``pairs``: those that are asked, by place of the records."""

    records: list[int]
    pairs: list[Edge]
    weight: float
    probability: float
    reason: str
    reasons: frozenset[str]
    fields: frozenset[str]
    """Compared fields that speak against it."""
    missed: float = 0.0
    """How many of these pairs are one person, by their likelihoods: what is lost if nobody decides."""
    state: str = OPEN
    entry: int = 0
    """The decision that has the last word on it."""
    changed: bool = False
    """It was settled, and rests on a field that is another now."""


@dataclass(slots=True)
class ReviewQueue:
    """Clusters in the order in which they are asked (``review_order``), each with its state."""

    records: list[Record]
    names: Sequence[str]
    """Pseudonyms of the records."""
    clusters: list[Cluster]
    brands: Sequence[frozenset[str]]
    stale: dict[int, set[str]]
    """Decision → the records (pseudonyms) of which a field is another now."""
    seq: int = 0
    touched: list[int] = field(default_factory=list)
    """The clusters that decisions were about, one after the other."""
    selections: Selections = field(default_factory=Selections)
    """What filters and roles found in it."""
    _whole: Tally = field(default_factory=lambda: Tally(0, {}, 0.0))
    _seen: dict[frozenset[str], tuple[bytes, Tally]] = field(default_factory=dict)
    """Brands that somebody may see → 1 for each cluster that he may see, 0 for the others; and how those
    stand."""
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _of: dict[Record, list[int]] = field(default_factory=dict)
    """Record → the clusters that it stands in."""
    _called: dict[str, int] = field(default_factory=dict)
    """Pseudonym → the place of the record; made when somebody has decided."""

    def __post_init__(self) -> None:
        for number, cluster in enumerate(self.clusters):
            for at in cluster.records:
                self._of.setdefault(self.records[at], []).append(number)
        self._whole = _counted(self.clusters)

    def named(self, number: int) -> tuple[Record, ...]:
        """The records of a cluster."""
        return tuple(self.records[at] for at in self.clusters[number].records)

    def pseudonyms(self, number: int) -> tuple[str, ...]:
        """What the audit calls the records of a cluster."""
        return tuple(self.names[at] for at in self.clusters[number].records)

    def holding(self, records: Iterable[Record]) -> Counter[int]:
        """The clusters that hold some of these records → how many."""
        return Counter(number for record in set(records) for number in self._of.get(record, ()))

    def covered(self, number: int, allowed: frozenset[str] | None) -> bool:
        """Whether all brands of all records of a cluster are among these."""
        if allowed is None:
            return True
        each = [self.brands[at] for at in self.clusters[number].records]
        return all(brands and brands <= allowed for brands in each)

    def seen(self, allowed: frozenset[str]) -> bytes:
        """For each cluster 1 if it is covered, else 0."""
        return self._known(allowed)[0]

    def tally(self, allowed: frozenset[str] | None) -> Tally:
        """How the clusters stand that are covered."""
        return self._whole if allowed is None else self._known(allowed)[1]

    def _known(self, allowed: frozenset[str]) -> tuple[bytes, Tally]:
        known = self._seen.get(allowed)
        if known is not None:
            return known
        within = [bool(brands) and brands <= allowed for brands in self.brands]
        seen = bytes(all(within[at] for at in cluster.records) for cluster in self.clusters)
        with self._counting:
            tally = _counted(compress(self.clusters, seen))
            return self._seen.setdefault(allowed, (seen, tally))

    def follow(self, state: RunState) -> None:
        """Take in what was decided since; only the clusters that it is about are looked at. Whoever
        changes ``state`` has to wait meanwhile."""
        if state.seq == self.seq:
            return
        said = takewhile(lambda seq: seq > self.seq, reversed(state.decisions))
        back = takewhile(lambda seq: seq > self.seq, reversed(state.taken_back))
        news = {*said, *(state.taken_back[entry] for entry in back)}
        names = {name for seq in news for name in state.decisions[seq].records}
        places = (self._place(name) for name in names)
        with self._counting:
            for number in self.holding(self.records[at] for at in places if at is not None):
                self._settle(state, number)
                self.touched.append(number)
        self.seq = state.seq

    def _place(self, name: str) -> int | None:
        if isinstance(self.names, _Names):
            return self.names.place(name)
        if not self._called:
            self._called = {each: at for at, each in enumerate(self.names)}
        return self._called.get(name)

    def _settle(self, state: RunState, number: int) -> None:
        """Find where a cluster stands: by the words on the pairs that are asked in it."""
        cluster = self.clusters[number]
        before = cluster.state
        pairs = [
            state.pairs.get((self.names[a], self.names[b]))
            or state.pairs.get((self.names[b], self.names[a]))
            for a, b in cluster.pairs
        ]
        known = [pair for pair in pairs if pair is not None]
        stale = any(
            {self.names[a], self.names[b]} & self.stale.get(pair.seq, set())
            for (a, b), pair in zip(cluster.pairs, pairs, strict=True)
            if pair is not None
        )
        cluster.entry = max((pair.seq for pair in known), default=0)
        words = {pair.decision for pair in known}
        last = state.decisions.get(cluster.entry)
        cluster.changed = stale
        two = self._two(state, cluster)
        if two:
            cluster.state, cluster.changed = two, False
        elif not known or stale:
            cluster.state = OPEN
        elif last is not None and last.word != "settled":
            cluster.state = last.word
        elif len(known) < len(pairs):
            cluster.state = OPEN
        else:
            cluster.state = words.pop() if len(words) == 1 else SPLIT
        for tally in (self._whole, *(t for seen, t in self._seen.values() if seen[number])):
            tally.counts[before] -= 1
            tally.counts[cluster.state] += 1
            tally.missed += cluster.missed * ((before in SETTLED) - (cluster.state in SETTLED))

    def _two(self, state: RunState, cluster: Cluster) -> str:
        """Where a cluster stands that two persons answer; '' where that says no more than its pairs."""
        if state.draw is None:
            return ""
        names = [self.names[at] for at in cluster.records]
        if not drawn(state, names):
            return ""
        question = question_on(state, names)
        how = verdict(state, question)
        if question is None or how not in (ONE, TWO_DIFFER, AGREED):
            return ""
        if any(self.stale.get(one.seq) for one in standing(state, question)):
            return ""
        return {ONE: WAITING, TWO_DIFFER: DIFFER, AGREED: ""}[how]


def _counted(clusters: Iterable[Cluster]) -> Tally:
    tally = Tally(0, dict.fromkeys(STATES, 0), 0.0)
    for cluster in clusters:
        tally.total += 1
        tally.counts[cluster.state] += 1
        tally.missed += cluster.missed * (cluster.state not in SETTLED)
    return tally


def build(desk: Desk) -> ReviewQueue:
    """The queue as the last match left it, before any decision is looked at."""
    view, runbook = desk.view, desk.view.runbook
    with _without_collection():
        records, clusters = asked_of(desk, runbook.review.order if runbook is not None else "worth")
        names = _Names(view, records)
        changed_since = stale(desk, set(names)) if view.state.decisions else {}
        return ReviewQueue(records, names, clusters, _Brands(view, records), changed_since)


def asked_of(desk: Desk, how: Order) -> tuple[list[Record], list[Cluster]]:
    """The records that the last match left to people, and the clusters in which they are asked, in this
    order. Only the tables of the match and of what hangs on records are read."""
    if not desk.columns("pair"):
        return [], []
    places: dict[Record, int] = {}
    edges: list[Edge] = []
    about: list[About] = []
    alike: dict[tuple[str | None, ...], frozenset[str]] = {}  # many pairs, few combinations
    for sa, ra, sb, rb, weight, probability, reason, fields, pattern in desk.rows(_EDGES):
        a = places.setdefault((sa, ra), len(places))
        b = places.setdefault((sb, rb), len(places))
        edges.append((a, b))
        against = alike.get(tuple(fields or ()))
        if against is None:
            against = frozenset(name for name in fields or () if name and name != "prior")
            alike[tuple(fields or ())] = against
        about.append(About(weight or 0.0, probability or 0.0, reason or "", against, pattern))
    parts = _parts(desk, places)
    records = list(places)
    clusters = [
        _cluster(sorted(members, key=records.__getitem__), asked, edges, about)
        for members, asked in _joined(edges, parts)
    ]
    known = dict(zip(edges, about, strict=True))
    return records, [clusters[n] for n in _order(desk, how, records, clusters, known)]


def _order(
    desk: Desk, how: Order, records: list[Record], found: list[Cluster], about: dict[Edge, About]
) -> list[int]:
    """The places of the clusters in the order in which they are asked."""
    named = [[records[at] for at in cluster.records] for cluster in found]
    hanging = stakes(desk, named) if how == "worth" else {}
    sizes: dict[Record, int] = {}
    if desk.columns("cluster"):
        sizes = {(source, record): size for source, record, size in desk.rows(_SIZES)}
    whole = [sizes.get(record, 1) for record in records]
    asked = [
        Asked(
            pairs=[
                (about[a, b].pattern, about[a, b].probability, whole[a] * whole[b])
                for a, b in cluster.pairs
            ],
            score=cluster.weight,
            records=members,
            stakes=hanging.get(number, 0),
        )
        for number, (cluster, members) in enumerate(zip(found, named, strict=True))
    ]
    return ordered(asked, how)


def _parts(desk: Desk, places: dict[Record, int]) -> dict[int, list[int]]:
    """Record → all records that stand as one with it (itself among them)."""
    if not desk.columns("cluster"):
        return {}
    groups: dict[str, list[Record]] = {}
    for group, source, record in desk.rows(_GROUPS, {"most": WHOLE}):
        groups.setdefault(group, []).append((source, record))
    found: dict[int, list[int]] = {}
    for each in groups.values():
        if any(record in places for record in each):
            numbers = [places.setdefault(record, len(places)) for record in each]
            found |= dict.fromkeys(numbers, numbers)
    return found


def _joined(edges: list[Edge], parts: dict[int, list[int]]) -> Iterator[tuple[set[int], list[int]]]:
    """Clusters: their records and the numbers of the pairs that are asked in them."""
    left: Sequence[int] = range(len(edges))
    while left:
        root: dict[int, int] = {}
        size: dict[int, int] = {}

        def find(at: int, root: dict[int, int] = root, size: dict[int, int] = size) -> int:
            part = parts.get(at)
            at = part[0] if part else at
            if at not in root:
                root[at], size[at] = at, len(part) if part else 1
            while root[at] != at:
                root[at] = root[root[at]]
                at = root[at]
            return at

        later: list[int] = []
        kept: list[int] = []
        for number in left:
            a, b = find(edges[number][0]), find(edges[number][1])
            if a != b and size[a] + size[b] > MOST:
                later.append(number)
                continue
            kept.append(number)
            if a != b:
                root[b], size[a] = a, size[a] + size[b]
        asked: dict[int, list[int]] = {}
        for number in kept:
            asked.setdefault(find(edges[number][0]), []).append(number)
        for numbers in asked.values():
            members = {
                each for number in numbers for at in edges[number] for each in parts.get(at, (at,))
            }
            yield members, numbers
        left = later


def _cluster(
    members: list[int],
    asked: list[int],
    edges: list[Edge],
    about: list[About],
) -> Cluster:
    first = about[asked[0]]
    return Cluster(
        records=members,
        pairs=[edges[number] for number in asked],
        weight=first.weight,
        probability=first.probability,
        reason=first.reason,
        missed=sum(about[number].probability for number in asked),
        reasons=frozenset({about[number].reason for number in asked}),
        fields=first.against.union(*(about[number].against for number in asked[1:])),
    )


def stale(desk: Desk, names: set[str]) -> dict[int, set[str]]:
    """Decision → its records that are others than they were when it was made."""
    decisions = [
        d for d in list(desk.view.state.decisions.values()) if names.intersection(d.records)
    ]
    members = {d.seq: members_of(desk.view, d) for d in decisions}
    now = digests_of(desk.cursor, {m.record for each in members.values() for m in each if m})
    stale = {
        d.seq: {
            name
            for name, m in zip(d.records, members[d.seq], strict=True)
            if m is not None and changed(m.digests, now.get(m.record))
        }
        for d in decisions
    }
    return {seq: of for seq, of in stale.items() if of}
