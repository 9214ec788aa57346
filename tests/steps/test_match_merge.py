"""Clusters of records become profiles: who founds, which value wins, what becomes of each row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tui_migrate.steps import match as match_module
from tui_migrate.steps.base import Outcome, PairDecision
from tui_migrate.steps.match import MatchStep
from tui_migrate.steps.merge import MergeStep

from .profiles_world import TRUST, World, runbook

JANSEN = {"first_name": "Anna", "family_name": "Jansen", "birth_date": date(1980, 2, 29)}
HOME = {"street": "Dorpsstraat", "house_number": "1", "postcode": "1234AB", "town": "Ons Dorp"}


def pid(source: str, record: str) -> str:
    """The profile id that a founding record gives."""
    return hashlib.sha256(f"{source}|{record}".encode()).hexdigest()[:20]


def failing(outcome: Outcome) -> list[str]:
    return [check.name for check in outcome.checks if not check.passed]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.store.close()


def matched(world: World, *decisions: PairDecision) -> Outcome:
    book = runbook()
    context = world.context(book, "match", *decisions)
    return world.run(MatchStep(context.spec, book), context)


def merged(world: World, *clusters: tuple[str, ...], **with_: object) -> Outcome:
    allowed = bool(with_.pop("payment_allowed", False))
    book = runbook(**with_)
    context = world.context(book, "merge", payment_allowed=allowed)
    step = MergeStep(context.spec, book)
    world.clusters(step, context, *clusters)
    return world.run(step, context)


def pair(world: World, **with_: object) -> Outcome:
    """Merge crm/1 with shop/2."""
    return merged(world, ("merged", "crm/1", "shop/2"), **with_)


def profile(world: World, *fields: str) -> tuple[object, ...]:
    return world.one(f"SELECT {', '.join(fields)} FROM profile")


# -- match ----------------------------------------------------------------------------------------


def test_a_link_ties_records_and_every_pending_record_has_one_cluster(world: World) -> None:
    world.person("crm", "1", **JANSEN)
    world.person("email", "7", email=["anna@example.org"])
    world.person("shop", "9", first_name="Piet", family_name="Smit")
    out = world.person("shop", "10", first_name="Piet", family_name="Smit")
    world.fate("shop", out, "excluded")
    world.link("email", "7", "crm", "1")
    outcome = matched(world)
    assert failing(outcome) == []
    assert world.rows("SELECT source, record_id, status FROM cluster ORDER BY 1, 2") == [
        ("crm", "1", "merged"),
        ("email", "7", "merged"),
        ("shop", "9", "single"),
    ]
    assert (outcome.figures["records"], outcome.figures["links"]) == (3, 1)
    assert world.one("SELECT band, reason FROM pair") == ("auto", "link")
    assert world.one("SELECT DISTINCT step, attempt, unit FROM store.cluster") == (
        "match",
        1,
        "match",
    )
    assert world.temporary() == []


def test_a_link_to_nobody_is_a_finding_and_one_to_a_rejected_row_is_none(world: World) -> None:
    world.person("email", "7", email=["anna@example.org"])
    world.person("email", "8", email=["bert@example.org"])
    world.row("crm", "2")
    world.link("email", "7", "crm", "1")
    world.link("email", "8", "crm", "2")
    assert matched(world).figures["dangling links"] == 1
    found = "SELECT record_id, field, value, severity FROM finding WHERE rule = 'link.dangling'"
    assert world.one(found) == ("7", "Nr", "1", "warn")


def test_the_model_is_kept_and_a_second_attempt_says_the_same(world: World) -> None:
    world.person("crm", "1", **JANSEN, **HOME, email=["anna@example.org"])
    world.person("shop", "2", **JANSEN, **HOME, email=["anna@example.org"])
    matched(world)
    seen = "SELECT * EXCLUDE attempt FROM store.{} WHERE attempt = {} ORDER BY ALL"
    first = [world.rows(seen.format(t, 1)) for t in ("pair", "cluster", "match_model")]
    matched(world)
    assert [world.rows(seen.format(t, 2)) for t in ("pair", "cluster", "match_model")] == first
    assert len(world.rows("SELECT * FROM match_model")) == 1
    assert len(world.rows("SELECT * FROM pair")) == 1


def test_a_decision_makes_the_step_stale_and_holds_a_pair_apart(world: World) -> None:
    world.person("crm", "1", **JANSEN, **HOME, email=["anna@example.org"])
    world.person("shop", "2", **JANSEN, **HOME, email=["anna@example.org"])
    said = PairDecision("crm", "1", "shop", "2", "different", "anna", "2026-01-01T00:00:00Z")
    book = runbook()
    contexts = [world.context(book, "match"), world.context(book, "match", said)]
    before, after = (MatchStep(c.spec, book).inputs(c) for c in contexts)
    assert before != after
    matched(world, said)
    assert world.one("SELECT DISTINCT status FROM cluster") != ("merged",)
    assert world.one("SELECT decision, decided_by FROM pair") == ("different", "anna")


def test_a_failure_leaves_the_cursor_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_args: object, **_more: object) -> None:
        world.cursor.execute("SELECT error('broken') FROM range(2)").fetchall()

    world.person("crm", "1")
    monkeypatch.setattr(match_module, "match", fails)
    with pytest.raises(Exception, match="broken"):
        matched(world)
    assert world.one("SELECT current_setting('search_path')") == ("",)
    assert world.rows("SELECT * FROM cluster") == []


# -- who founds -----------------------------------------------------------------------------------


def test_trust_then_age_then_name_decide_who_founds(world: World) -> None:
    world.person("crm", "young", created_at=datetime(2024, 1, 1))
    world.person("crm", "undated")
    world.person("crm", "old", joined_on=date(2020, 1, 1))
    world.person("email", "oldest", created_at=datetime(2001, 1, 1))
    outcome = merged(world, ("merged", "crm/young", "crm/undated", "crm/old", "email/oldest"))
    assert failing(outcome) == []
    assert profile(world, "profile_id", "founder_source", "founder_record") == (
        pid("crm", "old"),
        "crm",
        "old",
    )
    assert outcome.figures["merged records"] == 3
    trail = world.rows(
        "SELECT record_id, event, other_record, before, after FROM store.trail"
        " WHERE event IN ('loaded', 'merged') ORDER BY 1"
    )
    assert trail == [
        ("old", "loaded", None, None, pid("crm", "old")),
        ("oldest", "merged", "old", pid("email", "oldest"), pid("crm", "old")),
        ("undated", "merged", "old", pid("crm", "undated"), pid("crm", "old")),
        ("young", "merged", "old", pid("crm", "young"), pid("crm", "old")),
    ]


def test_a_cluster_in_review_and_a_single_record_stay_apart(world: World) -> None:
    for record in ("1", "2", "3", "4"):
        world.person("crm", record)
    outcome = merged(world, ("review", "crm/1", "crm/2"), ("single", "crm/3"))
    assert failing(outcome) == []
    assert world.rows("SELECT record_id, profile_id, role, rule FROM crosswalk ORDER BY 1") == [
        ("1", pid("crm", "1"), "founder", "review"),
        ("2", pid("crm", "2"), "founder", "review"),
        ("3", pid("crm", "3"), "founder", "single"),
        ("4", pid("crm", "4"), "founder", "single"),
    ]
    assert outcome.figures["clusters in review"] == 1


def test_persons_and_organisations_in_one_profile_block(world: World) -> None:
    world.person("crm", "1")
    world.person("shop", "2", kind=None, organisation_name="Bakkerij Smit")
    assert len(failing(pair(world))) == 1


# -- survivorship ---------------------------------------------------------------------------------


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
    pair(world, survivorship={"email": "newest"})
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
    head: dict[str, str],
    other: dict[str, str],
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


# -- fates ----------------------------------------------------------------------------------------


def test_every_row_gets_its_fate(world: World) -> None:
    world.person("crm", "1")
    world.person("shop", "2")
    both = world.person("subscriptions", "A1")
    world.person("subscriptions", "A1/payer", both)
    world.entity("subscription", "subscriptions", "A1", both, owner_source="subscriptions",
                 owner_record="A1")  # fmt: skip
    out = world.person("crm", "9")
    world.fate("crm", out, "pruned")
    lines = {
        "order": world.entity("order", "orders", "o1", owner_source="shop", owner_record="2"),
        "left out": world.entity("order", "orders", "o2", owner_source="crm", owner_record="9"),
        "unknown": world.entity("order", "orders", "o3", owner_source="crm", owner_record="0"),
        "nobody": world.entity("order", "orders", "o4"),
        "consent": world.entity("consent", "orders", "o5", owner_source="crm", owner_record="1"),
        "older": world.row("shop", "2"),
        "empty": world.row("orders", "o6"),
    }
    preference = world.entity("consent", "orders", "o7", owner_source="crm", owner_record="0")
    world.entity("preference", "orders", "o7", preference, owner_source="crm", owner_record="0")
    outcome = merged(world, ("merged", "crm/1", "shop/2", "subscriptions/A1/payer"))
    assert failing(outcome) == []
    fates = {line: (fate, reason) for line, fate, reason in world.rows(
        "SELECT line, fate, reason FROM fates")}  # fmt: skip
    assert fates[1] == ("loaded", None)
    assert fates[2] == ("merged", "guard passed")
    # The receiver founded a profile of his own, the payer went into another one.
    assert fates[both] == ("loaded", None)
    assert fates[out] == ("pruned", "why")
    assert {name: fates[line] for name, line in lines.items()} == {
        "order": ("attached", None),
        "left out": ("rejected", "owner_left_out"),
        "unknown": ("rejected", "owner_unknown"),
        "nobody": ("rejected", "owner_unknown"),
        "consent": ("pending", None),
        "older": ("superseded", "older_row_of_record"),
        "empty": ("pending", None),
    }
    assert fates[preference] == ("pending", None)
    assert (outcome.figures["attached"], outcome.figures["orphans"]) == (1, 3)


def test_a_second_attempt_gives_what_the_first_gave(world: World) -> None:
    world.person("crm", "1", **JANSEN, email=["a@x.nl"])
    world.person("shop", "2", **JANSEN, **HOME)
    world.entity("order", "orders", "o1", owner_source="shop", owner_record="2")
    tables = ("crosswalk", "profile", "profile_value", "fates")
    seen = []
    for _attempt in range(2):
        book = runbook()
        context = world.context(book, "merge")
        step = MergeStep(context.spec, book)
        if not seen:
            world.clusters(step, context, ("merged", "crm/1", "shop/2"))
        assert failing(world.run(step, context)) == []
        seen.append([world.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in tables])
    assert seen[0] == seen[1]
    assert len(seen[0][1]) == 1
    assert world.temporary() == []


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
RULE = st.sampled_from(["newest", "oldest", "most_trusted", "most_frequent", "longest"])


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
    own=st.dictionaries(st.sampled_from(["postcode", "first_name", "email", "initials"]), RULE),
)
def test_nobody_is_lost_and_no_value_made_up(
    people: list[tuple[str, dict[str, object], int, bool]], rule: str, own: dict[str, str]
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
