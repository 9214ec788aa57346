"""Targets: the systems that profiles are brought to."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.targets.base import Target, Undone, batch_id, counts

__all__ = ["Target", "TargetSettings", "Undone", "batch_id", "counts", "open_target"]


class TargetSettings(Protocol):
    """What ``open_target`` needs of a runbook's ``target:``."""

    @property
    def type(self) -> str: ...
    @property
    def path(self) -> str: ...


def open_target(spec: TargetSettings, workspace: Path) -> Target:
    """The runbook's target. ``path`` is relative to the workspace.

    Raises ``Locked`` when another program holds it and ``EnvironmentProblem`` for an unknown type
    or something at the path that is no target.
    """
    path = workspace / spec.path
    if spec.type == "csv":
        from tui_migrate.targets.csv_files import CsvTarget

        return CsvTarget(path)
    if spec.type == "duckdb":
        from tui_migrate.targets.duckdb_file import DuckdbTarget

        return DuckdbTarget(path)
    raise EnvironmentProblem(
        _("There is no target of type {}.").format(spec.type), _("Known types: csv, duckdb.")
    )
