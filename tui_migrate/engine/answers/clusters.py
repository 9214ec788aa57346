"""The queue of clusters: a window of it, and the step to the next one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

import msgspec

from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answering import as_opened
from tui_migrate.engine.answers.blinding import SCORED, blind_ref, blind_sheet, is_blind
from tui_migrate.engine.answers.cluster_sheet import Material, material, sheet
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.answers.lane_pool import pool
from tui_migrate.engine.answers.twice import Twice
from tui_migrate.engine.decisions import members_of
from tui_migrate.engine.lane_queries import Pool
from tui_migrate.engine.review_clusters import (
    DIFFER,
    FLAGGED,
    OPEN,
    SETTLED,
    UNSURE,
    WAITING,
    Cluster,
)
from tui_migrate.engine.review_index import Fitting
from tui_migrate.engine.review_queue import ReviewQueue
from tui_migrate.engine.reviewing import Claimed
from tui_migrate.engine.state import Decision
from tui_migrate.engine.two_answers import word_of

BANDS = {"sure": (0.9, 2.0), "likely": (0.5, 0.9), "doubtful": (-1.0, 0.5)}
"""Band of a filter → from which likelihood, and below which."""


class Place:
    """The queue as somebody may see it, through his filter."""

    def __init__(
        self, desk: Desk, only: r.ClusterFilter, sitting: str, wanted: Pool | None = None
    ) -> None:
        view = desk.view
        self.desk, self.only = desk, only
        self.queue: ReviewQueue = pool(desk, wanted) if wanted else view.reviews.queue(desk)
        self.allowed = view.seen.brands
        self.claims: list[Claimed] = view.reviews.claims(view.who.uid, sitting)
        self.blind = is_blind(view)
        self.twice = Twice(view, self.queue)
        self._tests = self._filters()

    def _filters(self) -> list[Callable[[int, Cluster], bool]]:
        only, queue = self.only, self.queue
        tests: list[Callable[[int, Cluster], bool]] = []
        if self.allowed is not None:
            seen = queue.seen(self.allowed)
            tests.append(lambda n, _c: bool(seen[n]))
        if self.blind and any(getattr(only, name) for name in SCORED):
            tests.append(lambda n, _c: not self.hidden(n))
        if only.field:
            tests.append(lambda _n, c: only.field in c.fields)
        if only.source:
            tests.append(lambda _n, c: any(queue.records[at][0] == only.source for at in c.records))
        if only.brand:
            tests.append(lambda _n, c: any(only.brand in queue.brands[at] for at in c.records))
        if only.band:
            low, high = BANDS.get(only.band, (2.0, 2.0))
            tests.append(lambda _n, c: low <= c.probability < high)
        if only.reason:
            tests.append(lambda _n, c: only.reason in c.reasons)
        if only.state:
            tests.append(lambda n, c: _in_state(c, self.state(n), only.state))
        if only.by:
            tests.append(lambda _n, c: self._by(c) == only.by)
        return tests

    def hidden(self, number: int) -> bool:
        """Whether the score of a cluster is kept back: it is not decided."""
        return self.blind and self.queue.clusters[number].state in (OPEN, WAITING, DIFFER)

    def state(self, number: int) -> str:
        """Where a cluster stands for who asks: what another has answered first is open to him."""
        state = self.queue.clusters[number].state
        return OPEN if state == WAITING and self.twice.own(number) is None else state

    def _by(self, cluster: Cluster) -> str:
        decision = self.desk.view.state.decisions.get(cluster.entry)
        return decision.by if decision is not None else ""

    def fits(self, number: int) -> bool:
        """Whether a cluster may be seen and is asked for."""
        return all(test(number, self.queue.clusters[number]) for test in self._tests)

    def fitting(self) -> Fitting:
        """The clusters that fit. What another has answered is open to who asks, so that his own are kept
        apart where two answer."""
        me = self.desk.view.who.user if self.desk.view.state.draw is not None else ""
        key = (self.allowed, self.only, self.blind, me)
        tests = (self.fits if self._tests else None, self._asked, self._doubted)
        every = range(len(self.queue.clusters))
        return self.queue.selections.of(key).now(every, self.queue.touched, tests)

    def _asked(self, number: int) -> bool:
        return self.state(number) in (OPEN, DIFFER)

    def _doubted(self, number: int) -> bool:
        return self.state(number) in (UNSURE, FLAGGED)

    def window(self, numbers: Sequence[int], offset: int, limit: int) -> r.ClusterWindow:
        """Counts, and ``limit`` of the fitting clusters."""
        tally = self.queue.tally(self.allowed)
        rows = tuple(self.ref(number) for number in numbers[offset : offset + limit])
        return r.ClusterWindow(
            total=tally.total,
            counts=dict(tally.counts),
            fitting=len(numbers),
            offset=offset,
            rows=rows,
            missed=max(0.0, tally.missed),
        )

    def ref(self, number: int) -> r.ClusterRef:
        """A cluster with its present decision."""
        cluster, records = self.queue.clusters[number], self.queue.named(number)
        decision = self.last(number)
        stands = decision is not None and decision.standing
        ref = r.ClusterRef(
            number=number + 1,
            records=records,
            weight=cluster.weight,
            probability=cluster.probability,
            reason=cluster.reason,
            decision=self.state(number),
            by=decision.by if decision is not None else "",
            at=decision.at if decision is not None else "",
            entry=decision.seq if decision is not None else 0,
            undone=decision.ended if decision is not None and not stands else 0,
            changed=cluster.changed,
            claimed=self.holder(records),
        )
        ref = self.twice.ref(ref, number)
        return blind_ref(ref) if self.hidden(number) else ref

    def last(self, number: int) -> Decision | None:
        """The decision that has the word on a cluster, else the last one that was taken back."""
        state, cluster = self.desk.view.state, self.queue.clusters[number]
        own = self.twice.own(number) if cluster.state in (WAITING, DIFFER) else None
        if own is not None:
            return own
        if cluster.entry and cluster.state not in (WAITING, DIFFER):
            return state.decisions.get(cluster.entry)
        a, b = (self.queue.names[at] for at in cluster.pairs[0])
        said = state.unsaid.get((a, b)) or state.unsaid.get((b, a)) or ()
        undone = [d for d in map(state.decisions.__getitem__, said) if not d.standing]
        theirs = [d for d in undone if not d.question or d.by == self.desk.view.who.user]
        return max(theirs, key=lambda d: d.ended, default=None)

    def holder(self, records: Iterable[tuple[str, str]]) -> str:
        """Who else has a cluster before him."""
        if not self.claims:
            return ""
        wanted = set(records)
        return next((c.user for c in self.claims if wanted & c.records), "")

    def free(self, number: int) -> bool:
        """Whether who asks may answer, and nobody else has it before him."""
        if self.state(number) == DIFFER and not self.twice.may_settle(number):
            return False
        return not self.holder(self.queue.named(number))

    def moved(self, start: int, move: str, fitting: Fitting) -> int | None:
        """Where a step leads from ``start`` (a number of the whole queue, from 1)."""
        numbers = fitting.numbers
        before, behind = _around(numbers, start)
        here = start - 1 if before < behind else None
        if move == "open":
            for found in (fitting.asked, fitting.doubted):
                _first, rest = _around(found, start)
                for at in chain(range(rest, len(found)), range(rest)):
                    if self.free(found[at]):
                        return found[at]
        if move == "previous":
            return numbers[before - 1] if before else here
        if move != "next" and here is not None:
            return here
        if behind < len(numbers):
            return numbers[behind]
        return here if move == "next" else numbers[before - 1] if before else None


def _around(numbers: Sequence[int], start: int) -> tuple[int, int]:
    """How many clusters stand before this one (a number from 1), and how many with it."""
    return bisect_left(numbers, start - 1), bisect_left(numbers, start)


def _in_state(cluster: Cluster, shown: str, state: str) -> bool:
    if state == "settled":
        return shown in SETTLED
    if state == "changed":
        return cluster.changed
    return shown == ("" if state == "open" else state)


def queue(desk: Desk, query: r.ClusterQueue) -> r.ClusterWindow:
    """A window of the queue, and how much of the whole is settled."""
    place = Place(desk, query.only, query.sitting, query.pool)
    wanted = query.limit or query.only != r.ClusterFilter()
    numbers = place.fitting().numbers if wanted else ()
    return place.window(numbers, query.offset, query.limit)


def step(desk: Desk, query: r.ClusterStep) -> r.ClusterPage:
    """The cluster that a step leads to, whole."""
    place = Place(desk, query.only, query.sitting, query.pool)
    fitting = place.fitting()
    if query.records:
        number = _wanted(place, query.records)
    else:
        number = place.moved(query.start, query.move, fitting)
    before, behind = _around(fitting.numbers, number + 1) if number is not None else (0, 0)
    at = before if before < behind else 0
    window = place.window(fitting.numbers, at, 0)
    if number is None:
        return r.ClusterPage(window=window, place=0)
    decision, names = place.last(number), place.queue.pseudonyms(number)
    opened = place.twice.opened(decision)
    records = place.queue.named(number)
    found = desk.view.reviews.ahead.show(
        desk.view.who.uid, query.sitting, records, lambda: material(desk, records)
    )
    whole = sheet(desk, found, names, opened)
    answers = place.twice.answers(number)
    if answers:
        whole = msgspec.structs.replace(whole, answers=answers)
    if place.hidden(number):
        whole = blind_sheet(whole)
    return r.ClusterPage(window=window, place=at, ref=place.ref(number), sheet=whole)


def next_open(desk: Desk, query: r.ClusterStep, page: r.ClusterPage) -> Material | None:
    """What staging says of the cluster that is open behind the one of ``page``, for who was given that;
    ``None`` where there is none. It says nothing about who has it before him or what was decided: that
    is looked up when somebody asks for it."""
    if page.ref is None:
        return None
    place = Place(desk, query.only, query.sitting, query.pool)
    number = place.moved(page.ref.number, "open", place.fitting())
    if number is None or number + 1 == page.ref.number:
        return None
    records = place.queue.named(number)
    ready = desk.view.reviews.ahead.of(desk.view.who.uid, query.sitting, records)
    return ready or material(desk, records)


def _wanted(place: Place, records: tuple[tuple[str, str], ...]) -> int | None:
    """The cluster with the most of these records, if he may see it."""
    holding = place.queue.holding(records).items()
    found = [(held, -n) for n, held in holding if place.queue.covered(n, place.allowed)]
    return -max(found)[1] if found else None


def history(desk: Desk, query: r.ClusterHistory) -> tuple[r.ClusterPast, ...]:
    """The last decisions, but those on records that one may not see."""
    found: list[r.ClusterPast] = []
    state, allowed = desk.view.state, desk.view.seen.brands
    mine = desk.view.who.user
    decisions = [
        as_opened(desk.view, d) if d.by == mine else d
        for d in list(state.decisions.values())
        if query.by in ("", d.by) and (not d.sealed or d.by == mine)
    ]
    for decision in sorted(decisions, key=lambda d: -max(d.seq, d.ended)):
        if len(found) >= query.limit:
            break
        members = [m.record for m in members_of(desk.view, decision) if m is not None]
        if not members:
            continue
        if allowed is not None:
            brands = desk.view.reviews.brands(desk.cursor, desk.view.runbook, members)
            if any(not each or not each <= allowed for each in brands.values()):
                continue
        found.append(
            r.ClusterPast(
                entry=decision.seq,
                by=decision.by,
                at=decision.at,
                decision=word_of(decision),
                records=tuple(members),
                note=desk.view.words(decision.note),
                undone=0 if decision.standing else decision.ended,
            )
        )
    return tuple(found)
