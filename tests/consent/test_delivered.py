"""A contact point that was cleaned wrongly cannot hide an opt-out; two numbers alike raise no alarm."""

from __future__ import annotations

import pytest

from tests.consent.world import World
from tui_migrate.consent import conservation
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import Sources

MOBILE = "+31648770993"


def _world(*, cell: str, cleaned: list[str], country_line: str = MOBILE) -> World:
    """Anna wrote ``cell``, of which the cleaning made ``cleaned``; the register lists a number. She
    gave a permission by telephone."""
    world = World()
    world.person("p1", "R1", phone=cleaned)
    world.cursor.execute(
        "CREATE TABLE column_use (source VARCHAR, column_name VARCHAR, entity VARCHAR, field VARCHAR);"
        "INSERT INTO column_use VALUES ('crm', 'Mobiel', 'profile', 'phone'),"
        " ('suppressions', 'point', 'suppression', 'contact_point');"
        'CREATE TABLE raw_crm (_delivery VARCHAR, _file VARCHAR, _line BIGINT, "Mobiel" VARCHAR);'
        "CREATE TABLE raw_suppressions"
        " (_delivery VARCHAR, _file VARCHAR, _line BIGINT, point VARCHAR);"
    )
    world.cursor.execute("INSERT INTO raw_crm VALUES ('full', 'p.csv', 1, ?)", [cell])
    world.consent("T1", "given", "2024-01-01", owner="R1", channel="phone", evidence="card")
    world.suppress("X1", "register", "2024-02-01", channel="phone", contact_point=country_line)
    return world.build()


def _check(world: World) -> conservation.Conservation:
    world.cursor.execute(f"CREATE OR REPLACE TABLE derived AS {states_sql('newest')}")
    return conservation.check(world.cursor, "derived", "derived", Sources())


def _findings(world: World) -> list[tuple[object, ...]]:
    select = conservation.FINDINGS.format(golden="profile")
    return world.cursor.execute(
        f"SELECT record_id, rule, severity, message FROM ({select})", conservation.messages()
    ).fetchall()


def test_a_wrong_cleaning_cannot_hide_a_registered_number() -> None:
    # The defect as it was: of 0031… only the first zero was taken away.
    world = _world(cell="0031648770993", cleaned=["+31031648770993"])
    assert set(world.rules().values()) == {"newest_optin"}  # ledger and policy do not see it
    assert _check(world).justified == 1
    found = _findings(world)
    assert [row[:3] for row in found] == [("X1", "consent.justified", "block")]
    assert "as it was delivered" in str(found[0][3])


@pytest.mark.parametrize(
    ("cell", "cleaned"),
    [
        ("06 48 77 09 93", []),  # dropped
        ("+31 (0)6-48770993", ["+31612345678"]),  # made another number that could be right
        ("020 1234567 / 06-48770993", ["+31201234567"]),  # one of two was lost
    ],
)
def test_a_number_that_was_lost_or_changed_is_found_in_the_cell(
    cell: str, cleaned: list[str]
) -> None:
    assert _check(_world(cell=cell, cleaned=cleaned)).justified == 1


def test_a_right_cleaning_is_the_business_of_the_ledger() -> None:
    world = _world(cell="0031648770993", cleaned=[MOBILE])
    assert set(world.rules().values()) == {"suppression:register"}
    assert _check(world).kept


@pytest.mark.parametrize(
    ("cell", "cleaned", "listed"),
    [
        # The same nine digits in two countries, each read as it was written.
        ("0475 12 34 56", "+32475123456", "+31475123456"),
        ("+32 475 12 34 56", "+32475123456", "+31 475-123456"),
        ("0000000000", "", "0000000000"),  # no number at all
    ],
)
def test_two_numbers_that_end_alike_raise_no_alarm(cell: str, cleaned: str, listed: str) -> None:
    world = _world(cell=cell, cleaned=[cleaned] if cleaned else [], country_line=listed)
    assert set(world.rules().values()) == {"newest_optin"}
    assert _check(world).kept


def test_a_dropped_address_is_found_in_the_cell() -> None:
    world = _world(cell=" Anna@Huis.NL", cleaned=[])
    world.consent("T2", "given", "2024-01-01", owner="R1", evidence="web")
    world.suppress("X2", "complaint", "2024-02-01", contact_point="anna@huis.nl")
    world.build()
    found = _check(world)
    assert found.justified == 1


@pytest.mark.parametrize(
    ("cell", "number"), [("06-48770993", MOBILE), ("0487-203972", "+32487203972")]
)
def test_a_cell_of_another_person_on_the_same_row_is_not_mine(cell: str, number: str) -> None:
    # One row tells of a holder and a payer; the payer's number is listed.
    world = _world(cell=cell, cleaned=[number], country_line=number)
    world.cursor.execute(
        "INSERT INTO ent_profile VALUES ('crm', 'R1-holder', 'full', 'p.csv', 1, NULL, NULL);"
        "INSERT INTO crosswalk VALUES ('crm', 'R1-holder', 'p2');"
        "INSERT INTO profile VALUES ('p2', 'crm', 'R1-holder', NULL, NULL)"
    )
    world.consent("T2", "given", "2024-01-01", owner="R1-holder", channel="phone", evidence="card")
    world.build()
    assert world.rules()["p2", "Nova", "phone"] == "newest_optin"
    assert _check(world).kept
