"""How far the review of duplicates is, and how good it is in all likelihood."""

from __future__ import annotations

from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.review_clusters import SETTLED, STATES
from tui_migrate.engine.two_answers import compared, drawn
from tui_migrate.matching.agreement import agreement, slips


def figures(desk: Desk, query: r.ReviewFigures) -> r.ReviewState:
    """Of the clusters that the asker may see; agreement is that of all reviewers."""
    view = desk.view
    queue, state, allowed = view.reviews.queue(desk), view.state, view.seen.brands
    seen = [n for n in range(len(queue.clusters)) if queue.covered(n, allowed)]
    shared = state.draw is not None and state.draw.share > 0
    if shared:
        list(queue.names)  # all at once
    counts = dict.fromkeys(STATES, 0)
    pairs = alone = twice = 0
    missed = 0.0
    for number in seen:
        cluster = queue.clusters[number]
        counts[cluster.state] += 1
        last = state.decisions.get(cluster.entry)
        twice += shared and drawn(state, queue.pseudonyms(number))
        if cluster.state not in SETTLED:
            missed += cluster.missed
            pairs += len(cluster.pairs)
        elif last is not None and not last.question:
            alone += 1
    answers = compared(state)
    both, wrong = agreement(answers), slips(answers)
    return r.ReviewState(
        total=len(seen),
        counts=counts,
        missed=round(missed, 1),
        pairs=pairs,
        drawn=twice,
        table={"/".join(key): count for key, count in sorted(both.table.items())},
        compared=both.compared,
        alike=both.alike,
        kappa=both.kappa,
        low=both.low if both.kappa is not None else None,
        high=both.high if both.kappa is not None else None,
        alone=alone,
        wrong=wrong.share if wrong else None,
        wrong_low=wrong.low if wrong else None,
        wrong_high=wrong.high if wrong else None,
        opposed=wrong.compared if wrong else 0,
        contrary=wrong.contrary if wrong else 0,
    )
