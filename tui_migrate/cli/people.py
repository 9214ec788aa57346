"""Commands with which people decide: sign, answer, decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_migrate.cli.common import (
    JsonOption,
    WorkspaceOption,
    has_terminal,
    head_line,
    opened,
    result,
    say,
    told_json,
)
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine import api
    from tui_migrate.engine.api import AnyCommand, Client


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sign)
    app.command()(answer)
    app.command()(decide)


def send(client: Client, command: AnyCommand, done: str) -> int:
    """Have a command done and say so, or why not; the exit code."""
    reply = client.send(command)
    if not reply.ok:
        say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
        return reply.exit_code
    result(done)
    if reply.message:
        result(reply.message)
    return int(Exit.DONE)


def sign(
    gate: Annotated[str, typer.Argument(metavar="GATE", help=_("The waiting gate."))],
    decision: Annotated[
        str, typer.Option(help=_("approve, conditions or reject (default: what the options say)."))
    ] = "",
    evidence: Annotated[
        str, typer.Option(help=_("The evidence hash that you looked at (status prints it)."))
    ] = "",
    number: Annotated[
        int | None, typer.Option(help=_("The number of records concerned, typed by you."))
    ] = None,
    comment: Annotated[str, typer.Option(help=_("Why."))] = "",
    condition: Annotated[
        list[str] | None, typer.Option(help=_("A condition; one --owner and --due belong to it."))
    ] = None,
    owner: Annotated[
        list[str] | None, typer.Option(help=_("Who sees to the condition: a user or a role."))
    ] = None,
    due: Annotated[
        list[str] | None, typer.Option(help=_("The day it is due, as 2026-03-31."))
    ] = None,
    then: Annotated[
        str,
        typer.Option(
            help=_("After a rejection: redo:STEP, rollback:GATE, rollback:start or abort.")
        ),
    ] = "",
    brand: Annotated[str, typer.Option(help=_("Only for this brand, where gates ask it."))] = "",
    wave: Annotated[str, typer.Option(help=_("Only for this wave, where gates ask it."))] = "",
    break_glass: Annotated[
        str,
        typer.Option(
            "--break-glass", help=_("Why you sign in spite of the rules; stays visible for ever.")
        ),
    ] = "",
    ssh_key: Annotated[
        str,
        typer.Option(
            metavar="FILE|agent",
            help=_("Sign with your SSH key: its file, or the key in your agent."),
        ),
    ] = "",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Sign a gate: bound to the evidence, never by one key."""
    from tui_migrate.engine import api
    from tui_migrate.engine.ssh_signoffs import demanded, signed

    terms = _terms(condition or [], owner or [], due or [])
    decision = decision or ("conditions" if terms else "approve")
    with opened(workspace) as client:
        if number is None and decision != "reject" and not evidence:
            number = _typed_number(client, gate)
        command = api.Sign(
            gate=gate,
            decision=decision,
            comment=comment,
            evidence=evidence,
            typed=number,
            terms=terms,
            then=then,
            part=brand or wave,
            break_glass=break_glass,
        )
        step = client.state.steps.get(gate)
        if ssh_key or (step is not None and demanded(step, client.identity.roles)):
            say(_("Signing with SSH: the decision, its evidence and the journal's head."))
            command = signed(client, command, ssh_key or "agent", ask=has_terminal())
        if as_json:
            reply = client.send(command)
            return told_json(reply, _signed_facts(client, command) if reply.ok else {})
        done = _("Gate {}: {} by {}.").format(gate, decision, client.identity.user)
        code = send(client, command, done)
        if code == Exit.DONE:
            result(head_line(client.state))
        return code


def _signed_facts(client: Client, command: api.Sign) -> dict[str, Any]:
    """What ``sign --json`` prints: what was signed, and whether the gate is open now."""
    from tui_migrate.engine.gates import missing_approvals

    step = client.state.steps[command.gate]
    return {
        "gate": command.gate,
        "decision": command.decision,
        "by": client.identity.user,
        "evidence": step.evidence,
        "status": step.status.value,
        "needs": missing_approvals(step),
        "head": client.state.head,
        "entries": client.state.seq,
    }


def _terms(conditions: list[str], owners: list[str], dues: list[str]) -> tuple[api.Term, ...]:
    from tui_migrate.engine import api

    if not len(conditions) == len(owners) == len(dues):
        raise EnvironmentProblem(
            _("Every --condition needs its --owner and its --due."),
            _("--condition 'Mend the phones' --owner privacy --due 2026-04-30"),
        )
    parts = zip(conditions, owners, dues, strict=True)
    return tuple(api.Term(what=what, owner=owner, due=due) for what, owner, due in parts)


def _typed_number(client: Client, gate: str) -> int:
    """The number of records concerned, as a person at the terminal types it."""
    step = client.state.steps.get(gate)
    if not has_terminal() or step is None:
        raise EnvironmentProblem(
            _("A sign-off needs --evidence HASH or --number N."),
            _("tui-migrate status shows both for the waiting gate."),
        )
    say(_("Gate {}: evidence {}").format(gate, step.evidence))
    for name, value in step.figures.items():
        say(f"  {name}  {value}")
    return int(typer.prompt(_("To sign, type the number of records concerned"), type=int, err=True))


def answer(
    step: Annotated[str, typer.Argument(metavar="STEP", help=_("The checklist."))],
    item: Annotated[str, typer.Argument(metavar="ITEM", help=_("The question."))],
    text: Annotated[str, typer.Argument(metavar="[ANSWER]", help=_("The answer."))] = "",
    file: Annotated[Path | None, typer.Option(help=_("Evidence; a copy is kept."))] = None,
    not_applicable: Annotated[
        str, typer.Option("--not-applicable", help=_("Why the question does not apply."))
    ] = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Answer a question of a checklist."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        command = api.Answer(
            step=step,
            item=item,
            answer=not_applicable or text,
            file=str(file.resolve()) if file else "",
            not_applicable=bool(not_applicable),
        )
        return send(client, command, _("{} {}: answered.").format(step, item))


def decide(
    record_a: Annotated[str, typer.Argument(metavar="SOURCE/RECORD")],
    record_b: Annotated[str, typer.Argument(metavar="SOURCE/RECORD")],
    decision: Annotated[str, typer.Argument(metavar="merge|different|unsure|undo")],
    workspace: WorkspaceOption = Path(),
) -> int:
    """Settle a pair of records: the same person or not."""
    from tui_migrate.engine import api
    from tui_migrate.engine.unworked import to_be_done

    source_a, _sep_a, id_a = record_a.partition("/")
    source_b, _sep_b, id_b = record_b.partition("/")
    if not id_a or not id_b:
        raise EnvironmentProblem(_("Name a record as source/record, such as crm/R0001234."))
    with opened(workspace) as client:
        command = api.Decide(
            source_a=source_a, record_a=id_a, source_b=source_b, record_b=id_b, decision=decision
        )
        code = send(client, command, _("{} and {}: {}.").format(record_a, record_b, decision))
        again = to_be_done(client.state) if code == Exit.DONE else []
    if again:
        result(_("The next run does again what rests on it: {}.").format(", ".join(again)))
    return code
