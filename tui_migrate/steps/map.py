"""Step kind ``map``: raw rows become rows of the model, one unit per mapping and range of rows."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import ClassVar

import pyarrow as pa

from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.mapping.coverage import ColumnUse, coverage
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.mapped import Mapped, entity_columns
from tui_migrate.mapping.model import UNREJECTABLE, Mapping
from tui_migrate.mapping.passed_over import RULE as PASSED
from tui_migrate.mapping.passed_over import passed_over_select
from tui_migrate.mapping.problems import NOT_SELECTED
from tui_migrate.mapping.rows import FAR, Settings, map_rows
from tui_migrate.model.entities import entities
from tui_migrate.runbook.kinds import MapWith
from tui_migrate.runbook.load import load_runbook
from tui_migrate.staging.store import literal, quote
from tui_migrate.steps import newcomers
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.erased_rows import Rows
from tui_migrate.steps.map_checks import absent, citizen_numbers, covered
from tui_migrate.steps.zones import zone_of, zones_of

ROWS_OF_A_UNIT = 200_000
COLUMNS = "columns"
LEFT_OVER = "left-over"

LINK_COLUMNS = (
    "source VARCHAR, record_id VARCHAR, other_source VARCHAR, other_record VARCHAR,"
    " column_name VARCHAR"
)
"""One row of ``link``: a record names a record of another source, so the two are one person."""

# One row is a stretch of lines of one file.
_STRETCHES = """
SELECT _delivery, _file, _line // $size AS stretch, min(_line), max(_line), count(*)
FROM {relation} GROUP BY ALL ORDER BY _delivery, _file, stretch
"""

# One row is a physical row of the source that an earlier step (or unit) took out.
_TAKEN_OUT = """
SELECT f.delivery AS _delivery, f.file AS _file, f.line AS _line
FROM store.fate f JOIN live l USING (step, attempt)
WHERE f.source = {source} GROUP BY ALL HAVING max_by(f.fate, l.ord) {fates}
"""

# One row is an address and the record that carries it: of the most trusted source, then lowest id.
_CARRIERS = """
(SELECT email, min_by(source, place) AS source, min_by(record_id, place) AS record_id FROM
  (SELECT lower(unnest(email)) AS email, source, record_id,
          (CASE source {trust} ELSE 99 END, source, record_id) AS place FROM ent_profile)
 GROUP BY email)
"""

# One row is a pending row of the source of which no mapping made anything.
_LEFT_OVER = """
SELECT {source} AS source, _delivery AS delivery, _file AS file, _line AS line,
       'excluded' AS fate, {reason} AS reason
FROM (SELECT DISTINCT _delivery, _file, _line FROM {relation})
ANTI JOIN ({taken_out}) USING (_delivery, _file, _line)
ANTI JOIN ({mapped}) USING (_delivery, _file, _line)
ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class _Part:
    """A unit's share of the rows of a mapping: an SQL condition on raw rows."""

    mapping: Mapping
    condition: str


class MapStep(Step):
    """Applies the mappings of all sources but the deltas (``consent_sync`` maps those), of which it
    takes the newcomers that were read."""

    kind: ClassVar[str] = "map"
    outputs: ClassVar[tuple[str, ...]] = (
        "fate",
        "finding",
        "column_use",
        "link",
        *(f"ent_{name}" for name in entities()),
    )

    @cached_property
    def _parts(self) -> dict[str, _Part]:
        return {}

    @cached_property
    def _loaded(self) -> dict[str, tuple[Mapping, ...]]:
        return {}

    def _mappings(self, context: Context) -> dict[str, tuple[Mapping, ...]]:
        """Mappings by source, read once; a mistake in them stops the step before anything runs."""
        if not self._loaded:
            loaded = load_runbook(context.workspace)
            found, problems = load_mappings(loaded)
            if problems:
                raise DataSaysNo("\n".join(str(problem) for problem in problems))
            deltas = {name for name in found if self.runbook.sources[name].deltas}
            self._loaded.update((s, of_it) for s, of_it in found.items() if s not in deltas)
            self._of_deltas.update((s, of_it) for s, of_it in found.items() if s in deltas)
        return self._loaded

    @cached_property
    def _of_deltas(self) -> dict[str, tuple[Mapping, ...]]:
        return {}

    def _newcomers(self, context: Context) -> list[Mapping]:
        """The mappings of people in changes who were read as records."""
        self._mappings(context)
        return [m for every in newcomers.of_deltas(self._of_deltas).values() for m in every]

    def inputs(self, context: Context) -> dict[str, str]:
        """Digests of the mapping files, and what decides how cells are read (what manifests say of
        time zones too)."""
        files = sorted({name for spec in self.runbook.sources.values() for name in spec.mapping})
        digests = {
            name: hashlib.sha256((context.workspace / name).read_bytes()).hexdigest()
            for name in files
            if (context.workspace / name).is_file()
        }
        sources = [
            f"{name}:{spec.trust}:{spec.zone}:{sorted(spec.links.items())}"
            for name, spec in sorted(self.runbook.sources.items())
        ]
        taken = newcomers.taken_in(context)  # no other delivery of changes is mapped here
        sources += [
            f"{name}:{delivery}:{zone}"
            for name, spec in sorted(self.runbook.sources.items())
            for delivery, zone in sorted(zones_of(context.workspace, self.runbook, name).items())
            if not spec.deltas or (name, context.host.name(delivery)) in taken
        ]
        settings = "\n".join([self.runbook.zone, *sorted(self._payment(context)), *sources])
        digests["settings"] = hashlib.sha256(settings.encode()).hexdigest()
        return digests

    def plan(self, context: Context) -> Sequence[Unit]:
        """First the columns, then records, then child rows (which look at records)."""
        context.store.define("link", LINK_COLUMNS, context.cursor)
        for name, entity in entities().items():
            context.store.define(f"ent_{name}", entity_columns(entity), context.cursor)
        mappings = [m for found in self._mappings(context).values() for m in found]
        units = [Unit(COLUMNS, _("use of the columns"))]
        mappings += self._newcomers(context)
        for mapping in sorted(mappings, key=lambda mapping: mapping.owned):
            units += self._units(context, mapping)
        return [*units, Unit(LEFT_OVER, _("rows that no mapping takes"))]

    def _units(self, context: Context, mapping: Mapping) -> list[Unit]:
        relation = f"raw_{mapping.source}"
        if not context.exists(relation):
            return []
        found = context.query(_STRETCHES.format(relation=quote(relation)), {"size": ROWS_OF_A_UNIT})
        rows = sum(int(str(row[5])) for row in found)
        name = mapping.file.rpartition("/")[2].removesuffix(".yaml")
        if mapping.change:
            name += f".{mapping.change[1]}"
        name = f"{mapping.source}.{re.sub(r'[^a-z0-9_.-]', '_', name.lower())}"
        conditions = ["true"]
        if rows > ROWS_OF_A_UNIT:
            conditions = _pieces(mapping, found, rows)
        size = -(-rows // len(conditions))
        units = []
        for number, condition in enumerate(conditions, 1):
            unit = Unit(name if len(conditions) == 1 else f"{name}.{number}", mapping.file, size)
            self._parts[unit.id] = _Part(mapping, condition)
            units.append(unit)
        return units

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        if unit.id == COLUMNS:
            return self._columns(context, unit)
        if unit.id == LEFT_OVER:
            return self._left_over(context, unit)
        if unit.id not in self._parts:
            self.plan(context)
        part = self._parts[unit.id]
        mapping = part.mapping
        out = "= 'repeated'" if mapping.entity.name in UNREJECTABLE else "<> 'pending'"
        taken_out = _TAKEN_OUT.format(source=literal(mapping.source), fates=out)
        condition = part.condition
        if nobody := self._nobody(context, mapping):
            condition = f"({condition}) AND NOT {nobody}"
        relation = (
            f"(SELECT * FROM {quote('raw_' + mapping.source)} WHERE {condition}) d"
            f" ANTI JOIN ({taken_out}) USING (_delivery, _file, _line)"
        )
        mapped = map_rows(
            context.cursor, mapping, f"(SELECT * FROM {relation})", self._settings(context, mapping)
        )
        return self._write(context, unit, mapped)

    def _nobody(self, context: Context, mapping: Mapping) -> str:
        """SQL: whether an erasure left nothing of who the mapping reads of a row."""
        stones = context.host.tombstones()
        if not stones.any:
            return ""
        mappings = {**self._mappings(context), **self._of_deltas}[mapping.source]
        rows = Rows(mapping.source, self.runbook.sources[mapping.source], mappings, stones)
        columns = context.columns(f"raw_{mapping.source}")
        return rows.nobody(mapping, [c for c in columns if not c.startswith("_")])

    def _write(self, context: Context, unit: Unit, mapped: Mapped) -> dict[str, int]:
        mapping = mapped.mapping
        table = f"ent_{mapping.entity.name}"
        counts = {
            "rows": context.value("SELECT count(*) FROM map_in"),
            "mapped": context.write(unit, table, mapped.entity_select()),
            "findings": context.write(unit, "finding", mapped.findings_select()),
        }
        rejected = mapped.rejected_select()
        if mapping.owned:
            # A child row that is not fit does not take the record of the same physical row along.
            rejected = (
                f"SELECT * FROM ({rejected}) ANTI JOIN ent_profile USING (source, delivery, file, line)"
                " ORDER BY delivery, file, line"
            )
        counts["rejected"] = context.write(unit, "fate", rejected)
        if mapping.owned:
            owners = "(SELECT source, record_id FROM ent_profile)"
            context.trail(unit, mapped.mapped_trail_select(owners))
            return counts
        context.trail(unit, mapped.mapped_trail_select())
        context.trail(unit, mapped.rejected_trail_select())
        cleaned, links = mapped.cleaned_trail_select(), mapped.links_select()
        if cleaned is not None:
            counts["cleaned"] = context.trail(unit, cleaned)
        if links is not None:
            counts["links"] = context.write(unit, "link", links)
        return counts

    def _settings(self, context: Context, mapping: Mapping) -> Settings:
        carriers = ""
        if any(owner.email for owner in mapping.owners):
            trust = " ".join(
                f"WHEN {literal(name)} THEN {source.trust}"
                for name, source in sorted(self.runbook.sources.items())
            )
            carriers = _CARRIERS.format(trust=trust)
        return Settings(
            zone=zone_of(self.runbook, mapping.source),
            zones=zones_of(context.workspace, self.runbook, mapping.source),
            today=self._today(context, mapping.source),
            payment=self._payment(context),
            carriers=carriers,
            brands=self.runbook.brands,
        )

    def _payment(self, context: Context) -> frozenset[str]:
        return frozenset(self.runbook.payment.allow if context.payment_allowed else ())

    def _today(self, context: Context, source: str) -> date:
        """The day of the latest delivery whose name begins with one; without any no day is too late.

        No clock: what was mapped last year must come out the same when it is mapped again.
        """
        found = context.query(
            "SELECT max(regexp_extract(delivery, '[0-9]{4}-[0-9]{2}-[0-9]{2}')) FROM"
            " (SELECT DISTINCT delivery FROM record WHERE source = $source)",
            {"source": source},
        )
        try:
            return date.fromisoformat(str(found[0][0]))
        except ValueError:
            return FAR

    def _columns(self, context: Context, unit: Unit) -> dict[str, int]:
        payment = self._payment(context)
        uses: list[ColumnUse] = []
        for source, mappings in self._mappings(context).items():
            relation = f"raw_{source}"
            if mappings and context.exists(relation):
                spec = self.runbook.sources[source]
                known = [(c, "key") for c in spec.key] + [(c, "link") for c in spec.links]
                uses += coverage(context.cursor, source, quote(relation), mappings, payment, known)
        if not uses:
            return {"columns": 0}
        context.cursor.register("map_uses", _as_table(uses))
        try:
            written = context.write(unit, "column_use", "SELECT * FROM map_uses")
        finally:
            context.cursor.unregister("map_uses")
        return {"columns": written, "unmapped": sum(use.lost for use in uses)}

    def _left_over(self, context: Context, unit: Unit) -> dict[str, int]:
        """A row that every mapping passes over (``when:``) is excluded, not forgotten."""
        total = passed = 0
        message = _("This row tells of a consent or suppression, and no mapping takes it.")
        for source, mappings in self._mappings(context).items():
            if context.exists(f"raw_{source}"):
                lost = passed_over_select(context.cursor, quote(f"raw_{source}"), mappings)
                if lost is not None:
                    passed += context.write(unit, "finding", lost, {"message": message})
            always = any(not mapping.when and not mapping.each for mapping in mappings)
            if not mappings or always or not context.exists(f"raw_{source}"):
                continue
            tables = sorted({f"ent_{mapping.entity.name}" for mapping in mappings})
            mapped = " UNION ALL ".join(
                f"SELECT delivery AS _delivery, file AS _file, line AS _line FROM {quote(table)}"
                f" WHERE source = {literal(source)}"
                for table in tables
            )
            select = _LEFT_OVER.format(
                source=literal(source),
                reason=literal(NOT_SELECTED),
                relation=quote(f"raw_{source}"),
                taken_out=_TAKEN_OUT.format(source=literal(source), fates="<> 'pending'"),
                mapped=mapped,
            )
            total += context.write(unit, "fate", select)
        return {"excluded": total, "passed over": passed}

    def finish(self, context: Context) -> Outcome:
        with_ = self.spec.with_
        assert isinstance(with_, MapWith)  # noqa: S101 - the runbook's type says so
        figures: dict[str, int | str] = {}
        for mappings in self._mappings(context).values():
            for name in (mapping.entity.name for mapping in mappings):
                figures[name] = context.value(f"SELECT count(*) FROM {quote('ent_' + name)}")
        own = {"step": self.spec.id, "attempt": context.attempt}
        mine = "SELECT count(*) FROM store.{} WHERE step = $step AND attempt = $attempt"
        figures["findings"] = context.value(mine.format("finding"), own)
        for fate in ("rejected", "excluded"):
            sql = f"{mine.format('fate')} AND fate = '{fate}'"
            figures[fate] = context.value(sql, own)
        passed = context.value(
            f"{mine.format('finding')} AND rule = $rule", {**own, "rule": PASSED}
        )
        name = _("every row of a consent source is selected by some mapping")
        checks = [
            covered(context, with_.coverage),
            absent(context),
            citizen_numbers(context),
        ]
        return Outcome(figures, [*checks, Check(name, passed == 0, str(passed), "0")])


def _pieces(mapping: Mapping, stretches: list[tuple[object, ...]], rows: int) -> list[str]:
    """Conditions that cut the raw rows into shares of at most about 200,000."""
    if mapping.key and not mapping.owned:
        # Rows of one record have to be seen together.
        text = ", ".join(f"nullif(trim({quote(column)}), '')" for column in mapping.key)
        number = -(-rows // ROWS_OF_A_UNIT)
        share = f"md5_number_lower(coalesce({text}, '')) % {number}"
        return [f"{share} = {n}" for n in range(number)]
    pieces: list[tuple[list[str], int]] = [([], 0)]
    for delivery, file, _stretch, first, last, count in stretches:
        condition = (
            f"(_delivery = {literal(str(delivery))} AND _file = {literal(str(file))}"
            f" AND _line BETWEEN {first} AND {last})"
        )
        conditions, held = pieces[-1]
        if conditions and held + int(str(count)) > ROWS_OF_A_UNIT:
            pieces.append(([condition], int(str(count))))
        else:
            pieces[-1] = ([*conditions, condition], held + int(str(count)))
    return [" OR ".join(conditions) for conditions, _held in pieces]


def _as_table(uses: Sequence[ColumnUse]) -> pa.Table:
    return pa.table(
        {
            "source": [use.source for use in uses],
            "column_name": [use.column for use in uses],
            "entity": [use.entity for use in uses],
            "field": [use.field for use in uses],
            "filled": pa.array([use.filled for use in uses], pa.int64()),
            "rows": pa.array([use.rows for use in uses], pa.int64()),
            "use": [use.use for use in uses],
            "reason": [use.reason for use in uses],
            "examples": pa.array([list(use.examples) for use in uses], pa.list_(pa.string())),
        }
    )
