"""Typing ahead, completing paths, and long texts: what the fingers do faster than the screen."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced, tell, text
from tests.tui.test_walk import press, settle, type_in
from tests.tui.world import PHASES, World
from tui_migrate.audit import entries as facts
from tui_migrate.engine import api
from tui_migrate.tui.answers import found, readable
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.outbox import Outbox
from tui_migrate.tui.paths import Paths
from tui_migrate.tui.screens.checklist import ChecklistScreen
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.run import RunScreen
from tui_migrate.tui.widgets.block import Block, Field, lines
from tui_migrate.tui.widgets.rows import Rows


def questions(count: int, **more: Any) -> list[facts.AnyFact]:
    """The head of a journal whose only step asks ``count`` yes-or-no questions."""
    items = [
        {"id": f"q{n}", "question": {"en": f"Question {n}?"}, "type": "yes_no", **more}
        for n in range(count)
    ]
    step = facts.StepOutline(
        id="ask", phase="prepare", uses="checklist", title={"en": "Ask"}, items=items
    )
    return [
        facts.RunOpened(
            run="1", runbook="asking", title={"en": "Asking"}, version="1", format=1,
            rehearsal=True, zone="UTC", brands=[], phases=PHASES[:1], steps=[step], objects={}),
    ]  # fmt: skip


class Slow(World):
    """Takes its time over a command, the first one longest."""

    def send(self, command: api.AnyCommand) -> api.Reply:
        threading.Event().wait(0.2 if not self.sent else 0.02)
        return super().send(command)


def test_answers_typed_ahead_go_to_one_question_each(tmp_path: Path) -> None:
    world = Slow(tmp_path, head=questions(5))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "enter")
        assert isinstance(app.screen, ChecklistScreen)
        for key in "ynyny":
            await pilot.press(key)
        await settle(pilot)
        for _turn in range(100):  # what the engine tells comes by a thread of its own
            if "○" not in text(app, "#items"):
                break
            await pilot.pause(0.05)
        assert text(app, "#items").count("○") == 0

    tell(world, story)
    sent = [(c.item, c.answer) for c in world.sent if isinstance(c, api.Answer)]
    world.close()
    assert sent == [("q0", "yes"), ("q1", "no"), ("q2", "yes"), ("q3", "no"), ("q4", "yes")]


def burst(app: MigrateApp, text_: str) -> None:
    """Keys that come in one read of the terminal."""
    for character in text_:
        app.post_message(events.Key({" ": "space"}.get(character, character), character))


def test_what_is_typed_before_a_form_stands_there_lands_on_its_line(tmp_path: Path) -> None:
    world = Slow(tmp_path, head=questions(3))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "enter")
        burst(app, "yxnone and yes")
        await settle(pilot)
        assert isinstance(app.screen, Form)
        assert app.screen.query_one(Field).value == "none and yes"
        await press(pilot, "enter")

    tell(world, story)
    sent = [(c.item, c.answer, c.not_applicable) for c in world.sent if isinstance(c, api.Answer)]
    world.close()
    assert sent == [("q0", "yes", False), ("q1", "none and yes", True)]


def test_a_number_typed_ahead_is_typed_once(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        burst(app, "a12 480")
        await settle(pilot)
        assert app.screen.query_one("#field-typed", Field).value == "12 480"

    tell(world, story)


def test_the_run_goes_on_when_answers_on_their_way_have_come(tmp_path: Path) -> None:
    world = Slow(tmp_path, head=questions(2))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "enter")
        for key in "yyc":
            await pilot.press(key)
        await settle(pilot)
        assert isinstance(app.screen, RunScreen)

    tell(world, story)
    world.close()
    assert isinstance(world.sent[-1], api.Run)


def test_an_answer_with_which_the_step_cannot_end_keeps_the_cursor(tmp_path: Path) -> None:
    world = World(tmp_path, head=questions(3, expect="yes"))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "enter")
        await press(pilot, "n")
        assert app.screen.query_one("#items", Rows).picked == "q0"
        await press(pilot, "y")
        assert app.screen.query_one("#items", Rows).picked == "q1"

    tell(world, story)
    world.close()


def test_no_command_overtakes_another() -> None:
    outbox, done = Outbox(), list[int]()
    first = threading.Event()

    def slow() -> None:
        first.wait(2)
        done.append(1)

    outbox.add(slow)
    outbox.add(lambda: done.append(2))
    threads = [threading.Thread(target=outbox.work) for _ in range(2)]
    for thread in threads:
        thread.start()
    first.set()
    for thread in threads:
        thread.join()
    assert done == [1, 2]


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace beside the folder in which the program was started."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    folder = tmp_path / "acme"
    (folder / "evidence").mkdir(parents=True)
    (folder / "evidence" / "restore.txt").write_text("restored")
    (folder / ".hidden").write_text("")
    return folder


def test_a_path_may_start_from_the_workspace(workspace: Path) -> None:
    assert readable("evidence/restore.txt", workspace) == ""
    assert readable("evidence/restore.txt"), "without a workspace only from here"
    assert found("evidence/restore.txt", workspace) == workspace / "evidence" / "restore.txt"
    Path("evidence").mkdir()
    Path("evidence/restore.txt").write_text("nearer")
    assert found("evidence/restore.txt", workspace) == Path("evidence/restore.txt")
    assert "folder" in readable("evidence", workspace)
    assert readable("", workspace)


def test_a_path_is_completed(workspace: Path) -> None:
    Path("aaa.txt").write_text("beside")
    paths = Paths(workspace)
    assert paths.complete("") == "evidence/", "not whatever lies where the program was started"
    assert Paths(workspace / "evidence").complete("") is None
    assert Paths(Path("/nowhere")).complete("./") == "./aaa.txt"
    assert paths.complete("evi") == "evidence/"
    assert paths.complete("evidence/") == "evidence/restore.txt"
    assert paths.complete(".h") == ".hidden"
    assert paths.complete("nothing") is None
    (workspace / "odd\x1b[2J.txt").write_text("")
    assert paths.complete("odd") is None, "a name that acts on the terminal is not suggested"


def test_tab_completes_in_the_form(make: Make, workspace: Path) -> None:
    world = make()

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        app.folder = workspace
        await press(pilot, "enter")
        app.screen.query_one("#items", Rows).pick("report")
        await press(pilot, "enter")
        assert isinstance(app.screen, Form)
        await press(pilot, "tab")
        await press(pilot, "tab")
        assert app.screen.query_one(Field).value == "evidence/restore.txt"
        await press(pilot, "enter")

    tell(world, story)
    sent = [c for c in world.sent if isinstance(c, api.Answer)]
    assert sent[0].file == str(workspace / "evidence" / "restore.txt")


def test_tab_still_goes_to_the_next_line(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        await press(pilot, "a")
        await press(pilot, "tab")
        assert app.focused is app.screen.query_one("#field-comment")

    tell(world, story)


def test_where_one_types_stays_in_sight_when_the_terminal_gets_narrower(make: Make) -> None:
    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "f2")
        field = app.screen.query(Field).first()
        field.insert_text_at_cursor("a reason that fits a line of this width to its last word END")
        await settle(pilot)
        assert "END" in shown(field)
        await pilot.resize_terminal(50, 24)
        await settle(pilot)
        assert "END" in shown(field)

    tell(make(), story)


def shown(field: Field) -> str:
    """The cells of a line to type on that can be seen."""
    width = field.scrollable_content_region.width
    return field.value[int(field.scroll_offset.x) :][:width]


def test_a_comment_of_any_length_and_a_paste_with_lines_stay_on_their_line(make: Make) -> None:
    world = advanced(fill(make()))
    comment = "seen " * 900 + "\x1b[31mred\nsecond line"

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        await press(pilot, "a")
        await type_in(pilot, "12480")
        await type_in(pilot, comment)

    tell(world, story, size=(80, 24))
    kept = world.words(world.state.steps["go"].signoffs[-1].comment)
    assert kept.startswith("seen seen")
    assert kept.isprintable()


def test_letters_typed_at_a_gate_do_not_sign_it(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await pilot.press("g")
        for key in "aaa":
            await pilot.press(key)
        await pilot.press("enter")
        await settle(pilot)
        assert isinstance(app.screen, Form), "what was typed is not the number"
        assert app.screen.query_one("#wrong", Block).plain

    tell(world, story)
    assert not [c for c in world.sent if isinstance(c, api.Sign) and c.gate == "go"]


def test_what_is_only_read_can_be_scrolled(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        app.push_screen(Form("long", lines(str(n) for n in range(80)), reading=True))
        await settle(pilot)
        assert "esc" not in text(app, "#how")
        assert "PgDn more of it" in text(app, "#how")
        assert app.screen.query_one("#how").region.bottom < 24, "always to be seen"
        box = app.screen.query_one("#text")
        await press(pilot, "down")
        await press(pilot, "down")
        assert box.scroll_y == 2
        await press(pilot, "up")
        assert box.scroll_y == 1
        await press(pilot, "end")
        assert app.screen.query_one("#intro").region.bottom <= box.region.bottom
        await press(pilot, "enter")
        app.push_screen(Form("short", lines(str(n) for n in range(8)), reading=True))
        await settle(pilot)
        assert "more of it" not in text(app, "#how")
        await press(pilot, "enter")
        assert isinstance(app.screen, RunScreen)

    tell(world, story, size=(80, 24))


def test_the_line_of_keys_says_what_enter_does_where_the_cursor_is(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g", "a")
        assert text(app, "#how").startswith("⏎ next line")
        await press(pilot, "down")
        assert text(app, "#how").startswith("⏎ sign")
        await press(pilot, "up")
        assert text(app, "#how").startswith("⏎ next line")

    tell(world, story)
