"""Findings, Mapping, Pairs, Person and Replay, by keyboard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_walk import app_on, press, settle, type_in
from tests.tui.world import ITEMS, World
from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.engine import api
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens import erasing
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.gate import GateScreen
from tui_migrate.tui.screens.people import PeopleScreen
from tui_migrate.tui.screens.person import PersonScreen
from tui_migrate.tui.screens.replay import ReplayScreen
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.widgets.block import Block, KeyBar
from tui_migrate.tui.widgets.lineview import LineView
from tui_migrate.tui.widgets.rows import Rows

Story = Callable[[MigrateApp, Pilot[int]], Awaitable[None]]


def tell(world: World, story: Story, size: tuple[int, int] = (120, 40)) -> None:
    """Run ``story`` on the app of ``world``."""

    async def run() -> None:
        app = app_on(world)
        async with app.run_test(size=size) as pilot:
            await settle(pilot)
            await story(app, pilot)

    asyncio.run(run())


def text(app: MigrateApp, selector: str) -> str:
    """What a widget shows."""
    widget: Widget = app.screen.query_one(selector)
    if isinstance(widget, Rows):
        lines = [str(widget.get_option_at_index(i).prompt) for i in range(widget.option_count)]
        return "\n".join(lines)
    assert isinstance(widget, Block | LineView)
    return widget.plain


def status(screen: ReplayScreen, step: str) -> str:
    """Where a step stood at the moment that is shown."""
    return str(screen.state.steps[step].status)


def advanced(world: World) -> World:
    """A world whose first gate is passed and whose run waits at the last one."""
    for item in ITEMS:
        world.send(api.Answer(step="questions", item=item["id"], answer="yes"))
    world.send(api.Run())
    gate = world.state.steps["quality-gate"]
    world.send(
        api.Sign(
            gate=gate.id, decision="approve", evidence=gate.evidence, typed=12480, comment="ok"
        )
    )
    world.send(api.Run())
    return world


def test_findings_go_from_rule_to_record_with_both_values(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "f")
        assert "email: typo domain" in text(app, "#rules").splitlines()[1], "blocking rules first"
        await press(pilot, "enter", "enter")
        assert "henk@gmial.com" in text(app, "#records")
        assert "henk@gmail.com" in text(app, "#about")
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(app.screen, RunScreen)

    tell(world, story)


def test_findings_export_asks_for_a_known_ending(make: Make, tmp_path: Path) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "f")
        await press(pilot, "e")
        await pilot.press(*["backspace"] * 12)
        await type_in(pilot, str(tmp_path / "f.txt"))
        assert isinstance(app.screen, Form)
        await pilot.press(*["backspace"] * 3)
        await type_in(pilot, "csv")
        assert (tmp_path / "f.csv").exists()

    tell(world, story)


def test_mapping_shows_what_goes_nowhere(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "m")
        assert "3 columns, 1 unmapped" in text(app, "#where")
        assert "→ profile.family_name" in text(app, "#columns")
        await press(pilot, "u")
        assert "Kenmerk3" in text(app, "#columns")
        assert "Achternaam" not in text(app, "#columns")

    tell(world, story)


def test_a_person_is_found_and_explained(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        assert "1 person fits" in text(app, "#about")
        await press(pilot, "enter")
        assert "Hendrik-Jan de Vries" in text(app, "#who")
        assert "crm 1200368" in text(app, "#values")
        assert "merged with email 85eaefe0 (same email)" in text(app, "#trail")
        await press(pilot, "tab")
        await press(pilot, "down")
        await press(pilot, "enter")
        shown = app.screen.query_one("#intro", Block).plain
        assert shown.index("without a date") < shown.index("2019-05-01") < shown.index("2021-06-01")
        assert "Therefore opt-out" in shown

    tell(world, story)


def test_a_history_is_told_in_the_readers_language(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        assert "samengevoegd met email 85eaefe0" in text(app, "#trail")

    tell(world, story)


def test_replay_steps_back_by_entry_and_by_gate(make: Make) -> None:
    world = advanced(fill(make()))
    entries = len(world.entries())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "r")
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        assert "REPLAY" in text(app, "#top")
        assert status(screen, "go") == "waiting"
        await press(pilot, "left_square_bracket")
        assert status(screen, "quality-gate") == "done"
        assert status(screen, "merge") == "todo"
        await press(pilot, "left_square_bracket")
        assert status(screen, "quality-gate") == "waiting"
        await press(pilot, "g")
        assert isinstance(app.screen, GateScreen)
        await press(pilot, "a")
        assert isinstance(app.screen, GateScreen), "the past cannot be signed"
        await press(pilot, "escape", "home")
        assert screen.state.seq == 1
        await press(pilot, "right")
        assert screen.state.seq == 2
        await press(pilot, "t")
        await type_in(pilot, "9:59")
        assert screen.state.seq == 1
        await press(pilot, "end")
        assert screen.state.seq == entries
        await press(pilot, "escape")
        assert isinstance(app.screen, RunScreen)

    tell(world, story)


def test_replay_goes_to_an_entry_and_steps_through_what_fits(make: Make) -> None:
    world = advanced(fill(make()))
    world.write(facts.StepStopped(step="go", attempt=1), by="berta")
    world.write(facts.StepStopped(step="go", attempt=1), by="anna")
    last = len(world.entries())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "r")
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        await press(pilot, "t")
        await type_in(pilot, "7")
        assert screen.state.seq == 7
        await press(pilot, "t")
        await type_in(pilot, str(last + 1))
        assert f"There are {last} entries." in text(app, "#wrong")
        await press(pilot, "escape", "f")
        await type_in(pilot, "by:berta")
        assert screen.state.seq == last - 1
        assert "by:berta: 1 entry fits" in text(app, "#said")
        await press(pilot, "right")
        assert screen.state.seq == last - 1, "none fits behind it"
        await press(pilot, "slash")
        await type_in(pilot, "step:go")
        await press(pilot, "left")
        here = world.entries()[screen.state.seq - 1].fact
        assert "go" in (getattr(here, "step", "") or getattr(here, "gate", ""))
        assert "step:go: " in text(app, "#said")
        await press(pilot, "f", "enter")
        assert "fit" not in text(app, "#said")
        await press(pilot, "end")
        assert screen.state.seq == last

    tell(world, story)


def test_every_screen_of_a_rehearsal_says_so(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        for key in ("f", "m", "p", "slash", "g", "r"):
            await press(pilot, key)
            assert "REHEARSAL" in text(app, "#top"), key
            await press(pilot, "escape")

    tell(world, story, size=(80, 24))


def test_before_anything_is_read_every_screen_is_empty_and_says_so(make: Make) -> None:
    world = make()

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        for key, selector, words in (
            ("f", "#about", "No findings so far"),
            ("m", "#about", "Nothing is mapped yet"),
            ("p", "#sheet", "not compared yet"),
        ):
            await press(pilot, key)
            assert words in text(app, selector)
            await press(pilot, "escape")
        await press(pilot, "slash")
        await type_in(pilot, "vries")
        assert "Nobody fits" in text(app, "#about")
        assert not list(app._notifications), "no question failed"

    tell(world, story)


def test_a_refusal_is_shown_and_changes_nothing(make: Make) -> None:
    world = advanced(fill(make()))
    world.state.steps["go"].subject = 7  # the engine knows better than what this screen folded

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        await press(pilot, "a")
        await type_in(pilot, "12480")
        await press(pilot, "enter")
        notices = [notice.message for notice in app._notifications]
        assert notices == ["not what the evidence says"]
        assert status_now(world, "go") == "waiting"

    tell(world, story)


def status_now(world: World, step: str) -> str:
    """Where a step stands for the engine."""
    return str(world.state.steps[step].status)


def test_redo_makes_what_follows_stale(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "up")
        await press(pilot, "R")
        await type_in(pilot, "new mapping")
        assert [status_now(world, s) for s in ("merge", "check", "go")] == [
            "done",
            "stale",
            "stale",
        ]
        assert "do “6.1 Compare old and new” again" in app.screen.query_one("#next", Block).plain

    tell(world, story)


def test_a_person_is_erased_only_when_the_number_is_typed(make: Make) -> None:
    world = fill(make())
    sent: list[api.AnyCommand] = []
    real = world.send

    def send(command: api.AnyCommand) -> api.Reply:
        if not isinstance(command, api.Forget):
            return real(command)
        sent.append(command)
        return api.Reply(ok=True, message="Erased.")

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        await press(pilot, "x")
        assert isinstance(app.screen, Form)
        form = app.screen.query_one("#form")
        assert form.region.bottom <= 24, "the whole form stands on the screen"
        await type_in(pilot, "letter of 3 May")
        await type_in(pilot, "1200369")
        assert "not a record number" in text(app, "#wrong")
        assert not sent
        for _digit in "1200369":
            await press(pilot, "backspace")
        await type_in(pilot, "1200368")
        assert [(c.typed, c.reason) for c in sent if isinstance(c, api.Forget)] == [
            ("1200368", "letter of 3 May")
        ]
        assert "Erased." in text(app, "#intro")

    tell(world, story, size=(80, 24))


def erase(world: World, by: str, profile: str) -> None:
    """Somebody else has a person erased: gone from staging, then journalled."""
    cursor = world.cursor()
    having = cursor.execute(
        "SELECT table_name FROM duckdb_columns() WHERE schema_name = 'store'"
        " AND column_name = 'profile_id'"
    ).fetchall()
    for (table,) in having:
        cursor.execute(f'DELETE FROM store."{table}" WHERE profile_id = ?', [profile])
    cursor.close()
    name = f"p-{profile}"
    world.write(
        person_facts.ErasureAsked(
            profile=name, records=[name], points=[], reason=world.keep("asked")
        ),
        by,
    )
    world.write(
        person_facts.ErasureDone(profile=name, counts={}, staging="", target="none", backups=[]), by
    )


def test_while_a_person_is_erased_the_screen_says_how_far_it_is(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasing, "BEAT", 0.02)
    world = fill(make())
    real, go_on, asked = world.send, threading.Event(), threading.Event()

    def send(command: api.AnyCommand) -> api.Reply:
        if not isinstance(command, api.Forget):
            return real(command)
        asked.set()
        assert go_on.wait(60)
        return api.Reply(ok=True, message="\n".join(["Erased.", *(f"  ! {n}" for n in range(40))]))

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        async def says(words: str) -> None:
            while not app.screen.query("#intro") or words not in text(app, "#intro"):
                await pilot.pause(0.01)

        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        await press(pilot, "x")
        await type_in(pilot, "letter of 3 May")
        await pilot.press(*"1200368", "enter")
        assert await asyncio.to_thread(asked.wait, 60)
        await says("looking for all that belongs to the person")
        assert "the engine starts anew" in text(app, "#intro")
        name = "p-crm-1200368"
        asked_for = person_facts.ErasureAsked(profile=name, records=[name], points=[], reason="")
        world.write(asked_for)
        await says("in the journal since")
        go_on.set()
        await says("! 39")
        await settle(pilot)
        assert "PgDn more of it" in text(app, "#how")
        await press(pilot, "enter")
        assert isinstance(app.screen, PeopleScreen), "hers is closed"

    tell(world, story, size=(80, 24))


def test_a_person_whom_somebody_else_erased_is_said_to_be(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        screen = app.screen
        assert isinstance(screen, PersonScreen)
        assert "Vries" in text(app, "#who")
        sheet = screen._sheet
        assert sheet is not None
        erase(world, "bram", sheet.profile_id)
        while "This person was erased." not in text(app, "#who"):
            await pilot.pause(0.01)
        assert "by bram" in text(app, "#who")
        shown = text(app, "#who") + app.screen.query_one(KeyBar).plain
        for gone in ("Vries", "1200368", sheet.profile_id, "restrict", "object"):
            assert gone not in shown
        assert not any(app.screen.query_one(pane, Rows).picked for pane in PANES)
        await press(pilot, "x")
        assert app.screen is screen, "nobody is there to be erased"

    tell(world, story, size=(80, 24))


def test_a_person_erased_meanwhile_is_said_to_be_in_dutch(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANGUAGE", "nl")
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        screen = app.screen
        assert isinstance(screen, PersonScreen)
        assert screen._sheet is not None
        erase(world, "bram", screen._sheet.profile_id)
        while "Deze persoon is gewist." not in text(app, "#who"):
            await pilot.pause(0.01)
        assert "door bram" in text(app, "#who")

    tell(world, story, size=(80, 24))


PANES = ("#values", "#consents", "#trail")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ("Restricted since", "Objects to marketing", "by anna, because", "not a record number"),
        ),
        (
            "nl",
            (
                "Beperkt sinds",
                "Bezwaar tegen marketing sinds",
                "door anna, omdat",
                "geen recordnummer",
            ),
        ),
    ],
)
def test_a_person_is_restricted_and_released_with_a_reason_and_a_typed_number(
    make: Make, monkeypatch: pytest.MonkeyPatch, language: str, words: Sequence[str]
) -> None:
    monkeypatch.setenv("LANGUAGE", language)
    restricted, objected, because, refused = words
    world = fill(make())
    mine = ["p-crm-1200368"]

    def send(command: api.AnyCommand) -> api.Reply:
        match command:
            case api.Restrict(reason=reason, lift=lift):
                kind = person_facts.RestrictionLifted if lift else person_facts.Restricted
                world.write(kind(profile=mine[0], records=mine, reason=world.keep(reason)))
            case api.Object(reason=reason):
                fact = person_facts.Objected(
                    profile=mine[0], records=mine, reason=world.keep(reason)
                )
                world.write(fact)
        return api.Reply(ok=True, message="Noted.")

    world.send = send  # type: ignore[method-assign]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        async def ask_for(key: str, reason: str) -> None:
            await press(pilot, key)
            assert app.screen.query_one("#form").region.bottom <= 24
            await type_in(pilot, reason)
            await type_in(pilot, "1200369")
            assert refused in text(app, "#wrong")
            await press(pilot, "backspace")
            await type_in(pilot, "8")
            assert "Noted." in text(app, "#intro")
            await press(pilot, "enter")

        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        await ask_for("r", "disputes [red]his address")
        assert restricted in text(app, "#who")
        assert f"{because}: disputes [red]his address" in text(app, "#who")
        await press(pilot, "tab")
        await ask_for("o", "rang us")
        assert f"{because}: rang us" in text(app, "#who")
        await ask_for("r", "settled")
        assert restricted.split()[0] not in text(app, "#who")
        assert objected in text(app, "#who")

    tell(world, story, size=(80, 24))
