"""The dialogs around a gate: conditions met, expired steps opened again, reasons for departing."""

from __future__ import annotations

from collections.abc import Callable

from tui_migrate.engine import api
from tui_migrate.engine.gate_conditions import open_conditions
from tui_migrate.engine.gate_window import why_words
from tui_migrate.engine.run import StepState
from tui_migrate.engine.sentences import step_name
from tui_migrate.i18n import _
from tui_migrate.tui.answers import day
from tui_migrate.tui.deciding import Words
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed


def meet_form(screen: BaseScreen, words: Words) -> None:
    """Say of an open condition how it was met."""
    conditions = [c for _gate, c in open_conditions(screen.state)]
    if not conditions:
        screen.home.tell(_("No condition is open."))
        return

    def then(filled: Filled | None) -> None:
        if filled is not None:
            screen.send(api.Meet(condition=filled["choice"], comment=filled["comment"]))

    choices = [
        (
            c.id,
            _("{id} for {owner}, due {due}: {what}").format(
                id=safe(c.id), owner=safe(c.owner), due=safe(c.due), what=prose(words(c.what))
            ),
        )
        for c in conditions
    ]
    ask = Ask("comment", _("How was it met?"), check=needed(_("Say how: it is kept.")))
    intro = _("Which condition is met?")
    form = Form(_("A condition is met"), intro, [ask], choices, submit=_("met"))
    screen.app.push_screen(form, then)


def reopen_form(screen: BaseScreen, step: StepState) -> None:
    """Open a step again whose deadline has expired."""

    def then(filled: Filled | None) -> None:
        if filled is not None:
            until = day(filled["until"]) if filled["until"] else ""
            screen.send(api.Reopen(step=step.id, reason=filled["reason"], until=until))

    bad_day = _("This is not a date: type it as 31-03-2026.")
    asks = [
        Ask("reason", _("Why?"), check=needed(_("Say why: it goes into the journal."))),
        Ask(
            "until",
            _("Until when? Empty: its hours count anew"),
            hint="31-03-2026",
            check=lambda text: "" if not text.strip() or day(text) else bad_day,
        ),
    ]
    title = _("Open {name} again").format(name=prose(step_name(step.outline)))
    screen.app.push_screen(Form(title, "", asks, submit=_("open again")), then)


def outside_form(
    screen: BaseScreen, step: StepState, why: str, go_on: Callable[[str], None]
) -> None:
    """An import is about to begin while the change window is closed: why?"""

    def then(filled: Filled | None) -> None:
        if filled is not None:
            go_on(filled["reason"])

    intro = _(
        "“{name}” would start outside the change window: {why}.\n"
        "Your name and your reason stay visible in status, report and journal."
    ).format(name=prose(step_name(step.outline)), why=why_words(why))
    ask = Ask("reason", _("Why now?"), check=needed(_("It needs a reason, or time.")))
    form = Form(_("Outside the change window"), intro, [ask], submit=_("start"))
    screen.app.push_screen(form, then)
