"""The dialog that has a person erased."""

from __future__ import annotations

from tui_migrate.engine import api
from tui_migrate.engine.queries import PersonSheet
from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed


def forget_form(screen: BaseScreen, sheet: PersonSheet) -> None:
    """Ask why, and for one of the person's record numbers as it stands on the screen; then send it."""
    numbers = {r.record_id for r in sheet.records} | {
        f"{r.source}/{r.record_id}" for r in sheet.records
    }
    first = next(iter(sheet.records), None)
    named = sheet.profile_id or (f"{first.source}/{first.record_id}" if first else "")

    def then(filled: Filled | None) -> None:
        if filled is None:
            return
        command = api.Forget(profile=named, reason=filled["reason"], typed=filled["typed"])
        screen.send(command, done)

    def done(reply: api.Reply) -> None:
        if reply.ok:
            told = Form(_("Erased"), reply.message, submit=_("close"), reading=True)
            screen.app.pop_screen()
            screen.app.push_screen(told)

    def is_his(text: str) -> str:
        return "" if text.strip() in numbers else _("That is not a record number of this person.")

    asks = [
        Ask(
            "reason",
            _("Why (such as the letter that asks for it)?"),
            check=needed(_("This needs a reason.")),
        ),
        Ask("typed", _("To erase, type one of the record numbers"), check=is_his),
    ]
    intro = _(
        "{} is erased from deliveries, staging, exports, vault and target. It cannot be undone;"
        " back-ups that still hold the person are named, with the day on which they have to go."
    ).format(safe(sheet.name or named))
    screen.app.push_screen(Form(_("Erase a person"), intro, asks, submit=_("erase")), then)
