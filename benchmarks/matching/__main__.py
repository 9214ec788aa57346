"""``python -m benchmarks.matching``: our matching and Splink 5 on the same records, in one run.

Each program runs on each data set in a process of its own. Prints the report and
writes it to ``benchmarks/matching.md``. Missing an aim is told, not failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import workload
from benchmarks.matching import data
from benchmarks.matching.scores import Score, judge

RESULTS = workload.CHECKOUT / "benchmarks" / "matching.md"
PROGRAMS = {"own": "benchmarks.matching.own", "Splink": "benchmarks.matching.splink_peer"}
HEAD = (
    "| data | program | records | blocking recall | best F1 (P / R) | F1 at .95 | F1 at .5 |"
    " B-cubed F1 (P / R) | busy s | clock s | peak MB |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def compared(name: str, records: Path, *flags: str) -> list[str]:
    """A row for each program. flags: of our own program."""
    rows = []
    for program, module in PROGRAMS.items():
        with tempfile.TemporaryDirectory(prefix="matched-", dir=workload.cache()) as folder:
            out = Path(folder)
            line = [sys.executable, "-m", module, str(records), str(out)]
            if program == "own":
                line += flags
                subprocess.run([*line, "--blocked"], check=True, cwd=workload.CHECKOUT)
            subprocess.run(line, check=True, cwd=workload.CHECKOUT)
            found = judge(records, out)
            spent = json.loads((out / "figures.json").read_text())
        best, *others = found.pairs
        cells = [name, program, f"{found.records:,}", f"{found.blocking:.4f}", three(best)]
        cells += [f"{score.f1:.4f}" for score in others] + [three(found.clusters)]
        cells += [f"{spent['busy']:.1f}", f"{spent['clock']:.1f}", f"{spent['peak'] / 1e6:,.0f}"]
        rows.append(f"| {' | '.join(cells)} |")
        print(rows[-1], flush=True)
    return rows


def three(score: Score) -> str:
    """F1 with what it is made of."""
    return f"{score.f1:.4f} ({score.precision:.4f} / {score.recall:.4f})"


def main() -> int:
    """Compare on what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.matching", description=__doc__)
    parser.add_argument(
        "--persons", type=int, nargs="*", default=[100_000], help="of the generator"
    )
    parser.add_argument("--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    print(HEAD)
    rows = compared("febrl3", data.febrl3(number=True), "--general")
    rows += compared("febrl3 without number", data.febrl3(number=False), "--general")
    for persons in chosen.persons:
        rows += compared(f"generator, {persons:,} persons", data.generated(persons))
    chosen.output.write_text("\n".join(["# Matching beside Splink 5", "", HEAD, *rows]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
