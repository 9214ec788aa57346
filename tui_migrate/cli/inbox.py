"""``inbox``: what waits for the person at the terminal, over all workspaces that he works in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tui_migrate.cli.common import JsonOption, print_json, result, say
from tui_migrate.cli.known import known_workspaces
from tui_migrate.errors import Exit, TuiMigrateError
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.inbox import Item


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(inbox)


def inbox(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[DIR…]",
            help=_("Workspaces (default: all that you opened)."),
            readable=False,  # somebody else's may be passed through only, on the way to its engine
        ),
    ] = None,
    as_json: JsonOption = False,
) -> int:
    """What waits for you: sign-offs, questions, conditions, expired deadlines."""
    found: list[tuple[Path, list[Item]]] = []
    troubles: list[tuple[Path, str]] = []
    for root in folders or known_workspaces():
        try:
            found.append((root.resolve(), _waiting(root)))
        except (TuiMigrateError, OSError) as error:
            troubles.append((root, str(error)))
    for root, trouble in troubles:
        say(f"{root}: {trouble}")
    if as_json:
        print_json(_facts(found, troubles))
    else:
        _tell(found)
    if any(items for _root, items in found):
        return int(Exit.WAITING)
    return int(Exit.WRONG) if troubles and folders else int(Exit.DONE)


def _facts(
    found: list[tuple[Path, list[Item]]], troubles: list[tuple[Path, str]]
) -> dict[str, Any]:
    import msgspec

    return {
        "waiting": [
            {"workspace": str(root), **msgspec.to_builtins(item)}
            for root, items in found
            for item in items
        ],
        "unreadable": [{"workspace": str(root), "why": why} for root, why in troubles],
    }


def _tell(found: list[tuple[Path, list[Item]]]) -> None:
    for root, items in found:
        if not items:
            continue
        result(str(root))
        for item in items:
            due = _("  (due {})").format(_spoken(item.due)) if item.due else ""
            mark = "!" if item.overdue else "‖"
            result(f"  {mark} {item.text}{due}")
            if item.note:
                result(f"      {item.note}")
    if not any(items for _root, items in found):
        result(_("Nothing waits for you."))


def _spoken(due: str) -> str:
    """A day, or a moment, as a person says it."""
    from datetime import datetime

    from tui_migrate.engine.gate_status import moment_words

    return moment_words(datetime.fromisoformat(due)) if "T" in due else due


def _waiting(root: Path) -> list[Item]:
    """What waits in one workspace: asked of its engine, else read from the files by their owner."""
    from datetime import UTC, datetime

    from tui_migrate.cli.common import read_run, words_of
    from tui_migrate.engine.api import Due
    from tui_migrate.engine.attach import attach
    from tui_migrate.engine.gate_delegations import with_delegations
    from tui_migrate.engine.inbox import waiting_for

    now = datetime.now(UTC)
    client = attach(root)
    if client is not None:
        try:
            client.send(Due())
            who = with_delegations(client.state, client.identity, now)
            return waiting_for(client.state, who, now, client.words)
        finally:
            client.close()
    here, _entries, state = read_run(root)
    if not state.run:
        return []
    from tui_migrate.engine.config import require_ok
    from tui_migrate.engine.identity import this_user
    from tui_migrate.engine.loading import load_workspace

    runbook = require_ok(load_workspace(here.root))
    who = with_delegations(state, this_user().identity(runbook), now)
    return waiting_for(state, who, now, words_of(here))
