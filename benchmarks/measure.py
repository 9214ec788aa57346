"""One headless run in a process of its own: seconds, processor seconds and memory of every step.

Times of steps come from the journal of the run; memory and processor time from samples of
``/proc/<pid>``, taken every 50 ms and attributed to steps by their time.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.workload import CHECKOUT, environment, program

EVERY = 0.05
"""Seconds between two samples."""
PEOPLE = ("gate", "checklist")
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at one moment: seconds since the epoch, bytes in memory, processor seconds."""

    at: float
    memory: int
    cpu: float


@dataclass(frozen=True, slots=True)
class StepCost:
    """What one step took; ``memory`` in bytes, the highest that a sample saw."""

    step: str
    seconds: float
    cpu: float
    memory: int


@dataclass(frozen=True, slots=True)
class RunCost:
    """What a whole run took. ``stopped`` is empty when it walked to its end."""

    seconds: float
    cpu: float
    memory: int
    others: float
    """Share of the machine's processor time that other processes used meanwhile."""
    steps: list[StepCost] = field(default_factory=list)
    stopped: str = ""


def machine_busy() -> tuple[float, float]:
    """Processor seconds of the whole machine since it started: used, and all there were."""
    numbers = [int(n) for n in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(numbers) - numbers[3] - numbers[4]) / _TICK, sum(numbers) / _TICK


def look(pid: int) -> Sample | None:
    """A sample of a process; ``None`` when it is gone."""
    try:
        # The name in brackets may hold anything, so count from behind it.
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return None
    return Sample(time.time(), pages * _PAGE, (int(stat[11]) + int(stat[12])) / _TICK)


def headless(root: Path) -> RunCost:
    """Run the workspace with its own decisions file to the end, or to where it stops."""
    command = [*program(), "run", "--headless", "--in-process", "-w", str(root)]
    command += ["--decisions", str(root / "decisions.yaml")]
    used, there = machine_busy()
    began = time.time()
    with (root / "bench.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=CHECKOUT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        samples: list[Sample] = []
        while process.poll() is None:
            if seen := look(process.pid):
                samples.append(seen)
            time.sleep(EVERY)
    ended = time.time()
    used_after, there_after = machine_busy()
    cpu = max((s.cpu for s in samples), default=0.0)
    facts = _journal(root)
    return RunCost(
        seconds=ended - began,
        cpu=cpu,
        memory=max((s.memory for s in samples), default=0),
        others=max(0.0, used_after - used - cpu) / max(there_after - there, 1e-9),
        steps=_costs(facts, samples, began, ended),
        stopped="" if process.returncode == 0 else _last_words(root, process.returncode),
    )


def _journal(root: Path) -> list[tuple[float, dict[str, Any]]]:
    """The entries of the run: seconds since the epoch and the fact."""
    path = root / ".tui-migrate" / "audit" / "journal.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    entries = [json.loads(line) for line in lines]
    return [(datetime.fromisoformat(e["at"]).timestamp(), e["fact"]) for e in entries]


def _costs(
    facts: list[tuple[float, dict[str, Any]]], samples: list[Sample], began: float, ended: float
) -> list[StepCost]:
    """Steps that work on data, in order; then what people's steps, start and end took together."""
    begun: dict[str, float] = {}
    costs: list[StepCost] = []
    for at, fact in facts:
        step = str(fact.get("step", ""))
        if fact["kind"] == "step.started":
            begun.setdefault(step, at)
        elif fact["kind"] == "step.finished" and step in begun:
            costs.append(_between(step, samples, begun.pop(step), at))
    for step, at in begun.items():
        costs.append(_between(f"{step} (not finished)", samples, at, ended))
    whole = _between("", samples, began, ended)
    rest = StepCost(
        "start, gates, checklists, end",
        whole.seconds - sum(c.seconds for c in costs),
        whole.cpu - sum(c.cpu for c in costs),
        0,
    )
    return [*costs, rest]


def _between(step: str, samples: list[Sample], start: float, end: float) -> StepCost:
    first = bisect_right(samples, start, key=lambda s: s.at)
    last = bisect_right(samples, end, key=lambda s: s.at)
    within = samples[max(first - 1, 0) : last + 1]
    memory = max((s.memory for s in within), default=0)
    return StepCost(step, end - start, _cpu_at(samples, end) - _cpu_at(samples, start), memory)


def _cpu_at(samples: list[Sample], moment: float) -> float:
    """Processor seconds used up to a moment, on the line between two samples."""
    behind = bisect_right(samples, moment, key=lambda s: s.at)
    if behind == 0:
        return 0.0
    if behind == len(samples):
        return samples[-1].cpu
    before, after = samples[behind - 1], samples[behind]
    share = (moment - before.at) / max(after.at - before.at, 1e-9)
    return before.cpu + share * (after.cpu - before.cpu)


def _last_words(root: Path, code: int) -> str:
    lines = (root / "bench.log").read_text(errors="replace").strip().splitlines()
    return f"exit {code}: {lines[-1][:300] if lines else ''}"
