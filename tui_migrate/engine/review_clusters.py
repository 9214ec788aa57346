"""What people are asked about: clusters of records, made of the pairs that a match left to them.

Records that a match joined by itself stand as one. Beginning with the weightiest, the pairs of the
review band join them to clusters, as long as one screen holds them; pairs that would make a cluster
too large are further clusters of their own. So every pair is asked in exactly one cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from tui_migrate.engine.review_order import Asked, Order, ordered, stakes

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk

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
