"""``python -m benchmarks.truth``: matching and consents of other people against their truth.

Makes deliveries of another seed and ten times the size of the shipped sample, runs the shipped
runbook on them under both consent policies, scores each run, and says how long it took.
Exit code 0: every target is met under both; 1: not.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

REPOSITORY = Path(__file__).resolve().parents[1]
RUNBOOK = REPOSITORY / "runbooks" / "media-migration"
POLICIES = ("newest", "restrictive")
SCORED = ("crosswalk", "pairs", "consents")
LAST = "consent-sync"
"""The step after which matches and consents stand."""


def python(*arguments: str | Path) -> int:
    """Run a module of the checkout; its exit code. What it says goes where ours goes."""
    sys.stdout.flush()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    line = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(line, check=False, cwd=REPOSITORY, env=environment).returncode


def required(*arguments: str | Path) -> None:
    """Run a module that has to end with 0."""
    code = python(*arguments)
    if code:
        raise SystemExit(f"{' '.join(map(str, arguments))} ended with {code}")


def new_workspace(folder: Path, persons: int, seed: int) -> Path:
    """A workspace of the shipped runbook on new people; its truth lies beside it."""
    made = folder / "made"
    required("sample_data.generator", "--persons", str(persons), "--seed", str(seed), made)
    workspace = folder / "workspace"
    shutil.copytree(RUNBOOK, workspace)
    (made / "deliveries").rename(workspace / "deliveries")
    (workspace / "backup.key").write_text("a key for a trial only\n")
    return workspace


def judged(workspace: Path, policy: str) -> int:
    """Run under a policy, export, score; the scorer's exit code."""
    runbook = workspace / "runbook.yaml"
    text = runbook.read_text("utf-8")
    for other in POLICIES:
        text = text.replace(f"policy: {other}", f"policy: {policy}")
    runbook.write_text(text, "utf-8")
    decisions = workspace / "decisions.yaml"
    begun = time.perf_counter()
    line = ("run", "-w", workspace, "--headless", "--decisions", decisions, "--until", LAST)
    required("tui_migrate", *line)
    print(f"\npolicy {policy}: run until {LAST} in {time.perf_counter() - begun:.1f} s")
    exports = workspace.parent / policy
    exports.mkdir()
    for what in SCORED:
        required("tui_migrate", "export", what, "-o", exports / f"{what}.csv", "-w", workspace)
    truth = workspace.parent / "made" / "truth"
    return python("sample_data.generator.score", truth, exports, "--policy", policy)


def main() -> int:
    """Judge both policies; the worst exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks.truth", description=__doc__)
    parser.add_argument("--persons", type=int, default=15_000)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--folder", type=Path, help="keep everything here (a new folder)")
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = given.folder
        if folder is None:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="truth-")))
        folder.mkdir(parents=True, exist_ok=True)
        workspace = new_workspace(folder, given.persons, given.seed)
        return max(judged(workspace, policy) for policy in POLICIES)


if __name__ == "__main__":
    sys.exit(main())
