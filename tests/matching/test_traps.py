"""Each trap of customer data has the outcome that a careful person would choose."""

from __future__ import annotations

from typing import Any

import pytest

from tests.matching.data import Key, organisation, person, run

HOME: dict[str, Any] = {
    "street": "Kerkstraat", "house_number": "12", "postcode": "1234 AB", "town": "Utrecht",
}  # fmt: skip
JAN: dict[str, Any] = {"first_name": "Jan", "prefix": "de", "family_name": "Vries"}


def crm(record: str) -> Key:
    return ("crm", record)


def test_the_same_name_and_birth_date_merge_whatever_the_spelling() -> None:
    found = run([
        person("1", **JAN, birth_date="1960-02-03", **HOME),
        person("2", first_name="Johannes", family_name="de Vries", birth_date="1960-02-03"),
    ])  # fmt: skip
    assert found.together("1", "2")
    assert found.pair("1", "2")["reason"] == "guard passed"


def test_initials_with_an_own_mailbox_merge() -> None:
    found = run([
        person("1", **JAN, emails=["j.devries@x.example"]),
        person("2", initials="J.P.", family_name="Vries", emails=["J.deVries@X.example "]),
    ])  # fmt: skip
    assert found.together("1", "2")


def test_parent_and_child_of_one_name_stay_apart_by_their_birth_dates() -> None:
    found = run([
        person("parent", **JAN, birth_date="1950-02-03", **HOME),
        person("child", **JAN, birth_date="1982-07-09", **HOME),
    ])  # fmt: skip
    assert not found.together("parent", "child")
    assert found.pair("parent", "child")["reason"] == "birth date conflict"


def test_name_address_and_landline_do_not_merge_when_a_birth_date_is_missing() -> None:
    landline = ["+31301234567"]
    found = run([
        person("1", **JAN, birth_date="1950-02-03", **HOME, phones=landline),
        person("2", **JAN, **HOME, phones=landline),
    ])  # fmt: skip
    assert not found.together("1", "2")
    assert found.pair("1", "2")["band"] == "review"


def test_a_personal_mailbox_merges_where_a_birth_date_is_missing() -> None:
    mailbox = ["jan60@x.example"]
    found = run([
        person("1", **JAN, birth_date="1950-02-03", **HOME, emails=mailbox),
        person("2", **JAN, **HOME, emails=mailbox),
    ])  # fmt: skip
    assert found.together("1", "2")


@pytest.mark.parametrize("local", ["devries", "fam.vries", "familie-de-vries", "fam.jansen"])
def test_a_family_mailbox_is_nobodys_own(local: str) -> None:
    found = run([
        person("1", **JAN, birth_date="1950-02-03", **HOME, emails=[f"{local}@x.example"]),
        person("2", **JAN, **HOME, emails=[f"{local}@x.example"]),
    ])  # fmt: skip
    assert not found.together("1", "2")
    assert found.pair("1", "2")["band"] == "review"


def test_where_both_generations_are_known_a_record_without_birth_date_waits() -> None:
    found = run([
        person("parent", **JAN, birth_date="1950-02-03", **HOME),
        person("child", **JAN, birth_date="1982-07-09", **HOME, emails=["jan@x.example"]),
        person("which", **JAN, **HOME, emails=["jan@x.example"]),
    ])  # fmt: skip
    assert not found.together("child", "which")
    assert found.pair("child", "which")["reason"] == "namesakes at one address"


def test_a_sparse_record_does_not_join_two_people() -> None:
    found = run([
        person("jan", **JAN, birth_date="1950-02-03", emails=["dv@x.example"]),
        person("joke", first_name="Joke", family_name="de Vries", emails=["dv@x.example"]),
        person("j", initials="J.", family_name="de Vries", emails=["dv@x.example"]),
    ])  # fmt: skip
    assert not found.together("jan", "joke")
    assert not found.together("jan", "j")
    assert found.pair("jan", "j")["band"] == "review"


def test_a_newsletter_record_joins_the_only_owner_of_its_mailbox() -> None:
    found = run([
        person("1", **JAN, birth_date="1950-02-03", emails=["tuin33@x.example"]),
        person("news", "mail", emails=["tuin33@x.example"]),
    ])  # fmt: skip
    assert found.together("1", "news")


def test_a_newsletter_record_of_a_couples_mailbox_is_reviewed() -> None:
    found = run([
        person("1", **JAN, emails=["tuin33@x.example"]),
        person("2", first_name="Els", family_name="de Vries", emails=["tuin33@x.example"]),
        person("news", "mail", emails=["tuin33@x.example"]),
    ])  # fmt: skip
    assert not found.together("1", "news")
    assert not found.together("1", "2")


def test_janssen_and_janssens_never_merge_on_that_alone() -> None:
    mobile = ["+31612345678"]
    found = run([
        person("1", first_name="Karel", family_name="Janssen", **HOME),
        person("2", first_name="Karel", family_name="Janssens", **HOME),
        person("3", initials="K.", family_name="Janssen", phones=mobile),
    ])  # fmt: skip
    assert not found.together("1", "2")
    assert found.pair("1", "2")["band"] == "review"


def test_a_maiden_name_beside_the_married_one_agrees() -> None:
    found = run([
        person("1", first_name="Anna", family_name="de Vries-Jansen", birth_date="1970-05-06"),
        person("2", first_name="Anna", family_name="Vries", birth_date="1970-05-06"),
    ])  # fmt: skip
    assert found.together("1", "2")


def test_twins_stay_apart() -> None:
    found = run([
        person("1", first_name="Johan", family_name="Maas", birth_date="2001-02-03", **HOME),
        person("2", first_name="Johanna", family_name="Maas", birth_date="2001-02-03", **HOME),
        person("3", first_name="Pieter", family_name="Maas", birth_date="2001-02-03", **HOME),
    ])  # fmt: skip
    assert {row["status"] for row in found.clusters.values()} == {"single"}


def test_junior_and_senior_stay_apart() -> None:
    found = run([
        person("1", first_name="Jan", family_name="Vries sr.", emails=["jan@x.example"]),
        person("2", first_name="Jan", family_name="Vries jr.", emails=["jan@x.example"]),
    ])  # fmt: skip
    assert not found.together("1", "2")


def test_the_mailbox_of_an_office_identifies_nobody() -> None:
    found = run([
        person("1", **JAN, emails=["info@club.example"]),
        person("2", **JAN, emails=["info@club.example"]),
        person("3", emails=["info@club.example"]),
    ])  # fmt: skip
    assert {row["status"] for row in found.clusters.values()} == {"single"}


def test_a_belgian_postcode_and_number_are_not_an_address() -> None:
    place = {"house_number": "7", "postcode": "9000", "town": "Gent"}
    found = run([
        person("1", **JAN, street="Veldstraat", **place),
        person("2", **JAN, street="Kouter", **place),
    ])  # fmt: skip
    levels = {entry["field"]: entry["level"] for entry in found.pair("1", "2")["weights"]}
    assert levels["address"] == "town"


def test_a_birth_date_that_stands_for_unknown_says_nothing() -> None:
    names = [f"{letter}{tail}" for letter in "ABCDEFGHIJ" for tail in ("ge", "mo", "ru")]
    rows = [
        person(f"{number}", first_name=name, family_name=f"Fam{name}", birth_date="1970-01-01")
        for number, name in enumerate(names)
    ]
    found = run([*rows, person("x", **JAN, birth_date="1961-01-02")])
    assert found.report.model.placeholders == ("19700101",)


def test_organisations_merge_on_register_number_or_name_and_place_never_with_persons() -> None:
    found = run([
        organisation("1", organisation_name="Bakkerij Smit B.V.", kvk="12345678"),
        organisation("2", organisation_name="Smit Bakkerij", kvk="12345678"),
        organisation("3", organisation_name="Stg. De Brug", **HOME),
        organisation("4", organisation_name="Stichting de Brug", **HOME),
        organisation("5", organisation_name="Stichting de Brug", **HOME, kvk="11111111"),
        organisation("6", organisation_name="Stichting de Brug", **HOME, kvk="22222222"),
        person("7", first_name="Smit", family_name="Bakkerij", **HOME),
    ])  # fmt: skip
    assert found.together("1", "2")
    assert found.pair("5", "6")["reason"] == "register number conflict"
    assert found.clusters["3"]["status"] == "review"
    assert found.clusters["7"]["status"] == "single"


def test_a_link_merges_and_a_contradicted_link_goes_to_review() -> None:
    rows = [
        person("1", **JAN, birth_date="1950-02-03"),
        person("2", "shop"),
        person("3", first_name="Els", family_name="Maas", birth_date="1980-01-02"),
        person("4", "shop", first_name="Piet", family_name="Kok", birth_date="1955-11-12"),
    ]
    found = run(rows, links=[(("shop", "2"), crm("1")), (crm("3"), ("shop", "4"))])
    assert found.together("1", "2")
    assert found.clusters["1"]["rule"] == "link"
    assert found.clusters["3"]["status"] == "review"
    assert found.clusters["3"]["rule"] == "birth date+first name"


def test_a_merge_decision_settles_the_conflict_of_exactly_these_two() -> None:
    rows = [
        person("1", **JAN, birth_date="1950-02-03"),
        person("2", **JAN, birth_date="1982-07-09"),
        person("3", **JAN, birth_date="1999-07-09"),
    ]
    both = run(rows, decisions=[(crm("1"), crm("2"), "merge")])
    assert both.together("1", "2")
    three = run(rows, decisions=[(crm("1"), crm("2"), "merge"), (crm("2"), crm("3"), "merge")])
    assert three.clusters["1"]["status"] == "review"


def test_a_different_decision_parts_two_and_holds_back_whatever_contains_it() -> None:
    born = {"birth_date": "1950-02-03"}
    rows = [person("1", **JAN, **born), person("2", **JAN, **born), person("3", **JAN, **born)]
    two = run(rows[:2], decisions=[(crm("2"), crm("1"), "different")])
    assert two.clusters["1"]["status"] == "single"
    assert two.pair("1", "2")["decision"] == "different"
    three = run(rows, decisions=[(crm("1"), crm("2"), "different")])
    assert {row["status"] for row in three.clusters.values()} == {"review"}
    linked = run(
        rows[:2], links=[(crm("1"), crm("2"))], decisions=[(crm("1"), crm("2"), "different")]
    )
    assert linked.clusters["1"]["status"] == "review"


def test_an_organisation_may_own_a_nameless_record_by_link_but_no_person() -> None:
    rows = [
        organisation("1", organisation_name="Smit BV"),
        person("news", "mail", emails=["info@smit.example"]),
        organisation("2", organisation_name="Kok BV"),
        person("kok", "mail", family_name="Kok"),
    ]
    found = run(rows, links=[(("mail", "news"), crm("1")), (("mail", "kok"), crm("2"))])
    assert found.together("1", "news")
    assert found.clusters["kok"]["rule"] == "kind"


def test_an_initial_before_a_family_name_is_no_family_mailbox() -> None:
    mailbox = ["t.kamp@x.example"]
    names = {"first_name": "Tom", "family_name": "Kamp"}
    found = run([
        person("1", **names, birth_date="1950-02-03", **HOME, emails=mailbox),
        person("2", **names, **HOME, emails=mailbox),
    ])  # fmt: skip
    assert found.together("1", "2")


def test_a_married_name_in_a_mailbox_does_not_make_it_a_shared_one() -> None:
    mailbox = ["anna33@x.example"]
    rows = [
        person("1", first_name="Anna", family_name="Jansen", emails=mailbox),
        person("2", first_name="Anna", family_name="Vries", emails=mailbox),
        person("3", "mail", emails=mailbox),
        person("4", "mail", emails=mailbox),
    ]
    assert run(rows).together("3", "4")
    rows[1]["first_name"] = "Bea"
    assert not run(rows).together("3", "4")


@pytest.mark.parametrize("name", ["[/]", "=2+5", "<b>Jan</b>", "A" * 300, "\x1b[31mRood"])
def test_what_nobody_is_called_is_no_first_name(name: str) -> None:
    mailbox = ["tuin33@x.example"]
    found = run([
        person("1", **JAN, birth_date="1950-02-03", emails=mailbox),
        person("2", first_name=name, family_name="Vries", emails=mailbox),
    ])  # fmt: skip
    assert found.together("1", "2")


def test_a_person_is_asked_once_about_two_groups_and_never_about_one_profile() -> None:
    born = {"birth_date": "1960-02-03"}
    rows = [
        person("a1", **JAN, **born, **HOME), person("a2", **JAN, **born),
        person("b1", **JAN, **HOME, emails=["jan60@x.example"]),
        person("b2", **JAN, **HOME, emails=["jan60@x.example"]),
    ]  # fmt: skip
    found = run(rows)
    assert found.together("a1", "a2")
    assert found.together("b1", "b2")
    asked = [row for row in found.pairs.values() if row["band"] == "review"]
    assert len(asked) == 1
    one, two = asked[0]["record_a"], asked[0]["record_b"]
    decided = run(rows, decisions=[(crm(one), crm(two), "different")])
    review = [row for row in decided.pairs.values() if row["band"] == "review"]
    assert [row["decision"] for row in review] == ["different"]


def test_two_records_that_a_third_joins_are_not_asked_about() -> None:
    found = run([
        person("1", **JAN, **HOME, birth_date="1960-02-03"),
        person("2", **JAN, birth_date="1960-02-03", emails=["jan60@x.example"]),
        person("3", **JAN, **HOME, emails=["jan60@x.example"]),
    ])  # fmt: skip
    assert found.together("1", "3")
    assert (found.pair("1", "3")["band"], found.pair("1", "3")["reason"]) == (
        "auto",
        "same profile",
    )
