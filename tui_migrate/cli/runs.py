"""Commands that carry a run on or tell where it stands: run, status, redo, plan, sync."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_migrate.cli.common import (
    InProcessOption,
    JsonOption,
    KeyFileOption,
    WorkspaceOption,
    attached,
    find_key,
    head_line,
    look_at_clock,
    opened,
    print_json,
    read_run,
    result,
    say,
    words_of,
)
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.run import RunState, StepState
    from tui_migrate.engine.workspace import Workspace


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(run)
    app.command()(status)
    app.command()(engine)
    app.command()(stop)
    app.command()(redo)
    app.command()(plan)
    app.command()(sync)


def run(
    workspace: WorkspaceOption = Path(),
    headless: Annotated[bool, typer.Option("--headless", help=_("Run without a screen."))] = False,
    until: Annotated[str, typer.Option(help=_("Stop after this step."))] = "",
    decisions: Annotated[
        Path | None, typer.Option(help=_("What people decided beforehand (YAML)."))
    ] = None,
    key_file: KeyFileOption = None,
    in_process: InProcessOption = False,
    outside_window: Annotated[
        str,
        typer.Option(
            "--outside-window", help=_("Why imports may start while the change window is closed.")
        ),
    ] = "",
) -> int:
    """Go on with the run."""
    from tui_migrate.cli.common import has_terminal
    from tui_migrate.cli.workspaces import open_screen

    if headless or decisions is not None or until or outside_window:
        return run_headless(
            workspace,
            key_file,
            until,
            decisions,
            in_process=in_process,
            outside_window=outside_window,
        )
    if not has_terminal():
        raise EnvironmentProblem(
            _("There is no terminal here for the full-screen program."),
            _("Without one: tui-migrate run --headless"),
        )
    return open_screen(workspace, key_file, in_process=in_process)


def run_headless(
    root: Path,
    key_file: Path | None,
    until: str,
    decisions: Path | None,
    *,
    in_process: bool = False,
    outside_window: str = "",
) -> int:
    """Run without a screen to the end, to ``until``, or to where nobody has decided."""
    from tui_migrate.engine.headless import Headless, read_decisions, summary

    with attached(root, key_file, in_process=in_process) as client:
        if until and until not in client.state.steps:
            raise EnvironmentProblem(
                _("There is no step {}.").format(until),
                _("Steps: {}").format(", ".join(client.state.steps)),
            )
        driver = Headless(client, say, outside_window=outside_window)
        if decisions is not None and decisions.is_file():
            driver.decisions = read_decisions(decisions, client.runbook)
            driver.folder = decisions.resolve().parent
        elif decisions is not None:
            raise EnvironmentProblem(_("There is no decisions file {}.").format(decisions))
        idle = driver.run(until)
        for line in summary(client.state):
            result(line)
        for line in where(
            client.workspace, client.workspace / client.runbook.target.path, client.state
        ):
            result(line)
    if idle.message:
        say(idle.message)
    return idle.exit_code


def where(root: Path, target: Path, state: RunState) -> list[str]:
    """Where target, exports and audit lie, and the journal's head."""
    from tui_migrate.engine.workspace import Workspace

    here = Workspace(root)
    lines = [
        "",
        _("target   {}").format(target),
        _("exports  {}").format(here.exports),
        _("audit    {} ({} entries, head {})").format(here.audit, state.seq, state.head),
    ]
    if state.rehearsal:
        lines.append(_("REHEARSAL: nothing of this counts as a real migration."))
    return lines


def status(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> int:
    """Where the run stands, what it waits for. Reads only; works while the run goes on."""
    look_at_clock(workspace)
    here, entries, state = read_run(workspace)
    if as_json:
        print_json(run_facts(here, state))
        return int(Exit.DONE)
    if not state.run:
        result(_("Not begun. tui-migrate -w {} opens it.").format(workspace))
        return int(Exit.DONE)
    from tui_migrate.engine.gate_status import gate_lines
    from tui_migrate.engine.headless import summary
    from tui_migrate.engine.unworked import unworked

    heading = state.title.get("en", state.runbook)
    result(heading + ("   " + _("REHEARSAL") if state.rehearsal else ""))
    for line in summary(state):
        result(line)
    for line in _backups(state):
        result(line)
    for line in gate_lines(state, datetime.now(UTC), words_of(here)):
        result(line)
    if late := unworked(entries, state):
        result(_("decisions on {} pairs are not worked in yet: run does it").format(late))
    result(head_line(state))
    if state.ended:
        result(_("ended: {}").format(state.ended))
        return int(Exit.DONE)
    current = state.current
    if current is not None:
        result("")
        result(_("now: {} is {}").format(current.id, current.status.value))
        if current.evidence:
            waits = _("evidence {}; records concerned {}")
            if current.outline.uses == "merge":
                waits = _("list {}; clusters to be confirmed {}: tui-migrate lane")
            result(waits.format(current.evidence, current.subject))
    return int(Exit.DONE)


def engine(workspace: WorkspaceOption = Path(), key_file: KeyFileOption = None) -> int:
    """Serve the workspace in the foreground until stop, for a service manager."""
    from tui_migrate.engine import memory
    from tui_migrate.engine.process import begin_again, serve
    from tui_migrate.engine.workspace import Workspace

    memory.load(Workspace(workspace.resolve()).journal)
    from tui_migrate.engine.engine import Engine

    opened_here = Engine.open(workspace, key=find_key(workspace, key_file), serving=True, say=say)
    serve(opened_here, lambda: say(_("The engine listens.")), stay=True)
    if opened_here.core.anew:
        begin_again()
    return int(Exit.DONE)


def stop(workspace: WorkspaceOption = Path()) -> int:
    """End the engine of the workspace, once its present unit is committed; run goes on later."""
    from tui_migrate.engine.attach import attach
    from tui_migrate.engine.workspace import Workspace, held, is_held

    client = attach(workspace)
    if client is not None:
        client.end()
        result(_("The engine has ended."))
        return int(Exit.DONE)
    here = Workspace(workspace.resolve())
    here.require()
    if is_held(here):
        raise held(here)
    result(_("No engine runs here."))
    return int(Exit.DONE)


def _backups(state: RunState) -> list[str]:
    lines = []
    for at, backup in state.backups:
        age = datetime.now(UTC) - datetime.fromisoformat(at)
        hours = int(age.total_seconds() // 3600)
        lines.append(
            _("back-up {}: {} hours old, {}").format(
                backup.name, hours, _("verified") if backup.verified else _("NOT verified")
            )
        )
    return lines


def run_facts(here: Workspace, state: RunState) -> dict[str, Any]:
    """What ``status --json`` prints."""
    from tui_migrate.engine.gate_status import gate_facts

    current = state.current
    return {
        "workspace": str(here.root),
        "runbook": state.runbook,
        "run": state.run,
        "rehearsal": state.rehearsal,
        "begun": bool(state.run),
        "ended": state.ended,
        "entries": state.seq,
        "head": state.head,
        "current": current.id if current and state.run else "",
        "waiting": _waiting(current) if current and state.run else None,
        "steps": [_step_facts(step) for step in state.steps.values()],
        "backups": [
            {"name": b.name, "at": at, "sha256": b.sha256, "size": b.size, "verified": b.verified}
            for at, b in state.backups
        ],
        **gate_facts(state, datetime.now(UTC), words_of(here)),
    }


def _waiting(step: StepState) -> dict[str, Any] | None:
    from tui_migrate.engine.checklists import missing_answers
    from tui_migrate.engine.gates import held_back, missing_approvals
    from tui_migrate.engine.run import Status

    if step.status is not Status.WAITING:
        return None
    if step.outline.uses == "gate":
        return {
            "gate": step.id,
            "evidence": step.evidence,
            "number": step.subject,
            "needs": missing_approvals(step),
            "held_back": held_back(step),
        }
    if step.outline.uses == "merge":
        return {"step": step.id, "safe_lane": step.subject, "list": step.evidence}
    return {"step": step.id, "items": missing_answers(step)}


def _step_facts(step: StepState) -> dict[str, Any]:
    return {
        "id": step.id,
        "phase": step.outline.phase,
        "ref": step.outline.ref,
        "uses": step.outline.uses,
        "status": step.status.value,
        "attempt": step.attempt,
        "units": len(step.units),
        "units_total": step.units_total,
        "figures": step.figures,
        "digest": step.digest,
        "evidence": step.evidence,
        "checks": [
            {
                "name": c.name,
                "passed": c.passed,
                "severity": c.severity,
                "observed": c.observed,
                "expected": c.expected,
                "waived_by": c.waived_by,
            }
            for c in step.checks.values()
        ],
        "signoffs": [
            {
                "by": s.by,
                "role": s.role,
                "decision": s.decision,
                "evidence": s.evidence,
                "bound": s.bound,
                "part": s.part,
                "for": s.giver,
                "break_glass": bool(s.break_glass),
                "at": s.at,
                "voided": s.voided,
            }
            for s in step.signoffs
        ],
    }


def redo(
    step: Annotated[str, typer.Argument(metavar="STEP", help=_("The step to do again."))],
    reason: Annotated[str, typer.Option(help=_("Why (kept in the audit)."))] = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Mark a step and all that follow as to be done again; run does them."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        reply = client.send(api.Redo(step=step, reason=reason))
        if not reply.ok:
            say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
            return reply.exit_code
        stale = [s.id for s in client.state.steps.values() if s.status.value == "stale"]
    result(_("To be done again: {}").format(", ".join(stale)))
    return int(Exit.DONE)


def plan(workspace: WorkspaceOption = Path(), as_json: JsonOption = False) -> int:
    """What an import would create, update and leave in the target, without writing."""
    from tui_migrate.engine.queries import Plan

    with opened(workspace) as client:
        planned = client.ask(Plan())
    rows = [{"step": one.step, "entity": one.entity, **one.counts} for one in planned]
    if as_json:
        print_json(rows)
        return int(Exit.DONE)
    if not rows:
        result(_("Nothing is planned: there are no profiles yet."))
    for row in rows:
        counts = "  ".join(f"{k} {v}" for k, v in row.items() if k not in ("step", "entity"))
        result(f"{row['step']:<20} {row['entity']:<14} {counts}")
    return int(Exit.DONE)


def sync(
    workspace: WorkspaceOption = Path(),
    once: Annotated[bool, typer.Option("--once", help=_("One round, then end."))] = False,
    key_file: KeyFileOption = None,
    as_json: JsonOption = False,
) -> int:
    """Take in the deltas that have arrived since, and carry their consents to the target."""
    if not once:
        raise EnvironmentProblem(
            _("Only single rounds are possible: tui-migrate sync --once."),
            _("Let cron or a systemd timer repeat it."),
        )
    with attached(workspace, key_file) as client:
        steps = [
            s.id
            for s in client.runbook.steps()
            if s.uses == "consent_sync" and getattr(s.with_, "mode", "") == "deltas"
        ]
        if not steps:
            raise EnvironmentProblem(_("The runbook has no consent_sync step with mode: deltas."))
        from tui_migrate.engine.headless import Headless

        idle = Headless(client, say).run(until=steps[-1])
        step = client.state.steps[steps[-1]]
        if as_json:
            facts = {"status": step.status.value, "attempt": step.attempt, "figures": step.figures}
            print_json({"step": step.id, **facts})
        else:
            for name, value in step.figures.items():
                result(f"{name:<28} {value}")
    if idle.message:
        say(idle.message)
    return idle.exit_code
