"""A run without a screen: go on, take decisions from a file, stop where a person is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tui_migrate.audit.entries import Entry, StepFinished, StepStarted
from tui_migrate.engine import api
from tui_migrate.engine.pair_queries import PairDecisions
from tui_migrate.engine.run import RunState, SignOff, Status, StepState
from tui_migrate.engine.sentences import sentence
from tui_migrate.errors import DataSaysNo, Exit
from tui_migrate.i18n import _
from tui_migrate.runbook.decisions import Decisions, load_decisions
from tui_migrate.runbook.models import Runbook

Say = Callable[[str], None]


def read_decisions(path: Path, runbook: Runbook) -> Decisions:
    """A decisions file, checked against the runbook; all its mistakes at once."""
    loaded = load_decisions(path, runbook)
    if loaded.decisions is None or loaded.problems:
        raise DataSaysNo("\n".join(str(p) for p in loaded.problems))
    return loaded.decisions


@dataclass(slots=True)
class Headless:
    """Drives a client to the end, or to where nobody has decided."""

    client: api.Client
    say: Say
    decisions: Decisions = field(default_factory=Decisions)
    folder: Path = field(default_factory=Path.cwd)
    """Where evidence files of the decisions file are looked for."""
    outside_window: str = ""
    """Why imports may start though the change window is closed."""
    _rested: threading.Event = field(default_factory=threading.Event)
    _idle: api.Idle | None = None

    def run(self, until: str = "") -> api.Idle:
        """Go on until done, ``until``, a refusal, or nobody has decided."""
        leave = self.client.subscribe(self._hear)
        try:
            self._pairs()
            while True:
                idle = self._go_on(until)
                if idle.exit_code != Exit.WAITING:
                    return idle
                step = self.client.state.steps[idle.step]
                refused = self._decide(step)
                if refused is not None:
                    return refused
        finally:
            leave()

    def _hear(self, heard: api.Heard) -> None:
        if isinstance(heard, api.Idle):
            self._idle = heard
            self._rested.set()
        elif not isinstance(heard, api.Progress) and _worth_saying(heard):
            self.say(sentence(heard, self.client.state))

    def _go_on(self, until: str) -> api.Idle:
        self._rested.clear()
        if self.client.running:
            self.say(_("The run is going on already: waiting for it to rest."))
        else:
            command = api.Run(until=until, outside_window=self.outside_window)
            reply = self.client.send(command)
            if not reply.ok:
                return api.Idle(exit_code=reply.exit_code or int(Exit.WRONG), message=reply.message)
        while not self._rested.wait(0.2):
            if not self.client.running and not self._rested.wait(1):
                return api.Idle(exit_code=int(Exit.WRONG), message=_("The runner ended silently."))
        assert self._idle is not None  # noqa: S101 - set before the event
        return self._idle

    def _decide(self, step: StepState) -> api.Idle | None:
        """What the decisions file says of a waiting step; ``None`` when the run can go on."""
        if step.outline.uses == "checklist":
            return self._answer(step)
        return self._sign(step)

    def _answer(self, step: StepState) -> api.Idle | None:
        given = 0
        for item in step.outline.items:
            answer = self.decisions.answer(step.id, str(item["id"]))
            if answer is None or str(item["id"]) in step.answers:
                continue
            reply = self.client.send(
                api.Answer(
                    step=step.id,
                    item=answer.item,
                    answer=answer.not_applicable or answer.answer or "",
                    file=str(self.folder / answer.file) if answer.file else "",
                    not_applicable=answer.not_applicable is not None,
                )
            )
            if not reply.ok:
                return _refused(step, reply)
            given += 1
        return None if given else self._waits(step)

    def _sign(self, step: StepState) -> api.Idle | None:
        signed = 0
        done = sum(not s.voided and s.evidence == step.evidence for s in step.signoffs)
        for signoff in self.decisions.for_gate(step.id)[done:]:
            reply = self.client.send(
                api.Sign(
                    gate=step.id,
                    decision=signoff.decision,
                    comment=signoff.comment,
                    evidence=signoff.evidence or "",
                    from_file=True,
                )
            )
            if not reply.ok:
                return _refused(step, reply)
            if signoff.decision == "reject":
                message = _("Gate {} is rejected.").format(step.id)
                return api.Idle(exit_code=int(Exit.NO), message=message, step=step.id)
            signed += 1
            self.say(_("  gate {} signed").format(step.id))
            if step.status is Status.DONE:
                break
        return None if signed else self._waits(step)

    def _waits(self, step: StepState) -> api.Idle:
        assert self._idle is not None  # noqa: S101 - the runner rested before
        return self._idle

    def _pairs(self) -> None:
        """Decisions on pairs whose records are known already and that are not decided the same."""
        known = {
            (d.source_a, d.record_a, d.source_b, d.record_b): d.decision
            for d in self.client.ask(PairDecisions())
        }
        for pair in self.decisions.pairs:
            first, second = sorted([(pair.source_a, pair.record_a), (pair.source_b, pair.record_b)])
            if known.get((*first, *second)) == pair.decision:
                continue
            reply = self.client.send(
                api.Decide(
                    source_a=first[0],
                    record_a=first[1],
                    source_b=second[0],
                    record_b=second[1],
                    decision=pair.decision,
                )
            )
            if not reply.ok:
                raise DataSaysNo(reply.message, reply.hint)


def _worth_saying(entry: Entry) -> bool:
    fact = entry.fact
    return isinstance(fact, StepFinished | StepStarted)


def _refused(step: StepState, reply: api.Reply) -> api.Idle:
    message = f"{reply.message}\n  {reply.hint}" if reply.hint else reply.message
    return api.Idle(exit_code=reply.exit_code or int(Exit.NO), message=message, step=step.id)


def _signer(s: SignOff) -> str:
    """Who signed, in which role, in whose place, for which brand or wave."""
    role = _("{} for {}").format(s.role, s.giver) if s.giver else s.role
    return f"{s.by} ({role})" + (f" [{s.part}]" if s.part else "")


def summary(state: RunState) -> list[str]:
    """What was done, one line per step with its figures."""
    marks = {
        Status.DONE: "✓",
        Status.SKIPPED: "–",
        Status.WAITING: "‖",
        Status.ATTENTION: "!",
        Status.FAILED: "✗",
        Status.STALE: "↺",
        Status.RUNNING: "▶",
        Status.PAUSED: "▶",
        Status.TODO: "○",
    }
    lines = []
    for step in state.steps.values():
        title = step.outline.title.get("en", step.id)
        figures = ""
        if step.outline.uses == "gate" and step.status is Status.DONE:
            by = ", ".join(_signer(s) for s in step.signoffs if not s.voided)
            figures = _("signed by {}").format(by)
        elif step.status in (Status.DONE, Status.ATTENTION):
            shown = list(step.figures.items())[:6]
            figures = " · ".join(f"{k} {v}" for k, v in shown)
        lines.append(f"{marks[step.status]} {step.id:<28} {title}")
        if figures:
            lines.append(f"    {figures}")
    return lines
