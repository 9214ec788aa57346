"""Step kind ``export``: tables as files under ``.tui-migrate/<to>``, each journalled with a purge date.

Nothing in staging changes, so a rebuild writes no file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.report.export import Extras, export
from tui_migrate.steps.base import Context, Outcome, Step, Unit
from tui_migrate.steps.import_rows import hidden_fields

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import ExportWith

STATE = ".tui-migrate"


class ExportStep(Step):
    """Writes export tables; one unit per table."""

    kind: ClassVar[str] = "export"

    @property
    def settings(self) -> ExportWith:
        """The step's ``with:``."""
        return cast("ExportWith", self.spec.with_)

    def plan(self, context: Context) -> Sequence[Unit]:
        """One unit per table, in the order of the runbook."""
        return [Unit(what, f"{what}.{self.settings.format}") for what in self.settings.what]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        """Write one table."""
        if context.rebuilding:
            return {}
        path = self._folder(context) / f"{unit.id}.{self.settings.format}"
        result = export(context.cursor, unit.id, path, self._extras(context, unit))
        day = datetime.now(UTC).date() + timedelta(days=self.runbook.retention.exports_days)
        context.host.journal_export(unit.id, result.rows, result.sha256, day.isoformat())
        return {"rows": result.rows}

    def finish(self, context: Context) -> Outcome:
        """How many tables were written."""
        return Outcome({"tables": len(self.settings.what)})

    def _folder(self, context: Context) -> Path:
        state = (context.workspace / STATE).resolve()
        folder = (state / self.settings.to).resolve()
        if not folder.is_relative_to(state):
            raise EnvironmentProblem(
                _("Step {} exports to {}, outside the workspace.").format(
                    self.spec.id, self.settings.to
                ),
                _("Name a folder such as exports."),
            )
        return folder

    def _extras(self, context: Context, unit: Unit) -> Extras:
        pairs = None
        if unit.id == "pairs" and context.decisions:
            pairs = [
                (d.source_a, d.record_a, d.source_b, d.record_b, d.decision, d.decided_by)
                for d in context.decisions
            ]
        return Extras(
            pair_decisions=pairs, left_out=hidden_fields(self.runbook, context.payment_allowed)
        )
