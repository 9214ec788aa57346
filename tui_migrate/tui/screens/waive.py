"""The dialog that accepts a failing check."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.engine import api
from tui_migrate.engine.run import StepState
from tui_migrate.engine.sentences import step_name
from tui_migrate.i18n import _
from tui_migrate.tui.advice import waivable
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed


def waive_form(screen: BaseScreen, steps: Sequence[StepState]) -> None:
    """Ask which of the failing checks of ``steps`` is accepted, and why; then send it."""
    failing = [(step, check) for step in steps for check in waivable(step)]
    if not failing:
        stuck = any(check.blocks for step in steps for check in step.checks.values())
        told = _("This check is never waived: repair what is wrong and redo the step.")
        screen.home.tell(told if stuck else _("No failing check to waive."), "warning")
        return

    def then(filled: Filled | None) -> None:
        if filled is None:
            return
        step, check = failing[int(filled["choice"])]
        screen.send(api.Waive(step=step.id, check=check.name, reason=filled["reason"]))

    choices = [
        (
            str(number),
            _("{step}: {check} is {observed}, expected {expected}").format(
                step=prose(step_name(step.outline)),
                check=safe(check.name),
                observed=safe(check.observed),
                expected=safe(check.expected),
            ),
        )
        for number, (step, check) in enumerate(failing)
    ]
    reason = Ask(
        "reason", _("Why is this acceptable?"), check=needed(_("A waiver needs a reason."))
    )
    intro = _("Your name and your reason stay visible in status, report and journal.")
    form = Form(_("Waive a failing check"), intro, [reason], choices, submit=_("waive"))
    screen.app.push_screen(form, then)
