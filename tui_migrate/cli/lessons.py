"""The command that shows, proposes and accepts what decisions teach."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tui_migrate.cli.common import JsonOption, WorkspaceOption, opened, print_json, result, say
from tui_migrate.cli.people import send
from tui_migrate.engine.api import Client
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _

LEAST = 8
"""Characters of a hash that name a proposal."""


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(learn)


def learn(
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only show it."))] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help=_("Leave out all that was learned before."))
    ] = False,
    accept: Annotated[
        str, typer.Option(metavar="HASH", help=_("Accept the proposal of this hash."))
    ] = "",
    reject: Annotated[
        str, typer.Option(metavar="HASH", help=_("Reject the proposal of this hash."))
    ] = "",
    comment: Annotated[str, typer.Option(help=_("Why."))] = "",
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Show what decisions on duplicates teach the match, and propose it to who signs the gate."""
    if sum(map(bool, (dry_run or forget, accept, reject))) > 1:
        raise EnvironmentProblem(_("Look, accept or reject: one at a time."))
    with opened(workspace) as client:
        if accept or reject:
            return _judge(client, accept or reject, "accept" if accept else "reject", comment)
        return _show(client, forget=forget, propose=not dry_run, as_json=as_json)


def _judge(client: Client, name: str, decision: str, comment: str) -> int:
    from tui_migrate.engine import api
    from tui_migrate.engine.lessons import matching_step, open_proposal

    step = matching_step(client.state)
    waiting = open_proposal(client.state, step.id) if step is not None else None
    named = waiting is not None and len(name) >= LEAST and waiting.sha256.startswith(name)
    sha256 = waiting.sha256 if waiting is not None and named else name
    done = {"accept": _("{} is accepted by {}."), "reject": _("{} is rejected by {}.")}[decision]
    command = api.JudgeLesson(sha256=sha256, decision=decision, comment=comment)
    return send(client, command, done.format(sha256[:12], client.identity.user))


def _show(client: Client, *, forget: bool, propose: bool, as_json: bool) -> int:
    import msgspec

    from tui_migrate.engine import api
    from tui_migrate.engine.lesson_queries import Lesson, LessonTold
    from tui_migrate.engine.lesson_words import words_of

    told: LessonTold = client.ask(Lesson(forget=forget))
    if as_json:
        print_json(msgspec.to_builtins(told))
    elif not told.refused:
        result("\n".join(words_of(told)))
    if told.refused:
        say("\n  ".join(words_of(told)))
        return int(Exit.NO)
    if not propose:
        return int(Exit.DONE)
    reply = client.send(api.ProposeLesson(sha256=told.sha256))
    if not reply.ok:
        say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
        return reply.exit_code
    say(_("Proposed: {}").format(told.sha256))
    say(
        _("Who signs gate {} accepts it: tui-migrate learn --accept {}").format(
            told.gate, told.sha256[:12]
        )
    )
    return int(Exit.DONE)
