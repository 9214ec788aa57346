"""What the law wants kept: rules of the runbook per category of data, and who they hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tui_migrate.engine.core import Core
from tui_migrate.i18n import _
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import first

DATES = ("invoiced_on", "donated_on", "placed_at", "ends_on", "held_on", "starts_on", "event_at")
"""Fields that say when the time of keeping begins, in this order."""


@dataclass(frozen=True, slots=True)
class Held:
    """A category of data of a person that has to be kept until ``until`` (``None``: without a date,
    so for ever), and on which basis."""

    category: str
    rows: int
    until: date | None
    basis: str

    def words(self) -> str:
        """In words."""
        until = self.until.isoformat() if self.until else _("its date is known")
        return _("{} rows of {} have to be kept until {} ({})").format(
            self.rows, self.category, until, self.basis
        )


def held_by(core: Core, profile_id: str, records: Sequence[tuple[str, str]]) -> list[Held]:
    """The rules that hold something of these records today."""
    cursor = core.store.cursor()
    views = {row[0] for row in cursor.execute("SELECT view_name FROM duckdb_views()").fetchall()}
    cursor.execute("CREATE OR REPLACE TEMP TABLE held_record (source VARCHAR, record_id VARCHAR)")
    for record in records:
        cursor.execute("INSERT INTO held_record VALUES (?, ?)", list(record))
    found = []
    for rule in core.runbook.retention.rules:
        entity = entities()[rule.category]
        if f"ent_{rule.category}" not in views:
            continue
        named = [f.name for f in entity.fields if f.name in DATES]
        dates = [f"{name}::DATE" for name in DATES if name in named]
        day = f"coalesce({', '.join(dates)})" if dates else "NULL::DATE"
        end = f"({day} + to_years({int(rule.years)}))::DATE"
        row = first(
            cursor,
            f"SELECT count(*), max({end}), bool_or({day} IS NULL) FROM ent_{rule.category} t"
            " SEMI JOIN held_record h ON t.owner_source = h.source AND t.owner_record = h.record_id"
            f" WHERE {day} IS NULL OR {end} > $today",
            {"today": datetime.now(UTC).date()},
        )
        if row and row[0]:
            until = None if row[2] else row[1]
            found.append(Held(rule.category, int(row[0]), until, rule.basis))
    return found
