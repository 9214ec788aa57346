"""The run as it stands now, folded from the entries that the engine sends."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.api import Client, Heard, Idle, Progress
from tui_migrate.engine.run import RunState, apply, fold


class Live:
    """What the engine said, for the interface: state, latest progress, whether it runs.

    ``hear`` may be called from any thread; everything else belongs to the interface's own.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self.state = RunState()
        self.progress: Progress | None = None
        self.idle: Idle | None = None
        self.running = False
        self._waiting: deque[Heard] = deque()
        self._lock = Lock()
        self._woken = False
        self._wake: Callable[[], object] = lambda: None
        self._leave: Callable[[], None] = lambda: None

    def start(self, wake: Callable[[], object]) -> None:
        """Listen first, then read what was said before: nothing falls between."""
        self._wake = wake
        self._leave = self.client.subscribe(self.hear)
        self.state = fold(self.client.entries())
        self.running = self.client.running

    def stop(self) -> None:
        """Listen no more."""
        self._leave()

    def hear(self, heard: Heard) -> None:
        """From the engine's thread: keep it, and wake the interface once."""
        with self._lock:
            last = self._waiting[-1] if self._waiting else None
            if isinstance(heard, Progress) and isinstance(last, Progress):
                self._waiting.pop()
            self._waiting.append(heard)
            if self._woken:
                return
            self._woken = True
        self._wake()

    def drain(self) -> bool:
        """Fold what came; whether there was anything."""
        with self._lock:
            came = list(self._waiting)
            self._waiting.clear()
            self._woken = False
        for heard in came:
            self._take(heard)
        return bool(came)

    def _take(self, heard: Heard) -> None:
        if isinstance(heard, Entry):
            if heard.seq <= self.state.seq:
                return
            apply(self.state, heard)
            if isinstance(heard.fact, facts.StepStarted):
                self.running, self.progress = True, None
        elif isinstance(heard, Progress):
            self.running, self.progress = True, heard
        else:
            self.running, self.idle, self.progress = False, heard, None
