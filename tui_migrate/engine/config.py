"""From the files of a workspace to what the journal says of them: objects, outline, digests."""

from __future__ import annotations

from typing import Any

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.audit.entries import PhaseOutline, StepOutline
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _, ngettext
from tui_migrate.runbook.base import Text
from tui_migrate.runbook.kinds import AnyStep, ChecklistWith, GateWith
from tui_migrate.runbook.load import Loaded
from tui_migrate.runbook.models import Runbook


def require_ok(loaded: Loaded) -> Runbook:
    """The runbook, or ``DataSaysNo`` with every mistake, one a line."""
    if loaded.runbook is None or loaded.problems:
        lines = "\n".join(str(problem) for problem in loaded.problems)
        count = len(loaded.problems)
        raise DataSaysNo(
            ngettext("The runbook has a mistake:", "The runbook has {} mistakes:", count).format(
                count
            )
            + "\n"
            + lines,
            _("Nothing was done. Correct them all and run again."),
        )
    return loaded.runbook


def words(text: Text | None) -> dict[str, str]:
    """A text in the languages that it has."""
    if text is None:
        return {}
    return {"en": text.en, **({"nl": text.nl} if text.nl else {})}


def phase_outlines(runbook: Runbook) -> list[PhaseOutline]:
    """The phases as the journal keeps them."""
    return [PhaseOutline(id=p.id, title=words(p.title)) for p in runbook.phases]


def step_outlines(runbook: Runbook) -> list[StepOutline]:
    """The steps as the journal keeps them."""
    return [_step(phase.id, step, runbook) for phase in runbook.phases for step in phase.steps]


def _step(phase: str, step: AnyStep, runbook: Runbook) -> StepOutline:
    evidence: list[str] = []
    approvals: list[dict[str, str | int]] = []
    signature: list[str] = []
    items: list[dict[str, Any]] = []
    deadline: dict[str, str | int] = {}
    parts: list[str] = []
    if isinstance(step.with_, GateWith | ChecklistWith) and step.with_.deadline is not None:
        deadline = step.with_.deadline.facts()
    if isinstance(step.with_, GateWith):
        evidence = list(step.with_.evidence)
        parts = list(runbook.brands if step.with_.per_brand else step.with_.waves)
        approvals = [{"role": a.role, "min": a.min} for a in step.with_.approvals]
        signature = _to_be_signed(step.with_, runbook)
    if isinstance(step.with_, ChecklistWith):
        items = [
            {
                "id": item.id,
                "question": words(item.question),
                "type": item.type,
                "choices": list(item.choices),
                "expect": item.expect or "",
                "required": item.required,
                "owner": item.owner or "",
                "due": item.due.isoformat() if item.due else "",
                "evidence": item.evidence,
            }
            for item in step.with_.items
        ]
    return StepOutline(
        id=step.id,
        phase=phase,
        uses=step.uses,
        ref=step.ref or "",
        title=words(step.title),
        attention=words(step.attention),
        unskippable=step.unskippable,
        evidence=evidence,
        approvals=approvals,
        signature=signature,
        items=items,
        deadline=deadline,
        parts=parts,
        break_glass=isinstance(step.with_, GateWith) and step.with_.break_glass,
        safe_lane=_safe_lane(step, runbook),
    )


def _safe_lane(step: AnyStep, runbook: Runbook) -> str:
    """What has to happen before the clusters of a match merge without a person; '' for nothing."""
    asked = runbook.review.safe_lane
    return asked if step.uses == "match" and asked != "none" else ""


def _to_be_signed(gate: GateWith, runbook: Runbook) -> list[str]:
    """Roles whose sign-offs at a gate have to be signed with SSH."""
    known = runbook.roles
    return [
        a.role
        for a in gate.approvals
        if gate.signature or (a.role in known and known[a.role].signature)
    ]


def step_digest(step: AnyStep) -> str:
    """Digest of what a step is told to do; names, attention points and how people decide about it
    do not count."""
    content = step.model_dump(mode="json", by_alias=True)
    for key in ("title", "attention", "ref", "owner", "due"):
        content.pop(key, None)
    for key in ("signature", "deadline", "per_brand", "waves", "break_glass"):
        content["with"].pop(key, None)
    return sha256_of(_plain(content))


def frame_digest(runbook: Runbook) -> str:
    """Digest of what all steps share: sources, brands, zone, model, target, payment. The consent
    policy is not of it: ``consent_sync`` names it as an input, so that matching outlives a change."""
    content = runbook.model_dump(
        mode="json",
        by_alias=True,
        include={"model", "zone", "country", "brands", "sources", "target", "payment", "segments"},
    )
    return sha256_of(_plain(content))


def _plain(value: Any) -> Any:
    """Floats (shares such as 0.85) as text: hashed content has one spelling."""
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value
