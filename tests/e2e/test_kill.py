"""``kill -9`` at any moment loses nothing: the same command goes on to the same result."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.conftest import MERGED, Run
from tests.e2e.program import (
    assert_same_exports,
    audit_of,
    committed,
    copied,
    export_all,
    facts,
    finish,
    run_line,
    run_on,
    start,
    times,
    tree,
    tui,
    tui_many,
    wait_until,
)
from tui_migrate.engine.workspace import Workspace, holder_of, is_held


@dataclass(frozen=True, order=True, slots=True)
class Moment:
    """A moment of a run, as it can be found again on a slower machine: so many units are
    committed, and so many seconds have gone since."""

    units: int
    seconds: float


def moments(reference: Path, count: int, seed: int) -> list[Moment]:
    """Random moments, drawn evenly over the time that the uninterrupted run took."""
    entries = [json.loads(line) for line in (audit_of(reference) / "journal.jsonl").open()]
    ends = (n for n, e in enumerate(entries) if e["fact"]["kind"] == "run.ended")
    end = next(ends, len(entries))
    marks = [datetime.fromisoformat(e["at"]).timestamp() for e in entries[:end]]
    done = [datetime.fromisoformat(e["at"]).timestamp() for e in entries[:end]
            if e["fact"]["kind"] == "unit.committed"]  # fmt: skip
    chance = random.Random(seed)
    found = []
    for _n in range(count):
        moment = chance.uniform(marks[0], done[-1])
        units = sum(at <= moment for at in done)
        since = moment - max([marks[0], *(at for at in done if at <= moment)])
        found.append(Moment(units, since))
    return sorted(found)


def walk_under_fire(workspace: Path, fire: list[Moment]) -> int:
    """Run the demo to its end; at each of these moments its engine is killed, which who looks on
    is told (exit 2), and every other time he is killed with it. Returns how often it was hit."""
    hit = 0
    for number, moment in enumerate(fire):
        process = start("demo", workspace, "--headless")
        wait_until(workspace, moment.units, process)
        while process.poll() is None and not is_held(Workspace(workspace)):
            time.sleep(0.01)  # it goes on behind the moment: there must be an engine to kill
        deadline = time.monotonic() + moment.seconds
        while time.monotonic() < deadline and committed(workspace) == moment.units:
            time.sleep(0.01)  # faster than the other run it may be at the next unit already
        engine = holder_of(Workspace(workspace))
        if process.poll() is None and engine is not None and is_held(Workspace(workspace)):
            os.kill(engine.pid, signal.SIGKILL)
            if number % 2:
                process.kill()
        hit += finish(process).code in (2, -signal.SIGKILL)
        while is_held(Workspace(workspace)):
            time.sleep(0.01)  # it dies for a while: the next one is not to be taken for it
    tui("demo", workspace, "--headless")
    return hit


def assert_as_if_nothing_happened(workspace: Path, reference: Run, tmp_path: Path) -> None:
    """Exports, target and the files for the old systems are those of an uninterrupted run."""
    exports = export_all(workspace, tmp_path / "exports")
    assert_same_exports(exports, reference.exports)
    assert tree(workspace / "exports") == tree(reference.workspace / "exports")
    tui("audit", "verify", "-w", workspace)
    units = [(f["step"], f["attempt"], f["unit"]) for f in facts(workspace, "unit.committed")]
    assert len(units) == len(set(units)), "every unit counts once"


@pytest.mark.long(seconds=75)
def test_a_run_that_is_killed_three_times_gives_what_an_uninterrupted_run_gives(
    demo: Run, tmp_path: Path
) -> None:
    workspace = tmp_path / "killed"
    fire = moments(demo.workspace, 3, seed=2026)
    assert walk_under_fire(workspace, fire) == 3
    assert_as_if_nothing_happened(workspace, demo, tmp_path)


def assert_as_merged(workspace: Path, merged: Run, tmp_path: Path) -> None:
    """What stands after the step merge is what an uninterrupted run has there."""
    assert_same_exports(export_all(workspace, tmp_path / "exports", MERGED), merged.exports, MERGED)


@pytest.mark.soak
def test_an_engine_inside_the_program_dies_with_it_and_goes_on(
    merged: Run, fresh: Path, tmp_path: Path
) -> None:
    (moment,) = moments(merged.workspace, 1, seed=11)
    line = run_line(fresh, "--until", "merge", "--in-process")
    process = start(*line)
    wait_until(fresh, moment.units, process)
    time.sleep(moment.seconds)
    process.kill()
    assert finish(process).code == -signal.SIGKILL
    assert not is_held(Workspace(fresh))
    tui(*line)
    assert_as_merged(fresh, merged, tmp_path)


@pytest.mark.soak
def test_a_client_that_is_killed_leaves_the_run_to_the_engine(
    merged: Run, fresh: Path, tmp_path: Path
) -> None:
    line = run_line(fresh, "--until", "merge")
    process = start(*line)
    wait_until(fresh, 3, process)
    process.kill()
    finish(process)
    tui(*line)
    assert_as_merged(fresh, merged, tmp_path)
    assert not facts(fresh, "run.recovered")


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(6))
def test_thirty_kills_more(demo: Run, tmp_path: Path, seed: int) -> None:
    workspace = tmp_path / "killed"
    assert walk_under_fire(workspace, moments(demo.workspace, 5, seed)) >= 4
    assert_as_if_nothing_happened(workspace, demo, tmp_path)


def test_a_demo_that_is_killed_while_it_makes_its_workspace_begins_again(tmp_path: Path) -> None:
    """The workspace appears by one rename: it is there whole, or not at all."""
    chance = random.Random(7)
    for n in range(4):
        folder = tmp_path / f"d{n}"
        process = start("demo", folder, "--headless")
        time.sleep(chance.uniform(0.2, 0.9))
        process.kill()
        finish(process)
        lines: list[list[str | Path]] = [["new", folder], ["check", folder]]
        tui_many(lines[folder.exists() :])
        assert sorted(path.name for path in tmp_path.iterdir()) == [f"d{m}" for m in range(n + 1)]


@pytest.mark.soak
def test_a_lost_staging_area_is_rebuilt_without_a_write_to_the_target(
    demo: Run, tmp_path: Path
) -> None:
    workspace = copied(demo.workspace, tmp_path / "rebuilt")
    for path in (workspace / ".tui-migrate").glob("staging.duckdb*"):
        path.unlink()
    before = times(workspace / "exports"), committed(workspace), _intents(workspace)
    run_on(workspace)
    assert (times(workspace / "exports"), committed(workspace), _intents(workspace)) == before
    assert facts(workspace, "run.recovered")[-1]["rebuilt"]
    exports = export_all(workspace, tmp_path / "exports")
    assert_same_exports(exports, demo.exports)
    assert tree(workspace / "exports") == tree(demo.workspace / "exports")
    tui("audit", "verify", "-w", workspace)


def _intents(workspace: Path) -> int:
    return len(facts(workspace, "target.intent"))
