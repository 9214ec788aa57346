"""Signing a gate, and what follows from a rejection: a step again, back to a checkpoint, the end."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.engine import api, gates
from tui_migrate.engine.core import Core
from tui_migrate.engine.gate_conditions import kept_terms
from tui_migrate.engine.gate_refusals import Desk, NotAllowed, Voice, refuse_sign, voice_of
from tui_migrate.engine.run import RunState, Status, StepState
from tui_migrate.engine.ssh_signoffs import journalled
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _, neutral

START = "start"
"""The checkpoint before the first step."""


def sign(core: Core, command: api.Sign) -> tuple[facts.Entry, str]:
    """Journal a decision at a gate and carry it out: its entry, and what else there is to say."""
    gate = core.state.steps.get(command.gate)
    if gate is None or gate.outline.uses != "gate":
        known = [s.id for s in core.state.steps.values() if s.outline.uses == "gate"]
        raise EnvironmentProblem(
            _("There is no gate {}.").format(command.gate),
            _("Gates: {}").format(", ".join(known)),
        )
    desk = Desk(core.state, core.runbook, gate, command, core.identity, core.now())
    refused = refuse_sign(desk)
    if refused is not None:
        raise refused
    try:
        voice = voice_of(desk)
    except NotAllowed:
        core.refuse(core.identity, f"sign {gate.id}")
        raise
    then = _what_follows(core, gate, command)
    fact = journalled(core, command, lambda: _signed(core, gate, command, voice, then))
    entry = core.record(fact, command.id)
    if then:
        carry_out(core, entry)
    elif command.decision != "reject" and not gates.missing_approvals(gate):
        core.pass_gate(gate.id, gate.evidence)
    return entry, _untouched(then)


def _signed(
    core: Core, gate: StepState, command: api.Sign, voice: Voice, then: str
) -> gate_facts.SignedOff:
    terms = kept_terms(core, command)
    keep = core.vault.keep_words
    return gate_facts.SignedOff(
        gate=gate.id,
        decision=command.decision,
        role=voice.role,
        evidence=gate.evidence,
        bound=bool(command.evidence) or command.typed is not None,
        comment=keep(command.comment),
        then=then,
        terms=terms,
        part=command.part,
        giver=voice.giver,
        break_glass=keep(command.break_glass) if command.decision != "reject" else "",
    )


def _what_follows(core: Core, gate: StepState, command: api.Sign) -> str:
    """What follows from a rejection, checked; '' for everything else."""
    if command.decision != "reject":
        return ""
    if not command.comment.strip():
        raise EnvironmentProblem(_("A rejection needs a reason (comment)."))
    then = command.then
    if then.startswith("redo:"):
        begun(core, then.removeprefix("redo:"))
    elif then.startswith("rollback:"):
        wanted, known = then.removeprefix("rollback:"), checkpoints(core.state, gate)
        if wanted not in known:
            raise EnvironmentProblem(
                _("{} is no checkpoint before gate {}.").format(wanted, gate.id),
                _("Checkpoints: {}").format(", ".join(known)),
            )
    elif then not in ("", "abort"):
        raise EnvironmentProblem(
            _("After a rejection comes redo:STEP, rollback:CHECKPOINT, abort or nothing.")
        )
    return then


def checkpoints(state: RunState, gate: StepState) -> list[str]:
    """Where a rejection of ``gate`` can lead back to: the start, and the passed gates before it."""
    found = [START]
    for step in state.steps.values():
        if step.id == gate.id:
            break
        if step.outline.uses == "gate" and step.status is Status.DONE:
            found.append(step.id)
    return found


def _untouched(then: str) -> str:
    if not then.startswith("rollback:"):
        return ""
    return _("What was written to the target stays there: nothing in it is deleted.")


def carry_out(core: Core, entry: facts.Entry) -> None:
    """What the journal says is to be done after this entry: steps again, or the end of the run."""
    fact = entry.fact
    with neutral():  # the reason is journalled
        asked = _("asked for by {}").format(entry.by)
        rejected = _("rejected at gate {}").format(getattr(fact, "gate", ""))
    if isinstance(fact, facts.RedoAsked):
        mark_stale(core, fact.step, asked)
    elif isinstance(fact, gate_facts.SignedOff) and fact.then.startswith("redo:"):
        mark_stale(core, fact.then.removeprefix("redo:"), rejected)
    elif isinstance(fact, gate_facts.SignedOff) and fact.then.startswith("rollback:"):
        roll_back(core, fact.then.removeprefix("rollback:"), rejected)
    elif isinstance(fact, gate_facts.SignedOff) and fact.then == "abort":
        core.record(facts.RunEnded(outcome="aborted", figures={"steps": len(core.state.steps)}))


def finish_last(core: Core) -> None:
    """A command whose entry is the journal's last word, but for what it had begun to carry out, may
    have been killed before it was done."""
    for entry in reversed(core.journal.entries):
        if not isinstance(entry.fact, facts.StepStale | gate_facts.SignOffVoided):
            carry_out(core, entry)
            return


def begun(core: Core, step_id: str) -> StepState:
    """A data step that was begun, so that it can be done again."""
    step = core.state.steps.get(step_id)
    if step is None:
        raise EnvironmentProblem(
            _("There is no step {}.").format(step_id), _("tui-migrate status lists the steps.")
        )
    if step.outline.uses in gates.PEOPLE:
        raise EnvironmentProblem(
            _("{} is for people: sign or answer it again instead.").format(step.id)
        )
    if not step.attempt:
        raise EnvironmentProblem(_("{} was never done; run does it.").format(step.id))
    return step


def mark_stale(core: Core, step_id: str, reason: str) -> None:
    """The step and every data step behind it that was begun are to be done again."""
    if step_id in core.state.steps:
        _stale(core, [core.state.steps[step_id], *core.state.after(step_id)], reason)


def _stale(core: Core, steps: list[StepState], reason: str) -> None:
    for step in steps:
        if to_be_done_again(core, step) and step.status is not Status.STALE:
            core.record(facts.StepStale(step=step.id, reason=reason))


def to_be_done_again(core: Core, step: StepState) -> bool:
    """Whether a step behind data that are made again is made again too: a data step that was begun,
    or a checklist whose checks look at the data."""
    if step.outline.uses == "checklist":
        spec = core.runbook.step(step.id)
        judged = step.status in (Status.DONE, Status.ATTENTION, Status.STALE)
        return judged and spec is not None and bool(spec.checks)
    return step.outline.uses != "gate" and bool(step.attempt)


def roll_back(core: Core, checkpoint: str, reason: str) -> None:
    """All behind a checkpoint counts no longer: data steps are stale, sign-offs are void. Nothing in
    the target is touched."""
    state = core.state
    behind = list(state.steps.values()) if checkpoint == START else state.after(checkpoint)
    for gate in behind:
        if gate.outline.uses == "gate" and any(not s.voided for s in gate.signoffs):
            core.record(gate_facts.SignOffVoided(gate=gate.id, evidence="stale", reason=reason))
    _stale(core, behind, reason)
