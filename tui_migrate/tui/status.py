"""One glyph, one word and one colour for each status, the same on every screen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from textual.content import Content

from tui_migrate.engine.run import SETTLED, Status, StepState
from tui_migrate.i18n import _, later

GOOD, WARN, BAD, QUIET, BUSY = (
    "$text-success",
    "$text-warning",
    "$text-error",
    "dim",
    "$primary bold",
)


@dataclass(frozen=True, slots=True)
class Look:
    """How a status looks: never the colour alone."""

    glyph: str
    word: str
    style: str

    @property
    def content(self) -> Content:
        """Glyph and word."""
        return Content.styled(f"{self.glyph} {_(self.word)}", self.style)


LOOKS: dict[Status, Look] = {
    Status.DONE: Look("✓", later("done"), GOOD),
    Status.RUNNING: Look("▶", later("running"), BUSY),
    Status.PAUSED: Look("‖", later("paused"), WARN),
    Status.WAITING: Look("‖", later("waiting"), WARN),
    Status.ATTENTION: Look("!", later("attention"), WARN),
    Status.FAILED: Look("✗", later("failed"), BAD),
    Status.TODO: Look("○", later("to do"), QUIET),
    Status.STALE: Look("↺", later("stale"), WARN),
    Status.SKIPPED: Look("–", later("skipped"), QUIET),
}

_URGENT = (
    Status.FAILED,
    Status.ATTENTION,
    Status.RUNNING,
    Status.WAITING,
    Status.PAUSED,
    Status.STALE,
)


def phase_status(steps: Iterable[StepState]) -> Status:
    """A phase is what its most urgent step is."""
    found = [step.status for step in steps]
    for status in _URGENT:
        if status in found:
            return status
    if found and all(status in SETTLED for status in found):
        return Status.DONE
    return Status.TODO
