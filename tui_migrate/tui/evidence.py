"""What a gate's sign-off is about: figures and checks of its evidence steps, and what changed since
the last sign-off there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.run import RunState, StepState, fold
from tui_migrate.engine.sentences import figure, label, step_name


@dataclass(frozen=True, slots=True)
class Change:
    """A figure or check that is not what it was. Empty: it was not there."""

    step: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Since:
    """Changes since the last sign-off at a gate; ``by`` is empty when there was none."""

    by: str = ""
    at: str = ""
    decision: str = ""
    changes: tuple[Change, ...] = ()


def since_last(entries: Sequence[Entry], gate: str, now: RunState) -> Since:
    """Compare the evidence now with the evidence at the last sign-off of ``gate``."""
    signed = [
        e for e in entries if isinstance(e.fact, gate_facts.SignedOff) and e.fact.gate == gate
    ]
    if not signed:
        return Since()
    last = signed[-1]
    then = fold(entry for entry in entries if entry.seq <= last.seq)
    found: list[Change] = []
    for step in now.evidence_of(now.steps[gate]):
        before = then.steps.get(step.id)
        if before is not None and before.digest != step.digest:
            found.extend(changes(before, step))
    decision = last.fact.decision if isinstance(last.fact, gate_facts.SignedOff) else ""
    return Since(last.by, last.at, decision, tuple(found))


def changes(before: StepState, after: StepState) -> list[Change]:
    """Figures and checks of a step that are not what they were; at least that its output is not."""
    name = step_name(after.outline)
    made = []
    for key in dict.fromkeys([*before.figures, *after.figures]):
        old, new = before.figures.get(key), after.figures.get(key)
        if old != new:
            made.append(
                Change(
                    name,
                    label(key),
                    "" if old is None else figure(old),
                    "" if new is None else figure(new),
                )
            )
    for key in dict.fromkeys([*before.checks, *after.checks]):
        was, is_ = before.checks.get(key), after.checks.get(key)
        if (was and was.observed) != (is_ and is_.observed):
            made.append(Change(name, key, was.observed if was else "", is_.observed if is_ else ""))
    return made or [Change(name, label("output"), before.digest[:12], after.digest[:12])]
