"""What a person was not sure of, and what nobody lets merge by itself, waits for a person."""

from __future__ import annotations

from tests.matching.data import person, run
from tests.matching.test_traps import JAN, crm

BORN = {"birth_date": "1960-02-03"}
ROWS = [
    person("1", **JAN, **BORN, emails=["jan@x.example"]),
    person("2", **JAN, **BORN, emails=["jan@x.example"]),
    person("3", source="shop", first_name="Piet", family_name="Bos"),
    person("4", source="crm", first_name="Pieter", family_name="Bos"),
]
LINK = [(("shop", "3"), crm("4"))]


def test_without_a_doubt_both_merge() -> None:
    found = run(ROWS, links=LINK)
    assert found.together("1", "2")
    assert found.together("3", "4")


def test_a_doubted_pair_is_a_question_also_where_a_system_names_the_other_s_record() -> None:
    found = run(
        ROWS,
        links=LINK,
        decisions=[(crm("2"), crm("1"), "unsure"), (crm("4"), ("shop", "3"), "unsure")],
    )
    for one, two in (("1", "2"), ("3", "4")):
        assert not found.together(one, two)
        assert (found.pair(one, two)["band"], found.pair(one, two)["reason"]) == (
            "review",
            "doubted",
        )
        assert found.pair(one, two)["decision"] is None


def test_a_doubt_about_what_waits_anyhow_changes_nothing() -> None:
    rows = [person("1", **JAN, phones=["+31301234567"]), person("2", **JAN)]
    asked = run(rows).pair("1", "2")
    assert run(rows, decisions=[(crm("1"), crm("2"), "unsure")]).pair("1", "2") == asked


def test_a_closed_lane_leaves_everything_but_decisions_to_people() -> None:
    found = run(ROWS, links=LINK, by_itself=False)
    for one, two in (("1", "2"), ("3", "4")):
        assert not found.together(one, two)
        assert found.pair(one, two)["reason"] == "lane closed"
    decided = run(ROWS, links=LINK, decisions=[(crm("1"), crm("2"), "merge")], by_itself=False)
    assert decided.together("1", "2")
    assert not decided.together("3", "4")
