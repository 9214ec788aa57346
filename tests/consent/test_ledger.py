"""Every statement about consent finds its people, or the suppression list."""

from __future__ import annotations

from tests.consent.world import World
from tui_migrate.consent import silence

EVENT = "SELECT profile_id, contact_point, state FROM consent_event ORDER BY ALL"


def test_an_event_belongs_to_the_profile_of_its_owner() -> None:
    world = World()
    world.person("p1", "R1")
    world.person("p1", "R2")
    world.consent("T1", "given", "2024-01-01", owner="R1", evidence="web")
    world.consent("T2", "withdrawn", "2024-02-01", owner="R2")
    assert world.build().rows(EVENT) == [("p1", None, "given"), ("p1", None, "withdrawn")]
    assert world.rules() == {("p1", "Nova", "email"): "newest_optout"}


def test_an_opt_out_without_owner_concerns_everyone_who_has_the_address() -> None:
    world = World()
    world.person("p1", "R1", email=["team@huis.nl"])
    world.person("p2", "R2", email=["team@huis.nl", "p2@huis.nl"])
    world.person("p3", "R3", email=["p3@huis.nl"])
    world.consent("T1", "withdrawn", "2024-02-01", contact_point=" Team@Huis.NL ")
    assert world.build().rows(EVENT) == [
        ("p1", "team@huis.nl", "withdrawn"),
        ("p2", "team@huis.nl", "withdrawn"),
    ]


def test_an_opt_in_by_address_counts_only_when_one_profile_has_it() -> None:
    world = World()
    world.person("p1", "R1", email=["team@huis.nl"])
    world.person("p2", "R2", email=["team@huis.nl", "p2@huis.nl"])
    world.consent("T1", "given", "2024-02-01", contact_point="team@huis.nl", evidence="web")
    world.consent("T2", "given", "2024-02-01", contact_point="p2@huis.nl", evidence="web")
    world.build()
    assert world.rules() == {("p2", "Nova", "email"): "newest_optin"}


def test_a_pruned_owner_leaves_his_opt_out_to_his_contact_points() -> None:
    world = World()
    world.person(None, "R1", email=["weg@huis.nl", "samen@huis.nl"], phone=["+31612345678"])
    world.person("p2", "R2", email=["samen@huis.nl"])
    world.consent("T1", "refused", None, owner="R1", channel="email")
    world.consent("T2", "refused", None, owner="R1", channel="phone")
    world.build()
    assert world.rows(EVENT) == [
        ("p2", "samen@huis.nl", "refused"),
        (None, "+31612345678", "refused"),
        (None, "weg@huis.nl", "refused"),
    ]
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert {(row[2], row[3], row[4]) for row in listed} == {
        ("+31612345678", "phone", "Nova"),
        ("weg@huis.nl", "email", "Nova"),
    }
    assert all("@" not in row[0] and "+" not in row[0] for row in listed)


def test_the_same_fact_in_two_deliveries_counts_once() -> None:
    world = World()
    world.person("p1", "R1")
    for delivery in ("full-2", "full-1"):
        world.consent("T1", "withdrawn", "2024-02-01", owner="R1", delivery=delivery)
    world.build()
    assert world.rows("SELECT delivery, recorded_at FROM consent_event") == [("full-1", "full-1")]


def test_brands_left_open_are_all_brands() -> None:
    world = World()
    world.person("p1", "R1")
    for number, brand in enumerate([None, "", "*", "Alle", "all"]):
        world.consent(f"T{number}", "withdrawn", "2024-02-01", owner="R1", brand=brand)
    world.build()
    assert world.rows("SELECT DISTINCT brand FROM consent_event") == [("*",)]


def test_an_opt_out_that_nothing_can_carry_is_kept_and_named() -> None:
    from tui_migrate.consent import ledger

    world = World()
    world.consent("T1", "withdrawn", "2024-02-01", owner="R404")
    world.build()
    assert world.rows(EVENT) == [(None, None, "withdrawn")]
    found = world.cursor.execute(ledger.UNPLACED, {"message": "?"}).fetchall()
    assert [row[4] for row in found] == ["T1"]


def test_a_phone_number_is_found_however_it_is_written() -> None:
    world = World()
    world.person("p1", "R1", phone=["+31612345678"])
    world.consent("T1", "given", "2020-01-01", owner="R1", channel="phone", evidence="bon")
    world.suppress("X1", "manual", "2024-01-01", channel="phone", contact_point="06-12 34 56 78")
    world.build()
    assert world.rules() == {("p1", "Nova", "phone"): "suppression:manual"}


def test_a_suppressed_address_silences_all_who_carry_it_and_is_listed() -> None:
    world = World()
    world.person("p1", "R1", email=["samen@huis.nl"])
    world.person("p2", "R2", email=["p2@huis.nl", "samen@huis.nl"])
    for number in (1, 2):
        world.consent(f"T{number}", "given", "2024-01-01", owner=f"R{number}", evidence="web")
    world.suppress("X1", "hard_bounce", "2023-01-01", contact_point="samen@huis.nl")
    world.suppress("X2", "hard_bounce", "2023-01-01", contact_point="niemand@huis.nl")
    world.build()
    assert set(world.rules().values()) == {"suppression:hard_bounce"}
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert sorted(row[2] for row in listed) == ["niemand@huis.nl", "samen@huis.nl"]


def test_a_silenced_person_does_not_silence_a_partner_through_a_shared_mailbox() -> None:
    world = World()
    world.person("p1", "R1", email=["samen@huis.nl", "alleen@huis.nl"])
    world.person("p2", "R2", email=["samen@huis.nl"])
    world.suppress("X1", "deceased", None, owner="R1", channel="post")
    world.build()
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert [(row[2], row[3]) for row in listed] == [("alleen@huis.nl", "*")]


def test_an_opt_out_for_all_brands_without_a_state_to_say_so_is_listed() -> None:
    world = World()
    world.person("p1", "R1", email=["p1@huis.nl"])
    world.consent("T1", "given", "2025-01-01", owner="R1", brand="Nova", evidence="web")
    world.consent("T2", "withdrawn", "2024-01-01", owner="R1", brand="*")
    world.build()
    assert world.rules() == {("p1", "Nova", "email"): "newest_optin"}
    brands = {"brands": ["Kompas", "Nova"]}
    listed = world.cursor.execute(silence.LIST, brands).fetchall()
    assert [(row[2], row[4]) for row in listed] == [("p1@huis.nl", "Kompas")]


LINKS = (
    "CREATE TABLE link (source VARCHAR, record_id VARCHAR, other_source VARCHAR,"
    " other_record VARCHAR);"
)


def test_an_opt_out_of_a_lost_owner_goes_by_links_to_every_relative() -> None:
    world = World()
    world.person("p1", "R1")
    world.person("p2", "R2")
    world.cursor.execute(
        LINKS + "INSERT INTO link VALUES ('crm', 'R1', 'crm', 'R404'), ('crm', 'R404', 'crm', 'R2')"
    )
    for number in (1, 2):
        world.consent(f"T{number}", "given", "2024-01-01", owner=f"R{number}", evidence="web")
    world.consent("T3", "withdrawn", "2024-02-01", owner="R404")
    world.consent("T4", "given", "2024-03-01", owner="R404", evidence="web", brand="Kompas")
    world.build()
    # The opt-out travels to both, the opt-in to nobody.
    assert world.rules() == {
        ("p1", "Nova", "email"): "newest_optout",
        ("p2", "Nova", "email"): "newest_optout",
    }
    assert world.rows("SELECT DISTINCT how FROM tmp_consent_placed ORDER BY ALL") == [
        ("link",),
        ("nobody",),
        ("owner",),
    ]


def test_an_opt_out_lands_on_the_list_when_a_lost_relative_has_an_address() -> None:
    world = World()
    world.person(None, "R9", email=["weg@huis.nl"], phone=["+31612345678"])
    world.cursor.execute(LINKS + "INSERT INTO link VALUES ('crm', 'R9', 'crm', 'R404')")
    world.consent("T1", "withdrawn", "2024-02-01", owner="R404")
    assert world.build().rows(EVENT) == [(None, "weg@huis.nl", "withdrawn")]
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert [(row[2], row[3], row[4]) for row in listed] == [("weg@huis.nl", "email", "Nova")]


def test_an_opt_out_finds_the_address_in_the_unreadable_row_of_its_owner() -> None:
    world = World()
    world.person("p1", "R1", email=["samen@huis.nl"])
    world.cursor.execute(
        "CREATE TABLE reject (source VARCHAR, raw VARCHAR);"
        "INSERT INTO reject VALUES ('crm', 'R404;Jan;samen@huis.nl;06-12345678;extra'),"
        " ('crm', 'R4040;Piet;piet@huis.nl')"
    )
    world.consent("T1", "given", "2024-01-01", owner="R1", evidence="web")
    world.consent("T2", "withdrawn", "2024-02-01", owner="R404")
    world.consent("T3", "refused", "2024-02-01", owner="R404", channel="phone")
    world.build()
    assert world.rules() == {("p1", "Nova", "email"): "newest_optout"}
    listed = world.cursor.execute(silence.LIST, {"brands": ["Nova"]}).fetchall()
    assert [(row[2], row[3]) for row in listed] == [("+31612345678", "phone")]
