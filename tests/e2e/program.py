"""The program as people start it: ``python -m tui_migrate …`` in a process of its own."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
TRUTH = REPOSITORY / "sample_data" / "media" / "truth"
RUNBOOK = REPOSITORY / "runbooks" / "media-migration"
PATIENCE = 900
"""Seconds after which a run counts as hanging; generous, for machines that do other things too."""
EXPORTS = (
    "crosswalk", "profiles", "consents", "segments", "findings", "pairs", "decisions", "fates",
    "receipts",
)  # fmt: skip
DIFFER = {"at", "decided_by"}
"""The only columns in which two runs on the same data may differ."""
KEY = "a key for tests only\n"

_BETWEEN = "\x1e\n"
# Many command lines in one process: starting Python costs more than most commands.
_MANY = f"""
import json, sys
from tui_migrate.cli import run_cli
codes = []
for line in json.loads(sys.argv[1]):
    codes.append(run_cli(line))
    print(end={_BETWEEN!r})
sys.exit(max(codes))
"""


@dataclass(frozen=True, slots=True)
class Finished:
    """What a process left: exit code (negative: killed by that signal), stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Both streams."""
        return self.out + self.err


def environment(home: Path | None = None, threads: str = "1") -> dict[str, str]:
    """A bare environment: nothing of the developer's settings reaches the program. One thread: the
    tests have several programs at work, and what comes out does not depend on it."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home or "/proc/nowhere"),
        "LANG": "C.UTF-8",
        "TUI_MIGRATE_THREADS": threads,
        "PYTHONPATH": str(REPOSITORY),
    }


def _prepare(more: Callable[[], None] | None) -> None:
    """In the child: Ctrl+C works even where the tests run in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if more is not None:
        more()


def start(
    *arguments: str | Path,
    cwd: Path | None = None,
    preexec: Callable[[], None] | None = None,
    threads: str = "1",
) -> subprocess.Popen[str]:
    """Start the program without a terminal, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tui_migrate", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(threads=threads),
        start_new_session=True,
        preexec_fn=partial(_prepare, preexec),  # noqa: PLW1509 - no threads here
    )


def finish(process: subprocess.Popen[str]) -> Finished:
    """Wait for its end. Whatever happened: no traceback reached a person."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    assert "Traceback (most recent call last)" not in out + err, err
    return Finished(process.returncode, out, err)


def tui(
    *arguments: str | Path,
    code: int = 0,
    cwd: Path | None = None,
    preexec: Callable[[], None] | None = None,
) -> Finished:
    """Run one command line to its end and require its exit code."""
    finished = finish(start(*arguments, cwd=cwd, preexec=preexec))
    assert finished.code == code, f"{arguments} ended with {finished.code}\n{finished.said}"
    return finished


def tui_many(lines: Sequence[Sequence[str | Path]]) -> Finished:
    """Run several command lines in one process; each has to end with 0."""
    process = subprocess.Popen(
        [sys.executable, "-c", _MANY, json.dumps([[str(a) for a in line] for line in lines])],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    finished = finish(process)
    assert finished.code == 0, finished.said
    return finished


def said_by_each(*lines: Sequence[str | Path]) -> list[str]:
    """Likewise; what each of them printed."""
    *said, rest = tui_many(lines).out.split(_BETWEEN)
    assert (len(said), rest) == (len(lines), "")
    return said


def run_on(
    workspace: Path,
    *more: str,
    code: int = 0,
    preexec: Callable[[], None] | None = None,
) -> Finished:
    """``run --headless`` with the workspace's own decisions file."""
    return tui(*run_line(workspace, *more), code=code, preexec=preexec)


def run_line(workspace: Path, *more: str) -> list[str]:
    """The arguments of ``run_on``."""
    decisions = str(workspace / "decisions.yaml")
    return ["run", "-w", str(workspace), "--headless", "--decisions", decisions, *more]


def new_workspace(folder: Path, deliveries: Path) -> Path:
    """A workspace of the shipped runbook on these deliveries; nothing has run yet."""
    shutil.copytree(RUNBOOK, folder)
    shutil.copytree(deliveries, folder / "deliveries")
    (folder / "backup.key").write_text(KEY)
    return folder


def copied(workspace: Path, to: Path) -> Path:
    """A copy for a test that changes it; its files keep their times."""
    shutil.copytree(workspace, to)
    return to


def audit_of(workspace: Path) -> Path:
    """The audit folder."""
    return workspace / ".tui-migrate" / "audit"


def facts(workspace: Path, kind: str = "") -> list[dict[str, Any]]:
    """The facts of the journal (of one kind); a last line that is still being written is left out."""
    journal = audit_of(workspace) / "journal.jsonl"
    if not journal.exists():
        return []
    lines = journal.read_bytes().split(b"\n")[:-1]
    found = [json.loads(line)["fact"] for line in lines]
    return [fact for fact in found if not kind or fact["kind"] == kind]


def committed(workspace: Path) -> int:
    """How many units the journal has. (It is asked a hundred times a second: nothing is parsed.)"""
    journal = audit_of(workspace) / "journal.jsonl"
    lines = journal.read_bytes() if journal.exists() else b""
    return lines[: lines.rfind(b"\n") + 1].count(b'"kind":"unit.committed"')


def wait_until(workspace: Path, units: int, process: subprocess.Popen[str]) -> None:
    """Until the journal has so many units, or the process has ended."""
    deadline = time.monotonic() + PATIENCE
    while committed(workspace) < units and process.poll() is None:
        assert time.monotonic() < deadline, "the run hangs"
        time.sleep(0.01)


def export_all(workspace: Path, to: Path, what: Sequence[str] = EXPORTS) -> Path:
    """Every table as CSV through the command line."""
    to.mkdir(parents=True, exist_ok=True)
    tui_many([["export", name, "-o", to / f"{name}.csv", "-w", workspace] for name in what])
    return to


def records(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def comparable(path: Path) -> list[tuple[str, ...]]:
    """Header and rows without the columns that may differ between two runs, in sorted order."""
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.reader(stream)
        header = next(reader)
        kept = [n for n, name in enumerate(header) if name not in DIFFER]
        rows = sorted(tuple(row[n] for n in kept) for row in reader)
    return [tuple(header[n] for n in kept), *rows]


def assert_same_exports(one: Path, other: Path, what: Sequence[str] = EXPORTS) -> None:
    """Two folders of exports tell the same but for times and who decided."""
    for name in what:
        left, right = comparable(one / f"{name}.csv"), comparable(other / f"{name}.csv")
        if left != right:
            only = sorted(set(left) - set(right))[:3], sorted(set(right) - set(left))[:3]
            raise AssertionError(f"{name}: {len(left)} and {len(right)} rows; only one has {only}")


def tree(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its content."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def times(folder: Path) -> dict[str, int]:
    """Every file under a folder with the moment of its last change, in nanoseconds."""
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
