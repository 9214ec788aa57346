"""Beginning an import while the change window is closed: only with a reason, which is journalled."""

from __future__ import annotations

from tui_migrate.audit.gate_facts import OutsideWindow
from tui_migrate.engine.core import Core
from tui_migrate.engine.gate_window import GUARDED, closed, why_words
from tui_migrate.engine.run import StepState
from tui_migrate.i18n import _


def refuse_outside(core: Core, step: StepState, reason: str) -> str:
    """Why an import may not begin now, in words; '' when it may. With a ``reason`` it may, and the
    reason is journalled."""
    if step.outline.uses != GUARDED:
        return ""
    why = closed(core.state.window, core.now(), core.state.zone)
    if not why:
        return ""
    if reason.strip():
        kept = core.vault.keep_words(reason)
        core.record(OutsideWindow(step=step.id, attempt=step.attempt + 1, why=why, reason=kept))
        return ""
    message = _("{} would start outside the change window: {}.").format(step.id, why_words(why))
    return message + "\n  " + _("Wait, or say why: tui-migrate run --outside-window WHY")
