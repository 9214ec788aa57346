"""Commands go to the engine one after another, in the order in which keys were pressed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock

Job = Callable[[], None]


class Outbox:
    """A row of jobs. Whichever thread comes first does the oldest: none overtakes another."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._lock = Lock()

    def add(self, job: Job) -> None:
        """Queue ``job``; the caller starts one thread with ``work`` for it."""
        self._jobs.append(job)

    def work(self) -> None:
        """Do the oldest job; waits for the one before."""
        with self._lock:
            self._jobs.popleft()()
