"""Matching and consents are as good as the truth of the sample demands, under both policies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Run
from tests.e2e.program import REPOSITORY, TRUTH, copied, environment, export_all, run_on

SCORED = ("crosswalk", "pairs", "consents")


def score(truth: Path, exports: Path, policy: str) -> str:
    """What the scorer prints; it has to say that every target is met."""
    done = subprocess.run(
        [sys.executable, "-m", "sample_data.generator.score", truth, exports, "--policy", policy],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_meets_every_target(demo: Run) -> None:
    assert "all targets met" in score(TRUTH, demo.exports, "newest")


@pytest.mark.soak
def test_under_the_restrictive_policy_too(demo: Run, tmp_path: Path) -> None:
    """The policy is changed in a finished workspace: all that hangs on it is done again."""
    workspace = copied(demo.workspace, tmp_path / "restrictive")
    runbook = workspace / "runbook.yaml"
    text = runbook.read_text("utf-8")
    assert "policy: newest" in text
    runbook.write_text(text.replace("policy: newest", "policy: restrictive"), "utf-8")
    run_on(workspace, "--until", "consent-sync")
    exports = export_all(workspace, tmp_path / "exports", SCORED)
    assert "policy restrictive" in score(TRUTH, exports, "restrictive")


@pytest.mark.soak
def test_other_people_and_ten_times_as_many_meet_the_same_targets(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.truth", "--folder", tmp_path / "truth"],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env=environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
