"""Runs steps: plans, units in transactions, trail segments, checks; goes on until somebody is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import duckdb
import msgspec

from tui_migrate.audit import entries as facts
from tui_migrate.audit.canonical import sha256_of
from tui_migrate.audit.trail import Place
from tui_migrate.engine import gates
from tui_migrate.engine.checklists import missing_answers, unexpected_answers
from tui_migrate.engine.config import frame_digest, step_digest
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import pair_decisions
from tui_migrate.engine.exporting import export_extras, payment_allowed
from tui_migrate.engine.host import EngineHost
from tui_migrate.engine.run import Status, StepState
from tui_migrate.errors import (
    Cancelled,
    DataSaysNo,
    EnvironmentProblem,
    Exit,
    TuiMigrateError,
)
from tui_migrate.i18n import _
from tui_migrate.runbook.kinds import AnyStep
from tui_migrate.staging.guard import run_select
from tui_migrate.staging.store import Cursor, columns_of, digest, first, literal, quote
from tui_migrate.steps.base import Check, Context, Step, Unit

CHECKPOINT_EVERY = 40
"""Units between explicit checkpoints (measured: automatic ones stall every sixth unit)."""
NEED_BACKUP = ("import", "consent_sync")
TECHNICAL_NAMES = ("step", "attempt", "unit")
EMPTY = "0:0"

# One row is a table of staging.
_STORE_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'store'"

UNDERWAY = (Status.RUNNING, Status.PAUSED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the runner came to rest, as an exit code and a sentence."""

    exit: Exit
    message: str = ""
    step: str = ""


class Runner:
    """Carries a run on, step by step, in one thread."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._cursor: Cursor = core.store.cursor()
        self._since_checkpoint = 0

    # -- the run -------------------------------------------------------------------------------

    def run(self, until: str = "") -> Stopped:
        """Go on until the run waits, fails, ends, is stopped, or ``until`` is done."""
        core = self._core
        core.cancelled.clear()
        self.refresh_staleness()
        while True:
            if until and core.state.steps[until].status in (Status.DONE, Status.SKIPPED):
                return Stopped(Exit.DONE, step=until)
            if core.state.ended == "aborted":
                return Stopped(Exit.NO, _("The run was aborted at a gate."))
            step = core.state.current
            if step is None:
                self._end()
                return Stopped(Exit.DONE)
            stopped = self._advance(step)
            if stopped is not None:
                return stopped

    def _advance(self, step: StepState) -> Stopped | None:
        """Do what the step needs; ``None`` when the run can go on."""
        if step.outline.uses == "checklist":
            return self._checklist(step)
        if step.outline.uses == "gate":
            return self._gate(step)
        try:
            return self._data_step(step)
        except Cancelled:
            self._core.record(facts.StepStopped(step=step.id, attempt=step.attempt))
            return Stopped(Exit.INTERRUPTED, _("Stopped; run again to go on."), step.id)
        except TuiMigrateError as error:
            self._failed(step, type(error).__name__, str(error))
            return Stopped(error.exit_code, str(error), step.id)
        except (OSError, duckdb.IOException, duckdb.OutOfMemoryException) as error:
            self._failed(step, type(error).__name__, str(error))
            message = _("{} could not go on: {}").format(step.id, error)
            return Stopped(Exit.WRONG, message, step.id)

    def _failed(self, step: StepState, code: str, message: str) -> None:
        core = self._core
        reference = core.vault.keep_words(message)
        core.record(
            facts.StepFailed(step=step.id, attempt=step.attempt, code=code, reference=reference)
        )

    def _end(self) -> None:
        core = self._core
        if core.state.ended != "done":
            figures: facts.Figures = {
                "steps": len(core.state.steps),
                "skipped": sum(s.status is Status.SKIPPED for s in core.state.steps.values()),
                "deliveries": len(core.state.deliveries),
                "segments": len(core.segments),
            }
            core.record(facts.RunEnded(outcome="done", figures=figures))
            core.seal("end")

    # -- people --------------------------------------------------------------------------------

    def _checklist(self, step: StepState) -> Stopped | None:
        core = self._core
        missing = missing_answers(step)
        if not missing:
            wrong = unexpected_answers(step, core.vault)
            if not wrong:
                answers = {k: [a.answer, a.file] for k, a in step.answers.items()}
                core.record(
                    facts.StepFinished(
                        step=step.id,
                        attempt=max(step.attempt, 1),
                        outcome="done",
                        figures={"answers": len(step.answers)},
                        digest=sha256_of(answers),
                    )
                )
                return None
            missing = wrong
        if step.status is not Status.WAITING:
            core.record(facts.StepWaiting(step=step.id, subject=len(missing)))
        message = _("{} waits for answers: {}").format(step.id, ", ".join(missing))
        return Stopped(Exit.WAITING, message, step.id)

    def _gate(self, step: StepState) -> Stopped | None:
        core = self._core
        evidence = gates.evidence_hash(core.state, core.runbook, step)
        if step.status is not Status.WAITING or step.evidence != evidence:
            core.record(
                facts.StepWaiting(
                    step=step.id,
                    evidence=evidence,
                    subject=self.subject(),
                    figures=self._gate_figures(step),
                )
            )
        if not gates.missing_approvals(step):
            core.record(facts.GatePassed(gate=step.id, evidence=evidence))
            core.seal(step.id)
            return None
        message = _("Gate {} waits for a sign-off ({}). Evidence {}").format(
            step.id, ", ".join(gates.missing_approvals(step)), evidence
        )
        return Stopped(Exit.WAITING, message, step.id)

    def subject(self) -> int:
        """How many persons a decision concerns: profiles, or before they exist, physical rows."""
        cursor = self._core.store.cursor()
        for sql in (
            "SELECT count(DISTINCT profile_id) FROM crosswalk",
            "SELECT count(*) FROM record",
        ):
            row = first(cursor, sql)
            if row and row[0]:
                return int(row[0])
        return 0

    def _gate_figures(self, gate: StepState) -> facts.Figures:
        figures: facts.Figures = {}
        for step in gates.evidence_steps(self._core.state, gate):
            for name, value in step.figures.items():
                figures[f"{step.id}: {name}"] = value
        return figures

    # -- data steps ----------------------------------------------------------------------------

    def context(self, step: StepState, spec: AnyStep, *, rebuilding: bool = False) -> Context:
        """What the step sees: the state as it stood when its attempt started."""
        core = self._core
        return Context(
            workspace=core.workspace.root,
            runbook=core.runbook,
            spec=spec,
            attempt=step.attempt,
            store=core.store,
            cursor=self._cursor,
            host=EngineHost(core, rebuilding),
            decisions=pair_decisions(core, step, as_started=rebuilding or step.status in UNDERWAY),
            payment_allowed=payment_allowed(core),
            rebuilding=rebuilding,
        )

    def _inputs(self, step: StepState, worker: Step, context: Context) -> dict[str, str]:
        """Everything that the step's output depends on, each as a digest."""
        core = self._core
        before = []
        for other in core.state.steps.values():
            if other.id == step.id:
                break
            if other.outline.uses not in (*gates.PEOPLE, "backup", "export"):
                before.append([other.id, other.digest])
        return {
            "step": step_digest(context.spec),
            "runbook": frame_digest(core.runbook),
            "before": sha256_of(before),
            "payment": "allowed" if context.payment_allowed else "excluded",
            **{f"input {k}": v for k, v in worker.inputs(context).items()},
        }

    def worker(self, step: StepState) -> tuple[Step, AnyStep]:
        """The step object for a step of the run, and its specification."""
        spec = self._core.runbook.step(step.id)
        if spec is None:
            raise EnvironmentProblem(_("The runbook has no step {} any more.").format(step.id))
        return self._core.registry.make(spec, self._core.runbook), spec

    def refresh_staleness(self) -> None:
        """Compare the inputs of every finished data step with what they are now; the first that
        differs, and all behind it, become stale."""
        core = self._core
        reason = ""
        for step in list(core.state.steps.values()):
            if step.outline.uses in gates.PEOPLE or not step.attempt:
                continue
            if step.status not in (Status.DONE, Status.ATTENTION, Status.STALE):
                continue
            if reason:
                if step.status is not Status.STALE:
                    core.record(facts.StepStale(step=step.id, reason=reason))
                continue
            if step.status is Status.STALE:
                reason = _("{} is to be done again").format(step.id)
                continue
            worker, spec = self.worker(step)
            now = self._inputs(step, worker, self.context(step, spec))
            changed = sorted(k for k in {*now, *step.inputs} if now.get(k) != step.inputs.get(k))
            if not changed:
                continue
            names = ", ".join(changed)
            if step.outline.uses == "ingest" and step.status is Status.DONE:
                deliveries = [c.removeprefix("input ") for c in changed if c.startswith("input ")]
                if deliveries:
                    raise DataSaysNo(
                        _("Deliveries changed after they were read: {}").format(
                            ", ".join(deliveries)
                        ),
                        _(
                            "Put the files back as they were, or read them anew:"
                            " tui-migrate redo {}. Nothing was lost."
                        ).format(step.id),
                    )
            core.record(facts.StepStale(step=step.id, reason=_("changed: {}").format(names)))
            reason = _("{} is to be done again").format(step.id)
        if reason:
            self.recheck_gates()

    def recheck_gates(self) -> None:
        """Passed gates whose evidence is no longer what was signed: void, or ask for a supplement."""
        core = self._core
        for gate in list(core.state.steps.values()):
            if gate.outline.uses != "gate" or gate.status is not Status.DONE:
                continue
            ready = all(
                s.status not in (Status.STALE, Status.RUNNING)
                for s in gates.evidence_steps(core.state, gate)
            )
            now = gates.evidence_hash(core.state, core.runbook, gate) if ready else "stale"
            if now == gate.evidence:
                continue
            behind = [
                s
                for s in core.state.after(gate.id)
                if s.outline.uses not in gates.PEOPLE and s.attempt and s.status is not Status.STALE
            ]
            if not behind:
                core.record(
                    facts.SignOffVoided(
                        gate=gate.id, evidence=now, reason=_("the evidence changed")
                    )
                )
            elif ready and not gate.supplementary:
                core.record(facts.EvidenceChanged(gate=gate.id, evidence=now))

    def _data_step(self, step: StepState) -> Stopped | None:
        core = self._core
        if step.status is Status.ATTENTION:
            blocking = [c.name for c in step.checks.values() if c.blocks]
            message = _("{} is held up by its checks: {}").format(step.id, "; ".join(blocking))
            return Stopped(Exit.NO, message, step.id)
        if step.outline.uses in NEED_BACKUP:
            self._require_backup(step)
        worker, spec = self.worker(step)
        resume = step.status in UNDERWAY and step.started_seq
        inputs = self._inputs(step, worker, self.context(step, spec))
        if not resume or inputs != step.inputs:
            self._start(step, inputs)
        else:
            core.record(self._started(step, step.attempt, inputs))
        context = self.context(step, spec)
        self._units(step, worker, context)
        return self._finish(step, worker, context)

    def _start(self, step: StepState, inputs: dict[str, str]) -> None:
        """Begin a new attempt: the journal first, then the row that makes it the live one."""
        core = self._core
        attempt = step.attempt + 1
        entry = core.record(self._started(step, attempt, inputs))
        self.note_attempt(entry.seq, step.id, attempt)
        self.recheck_gates()

    @staticmethod
    def _started(step: StepState, attempt: int, inputs: dict[str, str]) -> facts.StepStarted:
        return facts.StepStarted(step=step.id, attempt=attempt, inputs=inputs)

    def note_attempt(self, seq: int, step: str, attempt: int) -> None:
        """Tell staging that an attempt began (see the view ``live``)."""
        order = list(self._core.state.steps).index(step)
        self._cursor.execute(
            "INSERT INTO store.attempt VALUES ($seq, $step, $attempt, $ord)",
            {"seq": seq, "step": step, "attempt": attempt, "ord": order},
        )

    def _require_backup(self, step: StepState) -> None:
        core = self._core
        verified = [b for _at, b in core.state.backups if b.verified]
        standing = [b for b in verified if (core.workspace.backups / b.name).is_file()]
        settled = all(
            s.status is Status.DONE
            for s in core.state.steps.values()
            if s.outline.uses == "backup"
            and list(core.state.steps).index(s.id) < list(core.state.steps).index(step.id)
        )
        if not standing or not settled:
            raise DataSaysNo(
                _("{} refuses to write: there is no verified back-up.").format(step.id),
                _("Run the back-up step first; its restore test has to pass."),
            )

    def _units(self, step: StepState, worker: Step, context: Context) -> None:
        core = self._core
        host = context.host
        assert isinstance(host, EngineHost)  # noqa: S101 - made above
        units = worker.plan(context)
        if len(units) != step.units_total:
            core.record(facts.StepPlanned(step=step.id, attempt=step.attempt, units=len(units)))
        if step.outline.uses == "export":
            for name, table in export_extras(core).tables().items():
                self._cursor.register(name, table)
        rows = sum(sum(u.counts.values()) for u in step.units.values())
        for number, unit in enumerate(units):
            if unit.id in step.units:
                continue
            if core.cancelled.is_set():
                raise Cancelled(_("Stopped."))
            host.begin(step.id, unit.label or unit.id, number, len(units))
            fact = self.unit(worker, context, unit)
            core.record(fact)
            rows += sum(fact.counts.values())
            host.ended(number + 1, rows)
            self._since_checkpoint += 1
            if self._since_checkpoint >= CHECKPOINT_EVERY:
                host.checkpoint()
                self._since_checkpoint = 0

    def unit(self, worker: Step, context: Context, unit: Unit) -> facts.UnitCommitted:
        """One unit: data, trail and marker in one transaction, then its segment on disk.

        The journal entry is the caller's to write.
        """
        return self.write_segment(self.unit_without_segment(worker, context, unit))

    def unit_without_segment(
        self, worker: Step, context: Context, unit: Unit
    ) -> facts.UnitCommitted:
        """The transaction alone; in a rebuild the segment stands already and is compared."""
        cursor, place = self._cursor, Place(context.spec.id, context.attempt, unit.id)
        cursor.execute("BEGIN")
        try:
            cursor.execute("DELETE FROM store.trail")
            counts = worker.run(context, unit)
            content, rows = self._core.trail.prepare(cursor, place)
            fact = facts.UnitCommitted(
                step=place.step,
                attempt=place.attempt,
                unit=place.unit,
                counts=counts,
                digest=self._output_digest(worker, place),
                segment=facts.Segment(path=place.path, sha256="", digest=content, rows=rows)
                if rows
                else None,
            )
            cursor.execute(
                "INSERT INTO store.marker VALUES ($step, $attempt, $unit, $entry)",
                {**place.params, "entry": msgspec.json.encode(fact).decode()},
            )
            cursor.execute("COMMIT")
        except BaseException:
            self._rollback()
            raise
        return fact

    def prepare_segment(self, place: Place) -> None:
        """Make the rows of a committed unit's segment again, from the trail rows still in staging."""
        self._core.trail.prepare(self._cursor, place)

    def renew_cursor(self) -> None:
        """Take a cursor of the store as it is now."""
        self._cursor = self._core.store.cursor()

    def write_segment(self, fact: facts.UnitCommitted) -> facts.UnitCommitted:
        """The segment of a committed unit on disk; the fact with its hash."""
        if fact.segment is None:
            return fact
        place = Place(fact.step, fact.attempt, fact.unit)
        segment = self._core.trail.write(
            self._cursor, place, fact.segment.digest, fact.segment.rows
        )
        return msgspec.structs.replace(fact, segment=segment)

    def _rollback(self) -> None:
        try:
            self._cursor.execute("ROLLBACK")
        except duckdb.Error:
            # The transaction is gone already (a failed COMMIT, a full disk).
            self.renew_cursor()

    def _output_digest(self, worker: Step, place: Place) -> str:
        """Order-free digest of what the unit appended, over all output tables of its kind. A table
        that this unit's mode does not define holds nothing."""
        found = {}
        step, unit = literal(place.step), literal(place.unit)
        for table in self._existing(worker.outputs):
            relation = f"store.{quote(table)}"
            columns = [c for c in columns_of(self._cursor, relation) if c not in TECHNICAL_NAMES]
            rows = (
                f"(SELECT * FROM {relation} WHERE step = {step} "
                f"AND attempt = {place.attempt} AND unit = {unit})"
            )
            content = digest(self._cursor, rows, columns)
            if content != EMPTY:
                found[table] = content
        return sha256_of(found)

    def _existing(self, tables: Sequence[str]) -> list[str]:
        known = {row[0] for row in self._cursor.execute(_STORE_TABLES).fetchall()}
        return [table for table in tables if table in known]

    def _finish(self, step: StepState, worker: Step, context: Context) -> Stopped | None:
        core = self._core
        outcome = worker.finish(context)
        for check in [*outcome.checks, *self._declared_checks(context.spec)]:
            core.record(
                facts.CheckDone(
                    step=step.id,
                    attempt=step.attempt,
                    name=check.name,
                    passed=check.passed,
                    severity=check.severity,
                    observed=check.observed,
                    expected=check.expected,
                )
            )
        blocking = [c.name for c in step.checks.values() if c.blocks]
        core.record(
            facts.StepFinished(
                step=step.id,
                attempt=step.attempt,
                outcome="blocked" if blocking else "done",
                figures=outcome.figures,
                digest=sha256_of({u.unit: u.digest for u in step.units.values()}),
            )
        )
        context.host.checkpoint()
        self.recheck_gates()
        if blocking:
            message = _("{} is held up by its checks: {}").format(step.id, "; ".join(blocking))
            return Stopped(Exit.NO, message, step.id)
        return None

    def _declared_checks(self, spec: AnyStep) -> list[Check]:
        """The checks that the runbook states in SQL: one figure each."""
        done = []
        for check in spec.checks:
            rows = run_select(self._core.store.cursor(), check.sql).fetchall()
            value = rows[0][0] if rows else None
            passed, observed = False, _("no figure")
            # Only a figure goes into the journal: whatever else SQL gives may be a person's.
            if isinstance(value, int | float | Decimal):
                passed, observed = check.expect.holds(value), f"{float(value):.6g}"
            done.append(Check(check.name, passed, observed, str(check.expect), check.severity))
        return done
