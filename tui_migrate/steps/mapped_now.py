"""Mapped rows as an erasure needs them at any moment of a run: where a step has not mapped what was read,
the mappings are applied here."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Table
from pathlib import Path

from tui_migrate.consent.relations import (
    CONSENT_COLUMNS,
    CONTACT_POINT_COLUMNS,
    PROFILE_COLUMNS,
    SUPPRESSION_COLUMNS,
    read,
)
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.rows import Settings, map_rows
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Cursor, literal, quote
from tui_migrate.steps.zones import zone_of, zones_of

ENTITIES = {
    "profile": PROFILE_COLUMNS,
    "contact_point": CONTACT_POINT_COLUMNS,
    "consent": CONSENT_COLUMNS,
    "suppression": SUPPRESSION_COLUMNS,
}

# Of a raw row: it was not mapped yet, or another row was that stood in its place.
_UNMAPPED = """(
 NOT EXISTS (FROM store.ent_profile e WHERE e.source = {source} AND e.delivery = raw._delivery
   AND e.file = raw._file AND e.line = raw._line)
 OR (SELECT seq FROM store.attempt a WHERE (a.step, a.attempt) = (raw.step, raw.attempt)) > (
   SELECT coalesce(max(seq), -1) FROM store.attempt SEMI JOIN store.ent_profile USING (step, attempt)))"""


def mapped_now(
    cursor: Cursor,
    workspace: Path,
    runbook: Runbook,
    source: str,
    mappings: Iterable[Mapping],
    where: str = "true",
) -> dict[str, list[str]]:
    """Entity → relations of the rows that the mappings make of ``store.raw_<source>``. workspace: where
    the manifests of its deliveries lie; where: SQL, which of its rows (called ``raw``)."""
    found: dict[str, list[str]] = {name: [] for name in ENTITIES}
    settings = Settings(
        zone=zone_of(runbook, source),
        zones=zones_of(workspace, runbook, source),
        brands=runbook.brands,
    )
    wanted = [m for m in mappings if m.entity.name in ENTITIES]
    for number, mapping in enumerate(wanted):
        rows = f"(FROM store.{quote(f'raw_{source}')} raw WHERE {where})"
        mapped = map_rows(cursor, mapping, rows, settings)
        table = quote(f"erase_mapped_{source}_{number}")
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {mapped.entity_select()}")
        name = mapping.entity.name
        found[name].append(read(cursor, table, ENTITIES[name]))
    return found


def union(relations: Iterable[str]) -> str:
    """One relation of them all."""
    return f"({' UNION ALL '.join(f'FROM {one}' for one in relations)})"


class MappedRows:
    """The mapped rows of a workspace's staging."""

    def __init__(
        self,
        cursor: Cursor,
        workspace: Path,
        runbook: Runbook,
        mappings: Table[str, tuple[Mapping, ...]],
        tables: frozenset[str],
    ) -> None:
        """``tables``: those of ``store``."""
        self._cursor, self._workspace = cursor, workspace
        self._runbook, self._mappings = runbook, mappings
        self._tables = tables

    @property
    def made(self) -> bool:
        """Whether a step has mapped anything."""
        return "ent_profile" in self._tables

    def whole(self) -> dict[str, str]:
        """Entity → one relation of all mapped rows; where nothing was mapped, of all that was read."""
        now: dict[str, list[str]] = {} if self.made else self._now("true")
        return {
            name: union([read(self._cursor, f"store.ent_{name}", columns), *now.get(name, ())])
            for name, columns in ENTITIES.items()
        }

    def unmapped(self) -> dict[str, list[str]]:
        """Entity → relations of the rows that ``whole`` lacks: read, and not mapped yet."""
        return self._now(_UNMAPPED) if self.made else {name: [] for name in ENTITIES}

    def _now(self, where: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {name: [] for name in ENTITIES}
        for source in self._runbook.sources:
            if f"raw_{source}" in self._tables:
                mapped = mapped_now(
                    self._cursor, self._workspace, self._runbook, source,
                    self._mappings.get(source, ()), where.format(source=literal(source)),
                )  # fmt: skip
                for name, relations in mapped.items():
                    found[name] += relations
        return found
