"""The figures as Markdown: ratios first, then seconds and memory of every step."""

from __future__ import annotations

import itertools
import os
import platform
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import RunCost
from benchmarks.startup import BARE, PAINT, VERSION, Wait

MB = 1_000_000
RUN_AIM, GROWTH_AIM, VERSION_AIM, PAINT_AIM = 4.0, 12.0, 0.2, 1.5


@dataclass(frozen=True, slots=True)
class Floor:
    """What floor.sql took: seconds, processor seconds, peak memory in bytes."""

    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class Round:
    """One number of persons: what was handed over, the run, the floor beside it."""

    persons: int
    rows: int
    size: int
    run: RunCost
    floor: Floor


def machine() -> list[str]:
    """What the figures depend on, without naming the machine."""
    import duckdb

    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return [
        f"- {os.cpu_count()} cores, {memory / 1e9:.0f} GB of memory, "
        f"{platform.system()} {platform.machine()}",
        f"- Python {platform.python_version()}, DuckDB {duckdb.__version__}",
    ]


def document(rounds: list[Round], waits: dict[str, Wait], seed: int) -> str:
    """The whole report."""
    lines = [
        "# Benchmark",
        "",
        "Made by `make bench`. The floor is `benchmarks/floor.sql`: the same deliveries in bare DuckDB,",
        "each read once and each table written once, in one run; its comment says what it leaves out.",
        "*Busy* seconds are processor seconds of the process, which other work on the machine does not",
        "stretch; *clock* seconds are what a person waits. Memory is the highest resident set seen in",
        "samples 50 ms apart.",
        "",
        *machine(),
        *(
            f"- {r.persons:,} persons (seed {seed}): {r.rows:,} rows, {r.size / MB:.0f} MB of "
            f"deliveries; other programs used {r.run.others:.0%} of the machine meanwhile"
            for r in rounds
        ),
        "",
        *_ratios(rounds, waits),
    ]
    for one in rounds:
        lines += ["", *_steps(one)]
    if len(rounds) > 1:
        lines += ["", *_growth(rounds)]
    if waits:
        lines += ["", *_waits(waits)]
    return "\n".join(lines) + "\n"


def _row(what: str, busy: float, clock: float, aim: float, unit: str, *, whole: bool = True) -> str:
    """One line; a run that did not walk to its end cannot reach an aim."""
    verdict = ("reached" if busy <= aim else "not reached") if whole else "run incomplete"
    return f"| {what} | {busy:.2f}{unit} | {clock:.2f}{unit} | ≤ {aim:g}{unit} | {verdict} |"


def _ratios(rounds: list[Round], waits: dict[str, Wait]) -> list[str]:
    lines = [
        "## Ratios",
        "",
        "| | busy | clock | aim | by busy seconds |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        _row(
            f"run ÷ floor, {r.persons:,} persons",
            r.run.cpu / r.floor.cpu,
            r.run.seconds / r.floor.seconds,
            RUN_AIM,
            " ×",
            whole=not r.run.stopped,
        )
        for r in rounds
    ]
    for small, large in itertools.pairwise(rounds):
        times = large.persons / small.persons
        name = f"{times:g} times the persons, the run takes"
        # The aim is for ten times the rows.
        lines.append(
            _row(
                name,
                large.run.cpu / small.run.cpu,
                large.run.seconds / small.run.seconds,
                GROWTH_AIM * times / 10,
                " ×",
                whole=not (small.run.stopped or large.run.stopped),
            )
        )
    if waits:
        version, paint, bare = waits[VERSION], waits[PAINT], waits[BARE]
        lines.append(
            _row("`tui-migrate --version`", version.cpu, version.seconds, VERSION_AIM, " s")
        )
        lines.append(
            _row(
                "first paint ÷ bare Textual app",
                paint.cpu / bare.cpu,
                paint.seconds / bare.seconds,
                PAINT_AIM,
                " ×",
            )
        )
    return lines


def _steps(one: Round) -> list[str]:
    lines = [
        f"## Steps, {one.persons:,} persons",
        "",
        "| step | ÷ floor | busy s | clock s | peak MB |",
        "|---|---:|---:|---:|---:|",
    ]
    costs = [(c.step, c.cpu, c.seconds, c.memory) for c in one.run.steps]
    costs.append(("**whole run**", one.run.cpu, one.run.seconds, one.run.memory))
    costs.append(("**floor**", one.floor.cpu, one.floor.seconds, one.floor.memory))
    for step, cpu, seconds, memory in costs:
        peak = f"{memory / MB:.0f}" if memory else ""
        lines.append(f"| {step} | {cpu / one.floor.cpu:.2f} | {cpu:.2f} | {seconds:.2f} | {peak} |")
    if one.run.stopped:
        lines += ["", f"**The run did not walk to its end:** {one.run.stopped}"]
    return lines


def _growth(rounds: list[Round]) -> list[str]:
    small, large = rounds[0], rounds[-1]
    before = {c.step: c for c in small.run.steps}
    lines = [
        f"## Growth, {small.persons:,} to {large.persons:,} persons",
        "",
        "| step | busy | clock |",
        "|---|---:|---:|",
    ]
    for cost in large.run.steps:
        old = before.get(cost.step)
        if old and old.cpu >= 0.05:
            clock = cost.seconds / max(old.seconds, 1e-9)
            lines.append(f"| {cost.step} | {cost.cpu / old.cpu:.1f} × | {clock:.1f} × |")
    floor = (large.floor.cpu / small.floor.cpu, large.floor.seconds / small.floor.seconds)
    lines.append(f"| **floor** | {floor[0]:.1f} × | {floor[1]:.1f} × |")
    return lines


def _waits(waits: dict[str, Wait]) -> list[str]:
    lines = [
        "## Start",
        "",
        "Medians of seven starts, after one that is not counted. First paint is from exec to the first",
        "80×24 screen with something on it. `--help` and the bare app are yardsticks.",
        "",
        "| | busy s | clock s |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {w.cpu:.3f} | {w.seconds:.3f} |" for name, w in waits.items()]
    return lines


def write(text: str, path: Path) -> None:
    """Keep the report; a half-written one never replaces the last."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)
