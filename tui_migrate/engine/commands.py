"""What the engine does with each command: check, journal, apply; refuse with a reason otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.engine import api, taking_out
from tui_migrate.engine.core import Core
from tui_migrate.engine.erasure import forget, told_again
from tui_migrate.engine.gate_commands import (
    delegate,
    meet,
    note_due,
    refuse_expired,
    reopen,
    revoke,
)
from tui_migrate.engine.gate_signing import begun, carry_out, sign
from tui_migrate.engine.lane_commands import decide_lane, draw_lane, note_results
from tui_migrate.engine.lessons import judge, propose
from tui_migrate.engine.purging import purge
from tui_migrate.engine.restricting import object_to_marketing, restrict
from tui_migrate.engine.review_commands import claim, decide, decide_cluster, take_back
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.sealing import rotate_key
from tui_migrate.engine.staleness import recheck_gates
from tui_migrate.engine.wording import status_words
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit, TuiMigrateError
from tui_migrate.i18n import _
from tui_migrate.runbook.decisions import wrong_answer
from tui_migrate.runbook.kinds import ChecklistWith

_Handler = Callable[[Core, Any], api.Reply]


def handle(core: Core, command: api.AnyCommand) -> api.Reply:
    """Do a command that changes something (all but run and stop). One already done is answered."""
    with core.lock:
        core.require_staying()
        if command.id in core.state.commands:
            return told_again(core, command.id, core.state.commands[command.id])
        try:
            _refuse_after_abort(core, command)
            reply = _HANDLERS[type(command)](core, command)
            core.vouch_for_end()
            return reply
        except TuiMigrateError as error:
            return api.refused(error)
        except OSError as error:
            return api.Reply(
                ok=False,
                message=_("The workspace cannot be written: {}").format(error.strerror or error),
                hint=_("Nothing was decided. Make room or mend it, then do it again."),
                exit_code=int(Exit.WRONG),
            )


def _refuse_after_abort(core: Core, command: api.AnyCommand) -> None:
    always = api.Export | api.Deleted | api.Meet | api.Due | api.Forget | api.Purge
    if core.state.ended == "aborted" and not isinstance(command, always):
        raise DataSaysNo(
            _("The run was aborted at a gate: it can only be looked at and exported."),
            _("To try again, begin a new workspace: tui-migrate new DIR."),
        )


def _done(entry: facts.Entry, message: str = "") -> api.Reply:
    return api.Reply(ok=True, message=message, seq=entry.seq)


def _judging(core: Core, entry: facts.Entry) -> api.Reply:
    """A decision on duplicates may be the one that settles a sample."""
    note_results(core)
    return _done(entry)


def _step(core: Core, step_id: str) -> StepState:
    step = core.state.steps.get(step_id)
    if step is None:
        raise EnvironmentProblem(
            _("There is no step {}.").format(step_id), _("tui-migrate status lists the steps.")
        )
    return step


def _sign(core: Core, command: api.Sign) -> api.Reply:
    return _done(*sign(core, command))


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise EnvironmentProblem(_("This needs a reason."))


def _require_role(core: Core) -> None:
    if not core.identity.roles:
        raise DataSaysNo(
            _("{} has no role in this runbook.").format(core.identity.user),
            _("Roles are given in the runbook under roles:."),
        )


def _require_skippable(step: StepState) -> None:
    if step.outline.unskippable:
        raise DataSaysNo(_("{} may not be skipped: the runbook says unskippable.").format(step.id))


def _waive(core: Core, command: api.Waive) -> api.Reply:
    step = _step(core, command.step)
    _require_reason(command.reason)
    _require_role(core)
    opened = core.vault.opened
    check = next(
        (c for c in step.checks.values() if command.check in (c.name, opened(c.name))), None
    )
    if check is None or check.passed:
        raise DataSaysNo(_("{} has no failing check {}.").format(step.id, command.check))
    if not check.waivable:
        raise DataSaysNo(
            _("{} may not be waived: {}.").format(step.id, opened(check.name)),
            _("Mend what it found, then do the step again."),
        )
    entry = core.record(
        facts.CheckWaived(
            step=step.id, name=check.name, reason=core.vault.keep_words(command.reason)
        ),
        command.id,
    )
    recheck_gates(core)
    return _done(entry)


def _skip(core: Core, command: api.Skip) -> api.Reply:
    step = _step(core, command.step)
    _require_reason(command.reason)
    _require_role(core)
    _require_skippable(step)
    if step.outline.uses == "gate":
        raise DataSaysNo(
            _("{} is a gate: it is signed or rejected, never skipped.").format(step.id)
        )
    if step.status in (Status.DONE, Status.RUNNING):
        raise DataSaysNo(
            _("{} cannot be skipped: it is {}.").format(step.id, status_words(step.status))
        )
    entry = core.record(
        facts.StepSkipped(step=step.id, reason=core.vault.keep_words(command.reason)), command.id
    )
    recheck_gates(core)
    return _done(entry)


def _answer(core: Core, command: api.Answer) -> api.Reply:
    step = _step(core, command.step)
    refuse_expired(core, step)
    spec = core.runbook.step(step.id)
    items = spec.with_.items if spec and isinstance(spec.with_, ChecklistWith) else ()
    item = next((i for i in items if i.id == command.item), None)
    if item is None:
        raise EnvironmentProblem(
            _("Step {} has no question {}.").format(step.id, command.item),
            _("Its questions: {}").format(", ".join(i.id for i in items)) if items else "",
        )
    if command.not_applicable:
        _require_reason(command.answer)
    else:
        wrong = wrong_answer(item, command.answer) if item.type != "file" else None
        if wrong is not None:
            raise DataSaysNo(wrong[0], wrong[1])
        if (item.evidence or item.type == "file") and not command.file:
            raise EnvironmentProblem(_("{} needs an evidence file.").format(item.id))
    sha256 = core.vault.keep_file(Path(command.file)) if command.file else ""
    entry = core.record(
        facts.Answered(
            step=step.id,
            item=item.id,
            answer=core.vault.keep_words(command.answer or Path(command.file).name),
            not_applicable=command.not_applicable,
            file=sha256,
        ),
        command.id,
    )
    recheck_gates(core)
    return _done(entry)


def _redo(core: Core, command: api.Redo) -> api.Reply:
    step = begun(core, command.step)
    entry = core.record(
        facts.RedoAsked(step=step.id, reason=core.vault.keep_words(command.reason)), command.id
    )
    carry_out(core, entry)
    return _done(entry)


def _due(core: Core, command: api.Due) -> api.Reply:
    note_due(core)
    return api.Reply(ok=True, seq=core.state.seq)


_HANDLERS: dict[type[api.Command], _Handler] = {
    api.Sign: _sign,
    api.Meet: lambda core, command: _done(meet(core, command)),
    api.Reopen: lambda core, command: _done(reopen(core, command)),
    api.Delegate: lambda core, command: _done(delegate(core, command)),
    api.Revoke: lambda core, command: _done(revoke(core, command)),
    api.Due: _due,
    api.Waive: _waive,
    api.Skip: _skip,
    api.Answer: _answer,
    api.Decide: lambda core, command: _judging(core, decide(core, command)),
    api.DecideCluster: lambda core, command: _judging(core, decide_cluster(core, command)),
    api.TakeBack: lambda core, command: _judging(core, take_back(core, command)),
    api.DrawLane: lambda core, command: _done(draw_lane(core, command)),
    api.DecideLane: lambda core, command: _done(decide_lane(core, command)),
    api.Claim: claim,
    api.ProposeLesson: lambda core, command: _done(propose(core, command)),
    api.JudgeLesson: lambda core, command: _done(*judge(core, command)),
    api.Redo: _redo,
    api.Export: taking_out.export_handler,
    api.Deleted: taking_out.deleted_handler,
    api.RotateKey: lambda core, command: _done(rotate_key(core, command.id)),
    api.Forget: forget,
    api.Restrict: restrict,
    api.Object: object_to_marketing,
    api.Purge: purge,
}
