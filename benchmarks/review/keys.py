"""``python -m benchmarks.review.keys``: from the key that decides to the next cluster on the screen.

The real program in a pseudo-terminal of 120×40, with its engine in a process of its own, on a workspace
of the sample generator that waits behind the match. Beside it, in the same run and the same way, a bare
Textual application that fills a table of that size anew on a key: what no screen of it gets below. And
the questions alone, asked of an engine in this process. Prints its part of ``benchmarks/review.md`` and
writes it there.
"""

from __future__ import annotations

import argparse
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pyte

from benchmarks import workload
from benchmarks.matching.data import SEED
from benchmarks.measure import look, machine_busy
from tui_migrate.engine import api
from tui_migrate.engine.client import open_client
from tui_migrate.engine.review_queries import ClusterStep

RESULTS = workload.CHECKOUT / "benchmarks" / "review.md"
TITLE = "## Key to paint"
PERSONS, DECISIONS = 3_000, 40
ROWS, COLUMNS = 40, 120
PATIENCE = 60.0
QUIET = 0.2
"""Seconds without a byte after which a screen counts as painted; they are not counted."""
WARM = 3
"""Keys before those that are measured."""
AIM = 50.0
"""Milliseconds."""

HEAD = f"""\
{TITLE}

Made by `python -m benchmarks.review.keys` with {{persons:,}} persons of the sample generator: the
{{count}} clusters that come first (of {{records:.0f}} records each, in the middle), decided by key on the
review screen in a real terminal of {COLUMNS}×{ROWS}, the engine in a process of its own. *Clock*: from
the key to the last byte of the next cluster. *Busy*: processor time of program and engine for one
decision, with what is done behind the paint (one more cluster is read). The floor is a bare Textual
application that fills a table of that size anew on a key, measured the same way in the same run. The
machine was used to {{busy:.0%}} meanwhile, by other programs too: ratios say more than milliseconds.

| | clock, median | clock, 90th percentile | busy | bytes |
|---|---:|---:|---:|---:|"""
FOOT = """
Aim: from key to paint in under {aim:.0f} ms. At the engine (the decision, and the next cluster):
{at_engine} ({engine:.1f} ms in the middle). On the screen, by the clock: {on_screen} ({seen:.0f} ms in
the middle; {within:.0%} of the keys); the bare application took {bare:.0f} ms.
"""
BARE_APP = f"""
from textual.app import App, ComposeResult
from textual.widgets import DataTable


class Bare(App[None]):
    BINDINGS = [("m", "fill", "Fill"), ("q", "quit", "Quit")]
    turn = 0

    def compose(self) -> ComposeResult:
        yield DataTable(show_cursor=False)

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns(*"abcde")
        self.action_fill()

    def action_fill(self) -> None:
        self.turn += 1
        table = self.query_one(DataTable)
        table.clear()
        for row in range({ROWS} - 2):
            cells = [f"{{self.turn * 7919 + row * 31 + at:>18}}" for at in range(5)]
            table.add_row(f"turn {{self.turn}} " + cells[0][8:], *cells[1:])


Bare().run()
"""


@dataclass(frozen=True, slots=True)
class Paint:
    """One key: milliseconds to the last byte of what it led to, and bytes."""

    milliseconds: float
    sent: int


class Line:
    """A program in a pseudo-terminal. Bytes are drawn behind the clock: drawing takes time."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self.child = pexpect.spawn(
            arguments[0],
            list(arguments[1:]),
            dimensions=(ROWS, COLUMNS),
            env={**workload.environment(), "TERM": "xterm-256color"},
        )
        self.child.delaybeforesend = None
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.child.send("q")
        try:
            self.child.expect(pexpect.EOF, timeout=20)
        except pexpect.TIMEOUT:
            self.child.terminate(force=True)
        self.child.close()

    @property
    def text(self) -> str:
        """What stands on the screen."""
        return "\n".join(self._screen.display)

    def until(self, key: str, there: Callable[[str], bool]) -> Paint:
        """Press a key (or none) and read until the screen is as it has to be and nothing comes any
        more."""
        began = last = time.monotonic()
        sent = 0
        if key:
            os.write(self.child.child_fd, key.encode())
        while time.monotonic() - began < PATIENCE:
            chunks = []
            while select.select([self.child.child_fd], [], [], QUIET)[0]:
                chunks.append(os.read(self.child.child_fd, 1 << 16))
                last = time.monotonic()
            for chunk in chunks:
                sent += len(chunk)
                self._stream.feed(chunk)
            if there(self.text):
                return Paint(1000 * (last - began), sent)
        raise TimeoutError(f"behind {key!r}:\n{self.text}")


@dataclass(frozen=True, slots=True)
class Figures:
    """Many keys of one program: what each took, and its processor milliseconds for one; of a cluster how
    many records it had."""

    paints: list[Paint]
    busy: float
    records: float = 0.0

    @property
    def median(self) -> float:
        """Milliseconds by the clock."""
        return statistics.median(paint.milliseconds for paint in self.paints)

    @property
    def slow(self) -> float:
        """The 90th percentile of them."""
        return statistics.quantiles(
            (p.milliseconds for p in self.paints), n=10, method="inclusive"
        )[-1]

    @property
    def bytes(self) -> float:
        """The median of what was sent."""
        return statistics.median(paint.sent for paint in self.paints)


def bare(scratch: Path, count: int) -> Figures:
    """The floor."""
    file = scratch / "bare.py"
    file.write_text(BARE_APP)
    with Line([sys.executable, str(file)]) as line:
        line.until("", lambda text: "turn 1 " in text)

        def once(number: int) -> Paint:
            return line.until("m", lambda text: f"turn {number + 2} " in text)

        return _many(once, count, lambda: [line.child.pid])


def reviewed(root: Path, count: int) -> Figures:
    """The review screen: clusters decided one after another, every third as different persons."""
    key = str(root / "backup.key")
    with Line([*workload.program(), "-w", str(root), "--key-file", key]) as line:
        line.until("", lambda text: "Next:" in text)
        line.until("p", lambda text: "Cluster 1 of" in text)

        sizes: list[int] = []

        def once(number: int) -> Paint:
            was = _stands(line.text)
            sizes.extend(map(int, re.findall(r"Cluster .*? · (\d+) records", line.text)))
            return line.until(
                "n" if number % 3 == 2 else "m",
                lambda text: all(now != old for now, old in zip(_stands(text), was, strict=True)),
            )

        figures = _many(once, count, lambda: [line.child.pid, _engine(root)])
        line.until("\x1b", lambda text: "Cluster" not in text)
        return replace(figures, records=statistics.median(sizes))


def _stands(text: str) -> tuple[str, str]:
    """Which cluster stands there, and how many are decided: one decision may settle several."""
    found = re.search(r"Cluster (.+?) of .*decided (.+?) \(", text)
    return (found[1], found[2]) if found else ("", "")


def _many(once: Callable[[int], Paint], count: int, processes: Callable[[], list[int]]) -> Figures:
    for number in range(WARM):
        once(number)
    began = _cpu(processes())
    paints = [once(number) for number in range(WARM, WARM + count)]
    return Figures(paints, 1000 * (_cpu(processes()) - began) / count)


def _cpu(processes: list[int]) -> float:
    return sum(sample.cpu for pid in processes if (sample := look(pid)) is not None)


def _engine(root: Path) -> int:
    """The process of the engine of this workspace."""
    wanted = ["tui_migrate.engine.process", str(root)]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_text().split("\0")
            except OSError:
                continue
            if words[-3:-1] == wanted:
                return int(entry.name)
    raise LookupError(f"no engine of {root}")


def questions(root: Path, count: int) -> dict[str, list[float]]:
    """Milliseconds in the engine alone: the decision, the cluster behind it, and that cluster where it
    was not read ahead."""
    client = open_client(root, key=bytes.fromhex((root / "backup.key").read_text().strip()))
    took: dict[str, list[float]] = {"decision": [], "next cluster": [], "not read ahead": []}
    now = time.perf_counter
    try:
        ahead = client.engine.core.reviews.ahead
        page = client.ask(ClusterStep(move="open", sitting="bench"))
        for _number in range(count):
            ref = page.ref
            client.send(api.Claim(records=ref.records, sitting="bench"))
            ahead.rest()
            decision = api.DecideCluster(records=ref.records, sitting="bench")
            query = ClusterStep(start=ref.number, move="open", sitting="bench")
            times = [now()]
            reply = client.send(decision)
            times.append(now())
            page = client.ask(query)
            times.append(now())
            assert reply.ok, reply
            ahead.rest()
            times.append(now())
            client.ask(ClusterStep(records=page.ref.records))
            times.append(now())
            parts = (times[1] - times[0], times[2] - times[1], times[4] - times[3])
            for name, seconds in zip(took, parts, strict=True):
                took[name].append(1000 * seconds)
    finally:
        client.close()
    return took


def matched(persons: int, scratch: Path) -> Path:
    """A workspace of the shipped runbook that has run until its match."""
    root = workload.workspace(scratch / "workspace", workload.deliveries(persons, SEED))
    given = ["--decisions", str(root / "decisions.yaml"), "--key-file", str(root / "backup.key")]
    done = subprocess.run(
        [*workload.program(), "run", "--headless", "--in-process", "-w", str(root),
         "--until", "match", *given],
        cwd=workload.CHECKOUT, env=workload.environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    return root


def section(persons: int = PERSONS, count: int = DECISIONS) -> str:
    """Measure, and say it in Markdown."""
    with tempfile.TemporaryDirectory(prefix="keys-", dir=workload.cache()) as folder:
        scratch = Path(folder)
        _say(f"run until the match, {persons:,} persons …")
        root = matched(persons, scratch)
        copy = Path(shutil.copytree(root, scratch / "copy", symlinks=True))
        used, there = machine_busy()
        _say("bare application …")
        floor = bare(scratch, count)
        _say(f"  {floor.median:.0f} ms")
        _say("review …")
        try:
            figures = reviewed(root, count)
        finally:
            subprocess.run(
                [*workload.program(), "stop", "-w", str(root)],
                cwd=workload.CHECKOUT, env=workload.environment(), check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        _say(f"  {figures.median:.0f} ms")
        used_after, there_after = machine_busy()
        busy = (used_after - used) / (there_after - there)
        _say("the engine alone …")
        alone = questions(copy, count)
    return document(persons, floor, figures, alone, busy)


def document(
    persons: int, floor: Figures, figures: Figures, alone: dict[str, list[float]], busy: float
) -> str:
    """The section of the report. ``busy``: the share of the machine that was used meanwhile."""
    count = len(figures.paints)
    lines = [
        HEAD.format(persons=persons, count=count, records=figures.records, busy=busy),
        _row("review, a decision", figures),
        _row("bare Textual application", floor),
        f"| ratio | {figures.median / floor.median:.2f} | {figures.slow / floor.slow:.2f} |"
        f" {figures.busy / floor.busy:.2f} | {figures.bytes / floor.bytes:.2f} |",
        "",
        "| of it in the engine, without the line to it | median | 90th percentile |",
        "|---|---:|---:|",
    ]
    for name, took in alone.items():
        slow = statistics.quantiles(took, n=10, method="inclusive")[-1]
        lines.append(f"| {name} | {statistics.median(took):.1f} ms | {slow:.1f} ms |")
    engine = sum(statistics.median(alone[name]) for name in ("decision", "next cluster"))
    foot = FOOT.format(
        aim=AIM,
        engine=engine,
        at_engine=_reached(engine),
        seen=figures.median,
        on_screen=_reached(figures.median),
        within=sum(paint.milliseconds < AIM for paint in figures.paints) / count,
        bare=floor.median,
    )
    return "\n".join([*lines, foot])


def _row(name: str, one: Figures) -> str:
    clock = f"{one.median:.0f} ms | {one.slow:.0f} ms"
    return f"| {name} | {clock} | {one.busy:.0f} ms | {one.bytes:,.0f} |"


def _reached(milliseconds: float) -> str:
    return "reached" if milliseconds < AIM else "not reached"


def put(text: str, report: Path) -> None:
    """Write a section into the report: in place of the one of its title that stands there, else at the
    end."""
    title = text.partition("\n")[0]
    there = report.read_text().rstrip() if report.is_file() else ""
    before, found, rest = there.partition(f"{title}\n")
    behind = rest.partition("\n## ")
    after = "## " + behind[2] if found and behind[1] else ""
    parts = (before.rstrip(), text.strip(), after)
    report.write_text("\n\n".join(part for part in parts if part) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="benchmarks.review.keys", description=__doc__)
    parser.add_argument("--persons", type=int, default=PERSONS, help="of the generator")
    parser.add_argument("--decisions", type=int, default=DECISIONS)
    parser.add_argument("--output", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    text = section(given.persons, given.decisions)
    put(text, given.output)
    print(text)
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
