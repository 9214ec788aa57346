"""In which order clusters are asked: what settles and teaches most comes first.

A cluster *settles* what it is expected to bring together: how likely its pairs are, times the root of the
pairs of records between the profiles of the two; half as many again where consents contradict each other,
and where subscriptions meet. The root, since two large profiles that have not come together by themselves
are less often one person than their likelihood says (measured: with the pairs themselves F1 came slower
at each point of a review, and no faster than by score in its second half). It *teaches* what its patterns
of agreement mean: an answer whose question is open (probability near .5) moves the judgement of all pairs
that agree in the same way, the less the more of them were asked before.

The order is a function of the match and of what hangs on the records, not of the decisions: it stands
while people decide, and nothing is worked out again behind a decision.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk

Order = Literal["worth", "score"]
"""What settles and teaches most first, or the weightiest first."""

HALF = 10
"""So many answers about a pattern say half of what can be known of it."""
AT_STAKE = 0.5
"""What contradicting consents add to a cluster, and subscriptions that meet, as a share."""

# One row is a cluster two of whose records contradict each other: one says yes on a channel of a brand,
# another no. A record's own row counts, and the rows of which it is the owner.
_CONTRADICTING = """
WITH said AS (
  SELECT cluster, place, brand, channel, state FROM order_record q
  JOIN ent_consent c ON c.source = q.source AND c.record_id = q.record_id
  UNION ALL SELECT cluster, place, brand, channel, state FROM order_record q
  JOIN ent_consent c ON c.owner_source = q.source AND c.owner_record = q.record_id)
SELECT DISTINCT cluster FROM (
  SELECT cluster FROM said WHERE state IN ('given', 'confirmed', 'refused', 'withdrawn')
  GROUP BY cluster, brand, channel
  HAVING count(DISTINCT place) > 1 AND count(DISTINCT state IN ('given', 'confirmed')) > 1)
"""

# One row is a cluster in which two records or more have a subscription.
_SUBSCRIBED = """
SELECT cluster FROM order_record q SEMI JOIN ent_subscription s
  ON s.owner_source = q.source AND s.owner_record = q.record_id
GROUP BY cluster HAVING count(DISTINCT place) > 1
"""


@dataclass(slots=True)
class Asked:
    """A cluster as its order needs it. ``pairs``: of each that is asked how it agrees (a number), how
    likely it is, and how many pairs of records it would bring together: more than one where the two
    stand for profiles of several records. ``score``: the cluster's weight. ``stakes``: what is at stake,
    of contradicting consents and subscriptions that meet."""

    pairs: list[tuple[int, float, int]]
    score: float
    records: Sequence[tuple[str, str]]
    stakes: int = 0

    @property
    def settles(self) -> float:
        """What it is expected to bring together, more where much hangs on it."""
        expected = sum(likely * math.sqrt(joins) for _pattern, likely, joins in self.pairs)
        return expected * (1 + AT_STAKE * self.stakes)


def ordered(asked: Sequence[Asked], how: Order) -> list[int]:
    """The places of the clusters in the order in which they are asked; ties by their records."""
    if how == "score":
        return sorted(range(len(asked)), key=lambda n: (-asked[n].score, asked[n].records))
    settles = [one.settles for one in asked]
    first = sorted(range(len(asked)), key=lambda n: (-settles[n], asked[n].records))
    held = Counter(pattern for one in asked for pattern, _likely, _joins in one.pairs)
    heard: dict[int, int] = defaultdict(int)
    worth: dict[int, float] = {}
    for number in first:
        worth[number] = settles[number]
        for pattern, likely, _joins in asked[number].pairs:
            worth[number] += _taught(likely, heard[pattern], held[pattern])
            heard[pattern] += 1
    return sorted(first, key=lambda n: -worth[n])


def _taught(likely: float, heard: int, held: int) -> float:
    """What an answer about one of ``held`` pairs that agree alike teaches, of which so many were heard
    before: at even odds, and for the first of many, what a pair of single records settles. The
    uncertainty about a share falls with the answers as HALF / (HALF + heard)."""
    return 4 * likely * (1 - likely) * HALF / (HALF + heard) * (1 - 1 / held)


def stakes(desk: Desk, clusters: Sequence[Sequence[tuple[str, str]]]) -> dict[int, int]:
    """Cluster → what is at stake in it, of two: contradicting consents, subscriptions that meet."""
    found: dict[int, int] = defaultdict(int)
    questions = [
        sql
        for entity, sql in (("ent_consent", _CONTRADICTING), ("ent_subscription", _SUBSCRIBED))
        if "owner_source" in desk.columns(entity)
    ]
    records = [record for cluster in clusters for record in cluster]
    if not records or not questions:
        return found
    columns = {
        "cluster": np.repeat(np.arange(len(clusters)), [len(cluster) for cluster in clusters]),
        "place": np.arange(len(records)),
        "source": [source for source, _record in records],
        "record_id": [record for _source, record in records],
    }
    desk.cursor.register("order_record", pa.table(columns))
    for sql in questions:
        for (number,) in desk.rows(sql):
            found[number] += 1
    desk.cursor.unregister("order_record")
    return found
