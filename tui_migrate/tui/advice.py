"""What a person should press next, in one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tui_migrate.engine.run import CheckState, RunState, Status, StepState
from tui_migrate.engine.sentences import label, step_name
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.actions import key_of
from tui_migrate.tui.safe import prose, safe

KEYS = ("open", "toggle", "gate", "waive", "redo", "replay")
"""Actions of the Run screen whose keys are named."""


def unanswered(step: StepState) -> int:
    """Questions of a checklist that still have no answer; only required ones count."""
    return sum(
        1
        for item in step.outline.items
        if item.get("required", True) and item.get("id") not in step.answers
    )


def is_gate(step: StepState) -> bool:
    """Whether the step is a decision."""
    return step.outline.uses == "gate"


def is_checklist(step: StepState) -> bool:
    """Whether the step is a list of questions."""
    return step.outline.uses == "checklist"


def waits_for_lane(step: StepState) -> bool:
    """Whether a merge waits for somebody who confirms what merges without a person."""
    return step.outline.uses == "merge" and step.status is Status.WAITING


def lane_is_confirmed(state: RunState, step: StepState) -> bool:
    """Whether somebody has decided what a merge waits for."""
    return waits_for_lane(step) and any(word.counts for word in state.lane.words.values())


def waivable(step: StepState) -> list[CheckState]:
    """Checks of ``step`` that stop the run and that a person may accept."""
    return [check for check in step.checks.values() if check.blocks and check.waivable]


def next_press(state: RunState, running: bool, key: Callable[[str], str] = key_of) -> str:
    """The line behind ``Next:``. ``key``: an action's id → its key, as it is printed."""
    keys = {name: key(f"run.{name}") for name in KEYS} | {"quit": key("app.quit")}
    if running:
        return _("{toggle} pause after this unit").format(**keys)
    if state.ended == "aborted":
        return _(
            "the run was aborted: it can be looked at and exported · {replay} replay · {quit} quit"
        ).format(**keys)
    supplementary = next((s for s in state.steps.values() if s.supplementary), None)
    step = state.current
    if step is None:
        if supplementary is not None:
            return _("{gate} sign “{name}” again: its evidence changed").format(
                **keys, name=_name(supplementary)
            )
        if state.ended:
            # Replay, persons and leaving stand in the line of keys below; the report has no key.
            return _("the run is complete · report: tui-migrate audit report -o report.html")
        return _("{open} finish the run").format(**keys)
    return _for_step(state, step, keys)


def _name(step: StepState) -> str:
    return prose(step_name(step.outline))


def _for_questions(step: StepState, keys: Mapping[str, str]) -> str:
    left, name = unanswered(step), _name(step)
    if not left:
        return _("{open} go on: all questions of “{name}” are answered").format(**keys, name=name)
    text = ngettext("{open} answer {n} question", "{open} answer {n} questions", left)
    return text.format(**keys, n=left) + f" · {name}"


def _for_lane(state: RunState, step: StepState, keys: Mapping[str, str]) -> str:
    if lane_is_confirmed(state, step):
        return _("{open} go on with “{name}”").format(**keys, name=_name(step))
    text = _("{open} look at what merges without a person: {n} clusters are to be confirmed")
    return text.format(**keys, n=grouped(step.subject))


def _for_step(state: RunState, step: StepState, keys: Mapping[str, str]) -> str:
    name = _name(step)
    match step.status:
        case Status.WAITING if is_gate(step):
            return _("{open} open gate “{name}”").format(**keys, name=name)
        case Status.WAITING if waits_for_lane(step):
            return _for_lane(state, step, keys)
        case Status.WAITING:
            return _for_questions(step, keys)
        case Status.ATTENTION if not waivable(step):
            return _(
                "{redo} redo “{name}” when what is wrong is repaired: its check is never waived"
            ).format(**keys, name=name)
        case Status.ATTENTION:
            return _("{waive} waive or {redo} redo the failed check of “{name}”").format(
                **keys, name=name
            )
        case Status.FAILED:
            return _("{open} try “{name}” again · it failed: {code}").format(
                **keys, name=name, code=safe(label(step.reason))
            )
        case Status.PAUSED | Status.RUNNING:
            return _("{open} go on with “{name}”").format(**keys, name=name)
        case Status.STALE if is_gate(step):
            return _("{open} go on: “{name}” needs new sign-offs").format(**keys, name=name)
        case Status.STALE:
            return _("{open} do “{name}” again: {reason}").format(
                **keys, name=name, reason=safe(label(step.reason))
            )
        case _:
            begun = any(other.attempt or other.ended_at for other in state.steps.values())
            if not begun:
                return _("{open} start the run").format(**keys)
            return _("{open} go on with “{name}”").format(**keys, name=name)
