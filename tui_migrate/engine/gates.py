"""Gates: what a sign-off binds to, which approvals stand, and which are still missing."""

from __future__ import annotations

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.engine.config import step_digest
from tui_migrate.engine.run import RunState, SignOff, Status, StepState
from tui_migrate.runbook.models import Runbook

PEOPLE = ("gate", "checklist")
"""Step kinds that people settle; they have no output of their own in staging."""

UNSETTLED = (Status.STALE, Status.RUNNING, Status.WAITING)
"""Steps that are so are evidence of nothing yet."""

WHOLE = ""
"""The part of a gate that is not divided."""


def evidence_hash(state: RunState, runbook: Runbook, gate: StepState) -> str:
    """Hash over the configurations and outputs of the evidence steps, without times.

    A checklist counts by its answers' commitments and files, a data step by its output digest and
    by the outcome of its checks; a waived check by who waived it and why.
    """
    content = {}
    for step in state.evidence_of(gate):
        spec = runbook.step(step.id)
        content[step.id] = {
            "config": step_digest(spec) if spec else "",
            "output": step.digest,
            "checks": {c.name: [c.passed, c.observed] for c in step.checks.values()},
            "answers": {k: [a.answer, a.file] for k, a in step.answers.items()},
            "skipped": step.status is Status.SKIPPED,
        }
        waived = {c.name: [c.waived_by, c.waived_reason] for c in step.checks.values() if c.waived}
        if waived:
            content[step.id]["waived"] = waived
    return sha256_of({"gate": gate.id, "steps": content})


def standing_evidence(state: RunState, runbook: Runbook, gate: StepState) -> str:
    """The evidence hash as it is now; ``stale`` while a step of the evidence is not settled."""
    if any(step.status in UNSETTLED for step in state.evidence_of(gate)):
        return "stale"
    return evidence_hash(state, runbook, gate)


def parts_of(gate: StepState) -> list[str]:
    """The brands or waves that are approved by themselves; of an undivided gate the one whole."""
    return gate.outline.parts or [WHOLE]


def roles_of(gate: StepState) -> list[str]:
    """The roles that sign here."""
    return [str(a["role"]) for a in gate.outline.approvals]


def last_words(gate: StepState, part: str) -> list[SignOff]:
    """What each person said last about a part, on the gate's present evidence."""
    last: dict[str, SignOff] = {}
    for signoff in gate.signoffs:
        about = signoff.part in (WHOLE, part)
        if about and not signoff.voided and signoff.evidence == gate.evidence:
            last[signoff.giver or signoff.by] = signoff
    return list(last.values())


def valid_approvals(gate: StepState, part: str = WHOLE) -> list[SignOff]:
    """Approvals of a part that stand on the gate's present evidence."""
    return [s for s in last_words(gate, part) if s.decision in ("approve", "conditions")]


def missing_for(gate: StepState, part: str) -> dict[str, int]:
    """Role → how many approvals of a part are still missing. One person counts once; who breaks the
    glass takes the place of all."""
    approvals = valid_approvals(gate, part)
    if any(s.break_glass for s in approvals):
        return {}
    needed = {str(a["role"]): int(a["min"]) for a in gate.outline.approvals}
    for signoff in approvals:
        if needed.get(signoff.role, 0) > 0:
            needed[signoff.role] -= 1
    return {role: count for role, count in needed.items() if count > 0}


def missing_approvals(gate: StepState) -> dict[str, int]:
    """Role → how many approvals are still missing, where it is most among the parts of the gate."""
    most: dict[str, int] = {}
    for part in parts_of(gate):
        for role, count in missing_for(gate, part).items():
            most[role] = max(most.get(role, 0), count)
    return most


def held_back(gate: StepState) -> list[str]:
    """The parts of a divided gate that are not approved; all have to be before it is passed."""
    return [part for part in gate.outline.parts if missing_for(gate, part)]


def broken_glass(state: RunState) -> list[tuple[StepState, SignOff]]:
    """All sign-offs that ever broke the rules of a gate, also those that count no longer."""
    return [(s, o) for s in state.steps.values() for o in s.signoffs if o.break_glass]
