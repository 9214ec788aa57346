"""Clusters that two persons answer, as one of them, or the third, may see them."""

from __future__ import annotations

import msgspec

from tui_migrate.engine import queries as q
from tui_migrate.engine import review_queries as r
from tui_migrate.engine.answering import as_opened
from tui_migrate.engine.review_clusters import DIFFER
from tui_migrate.engine.review_queue import ReviewQueue
from tui_migrate.engine.state import Decision, Question
from tui_migrate.engine.two_answers import (
    THIRD,
    question_on,
    standing,
    verdict,
    word_of,
)


class Twice:
    """What ``view``'s asker may know of answers in ``queue``."""

    def __init__(self, view: q.View, queue: ReviewQueue) -> None:
        self._view, self._queue, self._me = view, queue, view.who

    def _question(self, number: int) -> Question | None:
        state = self._view.state
        return question_on(state, self._queue.pseudonyms(number)) if state.questions else None

    def _answers(self, number: int) -> list[Decision]:
        """The answers that stand and speak of values as they are."""
        question = self._question(number)
        if question is None:
            return []
        stale = self._queue.stale
        return [d for d in standing(self._view.state, question) if not stale.get(d.seq)]

    def own(self, number: int) -> Decision | None:
        """The answer of who asks."""
        return next((d for d in self._answers(number) if d.by == self._me.user), None)

    def may_settle(self, number: int) -> bool:
        """Whether who asks may settle what two see differently."""
        draw = self._view.state.draw
        role = draw.third if draw is not None else ""
        return self.own(number) is None and (not role or role in self._me.roles)

    def ref(self, ref: r.ClusterRef, number: int) -> r.ClusterRef:
        """A cluster with those who answered, where both did, and the answer that who asks may take
        back."""
        question = self._question(number)
        if question is None or not ref.decision:
            return ref
        state, own = self._view.state, self.own(number)
        entry = own.seq if own is not None else 0
        by = ", ".join(d.by for d in self._answers(number)) if ref.decision != "waiting" else ref.by
        if verdict(state, question) == THIRD:
            last = state.decisions[ref.entry]
            by, entry = last.by, last.seq if last.by == self._me.user else 0
        return msgspec.structs.replace(ref, by=by, entry=entry)

    def opened(self, decision: Decision | None) -> Decision | None:
        """A decision as who asks may read it: his own sealed answer too."""
        if decision is not None and decision.by == self._me.user:
            return as_opened(self._view, decision)
        return decision

    def answers(self, number: int) -> tuple[r.ClusterAnswerGiven, ...]:
        """Both answers of a cluster, where they differ."""
        if self._queue.clusters[number].state != DIFFER:
            return ()
        return tuple(
            r.ClusterAnswerGiven(
                by=one.by,
                at=one.at,
                decision=word_of(one),
                groups=one.groups,
                note=self._view.words(one.note),
            )
            for one in self._answers(number)
        )
