"""Deliveries come one after another, in whatever order: with the frozen model the end is the same."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
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


@dataclass(frozen=True)
class Settled:
    """The model of the first delivery, what is doubtful by it in all, and how all ends."""

    model: FrozenModel
    doubtful: list[frozenset[str]]
    state: dict[str, Any]


@cache
def settled() -> Settled:
    """Made by the first who asks: the other workers do without."""
    model = FrozenModel.from_json(run(FIRST).report.model.to_json())
    whole = run(ROWS, model=model)
    doubtful = [pair for pair, row in whole.pairs.items() if row["band"] == "review"]
    said = _said(ROWS, doubtful)
    return Settled(model, doubtful, _state(run(ROWS, decisions=said, model=model)))


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
    model, doubtful = settled().model, settled().doubtful
    assert doubtful, "a reviewer has something to say"
    come, found = list(FIRST), run(FIRST, model=model)
    for part in range(PARTS):
        come += [LATER[at] for at in order if parts[at] == part]
        before = found
        found = run(come, decisions=_said(come, doubtful), model=model)
        for pair in before.pairs.keys() & found.pairs.keys():
            old, new = before.pairs[pair], found.pairs[pair]
            # Only what is known of an address moves a pair: how many others have it too.
            levels = [[one["level"] for one in row["weights"]] for row in (old, new)]
            assert levels[0] != levels[1] or old["weight"] == new["weight"]
    assert _state(found) == settled().state


def test_a_model_fitted_anew_would_not_say_the_same() -> None:
    """What the test above would not see if models were not kept."""
    refitted = run(ROWS, decisions=_said(ROWS, settled().doubtful))
    assert refitted.report.model != settled().model
    assert _state(refitted)["pairs"] != settled().state["pairs"]
