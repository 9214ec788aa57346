"""Commands with which people decide: sign, answer, decide."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_migrate.cli.common import WorkspaceOption, has_terminal, head_line, opened, result, say
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.api import AnyCommand, Client


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(sign)
    app.command()(answer)
    app.command()(decide)


def _send(client: Client, command: AnyCommand, done: str) -> int:
    reply = client.send(command)
    if not reply.ok:
        say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
        return reply.exit_code
    result(done)
    return int(Exit.DONE)


def sign(
    gate: Annotated[str, typer.Argument(metavar="GATE", help=_("The waiting gate."))],
    decision: Annotated[str, typer.Option(help=_("approve, conditions or reject."))] = "approve",
    evidence: Annotated[
        str, typer.Option(help=_("The evidence hash that you looked at (status prints it)."))
    ] = "",
    number: Annotated[
        int | None, typer.Option(help=_("The number of records concerned, typed by you."))
    ] = None,
    comment: Annotated[str, typer.Option(help=_("Why."))] = "",
    conditions: Annotated[str, typer.Option(help=_("Conditions, owner and due date."))] = "",
    then: Annotated[
        str, typer.Option(help=_("After a rejection: redo:STEP or abort (default: wait again)."))
    ] = "",
    ssh_key: Annotated[
        str,
        typer.Option(
            metavar="FILE|agent",
            help=_("Sign with your SSH key: its file, or the key in your agent."),
        ),
    ] = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Sign a gate: bound to the evidence, never by one key."""
    from tui_migrate.engine import api
    from tui_migrate.engine.ssh_signoffs import demanded, signed

    with opened(workspace) as client:
        step = client.state.steps.get(gate)
        if number is None and decision != "reject" and not evidence:
            if not has_terminal() or step is None:
                raise EnvironmentProblem(
                    _("A sign-off needs --evidence HASH or --number N."),
                    _("tui-migrate status shows both for the waiting gate."),
                )
            say(_("Gate {}: evidence {}").format(gate, step.evidence))
            for name, value in step.figures.items():
                say(f"  {name}  {value}")
            number = int(typer.prompt(_("To sign, type the number of records concerned"), type=int))
        command = api.Sign(
            gate=gate,
            decision=decision,
            comment=comment,
            evidence=evidence,
            typed=number,
            conditions=conditions,
            then=then,
        )
        if ssh_key or (step is not None and demanded(step, client.identity.roles)):
            say(_("Signing with SSH: the decision, its evidence and the journal's head."))
            command = signed(client, command, ssh_key or "agent", ask=has_terminal())
        said = _("Gate {}: {} by {}.").format(gate, decision, client.identity.user)
        code = _send(client, command, said)
        if code == Exit.DONE:
            result(head_line(client.state))
        return code


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
        return _send(client, command, _("{} {}: answered.").format(step, item))


def decide(
    record_a: Annotated[str, typer.Argument(metavar="SOURCE/RECORD")],
    record_b: Annotated[str, typer.Argument(metavar="SOURCE/RECORD")],
    decision: Annotated[str, typer.Argument(metavar="merge|different|unsure|undo")],
    workspace: WorkspaceOption = Path(),
) -> int:
    """Settle a pair of records: the same person or not."""
    from tui_migrate.engine import api

    source_a, _sep_a, id_a = record_a.partition("/")
    source_b, _sep_b, id_b = record_b.partition("/")
    if not id_a or not id_b:
        raise EnvironmentProblem(_("Name a record as source/record, such as crm/R0001234."))
    with opened(workspace) as client:
        command = api.Decide(
            source_a=source_a, record_a=id_a, source_b=source_b, record_b=id_b, decision=decision
        )
        return _send(client, command, _("{} and {}: {}.").format(record_a, record_b, decision))
