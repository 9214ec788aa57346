"""One person: values with their sources, consents, and the trail in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine.queries import (
    ConsentEvents,
    ConsentFact,
    ConsentState,
    Person,
    PersonSheet,
)
from tui_migrate.engine.sentences import grouped, label, stamp
from tui_migrate.engine.trail_sentences import trail_sentence
from tui_migrate.engine.wording import rule_words
from tui_migrate.i18n import _
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.status import BAD, GOOD, QUIET
from tui_migrate.tui.widgets.block import Block, label_frame, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

VALUES = (
    Column(_("field"), width=16),
    Column(_("value"), share=3),
    Column(_("from"), share=2),
    Column(_("rule"), share=1, needs=70),
)
CONSENTS = (
    Column(_("brand"), share=2),
    Column(_("channel"), share=2),
    Column(_("state"), width=9),
    Column(_("evidence"), width=10),
    Column(_("rule"), share=3, needs=48),
)
TRAIL = (Column(width=16), Column(share=1))


class PersonScreen(BaseScreen):
    """A profile, or before the merge a record."""

    GROUP = "person"
    CSS_PATH = "person.tcss"
    AUTO_FOCUS = "#values"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("person"))

    def __init__(self, query: Person) -> None:
        super().__init__()
        self._query = query
        self._sheet: PersonSheet | None = None

    def body(self) -> Iterable[Widget]:
        yield Block(id="who")
        with Container(id="panes"):
            yield Rows(*VALUES, id="values")
            yield Rows(*CONSENTS, id="consents")
        yield Rows(*TRAIL, id="trail", heading=False)

    def on_mount(self) -> None:
        super().on_mount()
        for name, title in (
            ("#values", _("Values")),
            ("#consents", _("Consents")),
            ("#trail", _("Trail")),
        ):
            label_frame(self.query_one(name, Rows), title)
        self.ask("person", self._query, self._have)

    def _have(self, sheet: PersonSheet) -> None:
        self._sheet = sheet
        self._show_who(sheet)
        self.query_one("#values", Rows).show(
            [
                Row(
                    str(n),
                    (
                        (safe(label(v.field)), QUIET),
                        safe(v.value),
                        safe(f"{v.source} {v.record_id}".strip()),
                        (safe(rule_words(v.rule)), QUIET),
                    ),
                )
                for n, v in enumerate(sheet.values)
            ]
        )
        consents = self.query_one("#consents", Rows)
        consents.show([self._consent(str(n), c) for n, c in enumerate(sheet.consents)])
        hint = _("⏎ the events behind it") if sheet.consents else _("none")
        label_frame(consents, _("Consents"), hint)
        trail = self.query_one("#trail", Rows)
        trail.show(
            [
                Row(str(n), ((stamp(e.at, self.state.zone), QUIET), self._sentence(n)))
                for n, e in enumerate(sheet.trail)
            ]
        )
        count = _("{n} events").format(n=grouped(len(sheet.trail)))
        label_frame(trail, _("Trail"), count)

    def _sentence(self, number: int) -> str:
        assert self._sheet is not None  # noqa: S101 - only called with a sheet
        event = self._sheet.trail[number]
        text = trail_sentence(msgspec.structs.asdict(event))
        if len(self._sheet.records) > 1:
            text = f"{event.source} {event.record_id}: {text}"
        return safe(text)

    def _show_who(self, sheet: PersonSheet) -> None:
        records = ", ".join(
            f"{r.source} {r.record_id}{' ★' if r.role == 'founder' else ''}" for r in sheet.records
        )
        children = " · ".join(f"{grouped(n)} {label(name)}" for name, n in sheet.children.items())
        identity = sheet.profile_id or _("not merged yet")
        rows = [
            line((safe(sheet.name) or "–", "bold"), (f"   {safe(identity)}", QUIET)),
            line((_("Records") + "  ", QUIET), safe(records)),
        ]
        if children:
            rows.append(line((_("Has") + "  ", QUIET), safe(children)))
        self.query_one("#who", Block).put(lines(rows))

    @staticmethod
    def _consent(key: str, c: ConsentState) -> Row:
        good = c.status == "opt-in"
        look = ("✓ " if good else "✗ ") + safe(c.status)
        return Row(
            key,
            (
                safe(c.brand),
                safe(c.channel),
                (look, GOOD if good else BAD),
                safe(c.evidence_at[:10]) or "–",
                (safe(rule_words(c.rule)), QUIET),
            ),
        )

    # Events behind a consent

    @on(OptionList.OptionSelected, "#consents")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_events()

    def action_events(self) -> None:
        """What led to the state under the cursor, in order, and the rule that decided."""
        sheet, picked = self._sheet, self.query_one("#consents", Rows).picked
        if sheet is None or not picked or not self.query_one("#consents", Rows).has_focus:
            return
        state = sheet.consents[int(picked)]
        query = ConsentEvents(
            profile_id=sheet.profile_id,
            brand=state.brand,
            channel=state.channel,
            purpose=state.purpose,
        )
        self.ask("events", query, lambda found: self._show_events(state, found))

    def _show_events(self, state: ConsentState, found: Sequence[ConsentFact]) -> None:
        rows = []
        for fact in found[:30]:
            at = stamp(fact.at, self.state.zone) if fact.at else _("without a date")
            kind = _("suppressed: ") if fact.kind == "suppression" else ""
            where = _(" for all brands") if fact.brand in ("", "*") else ""
            rows.append(
                line((f"{at:<17}", QUIET), (f"{kind}{safe(label(fact.state))}", "bold"), where)
            )
            origin = f"{fact.source} {fact.record_id} · {fact.file}:{fact.line}"
            tail = " · ".join(safe(p) for p in (fact.evidence, fact.campaign, origin) if p)
            rows.append(Content.styled(f"{'':<17}{tail}", QUIET))
        if not found:
            rows.append(Content(_("No event at all.")))
        verdict = _("Therefore {status}, by the rule “{rule}”.").format(
            status=safe(state.status), rule=safe(rule_words(state.rule))
        )
        rows += [Content(""), Content.styled(verdict, "bold")]
        title = f"{state.brand} · {state.channel} · {state.purpose}"
        self.app.push_screen(Form(title, lines(rows), submit=_("close")))
