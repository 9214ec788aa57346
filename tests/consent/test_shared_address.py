"""One address, several profiles: who says no to it, and whom that silences."""

from __future__ import annotations

from tests.consent.world import World
from tui_migrate.consent import conservation, silence
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import Sources


def _couple() -> World:
    """Two people with one mailbox; the second said yes to Nova."""
    world = World()
    world.person("p1", "R1", email=["samen@huis.nl"])
    world.person("p2", "R2", email=["samen@huis.nl", "p2@huis.nl"])
    world.consent("T1", "given", "2023-01-01 10:00", owner="R2", evidence="web")
    return world


def test_an_opt_out_that_names_the_address_silences_everyone_who_has_it() -> None:
    world = _couple()
    world.consent("T2", "withdrawn", "2024-01-01", owner="R1", contact_point="samen@huis.nl")
    world.build()
    assert world.rules() == {
        ("p1", "Nova", "email"): "newest_optout",
        ("p2", "Nova", "email"): "newest_optout",
    }


def test_an_opt_out_of_a_person_alone_leaves_the_other_be() -> None:
    world = _couple()
    world.consent("T2", "withdrawn", "2024-01-01", owner="R1")
    world.build()
    assert world.rules()["p2", "Nova", "email"] == "newest_optin"


def test_a_later_permission_of_the_other_stands() -> None:
    world = _couple()
    world.consent("T2", "withdrawn", "2022-01-01", owner="R1", contact_point="samen@huis.nl")
    world.build()
    assert world.rules()["p2", "Nova", "email"] == "newest_optin"


def test_it_silences_what_there_is_and_makes_no_state_of_its_own() -> None:
    world = _couple()
    world.consent(
        "T2", "withdrawn", "2024-01-01", owner="R1", brand="Kompas", contact_point="samen@huis.nl"
    )
    world.build()
    assert set(world.rules()) == {("p1", "Kompas", "email"), ("p2", "Nova", "email")}
    assert world.rules()["p2", "Nova", "email"] == "newest_optin"


def test_an_opt_out_for_all_brands_lists_the_address_that_it_names() -> None:
    world = _couple()
    world.consent(
        "T2", "withdrawn", "2024-01-01", owner="R1", brand="*", contact_point="samen@huis.nl"
    )
    world.build()
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova", "Kompas"]}).fetchall()
    # For Nova the state of p2 says no; for Kompas nobody has a state that could.
    assert [(row[2], row[4]) for row in listed] == [("samen@huis.nl", "Kompas")]


def test_conservation_asks_for_everyone_who_has_the_address() -> None:
    world = _couple()
    world.consent("T2", "withdrawn", "2024-01-01", owner="R1", contact_point="samen@huis.nl")
    world.build()
    world.cursor.execute("DELETE FROM consent_event WHERE beside")
    world.cursor.execute(f"CREATE OR REPLACE TABLE derived AS {states_sql('newest')}")
    assert conservation.check(world.cursor, "derived", "derived", Sources()).justified == 1


def test_the_opt_out_of_a_rejected_owner_goes_by_his_other_points() -> None:
    """He is known by an address only, and said no to the telephone."""
    world = World()
    world.person(None, "R1", email=["een@huis.nl"])
    world.person("p2", "R2", email=["een@huis.nl"], phone=["+31612345678"])
    world.person(None, "R3", email=["weg@huis.nl"])
    world.consent("T1", "given", "2023-01-01", owner="R2", channel="phone", evidence="card")
    world.consent("T2", "refused", "2024-01-01", owner="R1", channel="phone")
    world.consent("T3", "refused", "2024-01-01", owner="R3", channel="phone")
    world.build()
    assert world.rules() == {("p2", "Nova", "phone"): "newest_optout"}
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert [(row[2], row[3]) for row in listed] == [("weg@huis.nl", "phone")]
