"""``python -m tests.e2e.erasure_killed WORKSPACE PROFILE POINT``: an erasure that kills itself.

The points are put into the program from outside. The process ends by SIGKILL there, or with 7 if it
never came.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from tui_migrate.audit import person_facts
from tui_migrate.engine import api, erasure
from tui_migrate.engine.client import open_client
from tui_migrate.engine.core import Core

POINTS = (
    "plan kept",
    "asked",
    *(f"behind {name}" for name in erasure.PARTS),
    "delivery journalled",
    "evidence journalled",
    "base written",
    "staging exchanged",
    "done",
)


def die(*_anything: object) -> None:
    """What ``kill -9`` does."""
    os.kill(os.getpid(), signal.SIGKILL)


def lay(point: str) -> None:
    """Put one point into the program."""
    word, _space, name = point.partition(" ")
    if word == "behind":
        part = erasure.PARTS[name]

        def fatal(core: Any, plan: Any) -> None:
            part(core, plan)
            die()

        erasure.PARTS[name] = fatal
        return
    if point == "base written":
        Core.exchange_store = die  # type: ignore[method-assign, assignment]
        return
    if point == "staging exchanged":
        exchange = Core.exchange_store

        def exchanged(core: Core, fresh: Path) -> None:
            exchange(core, fresh)
            die()

        Core.exchange_store = exchanged  # type: ignore[method-assign, assignment]
        return
    kinds = {
        "plan kept": person_facts.ErasureAsked,
        "asked": person_facts.ErasureAsked,
        "delivery journalled": person_facts.DeliveryRewritten,
        "evidence journalled": person_facts.FileErased,
        "done": person_facts.ErasureDone,
    }
    record = Core.record

    def recorded(core: Core, fact: Any, command: str = "") -> Any:
        fatal = isinstance(fact, kinds[point])
        if fatal and point == "plan kept":
            die()
        entry = record(core, fact, command)
        if fatal:
            die()
        return entry

    Core.record = recorded  # type: ignore[method-assign, assignment]


def main() -> int:
    """Erase until the point."""
    workspace, profile, point = sys.argv[1:]
    client = open_client(Path(workspace), key=b"a key for tests only")
    lay(point)
    client.send(api.Forget(profile=profile, reason="asked", typed=profile))
    client.close()
    return 7


if __name__ == "__main__":
    sys.exit(main())
