"""``python -m benchmarks.run``: the run beside its floor, at two sizes, and what a start costs.

Prints the report and writes it to ``benchmarks/results.md``. Exit code 1 when a run did not walk to
its end; missing an aim is told, not failed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import workload
from benchmarks.measure import headless
from benchmarks.report import Floor, Round, document, write
from benchmarks.startup import startup

SIZES = (10_000, 100_000)
SEED = 7
RESULTS = Path(__file__).with_name("results.md")
FLOOR_RUNS = 3


def floor(handed_over: Path, scratch: Path) -> Floor:
    """The medians of several runs of the floor, each in a process of its own."""
    seen = []
    for number in range(FLOOR_RUNS):
        work = scratch / f"floor-{number}"
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.floor", str(handed_over), str(work)],
            cwd=workload.CHECKOUT,
            env=workload.environment(),
            check=True,
            stdout=subprocess.PIPE,
        )
        seen.append(json.loads(done.stdout))
    return Floor(
        seconds=statistics.median(s["seconds"] for s in seen),
        cpu=statistics.median(s["cpu"] for s in seen),
        memory=max(s["memory"] for s in seen),
    )


def measure(persons: int, seed: int) -> Round:
    """One number of persons: the floor, then the run, on the same deliveries."""
    _say(f"deliveries of {persons:,} persons …")
    handed_over = workload.deliveries(persons, seed)
    with tempfile.TemporaryDirectory(prefix="run-", dir=workload.cache()) as folder:
        scratch = Path(folder)
        _say("floor …")
        least = floor(handed_over, scratch)
        _say(f"  {least.cpu:.1f} s busy, {least.seconds:.1f} s by the clock")
        _say("run …")
        cost = headless(workload.workspace(scratch / "workspace", handed_over))
        _say(f"  {cost.cpu:.1f} s busy, {cost.seconds:.1f} s by the clock {cost.stopped}")
    return Round(persons, workload.rows(handed_over), workload.size(handed_over), cost, least)


def main() -> int:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--persons",
        type=int,
        nargs="*",
        default=list(SIZES),
        help="numbers of persons, small first",
    )
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--no-start", action="store_true", help="leave the start out")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the report is kept")
    chosen = parser.parse_args()
    waits = {}
    if not chosen.no_start:
        _say("start …")
        with tempfile.TemporaryDirectory(prefix="start-", dir=workload.cache()) as folder:
            small = workload.deliveries(1_500, SEED)
            waits = startup(workload.workspace(Path(folder) / "workspace", small))
    rounds = [measure(persons, chosen.seed) for persons in sorted(chosen.persons)]
    text = document(rounds, waits, chosen.seed)
    write(text, chosen.output)
    print(text)
    return 1 if any(r.run.stopped for r in rounds) else 0


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
