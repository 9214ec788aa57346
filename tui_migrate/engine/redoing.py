"""Units done again from what they were done from, and compared with what the journal says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from tui_migrate.audit.entries import UnitCommitted
from tui_migrate.engine import gates
from tui_migrate.engine.core import Core
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.runner import Runner


@dataclass(frozen=True, slots=True)
class Redone:
    """A unit as the journal knows it, and as it comes out now (``None``: it is not planned)."""

    known: UnitCommitted
    now: UnitCommitted | None

    @property
    def same_output(self) -> bool:
        """Whether the staging rows that it writes are the same."""
        return self.now is not None and self.now.digest == self.known.digest

    @property
    def same_trail(self) -> bool:
        """Whether the rows of its trail segment are the same."""
        return self.now is not None and _content(self.now) == _content(self.known)


def _content(fact: UnitCommitted) -> str:
    return fact.segment.digest if fact.segment else ""


def steps_with_output(core: Core) -> list[StepState]:
    """The data steps that were begun, in the order in which their live attempts began."""
    begun = [
        step
        for step in core.state.steps.values()
        if step.started_seq and step.outline.uses not in gates.PEOPLE
    ]
    return sorted(begun, key=lambda step: step.started_seq)


def empty_staging(core: Core, runner: Runner) -> None:
    """Staging in which nothing stands but whose it is, and the keys of the vault's records."""
    runner.units.renew_cursor()
    cursor = core.store.cursor()
    cursor.execute("INSERT INTO store.identity VALUES ($run)", {"run": core.state.run})
    core.trail.load_keys(cursor)


def redo(
    core: Core, runner: Runner, step: StepState, there: Collection[str] = ()
) -> Iterator[Redone]:
    """Do the units of the live attempt of ``step`` again, but those that are ``there``, one by one,
    each in its transaction.
    Nothing is journalled, no segment and no target is written."""
    if step.status is Status.STALE or not step.units:
        return
    worker, spec = runner.attempts.worker(step)
    context = runner.attempts.context(step, spec, rebuilding=True)
    planned = {unit.id: unit for unit in worker.plan(context)}
    for name, known in step.units.items():
        if name in there:
            continue
        unit = planned.get(name)
        now = runner.units.transact(worker, context, unit) if unit is not None else None
        yield Redone(known, now)
