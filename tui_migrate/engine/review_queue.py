"""The queue of clusters: what belongs together is one thing to settle, made once after a match.

Records that a match joined by itself stand as one. Beginning with the weightiest, the pairs of the
review band join them to clusters, as long as one screen holds them; pairs that would make a cluster
too large are further clusters of their own. So every pair is asked in exactly one cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from tui_migrate.engine.decisions import changed, digests_of, members_of
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
    names: list[str]
    """Pseudonyms of the records."""
    clusters: list[Cluster]
    brands: list[frozenset[str]]
    stale: dict[int, set[str]]
    """Decision → the records (pseudonyms) of which a field is another now."""
    seq: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    missed: float = 0.0
    """The pairs of one person in clusters that are not settled, by their likelihoods."""
    _of: dict[str, list[int]] = field(default_factory=dict)
    """Pseudonym → the clusters that it stands in."""

    def __post_init__(self) -> None:
        for number, cluster in enumerate(self.clusters):
            for at in cluster.records:
                self._of.setdefault(self.names[at], []).append(number)
        self.counts = dict.fromkeys(STATES, 0)
        self.counts[OPEN] = len(self.clusters)
        self.missed = sum(cluster.missed for cluster in self.clusters)

    def named(self, number: int) -> tuple[Record, ...]:
        """The records of a cluster."""
        return tuple(self.records[at] for at in self.clusters[number].records)

    def pseudonyms(self, number: int) -> tuple[str, ...]:
        """What the audit calls the records of a cluster."""
        return tuple(self.names[at] for at in self.clusters[number].records)

    def with_two_of(self, names: Sequence[str]) -> list[int]:
        """The clusters that hold two of these records (pseudonyms) or more."""
        found = Counter(number for name in set(names) for number in self._of.get(name, ()))
        return sorted(number for number, count in found.items() if count > 1)

    def covered(self, number: int, allowed: frozenset[str] | None) -> bool:
        """Whether all brands of all records of a cluster are among these."""
        if allowed is None:
            return True
        each = [self.brands[at] for at in self.clusters[number].records]
        return all(brands and brands <= allowed for brands in each)

    def follow(self, state: RunState) -> None:
        """Take in what was decided since; only the clusters that it is about are looked at. Whoever
        changes ``state`` has to wait meanwhile."""
        if state.seq == self.seq:
            return
        said = takewhile(lambda seq: seq > self.seq, reversed(state.decisions))
        back = takewhile(lambda seq: seq > self.seq, reversed(state.taken_back))
        news = {*said, *(state.taken_back[entry] for entry in back)}
        names = {name for seq in news for name in state.decisions[seq].records}
        for number in {n for name in names for n in self._of.get(name, ())}:
            self._settle(state, self.clusters[number])
        self.seq = state.seq

    def _settle(self, state: RunState, cluster: Cluster) -> None:
        """Find where a cluster stands: by the words on the pairs that are asked in it."""
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
        self.counts[before] -= 1
        self.counts[cluster.state] += 1
        self.missed += cluster.missed * ((before in SETTLED) - (cluster.state in SETTLED))

    def _two(self, state: RunState, cluster: Cluster) -> str:
        """Where a cluster stands that two persons answer; '' where that says no more than its pairs."""
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


def build(desk: Desk) -> ReviewQueue:
    """The queue as the last match left it, before any decision is looked at."""
    runbook = desk.view.runbook
    records, clusters = asked_of(desk, runbook.review.order if runbook is not None else "worth")
    pseudonyms = desk.view.pseudonyms(records)
    names = {record: name for name, record in pseudonyms.items()}
    brands = desk.view.reviews.brands(desk.cursor, runbook, records) if records else {}
    return ReviewQueue(
        records,
        [names[record] for record in records],
        clusters,
        [brands[record] for record in records],
        stale(desk, set(pseudonyms)),
    )


def asked_of(desk: Desk, how: Order) -> tuple[list[Record], list[Cluster]]:
    """The records that the last match left to people, and the clusters in which they are asked, in this
    order. Only the tables of the match and of what hangs on records are read."""
    if not desk.columns("pair"):
        return [], []
    places: dict[Record, int] = {}
    edges: list[Edge] = []
    about: list[About] = []
    for sa, ra, sb, rb, weight, probability, reason, fields, pattern in desk.rows(_EDGES):
        a, b = (places.setdefault(r, len(places)) for r in ((sa, ra), (sb, rb)))
        edges.append((a, b))
        against = frozenset(name for name in fields or () if name and name != "prior")
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
            a, b = (find(at) for at in edges[number])
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
        reasons=frozenset(about[number].reason for number in asked),
        fields=frozenset(name for number in asked for name in about[number].against),
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
