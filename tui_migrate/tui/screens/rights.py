"""The dialogs for the rights of a person: to be erased, restriction of processing, objection."""

from __future__ import annotations

from collections.abc import Callable

from textual.content import Content

from tui_migrate.engine import api
from tui_migrate.engine.person_queries import PersonSheet
from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.erasing import Erasing
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.screens.people import PeopleScreen


def forget_form(screen: BaseScreen, sheet: PersonSheet) -> None:
    """Have the person erased; meanwhile a screen says how far it is. Theirs closes when it is done."""
    working = Erasing(lambda: screen.state)

    def done(reply: api.Reply) -> None:
        working.finish()
        if reply.ok:
            told = Form(_("Erased"), _lines(reply.message), submit=_("close"), reading=True)
            if screen.is_current:
                screen.app.pop_screen()
            if isinstance(screen.app.screen, PeopleScreen):
                screen.app.screen.look_again()
            screen.app.push_screen(told)

    intro = _(
        "{} is erased from deliveries, staging, exports, vault and target. It cannot be undone;"
        " back-ups that still hold the person are named, with the day on which they have to go."
    )
    form = _form(
        sheet, _("Erase a person"), intro, _("To erase, type one of the record numbers"), _("erase")
    )

    def then(filled: Filled | None) -> None:
        if filled is not None:
            command = api.Forget(
                profile=named(sheet), reason=filled["reason"], typed=filled["typed"]
            )
            screen.app.push_screen(working)
            screen.send(command, done)

    screen.app.push_screen(form, then)


def restrict_form(screen: BaseScreen, sheet: PersonSheet, again: Callable[[], None]) -> None:
    """Have the processing of the person's data restricted, or end that; then ``again``."""
    lift = any(right.kind == "restricted" for right in sheet.rights)
    if lift:
        form = _form(
            sheet,
            _("End the restriction"),
            _("{} is no longer restricted. The next run sends on what was left out."),
            _("To end it, type one of the record numbers"),
            _("lift"),
        )
    else:
        form = _form(
            sheet,
            _("Restrict the processing of a person's data"),
            _(
                "Nothing of {} goes to the target but opt-outs, from the next run on, until it is"
                " lifted (GDPR, article 18)."
            ),
            _("To restrict, type one of the record numbers"),
            _("restrict"),
        )

    def then(filled: Filled | None) -> None:
        if filled is not None:
            command = api.Restrict(profile=named(sheet), reason=filled["reason"], lift=lift)
            screen.send(command, _told(screen, form, again))

    screen.app.push_screen(form, then)


def object_form(screen: BaseScreen, sheet: PersonSheet, again: Callable[[], None]) -> None:
    """Note that the person objects to direct marketing; then ``again``."""
    form = _form(
        sheet,
        _("A person objects to direct marketing"),
        _(
            "From now on {} has an opt-out on every brand and channel; older opt-ins that arrive"
            " later change nothing (GDPR, article 21). It cannot be taken back here: a new"
            " permission ends it."
        ),
        _("To note it, type one of the record numbers"),
        _("object"),
    )

    def then(filled: Filled | None) -> None:
        if filled is not None:
            command = api.Object(profile=named(sheet), reason=filled["reason"])
            screen.send(command, _told(screen, form, again))

    screen.app.push_screen(form, then)


def named(sheet: PersonSheet) -> str:
    """The person as commands name him: by profile id, before the merge by source/record."""
    first = next(iter(sheet.records), None)
    return sheet.profile_id or (f"{first.source}/{first.record_id}" if first else "")


def _form(sheet: PersonSheet, title: str, intro: str, typed: str, submit: str) -> Form:
    """Asks why, and for one of the record numbers as they stand on the screen."""
    numbers = {r.record_id for r in sheet.records}
    numbers |= {f"{r.source}/{r.record_id}" for r in sheet.records}

    def is_his(text: str) -> str:
        return "" if text.strip() in numbers else _("That is not a record number of this person.")

    why = _("Why (such as the letter that asks for it)?")
    asks = [
        Ask("reason", why, check=needed(_("This needs a reason."))),
        Ask("typed", typed, check=is_his),
    ]
    return Form(title, intro.format(safe(sheet.name or named(sheet))), asks, submit=submit)


def _lines(message: str) -> Content:
    """An answer of several lines, line by line."""
    return Content("\n".join(map(safe, message.split("\n"))))


def _told(screen: BaseScreen, form: Form, again: Callable[[], None]) -> Callable[[api.Reply], None]:
    def done(reply: api.Reply) -> None:
        if reply.ok:
            again()
            screen.app.push_screen(
                Form(form.heading, _lines(reply.message), submit=_("close"), reading=True)
            )

    return done
