"""Attempts of data steps: what a step sees, what its output depends on, how an attempt begins."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit.canonical import sha256_of
from tui_migrate.engine import gates
from tui_migrate.engine.config import frame_digest, step_digest
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import doubts, lane_closed, overrides, pair_decisions
from tui_migrate.engine.exporting import payment_allowed
from tui_migrate.engine.host import EngineHost
from tui_migrate.engine.lane import match_before
from tui_migrate.engine.models import corrections
from tui_migrate.engine.restricting import rights_at
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.units import Units
from tui_migrate.errors import EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.runbook.kinds import AnyStep
from tui_migrate.staging.store import begin_attempt
from tui_migrate.steps.base import Context, Step

UNDERWAY = (Status.RUNNING, Status.PAUSED, Status.FAILED)


class Attempts:
    """Makes step objects and their contexts, and begins attempts."""

    def __init__(self, core: Core, units: Units) -> None:
        self._core = core
        self._units = units

    def worker(self, step: StepState) -> tuple[Step, AnyStep]:
        """The step object for a step of the run, and its specification."""
        spec = self._core.runbook.step(step.id)
        if spec is None:
            raise EnvironmentProblem(_("The runbook has no step {} any more.").format(step.id))
        return self._core.registry.make(spec, self._core.runbook), spec

    def context(self, step: StepState, spec: AnyStep, *, rebuilding: bool = False) -> Context:
        """What the step sees: the state as it stood when its attempt started."""
        core = self._core
        as_started = rebuilding or step.status in UNDERWAY
        return Context(
            workspace=core.workspace.root,
            runbook=core.runbook,
            spec=spec,
            attempt=step.attempt,
            store=core.store,
            cursor=self._units.cursor,
            host=EngineHost(core, rebuilding),
            decisions=pair_decisions(core, step, as_started=as_started),
            doubts=doubts(core, step, as_started=as_started),
            lane_closed=lane_closed(core, step, as_started=as_started),
            overrides=overrides(core, step, as_started=as_started),
            learned=corrections(core, step, as_started=as_started),
            rights=rights_at(core, step.started_seq if as_started else core.state.seq),
            payment_allowed=payment_allowed(core),
            waived=step.waived_before if as_started else step.waivers,
            rebuilding=rebuilding,
        )

    def inputs(self, step: StepState, worker: Step, context: Context) -> dict[str, str]:
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
            **self._confirmed(step),
            **{f"input {self._said(k)}": v for k, v in worker.inputs(context).items()},
        }

    def _confirmed(self, step: StepState) -> dict[str, str]:
        """Of a merge whose safe lane has to be confirmed: the list that is. When that is taken back, it
        is to be done again."""
        match = match_before(self._core.state, step.id) if step.outline.uses == "merge" else None
        if match is None or not match.outline.safe_lane:
            return {}
        word = self._core.state.lane.word(match.id)
        merges = word is not None and word.fact.decision == "merge"
        return {"safe lane": word.fact.sha256 if word is not None and merges else ""}

    def _said(self, name: str) -> str:
        """An input as the journal may call it: a setting or a file of the runbook by its name, what
        somebody delivered by the pseudonym of its path."""
        core = self._core
        if name in core.files or not (core.workspace.root / name).is_file():
            return name
        return core.vault.keep_name(name)

    def begin(self, step: StepState, inputs: dict[str, str]) -> None:
        """Begin a new attempt: the journal first, then the row that makes it the live one."""
        core = self._core
        attempt = step.attempt + 1
        entry = core.record(started(step, attempt, inputs))
        self.note_attempt(entry.seq, step.id, attempt)

    def note_attempt(self, seq: int, step: str, attempt: int) -> None:
        """Tell staging that an attempt began (see the view ``live``)."""
        order = list(self._core.state.steps).index(step)
        cursor = self._units.cursor
        cursor.execute("BEGIN")
        begin_attempt(cursor, seq, step, attempt, order)
        cursor.execute("COMMIT")


def started(step: StepState, attempt: int, inputs: dict[str, str]) -> facts.StepStarted:
    """The fact that an attempt begins, or is gone on with."""
    return facts.StepStarted(step=step.id, attempt=attempt, inputs=inputs)
