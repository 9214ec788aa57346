"""Step kind ``verify``: sources, staging and target are compared, and every difference is named.

One unit per word under ``what``. Each writes what it found (findings, segments, the sample); the
checks are made of those rows, so that they are the same after a stop. The target is read as it was
when the steps before this one had written, so that a rebuild sees the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.consent import conservation, silence
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.mapping.load import load_mappings
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.rows import FAR, Settings
from tui_migrate.matching.survivorship import ADDRESS, GIVEN, SURNAME
from tui_migrate.model.entities import entities
from tui_migrate.model.types.base import get_type
from tui_migrate.runbook.load import Loaded, load_runbook
from tui_migrate.runbook.rules import Segment
from tui_migrate.staging.store import Cursor, quote
from tui_migrate.steps import rights
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.consent_target import sources_of
from tui_migrate.steps.import_rows import forget
from tui_migrate.steps.verify_checks import checks_of, count_checks
from tui_migrate.steps.zones import zone_of, zones_of
from tui_migrate.targets import open_target
from tui_migrate.verify import counts, fates, sample, segments, trail

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import AnyStep, VerifyWith

# The day of the latest delivery whose name begins with one.
_NEWEST_DAY = """
SELECT max(regexp_extract(delivery, '[0-9]{4}-[0-9]{2}-[0-9]{2}'))
FROM (SELECT DISTINCT delivery FROM record WHERE source = $source)
"""

TECHNICAL = 4
"""Columns that a target gives back of an entity that was never written."""

AUDIT = Path(".tui-migrate") / "audit"


class VerifyStep(Step):
    """Compares what was delivered, what stands in staging, and what the target holds."""

    kind: ClassVar[str] = "verify"
    outputs: ClassVar[tuple[str, ...]] = ("finding", "segment", "segment_difference", "sample")

    @property
    def settings(self) -> VerifyWith:
        """The step's ``with:``."""
        return cast("VerifyWith", self.spec.with_)

    @cached_property
    def _before(self) -> list[AnyStep]:
        """The steps before this one in the runbook."""
        found: list[AnyStep] = []
        for step in self.runbook.steps():
            if step.id == self.spec.id:
                break
            found.append(step)
        return found

    @cached_property
    def imported(self) -> list[str]:
        """Entities that the import steps before this one bring to the target."""
        named = [e for step in self._before if step.uses == "import" for e in step.with_.entities]
        return list(dict.fromkeys(named))

    @cached_property
    def _read(self) -> set[str]:
        """Temporary tables that this step made on the runner's cursor: the target is read once."""
        return set()

    def inputs(self, context: Context) -> dict[str, str]:
        """The segments file, where segments are compared."""
        if not {"segments", "members"} & set(self.settings.what):
            return {}
        chosen = self._segments(load_runbook(context.workspace))
        return {"segments": sha256_of([s.model_dump(mode="json") for s in chosen])}

    def plan(self, context: Context) -> Sequence[Unit]:
        """One unit per kind of comparison."""
        return [Unit(what) for what in self.settings.what]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        """One kind of comparison."""
        kinds: dict[str, Callable[[Context, Unit], dict[str, int]]] = {
            "fates": self._fates,
            "counts": self._counts,
            "segments": self._totals,
            "members": self._members,
            "sample": self._sample,
            "consents": self._consents,
            "trail": self._trail,
        }
        return kinds[unit.id](context, unit)

    def finish(self, context: Context) -> Outcome:
        """Figures and checks, out of what the units wrote."""
        figures: dict[str, int | str] = {}
        checks: list[Check] = []
        for what in self.settings.what:
            if what == "counts":
                totals = self._count_totals(context)
                more, stated = count_checks(totals, self.settings.tolerance)
            else:
                more, stated = checks_of(context, what, self.settings)
            figures |= more
            checks += stated
        forget(context.cursor, "target_", "count_", "sample_", "segment_", "trail_events")
        return Outcome(figures, checks)

    # The comparisons.

    def _fates(self, context: Context, unit: Unit) -> dict[str, int]:
        words: dict[str, object] = {
            "waiting": self._waiting(context),
            "sum": _("The rows of this delivery do not add up to their fates."),
            "pending": _("Rows of this delivery have no fate yet."),
        }
        return {"findings": context.write(unit, "finding", fates.FINDINGS, words)}

    def _waiting(self, context: Context) -> list[str]:
        """Sources whose rows a later step settles: they may still be pending."""
        done = {step.uses for step in self._before}
        modes = {step.with_.mode for step in self._before if step.uses == "consent_sync"}
        if "merge" not in done:
            return sorted(self.runbook.sources)
        late = set()
        for name, source in self.runbook.sources.items():
            if source.deltas and "deltas" not in modes:
                late.add(name)
        if "load" not in modes:
            for entity in ("consent", "suppression"):
                if context.exists(f"ent_{entity}"):
                    rows = context.query(f"SELECT DISTINCT source FROM ent_{entity}")
                    late |= {str(row[0]) for row in rows}
        return sorted(late)

    def _counts(self, context: Context, unit: Unit) -> dict[str, int]:
        self._compare_counts(context)
        words = {"message": _("Staging and target do not hold the same.")}
        return {"findings": context.write(unit, "finding", counts.FINDINGS, words)}

    def _compare_counts(self, context: Context) -> None:
        self._read_back(context, self.imported)
        context.cursor.execute(counts.PREPARE.format(restricted=rights.profiles(context.rights)))
        for name in self.imported:
            if context.exists("profile" if name == "profile" else f"ent_{name}"):
                counts.compare(context.cursor, entities()[name])
        self._read.add("count_group")

    def _count_totals(self, context: Context) -> dict[str, tuple[int, int, int]]:
        """Entity → rows expected, rows found, rows in groups that differ."""
        if not self._stands(context, "count_group"):
            self._compare_counts(context)
        found = {
            str(name): (int(str(expected)), int(str(held)), int(str(apart)))
            for name, expected, held, apart in context.query(counts.TOTALS)
        }
        return {name: found.get(name, (0, 0, 0)) for name in self.imported}

    def _totals(self, context: Context, unit: Unit) -> dict[str, int]:
        return {"segments": self._each_segment(context, unit, "segment", segments.TOTALS)}

    def _members(self, context: Context, unit: Unit) -> dict[str, int]:
        rows = self._each_segment(context, unit, "segment_difference", segments.MEMBERS)
        return {"differences": rows}

    def _each_segment(self, context: Context, unit: Unit, table: str, sql: str) -> int:
        chosen = self._segments(load_runbook(context.workspace))
        # Reading a target back is dear: only what some statement names.
        said = " ".join(f"{s.old} {s.new} {s.why or ''}" for s in chosen).lower()
        asked = [name for name in self.imported if f"target_{name}" in said]
        reader = context.store.cursor()
        try:
            self._read_back(context, asked, reader)
            segments.prepare(context.cursor)
            rows = 0
            for segment in chosen:
                selection = segments.read(reader, segment.old, segment.new, segment.why)
                segments.compare(context.cursor, selection)
                rows += context.write(unit, table, sql, {"segment": segment.name})
        finally:
            reader.close()
        return rows

    def _segments(self, loaded: Loaded) -> tuple[Segment, ...]:
        if loaded.problems:
            raise DataSaysNo("\n".join(str(problem) for problem in loaded.problems))
        return loaded.segments.segments if loaded.segments else ()

    def _sample(self, context: Context, unit: Unit) -> dict[str, int]:
        self._read_back(context, ["profile", *self.imported])
        population = context.value("SELECT count(*) FROM target_profile")
        plan = sample.plan_for(population, self.settings.size)
        together = (ADDRESS, (*SURNAME, *GIVEN))
        drawn = sample.draw(context.cursor, plan.size, self.settings.seed, together)
        for mapping in self._mappings(context):
            settings = self._reading(context, mapping.source)
            sample.deliver(context.cursor, mapping, settings)
        for name in dict.fromkeys(["profile", *self.imported]):
            fields = [f.name for f in entities()[name].fields]
            sample.hold(context.cursor, name, fields)
        many = [f.name for f in entities()["profile"].fields if f.many]
        return {
            "population": population,
            "drawn": drawn,
            "cells": context.write(unit, "sample", sample.VERDICTS, {"many": many}),
        }

    def _mappings(self, context: Context) -> list[Mapping]:
        """The mappings of full deliveries whose cells the sample is compared with."""
        found, problems = load_mappings(load_runbook(context.workspace))
        if problems:
            raise DataSaysNo("\n".join(str(problem) for problem in problems))
        wanted = {"profile", *self.imported}
        return [
            mapping
            for source, mappings in found.items()
            if not self.runbook.sources[source].deltas and context.exists(f"raw_{source}")
            for mapping in mappings
            if mapping.entity.name in wanted
        ]

    def _reading(self, context: Context, source: str) -> Settings:
        """How the cells of a source are read: as the map step reads them."""
        found = context.query(_NEWEST_DAY, {"source": source})
        try:
            today = date.fromisoformat(str(found[0][0]))
        except ValueError:
            today = FAR
        allowed = self.runbook.payment.allow if context.payment_allowed else ()
        return Settings(
            zone=zone_of(self.runbook, source),
            zones=zones_of(context.workspace, self.runbook, source),
            today=today,
            payment=frozenset(allowed),
            brands=self.runbook.brands,
        )

    def _consents(self, context: Context, unit: Unit) -> dict[str, int]:
        self._read_back(context, ["consent"])
        found = conservation.check(
            context.cursor,
            "target_consent",
            silence.SENT,
            sources_of(context),
            self.runbook.consent.purpose,
            self.runbook.country,
        )
        select = conservation.FINDINGS.format(golden="profile")
        written = context.write(unit, "finding", select, conservation.messages())
        return found.figures | {"findings": written}

    def _trail(self, context: Context, unit: Unit) -> dict[str, int]:
        live = context.query("SELECT step, attempt FROM live ORDER BY ord, step")
        attempts = [(str(step), int(str(attempt))) for step, attempt in live]
        trail.gather(context.cursor, context.workspace / AUDIT, attempts)
        words = {
            "mapped": _("The trail has no event that this record was mapped."),
            "imported": _("The trail has no event that this profile was imported."),
        }
        select = trail.FINDINGS.format(restricted=rights.profiles(context.rights))
        return {"findings": context.write(unit, "finding", select, words)}

    def _read_back(
        self, context: Context, names: Sequence[str], cursor: Cursor | None = None
    ) -> None:
        """Make temporary tables ``target_<entity>`` of what the target held before this step."""
        at = cursor or context.cursor
        steps = {step.id for step in self._before}
        with open_target(self.runbook.target, context.workspace) as target:
            for name in dict.fromkeys(names):
                table = f"target_{name}"
                if cursor is None and self._stands(context, table):
                    continue
                target.read_into(at, table, name, steps)
                if cursor is None:
                    self._read.add(table)

    def _stands(self, context: Context, table: str) -> bool:
        """Whether this step made a temporary table that is still there: a rollback takes it away."""
        return table in self._read and bool(
            context.query(
                "SELECT 1 FROM duckdb_tables() WHERE temporary AND table_name = $name",
                {"name": table},
            )
        )


def _fields(name: str) -> str:
    """The columns of an entity that the target was never given, for SQL that names them."""
    fields = [(f.name, get_type(f.type).sql_type) for f in entities()[name].fields]
    places = [("source", "VARCHAR"), ("record_id", "VARCHAR")]
    return "".join(f", NULL::{kind} AS {quote(field)}" for field, kind in [*places, *fields])
