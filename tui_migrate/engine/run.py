"""A run is a fold over its journal: ``RunState = fold(entries)``.

The live screen folds entries as they come; replay folds the same entries up to an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine import run_gates, run_lane, run_privacy, run_review
from tui_migrate.engine.state import (
    SETTLED,
    AnswerState,
    CheckState,
    Decision,
    PairState,
    RunState,
    SignOff,
    Status,
    StepState,
)

__all__ = [
    "SETTLED",
    "AnswerState",
    "CheckState",
    "Decision",
    "PairState",
    "RunState",
    "SignOff",
    "Status",
    "StepState",
    "apply",
    "fold",
]


def fold(entries: Iterable[Entry], state: RunState | None = None) -> RunState:
    """The state after ``entries`` (a new state, or ``state`` carried on)."""
    state = state if state is not None else RunState()
    for entry in entries:
        apply(state, entry)
    return state


def apply(state: RunState, entry: Entry) -> None:
    """Carry ``state`` one entry on."""
    state.seq, state.at, state.head = entry.seq, entry.at, entry.hash
    if entry.command:
        state.commands[entry.command] = entry.seq
    state.recent.append(entry)
    handler = _HANDLERS.get(type(entry.fact))
    if handler is not None:
        handler(state, entry, entry.fact)


def _reopen(state: RunState) -> None:
    """What was done goes on; what was aborted stays aborted."""
    if state.ended == "done":
        state.ended = ""


def _outline(state: RunState, fact: facts.RunOpened | facts.ConfigChanged) -> None:
    state.title, state.version = fact.title, fact.version
    state.rehearsal, state.zone, state.brands = fact.rehearsal, fact.zone, fact.brands
    state.phases, state.objects = fact.phases, fact.objects
    state.authors, state.window = fact.authors, fact.window
    known = state.steps
    state.steps = {}
    for outline in fact.steps:
        step = known.get(outline.id) or StepState(outline)
        step.outline = outline
        state.steps[outline.id] = step


def _opened(state: RunState, entry: Entry, fact: facts.RunOpened) -> None:
    state.run, state.runbook, state.opened_at = fact.run, fact.runbook, entry.at
    _outline(state, fact)


def _config(state: RunState, entry: Entry, fact: facts.ConfigChanged) -> None:
    _outline(state, fact)
    _reopen(state)


def _delivery(state: RunState, entry: Entry, fact: facts.DeliverySeen) -> None:
    state.deliveries[fact.source, fact.delivery] = fact


def _started(state: RunState, entry: Entry, fact: facts.StepStarted) -> None:
    step = state.steps[fact.step]
    if fact.attempt != step.attempt:
        step.units, step.checks, step.figures, step.units_total = {}, {}, {}, 0
        step.operators, step.waived_before = set(), step.waivers
        step.started_seq, step.started_at, step.started_by = entry.seq, entry.at, entry.by
    step.status, step.attempt, step.inputs = Status.RUNNING, fact.attempt, fact.inputs
    step.ended_at = ""
    step.reason = step.reference = ""
    step.operators.add(entry.by)
    _reopen(state)


def _planned(state: RunState, entry: Entry, fact: facts.StepPlanned) -> None:
    state.steps[fact.step].units_total = fact.units


def _unit(state: RunState, entry: Entry, fact: facts.UnitCommitted) -> None:
    step = state.steps[fact.step]
    step.units[fact.unit] = fact
    step.operators.add(entry.by)
    state.unit_times[fact.step, fact.attempt, fact.unit] = entry.at


def _check(state: RunState, entry: Entry, fact: facts.CheckDone) -> None:
    state.steps[fact.step].checks[fact.name] = CheckState(
        fact.name, fact.passed, fact.severity, fact.observed, fact.expected, fact.waivable
    )


def _finished(state: RunState, entry: Entry, fact: facts.StepFinished) -> None:
    step = state.steps[fact.step]
    step.status = Status.DONE if fact.outcome == "done" else Status.ATTENTION
    step.figures, step.digest, step.ended_at = fact.figures, fact.digest, entry.at


def _failed(state: RunState, entry: Entry, fact: facts.StepFailed) -> None:
    step = state.steps[fact.step]
    step.status, step.reason, step.reference = Status.FAILED, fact.code, fact.reference


def _stopped(state: RunState, entry: Entry, fact: facts.StepStopped) -> None:
    state.steps[fact.step].status = Status.PAUSED


def _stale(state: RunState, entry: Entry, fact: facts.StepStale) -> None:
    step = state.steps[fact.step]
    step.status, step.reason = Status.STALE, fact.reason
    _reopen(state)


def _waiting(state: RunState, entry: Entry, fact: facts.StepWaiting) -> None:
    step = state.steps[fact.step]
    if step.status is not Status.WAITING:
        run_gates.begin_waiting(step, entry)
    step.status, step.evidence, step.subject = Status.WAITING, fact.evidence, fact.subject
    step.figures = fact.figures
    step.started_at = step.started_at or entry.at


def _signed(state: RunState, entry: Entry, fact: gate_facts.SignedOff) -> None:
    gate = state.steps[fact.gate]
    gate.signoffs.append(
        SignOff(
            entry.by,
            fact.role,
            fact.decision,
            fact.evidence,
            fact.bound,
            entry.at,
            fact.comment,
            fact.conditions,
            part=fact.part,
            giver=fact.giver,
            break_glass=fact.break_glass,
        )
    )
    run_gates.keep_conditions(gate, entry, fact)


def _passed(state: RunState, entry: Entry, fact: gate_facts.GatePassed) -> None:
    gate = state.steps[fact.gate]
    gate.status, gate.ended_at, gate.evidence = Status.DONE, entry.at, fact.evidence
    gate.digest, gate.supplementary, gate.settled_by = fact.evidence, False, entry.by


def _voided(state: RunState, entry: Entry, fact: gate_facts.SignOffVoided) -> None:
    gate = state.steps[fact.gate]
    gate.status, gate.reason = Status.STALE, fact.reason
    for signoff in gate.signoffs:
        signoff.voided = True
    _reopen(state)


def _evidence_changed(state: RunState, entry: Entry, fact: gate_facts.EvidenceChanged) -> None:
    gate = state.steps[fact.gate]
    gate.supplementary, gate.evidence = True, fact.evidence


def _waived(state: RunState, entry: Entry, fact: facts.CheckWaived) -> None:
    step = state.steps[fact.step]
    check = step.checks[fact.name]
    check.waived_by, check.waived_reason = entry.by, fact.reason
    step.waivers |= {fact.name}
    step.operators.add(entry.by)
    if step.status is Status.ATTENTION and not any(c.blocks for c in step.checks.values()):
        step.status = Status.DONE


def _skipped(state: RunState, entry: Entry, fact: facts.StepSkipped) -> None:
    step = state.steps[fact.step]
    step.status, step.reason, step.ended_at = Status.SKIPPED, fact.reason, entry.at
    step.settled_by = entry.by
    step.operators.add(entry.by)


def _answered(state: RunState, entry: Entry, fact: facts.Answered) -> None:
    step = state.steps[fact.step]
    step.answers[fact.item] = AnswerState(
        fact.answer, fact.not_applicable, fact.file, entry.by, entry.at
    )
    step.operators.add(entry.by)
    if step.status is Status.DONE:
        run_gates.begin_waiting(step, entry)
        step.status = Status.WAITING
        _reopen(state)


def _intent(state: RunState, entry: Entry, fact: facts.Intent) -> None:
    state.intents[fact.batch] = fact


def _receipt(state: RunState, entry: Entry, fact: facts.Receipt) -> None:
    state.receipts[fact.batch] = fact


def _backup(state: RunState, entry: Entry, fact: facts.BackupMade) -> None:
    state.backups.append((entry.at, fact))


def _sealed(state: RunState, entry: Entry, fact: facts.Sealed) -> None:
    state.seals.append((entry.seq, fact))


def _exported(state: RunState, entry: Entry, fact: facts.Exported) -> None:
    state.exports.append((entry, fact))


def _redo(state: RunState, entry: Entry, fact: facts.RedoAsked) -> None:
    _reopen(state)


def _ended(state: RunState, entry: Entry, fact: facts.RunEnded) -> None:
    state.ended = fact.outcome


_HANDLERS: dict[type, Callable[[RunState, Entry, Any], None]] = {
    facts.RunOpened: _opened,
    facts.ConfigChanged: _config,
    facts.DeliverySeen: _delivery,
    facts.StepStarted: _started,
    facts.StepPlanned: _planned,
    facts.UnitCommitted: _unit,
    facts.CheckDone: _check,
    facts.StepFinished: _finished,
    facts.StepFailed: _failed,
    facts.StepStopped: _stopped,
    facts.StepStale: _stale,
    facts.StepWaiting: _waiting,
    gate_facts.SignedOff: _signed,
    gate_facts.GatePassed: _passed,
    gate_facts.SignOffVoided: _voided,
    gate_facts.EvidenceChanged: _evidence_changed,
    facts.CheckWaived: _waived,
    facts.StepSkipped: _skipped,
    facts.Answered: _answered,
    facts.Intent: _intent,
    facts.Receipt: _receipt,
    facts.BackupMade: _backup,
    facts.Sealed: _sealed,
    facts.Exported: _exported,
    facts.RedoAsked: _redo,
    facts.RunEnded: _ended,
    **run_gates.HANDLERS,
    **run_privacy.HANDLERS,
    **run_review.HANDLERS,
    **run_lane.HANDLERS,
}
