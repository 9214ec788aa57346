"""What is taken out of a workspace: tables, reports, lineage; and that it is gone again. All of it is
journalled: who, what, for whom, until when."""

from __future__ import annotations

from pathlib import Path

from tui_migrate.audit import entries as facts
from tui_migrate.engine import api
from tui_migrate.engine.core import Core
from tui_migrate.engine.exporting import PERSON, export_extras, purge_date
from tui_migrate.engine.person_bundle import write_bundle
from tui_migrate.engine.seeing import seen_by
from tui_migrate.engine.splink_folder import SPLINK, take_out
from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.report.export import ExportResult, export

REPORT, LINEAGE = "report", "lineage"
LEAST = 8
"""Characters of a hash that name a file."""


def export_handler(core: Core, command: api.Export) -> api.Reply:
    """Write a table, the report or the lineage to a file, and journal it."""
    path = Path(command.path)
    if not path.is_absolute():
        path = Path.cwd() / path
    subject = ""
    _require_ground(core, command)
    if command.what == SPLINK:
        _require_all(core)
        return take_out(core, command, path)
    if command.what == PERSON:
        result, subject = write_bundle(core, command.subject, path, command.language or "en")
    elif command.what in (REPORT, LINEAGE):
        result = _document(core, command, path)
    else:
        _require_all(core)
        result = export(core.store.cursor(), command.what, path, export_extras(core))
    entry = core.record(
        facts.Exported(
            what=command.what,
            rows=result.rows,
            sha256=result.sha256,
            purge_on=purge_date(core.runbook.retention.exports_days),
            recipient=core.vault.keep_words(command.recipient),
            basis=core.vault.keep_words(command.basis),
            subject=subject,
        ),
        command.id,
    )
    message = _("{} rows of {} in {}").format(result.rows, command.what, path)
    if command.what == PERSON:
        message = _("All about this person, with {} events, in {}").format(result.rows, path)
    if command.what == REPORT:
        message = _("The report of {} entries in {}").format(result.rows, path)
    return api.Reply(ok=True, message=message, seq=entry.seq)


def _require_ground(core: Core, command: api.Export) -> None:
    """Raise ``DataSaysNo`` for persons taken out without a ground, where the runbook wants to know why
    somebody looks at them."""
    if core.runbook.looking.reason != "required" or command.what in (REPORT, LINEAGE):
        return
    if not command.basis.strip():
        raise DataSaysNo(
            _("Who takes out persons here has to say on which ground."),
            _("With --basis GROUND; the full-screen program asks once why you look."),
        )


def _require_all(core: Core) -> None:
    """Raise ``DataSaysNo`` for who may not see all: the rows of a table are of any brand."""
    if not seen_by(core.runbook, core.identity, core.owner.uid).all:
        raise DataSaysNo(
            _("Only who may see all brands and channels can take out a table."),
            _("The report has no values of persons: tui-migrate audit report."),
        )


def _document(core: Core, command: api.Export, path: Path) -> ExportResult:
    """A report or the lineage, with what only staging knows."""
    from tui_migrate.engine.answers import answer_with
    from tui_migrate.engine.data_queries import Fates
    from tui_migrate.engine.reporting.material import material_of
    from tui_migrate.engine.reporting.writing import write_lineage, write_report
    from tui_migrate.engine.view import EngineView

    here = core.workspace
    fates = answer_with(EngineView(core), Fates())
    material = material_of(here.audit, here.vault, list(core.journal.entries), tuple(fates))
    if command.what == LINEAGE:
        return write_lineage(material, path)
    return write_report(material, path, command.language or "en")


def deleted_handler(core: Core, command: api.Deleted) -> api.Reply:
    """Somebody says that a file that was taken out is gone."""
    if len(command.sha256) < LEAST:
        raise EnvironmentProblem(
            _("Name the file by {} characters or more of its hash.").format(LEAST)
        )
    known = {
        export.sha256
        for _entry, export in core.state.exports
        if export.sha256.startswith(command.sha256.lower())
    }
    if len(known) != 1:
        raise DataSaysNo(
            _("No file that was taken out has the hash {}.").format(command.sha256),
            _("The report lists them: tui-migrate audit report."),
        )
    entry = core.record(
        facts.ExportDeleted(
            sha256=known.pop(), note=core.vault.keep_words(command.note), proof=command.proof
        ),
        command.id,
    )
    return api.Reply(ok=True, message=_("Noted."), seq=entry.seq)
