"""A window of the queue is what a walk through all of it finds, whatever was decided meanwhile."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from tui_migrate.audit.entries import AnyFact, Entry
from tui_migrate.audit.review_facts import ClusterDecided, DecisionTakenBack
from tui_migrate.engine.answers.clusters import BANDS, Place, queue
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import Identity
from tui_migrate.engine.review_clusters import SETTLED, STATES, Cluster
from tui_migrate.engine.review_index import MOST, Selections
from tui_migrate.engine.review_queries import ClusterFilter, ClusterQueue, ClusterWindow
from tui_migrate.engine.review_queue import ReviewQueue
from tui_migrate.engine.reviewing import Reviews
from tui_migrate.engine.run import apply
from tui_migrate.engine.seeing import Seen
from tui_migrate.engine.state import RunState

CLUSTERS, TURNS = 60, 120
NOVA = frozenset({"Nova"})
FILTERS: tuple[dict[str, str], ...] = (
    {}, {"source": "fair"}, {"source": "crm"}, {"brand": "Kompas"}, {"field": "town"},
    {"band": "sure"}, {"reason": "odd"}, {"state": "open"}, {"state": "unsure"},
    {"state": "settled"}, {"by": "anna"}, {"by": "bert", "state": "split"},
    {"source": "fair", "state": "open"},
)  # fmt: skip


def a_queue(rng: random.Random) -> ReviewQueue:
    """Clusters of two or three records, of three sources and two brands."""
    records: list[tuple[str, str]] = []
    clusters: list[Cluster] = []
    brands: list[frozenset[str]] = []
    for number in range(CLUSTERS):
        places = range(len(records), len(records) + rng.choice([2, 3]))
        for at in places:
            records.append((rng.choices(["crm", "mail", "fair"], [6, 6, 1])[0], f"R{at}"))
            brands.append(
                rng.choices([NOVA, frozenset({"Kompas"}), NOVA | {"Kompas"}], [8, 1, 1])[0]
            )
        clusters.append(
            Cluster(
                records=list(places),
                pairs=[(places[0], at) for at in places[1:]],
                weight=float(CLUSTERS - number),
                probability=rng.random(),
                reason="usual",
                reasons=frozenset(rng.choice([("usual",), ("usual", "odd")])),
                fields=frozenset(rng.choice([(), ("town",), ("town", "street")])),
                missed=rng.random(),
            )
        )
    return ReviewQueue(records, [f"p{r}" for _s, r in records], clusters, brands, {})


@dataclass
class Wall(Reviews):
    """Reviews with a queue that is there already."""

    there: ReviewQueue
    state: RunState

    def __post_init__(self) -> None:
        super().__init__()

    def queue(self, desk: Desk) -> ReviewQueue:
        self.there.follow(self.state)
        return self.there


@dataclass
class Around:
    """What a question needs of an engine."""

    reviews: Wall
    state: RunState
    brands: frozenset[str] | None = None
    runbook: Any = None
    workspace: Path = Path()
    who: Identity = field(default_factory=lambda: Identity(user="anna", uid=1, roles=()))

    @property
    def seen(self) -> Seen:
        return Seen(self.brands)


def say(state: RunState, by: str, fact: AnyFact) -> None:
    """The next entry of the journal."""
    seq = state.seq + 1
    apply(state, Entry(seq=seq, at="", by=by, uid=1, fact=fact, prev="", hash=""))


def decide(state: RunState, there: ReviewQueue, rng: random.Random) -> None:
    """Somebody says something about a cluster, or takes back what was said."""
    if state.decisions and rng.random() < 0.3:
        entry = rng.choice(list(state.decisions))
        decision = state.decisions[entry]
        say(state, "bert", DecisionTakenBack(entry=entry if decision.standing else decision.ended))
        return
    names = list(there.pseudonyms(rng.randrange(CLUSTERS)))
    word = rng.choice(["settled", "settled", "unsure", "flagged"])
    groups = rng.choice([[[*range(len(names))]], [[at] for at in range(len(names))]])
    fact = ClusterDecided(records=names, groups=groups, decision=word, members=["m"] * len(names))
    say(state, rng.choice(["anna", "bert"]), fact)


def walked(around: Around, only: ClusterFilter) -> list[int]:
    """The clusters that fit, found by looking at each."""
    there, found = around.reviews.there, []
    for number, one in enumerate(there.clusters):
        brands = [there.brands[at] for at in one.records]
        sources = {there.records[at][0] for at in one.records}
        last = around.state.decisions.get(one.entry)
        low, high = BANDS.get(only.band, (-1.0, 2.0))
        state = {"open": one.state == "", "settled": one.state in SETTLED, "": True}
        if (
            (around.brands is None or all(each <= around.brands for each in brands))
            and (not only.source or only.source in sources)
            and (not only.brand or any(only.brand in each for each in brands))
            and (not only.field or only.field in one.fields)
            and (not only.reason or only.reason in one.reasons)
            and low <= one.probability < high
            and state.get(only.state, one.state == only.state)
            and (not only.by or (last is not None and last.by == only.by))
        ):
            found.append(number)
    return found


def stepped(around: Around, numbers: list[int], start: int, move: str) -> int | None:
    """Where a step leads, found by looking at each: the next that is open, also from the beginning, else
    one of which somebody was not sure."""
    here = start - 1
    behind, before = [n for n in numbers if n > here], [n for n in numbers if n < here]
    if move == "open":
        for words in (("",), ("unsure", "flagged")):
            for number in (*behind, *before, *(n for n in numbers if n == here)):
                if around.reviews.there.clusters[number].state in words:
                    return number
    stays = [here] if here in numbers else []
    if move == "next":
        return next(iter((*behind, *stays)), None)
    if move == "previous":
        return next(iter((*reversed(before), *stays)), None)
    return next(iter((*stays, *behind, *reversed(before))), None)


@pytest.mark.parametrize("brands", [None, NOVA, frozenset({"Bron"})])
def test_a_window_is_what_a_walk_through_the_queue_finds(brands: frozenset[str] | None) -> None:
    rng = random.Random(11)
    there, state = a_queue(rng), RunState()
    around = Around(Wall(there, state), state, brands)
    desk = Desk(cast("Any", around), cast("Any", None))
    found: set[int] = set()
    for _turn in range(TURNS):
        decide(state, there, rng)
        only = ClusterFilter(**rng.choice(FILTERS))
        window: ClusterWindow = queue(desk, ClusterQueue(only=only, limit=CLUSTERS))
        numbers = walked(around, only)
        assert [ref.number - 1 for ref in window.rows] == numbers
        assert window.fitting == len(numbers)
        seen = [there.clusters[n] for n in walked(around, ClusterFilter())]
        states = [one.state for one in seen]
        assert (window.total, window.counts) == (len(seen), {s: states.count(s) for s in STATES})
        left = sum(one.missed for one in seen if one.state not in SETTLED)
        assert window.missed == pytest.approx(left, abs=1e-9)
        place, start = Place(desk, only, ""), rng.randrange(CLUSTERS + 2)
        for move in ("here", "next", "previous", "open"):
            to = place.moved(start, move, place.fitting())
            assert to == stepped(around, numbers, start, move), (only, start, move)
            found |= {to} if to is not None else set()
    assert (len(found) > 10) == (brands in (None, NOVA)), "who may see nothing is led nowhere"


def test_behind_a_decision_only_its_cluster_is_looked_at() -> None:
    """Whatever the filter, and for a role of one brand: nothing goes through the queue once more."""
    rng = random.Random(5)
    there, state = a_queue(rng), RunState()
    around = Around(Wall(there, state), state, NOVA)
    desk = Desk(cast("Any", around), cast("Any", None))
    tried: list[int] = []

    class Counted(Place):
        def fits(self, number: int) -> bool:
            tried.append(number)
            return super().fits(number)

    for only in (ClusterFilter(**one) for one in FILTERS):
        Counted(desk, only, "").fitting()
        assert tried == list(range(CLUSTERS))
        tried.clear()
        heard = len(there.touched)
        decide(state, there, rng)
        Counted(desk, only, "").fitting()
        assert tried == there.touched[heard:]
        tried.clear()
        Counted(desk, only, "").fitting()
        assert tried == []
    assert len(there.touched) >= len(FILTERS) - 1


def test_no_more_selections_are_kept_than_are_used() -> None:
    selections = Selections()
    first = selections.of(0)
    for key in range(1, MOST):
        selections.of(key)
        assert selections.of(0) is first
    selections.of(MOST)
    assert selections.of(0) is first, "the one that was asked for just now"
    assert selections.of(1) is not None
    assert len(selections._kept) == MOST
