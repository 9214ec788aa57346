"""Which value wins when several records become one profile."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .profiles_world import HOME, TRUST, World, failing, merged, pair, profile


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("most_trusted", "b"), ("newest", "a"), ("oldest", "b"), ("longest", "ccc"),
     ("most_frequent", "d")],
)  # fmt: skip
def test_each_rule_picks_its_value(world: World, rule: str, expected: str) -> None:
    world.person("crm", "1", category="b", updated_at=datetime(2020, 1, 1))
    world.person("shop", "2", category="a", updated_at=datetime(2024, 1, 1))
    world.person("email", "3", category="ccc")
    world.person("orders", "4", category="d", updated_at=datetime(2021, 1, 1))
    world.person("orders", "5", category="d", updated_at=datetime(2022, 1, 1))
    records = ("crm/1", "shop/2", "email/3", "orders/4", "orders/5")
    outcome = merged(world, ("merged", *records), survivorship={"category": rule})
    assert profile(world, "category") == (expected,)
    assert world.one("SELECT rule, value FROM profile_value WHERE field = 'category'") == (
        rule,
        expected,
    )
    others = "; ".join(v for v in ("a", "b", "ccc", "d") if v != expected)
    assert world.one(
        "SELECT source, record_id, rule, before, after FROM store.trail"
        " WHERE event = 'survived' AND field = 'category'"
    ) == ("crm", "1", rule, others, expected)
    assert outcome.figures["fields with a conflict"] == 2  # category and updated_at


def test_the_most_complete_record_wins_and_what_belongs_together_goes_by_its_own_fields(
    world: World,
) -> None:
    world.person("crm", "1", category="bare", **HOME)
    world.person("shop", "2", category="full", gender="f", phone=["+31612345678"],
                 family_name="Jansen", email=["a@x.nl"], street="Laan", house_number="9",
                 town="Stad")  # fmt: skip
    pair(world, survivorship={"category": "most_complete", "postcode": "most_complete"})
    assert profile(world, "category", "street") == ("full", "Dorpsstraat"), "four fields, not three"
    assert world.one("SELECT rule FROM profile_value WHERE field = 'category'") == (
        "most_complete",
    )


def test_a_field_may_have_an_order_of_sources_of_its_own(world: World) -> None:
    for number, source in enumerate(("crm", "shop", "email", "orders")):
        world.person(source, str(number), category=source,
                     email=[f"{source}@x.nl"], street=source, house_number="1",
                     town=source, first_name=f"An {source}")  # fmt: skip
    order = ("email", "shop")
    rules = dict.fromkeys(("category", "email", "street", "first_name"), order)
    records = ("crm/0", "shop/1", "email/2", "orders/3")
    merged(world, ("merged", *records), survivorship=rules)
    assert profile(world, "category", "street", "town") == ("email",) * 3
    assert profile(world, "first_name") == ("An email",)
    # Who is not in the order comes after it, by trust.
    assert profile(world, "email") == (["email@x.nl", "shop@x.nl", "crm@x.nl", "orders@x.nl"],)
    told = "SELECT DISTINCT rule FROM profile_value WHERE field IN ('category', 'email', 'street')"
    assert world.one(told) == ("source_order",)


def test_equal_values_are_no_conflict(world: World) -> None:
    world.person("crm", "1", category="a", gender="f")
    world.person("shop", "2", category="a")
    pair(world)
    said = "SELECT field, rule FROM profile_value WHERE field IN ('category', 'gender') ORDER BY 1"
    assert world.rows(said) == [("category", "same"), ("gender", "only")]
    assert world.rows("SELECT * FROM store.trail WHERE event = 'survived'") == []


def test_an_address_is_never_mixed_and_a_whole_one_wins(world: World) -> None:
    world.person("crm", "1", **HOME, house_addition="A", updated_at=datetime(2019, 1, 1))
    world.person("shop", "2", street="Laan", house_number="9", town="Stad", country="BE",
                 updated_at=datetime(2022, 1, 1))  # fmt: skip
    world.person("email", "3", postcode="9999ZZ", updated_at=datetime(2024, 1, 1))
    merged(world, ("merged", "crm/1", "shop/2", "email/3"), survivorship={"postcode": "newest"})
    address = ("street", "house_number", "house_addition", "postcode", "town", "country")
    assert profile(world, *address) == ("Laan", "9", None, None, "Stad", "BE")
    # The addition was given up without a successor: that is said too.
    assert world.one(
        "SELECT rule, before, after FROM store.trail WHERE field = 'house_addition'"
    ) == ("newest", "A", None)


def test_a_doubtful_value_does_not_win(world: World) -> None:
    world.person("crm", "1", category="x", email=["wrong@gmial.com"], **HOME)
    world.person("shop", "2", category="y", email=["right@gmail.com"], street="Laan",
                 house_number="2", postcode="4321BA", town="Stad")  # fmt: skip
    world.flaw("crm", "1", "category")
    world.flaw("crm", "1", "postcode")
    world.flaw("crm", "1", "email", "wrong@gmial.com")
    pair(world)
    assert profile(world, "category", "email", "postcode", "street") == (
        "y",
        ["right@gmail.com", "wrong@gmial.com"],
        "4321BA",
        "Laan",
    )


def test_all_addresses_are_kept_once_in_the_order_of_the_rule(world: World) -> None:
    world.person("crm", "1", email=["a@x.nl", "B@x.nl"], phone=["+31612345678"])
    world.person("shop", "2", email=["b@x.nl", "c@x.nl"], updated_at=datetime(2024, 1, 1))
    pair(world, survivorship={"email": "newest", "phone": "keep_all"})
    assert profile(world, "email", "phone") == (["b@x.nl", "c@x.nl", "a@x.nl"], ["+31612345678"])
    assert world.rows(
        "SELECT value, source FROM profile_value WHERE field = 'email' ORDER BY value"
    ) == [("a@x.nl", "crm"), ("b@x.nl", "shop"), ("c@x.nl", "shop")]


@pytest.mark.parametrize(
    ("head", "other", "with_", "expected"),
    [
        # The prefix belongs to the family name: it does not come from another record.
        ({"family_name": "Berg"}, {"prefix": "van den", "family_name": "Berg", "first_name": "Jo"},
         {}, ("Jo", None, None, "Berg")),
        # A written-out first name takes the place of an initial.
        ({"first_name": "A.", "initials": "A.", "family_name": "Bos"},
         {"first_name": "Anna", "initials": "A.M.", "family_name": "Bos"},
         {}, ("Anna", "A.", None, "Bos")),
        ({"first_name": "An", "initials": "A.", "family_name": "Bos"},
         {"first_name": "Anna", "initials": "A.M.", "family_name": "Bos"},
         {"initials": "longest"}, ("An", "A.M.", None, "Bos")),
        # Longer initials that begin otherwise are somebody's mistake.
        ({"initials": "A.", "family_name": "Bos"}, {"initials": "J.P.", "family_name": "Bos"},
         {"initials": "longest"}, (None, "A.", None, "Bos")),
        # A record without a family name does not give the name.
        ({"first_name": "An"}, {"first_name": "Anna", "family_name": "Bos"},
         {}, ("Anna", None, None, "Bos")),
    ],
)  # fmt: skip
def test_parts_of_a_name_survive_together(
    world: World,
    head: dict[str, Any],
    other: dict[str, Any],
    with_: dict[str, str],
    expected: tuple[object, ...],
) -> None:
    world.person("crm", "1", **head)
    world.person("shop", "2", **other)
    pair(world, survivorship=with_)
    assert profile(world, "first_name", "initials", "prefix", "family_name") == expected


def test_dates_go_by_their_own_value(world: World) -> None:
    world.person("crm", "1", joined_on=date(2015, 5, 1), updated_at=datetime(2024, 1, 1))
    world.person("shop", "2", joined_on=date(2018, 5, 1), updated_at=datetime(2016, 1, 1))
    pair(world, survivorship={"joined_on": "oldest", "updated_at": "newest"})
    assert profile(world, "joined_on", "updated_at") == (date(2015, 5, 1), datetime(2024, 1, 1))


@pytest.mark.parametrize(
    ("allow", "signed", "expected"),
    [(["iban"], True, "NL91ABNA0417164300"), (["iban"], False, None), (None, True, None)],
)
def test_payment_data_only_where_it_was_signed_for(
    world: World, allow: list[str] | None, signed: bool, expected: str | None
) -> None:
    world.person("crm", "1", iban="NL91ABNA0417164300", bic="ABNANL2A")
    merged(world, allow=allow, payment_allowed=signed)
    assert profile(world, "iban", "bic") == (expected, None)
    assert len(world.rows("SELECT * FROM profile_value WHERE field = 'bic'")) == 0


# -- invariants -----------------------------------------------------------------------------------

TEXTS = ("first_name", "initials", "prefix", "family_name", "category", "street", "house_number",
         "postcode", "town")  # fmt: skip
TEXT = st.sampled_from(["a", "b", "Cc", "-", "é"])
RECORD = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(TEXTS, TEXT),
        "email": st.lists(st.sampled_from(["a@x.nl", "A@x.nl", "b@x.nl"]), unique=True),
        "updated_at": st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1)),
    },
)  # fmt: skip
RULE = st.sampled_from(
    ["newest", "oldest", "most_trusted", "most_complete", "most_frequent", "longest"]
)
ORDER = st.lists(st.sampled_from(sorted(TRUST)), min_size=1, unique=True)


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    people=st.lists(
        st.tuples(st.sampled_from(sorted(TRUST)), RECORD, st.integers(0, 2), st.booleans()),
        min_size=1,
        max_size=8,
    ),
    rule=RULE,
    own=st.dictionaries(
        st.sampled_from(["postcode", "first_name", "email", "initials"]), RULE | ORDER
    ),
)
def test_nobody_is_lost_and_no_value_made_up(
    people: list[tuple[str, dict[str, Any], int, bool]], rule: str, own: dict[str, str | list[str]]
) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        parties: dict[int, list[str]] = {}
        for number, (source, fields, party, flawed) in enumerate(people):
            world.person(source, str(number), **fields)
            parties.setdefault(party, []).append(f"{source}/{number}")
            if flawed:
                world.flaw(source, str(number), "street")
        clusters = [("merged", *found) for found in parties.values() if len(found) > 1]
        outcome = merged(world, *clusters, default=rule, survivorship=own)
        assert failing(outcome) == []
        assert world.one("SELECT count(*), count(DISTINCT (source, record_id)) FROM crosswalk") == (
            len(people),
            len(people),
        )
        assert world.one("SELECT count(*) FROM profile") == (len(parties),)
        made_up = world.rows("""
            SELECT p.profile_id FROM profile p
            WHERE NOT EXISTS (
              SELECT 1 FROM crosswalk c JOIN ent_profile e USING (source, record_id)
              WHERE c.profile_id = p.profile_id
                AND (e.street, e.house_number, e.postcode, e.town)
                  IS NOT DISTINCT FROM (p.street, p.house_number, p.postcode, p.town))""")
        assert made_up == []
        lost = world.rows("""
            SELECT c.profile_id, lower(unnest(e.email)) AS email
            FROM crosswalk c JOIN ent_profile e USING (source, record_id)
            EXCEPT SELECT profile_id, lower(unnest(email)) FROM profile""")
        assert lost == []
        twice = world.rows("""
            SELECT profile_id FROM (SELECT profile_id, lower(unnest(email)) AS email FROM profile)
            GROUP BY profile_id, email HAVING count(*) > 1""")
        assert twice == []
        world.store.close()
