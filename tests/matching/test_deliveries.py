"""Deliveries come one after another, in whatever order: with the frozen model the end is the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.matching.data import Key, Outcome, Row, people, run
from tui_migrate.matching import FrozenModel

ROWS, TRUTH = people(70, seed=31)
FIRST, LATER = ROWS[: len(ROWS) // 2], ROWS[len(ROWS) // 2 :]
PARTS = 3
"""Deliveries after the first."""


def _key(row: Row) -> Key:
    return row["source"], row["record_id"]


def _said(rows: list[Row], doubtful: list[frozenset[str]]) -> list[tuple[Key, Key, str]]:
    """What a reviewer says of the doubtful pairs, as soon as both records are there."""
    there = {row["record_id"]: _key(row) for row in rows}
    pairs = [sorted(pair) for pair in doubtful if pair <= there.keys()]
    return [
        (there[a], there[b], "merge" if TRUTH[a] == TRUTH[b] else "different")
        for a, b in sorted(pairs)
    ]


def _state(found: Outcome) -> dict[str, Any]:
    """All that a run keeps of pairs and clusters, by record."""
    shown = ("weight", "probability", "band", "reason", "decision")
    pairs = {tuple(sorted(p)): [row[name] for name in shown] for p, row in found.pairs.items()}
    clusters = {r: (row["cluster_id"], row["status"]) for r, row in found.clusters.items()}
    return {"pairs": pairs, "clusters": clusters}


MODEL = FrozenModel.from_json(run(FIRST).report.model.to_json())
WHOLE = run(ROWS, model=MODEL)
DOUBTFUL = [pair for pair, row in WHOLE.pairs.items() if row["band"] == "review"]
SETTLED = _state(run(ROWS, decisions=_said(ROWS, DOUBTFUL), model=MODEL))


@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    order=st.permutations(range(len(LATER))),
    parts=st.lists(
        st.integers(0, PARTS - 1), min_size=len(LATER), max_size=len(LATER)
    ),
)  # fmt: skip
@pytest.mark.soak
def test_the_order_of_deliveries_does_not_change_who_is_one_person(
    order: list[int], parts: list[int]
) -> None:
    assert DOUBTFUL, "a reviewer has something to say"
    come, found = list(FIRST), run(FIRST, model=MODEL)
    for part in range(PARTS):
        come += [LATER[at] for at in order if parts[at] == part]
        before = found
        found = run(come, decisions=_said(come, DOUBTFUL), model=MODEL)
        for pair in before.pairs.keys() & found.pairs.keys():
            old, new = before.pairs[pair], found.pairs[pair]
            # Only what is known of an address moves a pair: how many others have it too.
            levels = [[one["level"] for one in row["weights"]] for row in (old, new)]
            assert levels[0] != levels[1] or old["weight"] == new["weight"]
    assert _state(found) == SETTLED


def test_a_model_fitted_anew_would_not_say_the_same() -> None:
    """What the test above would not see if models were not kept."""
    refitted = run(ROWS, decisions=_said(ROWS, DOUBTFUL))
    assert refitted.report.model != MODEL
    assert _state(refitted)["pairs"] != SETTLED["pairs"]
