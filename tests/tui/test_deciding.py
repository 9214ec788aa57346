"""Deciding by keyboard: conditions, parts, the way back, broken glass, deadlines, the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from tests.tui.conftest import Make
from tests.tui.data import fill
from tests.tui.test_screens import advanced, tell, text
from tests.tui.test_walk import advice, app_on, press, settle, type_in
from tests.tui.world import World, journal_head
from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.engine import api
from tui_migrate.tui.app import MigrateApp
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.widgets.block import TopBar

Snap = Callable[..., bool]


def head(window: dict[str, Any] | None = None, **gate: Any) -> list[facts.AnyFact]:
    """The journal's head, with more said of the last gate."""
    opened, *rest = journal_head()
    assert isinstance(opened, facts.RunOpened)
    steps = [
        msgspec.structs.replace(step, **gate) if step.id == "go" else step for step in opened.steps
    ]
    return [msgspec.structs.replace(opened, steps=steps, window=window or {}), *rest]


def at_last_gate(make: Make, **gate: Any) -> World:
    roles = gate.pop("roles", ("lead", "privacy"))
    return advanced(fill(make(roles=roles, head=head(**gate))))


def sent(world: World) -> api.Sign:
    last = world.sent[-1]
    assert isinstance(last, api.Sign)
    return last


def top(app: MigrateApp) -> str:
    return app.screen.query_one(TopBar).plain


def form(app: MigrateApp) -> str:
    screen = app.screen
    assert isinstance(screen, Form)
    return "\n".join(str(block.render()) for block in screen.query("Block").results())


def test_a_condition_is_typed_with_its_owner_and_its_day(make: Make) -> None:
    world = at_last_gate(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g", "c")
        for said in ("12480", "mend the phones", "privacy", "31-03-2999", "fine otherwise"):
            await type_in(pilot, said)
        [term] = sent(world).terms
        assert (term.what, term.owner, term.due) == ("mend the phones", "privacy", "2999-03-31")
        assert sent(world).decision == "conditions"
        shown = text(app, "#gate")
        assert "open condition go-1 for privacy, due 2999-03-31: mend the phones" in shown
        assert "with conditions" in shown

    tell(world, story)


def test_a_condition_is_met_at_the_gate_with_a_word(make: Make) -> None:
    world = at_last_gate(make)
    term = gate_facts.Term(what=world.keep("mend the phones"), owner="anna", due="2020-01-31")
    world.write(
        gate_facts.SignedOff(gate="quality-gate", decision="conditions", role="lead", evidence="e",
                        bound=True, terms=[term])
    )  # fmt: skip

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        assert "OVERDUE condition quality-gate-1" in text(app, "#gate")
        await press(pilot, "m", "enter")
        await type_in(pilot, "all 14 mended")
        assert world.sent[-1] == api.Meet(
            condition="quality-gate-1", comment="all 14 mended", id=world.sent[-1].id
        )

    tell(world, story)


def test_one_brand_is_approved_and_the_others_stay_held_back(make: Make) -> None:
    world = at_last_gate(make, parts=["Nova", "Kompas"], roles=("lead",))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        assert "Nova: held back, needs lead 1, privacy 1" in text(app, "#gate")
        await press(pilot, "a")
        await press(pilot, "down")
        await press(pilot, "enter")
        await type_in(pilot, "12480")
        await press(pilot, "enter")
        assert sent(world).part == "Kompas"
        shown = text(app, "#gate")
        assert "Nova: held back, needs lead 1, privacy 1" in shown
        assert "Kompas: held back, needs privacy 1" in shown
        assert "[Kompas]" in shown

    tell(world, story)


def test_a_brand_is_held_back_by_rejecting_it_alone(make: Make) -> None:
    world = at_last_gate(make, parts=["Nova", "Kompas"])

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g", "x")
        rows = text(app, "#choices").splitlines()
        down = next(i for i, row in enumerate(rows) if "hold back Kompas" in row)
        await press(pilot, *["down"] * down, "enter")
        await type_in(pilot, "not yet")
        await type_in(pilot, "12480")
        assert (sent(world).part, sent(world).then, sent(world).decision) == (
            "Kompas",
            "",
            "reject",
        )

    tell(world, story)


def test_a_rejection_leads_back_to_a_checkpoint_and_says_what_stays(make: Make) -> None:
    world = at_last_gate(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g", "x")
        rows = text(app, "#choices").splitlines()
        back = [i for i, row in enumerate(rows) if row.strip().startswith("back to")]
        assert ["Gate: quality" in rows[i] for i in back] == [True, False]
        assert "deletes nothing in the target" in form(app)
        await press(pilot, *["down"] * back[0], "enter")
        await type_in(pilot, "all wrong")
        await type_in(pilot, "12480")
        assert sent(world).then == "rollback:quality-gate"

    tell(world, story)


def test_glass_is_broken_with_a_reason_and_every_screen_says_so(make: Make) -> None:
    world = at_last_gate(make, break_glass=True, roles=("lead",))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        assert "BREAK-GLASS" not in top(app)
        await press(pilot, "g", "B")
        assert "in spite of this gate's rules" in form(app)
        await type_in(pilot, "12480")
        await press(pilot, "enter")
        assert isinstance(app.screen, Form), "not without a reason"
        await type_in(pilot, "nobody of privacy is there")
        await press(pilot, "enter")
        assert sent(world).break_glass == "nobody of privacy is there"
        assert "nobody of privacy is there" in text(app, "#gate")
        for key in ("escape", "r"):
            assert "BREAK-GLASS" in top(app)
            await press(pilot, key)
        assert "BREAK-GLASS" in top(app)

    tell(world, story)


def test_glass_is_not_offered_where_the_runbook_does_not_allow_it(make: Make) -> None:
    world = at_last_gate(make)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g", "B")
        assert not isinstance(app.screen, Form)

    tell(world, story)


EXPIRED = {"hours": 1, "escalate_to": "privacy", "expire": 1}


def test_an_expired_gate_is_not_signed_but_opened_again(make: Make) -> None:
    world = at_last_gate(make, deadline=EXPIRED)

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        assert "EXPIRED: go was due" in text(app, "#gate")
        assert advice(app).startswith("Next: o open again")
        await press(pilot, "a")
        assert not isinstance(app.screen, Form)
        await press(pilot, "o")
        await type_in(pilot, "it was a holiday")
        await type_in(pilot, "31-12-2999")
        last = world.sent[-1]
        assert isinstance(last, api.Reopen)
        assert (last.step, last.reason, last.until) == ("go", "it was a holiday", "2999-12-31")

    tell(world, story)


def test_who_may_not_open_an_expired_gate_hears_who_may(make: Make) -> None:
    world = at_last_gate(make, deadline=EXPIRED, roles=("lead",))

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        assert "privacy opens the gate again" in advice(app)
        await press(pilot, "o")
        assert not isinstance(app.screen, Form)

    tell(world, story)


def test_a_delegation_is_shown_and_lets_sign(make: Make) -> None:
    world = at_last_gate(make)
    world.identity = api.Identity(user="anna", uid=1000, roles=())
    lent = gate_facts.Delegated(role="privacy", to="anna", until="2999-12-31", reason="")
    world.write(lent, by="eve")

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        shown = text(app, "#gate")
        assert "privacy for eve" in shown
        assert "may sign" in shown
        assert "anna acts as privacy for eve until 2999-12-31" in shown
        await press(pilot, "a")
        assert isinstance(app.screen, Form)

    tell(world, story)


NEVER = {
    "days": ["mon"],
    "from": "00:00",
    "to": "00:00",
    "quiet": [["2000-01-01", "2000-01-02"]],
    "blackout": [],
    "holidays": [],
}


def test_an_import_outside_the_window_asks_for_a_reason(make: Make) -> None:
    opened, *rest = head(NEVER)
    assert isinstance(opened, facts.RunOpened)
    steps = [
        msgspec.structs.replace(s, uses="import") if s.id == "match" else s for s in opened.steps
    ]
    world = make(head=[msgspec.structs.replace(opened, steps=steps), *rest])
    for item in steps[0].items:
        world.send(api.Answer(step="questions", item=item["id"], answer="yes"))
    world.send(api.Run())
    gate = world.state.steps["quality-gate"]

    async def story(app: MigrateApp, pilot: Pilot[int]) -> None:
        await press(pilot, "g")
        assert "outside the change window: no quiet period" in text(app, "#gate")
        await press(pilot, "escape")
        world.send(api.Sign(gate=gate.id, decision="approve", evidence=gate.evidence, typed=12480))
        await settle(pilot)
        await press(pilot, "space")
        assert "no quiet period" in form(app)
        await type_in(pilot, "the old system is down")
        last = world.sent[-1]
        assert isinstance(last, api.Run)
        assert last.outside_window == "the old system is down"

    tell(world, story)


# As it was looked at


def busy(world: World) -> World:
    """A gate at which everything happens at once."""
    term = gate_facts.Term(what=world.keep("Mend the phones"), owner="privacy", due="2020-01-31")
    world.write(
        gate_facts.SignedOff(gate="go", decision="conditions", role="lead", part="Nova",
                        evidence=world.state.steps["go"].evidence, bound=True, terms=[term]),
        by="bob",
    )  # fmt: skip
    world.write(
        gate_facts.SignedOff(gate="quality-gate", decision="approve", role="lead", evidence="e",
                        bound=True, break_glass=world.keep("Nobody else was there")),
        by="bob",
    )  # fmt: skip
    world.write(
        gate_facts.Delegated(role="privacy", to="anna", until="2999-12-31", reason=""), by="eve"
    )
    return world


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    ("screen", "keys"),
    [("gate", ("g",)), ("parts", ("g", "a")), ("reject", ("g", "x")), ("glass", ("g", "B"))],
    ids=["gate", "parts", "reject", "glass"],
)
def test_screen(
    snap_compare: Snap,
    tmp_path: Path,
    make: Make,
    screen: str,
    keys: tuple[str, ...],
    size: tuple[int, int],
) -> None:
    world = busy(
        at_last_gate(
            make,
            roles=("lead",),
            parts=["Nova", "Kompas"],
            break_glass=True,
            deadline={"on": "2999-12-31", "escalate_to": "privacy"},
        )
    )

    async def walk(pilot: Pilot[int]) -> None:
        await settle(pilot)
        await press(pilot, *keys)

    assert snap_compare(app_on(world), terminal_size=size, run_before=walk)
