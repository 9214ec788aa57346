"""All step kinds by the name that a runbook uses; each module is imported when first needed."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from tui_migrate.steps.base import Registry, Step

_KINDS = {
    "backup": ("tui_migrate.steps.backup", "BackupStep"),
    "ingest": ("tui_migrate.steps.ingest", "IngestStep"),
    "map": ("tui_migrate.steps.map", "MapStep"),
    "validate": ("tui_migrate.steps.validate", "ValidateStep"),
    "match": ("tui_migrate.steps.match", "MatchStep"),
    "merge": ("tui_migrate.steps.merge", "MergeStep"),
    "import": ("tui_migrate.steps.import_", "ImportStep"),
    "consent_sync": ("tui_migrate.steps.consent_sync", "ConsentSyncStep"),
    "verify": ("tui_migrate.steps.verify", "VerifyStep"),
    "export": ("tui_migrate.steps.export", "ExportStep"),
}


def _loader(module: str, name: str) -> Callable[[], type[Step]]:
    return lambda: cast(type[Step], getattr(import_module(module), name))


def default_registry() -> Registry:
    """The step kinds that the program ships (gates and checklists are the engine's own)."""
    return Registry({kind: _loader(*place) for kind, place in _KINDS.items()})
