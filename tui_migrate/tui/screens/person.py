"""One person: values with their sources, consents, and the trail in plain sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import msgspec
from textual import events, on
from textual.binding import BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.audit.entries import Entry
from tui_migrate.engine.person_queries import (
    ConsentEvents,
    ConsentFact,
    ConsentState,
    Person,
    PersonSheet,
    Right,
)
from tui_migrate.engine.sentences import label, stamp
from tui_migrate.engine.trail_sentences import told as told_of
from tui_migrate.engine.wording import counted, evidence_words, rule_words
from tui_migrate.i18n import _, later, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Form
from tui_migrate.tui.screens.rights import forget_form, object_form, restrict_form
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, label_frame, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

VALUES = (
    Column(later("field"), width=16),
    Column(later("value"), share=3),
    Column(later("from"), share=2),
    Column(later("rule"), share=1, needs=70),
)
CONSENTS = (
    Column(later("brand"), share=2),
    Column(later("channel"), share=2),
    Column(later("state"), width=9),
    Column(later("evidence"), width=10),
    Column(later("rule"), share=3, needs=48),
)
TRAIL = (Column(width=16), Column(share=1))


OF_A_PERSON = ("person.events", "person.forget", "person.restrict", "person.object")
"""Keys that do nothing where nobody stands."""


class PersonScreen(BaseScreen):
    """A profile, or before the merge a record."""

    GROUP = "person"
    CSS_PATH = "person.tcss"
    AUTO_FOCUS = "#values"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("person"))

    def __init__(self, query: Person, seen: int | None = None) -> None:
        """``seen``: the entry up to which the run was known when the person was found; the present one
        unless it is given."""
        super().__init__()
        self._query = query
        self._sheet: PersonSheet | None = None
        self._seen = seen
        self._asked_at = 0
        """How many erasures there were when the person was asked for."""

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
        self._look()

    def _look(self) -> None:
        if self._seen is None:
            self._seen = self.state.seq
        self._asked_at = len(self.state.erased)
        self.ask("person", self._query, self._have)

    def refresh_state(self) -> None:
        """Somebody was erased since: perhaps this person."""
        if self._seen is not None and len(self.state.erased) > self._asked_at:
            self._look()

    @property
    def _erasures(self) -> list[Entry]:
        """The erasures that were asked for and done since the person was found."""
        seen = self._seen or 0
        done = {name for name, (entry, _fact) in self.state.erased.items() if entry.seq > seen}
        return [e for e in self.state.erasures if getattr(e.fact, "profile", "") in done]

    def _have(self, sheet: PersonSheet) -> None:
        if self._erasures and not (sheet.values or sheet.consents):
            self._show_erased()
            return
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
        waits = sheet.children.get("consent", 0)
        none = _("not worked out yet") if waits else _("none")
        label_frame(
            consents, _("Consents"), _("⏎ the events behind it") if sheet.consents else none
        )
        self.show_frame()
        trail = self.query_one("#trail", Rows)
        trail.show(
            [
                Row(str(n), ((stamp(e.at, self.state.zone), QUIET), self._sentence(n)))
                for n, e in enumerate(sheet.trail)
            ]
        )
        count = ngettext("{n} event", "{n} events", len(sheet.trail))
        label_frame(trail, _("Trail"), count.format(n=grouped(len(sheet.trail))))

    def _show_erased(self) -> None:
        """That the person is no more here, since when and by whom; nothing of them."""
        self._sheet = None
        for name in ("#values", "#consents", "#trail"):
            self.query_one(name, Rows).show([])
            label_frame(self.query_one(name, Rows), "")
        rows = [Content.styled(_("This person was erased."), "bold")]
        told = _("{at} by {by}")
        if len(self._erasures) > 1:
            rows.append(Content(_("It is one of the erasures since the person was found:")))
        rows += [
            Content.styled(
                told.format(at=stamp(entry.at, self.state.zone), by=safe(entry.by)), WARN
            )
            for entry in self._erasures
        ]
        self.query_one("#who", Block).put(lines(rows))
        self.show_frame()

    def applies(self, act: Act) -> bool:
        return self._sheet is not None or act.id not in OF_A_PERSON

    def _sentence(self, number: int) -> str:
        assert self._sheet is not None  # noqa: S101 - only called with a sheet
        event = msgspec.structs.asdict(self._sheet.trail[number])
        return safe(told_of(event, len(self._sheet.records) > 1))

    def _show_who(self, sheet: PersonSheet) -> None:
        records = ", ".join(
            f"{r.source} {r.record_id}{' ★' if r.role == 'founder' else ''}" for r in sheet.records
        )
        children = " · ".join(counted(n, name) for name, n in sheet.children.items())
        identity = sheet.profile_id or _("not merged yet")
        email = next((v.value for v in sheet.values if v.field == "email" and v.value), "")
        rows = [
            line((safe(sheet.name or email) or "–", "bold"), (f"   {safe(identity)}", QUIET)),
            line((_("Records") + "  ", QUIET), safe(records)),
        ]
        if children:
            rows.append(line((_("Has") + "  ", QUIET), safe(children)))
        rows += [self._right(right) for right in sheet.rights]
        self.query_one("#who", Block).put(lines(rows))

    def _right(self, right: Right) -> Content:
        """A right that holds: what, since when, by whom and why."""
        words = {
            "restricted": _("Restricted since {at} by {by}, because: {reason}"),
            "objected": _("Objects to marketing since {at} by {by}, because: {reason}"),
        }[right.kind]
        told = words.format(
            at=stamp(right.at, self.state.zone), by=safe(right.by), reason=safe(right.reason) or "–"
        )
        return Content.styled(told, WARN)

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

    # What a row says in full

    def wording(self, act: Act) -> str:
        if act.id == "person.restrict" and self._restricted:
            return _("lift")
        if act.id == "person.events" and not self.query_one("#consents", Rows).has_focus:
            return _("in full")
        return act.label

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        self.show_frame()

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_events()

    def action_events(self) -> None:
        """The row under the cursor in full; of a consent the events that led to it, in order, and
        the rule that decided."""
        sheet, rows = self._sheet, self.focused
        if sheet is None or not isinstance(rows, Rows) or not rows.picked:
            return
        number = int(rows.picked)
        if rows.id == "consents":
            self._ask_events(sheet, sheet.consents[number])
        elif rows.id == "trail":
            at = stamp(sheet.trail[number].at, self.state.zone)
            self._read(at, Content(self._sentence(number)))
        else:
            value = sheet.values[number]
            told = [Content(safe(value.value) or "–"), Content("")]
            source = safe(f"{value.source} {value.record_id}".strip())
            told.append(line((_("from") + "  ", QUIET), source or "–"))
            if value.rule:
                told.append(line((_("rule") + "  ", QUIET), safe(rule_words(value.rule))))
            self._read(safe(label(value.field)), lines(told))

    def action_forget(self) -> None:
        """Have this person erased, once it is meant."""
        if self._sheet is not None:
            forget_form(self, self._sheet)

    @property
    def _restricted(self) -> bool:
        return self._sheet is not None and any(r.kind == "restricted" for r in self._sheet.rights)

    def action_restrict(self) -> None:
        """Restrict the processing of this person's data, or end that, once it is meant."""
        if self._sheet is not None:
            restrict_form(self, self._sheet, self._look)

    def action_object(self) -> None:
        """Note that this person objects to direct marketing, once it is meant."""
        if self._sheet is not None:
            object_form(self, self._sheet, self._look)

    def _read(self, title: str, told: Content) -> None:
        self.app.push_screen(Form(title, told, submit=_("close"), reading=True))

    def _ask_events(self, sheet: PersonSheet, state: ConsentState) -> None:
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
            origin = (
                f"{fact.source} {fact.record_id} · {fact.file}:{fact.line}" if fact.file else ""
            )
            said = (evidence_words(fact.evidence), fact.campaign, origin)
            tail = " · ".join(safe(p) for p in said if p)
            rows.append(Content.styled(f"{'':<17}{tail}", QUIET))
        if not found:
            rows.append(Content(_("No event at all.")))
        verdict = _("Therefore {status}: {rule}.").format(
            status=safe(state.status), rule=safe(rule_words(state.rule))
        )
        rows += [Content(""), Content.styled(verdict, "bold")]
        title = f"{state.brand} · {state.channel} · {state.purpose}"
        self._read(title, lines(rows))
