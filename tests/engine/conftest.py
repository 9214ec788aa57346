"""A small real workspace: two sources, a back-up, an ingest, a checklist and two gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tui_migrate.engine.client import InProcessClient, open_client

KEY = b"a key for tests only"

RUNBOOK = """\
runbook: small
title: {en: Small, nl: Klein}
zone: Europe/Amsterdam
rehearsal: REHEARSAL
brands: [Nova]
sources:
  crm:
    files: "deliveries/crm/*/*.csv"
    format: {type: csv, delimiter: ";", encoding: utf-8}
    key: Nr
    mapping: mapping/crm.yaml
target: {type: csv, path: exports/target}
roles:
  lead: {users: USERS}
phases:
  - id: one
    title: One
    steps:
      - {id: read, uses: ingest, title: Read}
      - id: questions
        uses: checklist
        title: Questions
        with:
          items:
            - {id: ready, question: Ready?, type: yes_no, expect: "yes"}
            - {id: note, question: Anything else?, type: text, required: false}
      - {id: gate, uses: gate, title: Gate, with: {approvals: [{role: lead}], evidence: [read]}}
      - {id: keep, uses: backup, title: Keep, unskippable: true, with: {what: [deliveries, staging]}}
      - {id: end, uses: gate, title: End, with: {approvals: [{role: lead}], evidence: [keep]}}
"""

MAPPING = """\
source: crm
entity: profile
fields:
  family_name: {from: Naam}
"""

ROWS = "Nr;Naam\n1;Jansen\n2;De Vries\n3;Peeters\n"


def make_workspace(
    root: Path, runbook: str = RUNBOOK, rehearsal: bool = True, users: str = '["*"]'
) -> Path:
    """A workspace with one delivery of three rows."""
    delivery = root / "deliveries" / "crm" / "2026-03-01"
    delivery.mkdir(parents=True)
    (delivery / "people.csv").write_text(ROWS)
    (root / "mapping").mkdir()
    (root / "mapping" / "crm.yaml").write_text(MAPPING)
    text = runbook.replace("REHEARSAL", str(rehearsal).lower()).replace("USERS", users)
    (root / "runbook.yaml").write_text(text)
    return root


@pytest.fixture(scope="session")
def doubts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that waits behind its match with doubtful duplicates; a test takes a copy of it."""
    from tests.engine.review_world import made, waiting

    root = made(tmp_path_factory.mktemp("review") / "w")
    waiting(root).close()
    return root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return make_workspace(tmp_path / "small")


@pytest.fixture
def opened() -> Iterator[Callable[[Path], InProcessClient]]:
    """Opens engines and closes those that a test leaves open."""
    clients: list[InProcessClient] = []

    def opening(root: Path) -> InProcessClient:
        client = open_client(root, key=KEY)
        clients.append(client)
        return client

    yield opening
    for client in clients:
        client.shut()
