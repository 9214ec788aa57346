"""Runs steps: plans, units in transactions, trail segments, checks; goes on until somebody is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from textwrap import shorten

import duckdb
import structlog

from tui_migrate.audit import entries as facts
from tui_migrate.audit.canonical import sha256_of
from tui_migrate.engine import gates
from tui_migrate.engine.attempts import UNDERWAY, Attempts, started
from tui_migrate.engine.checklists import missing_answers, unexpected_answers
from tui_migrate.engine.core import Core
from tui_migrate.engine.erasure import scrub_again
from tui_migrate.engine.exporting import export_extras
from tui_migrate.engine.gate_override import refuse_outside
from tui_migrate.engine.host import EngineHost
from tui_migrate.engine.lane_commands import held_by_lane
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.staleness import recheck_gates, refresh_staleness
from tui_migrate.engine.units import Units
from tui_migrate.errors import (
    Cancelled,
    DataSaysNo,
    Exit,
    TuiMigrateError,
)
from tui_migrate.files import sha256_known
from tui_migrate.i18n import _
from tui_migrate.runbook.kinds import AnyStep, BackupWith
from tui_migrate.staging.guard import run_select
from tui_migrate.staging.store import MEMORY_VARIABLE, first
from tui_migrate.steps.base import Check, Context, Step

_SUBJECTS = (
    "SELECT count(DISTINCT profile_id) FROM crosswalk",
    "SELECT count(DISTINCT (source, record_id)) FROM ent_profile",
    "SELECT count(*) FROM record",
)
SHOWN = 300
"""Characters of what a failing check saw that stand in a message."""
READS = ("ingest", "consent_sync")
"""Step kinds that read deliveries."""
NEED_BACKUP = ("import", "consent_sync")
MACHINE = (
    OSError, duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException,
    duckdb.FatalException,
)  # fmt: skip
"""What disk and memory do to a step, a commit that the disk refuses among it; after a fatal one the
database has to be opened anew."""


def _first(error: BaseException) -> BaseException:
    """The failure that came first: tidying up behind it fails too in a transaction that it ended."""
    while isinstance(error, duckdb.TransactionException) and error.__context__ is not None:
        error = error.__context__
    return error


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why the runner came to rest, as an exit code and a sentence."""

    exit: Exit
    message: str = ""
    step: str = ""


def _held_up(step: StepState, opened: Callable[[str], str]) -> Stopped:
    """What the blocking checks of a step saw, what they want, and how the run can go on. ``opened``
    spells out names."""
    lines = [_("{} is held up by its checks:").format(step.id)]
    for check in step.checks.values():
        if check.blocks:
            name, seen = opened(check.name), opened(check.observed)
            seen = shorten(seen, SHOWN, placeholder=" …")
            lines.append(_("  {}: {}; expected: {}").format(name, seen, check.expected))
    lines.append(
        _(
            "  Mend what they name and run again: changed files are noticed. The findings tell more:"
            " tui-migrate export findings -o FILE. What is acceptable can be waived, with a reason:"
            " tui-migrate waive {} CHECK --reason WHY."
        ).format(step.id)
    )
    return Stopped(Exit.NO, "\n".join(lines), step.id)


class Runner:
    """Carries a run on, step by step, in one thread."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.units = Units(core)
        self.attempts = Attempts(core, self.units)
        self._outside_window = ""

    # -- the run -------------------------------------------------------------------------------

    def run(self, until: str = "", outside_window: str = "") -> Stopped:
        """Go on until the run waits, fails, ends, is stopped, or ``until`` is done.
        ``outside_window``: why imports may begin while the change window is closed."""
        core = self._core
        self._outside_window = outside_window
        core.cancelled.clear()
        refresh_staleness(core, self.attempts)
        while True:
            recheck_gates(core)
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
        except Exception as error:  # noqa: BLE001 - what nobody foresaw is raised again
            return self._fallen(step, _first(error))

    def _fallen(self, step: StepState, error: BaseException) -> Stopped:
        """Journal that and why the step failed, and say what can be done. Raises ``error`` when
        nobody foresaw it."""
        self._failed(step, type(error).__name__, str(error))
        if isinstance(error, TuiMigrateError):
            return Stopped(error.exit_code, str(error), step.id)
        if not isinstance(error, MACHINE):
            raise error
        hint = _("What was committed stays. Make room or mend it, then run again.")
        if isinstance(error, duckdb.OutOfMemoryException):
            hint = _(
                "What was committed stays. Run again with more memory: stop the engine, then set {}=8GB."
            ).format(MEMORY_VARIABLE)
        said = str(error).partition("\n")[0]
        return Stopped(
            Exit.WRONG, f"{_('{} could not go on: {}').format(step.id, said)}\n  {hint}", step.id
        )

    def _failed(self, step: StepState, code: str, message: str) -> None:
        core = self._core
        try:
            reference = core.vault.keep_words(message)
            core.record(
                facts.StepFailed(step=step.id, attempt=step.attempt, code=code, reference=reference)
            )
        except OSError:
            # A full disk takes no journal entry either; the next start goes on from what is there.
            structlog.get_logger().warning("a failure could not be journalled", step=step.id)

    def _end(self) -> None:
        core = self._core
        if core.state.ended != "done":
            figures: facts.Figures = {
                "steps": len(core.state.steps),
                "skipped": sum(s.status is Status.SKIPPED for s in core.state.steps.values()),
                "deliveries": len(core.state.deliveries),
                "segments": len(core.chain.segments),
            }
            core.record(facts.RunEnded(outcome="done", figures=figures))
        core.vouch_for_end()

    # -- people --------------------------------------------------------------------------------

    def _checklist(self, step: StepState) -> Stopped | None:
        core = self._core
        missing = missing_answers(step)
        if not missing:
            wrong = unexpected_answers(step, core.vault)
            if not wrong:
                return self._answered(step)
            missing = wrong
        if step.status is not Status.WAITING:
            core.record(facts.StepWaiting(step=step.id, subject=len(missing)))
        message = _("{} waits for answers: {}").format(step.id, ", ".join(missing))
        return Stopped(Exit.WAITING, message, step.id)

    def _answered(self, step: StepState) -> Stopped | None:
        """All answers are there: the checks that the runbook states of the data decide."""
        core = self._core
        spec = core.runbook.step(step.id)
        for check in self._declared_checks(spec) if spec is not None else ():
            known = step.checks.get(check.name)
            if known is None or (known.passed, known.observed) != (check.passed, check.observed):
                core.record(stated(step, check))
        blocking = [c.name for c in step.checks.values() if c.blocks]
        if not blocking or step.status is not Status.ATTENTION:
            answers = {k: [a.answer, a.file] for k, a in step.answers.items()}
            core.record(
                facts.StepFinished(
                    step=step.id,
                    attempt=max(step.attempt, 1),
                    outcome="blocked" if blocking else "done",
                    figures={"answers": len(step.answers)},
                    digest=sha256_of(answers),
                )
            )
        return _held_up(step, core.vault.opened) if blocking else None

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
            core.pass_gate(step.id, evidence)
            return None
        message = _("Gate {} waits for a sign-off ({}). Evidence {}").format(
            step.id, ", ".join(gates.missing_approvals(step)), evidence
        )
        return Stopped(Exit.WAITING, message, step.id)

    def subject(self) -> int:
        """How many records a decision concerns: profiles; before they exist, the records of persons
        and organisations; before those, the rows that were read."""
        cursor = self._core.store.cursor()
        for sql in _SUBJECTS:
            with contextlib.suppress(duckdb.CatalogException):
                row = first(cursor, sql)
                if row and row[0]:
                    return int(row[0])
        return 0

    def _gate_figures(self, gate: StepState) -> facts.Figures:
        figures: facts.Figures = {}
        for step in self._core.state.evidence_of(gate):
            for name, value in step.figures.items():
                figures[f"{step.id}: {name}"] = value
        return figures

    # -- data steps ----------------------------------------------------------------------------

    def _data_step(self, step: StepState) -> Stopped | None:
        core = self._core
        if step.status is Status.ATTENTION:
            return _held_up(step, core.vault.opened)
        if step.outline.uses in NEED_BACKUP:
            self._require_backup(step)
        if step.status not in UNDERWAY:
            held = refuse_outside(core, step, self._outside_window)
            if held:
                return Stopped(Exit.WAITING, held, step.id)
            if step.outline.uses == "merge" and (held := held_by_lane(core, step)):
                return Stopped(Exit.WAITING, held, step.id)
        worker, spec = self.attempts.worker(step)
        resume = step.status in UNDERWAY and step.started_seq
        inputs = self.attempts.inputs(step, worker, self.attempts.context(step, spec))
        if not resume or inputs != step.inputs:
            self.attempts.begin(step, inputs)
            recheck_gates(core)
        else:
            core.record(started(step, step.attempt, inputs))
        context = self.attempts.context(step, spec)
        self._units(step, worker, context)
        return self._finish(step, worker, context)

    def _require_backup(self, step: StepState) -> None:
        core = self._core
        standing = [
            (at, made)
            for at, made in core.state.backups
            if made.verified and _is_there(core.workspace.backups / made.name, made)
        ]
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
        at, newest = standing[-1]
        spec = core.runbook.step(newest.step)
        limit = spec.with_.max_age_hours if spec and isinstance(spec.with_, BackupWith) else 0
        age = (datetime.now(UTC) - datetime.fromisoformat(at)).total_seconds() / 3600
        if limit and age > limit and not step.units:
            raise DataSaysNo(
                _(
                    "{} refuses to write: the newest back-up is {} hours old, {} are allowed."
                ).format(step.id, int(age), limit),
                _("Make a new one: tui-migrate redo {}").format(newest.step),
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
                self.units.cursor.register(name, table)
        rows = sum(sum(u.counts.values()) for u in step.units.values())
        for number, unit in enumerate(units):
            if unit.id in step.units:
                continue
            if core.cancelled.is_set():
                raise Cancelled(_("Stopped."))
            host.begin(step.id, unit.label or unit.id, number, len(units))
            fact = self.units.do(worker, context, unit)
            core.record(fact)
            self.units.refuse_hidden()
            rows += sum(fact.counts.values())
            host.ended(number + 1, rows)
            host.checkpoint_when_due()

    def _finish(self, step: StepState, worker: Step, context: Context) -> Stopped | None:
        core = self._core
        outcome = worker.finish(context)
        for check in [*outcome.checks, *self._declared_checks(context.spec)]:
            core.record(stated(step, check))
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
        if step.outline.uses in READS:
            scrub_again(core)
        recheck_gates(core)
        return _held_up(step, core.vault.opened) if blocking else None

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


def stated(step: StepState, check: Check) -> facts.CheckDone:
    """A check as the journal keeps it."""
    waivable = not step.outline.unskippable if check.waivable is None else check.waivable
    return facts.CheckDone(
        step=step.id,
        attempt=max(step.attempt, 1),
        name=check.name,
        passed=check.passed,
        severity=check.severity,
        observed=check.observed,
        expected=check.expected,
        waivable=waivable,
    )


def _is_there(path: Path, made: facts.BackupMade) -> bool:
    """Whether a back-up still stands as it was verified."""
    return path.is_file() and sha256_known(path) == made.sha256
