"""Step kind ``import``: profiles and what belongs to them go to the target, batch by batch.

One unit is one batch. Around each write the journal gets an intent and a receipt; a batch that is
written again after a crash changes nothing and gives the same receipts. When staging is rebuilt the
receipts come from the trail and the target is left alone. So the trail has to hold them all:

* profiles: one receipt per profile (``record_key`` and ``target_id`` are the target's external id);
* other entities: one receipt per profile, batch and action; ``record_key`` is empty and
  ``target_id`` is the number of rows. That keeps a profile's trail short, and the rows themselves
  can be read back from the target by their own key.

One trail event ``imported`` per receipt, on the profile's founding record: field = entity,
rule = action, after = target_id.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.files import whole
from tui_migrate.i18n import _
from tui_migrate.spreadsheet import defuse_sql
from tui_migrate.staging.store import digest, literal, quote
from tui_migrate.steps import import_again, import_held, rights
from tui_migrate.steps.base import Check, Context, Outcome, ReceiptRow, Step, Unit
from tui_migrate.steps.import_rows import ImportBatch, batches, forget, rows_table, stage_rows
from tui_migrate.targets import Target, counts, open_target

if TYPE_CHECKING:
    import pyarrow as pa

    from tui_migrate.runbook.kinds import ImportWith

NOT_HERE = ("consent", "suppression")

REJECTED = Path(".tui-migrate") / "exports" / "rejected"
"""Where rows go that the target refuses, relative to the workspace."""

# One row is one receipt: of a profile itself, or of all rows of a profile with one outcome.
RECEIPTS_SQL = """
SELECT $entity AS entity, r.profile_id,
       CASE WHEN $entity = 'profile' THEN r.record_key ELSE '' END AS record_key,
       $target AS target,
       CASE WHEN $entity = 'profile' THEN max(r.target_id) ELSE count(*)::VARCHAR END AS target_id,
       r.action, $batch AS batch
FROM {receipts} r
GROUP BY r.profile_id, CASE WHEN $entity = 'profile' THEN r.record_key ELSE '' END, r.action
ORDER BY r.profile_id, r.action
"""

# One row is an action and how many profiles of a batch it was done to.
_ACTIONS = """
SELECT action, count(*) FROM store.receipt
WHERE step = $step AND attempt = $attempt AND unit = $unit GROUP BY action
"""

# One row is one receipt as it was recorded before staging was lost.
RECORDED_SQL = """
SELECT entity, profile_id, CASE WHEN entity = 'profile' THEN profile_id ELSE '' END AS record_key,
       $target AS target, target_id, action, $batch AS batch
FROM import_recorded ORDER BY profile_id, action
"""

# One row is one event in the trail of a profile: what the target did with it or its rows.
TRAIL_SQL = """
SELECT c.source, c.record_id, 'imported' AS event, r.entity AS field, r.action AS rule,
       r.target_id AS after
FROM store.receipt r
JOIN crosswalk c ON c.profile_id = r.profile_id AND c.role = 'founder'
WHERE r.step = $step AND r.attempt = $attempt AND r.unit = $unit
"""

# One row is one row that the target refused, with the reason in front.
REJECTED_SQL = """
SELECT r.reason, b.* FROM {relation} b
JOIN (SELECT DISTINCT record_key, reason FROM import_receipts WHERE action = 'reject') r
  ON r.record_key IS NOT DISTINCT FROM b.record_key
ORDER BY b.record_key, b.profile_id
"""


class ImportStep(Step):
    """Brings entities to the target."""

    kind: ClassVar[str] = "import"
    outputs: ClassVar[tuple[str, ...]] = ("receipt", "fate", "finding")

    _target: Target | None = None
    _batches: dict[str, ImportBatch]

    @property
    def settings(self) -> ImportWith:
        """The step's ``with:``."""
        return cast("ImportWith", self.spec.with_)

    def inputs(self, context: Context) -> dict[str, str]:
        """The target, whether payment data may go along, and whose data are restricted."""
        target = self.runbook.target
        return {
            "target": sha256_of({"type": target.type, "path": target.path}),
            "payment": sha256_of(self._allowed(context)),
            **rights.inputs(context.rights),
        }

    def plan(self, context: Context) -> Sequence[Unit]:
        """One unit per batch; profiles and rows in the order of profile_id and record_key."""
        self._batches = {}
        for entity in self.settings.entities:
            if entity in NOT_HERE:
                raise EnvironmentProblem(
                    _("Step {} imports {}.").format(self.spec.id, entity),
                    _("Consents and suppressions go to the target with a consent_sync step."),
                )
            if stage_rows(context.cursor, entity, self._allowed(context), context.rights):
                found = batches(context.cursor, self.spec.id, entity, self.settings.batch_rows)
                self._batches |= {batch.id: batch for batch in found}
        units = [Unit(b.id, b.entity, b.rows) for b in self._batches.values()]
        held = Unit(import_held.UNIT, _("rows of persons whose data are restricted"))
        return [held, *units] if context.rights.restricted else units

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        """Write one batch to the target and keep its receipts."""
        if unit.id == import_held.UNIT:
            return import_held.hold(context, unit)
        batch = self._batch(context, unit)
        if context.rebuilding:
            done = self._recall(context, unit, batch)
        else:
            done = self._bring(context, unit, batch)
        keys = {"step": self.spec.id, "attempt": context.attempt, "unit": unit.id}
        context.trail(unit, TRAIL_SQL, keys)
        return {"rows": batch.rows, **done}

    def finish(self, context: Context) -> Outcome:
        """Figures per entity and action; a row that the target refused blocks."""
        rows = context.query(
            "SELECT entity, action, sum(CASE WHEN record_key = '' THEN target_id::BIGINT ELSE 1 END)"
            "::BIGINT FROM store.receipt WHERE step = $step AND attempt = $attempt"
            " GROUP BY ALL ORDER BY ALL",
            {"step": self.spec.id, "attempt": context.attempt},
        )
        figures: dict[str, int | str] = {f"{e}.{a}": int(str(n)) for e, a, n in rows}
        if context.rights.restricted:
            figures["restricted profiles"] = context.value(
                f"SELECT count(*) FROM {rights.profiles(context.rights)}"
            )
        if context.attempt > 1 and "profile" in self.settings.entities:
            figures["profile.gone"] = import_again.gone(context)
        if not context.rebuilding:
            self._open(context).begin(self.spec.id, context.attempt)
        rejected = sum(int(str(n)) for _entity, action, n in rows if action == "reject")
        self.close()
        forget(context.cursor, "import_rows_", "import_before", "target_")
        return Outcome(
            figures,
            [Check(_("Rows that the target refused"), rejected == 0, str(rejected), "0")],
        )

    def close(self) -> None:
        """Let go of the target."""
        if self._target is not None:
            self._target.close()
            self._target = None

    # What ``tui-migrate plan`` shows.

    def preview(self, context: Context) -> dict[str, dict[str, int]]:
        """Entity → action (create, update, skip, conflict) → rows, without writing anything."""
        found: dict[str, dict[str, int]] = {}
        for entity in self.settings.entities:
            actions = dict.fromkeys(("create", "update", "skip", "conflict"), 0)
            planned = self._preview(context, entity)
            if planned is not None:
                rows = context.query(f"SELECT action, count(*) FROM {planned} GROUP BY action")
                actions |= {str(action): int(str(count)) for action, count in rows}
            found[entity] = actions
        self.close()
        return found

    def _preview(self, context: Context, entity: str) -> str | None:
        if not stage_rows(context.cursor, entity, self._allowed(context), context.rights):
            return None
        target = self._open(context)
        return target.plan(context.cursor, entity, rows_table(entity), self.settings.group or "")

    # One batch.

    def _allowed(self, context: Context) -> list[str]:
        """Payment fields that may go to the target."""
        return sorted(self.runbook.payment.allow) if context.payment_allowed else []

    def _batch(self, context: Context, unit: Unit) -> ImportBatch:
        """The unit's batch, with its rows staged on this cursor (a rolled-back plan took them)."""
        if unit.id not in getattr(self, "_batches", {}):
            self.plan(context)
        batch = self._batches[unit.id]
        staged = context.value(
            "SELECT count(*) FROM duckdb_tables() WHERE temporary AND table_name = $name",
            {"name": f"import_rows_{batch.entity}"},
        )
        if not staged:
            stage_rows(context.cursor, batch.entity, self._allowed(context), context.rights)
        return batch

    def _open(self, context: Context) -> Target:
        if self._target is None:
            self._target = open_target(self.runbook.target, context.workspace)
        return self._target

    def _bring(self, context: Context, unit: Unit, batch: ImportBatch) -> dict[str, int]:
        step, attempt, cursor = self.spec.id, context.attempt, context.cursor
        columns = context.columns(batch.relation)
        content = digest(cursor, batch.relation, columns)
        target = self._open(context)
        context.host.journal_intent(step, attempt, unit.id, batch.rows, content)
        target.begin(step, attempt)
        receipts = target.write_batch(
            cursor, batch.entity, batch.relation, unit.id, self.settings.group or ""
        )
        self._keep(context, unit, receipts, batch, target.kind)
        self._write_rejected(context, unit, batch, columns, counts(receipts)["reject"])
        done = self._counts(context, unit, receipts, batch)
        cursor.unregister("import_receipts")
        context.host.journal_receipt(step, attempt, unit.id, done)
        return done

    def _keep(
        self, context: Context, unit: Unit, receipts: pa.Table, batch: ImportBatch, kind: str
    ) -> None:
        context.cursor.register("import_receipts", receipts)
        context.write(
            unit,
            "receipt",
            RECEIPTS_SQL.format(receipts=self._receipts(context, batch)),
            {"entity": batch.entity, "target": kind, "batch": unit.id},
        )

    def _counts(
        self, context: Context, unit: Unit, receipts: pa.Table, batch: ImportBatch
    ) -> dict[str, int]:
        """Rows per action."""
        done = counts(receipts)
        if batch.entity != "profile":
            return done
        own = {"step": self.spec.id, "attempt": context.attempt, "unit": unit.id}
        rows = context.query(_ACTIONS, own)
        return dict.fromkeys(done, 0) | {str(action): int(str(n)) for action, n in rows}

    def _receipts(self, context: Context, batch: ImportBatch) -> str:
        """What the target did; of profiles, seen against what this step brought the last time."""
        if batch.entity != "profile" or context.attempt == 1:
            return "import_receipts"
        return import_again.receipts(context, "import_receipts")

    def _write_rejected(
        self, context: Context, unit: Unit, batch: ImportBatch, columns: list[str], rejected: int
    ) -> None:
        """The refused rows with their reasons, to be corrected in the source or the mapping."""
        path = context.workspace / REJECTED / f"{unit.id}.csv"
        if not rejected:
            path.unlink(missing_ok=True)
            return
        cells = ", ".join(
            f"{defuse_sql(f'{quote(name)}::VARCHAR')} AS {quote(name)}"
            for name in ("reason", *columns)
        )
        with whole(path) as temporary:
            context.cursor.execute(
                f"COPY (SELECT {cells} FROM ({REJECTED_SQL.format(relation=batch.relation)}))"
                f" TO {literal(str(temporary))} (FORMAT csv, HEADER)"
            )

    def _recall(self, context: Context, unit: Unit, batch: ImportBatch) -> dict[str, int]:
        """Receipts of a batch that the target already has, as the trail recorded them."""
        recorded = context.host.recorded_receipts(self.spec.id, context.attempt, unit.id)
        if recorded is None:
            raise EnvironmentProblem(
                _("The receipts of batch {} are not in the trail.").format(unit.id),
                _("Do the import step again: tui-migrate redo {}").format(self.spec.id),
            )
        context.cursor.register("import_recorded", _arrow(recorded))
        context.write(
            unit,
            "receipt",
            RECORDED_SQL,
            {"target": self.runbook.target.type, "batch": unit.id},
        )
        context.cursor.unregister("import_recorded")
        done = dict.fromkeys(("create", "update", "skip", "reject"), 0)
        for row in recorded:
            done[row.action] += 1 if batch.entity == "profile" else int(row.target_id)
        return done


def _arrow(recorded: Sequence[ReceiptRow]) -> pa.Table:
    """Recorded receipts as a table; key and target id of a profile are its profile_id."""
    import pyarrow as pa

    names = ("entity", "profile_id", "record_key", "target_id", "action")
    return pa.table(
        {name: pa.array([getattr(row, name) for row in recorded], pa.string()) for name in names}
    )
