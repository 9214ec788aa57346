"""What the decisions of a simulated reviewer teach the model."""

from __future__ import annotations

from collections import Counter

import duckdb

from benchmarks.review.reviewer import Teaching, Word
from tui_migrate.matching import FrozenModel
from tui_migrate.matching.learning import Decided, pair_of, refit

Entries = tuple[tuple[str, str, float], ...]


def teaching(connection: duckdb.DuckDBPyConnection) -> Teaching:
    """Refits a model to decisions; the pairs are those of the match that the database holds now, which
    that model made. Pairs that only a later match finds teach nothing."""
    rows = connection.execute(
        "SELECT source_a, record_a, source_b, record_b, weight, weights, band FROM pair"
    ).fetchall()
    known = {}
    others: Counter[tuple[Entries, float]] = Counter()
    for source_a, record_a, source_b, record_b, weight, weights, band in rows:
        entries = tuple((one["field"], one["level"], one["weight"]) for one in weights)
        known[(source_a, record_a), (source_b, record_b)] = pair_of(entries, weight)
        if band != "review":
            others[entries, weight] += 1
    held = [pair_of(*alike, pairs=float(number)) for alike, number in others.items()]

    def teach(model: FrozenModel, said: Word) -> FrozenModel:
        decided = [Decided(known[two], same) for two, same in sorted(said.items()) if two in known]
        return refit(model, decided, held)

    return teach
