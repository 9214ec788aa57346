"""What was said of every pair."""

from __future__ import annotations

from tui_migrate.engine import pair_queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.decisions import Record, members_of
from tui_migrate.engine.queries import View

Key = tuple[str, str, str, str]


def _decisions(view: View) -> dict[Key, str]:
    """The present word on each pair, by plain record ids in their one order."""
    found: dict[Key, str] = {}
    opened: dict[int, dict[str, Record]] = {}
    for key, pair in list(view.state.pairs.items()):  # the engine may add one meanwhile
        decision = view.state.decisions[pair.seq]
        if pair.seq not in opened:
            members = zip(decision.records, members_of(view, decision), strict=True)
            opened[pair.seq] = {name: m.record for name, m in members if m is not None}
        names = opened[pair.seq]
        if key[0] in names and key[1] in names:
            a, b = sorted((names[key[0]], names[key[1]]))
            found[*a, *b] = pair.decision
    return found


def settled(desk: Desk, query: q.PairDecisions) -> tuple[q.PairDecided, ...]:
    """The present word on every pair, in the order of their records."""
    return tuple(
        q.PairDecided(source_a=a, record_a=b, source_b=c, record_b=d, decision=word)
        for (a, b, c, d), word in sorted(_decisions(desk.view).items())
    )
