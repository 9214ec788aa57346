"""What screens are made of, without a screen: the sanitiser, typed answers, rewinding, advice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.content import Content, Span

from tests.tui.conftest import Make
from tests.tui.world import ITEMS, World
from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine import api
from tui_migrate.engine.rewind import Rewind, kept, mark
from tui_migrate.engine.run import RunState, fold
from tui_migrate.tui.advice import next_press
from tui_migrate.tui.answers import Item, canonical, day, number, wrong
from tui_migrate.tui.live import Live
from tui_migrate.tui.safe import fit, safe, sealed


@given(st.text())
def test_what_is_safe_is_printable_and_as_long(text: str) -> None:
    assert safe(text).isprintable()
    assert len(safe(text)) == len(text)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_is_not_touched(text: str) -> None:
    if text.isprintable():
        assert safe(text) == text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("a\x1b[2J", "a␛[2J"),
        ("\x9b1m", "�1m"),
        ("\u202egnp", "�gnp"),
        ("a\u00a0b", "a⍽b"),
        ("\n\t", "␊␉"),
    ],
)
def test_controls_become_pictures(raw: str, shown: str) -> None:
    assert safe(raw) == shown


def test_the_last_door_keeps_styles_in_place() -> None:
    door = sealed(Content("a\x1bb\nc", [Span(1, 3, "bold")]))
    assert door.plain == "a␛b\nc"
    assert list(door.spans) == [Span(1, 3, "bold")]


@given(st.text(alphabet="aЖ漢é "), st.integers(1, 12), st.booleans())
def test_fit_fills_its_cells_exactly(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right)) == width


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("12 480", "12480"), ("12.480,50", "12480.50"), ("12,480.50", "12480.50"), ("3,5", "3.5"),
     ("-2", "-2"), ("", ""), ("abc", ""), ("NaN", ""), ("1e999999", "1e999999"), ("1 2x", "")],
)  # fmt: skip
def test_numbers_as_people_write_them(typed: str, sent: str) -> None:
    assert number(typed) == sent


@pytest.mark.parametrize(
    ("typed", "sent"),
    [("31-03-2026", "2026-03-31"), ("1/4/2026", "2026-04-01"), ("2026-03-31", "2026-03-31"),
     ("31-02-2026", ""), ("tomorrow", "")],
)  # fmt: skip
def test_days_as_people_write_them(typed: str, sent: str) -> None:
    assert day(typed) == sent


@pytest.mark.parametrize(
    ("typed", "refused"),
    [("1.500", True), ("12,480", True), ("-1.500", True), ("1500", False), ("1 500", False),
     ("0.125", False), ("1.5", False), ("1.500,0", False), ("1.234.567,8", False)],
)  # fmt: skip
def test_what_is_a_thousand_here_and_a_fraction_there_is_asked_again(
    typed: str, refused: bool
) -> None:
    item = next(Item.read(item) for item in ITEMS if item["type"] == "number")
    assert ("1500" in wrong(item, typed)) == refused


def test_every_type_refuses_what_it_is_not(tmp_path: Path) -> None:
    items = {item["type"]: Item.read(item) for item in ITEMS}
    assert wrong(items["yes_no"], "maybe")
    assert wrong(items["number"], "many")
    assert wrong(items["date"], "soon")
    assert wrong(items["choice"], "none")
    assert wrong(items["file"], str(tmp_path / "absent"))
    assert wrong(items["text"], "  ")
    assert not wrong(items["choice"], "in waves")
    assert canonical(items["date"], " 1-4-2026 ") == "2026-04-01"


def run_through(world: World) -> World:
    for item in ITEMS:
        world.send(api.Answer(step="questions", item=item["id"], answer="yes"))
    world.send(api.Run())
    return world


def essence(state: RunState) -> tuple[object, ...]:
    return (
        state.seq,
        {s.id: (s.status, len(s.units), len(s.answers)) for s in state.steps.values()},
    )


def test_rewind_shows_what_a_fold_of_the_same_entries_shows(make: Make) -> None:
    entries = run_through(make()).entries()
    rewind = Rewind(entries)
    rewind._stride = 7  # keep states on the way also in a short run
    for count in [3, len(entries), 1, 20, 19, 8, 14, 21, 2]:
        assert essence(rewind.state(count)) == essence(fold(entries[:count])), count


def long_run(entries: Sequence[Entry], count: int) -> list[Entry]:
    """The entries of a run, and then units of it until there are ``count``."""
    made = list(entries)
    for seq in range(len(made) + 1, count + 1):
        fact = facts.UnitCommitted(
            step="ingest", attempt=1, unit=f"u{seq}", counts={"rows": 1}, digest="0"
        )
        made.append(msgspec.structs.replace(made[-1], seq=seq, fact=fact, command=f"c{seq}"))
    return made


def test_a_seek_in_ten_thousand_entries_folds_five_hundred_at_most(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = long_run(run_through(make()).entries(), 10_000)
    rewind = Rewind(entries)
    folded: list[int] = []

    def counting(some: Sequence[Entry], state: RunState) -> RunState:
        folded.append(len(some))
        return fold(some, state)

    monkeypatch.setattr("tui_migrate.engine.rewind.fold", counting)
    rewind.state(10_000)
    assert sum(folded) == 10_000
    for position in (1, 10_000, 4_999, 9_999, 500, 501, 7_250, 2):
        folded.clear()
        state = rewind.state(position)
        assert sum(folded) <= 500, position
        assert state.seq == position
        assert len(state.steps["ingest"].units) == len(
            fold(entries[:position]).steps["ingest"].units
        )


def test_a_kept_state_is_changed_by_no_later_fold(make: Make) -> None:
    entries = run_through(make()).entries()
    state = fold(entries[:12])
    copy, told = kept(state), repr(state)
    assert copy == state
    fold(entries[12:], state)
    assert repr(copy) == told


def test_entries_are_found_by_who_step_and_brand(make: Make) -> None:
    world = run_through(make())
    world.write(facts.StepStopped(step="quality", attempt=1), by="berta")
    entries = world.entries()
    rewind = Rewind(entries)
    assert rewind.matching("by:berta", {}) == [len(entries)]
    assert rewind.matching("berta step:quality", {}) == [len(entries)]
    assert rewind.matching("step:berta", {}) == []
    quality = rewind.matching("step:quality", {})
    assert all(
        "quality"
        in (getattr(entries[n - 1].fact, "step", "") + getattr(entries[n - 1].fact, "gate", ""))
        for n in quality
    )
    delivered = [n for n, e in enumerate(entries, 1) if isinstance(e.fact, facts.DeliverySeen)]
    sources = {getattr(entries[n - 1].fact, "source", "") for n in delivered}
    found = rewind.matching("brand:kompas", dict.fromkeys(sources, ("Kompas",)))
    assert set(delivered) <= set(found)
    assert not set(delivered) & set(
        rewind.matching("brand:nova", dict.fromkeys(sources, ("Kompas",)))
    ) - {1}


def test_the_time_line_shows_the_gravest(make: Make) -> None:
    world = run_through(make(failing=True))
    rewind = Rewind(world.entries())
    assert "✗" in rewind.line(10), "one cell holds many entries: the failure is what is seen"
    assert len(rewind.line(10)) == 10
    assert rewind.cell(len(rewind), 10) == 9
    assert rewind.cell(1, 10) == 0
    assert mark(world.entries()[0]) == "─"


def test_advice_follows_the_run(make: Make) -> None:
    world = make(failing=True)
    assert "answer 5 questions" in next_press(world.state, running=False)
    assert "pause" in next_press(world.state, running=True)
    run_through(world)
    assert "w waive or R redo" in next_press(world.state, running=False)
    world.write(facts.StepFailed(step="quality", attempt=1, code="disk_full"))
    assert "try “1.3 Judge the quality” again · it failed: disk full" in next_press(
        world.state, False
    )
    world.write(facts.StepStopped(step="quality", attempt=1))
    assert next_press(world.state, False).startswith("⏎ go on with")
    for step in list(world.state.steps):
        world.write(facts.StepSkipped(step=step, reason=""))
    assert next_press(world.state, False) == "⏎ finish the run"
    world.write(facts.RunEnded(outcome="done", figures={}))
    told = next_press(world.state, False)
    assert "tui-migrate audit report" in told, "no key makes the report: the command is said"
    assert len(f" Next: {told}") <= 80


def test_live_misses_nothing_and_repeats_nothing(make: Make) -> None:
    world = make()
    live = Live(world)
    woken: list[int] = []
    live.start(lambda: woken.append(1))
    run_through(world)
    for done in range(50):
        world.tell(api.Progress(step="ingest", done=done, total=50))
    assert len(woken) == 1, "woken once for many"
    assert live.drain()
    assert essence(live.state) == essence(world.state)
    assert live.progress is not None
    assert live.progress.done == 49
    live.hear(world.entries()[-1])
    live.drain()
    assert live.state.seq == world.state.seq
    live.stop()
    world.write(facts.StepStopped(step="quality", attempt=1))
    assert not live.drain()


def test_the_interface_does_not_load_the_database() -> None:
    code = "import sys, tui_migrate.tui.app; sys.exit('duckdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
