"""Findings: from rule to field to records, raw and cleaned side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine import api
from tui_migrate.engine.api import Reply
from tui_migrate.engine.data_queries import (
    PAGE,
    FieldTotal,
    Finding,
    FindingFields,
    FindingPage,
    FindingRecords,
    FindingRules,
    RuleTotal,
)
from tui_migrate.engine.wording import rule_words
from tui_migrate.i18n import _, later, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.status import BAD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

SEVERITIES = {
    "block": ("✗ ", later("block"), BAD),
    "warn": ("! ", later("warn"), WARN),
    "note": ("· ", later("note"), QUIET),
}

RULES = (
    Column(later("rule"), share=1),
    Column(later("severity"), width=9),
    Column(later("fields"), width=7, right=True, needs=60),
    Column(later("records"), width=10, right=True),
    Column(later("findings"), width=11, right=True),
)
FIELDS = (
    Column(later("source"), width=16),
    Column(later("field"), share=1),
    Column(later("findings"), width=11, right=True),
    Column(later("for example"), share=2, needs=90),
)
RECORDS = (
    Column(later("record"), width=18),
    Column(later("raw"), share=3),
    Column(later("cleaned"), share=3),
    Column(later("file and line"), share=2, needs=100),
)


class FindingsScreen(BaseScreen):
    """Three levels in one place; Enter goes down, Esc goes up."""

    GROUP = "findings"
    CSS_PATH = "findings.tcss"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("findings"))

    def __init__(self) -> None:
        super().__init__()
        self._rules: Sequence[RuleTotal] = ()
        self._fields: Sequence[FieldTotal] = ()
        self._page: FindingPage | None = None
        self._rule = ""
        self._field: FieldTotal | None = None
        self._level = 0

    def body(self) -> Iterable[Widget]:
        yield Block(id="where")
        yield Rows(*RULES, id="rules")
        yield Rows(*FIELDS, id="fields")
        yield Rows(*RECORDS, id="records")
        yield Block(id="about")

    def on_mount(self) -> None:
        super().on_mount()
        self._to(0)
        self.ask("rules", FindingRules(), self._have_rules)

    def applies(self, act: Act) -> bool:
        if act.id == "findings.open":
            return self._level < 2
        if act.id == "findings.next":
            return self._level == 2 and self._page is not None and self._more(self._page)
        if act.id == "findings.previous":
            return self._level == 2 and self._page is not None and self._page.page > 0
        return True

    @staticmethod
    def _more(page: FindingPage) -> bool:
        return (page.page + 1) * PAGE < page.total

    def _to(self, level: int) -> None:
        self._level = level
        for number, name in enumerate(("#rules", "#fields", "#records")):
            rows = self.query_one(name, Rows)
            rows.display = number == level
            if number == level:
                rows.focus()
        self._show_where()
        self.show_frame()

    def _show_where(self) -> None:
        path = [_("Findings")]
        if self._level > 0:
            path.append(safe(rule_words(self._rule)))
        if self._level > 1 and self._field is not None:
            path.append(f"{safe(self._field.source)}.{safe(self._field.field)}")
        text = " › ".join(path)
        tail = ""
        if self._level == 0 and self._rules:
            total = sum(rule.findings for rule in self._rules)
            rules = len(self._rules)
            tail = ngettext("{n} finding", "{n} findings", total).format(n=grouped(total))
            tail += " · " + ngettext("{n} rule", "{n} rules", rules).format(n=grouped(rules))
            grave = sum(rule.findings for rule in self._rules if rule.severity == "block")
            if grave:
                tail += " · " + _("{n} of severity block").format(n=grouped(grave))
        elif self._level == 2 and self._page is not None:
            first = self._page.page * PAGE
            tail = _("{a}–{b} of {n}").format(
                a=grouped(first + 1 if self._page.rows else 0),
                b=grouped(first + len(self._page.rows)),
                n=grouped(self._page.total),
            )
        self.query_one("#where", Block).put(line((text, "bold"), "   ", (tail, QUIET)))

    # Answers

    def _have_rules(self, rules: Sequence[RuleTotal]) -> None:
        self._rules = rules
        made = []
        for number, rule in enumerate(rules):
            glyph, word, style = SEVERITIES.get(rule.severity, ("· ", safe(rule.severity), QUIET))
            look = (glyph + _(word), style)
            made.append(
                Row(
                    str(number),
                    (
                        safe(rule_words(rule.rule)),
                        look,
                        grouped(rule.fields),
                        grouped(rule.records),
                        (grouped(rule.findings), "bold"),
                    ),
                )
            )
        self.query_one("#rules", Rows).show(made)
        if not rules:
            self.query_one("#about", Block).put(_("No findings so far."))
        self._show_where()

    def _have_fields(self, fields: Sequence[FieldTotal]) -> None:
        self._fields = fields
        rows = [
            Row(
                str(number),
                (
                    safe(one.source),
                    safe(f"{one.entity}.{one.field}" if one.entity else one.field),
                    (grouped(one.findings), "bold"),
                    (safe(one.message), QUIET),
                ),
            )
            for number, one in enumerate(fields)
        ]
        self.query_one("#fields", Rows).show(rows)
        self._to(1)

    def _have_page(self, page: FindingPage) -> None:
        self._page = page
        rows = [
            Row(
                str(number),
                (
                    safe(one.record_id),
                    self._cell(one.value),
                    self._cell(one.cleaned),
                    (safe(f"{one.file}:{one.line}"), QUIET),
                ),
            )
            for number, one in enumerate(page.rows)
        ]
        self.query_one("#records", Rows).show(rows)
        self._to(2)

    @staticmethod
    def _cell(value: str | None) -> str | tuple[str, str]:
        if value is None:
            return ("–", QUIET)
        return safe(value) if value else ("“”", QUIET)

    @on(OptionList.OptionHighlighted, "#fields")
    def _field_moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._level == 1 and event.option_id is not None:
            message = self._fields[int(event.option_id)].message
            self.query_one("#about", Block).put(Content.styled(safe(message), QUIET))

    @on(OptionList.OptionHighlighted, "#records")
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._page is not None and event.option_id is not None:
            self._show_record(self._page.rows[int(event.option_id)])

    def _show_record(self, one: Finding) -> None:
        rows = [
            line((safe(one.message) or safe(rule_words(self._rule)), "bold")),
            line((f"{_('raw'):<9}", QUIET), self._long(one.value)),
            line((f"{_('cleaned'):<9}", QUIET), self._long(one.cleaned)),
            Content.styled(
                safe(f"{one.source} · {one.delivery} · {one.file}:{one.line} · {one.record_id}"),
                QUIET,
            ),
        ]
        self.query_one("#about", Block).put(lines(rows))

    @staticmethod
    def _long(value: str | None) -> str:
        return "–" if value is None else f"“{safe(value)}”"

    # Keys

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """One level down."""
        if self._level == 0 and self._rules:
            picked = self.query_one("#rules", Rows).picked
            if picked:
                self._rule = self._rules[int(picked)].rule
                self.ask("fields", FindingFields(rule=self._rule), self._have_fields)
        elif self._level == 1 and self._fields:
            picked = self.query_one("#fields", Rows).picked
            if picked:
                self._field = self._fields[int(picked)]
                self._ask_page(0)

    def _ask_page(self, page: int) -> None:
        if self._field is None:
            return
        query = FindingRecords(
            rule=self._rule,
            source=self._field.source,
            entity=self._field.entity,
            field=self._field.field,
            page=page,
        )
        self.ask("page", query, self._have_page)

    def action_page(self, by: int) -> None:
        """Another page of records."""
        if self._level != 2 or self._page is None:
            return
        wanted = self._page.page + by
        if wanted >= 0 and (by < 0 or self._more(self._page)):
            self._ask_page(wanted)

    def action_back(self) -> None:
        """One level up; from the top, back to where this was opened."""
        self.query_one("#about", Block).put("")
        if self._level == 0:
            super().action_back()
        else:
            self._to(self._level - 1)

    def action_export(self) -> None:
        """All findings as a file."""
        export_form(self, "findings")


def export_form(screen: BaseScreen, what: str) -> None:
    """Ask for a path and have ``what`` written there; the ending says the format."""

    def right(text: str) -> str:
        path = Path(text.strip()).expanduser()
        if path.suffix not in (".csv", ".parquet", ".jsonl"):
            return _("The name has to end in .csv, .parquet or .jsonl.")
        return "" if path.parent.is_dir() else _("There is no such folder.")

    def then(filled: Filled | None) -> None:
        if filled is None:
            return
        path = str(Path(filled["path"]).expanduser())

        def written(reply: Reply) -> None:
            if reply.ok:
                screen.home.tell(reply.message or _("written: {path}").format(path=path))

        screen.send(api.Export(what=what, path=path, basis=screen.home.purpose), written)

    asks = [
        Ask(
            "path",
            _("File"),
            f"{what}.csv",
            check=lambda t: needed(_("Name a file."))(t) or right(t),
        )
    ]
    intro = _("The export is journalled with your name and a day on which it has to be purged.")
    screen.app.push_screen(
        Form(_("Export {what}").format(what=what), intro, asks, submit=_("write")), then
    )
