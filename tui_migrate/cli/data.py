"""Commands that take data out: export, restore."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tui_migrate.cli.common import (
    KEY_FILE_VARIABLE,
    PASSPHRASE_VARIABLE,
    JsonOption,
    KeyFileOption,
    WorkspaceOption,
    find_key,
    opened,
    print_json,
    result,
    say,
    told,
)
from tui_migrate.errors import EnvironmentProblem, Exit
from tui_migrate.i18n import _


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(export)
    app.command()(deleted)
    app.command()(restore)


def export(
    what: Annotated[
        str,
        typer.Argument(
            metavar="WHAT",
            help=_(
                "crosswalk, redirects, profiles, consents, segments, findings, pairs, decisions, fates,"
                " receipts; or splink: the model of the match and its records, a folder."
            ),
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help=_(".csv, .parquet or .jsonl; of splink a new folder")),
    ],
    to: Annotated[str, typer.Option("--to", help=_("For whom (kept in the register)."))] = "",
    basis: Annotated[str, typer.Option(help=_("On which ground (kept in the register)."))] = "",
    model: Annotated[
        Path | None, typer.Option(help=_("Of splink: the model of another workspace, a file."))
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """Write one of the tables to a file. Every export is journalled."""
    from tui_migrate.engine import api

    if model is not None and not model.is_file():
        raise EnvironmentProblem(_("There is no file {}.").format(model))
    with opened(workspace) as client:
        command = api.Export(
            what=what,
            path=str(output.resolve()),
            recipient=to,
            basis=basis,
            model=str(model.resolve()) if model else "",
        )
        return told(client.send(command))


def deleted(
    sha256: Annotated[
        str,
        typer.Argument(metavar="SHA256", help=_("Its hash, or the first characters of it.")),
    ],
    note: Annotated[str, typer.Option(help=_("How it is known (kept in the register)."))] = "",
    proof: Annotated[
        Path | None, typer.Option(help=_("A file that says so; its hash is kept."))
    ] = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """Note that a file that was taken out is gone again."""
    from tui_migrate.engine import api
    from tui_migrate.files import sha256_file

    if proof is not None and not proof.is_file():
        raise EnvironmentProblem(_("There is no file {}.").format(proof))
    with opened(workspace) as client:
        hashed = sha256_file(proof) if proof is not None else ""
        return told(client.send(api.Deleted(sha256=sha256, note=note, proof=hashed)))


def restore(
    backup: Annotated[Path, typer.Argument(metavar="BACKUP", help=_("A back-up file."))],
    folder: Annotated[Path, typer.Argument(metavar="DIR", help=_("An empty or new folder."))],
    key_file: KeyFileOption = None,
    workspace: WorkspaceOption = Path(),
    as_json: JsonOption = False,
) -> int:
    """Decrypt a back-up into a folder and check every file against its manifest."""
    from tui_migrate.engine import memory
    from tui_migrate.engine.workspace import Workspace

    memory.load(Workspace(workspace.resolve()).journal)  # whoever was erased since may be in it
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
    erased = _erase_again(folder, workspace)
    files = sum(p.is_file() for p in folder.rglob("*"))
    if as_json:
        print_json({"folder": str(folder.resolve()), "files": files, "tables": tables, **erased})
        return int(Exit.DONE)
    result(
        _("{} files restored to {}; {} rows in staging.").format(
            files, folder, sum(tables.values())
        )
    )
    return int(Exit.DONE)


def _erase_again(folder: Path, workspace: Path) -> dict[str, int | None]:
    """Who was erased since the back-up was made does not come back with it; a restored audit is read
    as it will have to be read. How many entries it has (``None`` without one), and how many rows were
    taken out again (``None`` where nobody knows)."""
    from tui_migrate.audit.journal import read_entries
    from tui_migrate.audit.vault import Vault
    from tui_migrate.engine.erased_again import erase_again
    from tui_migrate.engine.workspace import Workspace

    restored = Workspace(folder.resolve())
    found: dict[str, int | None] = {"entries": None, "erased_rows": None}
    if restored.journal.is_file():
        found["entries"] = sum(1 for _entry in read_entries(restored.journal))
        say(_("The restored journal is whole: {} entries.").format(found["entries"]))
    here = Workspace(workspace.resolve())
    keys = [w.vault / "workspace.key" for w in (here, restored)]
    key_of = next((path.parent for path in keys if path.is_file()), None)
    if not here.journal.is_file() or key_of is None:
        say(_("No journal of this workspace is here: whoever was erased since may be in it."))
        return found
    plan = erase_again(
        restored.root, list(read_entries(here.journal)), Vault(key_of).workspace_key()
    )
    found["erased_rows"] = sum(len(f.lines) for f in plan.files) if plan is not None else 0
    if plan is not None:
        say(_("{} rows of erased persons were taken out again.").format(found["erased_rows"]))
    return found
