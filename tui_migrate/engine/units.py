"""One unit of work: data, trail and marker in one transaction, then its segment on disk."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit.canonical import sha256_of
from tui_migrate.audit.trail import Place
from tui_migrate.engine.core import Core
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.staging.store import Cursor, columns_of, digest, hidden, literal, quote
from tui_migrate.steps.base import Context, Step, Unit

TECHNICAL_NAMES = ("step", "attempt", "unit")
READS = ("ingest", "consent_sync")
"""Step kinds that write what was delivered, as it is."""
RAW = "raw_"

# One row is a table of staging.
_STORE_TABLES = "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'"


class Units:
    """Does units on the runner's own cursor."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.cursor: Cursor = core.store.cursor()
        self._hidden: list[str] = []

    def do(self, worker: Step, context: Context, unit: Unit) -> facts.UnitCommitted:
        """One unit: data, trail and marker in one transaction, then its segment on disk.

        The journal entry is the caller's to write.
        """
        return self.write_segment(self.transact(worker, context, unit))

    def transact(self, worker: Step, context: Context, unit: Unit) -> facts.UnitCommitted:
        """The transaction alone; in a rebuild the segment stands already and is compared."""
        self.refuse_hidden()
        cursor, place = self.cursor, Place(context.spec.id, context.attempt, unit.id)
        own = (
            f"WHERE step = {literal(place.step)} AND attempt = {place.attempt} "
            f"AND unit = {literal(place.unit)}"
        )
        # DuckDB counts no rows of tables made in an open transaction, and so puts joins over them in
        # ruinous orders (measured: 0.09 s became minutes). Inside a unit they stay as written.
        cursor.execute("SET disabled_optimizers = 'join_order'")
        cursor.execute("BEGIN")
        try:
            cursor.execute("DELETE FROM store.trail")
            counts = worker.run(context, unit)
            segment = self._core.trail.prepare(cursor, place)
            filled = self._filled(worker, own)
            fact = facts.UnitCommitted(
                step=place.step,
                attempt=place.attempt,
                unit=place.unit,
                counts=counts,
                digest=self._output_digest(worker, own, filled),
                segment=segment,
            )
            cursor.execute(
                "INSERT INTO store.marker VALUES ($step, $attempt, $unit, $entry)",
                {**place.params, "entry": msgspec.json.encode(fact).decode()},
            )
            cursor.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        finally:
            self.cursor.execute("SET disabled_optimizers = ''")
        self._hidden += [table for table in filled if hidden(self.cursor, table)]
        return fact

    def prepare_segment(self, place: Place) -> None:
        """Make the rows of a committed unit's segment again, from the trail rows still in staging."""
        self._core.trail.prepare(self.cursor, place)

    def renew_cursor(self) -> None:
        """Take a cursor of the store as it is now."""
        self.cursor = self._core.store.cursor()

    def write_segment(self, fact: facts.UnitCommitted) -> facts.UnitCommitted:
        """The segment of a committed unit on disk; the fact with its hash."""
        if fact.segment is None:
            return fact
        place = Place(fact.step, fact.attempt, fact.unit)
        segment = self._core.trail.write(self.cursor, place, fact.segment)
        return msgspec.structs.replace(fact, segment=segment)

    def _rollback(self) -> None:
        try:
            self.cursor.execute("ROLLBACK")
        except duckdb.Error:
            # The transaction is gone already (a failed COMMIT, a full disk).
            self.renew_cursor()

    def _output_digest(self, worker: Step, own: str, filled: Sequence[str]) -> str:
        """Order-free digest of what the unit appended (``own``: SQL that says which rows), over all
        output tables of its kind. A table that this unit's mode does not define holds nothing."""
        found = {}
        for table in worker.outputs:
            if table not in filled:
                continue
            relation = f"store.{quote(table)}"
            columns = [c for c in columns_of(self.cursor, relation) if c not in TECHNICAL_NAMES]
            found[table] = digest(self.cursor, f"(SELECT * FROM {relation} {own})", columns)
        return sha256_of(found)

    def refuse_hidden(self) -> None:
        """Raise ``EnvironmentProblem`` when rows that a unit committed cannot be seen (see ``hidden``),
        before anything reads their tables: opened anew, the database shows them."""
        if self._hidden:
            raise EnvironmentProblem(
                _("The staging database passes over rows that it holds: {}.").format(
                    ", ".join(self._hidden)
                ),
                _("Nothing is lost, nothing has read them. Stop the engine, then run again."),
            )

    def _filled(self, worker: Step, own: str) -> list[str]:
        """Tables that hold rows of this unit (``own``: SQL that says which), of those that its kind
        writes."""
        known = [str(row[0]) for row in self.cursor.execute(_STORE_TABLES).fetchall()]
        tables = [table for table in worker.outputs if table in known]
        if worker.kind in READS:
            tables += [table for table in known if table.startswith(RAW)]
        asked = [
            f"(SELECT {literal(table)} FROM store.{quote(table)} {own} LIMIT 1)" for table in tables
        ]
        if not asked:
            return []
        filled = {row[0] for row in self.cursor.execute(" UNION ALL ".join(asked)).fetchall()}
        return [table for table in tables if table in filled]
