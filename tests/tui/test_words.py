"""What the screens say of pairs, gates and moments, and which keys they offer."""

from __future__ import annotations

import pytest
from textual.content import Content
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced, tell, text
from tests.tui.test_walk import press, type_in
from tui_migrate.audit import entries as facts
from tui_migrate.engine.queries import PairField, PairSheet, PairSide, Permission
from tui_migrate.engine.wording import counted, figure_text, figure_words, rule_words
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.detail import consents_table, look_rows
from tui_migrate.tui.differ import differing
from tui_migrate.tui.pairsheet import Sheet
from tui_migrate.tui.pairwords import verdict
from tui_migrate.tui.screens.beside import BesideScreen
from tui_migrate.tui.screens.replay import ReplayScreen
from tui_migrate.tui.widgets.block import Block

EMPTY = PairSide(permissions=(), children={})


def field(name: str, level: str, weight: float | None, equal: bool = False) -> PairField:
    return PairField(field=name, left="a", right="b", equal=equal, level=level, weight=weight)


def sheet(probability: float, *fields: PairField) -> PairSheet:
    return PairSheet(
        fields=fields, other=(), left=EMPTY, right=EMPTY, weight=0.0,
        probability=probability, reason="", rules=(), profiles=("", ""))  # fmt: skip


def marked(text_: str, spans: list[tuple[int, int]]) -> list[str]:
    return [text_[start:stop] for start, stop in spans]


@pytest.mark.parametrize(
    ("left", "right", "ours", "theirs"),
    [
        ("IJsselstr. 68", "IJsselstraat 68", ["."], ["aat"]),
        ("Vries", "vries", [], []),
        ("Jansen", "Janssen", [], ["s"]),
        ("Rinus", "Willem", [], []),
        ("", "x", [], []),
        ("x" * 500, "y" * 500, [], []),
    ],
)
def test_the_characters_that_differ(
    left: str, right: str, ours: list[str], theirs: list[str]
) -> None:
    one, two = differing(left, right)
    assert (marked(left, one), marked(right, two)) == (ours, theirs)


def test_differing_characters_are_marked_where_they_stand() -> None:
    one = PairField(field="street", left="IJsselstr. 68", right="IJsselstraat 68", equal=False)
    (row,) = Sheet(100).field(one)
    shown = [
        row.plain[span.start : span.end] for span in row.spans if "underline" in str(span.style)
    ]
    assert shown == [".", "aat"]


def test_a_long_value_goes_on_below_and_keeps_its_marks() -> None:
    one = PairField(field="note", left="a" * 30 + "X", right="a" * 30 + "Y", equal=False)
    rows = Sheet(78).field(one)
    assert len(rows) == 2
    spans = [s for s in rows[1].spans if "underline" in str(s.style)]
    assert [rows[1].plain[s.start : s.end] for s in spans] == ["X", "Y"]


def test_the_verdict_names_what_agrees_and_what_speaks_against_it() -> None:
    sure, evidence = verdict(
        sheet(
            0.93,
            field("prior", "", -10.9),
            field("email", "own", 18.4),
            field("first_name", "variant", 2.1),
            field("birth_date", "different", -5.2),
            field("gender", "unknown", 0.0),
        )
    )
    assert sure == "Same person, very likely (93 %)"
    assert evidence == (
        "email agrees; first name: forms of one name; against it: birth date: differs"
    )
    assert verdict(sheet(0.2))[0].startswith("Probably not")
    assert "(99.9 %)" in verdict(sheet(1.0))[0], "nothing is certain"


def test_consents_of_one_brand_and_channel_stand_beside_each_other() -> None:
    def says(brand: str, channel: str, state: str, at: str) -> Permission:
        return Permission(brand=brand, channel=channel, state=state, event_at=at, evidence="")

    left = PairSide(
        permissions=(
            says("Kompas", "post", "given", "2018-01-01"),
            says("Nova", "email", "withdrawn", "2018-01-01"),
            says("Nova", "email", "given", "2019-01-01"),
        ),
        children={},
    )
    right = PairSide(permissions=(says("*", "email", "withdrawn", ""),), children={})
    rows = [row.plain for row in Sheet(100).permissions(left, right)]
    nova = next(row for row in rows if "Nova" in row)
    assert "given 2019" in nova, "the newest statement counts"
    assert "conflict" in nova, "an opt-out for all brands contradicts it"
    kompas = next(row for row in rows if "Kompas" in row)
    assert "conflict" not in kompas, "that one is by post"


def test_a_gate_shows_what_is_wrong_before_what_is_right(make: Make) -> None:
    world = advanced(fill(make()))
    world.write(
        facts.CheckDone(step="merge", attempt=1, name="profiles with a name", passed=False,
                        severity="warn", observed="0.93", expected=">= 0.95"))  # fmt: skip

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        shown = text(app, "#gate")
        assert "1 of 7 checks asks for a look" in shown
        assert shown.index("profiles with a name  93 %, expected at least 95 %") < shown.index(
            "rows = sum of fates"
        )
        assert "12 480 records – the number to type" in shown
        assert "unchanged since 2026-03-01" in shown

    tell(world, story, size=(80, 24))


def test_checks_that_all_pass_are_one_line(make: Make) -> None:
    world = advanced(fill(make()))
    steps = [world.state.steps[name] for name in ("match", "merge")]
    assert [row.plain for row in look_rows(steps)] == ["✓ all 4 checks passed", ""]
    assert look_rows([world.state.steps["questions"]]) == []


def test_the_table_of_consents_adds_up() -> None:
    figures: dict[str, int | str] = {
        "Nova email: opt-in before": 31, "Nova email: opt-out before": 2,
        "Nova email: opt-in after": 30, "Nova email: opt-out after": 3,
        "Nova post: opt-in before": 10, "Nova post: opt-out before": 0,
        "Nova post: opt-in after": 9, "Nova post: opt-out after": 1,
    }  # fmt: skip
    rows: list[Content] = consents_table(figures, 90)
    assert rows[-2].plain.split() == ["all", "together", "41", "2", "39", "4"]


@pytest.mark.parametrize(
    ("size", "has", "has_not"),
    [((80, 24), ("⏎ open", "r replay", "q quit", "F1 help"), ("space",)), ((120, 40), ("^p",), ())],
)
def test_the_key_line_has_the_ways_on_and_out(
    make: Make, size: tuple[int, int], has: tuple[str, ...], has_not: tuple[str, ...]
) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        keys = text(app, "#keys")
        assert all(key in keys for key in has), keys
        assert not any(key in keys for key in has_not), keys

    tell(world, story, size=size)


def test_keys_that_do_nothing_are_not_offered(make: Make) -> None:
    world = make()

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "p")
        assert "merge" not in text(app, "#keys")
        await press(pilot, "escape")
        await press(pilot, "g")
        assert "history" not in text(app, "#keys")

    tell(world, story)


def test_two_moments_side_by_side(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "r")
        assert isinstance(app.screen, ReplayScreen)
        await press(pilot, "left_square_bracket")
        await press(pilot, "d")
        assert "then d" in text(app, "#said")
        await press(pilot, "home")
        await press(pilot, "d")
        assert isinstance(app.screen, BesideScreen)
        rows = [" ".join(row.split()) for row in text(app, "#beside").splitlines()]
        assert "1.2 Read the deliveries ○ to do ✓ done" in rows
        assert "steps done 0 of 8 4 of 8" in rows
        assert "signed by – anna" in rows
        assert "anna approved “Gate: quality” as lead" in rows
        assert "6 answers given" in rows
        assert not [row for row in rows if "2.4 Merge" in row], "it was to do at both moments"
        await press(pilot, "a")
        assert "2.4 Merge ○ to do ○ to do" in " ".join(text(app, "#beside").split())
        await press(pilot, "escape")
        assert isinstance(app.screen, ReplayScreen)
        assert app.screen.state.seq == 1, "the moment that is shown stays"

    tell(world, story)


def test_the_palette_lists_the_screen_before_the_colours(make: Make) -> None:
    world = advanced(fill(make()))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert titles[0] == "open   ⏎"
        assert titles.index("quit   q") < titles.index("Colours: light")
        await press(pilot, "ctrl+p")
        await type_in(pilot, "earlier moment")
        assert isinstance(app.screen, ReplayScreen), "what a command does is searched too"

    tell(world, story)


def test_a_row_of_a_person_is_read_in_full(make: Make) -> None:
    world = fill(make())

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "slash")
        await type_in(pilot, "vries hendrik")
        await press(pilot, "enter")
        assert "in full" in text(app, "#keys")
        await press(pilot, "enter")
        assert "Hendrik-Jan" in app.screen.query_one("#intro", Block).plain
        await press(pilot, "escape")
        await press(pilot, "tab")
        assert "⏎ events" in text(app, "#keys")

    tell(world, story)


def test_figures_and_rules_as_people_read_them() -> None:
    assert (figure_words("complete_per_mille"), figure_text("complete_per_mille", 793)) == (
        "complete",
        "79.3 %",
    )
    assert figure_text("rows", 26881) == "26 881"
    assert counted(1, "order") == "1 order"
    assert counted(12480, "contact_point") == "12 480 contact points"
    assert counted(2, "unheard_of") == "2 unheard of"
    assert rule_words("suppression:hard_bounce") == "silenced: hard bounce"
    assert rule_words("email.typo_domain") == "email: typo domain"
