"""The order of the review queue: what settles and teaches most is asked first."""

from __future__ import annotations

from typing import Any, cast

import duckdb
import pytest

from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.review_clusters import asked_of
from tui_migrate.engine.review_order import Asked, ordered, stakes


def one(*pairs: tuple[int, float, int], name: str = "a", score: float = 0.0, at: int = 0) -> Asked:
    """A cluster; pairs: how they agree, how likely they are, how many pairs of records they join."""
    return Asked(list(pairs), score, [("crm", name)], at)


def test_what_brings_more_records_together_comes_first() -> None:
    pair = one((1, 0.9, 1))
    profiles = one((1, 0.6, 6))
    triple = one((1, 0.7, 1), (2, 0.6, 1))
    assert ordered([pair, triple, profiles], "worth") == [2, 1, 0]


def test_by_score_nothing_but_the_weight_counts_and_ties_go_by_record() -> None:
    clusters = [one((1, 0.6, 9), name="b", score=2.0), one((1, 0.5, 1), name="a", score=2.0)]
    assert ordered([*clusters, one((1, 0.9, 1), score=3.5)], "score") == [2, 1, 0]


def test_contradicting_consents_and_subscriptions_put_a_cluster_forward() -> None:
    likelier, staked = one((1, 0.8, 1)), one((2, 0.6, 1), at=1)
    assert ordered([likelier, staked], "worth") == [1, 0]


def test_an_open_question_of_a_common_kind_comes_before_a_likelier_pair_of_a_rare_one() -> None:
    rare = one((7, 0.8, 1), name="rare")
    common = [one((1, 0.5, 1), name=f"c{n:03}") for n in range(100)]
    order = ordered([rare, *common], "worth")
    assert order[:3] == [1, 2, 3], "the first of the common kind teach"
    assert 0 < order.index(0) < 50, "the later ones teach too little to stay before it"


def test_a_certain_answer_teaches_nothing() -> None:
    certain = [one((1, 1.0, 1), name=f"c{n}") for n in range(50)]
    likely = one((2, 0.99, 2), name="z")
    assert ordered([*certain, likely], "worth")[0] == 50


@pytest.fixture
def desk() -> Desk:
    """Two doubtful pairs, of which the second has the profile of three records; consents of both."""
    cursor = duckdb.connect()
    cursor.execute("""
        CREATE TABLE pair AS SELECT 'crm' AS source_a, a AS record_a, 'mail' AS source_b,
          b AS record_b, w::DOUBLE AS weight, p::DOUBLE AS probability, 'review' AS band,
          'initials only' AS reason,
          [{field: 'address', level: 'exact', weight: 3.0}] AS weights, NULL::VARCHAR AS decision
        FROM (VALUES ('A', 'a', 4.0, 0.9), ('B', 'b', 1.0, 0.6)) v(a, b, w, p);
        CREATE TABLE cluster AS SELECT * FROM (VALUES
          ('crm', 'A', 'x', 1, 'single'), ('mail', 'a', 'y', 1, 'single'),
          ('crm', 'B', 'z', 3, 'merged'), ('shop', 'B1', 'z', 3, 'merged'),
          ('shop', 'B2', 'z', 3, 'merged'), ('mail', 'b', 'u', 1, 'single'))
          v(source, record_id, cluster_id, size, status);
        CREATE TABLE ent_consent AS SELECT * FROM (VALUES
          ('yes', '1', 'crm', 'A', 'Nova', 'email', 'given'),
          ('mail', 'a', NULL, NULL, 'Nova', 'email', 'withdrawn'),
          ('mail', 'b', NULL, NULL, 'Nova', 'email', 'given'),
          ('yes', '2', 'crm', 'B', 'Nova', 'post', 'refused'),
          ('yes', '3', 'crm', 'B', 'Kompas', 'email', 'given'),
          ('yes', '4', 'crm', 'B', 'Kompas', 'email', 'withdrawn'))
          v(source, record_id, owner_source, owner_record, brand, channel, state);
        CREATE TABLE ent_subscription AS SELECT * FROM (VALUES
          ('crm', 'B'), ('mail', 'b'), ('crm', 'A'), ('crm', 'A'))
          v(owner_source, owner_record)""")
    return Desk(cast(Any, None), cursor)


def test_the_size_of_the_profiles_counts(desk: Desk) -> None:
    records, clusters = asked_of(desk, "worth")
    assert [{records[at][1] for at in c.records} for c in clusters] == [
        {"B", "B1", "B2", "b"},
        {"A", "a"},
    ]
    assert [c.weight for c in asked_of(desk, "score")[1]] == [4.0, 1.0]


def test_consents_contradict_each_other_between_two_records_on_one_channel_of_one_brand(
    desk: Desk,
) -> None:
    clusters = [[("crm", "A"), ("mail", "a")], [("crm", "B"), ("mail", "b")]]
    assert stakes(desk, clusters) == {0: 1, 1: 1}, (
        "the consents of one, the subscriptions of the other"
    )
    desk.cursor.execute("DROP TABLE ent_subscription")
    assert stakes(desk, clusters) == {0: 1}


def test_four_times_the_records_count_twice() -> None:
    single, four = one((1, 0.8, 1)), one((2, 0.4, 4), name="b")
    more = one((3, 0.41, 4), name="c")
    assert [c.settles for c in (single, four)] == pytest.approx([0.8, 0.8])
    assert ordered([single, four, more], "worth")[0] == 2
