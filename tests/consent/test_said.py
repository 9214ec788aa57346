"""Doubtful words, dates and cells of consent rows: no doubt becomes a permission."""

from __future__ import annotations

import pytest

from tests.consent.world import World
from tui_migrate.consent import conservation, ledger
from tui_migrate.consent.policies import states_sql
from tui_migrate.consent.relations import Sources

KEY = ("p1", "Nova", "email")


def _world(given: str = "2024-01-01", **more: object) -> World:
    world = World()
    world.person("p1", "R1", email=["p1@huis.nl"])
    world.consent("T1", "given", given, owner="R1", evidence="web", **more)
    return world


def _unjustified(world: World) -> int:
    """Opt-outs that *justified* finds when the target holds the permission all the same."""
    select = states_sql("newest")
    world.cursor.execute(
        f"CREATE OR REPLACE TABLE held AS SELECT * REPLACE ('opt-in' AS status) FROM ({select})"
    )
    return conservation.check(world.cursor, "held", "held", Sources()).justified


def _doubts(world: World) -> list[tuple[object, ...]]:
    select, words = ledger.doubts(world.cursor, Sources())
    rows = world.cursor.execute(f"SELECT record_id, rule, value FROM ({select})", words)
    found: list[tuple[object, ...]] = rows.fetchall()
    return found


@pytest.mark.parametrize(
    ("word", "doubt"),
    [
        ("e-mail", False),
        ("EMAIL ", False),
        ("Newsletter", False),
        ("any", True),
        ("e-mail en post", True),
        ("alle", False),
    ],
)
def test_a_suppression_speaks_of_the_channel_that_its_word_means(word: str, doubt: bool) -> None:
    world = _world()
    world.suppress("X1", "complaint", channel=word, contact_point="p1@huis.nl")
    assert world.build().rules() == {KEY: "suppression:complaint"}
    assert _unjustified(world) == 1
    assert _doubts(world) == ([("X1", "consent.unknown_channel", word)] if doubt else [])


def test_a_suppression_of_another_channel_leaves_mail_alone() -> None:
    world = _world()
    world.suppress("X1", "complaint", channel="Telefoon", contact_point="p1@huis.nl")
    assert world.build().rules() == {KEY: "newest_optin"}
    assert _unjustified(world) == 0


@pytest.mark.parametrize(
    "cell",
    [
        "other@huis.nl; p1@huis.nl",
        "p1@huis.nl/other@huis.nl",
        "other@huis.nl p1@huis.nl",
        "other@huis.nl, <p1@huis.nl>",
        "06-12 34 56 78; p1@huis.nl",
    ],
)
def test_every_address_of_a_cell_is_silenced(cell: str) -> None:
    world = _world()
    world.suppress("X1", "complaint", contact_point=cell)
    assert world.build().rules() == {KEY: "suppression:complaint"}
    assert _unjustified(world) == 1


def test_an_opt_in_after_its_delivery_is_no_evidence() -> None:
    world = _world("2099-01-01", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "no_evidence"}
    assert _doubts(world) == [("T1", "consent.future_date", "2099-01-01 00:00:00")]
    world.consent("T2", "withdrawn", "2025-01-01", owner="R1", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "newest_optout"}
    assert _unjustified(world) == 1


def test_a_day_of_slack_is_allowed_and_not_more() -> None:
    # The delivery of 1 March may tell of 2 March (UTC), not of 3 March.
    world = _world("2026-03-02 23:59:59", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "newest_optin"}
    world = _world("2026-03-03", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "no_evidence"}


def test_an_opt_out_in_the_future_counts_as_undated() -> None:
    world = _world()
    world.consent("T2", "withdrawn", "2099-01-01", owner="R1", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "undated_optout"}


def test_a_delivery_without_a_day_is_no_later_than_the_latest_but_for_changes() -> None:
    world = _world("2099-01-01", delivery="first")
    world.consent("T2", None, "2024-01-01", owner="R1", delivery="2026-03-01-full")
    assert world.build().rules() == {KEY: "no_evidence"}
    changes = Sources(deltas=("crm_consents",))
    select, words = ledger.doubts(world.cursor, changes)
    assert world.cursor.execute(select, words).fetchall() == []


@pytest.mark.parametrize(
    ("given", "out", "rule"),
    [
        # 12 March 2025 begins in Amsterdam at 23:00 UTC of the 11th, and ends so on the 12th.
        ("2025-03-12 09:00", "2025-03-11 23:00", "tie_optout"),
        ("2025-03-12 22:59:59", "2025-03-11 23:00", "tie_optout"),
        ("2025-03-12 23:00", "2025-03-11 23:00", "newest_optin"),
        ("2025-03-12 09:00", "2025-03-11 23:00:01", "newest_optin"),
        # On 30 March the clock goes forward: the day has 23 hours.
        ("2025-03-30 21:59", "2025-03-29 23:00", "tie_optout"),
        ("2025-03-30 22:00", "2025-03-29 23:00", "newest_optin"),
        # On 26 October 02:10 comes twice, at 00:10 and 01:10 UTC.
        ("2025-10-26 00:50", "2025-10-26 00:10", "tie_optout"),
        ("2025-10-26 01:11", "2025-10-26 00:10", "newest_optin"),
    ],
)
def test_an_opt_out_of_a_day_ends_with_that_day(given: str, out: str, rule: str) -> None:
    world = _world(given)
    world.consent("T2", "withdrawn", out, owner="R1")
    assert world.build().rules() == {KEY: rule}
    assert _unjustified(world) == (rule == "tie_optout")
