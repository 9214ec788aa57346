"""In which time zone a moment is that names none: its delivery's, its source's, or the runbook's."""

from __future__ import annotations

from pathlib import Path

from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.deliveries import find_deliveries


def zone_of(runbook: Runbook, source: str) -> str:
    """IANA zone of deliveries whose manifest declares none."""
    return runbook.sources[source].zone or runbook.zone


def zones_of(workspace: Path, runbook: Runbook, source: str) -> dict[str, str]:
    """Delivery → IANA zone, of the deliveries whose manifest declares another one than ``zone_of``."""
    usual = zone_of(runbook, source)
    found = find_deliveries(workspace, source, runbook.sources[source].files)
    declared = {d.name: d.manifest.zone for d in found if d.manifest and d.manifest.zone}
    return {name: zone for name, zone in declared.items() if zone != usual}
