"""Commands for the rights of persons, and for what is over its time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui_migrate.cli.common import (
    JsonOption,
    WorkspaceOption,
    has_terminal,
    opened,
    say,
    told,
    told_json,
)
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _

ProfileArgument = Annotated[
    str, typer.Argument(metavar="PROFILE", help=_("Profile id, or source/record."))
]
ReasonOption = Annotated[str, typer.Option(help=_("Why; it is kept in the vault."))]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(forget)
    app.command()(restrict)
    app.command("object")(object_to_marketing)
    app.command()(purge)


def forget(
    profile: ProfileArgument,
    reason: ReasonOption,
    yes: Annotated[bool, typer.Option("--yes", help=_("Do not ask."))] = False,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Erase a person everywhere but in the back-ups that it names; it cannot be undone."""
    from tui_migrate.engine import api

    typed = profile
    if not yes:
        if not has_terminal():
            raise EnvironmentProblem(
                _("To erase a person without being asked, say --yes."), _("Nothing was erased.")
            )
        say(_("{} will be erased; it cannot be undone.").format(profile))
        typed = typer.prompt(_("To go on, type one of the record numbers"), type=str, err=True)
    with opened(workspace, erasing=True) as client:
        reply = client.send(api.Forget(profile=profile, reason=reason, typed=typed))
        return told_json(reply, reply.facts) if as_json else told(reply)


def restrict(
    profile: ProfileArgument,
    reason: ReasonOption,
    lift: Annotated[bool, typer.Option("--lift", help=_("End the restriction."))] = False,
    workspace: WorkspaceOption = Path(),
) -> int:
    """Restrict the processing of a person's data: nothing of them goes to the target but their
    opt-outs (GDPR, article 18)."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        return told(client.send(api.Restrict(profile=profile, reason=reason, lift=lift)))


def object_to_marketing(
    profile: ProfileArgument, reason: ReasonOption, workspace: WorkspaceOption = Path()
) -> int:
    """A person objects to direct marketing: an opt-out on every brand and channel (GDPR, article 21)."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        return told(client.send(api.Object(profile=profile, reason=reason)))


def purge(
    what: Annotated[
        str, typer.Argument(metavar="[exports|workspace]", help=_("What is over its time."))
    ] = "exports",
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only say what would go."))] = False,
    now: Annotated[bool, typer.Option("--now", help=_("Before its time; needs a reason."))] = False,
    reason: ReasonOption = "",
    yes: Annotated[bool, typer.Option("--yes", help=_("Do not ask."))] = False,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Destroy exports and back-ups that are over their date, or in the end the whole workspace."""
    from tui_migrate.engine import api

    if what not in ("exports", "workspace"):
        raise EnvironmentProblem(_("Purge exports or workspace."))
    if what == "workspace" and not dry_run and not yes:
        if not has_terminal():
            raise EnvironmentProblem(
                _("To purge a workspace without being asked, say --yes."), _("Nothing was purged.")
            )
        say(_("Deliveries, staging, vault, exports and back-ups of {} go.").format(workspace))
        typed = typer.prompt(_("To go on, type the name of its folder"), err=True)
        if typed != workspace.resolve().name:
            raise EnvironmentProblem(_("That is not its name. Nothing was purged."))
    with opened(workspace) as client:
        reply = client.send(api.Purge(what=what, dry_run=dry_run, now=now, reason=reason))
    facts = {"what": what, "dry_run": dry_run, **reply.facts}
    return told_json(reply, facts) if as_json else told(reply)
