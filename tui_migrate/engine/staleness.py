"""What no longer counts: steps whose inputs changed, sign-offs whose evidence changed."""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.engine import gates
from tui_migrate.engine.attempts import Attempts
from tui_migrate.engine.core import Core
from tui_migrate.engine.gate_signing import to_be_done_again
from tui_migrate.engine.run import Status
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _, neutral


def refresh_staleness(core: Core, attempts: Attempts) -> None:
    """Compare the inputs of every finished data step with what they are now; the first that
    differs, and all behind it, become stale."""
    reason = ""
    for step in list(core.state.steps.values()):
        if reason and step.outline.uses == "checklist" and to_be_done_again(core, step):
            if step.status is not Status.STALE:
                core.record(facts.StepStale(step=step.id, reason=reason))
            continue
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
        worker, spec = attempts.worker(step)
        now = attempts.inputs(step, worker, attempts.context(step, spec))
        changed = sorted(k for k in {*now, *step.inputs} if now.get(k) != step.inputs.get(k))
        if not changed:
            continue
        names = ", ".join(changed)
        if step.outline.uses == "ingest" and step.status is Status.DONE:
            deliveries = [
                core.vault.opened(c.removeprefix("input "))
                for c in changed
                if c.startswith("input ")
            ]
            if deliveries:
                raise DataSaysNo(
                    _("Deliveries changed after they were read: {}").format(", ".join(deliveries)),
                    _(
                        "Put the files back as they were, or read them anew:"
                        " tui-migrate redo {}. Nothing was lost."
                    ).format(step.id),
                )
        core.record(facts.StepStale(step=step.id, reason=_("changed: {}").format(names)))
        reason = _("{} is to be done again").format(step.id)
    if reason:
        recheck_gates(core)


def recheck_gates(core: Core) -> None:
    """Passed gates whose evidence is no longer what was signed: void, or ask for a supplement."""
    for gate in list(core.state.steps.values()):
        if gate.outline.uses != "gate" or gate.status is not Status.DONE:
            continue
        now = gates.standing_evidence(core.state, core.runbook, gate)
        if now == gate.evidence:
            continue
        behind = [
            s
            for s in core.state.after(gate.id)
            if s.outline.uses not in gates.PEOPLE and s.attempt and s.status is not Status.STALE
        ]
        if not behind:
            with neutral():  # whoever's command led to it
                reason = _("the evidence changed")
            core.record(gate_facts.SignOffVoided(gate=gate.id, evidence=now, reason=reason))
        elif now != "stale":
            core.record(gate_facts.EvidenceChanged(gate=gate.id, evidence=now))
