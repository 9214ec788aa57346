"""Commands around gates: waive, skip, meet, reopen, delegate, revoke."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui_migrate.cli.common import (
    JsonOption,
    WorkspaceOption,
    has_terminal,
    opened,
    print_json,
    result,
    say,
)
from tui_migrate.cli.people import send
from tui_migrate.engine.api import Client
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

ReasonOption = Annotated[str, typer.Option(help=_("Why; it stays visible in status and journal."))]
YesOption = Annotated[
    str,
    typer.Option("--yes-i-am", help=_("Your user name, in place of the typed confirmation.")),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(waive)
    app.command()(skip)
    app.command()(meet)
    app.command()(reopen)
    app.command()(delegate)
    app.command()(revoke)


def waive(
    step: Annotated[str, typer.Argument(metavar="STEP", help=_("The step that is held up."))],
    check: Annotated[str, typer.Argument(metavar="CHECK", help=_("The failing check."))],
    reason: ReasonOption,
    yes_i_am: YesOption = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Accept a failing check of a step, with a reason."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        known = client.state.steps.get(step)
        seen = known.checks.get(check) if known else None
        if seen is not None:
            say(_("{}: {} is {}, expected {}").format(step, check, seen.observed, seen.expected))
        _confirm(client, step, yes_i_am)
        done = _("{}: the check {} is waived by {}.").format(step, check, client.identity.user)
        return send(client, api.Waive(step=step, check=check, reason=reason), done)


def skip(
    step: Annotated[str, typer.Argument(metavar="STEP", help=_("The step to leave out."))],
    reason: ReasonOption,
    yes_i_am: YesOption = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Leave a step out, with a reason."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        _confirm(client, step, yes_i_am)
        done = _("{} is skipped by {}.").format(step, client.identity.user)
        return send(client, api.Skip(step=step, reason=reason), done)


def _confirm(client: Client, step: str, name: str) -> None:
    """The person means it: he types the step's id, or gives his own name beforehand."""
    user = client.identity.user
    if name:
        if name != user:
            raise EnvironmentProblem(
                _("You are {}, not {}: nothing was done.").format(user, name),
                _("Who runs the command is who decides."),
            )
        return
    if not has_terminal():
        raise EnvironmentProblem(
            _("This needs a person at a terminal, or --yes-i-am {}.").format(user)
        )
    say(_("Your name ({}) and your reason stay visible for ever.").format(user))
    if typer.prompt(_("To confirm, type the step's id")).strip() != step:
        raise EnvironmentProblem(_("That is not {}: nothing was done.").format(step))


def meet(
    condition: Annotated[
        str, typer.Argument(metavar="CONDITION", help=_("Its number, as status lists it."))
    ],
    comment: Annotated[str, typer.Option(help=_("How it was met."))],
    workspace: WorkspaceOption = Path(),
) -> int:
    """Say that a condition of an approval is met."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        command = api.Meet(condition=condition, comment=comment)
        return send(client, command, _("Condition {}: met.").format(condition))


def reopen(
    step: Annotated[
        str, typer.Argument(metavar="STEP", help=_("The gate or checklist that has expired."))
    ],
    reason: ReasonOption,
    until: Annotated[str, typer.Option(help=_("Its new last day, as 2026-03-31."))] = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Open a gate or checklist again whose deadline has expired."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        command = api.Reopen(step=step, reason=reason, until=until)
        return send(client, command, _("{} is open again.").format(step))


def delegate(
    role: Annotated[str, typer.Argument(metavar="[ROLE]", help=_("A role of yours."))] = "",
    to: Annotated[str, typer.Argument(metavar="[USER]", help=_("Who acts in it."))] = "",
    until: Annotated[str, typer.Option(help=_("The last day, as 2026-03-31."))] = "",
    reason: Annotated[str, typer.Option(help=_("Why."))] = "",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Let somebody else act in a role of yours until a day; without a role: list who may."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        if not role:
            return _list(client, as_json)
        command = api.Delegate(role=role, to=to, until=until, reason=reason)
        done = _("{} acts as {} for {} until {}.").format(to, role, client.identity.user, until)
        return send(client, command, done)


def _list(client: Client, as_json: bool) -> int:
    from datetime import UTC, datetime

    from tui_migrate.engine.gate_delegations import standing

    lent = standing(client.state, datetime.now(UTC))
    if as_json:
        print_json([{"role": o.role, "to": o.to, "giver": o.giver, "until": o.until} for o in lent])
        return int(Exit.DONE)
    if not lent:
        result(_("No role is lent to anybody."))
    for one in lent:
        result(_("{} acts as {} for {} until {}").format(one.to, one.role, one.giver, one.until))
    return int(Exit.DONE)


def revoke(
    role: Annotated[str, typer.Argument(metavar="ROLE", help=_("The role that was lent."))],
    to: Annotated[str, typer.Argument(metavar="USER", help=_("Who acts in it."))],
    giver: Annotated[str, typer.Option("--of", help=_("Who lent it (default: you)."))] = "",
    reason: Annotated[str, typer.Option(help=_("Why."))] = "",
    workspace: WorkspaceOption = Path(),
) -> int:
    """Take a role back that was lent."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        command = api.Revoke(role=role, to=to, giver=giver, reason=reason)
        return send(client, command, _("{} no longer acts as {}.").format(to, role))
