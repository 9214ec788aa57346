"""Mapping: every source column, the field it goes to, and some of its values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine.data_queries import PAGE, ColumnPage, Columns, ColumnUse
from tui_migrate.i18n import _, later, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form
from tui_migrate.tui.status import GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

COLUMNS = (
    Column(later("source"), width=14),
    Column(later("column"), share=2),
    Column(later("field"), share=2),
    Column(later("filled"), width=8, right=True),
    Column(later("examples"), share=3, needs=90),
)


class MappingScreen(BaseScreen):
    """Columns → fields."""

    GROUP = "mapping"
    CSS_PATH = "mapping.tcss"
    AUTO_FOCUS = "#columns"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("mapping"))

    def __init__(self) -> None:
        super().__init__()
        self._query = Columns()
        self._page: ColumnPage | None = None

    def body(self) -> Iterable[Widget]:
        yield Block(id="where")
        yield Rows(*COLUMNS, id="columns")
        yield Block(id="about")

    def on_mount(self) -> None:
        super().on_mount()
        self._ask()

    def _ask(self) -> None:
        self.ask("columns", self._query, self._have)

    def wording(self, act: Act) -> str:
        return (
            _("all columns") if act.id == "mapping.unmapped" and self._query.unmapped else act.label
        )

    def applies(self, act: Act) -> bool:
        if act.id == "mapping.next":
            return self._page is not None and (self._page.page + 1) * PAGE < self._page.total
        return True

    def _have(self, page: ColumnPage) -> None:
        self._page = page
        rows = self.query_one("#columns", Rows)
        rows.show([self._row(str(n), column) for n, column in enumerate(page.rows)])
        counted = ngettext("{n} column, {m} unmapped", "{n} columns, {m} unmapped", page.columns)
        counted = counted.format(n=grouped(page.columns), m=grouped(page.unmapped))
        shown = []
        if self._query.unmapped:
            shown.append(_("only unmapped"))
        if self._query.containing:
            shown.append(f"“{safe(self._query.containing)}”")
        if page.total > len(page.rows):
            shown.append(_("page {n}").format(n=page.page + 1))
        style = WARN if page.unmapped else GOOD
        where = line(
            (_("Mapping"), "bold"), "   ", (counted, style), "   ", (" · ".join(shown), QUIET)
        )
        self.query_one("#where", Block).put(where)
        if not page.columns:
            self.query_one("#about", Block).put(_("Nothing is mapped yet: the map step says this."))
        elif not page.rows and not page.unmapped and not self._query.containing:
            text = _("Every column is mapped, or skipped for a reason · {key} shows them all")
            key = self.home.key("mapping.unmapped")
            self.query_one("#about", Block).put(text.format(key=key))
        elif not page.rows:
            self.query_one("#about", Block).put(_("No column fits the filter."))
        self.show_frame()

    def _row(self, key: str, c: ColumnUse) -> Row:
        percent = f"{100 * c.filled // c.rows} %" if c.rows else "–"
        return Row(
            key,
            (
                safe(c.source),
                safe(c.column),
                self._goes(c),
                percent,
                (" · ".join(safe(example) for example in c.examples), QUIET),
            ),
        )

    @staticmethod
    def _goes(c: ColumnUse) -> tuple[str, str]:
        if c.use == "mapped":
            return ("→ " + safe(f"{c.entity}.{c.field}" if c.field else c.entity), "")
        if c.use == "skipped":
            return ("– " + _("skipped: {why}").format(why=safe(c.reason)), QUIET)
        if c.use in ("", "unmapped"):
            return ("! " + _("unmapped"), WARN)
        names = {
            "key": _("the record's id"),
            "link": _("points to another source"),
            "owner": _("says whose record it is"),
            "condition": _("decides whether a row counts"),
            "empty": _("unmapped, and empty"),
        }
        return ("· " + names.get(c.use, safe(c.use)), QUIET)

    @on(OptionList.OptionHighlighted, "#columns")
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if self._page is None or event.option_id is None:
            return
        c = self._page.rows[int(event.option_id)]
        goes, style = self._goes(c)
        filled = _("filled in {n} of {m} rows").format(n=grouped(c.filled), m=grouped(c.rows))
        rows = [
            line((f"{safe(c.source)}.{safe(c.column)}", "bold"), "  ", (goes, style)),
            line(filled),
            line(
                (_("examples") + "  ", QUIET), " · ".join(f"“{safe(e)}”" for e in c.examples) or "–"
            ),
        ]
        self.query_one("#about", Block).put(lines(rows))

    def action_unmapped(self) -> None:
        """Only columns that go nowhere, or all."""
        self._query = Columns(unmapped=not self._query.unmapped, containing=self._query.containing)
        self._ask()

    def action_filter(self) -> None:
        """Only columns or fields with these letters."""

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self._query = Columns(unmapped=self._query.unmapped, containing=filled["text"])
                self._ask()

        asks = [Ask("text", _("Letters in source, column or field"), self._query.containing)]
        self.app.push_screen(Form(_("Filter"), "", asks, submit=_("filter")), then)

    def action_page(self, by: int) -> None:
        """Another page of columns."""
        if self._page is None:
            return
        wanted = self._page.page + by
        if wanted >= 0 and wanted * PAGE < max(1, self._page.total):
            old = self._query
            self._query = Columns(unmapped=old.unmapped, containing=old.containing, page=wanted)
            self._ask()
