"""The match as a whole: quality on synthetic data, order of input, deltas, reports."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.matching.data import Key, Outcome, Row, people, person, run
from tui_migrate.matching import (
    FrozenModel,
    MatchInputError,
    MatchSettings,
    create_tables,
    explain,
    match,
    reason_text,
)
from tui_migrate.matching.clustering import components
from tui_migrate.matching.from_runbook import settings_of
from tui_migrate.matching.settings import shipped_fields
from tui_migrate.runbook.kinds import MatchWith


def _pairs(groups: dict[str, str]) -> set[frozenset[str]]:
    held: dict[str, list[str]] = {}
    for record, group in groups.items():
        held.setdefault(group, []).append(record)
    return {frozenset(pair) for group in held.values() for pair in combinations(group, 2)}


def _merged(found: Outcome) -> set[frozenset[str]]:
    return _pairs({
        record: row["cluster_id"]
        for record, row in found.clusters.items() if row["status"] == "merged"
    })  # fmt: skip


def test_what_merges_without_a_person_is_right_and_most_of_the_rest_is_offered() -> None:
    rows, truth = people(1_200, seed=5)
    found = run(rows, threads=2)
    true, merged = _pairs(truth), _merged(found)
    offered = merged | {
        pair for pair, row in found.pairs.items() if row["band"] in ("auto", "review")
    }
    assert len(merged & true) / len(merged) >= 0.99
    assert len(merged & true) / len(true) >= 0.60
    assert len(offered & true) / len(true) >= 0.85


def test_the_order_of_the_input_and_the_number_of_threads_change_nothing() -> None:
    rows, _truth = people(200, seed=8)
    shuffled = list(rows)
    random.Random(1).shuffle(shuffled)
    one, two = run(rows), run(shuffled, threads=2)
    for table in ("pair", "cluster"):
        sql = f"SELECT * FROM {table}"
        assert one.cur.execute(sql).fetchall() == two.cur.execute(sql).fetchall()
    assert one.report == two.report


def test_a_frozen_model_survives_json_and_scores_a_delta_as_it_scored_the_whole() -> None:
    rows, _truth = people(200, seed=9)
    first = run(rows)
    model = FrozenModel.from_json(first.report.model.to_json())
    assert model == first.report.model
    again = run(rows[:40], model=model)
    shared = [pair for pair in again.pairs if pair in first.pairs]
    assert shared
    for pair in shared:
        for now, before in zip(
            again.pairs[pair]["weights"], first.pairs[pair]["weights"], strict=True
        ):
            assert now["level"] != before["level"] or now == before


def test_settings_survive_their_dictionary() -> None:
    changed = MatchSettings(cap=50, review_from=0.2)
    assert MatchSettings.from_dict(changed.to_dict()) == changed


def test_the_waterfall_adds_up_and_shows_both_values() -> None:
    found = run([
        person("1", first_name="Jan", family_name="Vries", emails=["jan@x.example"]),
        person("2", first_name="Johan", family_name="Vries", emails=["jan@x.example"]),
    ])  # fmt: skip
    bars = explain(found.cur, "record", "crm", "2", "crm", "1")
    assert sum(bar.weight for bar in bars) == pytest.approx(found.pair("1", "2")["weight"])
    first = next(bar for bar in bars if bar.field == "first_name")
    assert (first.value_a, first.value_b, first.level) == ("Johan", "Jan", "variant")
    with pytest.raises(LookupError):
        explain(found.cur, "record", "crm", "1", "crm", "no such record")


def test_the_waterfall_shows_the_values_of_a_declared_field() -> None:
    rows = [
        person(one, first_name="Jan", family_name="Vries", birth_date="1980-02-03", country=country)
        for one, country in (("1", "NL-77"), ("2", "NL-78"), ("3", None))
    ]
    found = run(rows, settings=settings_of(MatchWith(fields={"country": "code"})))
    shown = {bar.field: bar for bar in explain(found.cur, "record", "crm", "1", "crm", "2")}[
        "country"
    ]
    assert (shown.value_a, shown.value_b, shown.level) == ("NL-77", "NL-78", "typo")
    unknown = explain(found.cur, "record", "crm", "1", "crm", "3")
    assert "country" not in {bar.field for bar in unknown}


def test_a_key_with_too_many_members_is_dropped_and_reported_without_its_value() -> None:
    rows = [person(f"{number}", emails=["all@x.example"]) for number in range(12)]
    found = run(rows, settings=MatchSettings(cap=10))
    (dropped,) = found.report.dropped_keys
    assert (dropped.rule, dropped.members) == ("email", 12)
    assert "x.example" not in dropped.digest
    assert found.report.figures["candidate_pairs"] == 0


def test_a_placeholder_id_that_ties_many_records_together_merges_none_of_them() -> None:
    rows = [person("0"), *(person(f"{number}", "shop") for number in range(1, 9))]
    links: list[tuple[Key, Key]] = [(("shop", f"{number}"), ("crm", "0")) for number in range(1, 9)]
    found = run(rows, links, settings=MatchSettings(max_cluster=5))
    assert {(row["status"], row["rule"]) for row in found.clusters.values()} == {
        ("review", "too large")
    }


def test_nothing_in_gives_nothing_out() -> None:
    found = run([])
    assert found.clusters == {}
    assert found.report.figures["records"] == 0


def test_records_without_any_value_stand_alone() -> None:
    found = run([person("1"), person("2"), person("3", emails=[], phones=[None])])
    assert [row["status"] for row in found.clusters.values()] == ["single"] * 3


def test_a_key_that_is_not_unique_and_a_missing_column_are_refused() -> None:
    with pytest.raises(MatchInputError, match="more than once"):
        run([person("1"), person("1")])
    cur = duckdb.connect().cursor()
    cur.execute("CREATE TABLE thin AS SELECT 'crm' AS source, '1' AS record_id")
    with pytest.raises(MatchInputError, match="kind"):
        match(cur, "thin", "thin", "thin", MatchSettings(), step="s", attempt=1, unit="u")


def test_a_match_leaves_no_scratch_table_and_works_inside_a_transaction() -> None:
    found = run([person("1", first_name="Jan", family_name="Vries")])
    left = found.cur.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchone()
    assert left == (0,)
    found.cur.execute("BEGIN")
    create_tables(found.cur)
    match(found.cur, "record", "links", "decisions", MatchSettings(),
          step="match", attempt=2, unit="all")  # fmt: skip
    found.cur.execute("ROLLBACK")
    assert found.cur.execute("SELECT DISTINCT attempt FROM cluster").fetchall() == [(1,)]


def test_every_reason_has_words() -> None:
    rows, _truth = people(200, seed=11)
    reasons = {row["reason"] for row in run(rows).pairs.values()}
    assert len(reasons) > 1
    assert [reason for reason in reasons if reason_text(reason) == reason] == []


@given(st.integers(1, 40).flatmap(lambda size: st.tuples(
    st.just(size),
    st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=60),
)))  # fmt: skip
def test_components_are_those_of_a_plain_search(case: tuple[int, list[tuple[int, int]]]) -> None:
    import numpy as np

    size, edges = case
    ends = np.array(edges, dtype=np.int64).reshape(-1, 2)
    label = components(size, ends[:, 0], ends[:, 1]).tolist()
    expected = list(range(size))
    for _round in range(size):
        for a, b in edges:
            expected[a] = expected[b] = min(expected[a], expected[b])
    assert label == expected


_RECORD = st.fixed_dictionaries({
    "first_name": st.sampled_from([None, "Jan", "Joost", "Els", "J."]),
    "family_name": st.sampled_from([None, "Vries", "Maas"]),
    "birth_date": st.sampled_from([None, "1950-02-03", "1982-07-09"]),
    "emails": st.sampled_from([None, ["a@x.example"], ["b@x.example"]]),
    "phones": st.sampled_from([None, ["+31612345678"]]),
})  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_RECORD, min_size=2, max_size=8), st.data())
def test_clusters_are_a_partition_that_respects_decisions(
    records: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows: list[Row] = [person(f"{number}", **one) for number, one in enumerate(records)]
    ids = st.integers(0, len(rows) - 1)
    edge = st.tuples(ids, ids, st.sampled_from(["merge", "different"]))
    drawn = data.draw(st.lists(edge, max_size=4))
    chosen: list[tuple[Key, Key, str]] = [
        (("crm", f"{a}"), ("crm", f"{b}"), what) for a, b, what in drawn if a != b
    ]
    found = run(rows, decisions=chosen)
    assert sorted(found.clusters) == sorted(row["record_id"] for row in rows)
    for row in found.clusters.values():
        members = [r for r in found.clusters.values() if r["cluster_id"] == row["cluster_id"]]
        assert row["size"] == len(members)
        assert (row["status"] == "single") == (row["size"] == 1)
    for one, two, what in chosen:
        if what == "different":
            assert not found.together(one[1], two[1])


def test_the_level_numbers_that_the_sql_writes_are_those_of_the_settings() -> None:
    names = {
        field.name: [level.name for level in field.levels]
        for field in shipped_fields()["person"]
        if field.name in ("first_name", "family_name", "birth_date", "address", "email")
    }
    assert names == {
        "first_name": ["exact", "variant", "typo", "initial", "similar", "different"],
        "family_name": ["exact", "part", "typo", "similar", "different"],
        "birth_date": ["exact", "typo", "near", "different"],
        "address": ["exact", "number", "postcode", "town", "different"],
        "email": ["own", "shared", "typo", "different"],
    }


def test_a_pair_that_was_merged_and_changed_is_asked_again_however_unlikely_it_is() -> None:
    one = person("1", first_name="Anna", family_name="Vos", birth_date="1980-01-02")
    two = person("2", "shop", first_name="Karel", family_name="Lammers", birth_date="1955-03-04")
    twin = person("3", "mail", first_name="Anna", family_name="Vos", birth_date="1980-01-02")
    again = [(("crm", "1"), ("shop", "2"), "again"), (("crm", "1"), ("mail", "3"), "again")]
    found = run([one, two, twin], decisions=again)
    asked = found.pair("1", "2")
    assert (asked["band"], asked["reason"]) == ("review", "changed since")
    assert asked["decision"] is None
    assert not found.together("1", "2")
    assert found.together("1", "3"), "what is certain needs no question"
