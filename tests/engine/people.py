"""A workspace of several people, and a clock that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.engine.conftest import ROWS
from tui_migrate.engine import api
from tui_migrate.engine.client import InProcessClient
from tui_migrate.engine.identity import this_user

ZONE = ZoneInfo("Europe/Amsterdam")
"""That of the runbook below."""
ME = this_user().name
"""Who starts the engine, and so carries out its steps and owns its files."""

RUNBOOK = """\
runbook: small
title: Small
zone: Europe/Amsterdam
rehearsal: false
brands: [Nova, Kompas]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/crm.yaml
target: {type: csv, path: exports/target}
roles:
  lead: {users: [ME, ann, bob]}
  privacy: {users: [eve]}
  nova: {users: [kim], brands: [Nova]}
TOP
phases:
  - id: one
    title: One
    steps:
      - {id: read, uses: ingest}
      - id: first
        uses: gate
        with: {approvals: [{role: lead}], evidence: [read]}
      - id: questions
        uses: checklist
        CHECKS
        with:
          items: [{id: ready, question: Ready?}]
          QUESTIONS
      - id: gate
        uses: gate
        with:
          approvals: APPROVALS
          evidence: [read, questions]
          GATE
"""
MAPPING = "source: crm\nentity: profile\nfields:\n  family_name: {from: Naam}\n"


@dataclass(slots=True)
class Clock:
    """What time it is."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        """Time goes by."""
        self.now += timedelta(**span)

    def day(self, ahead: int = 0) -> str:
        """A day from now, as the people of a workspace write it."""
        return (self.now + timedelta(days=ahead)).astimezone(ZONE).date().isoformat()


def several(
    root: Path,
    *,
    approvals: str = "[{role: lead}]",
    gate: str = "note: Look",
    questions: str = "",
    checks: str = "",
    top: str = "",
) -> Path:
    """A workspace with roles for several people; ``gate`` stands in the second gate."""
    delivery = root / "deliveries" / "crm" / "2026-03-01"
    delivery.mkdir(parents=True)
    (delivery / "people.csv").write_text(ROWS)
    (root / "mapping").mkdir()
    (root / "mapping" / "crm.yaml").write_text(MAPPING)
    text = RUNBOOK.replace("[ME,", f"[{ME},").replace("APPROVALS", approvals)
    for mark, said in (("GATE", gate), ("QUESTIONS", questions), ("CHECKS", checks), ("TOP", top)):
        text = text.replace(mark, said)
    (root / "runbook.yaml").write_text(text)
    return root


def identity(user: str, *roles: str) -> api.Identity:
    """Somebody, as the kernel and the runbook would name him."""
    return api.Identity(user=user, uid=5000 + sum(map(ord, user)), roles=roles)


ANN, BOB, EVE = identity("ann", "lead"), identity("bob", "lead"), identity("eve", "privacy")
KIM, STRANGER = identity("kim", "nova"), identity("max")


def says(client: InProcessClient, who: api.Identity, command: api.AnyCommand) -> api.Reply:
    """Have a command done for somebody."""
    return client.engine.command(command, who)


def approves(
    client: InProcessClient, who: api.Identity, gate: str = "gate", **more: Any
) -> api.Reply:
    """Somebody approves a gate with the number that it shows."""
    typed = client.state.steps[gate].subject
    sign = api.Sign(**{"gate": gate, "decision": "approve", "typed": typed, **more})
    return says(client, who, sign)


def to_second_gate(client: InProcessClient) -> None:
    """On to the gate behind the questions: Ann signs the first one, I answer."""
    client.run_here()
    assert approves(client, ANN, "first").ok
    client.run_here()
    assert client.send(api.Answer(step="questions", item="ready", answer="yes")).ok
    assert client.run_here().step == "gate"


def set_clock(client: InProcessClient) -> Clock:
    """The engine's clock is now the test's."""
    clock = Clock()
    client.engine.core.now = clock
    return clock
