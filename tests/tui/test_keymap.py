"""A person's own keys: what his file says, and what is said of its mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import tell, text
from tests.tui.test_walk import press
from tui_migrate.engine.data_queries import RuleTotal
from tui_migrate.tui.actions import ACTS, acts, bindings
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.gatesheet import SHOWN_RULES, finding_rows
from tui_migrate.tui.keymap import read_keys
from tui_migrate.tui.screens.run import RunScreen


def written(folder: Path, content: str) -> Path:
    path = folder / "tui-migrate" / "keys.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def test_keys_are_read_by_character_and_by_name(tmp_path: Path) -> None:
    content = "review.merge: x\nreview.filter: [f3, ',']\nreview.undo: ctrl+z\nrun.gate: '?'\n"
    found = read_keys(written(tmp_path, content))
    assert found.mistakes == []
    assert found.keys == {
        "review.merge": "x",
        "review.filter": "f3,comma",
        "review.undo": "ctrl+z",
        "run.gate": "question_mark",
    }


def test_two_actions_may_change_places(tmp_path: Path) -> None:
    found = read_keys(written(tmp_path, "review.merge: n\nreview.different: m\n"))
    assert found.keys == {"review.merge": "n", "review.different": "m"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("# mine\nreview.merg: x", "line 2: there is no action 'review.merg'; did you mean review.merge"),
        ("review.merge: u", "line 1: review.merge and review.unsure have the same key u"),
        ("review.merge: q", "line 1: app.quit and review.merge have the same key q"),
        ("run.pairs: x\napp.help: f", "line 2: app.help and run.findings have the same key f"),
        ("review.merge: 4", "line 1: no action can have the key 4"),
        ("review.merge: ctrl+c", "line 1: no action can have the key ctrl+c"),
        ("review.take: x", "line 1: review.take keeps its key: the digits name records"),
        ("review.merge: hop", "line 1: 'hop' is no key; a character, or a name such as space,"),
        ("review.merge: {a: b}", "line 1: '' is no key;"),
        ("review.merge: x\nreview.merge: v", "line 2: review.merge stands there twice"),
        ("[a]", "line 1: a line names an action and its key, as review.merge: x"),
        ("a: [", "this is not YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_line_and_no_key_is_changed(
    tmp_path: Path, content: str, said: str
) -> None:
    found = read_keys(written(tmp_path, content))
    assert found.keys == {}
    assert said in found.mistakes[0]


def test_no_file_or_an_empty_one_changes_nothing(tmp_path: Path) -> None:
    assert read_keys(tmp_path / "keys.yaml").mistakes == []
    assert read_keys(written(tmp_path, "# nothing\n")).keys == {}


def test_every_action_can_be_named() -> None:
    ids = [binding.id for group in ACTS for binding in bindings(group)]
    assert ids == [act.id for group in ACTS.values() for act in group]
    assert len(set(ids)) == len(ids)


def test_keys_that_stand_together_are_both_shown() -> None:
    (moved,) = [a for a in acts("review", {"review.next": "l"}) if a.id == "review.previous"]
    assert moved.short == ("← l", "other cluster")


def test_the_screen_obeys_and_shows_the_keys_that_were_chosen(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "run.pairs: d\nreview.merge: x\nreview.undo: u\nreview.unsure: z\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert isinstance(app.screen, RunScreen), "p does nothing any more"
        await press(pilot, "d")
        assert "x merge · n not the same · z unsure" in text(app, "#next")
        assert "x merge" in text(app, "#keys")
        await press(pilot, "m")
        assert "decided 0" in text(app, "#head")
        await press(pilot, "x")
        assert "decided 1" in text(app, "#head")
        await press(pilot, "u")
        assert "decided 0" in text(app, "#head")
        await press(pilot, "f1")
        shown = text(app, "#help")
        assert "x        Same person" in shown
        assert "x merges the others" in shown

    tell(world, story)


def test_what_to_press_next_and_the_way_out_are_said_with_ones_own_keys(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "run.open: o\nrun.pairs: d\nreview.back: X\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        assert text(app, "#next").startswith("Next: o answer 5 questions")
        await press(pilot, "d")
        assert "X back" in text(app, "#keys")
        await press(pilot, "X")
        assert isinstance(app.screen, RunScreen)

    tell(world, story, size=(80, 24))


def test_more_findings_are_behind_ones_own_key() -> None:
    rules = [RuleTotal(rule=f"r{n}", severity="warn", findings=1, records=1, fields=1)
             for n in range(SHOWN_RULES + 2)]  # fmt: skip
    assert "and 2 more rules: F7" in finding_rows(rules, "F7")[-2].plain
    assert not any("more" in row.plain for row in finding_rows(rules[2:], "F7"))


@pytest.mark.parametrize("group", sorted(set(ACTS) - {"run", "app"}))
def test_every_screen_has_one_way_out_whatever_its_key(group: str) -> None:
    assert [act.leaves for act in ACTS[group]].count(True) == 1


def test_who_has_a_mistake_in_his_keys_hears_of_it_and_goes_on(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, "run.pairs: f\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        (told,) = [n.message for n in app._notifications if "keys" in n.message]
        assert "line 1: run.findings and run.pairs have the same key f" in told
        await press(pilot, "p")
        assert "Cluster 1 of 2" in text(app, "#head"), "the keys are those that are shipped"

    tell(world, story)


def test_the_page_names_every_action() -> None:
    page = (Path(__file__).parents[2] / "docs" / "screens.md").read_text()
    for group, known in ACTS.items():
        names = ", ".join(f"`{act.id.partition('.')[2]}`" for act in known)
        assert f"| {group} | {names} |" in page
