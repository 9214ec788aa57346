"""An opt-out finds its person however the address is spelled; a permission does not travel so far."""

from __future__ import annotations

import pytest

from tests.consent.world import World
from tui_migrate.consent import conservation, silence
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import Sources

MAILS = [
    ("jan.peeters@huis.be", "JAN.PEETERS@HUIS.BE"),
    ("jan.peeters@huis.be", " <jan.peeters@huis.be> "),
    ("jan.peeters@huis.be", "mailto:jan.peeters@huis.be"),
    ("jan.peeters@huis.be", "jan.peeters@huis.be. "),
    ("jan.peeters@huis.be", "jan.peeters%40huis.be"),
    ("jan.peeters@huis.be", "jan.peeters (at) huis.be"),
    ("jan.peeters@huis.be", "jan.peeters+nieuws@huis.be"),
    ("jan.peeters+nieuws@huis.be", "jan.peeters@huis.be"),
    ("jan.peeters@huis.be", "jan.peeters@huis.be (oud adres)"),
    ("josé@café.be", "jose@cafe.be"),
    ("jose@café.be", "jose@xn--caf-dma.be"),
    ("jose@xn--caf-dma.be", "jose@cafe.be"),
    ("janpeeters@gmail.com", "jan.peeters+x@googlemail.com"),
    ("j.an.peeters@googlemail.com", "janpeeters@gmail.com"),
]
PHONES = [
    ("+32475123456", "0475 12 34 56"),
    ("+32475123456", "0475/12.34.56"),
    ("+32475123456", "475123456"),
    ("+32475123456", "32 475 12 34 56"),
    ("+32475123456", "+32 (0)475 12 34 56"),
    ("+32475123456", "0032 (0) 475/123.456"),
    ("+3292345678", "09 234 56 78"),
    ("+31475123456", "0475-123456"),
    ("+31612345678", "6 12 34 56 78"),
]


def _world(carried: str, written: str, state: str, channel: str) -> World:
    """One person who gave a permission with proof, and a later word about his contact point."""
    world = World()
    if "@" in carried:
        world.person("p1", "R1", email=[carried])
    else:
        world.person("p1", "R1", phone=[carried])
    more = {"channel": channel, "evidence": "web"}
    if state == "withdrawn":
        world.consent("T1", "given", "2024-01-01 10:00", owner="R1", **more)
    else:
        world.consent("T1", None, "2024-01-01 10:00", owner="R1", **more)
    world.consent("T2", state, "2024-02-01 10:00", contact_point=written, **more)
    return world.build()


@pytest.mark.parametrize(("carried", "written"), [*MAILS, *PHONES])
def test_an_opt_out_in_an_odd_spelling_finds_its_person(carried: str, written: str) -> None:
    channel = "email" if "@" in carried else "phone"
    world = _world(carried, written, "withdrawn", channel)
    assert world.rules() == {("p1", "Nova", channel): "newest_optout"}


@pytest.mark.parametrize(
    ("carried", "written"),
    [
        ("jan.peeters@huis.be", "jan.peeters+nieuws@huis.be"),
        ("jan.peeters@huis.be", "jan.peeters%40huis.be"),
        ("janpeeters@gmail.com", "jan.peeters@gmail.com"),
        ("josé@café.be", "jose@cafe.be"),
        ("+32475123456", "0475 12 34 56"),
    ],
)
def test_a_permission_never_travels_over_an_odd_spelling(carried: str, written: str) -> None:
    channel = "email" if "@" in carried else "phone"
    world = _world(carried, written, "given", channel)
    assert world.rules() == {("p1", "Nova", channel): "no_evidence"}


def test_a_complaint_in_an_odd_spelling_lists_the_address_that_is_carried() -> None:
    world = World()
    world.person("p1", "R1", email=["janpeeters@gmail.com"])
    world.consent("T1", "given", "2024-01-01", owner="R1", evidence="web")
    world.suppress("X1", "complaint", "2023-01-01", contact_point="Jan.Peeters+a@googlemail.com")
    world.build()
    assert world.rules() == {("p1", "Nova", "email"): "suppression:complaint"}
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert "janpeeters@gmail.com" in {row[2] for row in listed}


def test_a_number_read_as_dutch_by_its_mapping_is_found_as_it_was_written() -> None:
    world = World()
    world.person("p1", "R1", phone=["+32475123456"])
    world.consent("T1", "given", "2024-01-01", owner="R1", channel="phone", evidence="card")
    world.cursor.execute(
        "CREATE TABLE column_use (source VARCHAR, column_name VARCHAR, entity VARCHAR, field VARCHAR);"
        "INSERT INTO column_use VALUES ('suppressions', 'tel', 'suppression', 'contact_point');"
        "CREATE TABLE raw_suppressions"
        " (_delivery VARCHAR, _file VARCHAR, _line BIGINT, tel VARCHAR);"
        "INSERT INTO raw_suppressions VALUES ('full', 's.csv', 3, '0475/12 34 56'),"
        " ('full', 's.csv', 4, '+31 475 99 99 99')"
    )
    world.suppress("X1", "manual", None, channel="phone", contact_point="+31475123456")
    world.suppress("X2", "manual", None, channel="phone", contact_point="+31475999999")
    world.build()
    assert world.rules() == {("p1", "Nova", "phone"): "suppression:manual"}


@pytest.mark.parametrize(
    ("written", "channel", "listed"),
    [
        ("jan%40huis.be", "email", {"jan@huis.be"}),
        ("jan (at) huis.be", "email", {"jan@huis.be"}),
        ("0475 12 34 56", "phone", {"+31475123456", "+32475123456"}),
        ("+32 475 12 34 56", "phone", {"+32475123456"}),
    ],
)
def test_the_list_names_what_nobody_carries_in_a_form_that_can_be_used(
    written: str, channel: str, listed: set[str]
) -> None:
    world = World()
    world.consent("T1", "withdrawn", None, channel=channel, contact_point=written)
    world.suppress("X1", "complaint", None, channel=channel, contact_point=written)
    world.build()
    rows = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    for brand in ("Nova", "*"):
        assert {row[2] for row in rows if row[4] == brand} == listed


def test_other_people_are_left_alone() -> None:
    world = World()
    world.person("p1", "R1", email=["jan.peeters@huis.be", "piet@gmail.com"])
    world.consent("T1", "given", "2024-01-01", owner="R1", evidence="web")
    for number, other in enumerate(
        [
            "janpeeters@huis.be",
            "jan@huis.be",
            "jan.peeters@huis.nl",
            "piet@gmail.be",
            "+32475123456",
        ]
    ):
        world.consent(f"T2{number}", "withdrawn", None, contact_point=other)
    world.build()
    assert world.rules() == {("p1", "Nova", "email"): "newest_optin"}


@pytest.mark.parametrize(("carried", "written"), [MAILS[4], MAILS[-1], PHONES[0]])
def test_conservation_knows_odd_spellings_by_itself(carried: str, written: str) -> None:
    """The states are made without the opt-out, as a ledger would that overlooked it."""
    channel = "email" if "@" in carried else "phone"
    world = _world(carried, written, "withdrawn", channel)
    world.cursor.execute("DELETE FROM consent_event WHERE state = 'withdrawn'")
    world.cursor.execute(f"CREATE OR REPLACE TABLE derived AS {states_sql('newest')}")
    assert conservation.check(world.cursor, "derived", "derived", Sources()).justified == 1
