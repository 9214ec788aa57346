"""Commands that tell of a whole run to others: audit report, audit lineage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tui_migrate.cli.common import WorkspaceOption, opened, read_journal, read_run, result, told
from tui_migrate.errors import DataSaysNo, EnvironmentProblem, Exit
from tui_migrate.i18n import _, language

if TYPE_CHECKING:
    from tui_migrate.engine.reporting.material import Material

FolderOption = Annotated[
    Path | None,
    typer.Option(help=_("A copied audit folder; then nothing is journalled.")),
]
ToOption = Annotated[str, typer.Option("--to", help=_("For whom (kept in the register)."))]

BasisOption = Annotated[
    str, typer.Option("--basis", help=_("On which ground (kept in the register)."))
]


def register(audit_app: typer.Typer) -> None:
    """Add the commands of this module."""
    audit_app.command()(report)
    audit_app.command()(lineage)


def report(
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help=_("The file; without it report.html or report.md here.")
        ),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", help=_("html or md; else as the file ends."))
    ] = "",
    lang: Annotated[str, typer.Option(help=_("en or nl; else the language of the reader."))] = "",
    to: ToOption = "",
    basis: BasisOption = "",
    folder: FolderOption = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """The whole run for those who were not there: one HTML file, or Markdown."""
    from tui_migrate.engine import api
    from tui_migrate.engine.reporting.writing import write_report
    from tui_migrate.engine.taking_out import REPORT

    path = _place(output, form)
    spoken = lang or language()
    if folder is not None:
        made = write_report(_copied(folder), path, spoken)
        result(_("The report of {} entries in {}").format(made.rows, path))
        return int(Exit.DONE)
    _require_run(workspace)
    with opened(workspace) as client:
        command = api.Export(
            what=REPORT, path=str(path), recipient=to, basis=basis, language=spoken
        )
        return told(client.send(command))


def lineage(
    output: Annotated[Path, typer.Option("-o", "--output", help=_("The file, .jsonl"))],
    to: ToOption = "",
    basis: BasisOption = "",
    folder: FolderOption = None,
    workspace: WorkspaceOption = Path(),
) -> int:
    """The steps as OpenLineage events, for a data catalogue: one JSON object a line."""
    from tui_migrate.engine import api
    from tui_migrate.engine.reporting.writing import write_lineage
    from tui_migrate.engine.taking_out import LINEAGE

    if folder is not None:
        write_lineage(_copied(folder), output)
        return int(Exit.DONE)
    _require_run(workspace)
    with opened(workspace) as client:
        command = api.Export(what=LINEAGE, path=str(output.resolve()), recipient=to, basis=basis)
        return told(client.send(command))


def _place(output: Path | None, form: str) -> Path:
    if form not in ("", "html", "md"):
        raise EnvironmentProblem(_("There is no format {}.").format(form), _("Known: html, md."))
    path = (output or Path(f"report.{form or 'html'}")).resolve()
    if form and path.suffix != f".{form}":
        raise EnvironmentProblem(
            _("{} does not end in .{}.").format(path.name, form),
            _("Name it so, or leave --format out."),
        )
    return path


def _require_run(root: Path) -> None:
    _here, entries, _state = read_run(root)
    if not entries:
        raise DataSaysNo(_("Nothing was begun here."))


def _copied(folder: Path) -> Material:
    """What a copied audit folder gives, with the vault that stands beside it if it was copied along."""
    from tui_migrate.engine.reporting.material import material_of

    journal = folder / "journal.jsonl"
    if not journal.is_file():
        raise EnvironmentProblem(_("There is no journal.jsonl in {}.").format(folder))
    entries = read_journal(journal, None)
    if not entries:
        raise DataSaysNo(_("Nothing was begun here."))
    return material_of(folder, folder.resolve().parent / "vault", entries)
