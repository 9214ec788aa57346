"""``python -m benchmarks.audited FILE run …``: the program, and in FILE where its time in the audit went.

With ``--bare`` before the file it does the same work without journal and trail: no event is made, no
segment and no key written, no entry hashed or synced, no seal. Such a run proves nothing and cannot be
opened again; it is there to be compared with.
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_migrate.audit import merkle
from tui_migrate.audit.entries import AnyFact, Entry
from tui_migrate.audit.journal import GENESIS, Journal, now
from tui_migrate.audit.trail import TrailWriter
from tui_migrate.engine.core import Core
from tui_migrate.engine.units import Units
from tui_migrate.steps.base import Context

_spent: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])


def _timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its processor and clock seconds added up under ``name``."""

    @functools.wraps(function)
    def timing(*args: Any, **named: Any) -> Any:
        busy, clock = time.process_time(), time.perf_counter()
        try:
            return function(*args, **named)
        finally:
            _spent[name][0] += time.process_time() - busy
            _spent[name][1] += time.perf_counter() - clock

    return timing


def _measure() -> None:
    """Note what the parts of the audit take."""
    owners: list[tuple[str, Any, str]] = [
        ("unit", Units, "do"),
        ("events", Context, "trail"),
        ("segment rows", TrailWriter, "prepare"),
        ("segment files", TrailWriter, "write"),
        ("tree", merkle, "record_leaves"),
        ("tree", merkle, "root"),
        ("journal", Journal, "append"),
        ("seals", Core, "seal"),
    ]
    for name, owner, method in owners:
        setattr(owner, method, _timed(name, getattr(owner, method)))


def _strip() -> None:
    """Take journal and trail away."""

    def append(self: Journal, fact: AnyFact, *, by: str, uid: int, command: str = "") -> Entry:
        made = Entry(
            seq=len(self.entries) + 1, at=now(), by=by, uid=uid, fact=fact, command=command,
            prev=GENESIS, hash=GENESIS,
        )  # fmt: skip
        self.entries.append(made)
        return made

    bare: list[tuple[Any, str, Any]] = [
        (Context, "trail", lambda *_args: 0),
        (TrailWriter, "prepare", lambda *_args: None),
        (Journal, "append", append),
        (Core, "seal", lambda *_args: None),
    ]
    for owner, method, function in bare:
        setattr(owner, method, function)


def main() -> int:
    """Run the program with the rest of the command line."""
    from tui_migrate.cli import run_cli

    words = sys.argv[1:]
    bare = words[0] == "--bare"
    file, *line = words[1:] if bare else words
    if bare:
        _strip()
    _measure()
    busy, clock = time.process_time(), time.perf_counter()
    code = run_cli(line)
    _spent["run"] = [time.process_time() - busy, time.perf_counter() - clock]
    Path(file).write_text(json.dumps(_spent))
    return code


if __name__ == "__main__":
    sys.exit(main())
