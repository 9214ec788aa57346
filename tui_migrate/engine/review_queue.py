"""The queue of clusters: made once after a match, then each decision moves the clusters that it is
about."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import compress, takewhile
from typing import TYPE_CHECKING

from tui_migrate.engine.decisions import changed, digests_of, members_of
from tui_migrate.engine.review_clusters import (
    DIFFER,
    OPEN,
    SETTLED,
    SPLIT,
    STATES,
    WAITING,
    Cluster,
    asked_of,
)
from tui_migrate.engine.review_index import Selections, Tally
from tui_migrate.engine.review_records import Brands, Names
from tui_migrate.engine.two_answers import (
    AGREED,
    ONE,
    drawn,
    question_on,
    standing,
    verdict,
)
from tui_migrate.engine.two_answers import DIFFER as TWO_DIFFER

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk
    from tui_migrate.engine.state import RunState

Record = tuple[str, str]


@contextmanager
def _without_collection() -> Iterator[None]:
    """Millions of small things that all stay: looking through them for garbage takes longer than
    making them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@dataclass(slots=True)
class ReviewQueue:
    """Clusters in the order in which they are asked (``review_order``), each with its state."""

    records: list[Record]
    names: Sequence[str]
    """Pseudonyms of the records."""
    clusters: list[Cluster]
    brands: Sequence[frozenset[str]]
    stale: dict[int, set[str]]
    """Decision → the records (pseudonyms) of which a field is another now."""
    seq: int = 0
    touched: list[int] = field(default_factory=list)
    """The clusters that decisions were about, one after the other."""
    selections: Selections = field(default_factory=Selections)
    """What filters and roles found in it."""
    _whole: Tally = field(default_factory=lambda: Tally(0, {}, 0.0))
    _seen: dict[frozenset[str], tuple[bytes, Tally]] = field(default_factory=dict)
    """Brands that somebody may see → 1 for each cluster that he may see, 0 for the others; and how those
    stand."""
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _of: dict[Record, list[int]] = field(default_factory=dict)
    """Record → the clusters that it stands in."""
    _called: dict[str, int] = field(default_factory=dict)
    """Pseudonym → the place of the record; made when somebody has decided."""

    def __post_init__(self) -> None:
        for number, cluster in enumerate(self.clusters):
            for at in cluster.records:
                self._of.setdefault(self.records[at], []).append(number)
        self._whole = _counted(self.clusters)

    def named(self, number: int) -> tuple[Record, ...]:
        """The records of a cluster."""
        return tuple(self.records[at] for at in self.clusters[number].records)

    def pseudonyms(self, number: int) -> tuple[str, ...]:
        """What the audit calls the records of a cluster."""
        return tuple(self.names[at] for at in self.clusters[number].records)

    def holding(self, records: Iterable[Record]) -> Counter[int]:
        """The clusters that hold some of these records → how many."""
        return Counter(number for record in set(records) for number in self._of.get(record, ()))

    def covered(self, number: int, allowed: frozenset[str] | None) -> bool:
        """Whether all brands of all records of a cluster are among these."""
        if allowed is None:
            return True
        each = [self.brands[at] for at in self.clusters[number].records]
        return all(brands and brands <= allowed for brands in each)

    def seen(self, allowed: frozenset[str]) -> bytes:
        """For each cluster 1 if it is covered, else 0."""
        return self._known(allowed)[0]

    def tally(self, allowed: frozenset[str] | None) -> Tally:
        """How the clusters stand that are covered."""
        return self._whole if allowed is None else self._known(allowed)[1]

    def _known(self, allowed: frozenset[str]) -> tuple[bytes, Tally]:
        known = self._seen.get(allowed)
        if known is not None:
            return known
        brands = list(self.brands)
        few = {each: bool(each) and each <= allowed for each in set(brands)}
        within = [few[each] for each in brands]
        seen = bytes(all(within[at] for at in cluster.records) for cluster in self.clusters)
        with self._counting:
            tally = _counted(compress(self.clusters, seen))
            return self._seen.setdefault(allowed, (seen, tally))

    def follow(self, state: RunState) -> None:
        """Take in what was decided since; only the clusters that it is about are looked at. Whoever
        changes ``state`` has to wait meanwhile."""
        if state.seq == self.seq:
            return
        said = takewhile(lambda seq: seq > self.seq, reversed(state.decisions))
        back = takewhile(lambda seq: seq > self.seq, reversed(state.taken_back))
        news = {*said, *(state.taken_back[entry] for entry in back)}
        names = {name for seq in news for name in state.decisions[seq].records}
        places = (self._place(name) for name in names)
        with self._counting:
            for number in self.holding(self.records[at] for at in places if at is not None):
                self._settle(state, number)
                self.touched.append(number)
        self.seq = state.seq

    def _place(self, name: str) -> int | None:
        if isinstance(self.names, Names):
            return self.names.place(name)
        if not self._called:
            self._called = {each: at for at, each in enumerate(self.names)}
        return self._called.get(name)

    def _settle(self, state: RunState, number: int) -> None:
        """Find where a cluster stands: by the words on the pairs that are asked in it."""
        cluster = self.clusters[number]
        before = cluster.state
        pairs = [
            state.pairs.get((self.names[a], self.names[b]))
            or state.pairs.get((self.names[b], self.names[a]))
            for a, b in cluster.pairs
        ]
        known = [pair for pair in pairs if pair is not None]
        stale = any(
            {self.names[a], self.names[b]} & self.stale.get(pair.seq, set())
            for (a, b), pair in zip(cluster.pairs, pairs, strict=True)
            if pair is not None
        )
        cluster.entry = max((pair.seq for pair in known), default=0)
        words = {pair.decision for pair in known}
        last = state.decisions.get(cluster.entry)
        cluster.changed = stale
        two = self._two(state, cluster)
        if two:
            cluster.state, cluster.changed = two, False
        elif not known or stale:
            cluster.state = OPEN
        elif last is not None and last.word != "settled":
            cluster.state = last.word
        elif len(known) < len(pairs):
            cluster.state = OPEN
        else:
            cluster.state = words.pop() if len(words) == 1 else SPLIT
        for tally in (self._whole, *(t for seen, t in self._seen.values() if seen[number])):
            tally.counts[before] -= 1
            tally.counts[cluster.state] += 1
            tally.missed += cluster.missed * ((before in SETTLED) - (cluster.state in SETTLED))

    def _two(self, state: RunState, cluster: Cluster) -> str:
        """Where a cluster stands that two persons answer; '' where that says no more than its pairs."""
        if state.draw is None:
            return ""
        names = [self.names[at] for at in cluster.records]
        if not drawn(state, names):
            return ""
        question = question_on(state, names)
        how = verdict(state, question)
        if question is None or how not in (ONE, TWO_DIFFER, AGREED):
            return ""
        if any(self.stale.get(one.seq) for one in standing(state, question)):
            return ""
        return {ONE: WAITING, TWO_DIFFER: DIFFER, AGREED: ""}[how]


def _counted(clusters: Iterable[Cluster]) -> Tally:
    tally = Tally(0, dict.fromkeys(STATES, 0), 0.0)
    for cluster in clusters:
        tally.total += 1
        tally.counts[cluster.state] += 1
        tally.missed += cluster.missed * (cluster.state not in SETTLED)
    return tally


def build(desk: Desk) -> ReviewQueue:
    """The queue as the last match left it, before any decision is looked at."""
    view, runbook = desk.view, desk.view.runbook
    with _without_collection():
        records, clusters = asked_of(desk, runbook.review.order if runbook is not None else "worth")
        names = Names(view, records)
        changed_since = stale(desk, set(names)) if view.state.decisions else {}
        return ReviewQueue(records, names, clusters, Brands(view, records), changed_since)


def stale(desk: Desk, names: set[str]) -> dict[int, set[str]]:
    """Decision → its records that are others than they were when it was made."""
    decisions = [
        d for d in list(desk.view.state.decisions.values()) if names.intersection(d.records)
    ]
    members = {d.seq: members_of(desk.view, d) for d in decisions}
    now = digests_of(desk.cursor, {m.record for each in members.values() for m in each if m})
    stale = {
        d.seq: {
            name
            for name, m in zip(d.records, members[d.seq], strict=True)
            if m is not None and changed(m.digests, now.get(m.record))
        }
        for d in decisions
    }
    return {seq: of for seq, of in stale.items() if of}
