"""How good a set of pairs and clusters is, against who the records really are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

THRESHOLDS = (0.95, 0.5)


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 between 0 and 1; ``at``: the probability from which pairs count."""

    at: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 where both are."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


@dataclass(frozen=True, slots=True)
class Scores:
    """pairs: best, then at each of ``THRESHOLDS``, against all true pairs (what blocking misses is a
    miss). clusters: B-cubed, the mean over records. blocking: share of true pairs that were compared."""

    pairs: list[Score]
    clusters: Score
    blocking: float
    records: int
    true_pairs: int


_TRUE = "SELECT coalesce(sum(n * (n - 1) // 2), 0) FROM (SELECT count(*) AS n FROM truth GROUP BY truth)"
_PAIRS = """
SELECT probability, x.truth = y.truth AS good FROM read_parquet('{pairs}') p
JOIN truth x ON x.uid = p.a JOIN truth y ON y.uid = p.b ORDER BY probability DESC
"""
_BLOCKED = """
SELECT count(*) FROM read_parquet('{blocked}') p
JOIN truth x ON x.uid = p.a JOIN truth y ON y.uid = p.b WHERE x.truth = y.truth
"""
# One row: for a record, the share of its cluster that is the same person, and of its person's records
# that are in its cluster; the mean of each over all records.
_B_CUBED = """
WITH placed AS (SELECT truth, cluster FROM truth JOIN read_parquet('{clusters}') USING (uid)),
met AS (SELECT truth, cluster, count(*) AS together FROM placed GROUP BY ALL),
clusters AS (SELECT cluster, sum(together) AS size FROM met GROUP BY ALL),
persons AS (SELECT truth, sum(together) AS size FROM met GROUP BY ALL)
SELECT sum(together * together / c.size) / sum(together),
  sum(together * together / p.size) / sum(together)
FROM met JOIN clusters c USING (cluster) JOIN persons p USING (truth)
"""


def judge(records: Path, found: Path) -> Scores:
    """Score ``found`` (pairs, clusters and blocked pairs) of the records in ``records``."""
    with duckdb.connect() as connection:
        connection.execute(
            f"CREATE TABLE truth AS SELECT uid, truth FROM read_parquet('{records}')"
        )
        count = int(connection.execute("SELECT count(*) FROM truth").fetchall()[0][0])
        true_pairs = int(connection.execute(_TRUE).fetchall()[0][0])
        table = connection.execute(_PAIRS.format(pairs=found / "pairs.parquet")).fetchnumpy()
        met = connection.execute(_BLOCKED.format(blocked=found / "blocked.parquet")).fetchall()
        cubed = connection.execute(_B_CUBED.format(clusters=found / "clusters.parquet")).fetchall()
    pairs = ranked(np.asarray(table["probability"]), np.asarray(table["good"]), true_pairs)
    clusters = Score(0.0, *map(float, cubed[0]))
    return Scores(pairs, clusters, int(met[0][0]) / true_pairs, count, true_pairs)


def ranked(
    probability: np.ndarray[tuple[int], np.dtype[np.float64]],
    good: np.ndarray[tuple[int], np.dtype[np.bool_]],
    true_pairs: int,
) -> list[Score]:
    """The score with the best F1, then those at the thresholds. Pairs come by falling probability; pairs
    of one probability count together."""
    hits = np.cumsum(good)
    taken = np.arange(1, len(good) + 1)
    last = np.append(probability[1:] != probability[:-1], True)
    precision, recall = hits / taken, hits / true_pairs
    f1 = np.where(last, 2 * hits / (taken + true_pairs), 0.0)
    best = int(f1.argmax())
    found = [Score(float(probability[best]), float(precision[best]), float(recall[best]))]
    for threshold in THRESHOLDS:
        upto = int(np.searchsorted(-probability, -threshold, side="right"))
        right = int(hits[upto - 1]) if upto else 0
        found.append(Score(threshold, right / upto if upto else 1.0, right / true_pairs))
    return found
