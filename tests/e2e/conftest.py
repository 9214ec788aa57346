"""Runs that several tests look at: made once for all xdist workers, and never changed by a test."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.e2e.program import (
    REPOSITORY,
    Finished,
    environment,
    export_all,
    finish,
    new_workspace,
    run_line,
    run_on,
    start,
)

MERGED = ("crosswalk", "profiles", "findings", "pairs", "fates")
"""What stands after the step merge."""


@dataclass(frozen=True, slots=True)
class Run:
    """A workspace with what the process said that ran in it."""

    workspace: Path
    finished: Finished

    @property
    def exports(self) -> Path:
        """All tables as CSV, as the command ``export`` gives them."""
        return self.workspace.with_name(f"{self.workspace.name}-exports")


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all xdist workers of this session see."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


def made_once(
    folder: Path, make: Callable[[Path], Finished], then: Callable[[Path], object]
) -> Run:
    """The first worker makes it, the others wait; all get what it said. A failure stays one."""
    note = folder.with_name(f"{folder.name}.json")
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            finished = make(folder)
            note.write_text(json.dumps(asdict(finished)))
            if finished.code == 0:
                then(folder)
    return Run(folder, Finished(**json.loads(note.read_text())))


@pytest.fixture(scope="session")
def demo_run(shared: Path) -> Run:
    """``tui-migrate demo DIR --headless``, however it ended; with two threads, as people run it."""

    def make(folder: Path) -> Finished:
        return finish(start("demo", folder, "--headless", threads="2"))

    def then(folder: Path) -> Path:
        return export_all(folder, folder.with_name(f"{folder.name}-exports"))

    return made_once(shared / "demo", make, then)


@pytest.fixture
def demo(demo_run: Run) -> Run:
    """The finished demo. Look, but do not touch: copy it first."""
    if demo_run.finished.code:
        pytest.fail(
            f"the demo ended with {demo_run.finished.code}\n{demo_run.finished.err[-2000:]}"
        )
    return demo_run


@pytest.fixture(scope="session")
def deliveries(shared: Path) -> Path:
    """Deliveries of some hundred persons, for tests that need many runs."""

    def make(folder: Path) -> Finished:
        line = [sys.executable, "-m", "sample_data.generator", "--persons", "120", "--seed", "11"]
        done = subprocess.run(
            [*line, folder],
            capture_output=True,
            text=True,
            check=False,
            cwd=REPOSITORY,
            env=environment(),
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    run = made_once(shared / "small", make, lambda folder: folder)
    assert run.finished.code == 0, run.finished.err
    return run.workspace / "deliveries"


@pytest.fixture(scope="session")
def merged(shared: Path, deliveries: Path) -> Run:
    """A small run up to and with the step merge."""

    def make(folder: Path) -> Finished:
        new_workspace(folder, deliveries)
        return finish(start(*run_line(folder, "--until", "merge")))

    def then(folder: Path) -> Path:
        return export_all(folder, folder.with_name(f"{folder.name}-exports"), MERGED)

    run = made_once(shared / "merged", make, then)
    assert run.finished.code == 0, run.finished.said
    return run


@pytest.fixture
def fresh(tmp_path: Path, deliveries: Path) -> Path:
    """A small workspace in which nothing has run yet."""
    return new_workspace(tmp_path / "fresh", deliveries)


@pytest.fixture(scope="session")
def world_done(shared: Path) -> Path:
    """A run of the small world of ``erasure_world``, at its end. Copy it first."""
    from tests.e2e.erasure_world import make

    return made_once(
        shared / "world", lambda folder: run_on(make(folder)), lambda _: None
    ).workspace
