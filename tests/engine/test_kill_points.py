"""Killed at each point inside a unit, a run goes on as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.conftest import KEY, make_workspace
from tests.engine.killed import POINTS
from tui_migrate.audit.entries import Recovered, UnitCommitted
from tui_migrate.audit.verify import verify
from tui_migrate.engine.client import InProcessClient, open_client

REPOSITORY = Path(__file__).resolve().parents[2]
RUNBOOK = """\
runbook: short
title: Short
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
      - {id: map, uses: map, title: Map}
"""
UNTIDY = "Nr;Naam\n1;  jansen \n2;DE VRIES\n3;Peeters\n"

Opening = Callable[[Path], InProcessClient]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must not depend on when a run was killed."""

    units: list[tuple[str, int, str, str]]
    events: int
    profiles: list[tuple[object, ...]]
    fates: list[tuple[object, ...]]


def to_the_end(root: Path, opened: Opening) -> tuple[Outcome, InProcessClient]:
    """Run to the end; what is in staging and journal then."""
    client = opened(root)
    stopped = client.run_here()
    assert stopped.exit == 0, stopped.message
    units = [e.fact for e in client.entries() if isinstance(e.fact, UnitCommitted)]
    cursor = client.engine.view.cursor()
    outcome = Outcome(
        sorted((u.step, u.attempt, u.unit, u.digest) for u in units),
        sum(u.segment.rows for u in units if u.segment),
        cursor.execute("SELECT * FROM ent_profile ORDER BY ALL").fetchall(),
        cursor.execute("SELECT * FROM fates ORDER BY ALL").fetchall(),
    )
    return outcome, client


def untidy(root: Path) -> Path:
    """A workspace whose names need cleaning, so that the step map has a trail to tell."""
    make_workspace(root, RUNBOOK)
    (root / "deliveries" / "crm" / "2026-03-01" / "people.csv").write_text(UNTIDY)
    return root


def _open(root: Path) -> InProcessClient:
    return open_client(root, key=KEY)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What comes out when nobody is killed."""
    outcome, client = to_the_end(untidy(tmp_path_factory.mktemp("undisturbed") / "w"), _open)
    client.shut()
    assert outcome.events > 0
    return outcome


@pytest.mark.parametrize("point", POINTS)
def test_killed_inside_a_unit(
    tmp_path: Path, opened: Opening, undisturbed: Outcome, point: str
) -> None:
    root = untidy(tmp_path / "killed")
    killed = subprocess.run(
        [sys.executable, "-m", "tests.engine.killed", root, point],
        check=False,
        capture_output=True,
        cwd=REPOSITORY,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    outcome, client = to_the_end(root, opened)
    assert outcome == undisturbed
    state = root / ".tui-migrate"
    assert verify(state / "audit").problems == []
    assert not list(state.rglob(".tmp-*"))
    keys = {path.stem for path in (state / "vault" / "keys").rglob("*.parquet")}
    assert keys <= {unit for _step, _attempt, unit, _digest in outcome.units}
    mended = [e.fact for e in client.entries() if isinstance(e.fact, Recovered)]
    late = point in POINTS[POINTS.index("committed") : POINTS.index("journalled")]
    assert sum(fact.late_units for fact in mended) == late
    assert sum(fact.torn_bytes > 0 for fact in mended) == (point == "journal line half written")
