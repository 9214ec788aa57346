"""``python -m benchmarks.audit``: what the audit costs, and how quickly it answers.

Prints the report and writes it to ``benchmarks/audit.md``. Missing an aim is told, not failed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks import trails, workload
from tui_migrate.audit.journal import read_entries
from tui_migrate.audit.lookup import trail_of
from tui_migrate.audit.proofs import check, prove
from tui_migrate.audit.verify import verify
from tui_migrate.engine.rewind import Rewind

RESULTS = Path(__file__).with_name("audit.md")
UNTIL = "trail"
"""The step that looks at the trail; a run without one cannot go further."""
Spent = dict[str, list[float]]


def timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What ``work`` gives, its processor seconds, its clock seconds."""
    busy, clock = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - busy, time.perf_counter() - clock


def best(work: Callable[[], Any], times: int) -> tuple[float, float]:
    """The medians of several goes: processor and clock seconds."""
    goes = [timed(work)[1:] for _number in range(times)]
    return statistics.median(g[0] for g in goes), statistics.median(g[1] for g in goes)


def run(folder: Path, persons: int, *, bare: bool) -> Spent:
    """One headless run up to the step before the trail is looked at, in a process of its own."""
    work = workload.workspace(
        folder / ("bare" if bare else "whole"), workload.deliveries(persons, 7)
    )
    file = folder / f"{work.name}.json"
    line = ["run", "--headless", "--in-process", "-w", str(work)]
    line += ["--decisions", str(_without_pairs(work)), "--until", _before(work)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.audited", *["--bare"] * bare, str(file), *line],
        cwd=workload.CHECKOUT,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return dict(json.loads(file.read_text()))


def _without_pairs(work: Path) -> Path:
    """The decisions without pairs: a run without a trail does not know the records by name."""
    path = work / "decisions.yaml"
    path.write_text(path.read_text().partition("\npairs:")[0] + "\n")
    return path


def _before(work: Path) -> str:
    from tui_migrate.engine.loading import load_workspace

    runbook = load_workspace(work).runbook
    assert runbook is not None
    steps = [step.id for step in runbook.steps()]
    return steps[steps.index(UNTIL) - 1]


def overhead(persons: int) -> list[str]:
    """The run with and without journal and trail."""
    with tempfile.TemporaryDirectory(prefix="audit-", dir=workload.cache()) as folder:
        whole = run(Path(folder), persons, bare=False)
        bare = run(Path(folder), persons, bare=True)
        audit = Path(folder) / "whole" / ".tui-migrate" / "audit"
        entries = list(read_entries(audit / "journal.jsonl"))
        events = sum(_events(entry.fact) for entry in entries)
        sizes = workload.size(audit / "trail"), (audit / "journal.jsonl").stat().st_size
    busy, clock = (whole["run"][n] / bare["run"][n] for n in (0, 1))
    parts = ", ".join(
        f"{name} {whole[name][0] / whole['run'][0]:.1%}"
        for name in ("events", "segment rows", "segment files", "tree", "journal", "seals")
    )
    tree = whole["tree"][0] / whole["unit"][0]
    return [
        "## What it costs a run",
        "",
        f"The shipped runbook on {persons:,} persons up to the step before `{UNTIL}`, with journal and",
        f"trail and without: {len(entries):,} entries, {events:,} events.",
        "",
        "| | busy | clock | aim | |",
        "|---|---:|---:|---:|---|",
        f"| run with ÷ without | {busy:.2f} × | {clock:.2f} × | ≤ 1.2 × | {said(busy <= 1.2)} |",
        f"| hash tree ÷ a unit's time | {tree:.1%} | | ≤ 5 % | {said(tree <= 0.05)} |",
        f"| trail, bytes per event | {sizes[0] / max(events, 1):.0f} | | | |",
        f"| journal, bytes per entry | {sizes[1] / len(entries):.0f} | | | |",
        "",
        f"With: {whole['run'][0]:.1f} s busy, without: {bare['run'][0]:.1f} s. Of the busy seconds "
        f"with it: {parts} (the tree is a part of *segment rows*).",
        "",
    ]


def _events(fact: Any) -> int:
    segment = getattr(fact, "segment", None)
    return segment.rows if segment is not None else 0


def said(reached: bool) -> str:
    """In words."""
    return "reached" if reached else "not reached"


def answers(events: int) -> list[str]:
    """Verification and lookups in a synthetic trail."""
    with tempfile.TemporaryDirectory(prefix="audit-", dir=workload.cache()) as folder:
        audit = trails.make(Path(folder) / "audit", events)
        entries = list(read_entries(audit / "journal.jsonl"))
        size = workload.size(audit)
        hashed = best(lambda: _hash_all(audit), 3)
        verdict, busy, clock = timed(lambda: verify(audit))
        assert verdict.ok, verdict.problems
        names = [trails.record(n * (events // 10) // 7) for n in range(7)]
        found = best(lambda: trail_of(audit, None, entries, names.pop()), 7)
        name = trails.record(12345 % (events // 10))
        proof, making, made = timed(lambda: prove(audit, entries, name))
        checking, _clock = best(lambda: check(proof), 5)
        assert check(proof) == []
    ratio = busy / hashed[0]
    return [
        f"## {events:,} events",
        "",
        f"A synthetic trail of {len(entries):,} entries and {size / 1e6:,.0f} MB, in segments of "
        f"{trails.EACH:,} events.",
        "",
        "| | busy | clock | aim | |",
        "|---|---:|---:|---:|---|",
        f"| plain SHA-256 of all files | {hashed[0]:.2f} s | {hashed[1]:.2f} s | | |",
        f"| `audit verify` | {busy:.1f} s | {clock:.1f} s | | {ratio:.0f} × plain SHA-256, "
        f"{events / busy / 1e6:.2f} M events a busy second |",
        f"| one profile's history | {found[0]:.3f} s | {found[1]:.3f} s | ≤ 0.2 s | "
        f"{said(found[1] <= 0.2)} by the clock, {said(found[0] <= 0.2)} by busy seconds |",
        f"| its inclusion proof, made | {making:.2f} s | {made:.2f} s | | |",
        f"| the proof, checked | {checking * 1000:.1f} ms | | | {len(json.dumps(proof)):,} bytes |",
        "",
        "A verification reads every event and computes content digest and hash tree of each segment",
        "again; plain SHA-256 reads compressed bytes.",
        "",
    ]


def _hash_all(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                hashlib.file_digest(stream, "sha256")


def seeking(entries: int) -> list[str]:
    """Jumping to and fro in a long journal, as the replay screen does."""
    with tempfile.TemporaryDirectory(prefix="audit-", dir=workload.cache()) as folder:
        audit = trails.make(Path(folder) / "audit", 0, entries)
        read, busy, clock = timed(lambda: list(read_entries(audit / "journal.jsonl")))
        rewind = Rewind(read)
        rewind.state(len(read))
        places = random.Random(7).choices(range(1, len(read) + 1), k=200)
        goes = [timed(lambda at=at: rewind.state(at))[1:] for at in places]  # type: ignore[misc]
    busies, clocks = (sorted(go[n] for go in goes) for n in (0, 1))
    rows = []
    for name, place in (("median", 0.5), ("95th of 100", 0.95)):
        spent, waited = (each[int(len(each) * place)] for each in (busies, clocks))
        reached = f"{said(spent <= 0.05)} by busy seconds, {said(waited <= 0.05)} by the clock"
        times = f"{spent * 1000:.1f} ms | {waited * 1000:.1f} ms"
        rows.append(f"| seek to a random entry, {name} | {times} | ≤ 50 ms | {reached} |")
    return [
        f"## A journal of {len(read):,} entries",
        "",
        "| | busy | clock | aim | |",
        "|---|---:|---:|---:|---|",
        f"| read and checked | {busy:.2f} s | {clock:.2f} s | | |",
        *rows,
        "",
    ]


def main() -> int:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=10_000, help="of the run with and without")
    parser.add_argument("--events", type=int, default=10_000_000, help="of the synthetic trail")
    parser.add_argument("--entries", type=int, default=10_000, help="of the long journal")
    parser.add_argument("--output", type=Path, default=RESULTS)
    chosen = parser.parse_args()
    head = [
        "# What the audit costs",
        "",
        "Made by `make bench-audit`. *Busy* seconds are processor seconds of the process, which other",
        "work on the machine does not stretch; *clock* seconds are what a person waits.",
        "",
        f"- {os.cpu_count()} cores, Linux, Python {sys.version.split()[0]}; load of the machine at the "
        f"start: {os.getloadavg()[0]:.1f}",
        "",
    ]
    parts = [seeking(chosen.entries), answers(chosen.events), overhead(chosen.persons)]
    text = "\n".join([*head, *(line for part in parts for line in part)]).rstrip() + "\n"
    print(text)
    chosen.output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
