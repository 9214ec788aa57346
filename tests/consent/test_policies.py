"""Which statement decides: by hand, and against a plain Python reference on random ledgers."""

from __future__ import annotations

import pytest

from tests.consent.world import World

KEY = ("p1", "Nova", "email")
IN, OUT = "given", "withdrawn"


def _state(*events: tuple[str | None, str | None, str | None], policy: str = "newest") -> object:
    world = World()
    world.person("p1", "R1")
    for number, (state, at, evidence) in enumerate(events):
        world.consent(
            f"T{number}", state, at, evidence=evidence, owner="R1", contact_point="a@huis.nl"
        )
    return world.build().states(policy)[KEY][:4]


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([(IN, "2024-01-01", "web")], ("opt-in", "newest_optin", "2024-01-01", "web")),
        ([(IN, "2024-01-01", None)], ("opt-out", "no_evidence", None, None)),
        ([(IN, "2024-01-01", "  ")], ("opt-out", "no_evidence", None, None)),
        ([(IN, None, "web")], ("opt-out", "no_evidence", None, None)),
        ([(None, "2024-01-01", "web")], ("opt-out", "no_evidence", None, None)),
        (
            [(IN, "2024-01-02", "web"), (OUT, "2024-01-01", None)],
            ("opt-in", "newest_optin", "2024-01-02", "web"),
        ),
        (
            [(IN, "2024-01-01", "web"), ("refused", "2024-01-02", "bon")],
            ("opt-out", "newest_optout", "2024-01-02", "bon"),
        ),
        (
            [(IN, "2024-01-02", "web"), (OUT, "2024-01-02", "tel")],
            ("opt-out", "tie_optout", "2024-01-02", "tel"),
        ),
        (
            [(IN, "2024-01-02", "web"), (OUT, None, "tel")],
            ("opt-out", "undated_optout", None, "tel"),
        ),
        # An opt-in without proof, later than the opt-out, ends nothing.
        (
            [(IN, "2025-01-02", None), (OUT, "2024-01-02", None), (IN, "2023-01-01", "web")],
            ("opt-out", "newest_optout", "2024-01-02", None),
        ),
    ],
)
def test_newest(events: list[tuple[str | None, str | None, str | None]], expected: object) -> None:
    assert _state(*events) == expected


def test_restrictive_lets_only_a_confirmed_opt_in_end_an_opt_out() -> None:
    again = ((IN, "2024-01-01", "web"), (OUT, "2024-02-01", "tel"), (IN, "2024-03-01", "web"))
    assert _state(*again, policy="restrictive") == (
        "opt-out", "unconfirmed_optin", "2024-02-01", "tel",
    )  # fmt: skip
    confirmed = (*again, ("confirmed", "2024-03-02", None))
    assert _state(*confirmed, policy="restrictive") == (
        "opt-in", "newest_optin", "2024-03-01", "web",
    )  # fmt: skip
    assert _state(again[0], policy="restrictive") == ("opt-in", "newest_optin", "2024-01-01", "web")


def test_a_late_confirmation_does_not_bring_back_what_was_withdrawn_before_it() -> None:
    events = (
        (IN, "2024-01-01", "web"),
        (OUT, "2024-01-02", None),
        ("confirmed", "2024-01-03", None),
    )
    for policy in ("newest", "restrictive"):
        assert _state(*events, policy=policy) == ("opt-out", "newest_optout", "2024-01-02", None)


def test_a_confirmation_alone_is_a_confirmed_opt_in() -> None:
    events = ((OUT, "2024-01-01", None), ("confirmed", "2024-01-03", "web"))
    assert _state(*events, policy="restrictive") == ("opt-in", "newest_optin", "2024-01-03", "web")


def test_a_confirmation_belongs_to_the_opt_in_of_its_own_record() -> None:
    world = World()
    world.person("p1", "R1")
    world.consent("A", OUT, "2024-01-01", owner="R1")
    world.consent("B", IN, "2024-02-01", evidence="web", owner="R1")
    # C's own opt-in has no date: its confirmation proves neither that one nor B's.
    world.consent("C", IN, None, evidence="web", owner="R1")
    world.consent("C", "confirmed", "2024-03-01", evidence="web", owner="R1")
    assert world.build().rules("restrictive") == {KEY: "unconfirmed_optin"}
    assert world.rules("newest") == {KEY: "newest_optin"}


def test_a_confirmation_flag_without_a_time_confirms_the_one_opt_in_of_its_record() -> None:
    world = World()
    world.person("p1", "R1")
    world.consent("A", OUT, "2024-01-01", owner="R1")
    world.consent("B", IN, "2024-02-01", evidence="web", owner="R1")
    world.consent("B", "confirmed", None, owner="R1")
    assert world.build().rules("restrictive") == {KEY: "newest_optin"}


def test_opt_ins_never_spread_and_opt_outs_for_all_brands_do() -> None:
    world = World()
    world.person("p1", "R1")
    world.consent("A", IN, "2024-01-01", evidence="web", owner="R1")
    world.consent("B", None, "2024-01-01", brand="Kompas", owner="R1")
    world.consent("C", IN, "2024-06-01", brand="*", evidence="web", owner="R1")
    assert world.build().rules() == {
        KEY: "newest_optin",
        ("p1", "Kompas", "email"): "no_evidence",
    }
    world.consent("D", OUT, "2024-02-01", brand="*", owner="R1")
    world.consent("E", OUT, "2024-03-01", brand="*", channel="post", owner="R1")
    assert world.build().rules() == {
        KEY: "newest_optout",
        ("p1", "Kompas", "email"): "newest_optout",
    }


def test_an_opt_out_without_channel_counts_on_every_channel() -> None:
    world = World()
    world.person("p1", "R1")
    world.consent("A", IN, "2024-01-01", evidence="web", owner="R1")
    world.consent("B", IN, "2024-01-01", evidence="web", owner="R1", channel="post")
    world.consent("C", OUT, "2024-02-01", owner="R1", channel=None)
    assert set(world.build().rules().values()) == {"newest_optout"}


def test_a_suppression_wins_and_names_the_gravest_reason_then_the_oldest() -> None:
    world = World()
    world.person("p1", "R1")
    world.consent("A", IN, "2025-01-01", evidence="web", owner="R1")
    world.consent("B", IN, "2025-01-01", evidence="web", owner="R1", channel="post")
    world.suppress("X1", "manual", "2020-01-01", owner="R1")
    world.suppress("X2", "complaint", "2022-01-01", owner="R1", evidence="mail")
    world.suppress("X3", "complaint", "2021-01-01", owner="R1", evidence="mail")
    states = world.build().states("restrictive")
    assert states[KEY] == ("opt-out", "suppression:complaint", "2021-01-01", "mail", None)
    assert states["p1", "Nova", "post"][1] == "newest_optin"
    world.suppress("X4", "deceased", None, owner="R1", channel="email")
    states = world.build().states()
    assert states["p1", "Nova", "post"] == ("opt-out", "suppression:deceased", None, None, None)


def test_events_of_all_records_of_a_profile_count() -> None:
    world = World()
    world.person("p1", "R1")
    world.person("p1", "R2")
    world.person("p2", "R3")
    world.consent("A", IN, "2025-01-01", evidence="web", owner="R1")
    world.consent("B", OUT, "2025-02-01", owner="R2")
    world.consent("C", IN, "2025-01-01", evidence="web", owner="R3")
    assert world.build().rules() == {
        KEY: "newest_optout",
        ("p2", "Nova", "email"): "newest_optin",
    }


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(KeyError):
        World().build().states("lenient")
