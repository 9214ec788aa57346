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
from benchmarks.matching.peers import PEER_MEMORY, THREADS
from benchmarks.matching.scores import Score, judge
from tui_migrate.staging.store import MEMORY

RESULTS = workload.CHECKOUT / "benchmarks" / "matching.md"
SPLINK = "benchmarks.matching.splink_peer"
OWN, WIDE, TIGHT = "own", "Splink", "Splink, tight blocks"
PROGRAMS = {OWN: ["benchmarks.matching.own"], WIDE: [SPLINK], TIGHT: [SPLINK, "--tight"]}
WIDE_UP_TO = 200_000
"""Persons; beyond it Splink's wide blocks bring hundreds of millions of pairs together."""
INTRO = f"""# Matching beside Splink 5

Made by `make bench-matching`. Each program runs on the same records in a process of its own, on
{THREADS} threads; ours with the memory limit that it ships ({MEMORY} for DuckDB), Splink with
{PEER_MEMORY}. Precision and recall are over all true pairs: one that blocking misses is a miss.
febrl3 are 5,000 Australian records; the generator's are Dutch and Belgian customers of seven
systems, of which the true pairs that nothing shows (a newsletter address without a name beside a
paper subscription) are part. Peak memory is the highest resident set. Splink has no limit to a
block: of a million persons the rules of *Splink* bring 516 million pairs together and do not end
within an hour, so there it runs with *tight blocks* alone (20 million pairs). A million persons have
4.9 million source records, of which the 3.3 million that stand for a person are matched.
"""
HEAD = (
    "| data | program | records | blocking recall | best F1 (P / R) | F1 at .95 | F1 at .5 |"
    " B-cubed F1 (P / R) | busy s | clock s | peak MB |\n"
    "|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def compared(name: str, records: Path, *flags: str, without: str = TIGHT) -> list[str]:
    """A row for each program but ``without``. flags: of our own program."""
    rows = []
    for program, module in PROGRAMS.items():
        if program == without:
            continue
        with tempfile.TemporaryDirectory(prefix="matched-", dir=workload.cache()) as folder:
            out = Path(folder)
            line = [sys.executable, "-m", *module, str(records), str(out)]
            if program == OWN:
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
        without = WIDE if persons > WIDE_UP_TO else ""
        name = f"generator, {persons:,} persons"
        rows += compared(name, data.generated(persons), without=without)
    chosen.output.write_text("\n".join([INTRO, HEAD, *rows]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
