"""What the screens say of pairs, gates and moments, and which keys they offer."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from textual.content import Content
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced, tell, text
from tests.tui.test_walk import press, type_in
from tui_migrate.audit import entries as facts
from tui_migrate.engine.review_queries import (
    ClusterAnswerGiven,
    ClusterEvidence,
    ClusterField,
    ClusterFilter,
    ClusterPage,
    ClusterPermission,
    ClusterRecord,
    ClusterRef,
    ClusterSheet,
    ClusterWindow,
)
from tui_migrate.engine.wording import counted, figure_text, figure_words, rule_words
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.clustercolumns import Showing, parted
from tui_migrate.tui.clustersheet import sheet_rows
from tui_migrate.tui.clusterverdict import verdict
from tui_migrate.tui.detail import consents_table, look_rows
from tui_migrate.tui.differ import differing
from tui_migrate.tui.drafting import Draft
from tui_migrate.tui.reviewing import filter_of, filter_words, said_line
from tui_migrate.tui.screens.beside import BesideScreen
from tui_migrate.tui.screens.replay import ReplayScreen
from tui_migrate.tui.weights import range_part
from tui_migrate.tui.widgets.block import Block


def field(name: str, *values: str, level: str = "", weight: float | None = None) -> ClusterField:
    return ClusterField(
        field=name, values=values, equal=len(set(values)) == 1, level=level, weight=weight
    )


def sheet(*fields: ClusterField, count: int = 2, **more: Any) -> ClusterSheet:
    records = tuple(
        ClusterRecord(source="crm", record_id=str(n), trust=1, moment="", profile="",
                      permissions=(), children={})
        for n in range(count)
    )  # fmt: skip
    return ClusterSheet(**{"records": records, "fields": fields, "other": (), "pairs": (), **more})


def ref(probability: float = 0.9) -> ClusterRef:
    return ClusterRef(number=1, records=(), weight=0.0, probability=probability, reason="")


def rows_of(
    whole: ClusterSheet, draft: Draft | None = None, width: int = 100, **how: Any
) -> list[Content]:
    return sheet_rows(ref(), whole, draft or Draft.of(whole), width, Showing(**how))


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


def underlined(row: Content) -> list[str]:
    return [row.plain[s.start : s.end] for s in row.spans if "underline" in str(s.style)]


def test_differing_characters_are_marked_where_they_stand() -> None:
    rows = rows_of(sheet(field("street", "IJsselstr. 68", "IJsselstraat 68")))
    (row,) = [row for row in rows if "street" in row.plain]
    assert underlined(row) == [".", "aat"]


def test_of_three_each_is_held_against_the_one_that_leads() -> None:
    whole = sheet(field("family_name", "Jansen", "Janssen", "Janzen"), count=3, lead=1)
    (row,) = [row for row in rows_of(whole) if "family" in row.plain]
    assert "".join(underlined(row)) == "z", "only what the lead does not have"


def test_a_long_value_goes_on_below_and_keeps_its_marks() -> None:
    rows = rows_of(sheet(field("note", "a" * 30 + "X", "a" * 30 + "Y")), width=78)
    below = rows[next(n for n, row in enumerate(rows) if "note" in row.plain) + 1]
    assert underlined(below) == ["X", "Y"]


@pytest.mark.parametrize(
    ("value", "width", "pieces"),
    [
        ("2026-03-02 10:00", 13, ["2026-03-02", "10:00"]),
        ("● 2026-03-02 10:00", 13, ["● 2026-03-02", "10:00"]),
        ("2026-03-02 10:00 · 2025-01-31 23:59:08", 13, ["2026-03-02", "10:00 ·", "2025-01-31 2…"]),
        ("since 2026-03-02 10:00", 13, ["since", "2026-03-02", "10:00"]),
        ("2026-03-02 10:00", 30, ["2026-03-02 10:00"]),
        ("2026-03-02 10:00", 8, ["2026-03", "-02 10:", "00"]),
        ("Dorpsstraat 10:00", 13, ["Dorpsstraat", "10:00"]),
    ],
)
def test_a_moment_is_parted_between_date_and_time(
    value: str, width: int, pieces: list[str]
) -> None:
    found = parted(width, value, [], 0, "")
    assert [piece.plain.strip() for piece in found] == pieces


def test_of_wide_letters_none_is_left_out() -> None:
    name = "".join(chr(0x4E00 + n) for n in range(24))
    rows = rows_of(sheet(field("note", name + "X", name + "Y")), width=78)
    at = next(n for n, row in enumerate(rows) if "note" in row.plain)
    shown = "".join(row.plain for row in rows[at : at + 3])
    assert [shown.count(letter) for letter in (*name, "…")] == [*[2] * 24, 0]
    assert [mark for row in rows[at : at + 3] for mark in underlined(row)] == ["X", "Y"]
    assert max(row.cell_length for row in rows) <= 78


def test_a_sentence_that_is_too_long_says_so() -> None:
    names = [f"f{n}" for n in range(40)]
    whole = sheet(*(field(name, "a", "a", level="exact", weight=3.0) for name in names))
    rows = rows_of(whole, width=78)
    assert rows[1].plain.endswith("…")
    assert not rows[2].plain


def test_values_that_differ_only_at_their_end_are_shown_from_there() -> None:
    rows = rows_of(sheet(field("note", "b" * 300 + "X", "b" * 300 + "Y")), width=78)
    row = rows[next(n for n, row in enumerate(rows) if "note" in row.plain)]
    assert underlined(row) == ["X", "Y"]
    assert row.plain.count("…bbbbbbbb") == 2
    whole = rows_of(sheet(field("note", "b" * 30 + "X", "b" * 30 + "Y")), width=78)
    assert "…" not in next(row.plain for row in whole if "note" in row.plain)


def test_the_verdict_names_what_agrees_and_what_speaks_against_it() -> None:
    whole = sheet(
        field("prior", "a", "b", weight=-10.9),
        field("email", "a", "b", level="own", weight=18.4),
        field("first_name", "a", "b", level="variant", weight=2.1),
        field("birth_date", "a", "b", level="different", weight=-5.2),
        field("gender", "a", "b", level="unknown", weight=0.0),
    )
    sure, evidence = verdict(ref(0.93), whole)
    assert sure == "Same person, very likely (93 %)"
    assert evidence == (
        "email agrees; first name: forms of one name; against it: birth date: differs"
    )
    assert verdict(ref(0.2), sheet())[0].startswith("Probably not")
    assert "(99.9 %)" in verdict(ref(1.0), sheet())[0], "nothing is certain"
    assert "(0.1 %)" in verdict(ref(0.0), sheet())[0], "nor out of the question"


def two(a: int, b: int, probability: float) -> ClusterEvidence:
    return ClusterEvidence(
        a=a, b=b, weight=0.0, probability=probability, reason="", rules=(), decision=""
    )


def test_three_are_one_person_no_surer_than_by_the_weakest_link() -> None:
    pairs = (two(0, 1, 0.999), two(1, 2, 0.75), two(0, 2, 0.2))
    whole = sheet(count=3, pairs=pairs, weakest=(1, 2))
    assert verdict(ref(0.999), whole)[0] == "All one person, likely (75 %: weakest link 2–3)"
    torn = replace(whole, contrary=(0, 2))
    said = verdict(ref(0.999), torn)[0]
    assert said == "Probably not all one person (20 %: 1 and 3 contradict)"
    apart = replace(whole, pairs=pairs[:2], contrary=(0, 2))
    said = verdict(ref(0.999), apart)[0]
    assert said == "Probably not all one person (1 and 3 contradict)", "no figure is made up"


def test_of_three_it_is_said_between_whom_a_field_disagrees() -> None:
    name = replace(
        field("family_name", "Bos", "Vos", "Bos", level="different", weight=-5.0),
        most_level="exact", most=7.4, against=((0, 1), (1, 2)), sides=((1,), (0, 2)),
    )  # fmt: skip
    mail = replace(
        field("email", "a@x.nl", "b@x.nl", "c@x.nl", level="different", weight=-2.0),
        most_level="different", most=-2.0, against=((0, 1), (1, 2), (0, 2)), sides=((0,), (1,), (2,)),
    )  # fmt: skip
    born = replace(
        field("birth_date", "1960-01-02", "1990-03-04", ""), against=((0, 1),), sides=((0,), (1,)),
        unkept=((0, 1),),
    )  # fmt: skip
    some = replace(
        field("street", "Dam", "Dom", "Dem", level="different", weight=-1.0),
        most_level="typo", most=1.0, against=((0, 1), (1, 2), (2, 3), (3, 4), (1, 4)),
    )  # fmt: skip
    assert verdict(ref(), sheet(name, mail, born, some, count=3))[1] == (
        "against it: family name: differs (2 against 1, 3); birth date: differs (1 against 2);"
        " email: differs (everywhere); street: differs (1–2, 2–3, 2–5 and 2 more)"
    )


@pytest.mark.parametrize(
    ("least", "most", "shown"),
    [
        (-5.0, 7.4, "▒▒███  -5…+7"),
        (0.2, 7.0, "░░░     0…+7"),
        (2.4, 4.9, "█░     +2…+5"),
        (-7.0, -2.4, "▒░░    -7…-2"),
        (-11.2, 18.0, "▒▒▒▒█-11…+18"),
        (4.8, 5.1, "██      +4.8"),
        (-0.3, 0.4, "▒█       0…0"),
    ],
)
def test_of_three_the_least_and_the_most_that_a_field_says_are_shown(
    least: float, most: float, shown: str
) -> None:
    part = range_part(least, most)
    assert (part.plain if isinstance(part, Content) else part[0]) == shown


def test_a_contradiction_of_unknown_weight_is_no_number() -> None:
    part = range_part(8.9, 8.9, unkept=True)
    assert isinstance(part, Content)
    assert part.plain == "▒████   ?…+9"
    born = replace(field("birth_date", "1960", "1990", ""), unkept=((0, 1),))
    rows = [row.plain for row in rows_of(sheet(born, count=3), width=78)]
    assert next(row for row in rows if row.startswith(" birth")).rstrip().endswith("?")
    assert max(map(len, rows)) <= 78


def test_pairs_that_the_match_kept_nothing_of_are_counted() -> None:
    whole = sheet(count=4, pairs=(two(0, 1, 0.9), two(1, 2, 0.9), two(2, 3, 0.9)))
    assert rows_of(whole)[-1].plain == "3 pairs more: hardly one person, or never compared"
    whole = sheet(count=3, pairs=(two(0, 1, 0.9), two(1, 2, 0.9), two(0, 2, 0.9)))
    assert "more" not in rows_of(whole)[-1].plain


def test_why_somebody_is_asked_is_said_of_the_pairs_that_are_asked() -> None:
    merged = replace(two(0, 1, 0.99), reason="they merged", asked=False)
    asked = replace(two(1, 2, 0.9), reason="of initials")
    shown = "\n".join(row.plain for row in rows_of(sheet(count=3, pairs=(merged, asked))))
    assert "You are asked because: of initials\n" in shown


def test_consents_of_one_brand_and_channel_stand_beside_each_other() -> None:
    def says(brand: str, channel: str, state: str, at: str) -> ClusterPermission:
        return ClusterPermission(brand=brand, channel=channel, state=state, event_at=at)

    said = (
        (
            says("Kompas", "post", "given", "2018-01-01"),
            says("Nova", "email", "withdrawn", "2018-01-01"),
            says("Nova", "email", "given", "2019-01-01"),
        ),
        (says("*", "email", "withdrawn", ""),),
    )
    whole = sheet()
    records = tuple(
        replace(record, permissions=permissions)
        for record, permissions in zip(whole.records, said, strict=True)
    )
    rows = [row.plain for row in rows_of(replace(whole, records=records))]
    nova = next(row for row in rows if "Nova" in row)
    assert "given 2019 Nova email" in nova, "the newest statement counts"
    assert "conflict" in nova, "an opt-out for all brands contradicts it"
    kompas = next(row for row in rows if "Kompas" in row)
    assert "conflict" not in kompas, "that one is by post"
    assert any("Their consents contradict" in row for row in rows)


def test_nine_records_fit_a_small_screen_some_at_a_time() -> None:
    whole = sheet(field("first_name", *(f"name{n}" for n in range(9))), count=9)
    for first, there in ((0, "name0"), (8, "name8")):
        rows = rows_of(whole, width=78, first=first)
        assert any(there in row.plain for row in rows)
        assert max(row.cell_length for row in rows) <= 78
        assert any("more" in row.plain for row in rows)


def test_a_hidden_score_leaves_no_trace() -> None:
    whole = sheet(
        field("email", "a@x.nl", "b@x.nl", level="different", weight=-8.0),
        field("street", "Dam", "Damrak", level="typo", weight=3.0),
        field("town", "Gent", "Gent", level="exact", weight=5.5),
    )
    shown = "\n".join(row.plain for row in rows_of(whole, blind=True))
    for trace in ("%", "8.0", "3.0", "5.5", "█", "▒", "Same person", "weight"):
        assert trace not in shown


def test_records_are_put_into_groups() -> None:
    draft = Draft([0, 0, 0])
    draft.exclude(1)
    assert draft.groups == ((0, 2), (1,))
    draft.exclude(1)
    assert draft.whole
    draft.turn(2)
    assert [draft.letter(at) for at in range(3)] == ["A", "A", "B"]
    draft.turn(1)
    draft.turn(1)
    assert [draft.letter(at) for at in range(3)] == ["A", "C", "B"]
    assert draft.apart
    draft.turn(1)
    assert draft.groups == ((0, 1), (2,))


def test_what_belongs_together_is_taken_together() -> None:
    draft = Draft([0, 0])
    draft.take("postcode", 1, many=False)
    assert set(draft.values) == {
        "street", "house_number", "house_addition", "postcode", "town", "country"}  # fmt: skip
    draft.take("town", 1, many=False)
    assert draft.values == {}, "once more: as the rules say"
    draft.take("email", 1, many=True)
    draft.take("email", 0, many=True)
    assert draft.values == {"email": (0, 1)}


def test_a_filter_reads_as_it_is_typed() -> None:
    only, wrong = filter_of("source:crm reason:initials_only state:open")
    assert (only, wrong) == (
        ClusterFilter(source="crm", reason="initials only", state="open"),
        "",
    )
    assert filter_of(filter_words(only)) == (only, "")
    assert "shoe" in filter_of("shoe:9")[1]


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


def test_two_answers_that_differ_stand_above_the_cluster() -> None:
    given = [("anna", "merge", ((0, 1, 2),), ""), ("bert", "split", ((0, 1), (2,)), "[b]aunt")]
    whole = sheet(
        field("email", "a@x.nl", "b@x.nl", "c@x.nl"),
        count=3,
        answers=tuple(
            ClusterAnswerGiven(by=by, at="", decision=word, groups=groups, note=note)
            for by, word, groups, note in given
        ),
    )
    first, second, *_rest = [row.plain for row in rows_of(whole)]
    assert first.rstrip() == "anna: ✓ merged"
    assert second.rstrip() == "bert: ÷ split (1 = 2 | 3)   “[b]aunt”"


@pytest.mark.parametrize(
    ("decision", "by", "said"),
    [
        ("waiting", "anna", "‖ you have answered – it counts when a second person says the same"),
        ("differ", "anna, bert", "≠ two answers differ – of anna, bert: a third person settles it"),
        ("merge", "anna, bert", "✓ merged by anna, bert, 2026-03-03 10:00"),
    ],
)
def test_the_line_says_how_two_answers_stand(decision: str, by: str, said: str) -> None:
    one = replace(ref(), decision=decision, by=by, at="2026-03-03T09:00:00Z")
    window = ClusterWindow(total=1, counts={}, fitting=1, offset=0, rows=())
    page = ClusterPage(window=window, place=0, ref=one, sheet=sheet())
    assert said_line(page, "Europe/Amsterdam").plain.rstrip() == said
