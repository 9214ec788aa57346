"""The answers to ``engine.queries``, computed by SQL on a cursor of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tui_migrate.engine import (
    audit_queries,
    data_queries,
    lane_queries,
    lesson_queries,
    pair_queries,
    person_queries,
    queries,
    review_queries,
)
from tui_migrate.engine.answers import (
    audit,
    clusters,
    findings,
    lane,
    lane_pool,
    lane_precision,
    lessons,
    pairs,
    people,
    plan,
    review_state,
    searching,
)
from tui_migrate.engine.answers.cluster_sheet import Material
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.api import Query
from tui_migrate.runbook.base import EVERY

_ANSWERS: dict[type, Callable[[Desk, Any], Any]] = {
    data_queries.FindingRules: findings.rules,
    data_queries.FindingFields: findings.fields,
    data_queries.FindingRecords: findings.records,
    data_queries.Columns: findings.columns,
    data_queries.Fates: findings.fates,
    pair_queries.PairDecisions: pairs.settled,
    review_queries.ClusterQueue: clusters.queue,
    review_queries.ClusterStep: clusters.step,
    review_queries.ClusterHistory: clusters.history,
    review_queries.ReviewFigures: review_state.figures,
    lane_queries.SafeLane: lane.sheet,
    lane_queries.LaneExamples: lane_pool.examples,
    lane_queries.LanePrecision: lane_precision.known,
    queries.Plan: plan.planned,
    lesson_queries.Lesson: lessons.lesson,
    person_queries.Search: searching.search,
    person_queries.Person: people.person,
    person_queries.ConsentEvents: people.consent_events,
    audit_queries.Verification: audit.verification,
    audit_queries.JournalText: audit.journal_text,
}


def answer_with(view: queries.View, query: Query) -> Any:
    """Answer ``query``; ``TypeError`` for a type that is not a known question."""
    if isinstance(query, queries.Said):
        sealed = {
            one.sealed
            for one in list(view.state.decisions.values())
            if one.sealed and one.by != view.who.user
        }
        return {name: "" if name in sealed else view.words(name) for name in query.references}
    handler = _ANSWERS.get(type(query))
    if handler is None:
        raise TypeError(type(query).__name__)
    cursor = view.cursor()
    try:
        return handler(Desk(view, cursor), query)
    finally:
        cursor.close()


def knowing_clusters(view: queries.View) -> None:
    """See to it that the queue of clusters is made."""
    cursor = view.cursor()
    try:
        view.reviews.queue(Desk(view, cursor))
    finally:
        cursor.close()


def ready_for_reviewers(view: queries.View) -> None:
    """See to it that the queue of clusters is made, and that it is known which of them the roles see that
    see some brands only."""
    knowing_clusters(view)
    queue = view.reviews.made
    for role in view.runbook.roles.values():
        if queue is not None and EVERY not in role.brands:
            queue.tally(frozenset(role.brands))


def read_next(
    view: queries.View, query: review_queries.ClusterStep, page: review_queries.ClusterPage
) -> Material | None:
    """See ``clusters.next_open``."""
    cursor = view.cursor()
    try:
        return clusters.next_open(Desk(view, cursor), query, page)
    finally:
        cursor.close()


def meant(view: queries.View, query: Query) -> Query:
    """The question with the person that is meant, where it names one by a record."""
    if not isinstance(query, person_queries.Person):
        return query
    cursor = view.cursor()
    try:
        return people.resolved(Desk(view, cursor), query)
    finally:
        cursor.close()
