"""What a person sees when something went wrong, and what is then no longer offered."""

from __future__ import annotations

from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced, tell, text
from tests.tui.test_walk import advice, press, type_in
from tests.tui.world import World
from tui_migrate.audit import entries as facts
from tui_migrate.engine import api
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.run import RunScreen

NARROW = (80, 24)


def reading(make: Make) -> World:
    """A world in which the second step has begun."""
    world = make()
    world.write(facts.StepSkipped(step="questions", reason=world.keep("asked on paper")))
    world.write(facts.StepStarted(step="ingest", attempt=1, inputs={}))
    world.write(facts.StepPlanned(step="ingest", attempt=1, units=52))
    return world


def blocked(world: World, waivable: bool) -> World:
    """The same, stopped by a check."""
    world.write(
        facts.CheckDone(step="ingest", attempt=1, name="conserved", passed=False, severity="block",
                        observed="3", expected="0", waivable=waivable))  # fmt: skip
    world.write(
        facts.StepFinished(step="ingest", attempt=1, outcome="blocked", figures={}, digest="d")
    )
    return world


def test_a_failed_step_says_why_in_the_words_of_the_vault(make: Make) -> None:
    world = reading(make)
    said = world.keep("No room is left \x1b[31mon the disk.\nMake room, then go on.")
    world.write(facts.StepFailed(step="ingest", attempt=1, code="disk_full", reference=said))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        shown = text(app, "#detail").splitlines()
        assert shown[:3] == [
            "Failed: disk full",
            "No room is left ␛[31mon the disk.",
            "Make room, then go on.",
        ]
        await press(pilot, "up")
        assert "Skipped by anna: “asked on paper”" in text(app, "#detail")
        await press(pilot, "r")
        assert "No room is left" in text(app, "#detail"), "replay says it too"

    tell(world, story, size=NARROW)


def test_a_waiver_is_shown_with_its_reason(make: Make) -> None:
    world = blocked(reading(make), waivable=True)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "w")
        await press(pilot, "enter")
        await type_in(pilot, "agreed with the auditor")
        await press(pilot, "up")
        assert "waived by anna: “agreed with the auditor”" in text(app, "#detail")

    tell(world, story)


def test_a_check_that_is_never_waived_offers_no_waiver(make: Make) -> None:
    world = blocked(reading(make), waivable=False)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        assert "never waived" in advice(app)
        assert "waive" not in text(app, "#keys")
        await press(pilot, "w")
        assert isinstance(app.screen, RunScreen), "no form opens"

    tell(world, story)
    assert not [c for c in world.sent if isinstance(c, api.Waive)]


def test_an_aborted_run_can_only_be_looked_at(make: Make) -> None:
    world = advanced(fill(make()))
    world.write(facts.RunEnded(outcome="aborted", figures={}))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        assert "aborted" in advice(app)
        keys = text(app, "#keys")
        assert "redo" not in keys
        assert "start" not in keys
        await press(pilot, "g")
        assert "approve" not in text(app, "#keys")
        await press(pilot, "a")
        assert not isinstance(app.screen, Form)

    tell(world, story)


def test_the_last_entries_stand_under_a_long_step(make: Make) -> None:
    world = reading(make)
    for number in range(40):
        world.write(
            facts.CheckDone(step="ingest", attempt=1, name=f"check {number}", passed=True,
                            severity="warn", observed="0", expected="0"))  # fmt: skip
    world.write(
        facts.UnitCommitted(step="ingest", attempt=1, unit="u9", counts={"rows": 8960}, digest="1")
    )

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        entries = app.screen.query_one("#entries").region
        assert entries.height >= 3
        assert entries.bottom <= app.size.height - 2, "above the lines that say what to press"
        first = text(app, "#entries").splitlines()[0].rstrip()
        assert first.endswith("unit u9 committed · rows 8 960"), "the step's name stands above"

    tell(world, story, size=NARROW)
