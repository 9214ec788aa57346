"""Commands around gates: conditions met, deadlines opened again, roles lent, the clock looked at."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.gate_conditions import as_day, is_user, open_conditions
from tui_migrate.engine.gate_deadlines import expired, fallen_due
from tui_migrate.engine.gate_delegations import own_roles, standing
from tui_migrate.engine.run import StepState
from tui_migrate.engine.zones import day_in
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _


def meet(core: Core, command: api.Meet) -> facts.Entry:
    """Journal that a condition is met."""
    found = {c.id: gate for gate, c in open_conditions(core.state)}
    gate = found.get(command.condition)
    if gate is None:
        raise EnvironmentProblem(
            _("There is no open condition {}.").format(command.condition),
            _("Open: {}").format(", ".join(found) or _("none")),
        )
    if not command.comment.strip():
        raise EnvironmentProblem(_("Say how the condition is met (comment)."))
    comment = core.vault.keep_words(command.comment)
    return core.record(
        gate_facts.ConditionMet(gate=gate.id, condition=command.condition, comment=comment),
        command.id,
    )


def reopen(core: Core, command: api.Reopen) -> facts.Entry:
    """Journal that an expired step can be decided again."""
    step = core.state.steps.get(command.step)
    if step is None or not expired(step, core.state.zone, core.now()):
        raise DataSaysNo(_("No deadline of {} has expired.").format(command.step))
    role = str(step.outline.deadline.get("escalate_to", ""))
    if role not in core.identity.roles:
        core.refuse(core.identity, f"reopen {step.id}")
        raise DataSaysNo(
            _("{} may not open {} again: it needs {}.").format(core.identity.user, step.id, role),
            _("The runbook names the role at the deadline: escalate_to."),
        )
    _require_reason(command.reason)
    until = as_day(command.until) if command.until else ""
    if until and until < day_in(core.now(), core.state.zone):
        raise EnvironmentProblem(_("{} is over: it can be no due date.").format(until))
    note_due(core)
    return core.record(
        gate_facts.Reopened(
            step=step.id, reason=core.vault.keep_words(command.reason), until=until
        ),
        command.id,
    )


def delegate(core: Core, command: api.Delegate) -> facts.Entry:
    """Journal that somebody else may act in a role of one's own."""
    who = core.identity
    if command.role not in own_roles(who):
        core.refuse(who, f"delegate {command.role}")
        raise DataSaysNo(
            _("{} does not hold the role {} himself and so cannot lend it.").format(
                who.user, command.role
            ),
            _("Roles are given in the runbook under roles:."),
        )
    _require_reason(command.reason)
    if command.to == who.user or not is_user(core.runbook, command.to):
        raise EnvironmentProblem(_("There is no other user {} here.").format(command.to or "''"))
    if as_day(command.until) < day_in(core.now(), core.state.zone):
        raise EnvironmentProblem(_("{} is over: nothing would be lent.").format(command.until))
    return core.record(
        gate_facts.Delegated(
            role=command.role,
            to=command.to,
            until=command.until,
            reason=core.vault.keep_words(command.reason),
        ),
        command.id,
    )


def revoke(core: Core, command: api.Revoke) -> facts.Entry:
    """Journal that a delegation ends now. Who lent it may end it, and who else holds the role."""
    who = core.identity
    giver = command.giver or who.user
    lent = [(d.role, d.giver, d.to) for d in standing(core.state, core.now())]
    if (command.role, giver, command.to) not in lent:
        raise EnvironmentProblem(
            _("{} has not lent the role {} to {}.").format(giver, command.role, command.to),
            _("Lent: {}").format("; ".join(" ".join(one) for one in lent) or _("none")),
        )
    if giver != who.user and command.role not in own_roles(who):
        core.refuse(who, f"revoke {command.role}")
        raise DataSaysNo(_("{} does not hold the role {} himself.").format(who.user, command.role))
    return core.record(
        gate_facts.DelegationRevoked(
            role=command.role,
            giver=giver,
            to=command.to,
            reason=core.vault.keep_words(command.reason),
        ),
        command.id,
    )


def refuse_expired(core: Core, step: StepState) -> None:
    """Raise ``DataSaysNo`` when the deadline of questions has expired."""
    if expired(step, core.state.zone, core.now()):
        raise DataSaysNo(
            _("The deadline of {} has expired: nobody can answer.").format(step.id),
            _("Role {} opens it again: tui-migrate reopen {} --reason WHY.").format(
                step.outline.deadline.get("escalate_to", ""), step.id
            ),
        )


def note_due(core: Core) -> None:
    """Journal, once, what has fallen due by now."""
    with core.lock:
        if core.state.ended:
            return
        for fact in fallen_due(core.state, core.now()):
            core.record(fact)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise EnvironmentProblem(_("This needs a reason."))
