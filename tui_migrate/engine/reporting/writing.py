"""Reports and lineage as files, written whole."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tui_migrate.engine.reporting.material import Material
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import write_whole
from tui_migrate.i18n import _
from tui_migrate.report.export import ExportResult

ENDINGS = (".html", ".md")


def write_report(material: Material, path: Path, language: str) -> ExportResult:
    """The report at ``path``, as its ending says. ``rows``: entries of the journal that it is of."""
    from tui_migrate.engine.reporting.report import LANGUAGES, report
    from tui_migrate.report.html import html
    from tui_migrate.report.markdown import markdown

    if language not in LANGUAGES:
        raise EnvironmentProblem(
            _("There is no report in {}.").format(language),
            _("Known: {}.").format(", ".join(LANGUAGES)),
        )
    if path.suffix not in ENDINGS:
        raise EnvironmentProblem(
            _("The ending of {} says no format.").format(path),
            _("Known endings: {}.").format(", ".join(ENDINGS)),
        )
    document = report(material, language)
    return _write(path, html(document) if path.suffix == ".html" else markdown(document), material)


def write_lineage(material: Material, path: Path) -> ExportResult:
    """OpenLineage events at ``path``, one JSON object a line."""
    from tui_migrate.engine.lineage import events
    from tui_migrate.report.openlineage import lines

    return _write(path, lines(events(material)), material)


def _write(path: Path, text: str, material: Material) -> ExportResult:
    content = text.encode("utf-8", "replace")
    try:
        write_whole(path, content)
    except OSError as error:
        raise EnvironmentProblem(
            _("{} cannot be written: {}").format(path, error.strerror or error)
        ) from error
    return ExportResult(material.state.seq, hashlib.sha256(content).hexdigest())
