"""``python -m tests.engine.killed WORKSPACE POINT``: a run that kills itself at one point of a unit.

The points are put into the program from outside, so that it knows nothing of them. They count from
the first unit of the step ``map`` on; the process ends by SIGKILL there, or with 7 if it never came.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_migrate.audit import journal
from tui_migrate.audit.entries import UnitCommitted
from tui_migrate.audit.trail import TrailWriter
from tui_migrate.engine.client import open_client
from tui_migrate.engine.core import Core
from tui_migrate.engine.units import Units
from tui_migrate.staging.store import Store

POINTS = (
    "before the transaction",
    "transaction begun",
    "data written",
    "keys kept",
    "trail rows ready",
    "marker written",
    "committed",
    "segment half written",
    "segment in place",
    "values in place",
    "journal line half written",
    "journalled",
)
STEP = "map"


class Fuse:
    """Armed when the first unit of the step begins."""

    armed = False


def die() -> None:
    """What ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_if_armed(*_anything: object) -> None:
    """Only from the chosen step on."""
    if Fuse.armed:
        die()


def around(owner: type, name: str, before: Callable[..., None], after: Callable[..., None]) -> None:
    """Do something before and after each call of a method; both get its arguments."""
    whole = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        before(*arguments)
        result = whole(*arguments, **named)
        after(*arguments)
        return result

    setattr(owner, name, wrapped)


def nothing(*_anything: object) -> None:
    """Do nothing."""


class Watched:
    """A cursor that dies before or after one statement."""

    def __init__(self, cursor: Any, statement: str, *, before: bool) -> None:
        self._cursor, self._statement, self._before = cursor, statement, before

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def execute(self, sql: str, *arguments: Any) -> Any:
        """As the cursor's, but for the one statement."""
        watched = Fuse.armed and sql == self._statement
        if watched and self._before:
            die()
        result = self._cursor.execute(sql, *arguments)
        if watched:
            die()
        return result


def watch(statement: str, *, before: bool) -> None:
    """All cursors of the store die at this statement."""
    make = Store.cursor

    def cursor(store: Store) -> Any:
        return Watched(make(store), statement, before=before)

    Store.cursor = cursor  # type: ignore[method-assign, assignment]


def halve_segment(_cursor: object, _columns: str, _where: str, path: Path) -> None:
    """The file under its temporary name ends in the middle."""
    if Fuse.armed:
        os.truncate(path, path.stat().st_size // 2)
        die()


def die_at_values(_cursor: object, columns: str, *_rest: object) -> None:
    """The second of the two files is about to be written: the first one is in place."""
    if Fuse.armed and "before" in columns:
        die()


def half_a_line(writer: Any, line: bytes) -> None:
    """A journal line that ends in the middle."""
    if Fuse.armed and b'"unit.committed"' in line:
        os.write(writer._fd, line[: len(line) // 2])
        die()


def die_when_journalled(_core: object, fact: object, *_rest: object) -> None:
    """The entry of the unit is durable; nobody has been told."""
    if Fuse.armed and isinstance(fact, UnitCommitted):
        die()


def lay(point: str) -> None:
    """Put one point into the program."""
    statements = {
        "before the transaction": ("BEGIN", True),
        "transaction begun": ("BEGIN", False),
        "marker written": ("COMMIT", True),
        "committed": ("COMMIT", False),
    }
    methods: dict[str, tuple[type, str, Callable[..., None], Callable[..., None]]] = {
        "data written": (TrailWriter, "prepare", die_if_armed, nothing),
        "keys kept": (TrailWriter, "_ensure_keys", nothing, die_if_armed),
        "trail rows ready": (TrailWriter, "prepare", nothing, die_if_armed),
        "values in place": (TrailWriter, "write", nothing, die_if_armed),
        "journal line half written": (journal._LineWriter, "write", half_a_line, nothing),
        "journalled": (Core, "record", nothing, die_when_journalled),
    }
    copying: dict[str, tuple[Callable[..., None], Callable[..., None]]] = {
        "segment half written": (nothing, halve_segment),
        "segment in place": (die_at_values, nothing),
    }

    def arm(_runner: Units, _worker: object, context: Any, *_rest: object) -> None:
        Fuse.armed = context.spec.id == STEP

    around(Units, "do", arm, nothing)
    if point in statements:
        watch(statements[point][0], before=statements[point][1])
    elif point in methods:
        around(*methods[point])
    else:
        around(TrailWriter, "_copy", *copying[point])
        TrailWriter._copy = staticmethod(TrailWriter._copy)  # type: ignore[method-assign]


if __name__ == "__main__":
    lay(sys.argv[2])
    client = open_client(Path(sys.argv[1]))
    client.run_here()
    client.close()
    sys.exit(7)
