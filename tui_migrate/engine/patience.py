"""Waiting for a workspace, or for the engine of it that is about to listen."""

from __future__ import annotations

import time

from tui_migrate.engine.workspace import Workspace, held, holder_of, is_held
from tui_migrate.errors import Locked

SHORT = 10.0
"""Seconds to wait for a program that holds the workspace only for the time of one command."""
PAUSE = 0.05


class Patience:
    """Waits for who holds a workspace: an engine that is about to listen as long as it lives, any
    other program for a moment."""

    def __init__(self, workspace: Workspace, seconds: float | None = None) -> None:
        """``seconds``: the moment; without, ``SHORT``."""
        self._workspace = workspace
        self._moment = SHORT if seconds is None else seconds
        self._until = time.monotonic() + self._moment

    def wait(self, why: Locked | None = None) -> None:
        """A moment's pause. Raises ``Locked`` (``why``) when it has been long enough."""
        holder = holder_of(self._workspace)
        engine = holder is not None and holder.engine and is_held(self._workspace)
        now = time.monotonic()
        if engine:
            self._until = now + self._moment
        elif now > self._until:
            raise why or held(self._workspace)
        time.sleep(PAUSE)
