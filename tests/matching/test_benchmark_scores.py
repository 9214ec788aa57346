"""The benchmark's scores, against counting pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.matching.scores import THRESHOLDS, Score, ranked

PAIRS = st.lists(
    st.tuples(st.sampled_from([0.02, 0.3, 0.5, 0.7, 0.95, 1.0]), st.booleans()), min_size=1
)


def counted(pairs: list[tuple[float, bool]], threshold: float, true_pairs: int) -> Score:
    """The score of the pairs from a threshold on."""
    taken = [good for probability, good in pairs if probability >= threshold]
    right = sum(taken)
    return Score(threshold, right / len(taken) if taken else 1.0, right / true_pairs)


@given(PAIRS, st.integers(1, 5))
def test_scores_are_those_of_counting(pairs: list[tuple[float, bool]], missed: int) -> None:
    pairs.sort(key=lambda pair: -pair[0])
    true_pairs = sum(good for _probability, good in pairs) + missed
    best, *others = ranked(
        np.array([p for p, _good in pairs]), np.array([good for _p, good in pairs]), true_pairs
    )
    assert others == [counted(pairs, threshold, true_pairs) for threshold in THRESHOLDS]
    possible = [counted(pairs, threshold, true_pairs) for threshold in {p for p, _g in pairs}]
    assert best.f1 == pytest.approx(max(score.f1 for score in possible))
    assert best == counted(pairs, best.at, true_pairs)
