"""Records are matched, clusters become profiles, and every row gets its fate."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tui_migrate.steps import match as match_module
from tui_migrate.steps.base import PairDecision
from tui_migrate.steps.match import MatchStep
from tui_migrate.steps.merge import MergeStep

from .profiles_world import (
    HOME,
    JANSEN,
    World,
    failing,
    matched,
    merged,
    pair,
    pid,
    profile,
    runbook,
)

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


def test_a_declared_field_brings_records_together_and_is_compared(world: World) -> None:
    world.person("crm", "1", first_name="Jan", family_name="Vries", status="N-1207", town="Ede")
    world.person("shop", "2", first_name="Johan", family_name="Fries", status="n1207", town="Ede")
    world.person("shop", "3", first_name="Jan", family_name="Bos", status="N-9", town="Ede")
    declared = {"fields": {"status": "identifier"}, "review_from": 0.0001}
    outcome = matched(world, keys={"number": ["status", "town:2"]}, **declared)
    assert failing(outcome) == []
    assert outcome.figures["pairs compared"] == 1
    level = "list_filter(weights, lambda w: w.field = 'status')[1].level"
    assert world.one(f"SELECT rules, {level} FROM pair") == (["number"], "exact")
    assert world.temporary() == []


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
    seen: list[list[list[tuple[object, ...]]]] = []
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
