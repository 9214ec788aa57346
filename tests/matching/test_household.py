"""What a household shares (mailbox, landline, address) does not make one person of two relatives."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from tests.matching.data import Outcome, Row, person, run
from tui_migrate.matching import FrozenModel

HOME: dict[str, Any] = {
    "street": "Kerkstraat", "house_number": "12", "postcode": "1234 AB", "town": "Utrecht",
}  # fmt: skip
BORN = {"birth_date": "1961-04-05"}
MOBILE = {"phones": ["+31612345678"]}
FAMILY_BOX: Row = {"emails": ["tuin33@x.example"]}


def two(one: str, other: str, shared: dict[str, Any], *more: dict[str, Any]) -> Outcome:
    """Two records of the family Kleinveld that share exactly `shared`, and other records."""
    return run([
        person("1", first_name=one, family_name="Kleinveld", **shared),
        person("2", "shop", first_name=other, family_name="Kleinveld", **shared),
        *more,
    ])  # fmt: skip


def waits(found: Outcome) -> bool:
    """Do records 1 and 2 stay apart, before the eyes of a person?"""
    return not found.together("1", "2") and found.pair("1", "2")["band"] == "review"


@pytest.mark.parametrize(
    "contact", [FAMILY_BOX, MOBILE, FAMILY_BOX | MOBILE, {"emails": ["m.kleinveld@x.example"]}]
)
def test_maria_and_marie_in_one_house_wait(contact: dict[str, Any]) -> None:
    found = two("Maria", "Marie", HOME | contact)
    assert waits(found)
    assert found.pair("1", "2")["reason"] == "call name only"


@pytest.mark.parametrize("contact", [MOBILE, FAMILY_BOX, {"emails": ["j.kleinveld@x.example"]}])
def test_father_and_son_of_equal_initials_in_one_house_wait(contact: dict[str, Any]) -> None:
    found = two("J.", "J.", HOME | contact)
    assert waits(found)
    assert found.pair("1", "2")["reason"] == "initials only"


@pytest.mark.parametrize(("one", "other"), [("Jan", "Johan"), ("Johannes", "Jan"), ("J.", "Jan")])
def test_a_birth_date_at_one_address_does_not_join_twins_with_names_alike(
    one: str, other: str
) -> None:
    assert waits(two(one, other, HOME | BORN))


def test_two_call_names_with_one_birth_date_wait_wherever_they_live() -> None:
    assert waits(two("Jan", "Johan", BORN))


def test_twins_whose_names_differ_by_one_letter_wait() -> None:
    assert waits(two("Anke", "Inke", HOME | BORN))


AMBIGUOUS = (
    ("Chris", "Christina"), ("Alex", "Alexandra"), ("Sam", "Samantha"), ("Jo", "Johan"),
    ("Bert", "Robert"),
)  # fmt: skip


def couples(listed: Iterable[tuple[str, str, dict[str, Any]]]) -> Iterator[tuple[str, str, bool]]:
    """Two records each of many families in one match, of which none shares anything with another. Who
    they are, and whether they are one (True) or wait (False). FAMILY in a mailbox is their name."""
    known = list(listed)
    rows = []
    for number, (one, other, shared) in enumerate(known):
        family = f"{'BCDFGHKLMN'[number // 5]}{'aeiou'[number % 5]}lveld"
        own = shared | {"family_name": family}
        if "emails" in shared:
            own["emails"] = [box.replace("FAMILY", family.lower()) for box in shared["emails"]]
        if "phones" in shared:
            own["phones"] = [f"+316123456{number:02}"]
        if "street" in shared:
            own |= {"street": f"{family}laan", "postcode": f"{1200 + number} AB"}
        rows.append(person(f"{number}a", first_name=one, **own))
        rows.append(person(f"{number}b", "shop", first_name=other, **own))
    found = run(rows)
    for number, (one, other, _shared) in enumerate(known):
        joined = found.together(f"{number}a", f"{number}b")
        assert joined or found.pair(f"{number}a", f"{number}b")["band"] == "review"
        yield one, other, joined


@pytest.mark.parametrize("where", [{}, HOME])
def test_short_forms_on_a_family_mailbox_wait(where: dict[str, Any]) -> None:
    box = where | {"emails": ["tuin@FAMILY.example"]}
    short = [*AMBIGUOUS, ("Ans", "Anna"), ("Hans", "Johannes"), ("Marijke", "Maria")]
    for one, other, joined in couples((*names, box) for names in short):
        assert not joined, (one, other)


def test_a_name_of_both_sexes_or_of_many_needs_more_than_its_mailbox() -> None:
    named = [(*names, {"emails": [f"{names[0].lower()}.FAMILY@x.example"]}) for names in AMBIGUOUS]
    born = [(*names, BORN | MOBILE) for names in AMBIGUOUS]
    both = [(one, other, BORN | box) for one, other, box in named]
    for number, (one, other, joined) in enumerate(couples([*named, *born, *both])):
        assert joined is (number >= 2 * len(AMBIGUOUS)), (one, other)


def test_a_mailbox_that_tells_the_name_joins_its_short_form() -> None:
    telling = ["hans.FAMILY", "hansFAMILY7", "FAMILY.hans", "hansvanFAMILY", "johannes"]
    silent = ["hans.en.marie", "FAMILY", "fam.FAMILY", "hansenmarie"]
    boxes = [{"emails": [f"{local}@FAMILY.example"]} for local in (*telling, *silent)]
    for number, (*_names, joined) in enumerate(couples(("Hans", "Johannes", b) for b in boxes)):
        assert joined is (number < len(telling)), boxes[number]


def test_birth_date_and_a_mobile_of_their_own_join_short_forms_and_initials() -> None:
    assert two("Hans", "Johannes", HOME | BORN | MOBILE).together("1", "2")
    assert two("J.", "Johannes", HOME | BORN | MOBILE).together("1", "2")


def test_the_same_full_name_still_joins_by_birth_date_mailbox_or_mobile() -> None:
    every = (BORN, BORN | HOME, {"emails": ["tuin@FAMILY.example"]}, MOBILE)
    assert all(joined for *_names, joined in couples(("Hans", "Hans", one) for one in every))


def test_initials_join_a_name_that_the_mailbox_tells_but_not_a_wife() -> None:
    assert two("Pieter", "P.", {"emails": ["pieterkleinveld@x.example"]}).together("1", "2")
    assert waits(two("Lida", "A.", {"emails": ["lida.kleinveld@x.example"]}))


def test_a_nameless_record_does_not_bridge_two_forms_of_a_name() -> None:
    news = person("news", "mail", **FAMILY_BOX)
    found = two("Maria", "Marie", FAMILY_BOX, news)
    assert waits(found)
    assert not found.together("1", "news")
    assert found.pair("1", "news")["reason"] == "conflict in the cluster"
    assert waits(two("J.", "J.", FAMILY_BOX, news))


def test_cutting_a_bridge_leaves_what_is_certain_together() -> None:
    found = two(
        "Maria", "Marie", FAMILY_BOX, person("news", "mail", **FAMILY_BOX),
        person("3", first_name="Maria", family_name="Kleinveld", **FAMILY_BOX),
    )  # fmt: skip
    assert found.together("1", "3")
    assert not found.together("1", "news")


def test_linked_nameless_records_of_one_mailbox_are_no_bridge() -> None:
    rows = [
        person("1", first_name="Maria", family_name="Kleinveld", **HOME),
        person("2", first_name="Marie", family_name="Kleinveld", **HOME),
        person("n1", "mail", **FAMILY_BOX),
        person("n2", "shop", **FAMILY_BOX),
        person("n3", "app", **FAMILY_BOX),
        person("n4", "app", **FAMILY_BOX),
    ]
    links = [(("crm", "1"), ("mail", "n1")), (("crm", "2"), ("shop", "n2"))]
    found = run(rows, links=links)
    assert found.together("1", "n1")
    assert found.together("2", "n2")
    assert not found.together("1", "2")
    assert found.together("n3", "n4")
    assert not found.together("n3", "n1")


def neighbours(share: bool) -> list[Row]:
    """300 couples and their children with birth dates: one mailbox each, or one a couple."""
    rows: list[Row] = []
    letters = "bcdfghklmnprstvw"
    for number in range(300):
        name = "".join(letters[(number // 16**place) % 16] + "aeiou"[place] for place in range(3))
        home = {
            "street": f"{name}laan", "house_number": "7", "town": "Zwolle",
            "postcode": f"{1000 + number} XK", "family_name": f"{name.title()}ma",
        }  # fmt: skip
        for place, (first, born) in enumerate((("Wouter", "1950-01-0"), ("Saskia", "1955-11-1"))):
            box = f"{'wouter' if share else first.lower()}.{name}{number}@mail.example"
            rows.append(
                person(
                    f"n{number}-{place}", first_name=first, emails=[box],
                    birth_date=f"{born}{1 + number % 9}", **home,
                )
            )  # fmt: skip
    return rows


OWN_BOX: Row = {"emails": ["tuin33@x.example"]}


@pytest.mark.parametrize(("one", "other"), [("Hans", "Johannes"), ("J.", "Johannes")])
def test_where_households_keep_their_mailboxes_apart_one_joins_the_forms_of_a_name(
    one: str, other: str
) -> None:
    assert two(one, other, HOME | OWN_BOX, *neighbours(share=False)).together("1", "2")
    assert waits(two(one, other, HOME | OWN_BOX, *neighbours(share=True)))
    assert waits(two(one, other, HOME | OWN_BOX))


def test_names_of_both_sexes_wait_even_there_unless_the_sex_is_known() -> None:
    assert waits(two("Chris", "Christina", HOME | OWN_BOX, *neighbours(share=False)))
    women = HOME | OWN_BOX | {"gender": "f"}
    assert two("Chris", "Christina", women, *neighbours(share=False)).together("1", "2")


def test_a_model_keeps_what_it_measured() -> None:
    measured = run(neighbours(share=False)).report.model
    assert 0 < measured.household["email"] < 0.01
    rows = [
        person("1", first_name="Hans", family_name="Kleinveld", **HOME, **OWN_BOX),
        person("2", first_name="Johannes", family_name="Kleinveld", **HOME, **OWN_BOX),
    ]
    again = FrozenModel.from_json(measured.to_json())
    assert run(rows, model=again).together("1", "2")
    before = json.loads(measured.to_json())
    del before["household"]
    assert not run(rows, model=FrozenModel.from_json(json.dumps(before))).together("1", "2")
