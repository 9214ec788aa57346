"""Gates: what a sign-off binds to, who may give it, and when there are enough."""

from __future__ import annotations

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.engine.api import Identity, Sign
from tui_migrate.engine.config import step_digest
from tui_migrate.engine.identity import several_people
from tui_migrate.engine.run import RunState, SignOff, Status, StepState
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, TuiMigrateError, Waiting
from tui_migrate.i18n import _
from tui_migrate.runbook.models import Runbook


class NotAllowed(DataSaysNo):
    """This person may not give this sign-off."""


PEOPLE = ("gate", "checklist")
"""Step kinds that people settle; they have no output of their own in staging."""


UNSETTLED = (Status.STALE, Status.RUNNING, Status.WAITING)
"""Steps that are so are evidence of nothing yet."""


def evidence_hash(state: RunState, runbook: Runbook, gate: StepState) -> str:
    """Hash over the configurations and outputs of the evidence steps, without times.

    A checklist counts by its answers' commitments and files, a data step by its output digest and
    by the outcome of its checks.
    """
    content = {}
    for step in state.evidence_of(gate):
        spec = runbook.step(step.id)
        content[step.id] = {
            "config": step_digest(spec) if spec else "",
            "output": step.digest,
            "checks": {c.name: [c.passed, c.observed] for c in step.checks.values()},
            "answers": {k: [a.answer, a.file] for k, a in step.answers.items()},
            "skipped": step.status is Status.SKIPPED,
        }
    return sha256_of({"gate": gate.id, "steps": content})


def standing_evidence(state: RunState, runbook: Runbook, gate: StepState) -> str:
    """The evidence hash as it is now; ``stale`` while a step of the evidence is not settled."""
    if any(step.status in UNSETTLED for step in state.evidence_of(gate)):
        return "stale"
    return evidence_hash(state, runbook, gate)


def approval_role(gate: StepState, roles: tuple[str, ...]) -> str:
    """The first role among ``roles`` whose approvals are not complete yet; '' if there is none."""
    missing = missing_approvals(gate)
    return next((role for role in missing if role in roles), "")


def missing_approvals(gate: StepState) -> dict[str, int]:
    """Role → how many approvals are still missing. One person counts once."""
    needed = {str(a["role"]): int(a["min"]) for a in gate.outline.approvals}
    for signoff in valid_approvals(gate):
        if needed.get(signoff.role, 0) > 0:
            needed[signoff.role] -= 1
    return {role: count for role, count in needed.items() if count > 0}


def valid_approvals(gate: StepState) -> list[SignOff]:
    """Approvals that stand on the gate's present evidence; the last word of each person counts."""
    last: dict[str, SignOff] = {}
    for signoff in gate.signoffs:
        if not signoff.voided and signoff.evidence == gate.evidence:
            last[signoff.by] = signoff
    return [s for s in last.values() if s.decision in ("approve", "conditions")]


def refuse_sign(
    state: RunState, runbook: Runbook, command: Sign, who: Identity
) -> TuiMigrateError | None:
    """Why this sign-off may not be given, or ``None``."""
    gate = state.steps.get(command.gate)
    if gate is None or gate.outline.uses != "gate":
        return EnvironmentProblem(
            _("There is no gate {}.").format(command.gate),
            _("Gates: {}").format(
                ", ".join(s.id for s in state.steps.values() if s.outline.uses == "gate")
            ),
        )
    if gate.status is not Status.WAITING and not gate.supplementary:
        return DataSaysNo(
            _("Gate {} is not waiting for a sign-off (it is: {}).").format(
                gate.id, gate.status.value
            ),
            _("tui-migrate status shows where the run stands."),
        )
    if command.decision not in ("approve", "conditions", "reject"):
        return EnvironmentProblem(_("A decision is approve, conditions or reject."))
    if command.evidence and command.evidence != gate.evidence:
        return DataSaysNo(
            _("The evidence of gate {} is not the one that was looked at.").format(gate.id),
            _("It is now {}. Look again, then sign.").format(gate.evidence),
        )
    if command.decision == "reject":
        return None if set(who.roles) & _roles(gate) else _no_role(gate, who)
    if standing_evidence(state, runbook, gate) != gate.evidence:
        return DataSaysNo(
            _("The evidence of gate {} changed after it was shown.").format(gate.id),
            _("Let the run go on to the gate again; then look at it and sign."),
        )
    unbound = not command.evidence and command.typed is None
    if unbound and not (command.from_file and state.rehearsal):
        # In a decisions file such an approval does not count: the gate goes on waiting.
        kind = Waiting if command.from_file else DataSaysNo
        return kind(
            _("The approval of gate {} names no evidence.").format(gate.id),
            _("Only a rehearsal takes it without. The evidence is {}.").format(gate.evidence),
        )
    if command.typed is not None and command.typed != gate.subject:
        return DataSaysNo(
            _("{} is not the number of records concerned.").format(command.typed),
            _("The gate shows the number; type it to sign."),
        )
    return _refuse_person(state, runbook, gate, who)


def _refuse_person(
    state: RunState, runbook: Runbook, gate: StepState, who: Identity
) -> TuiMigrateError | None:
    if not set(who.roles) & _roles(gate):
        return _no_role(gate, who)
    if any(s.by == who.user for s in valid_approvals(gate)):
        return DataSaysNo(_("{} has signed gate {} already.").format(who.user, gate.id))
    if not approval_role(gate, who.roles):
        return DataSaysNo(
            _("The roles of {} have signed gate {} already.").format(who.user, gate.id),
            _("Still needed: {}").format(", ".join(missing_approvals(gate))),
        )
    if several_people(runbook):
        operated = [s.id for s in state.evidence_of(gate) if who.user in s.operators]
        if operated:
            return NotAllowed(
                _("{} carried out {} and so cannot approve it (four eyes).").format(
                    who.user, ", ".join(operated)
                ),
                _("Somebody else with the role has to sign."),
            )
    return None


def _roles(gate: StepState) -> set[str]:
    return {str(a["role"]) for a in gate.outline.approvals}


def _no_role(gate: StepState, who: Identity) -> TuiMigrateError:
    return NotAllowed(
        _("{} may not sign gate {}: it needs {}.").format(
            who.user, gate.id, ", ".join(sorted(_roles(gate)))
        ),
        _("Roles are given in the runbook under roles:."),
    )
