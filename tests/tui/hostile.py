"""A run in which every text that can come from data or from a person attacks the screen.

As a program (``python -m tests.tui.hostile FOLDER``) it shows that run in the real terminal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec

from tests.tui.data import PEOPLE, fill
from tests.tui.world import ITEMS, PHASES, STEPS, World, journal_head
from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import AnyFact
from tui_migrate.engine import api

ATTACK = (
    "PWNED[/] [@click=app.leave]x[/] [red]\x1b]0;TITLE\x07\x1b[31;166m\x9b31;167m"
    "\x1b]52;c;aGk=\x07\u202egnp\u2066\n\r\t\x00\x7f"
)
LONG = ATTACK + "Ж" * 300


def attacked(value: Any) -> Any:
    """The same structure with every text made hostile."""
    if isinstance(value, str):
        return LONG
    if isinstance(value, dict):
        return {key: attacked(one) for key, one in value.items()}
    return value


def head() -> list[AnyFact]:
    """A journal head whose titles, questions, roles and deliveries attack."""
    opened, delivery = journal_head()
    assert isinstance(opened, facts.RunOpened)
    assert isinstance(delivery, facts.DeliverySeen)
    items = [
        {**item, "question": attacked(item["question"]), "owner": ATTACK, "due": ATTACK,
         "choices": [ATTACK, LONG] if item["type"] == "choice" else []}
        for item in ITEMS
    ]  # fmt: skip
    steps = [
        msgspec.structs.replace(
            step,
            title=attacked(step.title),
            attention={"en": LONG, "nl": LONG},
            items=items if step.items else [],
            ref=f"{ATTACK}·{ATTACK}" if step.ref else "",
        )
        for step in STEPS
    ]
    phases = [facts.PhaseOutline(id=p.id, title=attacked(p.title)) for p in PHASES]
    return [
        msgspec.structs.replace(
            opened, title={"en": LONG}, run=ATTACK, runbook=ATTACK, steps=steps, phases=phases
        ),
        msgspec.structs.replace(delivery, source=ATTACK, delivery=LONG, reason=LONG),
    ]


class Hostile(World):
    """Figures, checks, names and refusals attack as well."""

    def write(self, fact: AnyFact, by: str = "", command: str = "") -> facts.Entry:
        if isinstance(fact, facts.CheckDone):
            fact = msgspec.structs.replace(
                fact, name=fact.name + ATTACK, observed=ATTACK, expected=ATTACK
            )
        elif isinstance(fact, facts.StepFinished):
            fact = msgspec.structs.replace(fact, figures={ATTACK: LONG, "rows": 12})
        elif isinstance(fact, facts.UnitCommitted):
            fact = msgspec.structs.replace(fact, unit=ATTACK, counts={ATTACK: 1})
        return super().write(fact, by or ATTACK, command)

    def send(self, command: api.AnyCommand) -> api.Reply:
        if isinstance(command, api.Export):
            return api.Reply(ok=False, message=LONG, hint=ATTACK)
        return super().send(command)


def hostile(folder: Path) -> Hostile:
    """The attacking run, at its first gate, signed once and voided, with all tables filled."""
    world = Hostile(folder, user="anna", roles=("lead",), head=head())
    world.identity = api.Identity(user=ATTACK, uid=1, roles=("lead", ATTACK))
    people = [
        (source, f"{record}{ATTACK}", *(LONG if isinstance(c, str) and not c[:1].isdigit() else c
                                        for c in rest))
        for source, record, *rest in PEOPLE
    ]  # fmt: skip
    fill(world, people)
    for item in ITEMS:
        world.send(api.Answer(step="questions", item=item["id"], answer=LONG))
    world.send(api.Run())
    gate = world.state.steps["quality-gate"]
    world.write(
        gate_facts.SignedOff(
            gate=gate.id, decision="conditions", role="lead", evidence=gate.evidence, bound=False,
            comment=world.keep(LONG), conditions=world.keep(ATTACK))
    )  # fmt: skip
    world.write(gate_facts.SignOffVoided(gate=gate.id, evidence=gate.evidence, reason=ATTACK))
    world.write(facts.StepWaiting(step=gate.id, evidence=ATTACK, subject=1, figures={ATTACK: LONG}))
    return world


def main(folder: str) -> int:
    """Show it; the exit code of the interface."""
    from tui_migrate.tui.app import run_app

    world = hostile(Path(folder))
    try:
        return run_app(world)
    finally:
        world.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
