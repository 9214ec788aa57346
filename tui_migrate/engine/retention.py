"""What the law wants kept: rules of the runbook per category of data, and who they hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from tui_migrate.engine.core import Core
from tui_migrate.i18n import _
from tui_migrate.model.entities import entities
from tui_migrate.runbook.models import RetentionRule
from tui_migrate.staging.store import first
from tui_migrate.steps.erasing_plan import Plan

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
        until = self.until.isoformat() if self.until else _("its end or date is known")
        return _("{} rows of {} have to be kept until {} ({})").format(
            self.rows, self.category, until, self.basis
        )


def held_by(core: Core, plan: Plan) -> list[Held]:
    """The rules that hold something today of what an erasure would take."""
    cursor = core.store.cursor()
    cursor.execute("CREATE OR REPLACE TEMP TABLE held_record (source VARCHAR, record_id VARCHAR)")
    for record in plan.records:
        cursor.execute("INSERT INTO held_record VALUES (?, ?)", list(record))
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE held_line"
        " (source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT)"
    )
    for f in plan.files:
        for line in f.lines:
            cursor.execute("INSERT INTO held_line VALUES (?, ?, ?, ?)",
                           [f.source, f.delivery, f.file, line])  # fmt: skip
    rows = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'"
    ).fetchall()
    tables = {str(row[0]) for row in rows}
    found = []
    for rule in core.runbook.retention.rules:
        if f"ent_{rule.category}" not in tables:
            continue
        row = first(cursor, _held(rule), {"today": datetime.now(UTC).date()})
        if row and row[0]:
            until = None if row[2] else row[1]
            found.append(Held(rule.category, int(row[0]), until, rule.basis))
    cursor.close()
    return found


def _held(rule: RetentionRule) -> str:
    """SQL: how many rows the rule holds, until when, and whether one has no date. Of whatever
    attempt: what a step is about to make again has to be kept as well."""
    named = {f.name for f in entities()[rule.category].fields}
    # What has an end is kept from there on, and while it runs.
    dates = [n for n in DATES if n in named and not (n == "starts_on" and "ends_on" in named)]
    day = f"coalesce({', '.join(f'{n}::DATE' for n in dates)})" if dates else "NULL::DATE"
    end = f"({day} + to_years({int(rule.years)}))::DATE"
    return f"""
    WITH theirs AS (
      SELECT DISTINCT t.source, t.record_id, {end} AS until FROM store.ent_{rule.category} t
      LEFT JOIN held_record h ON t.owner_source = h.source AND t.owner_record = h.record_id
      LEFT JOIN held_line l
        ON (t.source, t.delivery, t.file, t.line) = (l.source, l.delivery, l.file, l.line)
      WHERE h.source IS NOT NULL OR l.source IS NOT NULL)
    SELECT count(*), max(until), bool_or(until IS NULL) FROM theirs
    WHERE until IS NULL OR until > $today
    """
