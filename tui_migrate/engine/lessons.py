"""What decisions teach: computed, proposed, and accepted by who signs the gate behind the match.

A lesson is a JSON text with what the runbook declares, the corrections in bits, and what they would
change. It is kept under its SHA-256 when it is proposed; who accepts it names that. From the next
attempt on, records are scored with the corrections on top of the fitted model.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit.objects import keep_object
from tui_migrate.audit.review_facts import ModelJudged, ModelProposed
from tui_migrate.engine import api, gates
from tui_migrate.engine.gate_refusals import Desk, NotAllowed, several_people_here, voice_of
from tui_migrate.engine.models import accepted, is_frozen
from tui_migrate.engine.run import SETTLED
from tui_migrate.engine.state import Proposal, RunState, StepState
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.core import Core


def matching_step(state: RunState) -> StepState | None:
    """The match step of the run."""
    return next((s for s in state.steps.values() if s.outline.uses == "match"), None)


def gate_behind(state: RunState, step: StepState) -> StepState | None:
    """The first gate that looks at the match: who signs there accepts what it learns."""
    return next(
        (
            gate
            for gate in state.after(step.id)
            if gate.outline.uses == "gate" and step in state.evidence_of(gate)
        ),
        None,
    )


def refused(state: RunState, step: StepState | None, frozen: bool) -> DataSaysNo | None:
    """Why nothing may be learned now, whatever was decided."""
    if step is None or not step.attempt or step.status not in SETTLED:
        return DataSaysNo(
            _("Nothing can be learned: the records are not matched, or are to be matched again."),
            _("Let the run go on behind the match, then ask again."),
        )
    if frozen:
        return DataSaysNo(
            _("The model is frozen: the target has profiles by it, and no weight moves any more."),
            _("To match anew with what was decided since: tui-migrate redo {}").format(step.id),
        )
    if gate_behind(state, step) is None:
        return DataSaysNo(
            _("No gate looks at {}: nobody may accept what it learns.").format(step.id),
            _("Give the runbook a gate behind it."),
        )
    return None


def open_proposal(state: RunState, step: str) -> Proposal | None:
    """The proposal that waits to be accepted."""
    return next((p for p in state.proposals.values() if p.step == step and p.open), None)


def as_gate(gate: StepState, proposal: Proposal) -> StepState:
    """The gate as if the proposal were its evidence: its rules say who may accept, and who is missing."""
    return StepState(gate.outline, evidence=proposal.sha256, signoffs=proposal.signoffs)


def content_of(lesson: dict[str, Any]) -> tuple[str, str]:
    """SHA-256 and text of a lesson."""
    text = json.dumps(lesson, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest(), text


def propose(core: Core, command: api.ProposeLesson) -> facts.Entry:
    """Journal that a lesson which was computed, and not overtaken since, is proposed."""
    step = matching_step(core.state)
    no = refused(core.state, step, step is not None and is_frozen(core, step.id))
    if no is not None or step is None:
        raise no or DataSaysNo(_("There is no match to learn for."))
    sha256, content = core.reviews.lesson
    lesson = json.loads(content or "{}")
    if not command.sha256 or command.sha256 != sha256 or lesson["attempt"] != step.attempt:
        raise DataSaysNo(
            _("That is not what the decisions teach now."),
            _("Look again: tui-migrate learn --dry-run"),
        )
    waiting = open_proposal(core.state, step.id)
    if waiting is not None and waiting.sha256 == sha256:
        raise DataSaysNo(_("That is proposed already (entry {}).").format(waiting.seq))
    if accepted(core.state, step.id, core.state.seq) == sha256:
        raise DataSaysNo(_("That counts already."))
    keep_object(core.workspace.objects, content.encode())
    return core.record(
        ModelProposed(
            step=step.id, attempt=step.attempt, sha256=sha256, decided=lesson["effect"]["decided"]
        ),
        command.id,
    )


def judge(core: Core, command: api.JudgeLesson) -> tuple[facts.Entry, str]:
    """Journal what somebody who may sign the gate says of the proposal; its entry, and what follows."""
    step = matching_step(core.state)
    no = refused(core.state, step, step is not None and is_frozen(core, step.id))
    if no is not None or step is None:
        raise no or DataSaysNo(_("There is no match to learn for."))
    proposal = open_proposal(core.state, step.id)
    gate = gate_behind(core.state, step)
    if proposal is None or gate is None:
        raise DataSaysNo(_("Nothing is proposed."), _("tui-migrate learn proposes."))
    if command.decision not in ("accept", "reject"):
        raise EnvironmentProblem(_("A decision is accept or reject."))
    if command.sha256 != proposal.sha256:
        raise DataSaysNo(
            _("The proposal is not the one that was looked at."),
            _("It is now {}. Look again, then decide.").format(proposal.sha256),
        )
    accepts = command.decision == "accept"
    if not accepts and not command.comment.strip():
        raise EnvironmentProblem(_("A rejection needs a reason (comment)."))
    judged = as_gate(gate, proposal)
    voice = _voice(core, judged, proposal, command, accepts)
    fact = ModelJudged(
        proposal=proposal.seq,
        sha256=proposal.sha256,
        gate=gate.id,
        role=voice[0],
        giver=voice[1],
        decision=command.decision,
        settled=not accepts or _last_needed(judged, voice[0]),
        reason=core.vault.keep_words(command.comment.strip()),
    )
    entry = core.record(fact, command.id)
    if not accepts:
        return entry, ""
    if not fact.settled:
        return entry, _("Still needed: {}").format(", ".join(gates.missing_approvals(judged)))
    return entry, _("The next run matches anew with it: {} is asked again.").format(gate.id)


def _last_needed(gate: StepState, role: str) -> bool:
    """Whether nobody is missing once somebody speaks in this role."""
    missing = gates.missing_approvals(gate)
    return sum(missing.values()) - (1 if role in missing else 0) <= 0


def _voice(
    core: Core, gate: StepState, proposal: Proposal, command: api.JudgeLesson, accepts: bool
) -> tuple[str, str]:
    """Role and giver of who speaks; ``NotAllowed`` as at the gate, and for who proposed it himself."""
    signing = api.Sign(
        gate=gate.id,
        decision="approve" if accepts else "reject",
        evidence=command.sha256,
        comment=command.comment,
    )
    desk = Desk(core.state, core.runbook, gate, signing, core.identity, core.now())
    try:
        voice = voice_of(desk)
        own = proposal.by in {core.identity.user, voice.giver}
        if accepts and own and several_people_here(desk):
            raise NotAllowed(
                _("{} proposed it and so cannot accept it (four eyes).").format(proposal.by),
                _("Somebody else with the role has to."),
            )
    except NotAllowed:
        core.refuse(core.identity, f"accept {gate.id}")
        raise
    return voice.role, voice.giver
