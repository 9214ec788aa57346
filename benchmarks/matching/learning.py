"""``python -m benchmarks.matching.learning``: what refitting is worth, by decisions on generated records.

Half of the pairs of the review band may be decided, from the truth; the other half tells how good the
model is then. Prints a table: best F1 over all pairs that were not to be decided (a pair that blocking
misses is missed), F1 of the review band at its best threshold, and log-loss there in bits.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.matching import data
from benchmarks.matching.own import KEEP, prepare
from tui_migrate.matching import MatchSettings, block, create_tables
from tui_migrate.matching.core import compare, read_records
from tui_migrate.matching.deciding import certain_edges, decide
from tui_migrate.matching.learning import Decided, Pair, refit, surprise, weigh
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.scoring import find_patterns, fit, score

DECISIONS = (10, 50, 200, 1000, 5000)
ERRING = (0.0, 0.03)
TURNS = 3
_TRUE = "SELECT sum(n * (n - 1) // 2)::DOUBLE FROM (SELECT count(*) AS n FROM truth GROUP BY truth)"
# One row is one compared pair with its levels, by pattern, and whether it is one person.
_PAIRS = """
SELECT s.weight, coalesce(j.band, 'below') AS band, x.truth = y.truth AS same, p.kind, {levels}
FROM mt_scored s JOIN mt_pattern p USING (pattern) JOIN truth x ON x.uid = s.a
JOIN truth y ON y.uid = s.b LEFT JOIN mt_judged j ON j.a = s.a AND j.b = s.b ORDER BY s.a, s.b
"""
# One row is one record with the person that it is about.
_TRUTH = """
CREATE TEMP TABLE truth AS SELECT m.uid, t.truth FROM mt_record m
JOIN read_parquet('{records}') t USING (source, record_id)
"""


def pairs_of(records: Path) -> tuple[FrozenModel, list[Pair], list[str], list[bool], float]:
    """The fitted model; each compared pair, its band and whether it is one person; all true pairs."""
    settings = MatchSettings(keep_from=KEEP)
    with tempfile.TemporaryDirectory() as folder:
        cur = prepare(records, Path(folder))
        create_tables(cur)
        placeholders, rarity = read_records(cur, "person", settings)
        certain_edges(cur, '"link"', '"decision"')
        block(cur, settings.keys, settings.cap)
        compare(cur, settings)
        find_patterns(cur, settings)
        model = fit(cur, settings, placeholders, rarity)
        score(cur, model, -1e9)
        decide(cur, model)
        cur.execute(_TRUTH.format(records=records))
        total = float(cur.execute(_TRUE).fetchall()[0][0])
        names = settings.field_names
        fields = {f.name: f for kind in settings.fields for f in settings.fields[kind]}
        rows = cur.execute(_PAIRS.format(levels=", ".join(f"p.{n}" for n in names))).fetchall()
    pairs, bands, same = [], [], []
    for weight, band, true, kind, *levels in rows:
        met = {n: fields[n].levels[at - 1].name for n, at in zip(names, levels, strict=True) if at}
        pairs.append(Pair(kind, met, weight))
        bands.append(band)
        same.append(bool(true))
    return model, pairs, bands, same, total


def best_f1(weights: Any, same: Any, total: float) -> float:
    """F1 at the threshold where it is best, against ``total`` true pairs."""
    right = np.cumsum(same[np.argsort(-weights, kind="stable")])
    return float((2 * right / (np.arange(1, len(right) + 1) + total)).max())


def rows(persons: int) -> Iterator[str]:
    """The lines of the table."""
    model, pairs, bands, same, total = pairs_of(data.generated(persons))
    truth = np.asarray(same)
    dice = np.random.default_rng(1)
    review = np.flatnonzero(np.asarray(bands) == "review")
    pool = dice.permutation(review)[: len(review) // 2]
    kept = np.ones(len(pairs), bool)
    kept[pool] = False
    asked = kept & (np.asarray(bands) == "review")
    held = [pair for pair, band in zip(pairs, bands, strict=True) if band != "review"]
    held = [pair for pair in held if pair.probability >= KEEP]

    def told(after: FrozenModel) -> tuple[float, float, float]:
        weights = np.asarray([weigh(model, after, pair).weight for pair in pairs])
        band = [Decided(weigh(model, after, pairs[at]), same[at]) for at in np.flatnonzero(asked)]
        return (
            best_f1(weights[kept], truth[kept], total - truth[pool].sum()),
            best_f1(weights[asked], truth[asked], truth[asked].sum()),
            surprise(band),
        )

    yield _line("none", "", told(model))
    orders = {
        "by chance": None,
        "likeliest first": [pool[at] for at in np.argsort([-pairs[at].weight for at in pool])],
        "most doubtful first": [
            pool[at] for at in np.argsort([abs(pairs[at].weight) for at in pool])
        ],
    }
    for name, order in orders.items():
        for erring in ERRING:
            for count in DECISIONS:
                found = []
                for turn in range(TURNS):
                    dice = np.random.default_rng(100 + turn)
                    chosen = dice.choice(pool, count, False) if order is None else order[:count]
                    slips = dice.random(count) < erring
                    decided = [
                        Decided(pairs[at], same[at] is not bool(slip))
                        for at, slip in zip(chosen, slips, strict=True)
                    ]
                    found.append(told(refit(model, decided, held)))
                mean = tuple(float(np.mean(each)) for each in zip(*found, strict=True))
                yield _line(f"{count:,}", f"{name}, {erring:.0%} wrong", mean)


def _line(decisions: str, how: str, figures: tuple[float, ...]) -> str:
    return f"| {decisions} | {how} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.matching.learning", description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000)
    print("| decisions | how | best F1 | best F1 of the review band | log-loss there, bits |")
    print("|---:|---|---:|---:|---:|")
    for line in rows(parser.parse_args().persons):
        print(line, flush=True)


if __name__ == "__main__":
    main()
