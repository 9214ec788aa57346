"""The review of duplicates by keyboard, as the screen shows it."""

from __future__ import annotations

from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import PAIR, fill, put
from tests.tui.test_screens import tell, text
from tests.tui.test_walk import press, settle, type_in
from tui_migrate import i18n
from tui_migrate.audit import entries as facts
from tui_migrate.catalogue import read_po
from tui_migrate.engine import api
from tui_migrate.engine.review_queries import ClusterStep
from tui_migrate.engine.sentences import label
from tui_migrate.model.entities import entities
from tui_migrate.runbook.models import ReviewSpec
from tui_migrate.tui.actions import ACTS
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.person import PersonScreen
from tui_migrate.tui.screens.review import ReviewScreen
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.status import LOOKS


def sheet(app: MigrateApp) -> str:
    """The cluster, line by line."""
    assert isinstance(app.screen, ReviewScreen)
    return app.screen.shown


def decided(world_sent: list[api.AnyCommand]) -> list[api.DecideCluster]:
    """The decisions that went to the engine."""
    return [command for command in world_sent if isinstance(command, api.DecideCluster)]


def test_clusters_are_settled_undone_and_left_unsure(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert "Cluster 1 of 2 · 3 records" in text(app, "#head")
        shown = sheet(app)
        assert shown.index("first name") < shown.index("equal field"), "what differs comes first"
        assert "WITHDRAWN" in shown
        assert "conflict" in shown
        assert "A merge brings together: 2 subscriptions, 1 order." in shown
        await press(pilot, "m")
        assert "Cluster 2 of 2 · 2 records" in text(app, "#head")
        assert "decided 1 (1 merged, 0 not)" in text(app, "#head")
        await press(pilot, "z")
        assert "Cluster 1 of 2" in text(app, "#head"), "one's own last decision"
        assert "a decision of anna was taken back" in text(app, "#said")
        assert "decided 0" in text(app, "#head")
        await press(pilot, "y")
        assert "✓ merged by anna" in text(app, "#said")
        await press(pilot, "right", "u")
        assert "decided 1" in text(app, "#head"), "unsure still waits for a person"
        assert "? unsure by anna" in text(app, "#said"), "the unsure one comes back last"
        await press(pilot, "n")
        assert "decided 2 (1 merged, 1 not)" in text(app, "#head")
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        (summary,) = [n.message for n in app._notifications if "decision" in n.message]
        assert summary.startswith(
            "3 decisions · 1 merged · 1 not the same · 1 unsure · 1 taken back"
        )

    tell(world, story)
    assert sorted(p.decision for p in world.state.pairs.values()) == ["different", *["merge"] * 3]


def test_one_is_excluded_values_are_taken_and_another_leads(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "e")
        assert "which record is somebody else?" in text(app, "#next")
        await press(pilot, "3")
        assert "3 [B] shop" in sheet(app)
        assert "Next: m merge the others · n none the same · u unsure · esc anew" in text(
            app, "#next"
        )
        await press(pilot, "w")
        assert "2 [A] ★ email" in sheet(app)
        await press(pilot, "b")
        await press(pilot, "down")
        assert "›first name" in sheet(app)
        await press(pilot, "2")
        assert "● Henk" in sheet(app)
        await press(pilot, "m")

    tell(world, story)
    (command,) = decided(world.sent)
    assert command.groups == ((0, 1), (2,))
    assert command.lead == 1
    assert command.values == {"email": (0, 1, 2), "first_name": (1,)}


def test_a_split_can_be_left_again(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "s", "1", "2", "2")
        assert "1 [B]" in sheet(app)
        assert "2 [C]" in sheet(app)
        await press(pilot, "escape")
        assert "[B]" not in sheet(app)
        assert isinstance(app.screen, ReviewScreen), "esc begins this cluster anew"
        assert "Next: m merge · n not the same" in text(app, "#next")
        await press(pilot, "e", "1", "e", "2")
        assert "Next: m n not the same, each somebody else" in text(app, "#next")
        await press(pilot, "escape")
        await press(pilot, "s", "3", "m")

    tell(world, story)
    (command,) = decided(world.sent)
    assert command.groups == ((0, 1), (2,))


def test_a_flag_takes_a_note_and_a_filter_finds_it(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "f")
        await type_in(pilot, "ring [red]her")
        await press(pilot, "slash")
        await type_in(pilot, "state:nothing shoe:9")
        assert "shoe:9 is not one of" in text(app, "#wrong")
        await pilot.press(*["backspace"] * 20)
        await type_in(pilot, "state:flagged")
        assert "Cluster 1 of 1" in text(app, "#head")
        assert "⚑ flagged by anna" in text(app, "#said")
        assert "“ring [red]her”" in text(app, "#said")
        await press(pilot, "slash")
        await pilot.press(*["backspace"] * 20)
        await type_in(pilot, "source:nowhere")
        assert "No cluster fits" in sheet(app)

    tell(world, story)


def test_the_person_of_a_record_is_looked_at_and_left(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "g", "1")
        assert isinstance(app.screen, PersonScreen)
        await press(pilot, "escape")
        assert "Cluster 1 of 2" in text(app, "#head")

    tell(world, story)


def test_another_who_looks_at_it_is_passed_over(make: Make) -> None:
    world = fill(make())
    taken = (("crm", "1200368"), ("email", "85eaefe0"))
    real = world.send

    def send(command: api.AnyCommand) -> api.Reply:
        if isinstance(command, api.Claim) and set(taken) & set(command.records):
            world.reviews.claim(command.records, 4711, "berta", "hers")
            return api.Reply(ok=False, message="berta is looking at these records now.")
        return real(command)

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await settle(pilot)
        assert "Cluster 2 of 2" in text(app, "#head"), "the first one was just taken"
        await press(pilot, "left")
        assert "berta is looking at it now" in text(app, "#said")

    tell(world, story)


def test_a_refused_decision_shows_the_cluster_again(make: Make) -> None:
    world = fill(make())
    real = world.send

    def send(command: api.AnyCommand) -> api.Reply:
        if isinstance(command, api.DecideCluster):
            return api.Reply(ok=False, message="The disk is full.")
        return real(command)

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "m")
        assert [n.message for n in app._notifications] == ["The disk is full."]
        assert "Cluster 1 of 2" in text(app, "#head")
        assert "undecided" in text(app, "#said")
        await press(pilot, "n")
        assert len(app._notifications) == 2, "the keys work on"

    tell(world, story)


def test_a_cluster_is_asked_for_when_it_is_shown(make: Make) -> None:
    """Who is asked for counts as looked at."""
    world = fill(make())
    real = world.ask
    asked: list[tuple[str, str]] = []

    def ask(query: api.Query) -> Any:
        told = real(query)
        if isinstance(query, ClusterStep):
            asked.append(told.ref.records[0])
        return told

    world.ask = ask  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert len(asked) == 1, "the other cluster stands on no screen yet"
        await press(pilot, "m")
        assert len(set(asked)) == len(asked) == 2

    tell(world, story)


def test_keys_pressed_before_the_next_cluster_comes_do_not_decide_the_last_one_again(
    make: Make,
) -> None:
    world = fill(make())
    real, come = world.ask, Event()

    def ask(query: api.Query) -> Any:
        if isinstance(query, ClusterStep) and query.start == 1 and query.move == "open":
            assert come.wait(10)
        return real(query)

    world.ask = ask  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await pilot.press("m")
        while not decided(world.sent):
            await pilot.pause(0.01)
        await pilot.press("n", "left")  # the one that was decided still stands there
        await pilot.pause()
        come.set()
        await settle(pilot)
        assert "Cluster 1 of 2" in text(app, "#head"), "one back from what came"
        assert "✓ merged by anna" in text(app, "#said")
        assert "decided 1 (1 merged, 0 not)" in text(app, "#head")
        await press(pilot, "right")
        await press(pilot, "n")
        assert "decided 2 (1 merged, 1 not)" in text(app, "#head")
        assert "undecided" not in text(app, "#said")

    tell(world, story)
    assert len(decided(world.sent)) == 2


def test_a_decision_that_never_arrived_can_be_made_again(make: Make) -> None:
    world = fill(make())
    real, down = world.send, [True]

    def send(command: api.AnyCommand) -> api.Reply:
        if isinstance(command, api.DecideCluster) and down:
            down.pop()
            raise ConnectionResetError
        return real(command)

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p", "m")
        assert "undecided" in text(app, "#said")
        await press(pilot, "m")
        assert "Cluster 2 of 2" in text(app, "#head")

    tell(world, story)


def test_who_settles_something_behind_the_merge_is_told_what_it_leads_to(make: Make) -> None:
    world = fill(make())
    told = "The next run does again what rests on it: match, merge."
    for step in ("match", "merge"):
        world.write(facts.StepStarted(step=step, attempt=1, inputs={}))
        done = facts.StepFinished(step=step, attempt=1, outcome="done", figures={}, digest="e" * 64)
        world.write(done)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p", "escape")
        assert told not in [n.message for n in app._notifications], "nothing was settled"
        await press(pilot, "p", "m", "escape")
        assert told in [n.message for n in app._notifications]

    tell(world, story)


def test_nine_records_are_seen_some_at_a_time(make: Make) -> None:
    people: list[tuple[Any, ...]] = [
        ("crm", f"r{n}", f"Name{n}", None, "Bos", None, ["b@example.nl"], [], None, "Gent")
        for n in range(9)
    ]
    world = fill(make(), people)
    put(world, "pair", PAIR, [
        ("crm", f"r{n}", "crm", f"r{n + 1}", 9.0, 0.9, "review", "initials only", [], [], None, None)
        for n in range(8)
    ])  # fmt: skip

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert "9 records" in text(app, "#head")
        assert "Name0" in sheet(app)
        assert "Name8" not in sheet(app)
        await press(pilot, *["right_square_bracket"] * 8)
        assert "Name8" in sheet(app)

    tell(world, story, size=(80, 24))


def test_a_run_that_is_reviewed_blind_shows_the_score_behind_the_decision(make: Make) -> None:
    world = fill(make())
    world.runbook = cast("Any", SimpleNamespace(review=ReviewSpec(blind=True), sources={}))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert "The score is hidden until you have decided." in sheet(app)
        assert "%" not in sheet(app)
        await press(pilot, "h")
        assert "%" not in sheet(app), "nobody can show it himself"
        await press(pilot, "m", "left")
        assert "%" in sheet(app)

    tell(world, story)


def test_how_far_and_how_good_is_said_with_what_it_rests_on(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        await press(pilot, "i")
        said = " ".join(text(app, "#intro").split())
        assert "Decided 0 of 2 clusters: 0 merged, 0 not the same, 0 split. 2 are left." in said
        assert "If nobody decides on them: of 3 pairs of records about 2.4 are one person" in said
        await press(pilot, "escape", "m", "i")
        said = " ".join(text(app, "#intro").split())
        assert "Decided 1 of 2 clusters: 1 merged" in said
        assert "How many of 1 decisions of one person are wrong cannot be said" in said

    tell(world, story)


def test_every_word_of_the_keys_is_there_in_dutch() -> None:
    known: dict[str, str] = {}
    for path in (Path(i18n.__file__).parent / "locale" / "nl").glob("*.po"):
        known |= read_po(path.read_text(encoding="utf-8"))
    words = {
        word
        for act in ACTS["review"] + ACTS["app"]
        for word in (act.label, act.help, act.line.partition("|")[2])
    }
    fields = {label(one.name) for one in entities()["profile"].fields}
    states = {look.word for look in LOOKS.values()}
    assert (words | fields | states | {"given", "refused", "withdrawn"}) - set(known) == {""}


def test_who_reads_dutch_reviews_in_dutch(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert "Cluster 1 van 2 · 3 records" in text(app, "#head")
        assert "○ onbeslist" in text(app, "#said")
        assert "m samenvoegen · n niet dezelfde · u twijfel" in text(app, "#next")
        assert "m samenvoegen" in text(app, "#keys")
        assert "1-9 waarde kiezen" in text(app, "#keys")
        shown = sheet(app)
        for dutch in (
            "Allemaal één persoon, waarschijnlijk (88 %: zwakste schakel 1–3)",
            "voornaam",
            "INGETROKKEN",
            "Samenvoegen brengt bijeen: 2 abo",
        ):
            assert dutch in shown
        for english in ("one person", "first name", "equal field", "At stake", "weight"):
            assert english not in shown
        await press(pilot, "e")
        assert "welk record is iemand anders?" in text(app, "#next")
        await press(pilot, "escape", "f")
        assert "esc annuleren" in text(app, "#how")
        await press(pilot, "escape", "i")
        assert "Beslist: 0 van 2 clusters" in " ".join(text(app, "#intro").split())
        await press(pilot, "escape", "f1")
        assert "Dan 1–9: dat record is iemand anders; m voegt de andere samen" in text(app, "#help")
        await press(pilot, "escape", "m", "left")
        assert "✓ samengevoegd door anna" in text(app, "#said")
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)
        assert any("1 beslissing" in n.message for n in app._notifications)
        assert "p dubbelen" in text(app, "#keys")
        assert "R opnieuw" in text(app, "#keys"), "a step is redone as a decision is, in one word"

    tell(world, story)
