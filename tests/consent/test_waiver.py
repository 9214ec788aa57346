"""A waiver counts for the attempts that start after it, and never for the one that it concerns."""

from __future__ import annotations

from tui_migrate.audit.entries import (
    AnyFact,
    CheckDone,
    CheckWaived,
    Entry,
    StepFinished,
    StepOutline,
    StepStarted,
)
from tui_migrate.engine.run import RunState, StepState, fold

NAME = "delivery within the limits: d1"


def _after(*told: AnyFact) -> StepState:
    outline = StepOutline(id="sync", phase="all", uses="consent_sync")
    state = RunState(steps={"sync": StepState(outline)})
    entries = [
        Entry(seq=n, at="2026-01-01T00:00:00Z", by="anna", uid=1, fact=fact, prev="", hash="")
        for n, fact in enumerate(told, 1)
    ]
    return fold(entries, state).steps["sync"]


def _attempt(number: int, passed: bool) -> tuple[AnyFact, ...]:
    return (
        StepStarted(step="sync", attempt=number, inputs={}),
        CheckDone(
            step="sync", attempt=number, name=NAME, passed=passed, severity="block",
            observed="51 rows", expected="nothing waits",
        ),
        StepFinished(
            step="sync", attempt=number, outcome="done" if passed else "blocked",
            figures={}, digest="",
        ),
    )  # fmt: skip


def test_a_waiver_is_known_to_the_attempts_after_it() -> None:
    waived = CheckWaived(step="sync", name=NAME, reason="")
    step = _after(*_attempt(1, False), waived)
    # A rebuild of attempt 1 must not see it; the next attempt will.
    assert not step.waived_before
    assert step.waivers == {NAME}
    again = StepStarted(step="sync", attempt=2, inputs={})
    assert _after(*_attempt(1, False), waived, again).waived_before == {NAME}
    # It holds on for a third one, in which nothing had to be waived any more.
    third = StepStarted(step="sync", attempt=3, inputs={})
    assert _after(*_attempt(1, False), waived, *_attempt(2, True), third).waived_before == {NAME}
