"""Commands that take data out: export, restore."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tui_migrate.cli.common import (
    KEY_FILE_VARIABLE,
    PASSPHRASE_VARIABLE,
    KeyFileOption,
    WorkspaceOption,
    find_key,
    opened,
    result,
    say,
)
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)
    app.command()(restore)


def export(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help=_(
                "crosswalk, profiles, consents, segments, findings, pairs, decisions, fates, receipts."
            ),
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help=_(".csv, .parquet or .jsonl"))],
    workspace: WorkspaceOption = Path(),
) -> int:
    """Write one of the tables to a file. Every export is journalled."""
    from tui_migrate.engine import api

    with opened(workspace) as client:
        reply = client.send(api.Export(what=what, path=str(output.resolve())))
    if not reply.ok:
        say(f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message)
        return reply.exit_code
    result(reply.message)
    return int(Exit.DONE)


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help=_("A back-up file."))],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("An empty or new folder."))],
    key_file: KeyFileOption = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """Decrypt a back-up into a folder and check every file against its manifest."""
    from tui_migrate.engine.workspace import Workspace
    from tui_migrate.staging.archive import restore_backup

    path = backup if backup.is_file() else Workspace(workspace.resolve()).backups / backup.name
    if not path.is_file():
        raise EnvironmentProblem(_("There is no back-up {}.").format(backup))
    if folder.exists() and any(folder.iterdir()):
        raise EnvironmentProblem(_("{} is not empty.").format(folder), _("Name a new folder."))
    key = find_key(workspace, key_file, ask=True)
    if key is None:
        raise EnvironmentProblem(
            _("The back-up is encrypted and no key was given."),
            _("Give --key-file FILE, or set {} or {}.").format(
                KEY_FILE_VARIABLE, PASSPHRASE_VARIABLE
            ),
        )
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        tables = restore_backup(path, key, folder)
    except (
        OSError
    ):  # half of a back-up is no use to anybody, and the next try wants an empty folder
        for part in folder.iterdir():
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        raise
    finally:
        if made and not any(folder.iterdir()):
            folder.rmdir()
    files = sum(p.is_file() for p in folder.rglob("*"))
    result(
        _("{} files restored to {}; {} rows in staging.").format(
            files, folder, sum(tables.values())
        )
    )
    return int(Exit.DONE)
