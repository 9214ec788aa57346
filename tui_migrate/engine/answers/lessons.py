"""What decisions teach, and what a model corrected by it would change."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from tui_migrate.engine import gates
from tui_migrate.engine import lesson_queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.lessons import (
    as_gate,
    content_of,
    gate_behind,
    matching_step,
    open_proposal,
    refused,
)
from tui_migrate.engine.models import accepted
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from tui_migrate.engine.state import RunState, StepState
    from tui_migrate.matching.learning import Precision
    from tui_migrate.matching.trial import Trial


def lesson(desk: Desk, query: q.Lesson) -> q.LessonTold:
    """The lesson of the decisions as they stand; it is kept with the engine until the next one, so that
    it can be proposed."""
    from tui_migrate.steps.match import MatchStep
    from tui_migrate.steps.match_trial import model_of, tried

    state = desk.view.state
    step = matching_step(state)
    no = refused(state, step, step is not None and desk.view.frozen(step.id))
    there = desk.view.match_step()
    if no is not None or step is None or there is None:
        return _refused(state, step, *((no.message, no.hint) if no is not None else ("", "")))
    context, worker = there
    assert isinstance(worker, MatchStep)  # noqa: S101 - chosen by kind
    try:
        if not context.decisions and not query.forget:
            nothing = _("Nobody has decided on a pair yet: there is nothing to learn from.")
            return _refused(state, step, nothing, _("tui-migrate opens the review with p."))
        asked = (step.id, step.attempt, query.forget, context.decisions, context.doubts)
        key = (*asked, context.lane_closed)
        known = desk.view.reviews.lesson_told
        if known is not None and known[0] == key:
            return _standing(state, step, known[1])
        present = model_of(context)
        trial = tried(worker, context, forget=query.forget)
    finally:
        context.cursor.close()
    told = _told(trial, step)
    if trial.model == present:
        same = _("The decisions teach nothing that the model does not know.")
        return _standing(state, step, msgspec.structs.replace(told, refused=same))
    kept = {
        "declared": worker.declared,
        "learned": trial.model.learned,
        "attempt": step.attempt,
        "effect": _effect(trial),
    }
    desk.view.reviews.lesson = content_of(kept)
    told = msgspec.structs.replace(told, sha256=desk.view.reviews.lesson[0])
    desk.view.reviews.lesson_told = (key, told)
    return _standing(state, step, told)


def _refused(state: RunState, step: StepState | None, why: str, hint: str) -> q.LessonTold:
    told = q.LessonTold(step=step.id) if step is not None else q.LessonTold()
    told = _standing(state, step, told) if step is not None else told
    return msgspec.structs.replace(told, refused=why, hint=hint)


def _told(trial: Trial, step: StepState) -> q.LessonTold:
    corrections = [
        q.Correction(kind=kind, field=field, level=level, bits=bits)
        for kind, fields in trial.model.learned.items()
        for field, levels in fields.items()
        for level, bits in levels.items()
    ]
    corrections.sort(key=lambda one: (-abs(one.bits), one.kind, one.field, one.level))
    return q.LessonTold(
        step=step.id,
        decided=trial.decided,
        same=trial.same,
        corrections=tuple(corrections),
        moved=tuple(
            q.Moved(before=one, after=other, pairs=pairs)
            for (one, other), pairs in sorted(trial.moved.items())
        ),
        before=trial.before,
        after=trial.after,
        regrouped=trial.regrouped,
        auto_from=trial.model.settings.auto_from,
        fitted=_judgement(trial, 0),
        corrected=_judgement(trial, 1),
    )


def _judgement(trial: Trial, which: int) -> q.Judgement:
    above: Precision = trial.precision[which]
    return q.Judgement(
        agreeing=trial.agreeing[which],
        surprise=trial.surprise[which],
        above=above.decided,
        same=above.same,
        low=above.low,
        high=above.high,
    )


def _standing(state: RunState, step: StepState, told: q.LessonTold) -> q.LessonTold:
    """With what waits to be accepted, and what counts already."""
    gate, waiting = gate_behind(state, step), open_proposal(state, step.id)
    told = msgspec.structs.replace(
        told, gate=gate.id if gate is not None else "", accepted=accepted(state, step.id, state.seq)
    )
    if gate is None or waiting is None:
        return told
    return msgspec.structs.replace(
        told,
        proposal=waiting.sha256,
        proposed_by=waiting.by,
        missing=gates.missing_approvals(as_gate(gate, waiting)),
        voices=tuple(
            q.Voiced(by=s.by, role=s.role, decision=s.decision, at=s.at) for s in waiting.signoffs
        ),
    )


def _effect(trial: Trial) -> dict[str, Any]:
    """What the journal's object says of the trial: counts and shares."""
    found = asdict(trial)
    del found["model"]
    found["moved"] = {f"{one}>{other}": pairs for (one, other), pairs in trial.moved.items()}
    return found
