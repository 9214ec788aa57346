"""Looking a person up by name, e-mail, telephone or id."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events, on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input, OptionList

from tui_migrate.engine.person_queries import Hit, Person, Search
from tui_migrate.i18n import _, later, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.widgets.block import Block, Field
from tui_migrate.tui.widgets.rows import Column, Row, Rows

COLUMNS = (
    Column(later("name"), share=2),
    Column(later("e-mail"), share=2),
    Column(later("town"), share=1, needs=70),
    Column(later("records"), width=8, right=True),
    Column(later("id"), width=22, needs=96),
)


class PeopleScreen(BaseScreen):
    """A line to type on, and who fits."""

    GROUP = "people"
    CSS_PATH = "people.tcss"
    AUTO_FOCUS = "#search"
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("people"),
        Binding("down", "hits", show=False),
    ]

    def wording(self, act: Act) -> str:
        if act.id == "people.open" and self.query_one("#search", Field).has_focus:
            return _("search")
        return act.label

    def applies(self, act: Act) -> bool:
        return act.id != "people.search" or not self.query_one("#search", Field).has_focus

    @on(events.DescendantFocus)
    def _focused(self) -> None:
        self.show_frame()

    def __init__(self) -> None:
        super().__init__()
        self._hits: Sequence[Hit] = ()
        self._asked = False
        self._seen = 0
        """The last entry when they were asked for."""

    def body(self) -> Iterable[Widget]:
        yield Field(hint=_("name, e-mail, telephone or id, then ⏎"), id="search")
        yield Rows(*COLUMNS, id="hits")
        yield Block(id="about")

    @on(Input.Submitted, "#search")
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value.strip():
            self.look_again()

    def look_again(self) -> None:
        """Ask (once more: somebody who fitted is gone)."""
        self._seen = self.state.seq
        self.ask("search", Search(text=self.query_one("#search", Field).value), self._have)

    def refresh_state(self) -> None:
        """Before the first search: whether it was said why."""
        if not self._asked and not self.home.purpose:
            said = _("F2 says why you look, once for all that follows; it is journalled.")
            self.query_one("#about", Block).put(said)

    def why_not_said(self) -> None:
        """Nobody was found; he can still type another search."""
        self._unanswered = {}

    def _have(self, hits: Sequence[Hit]) -> None:
        self._hits, self._asked = hits, True
        rows = self.query_one("#hits", Rows)
        rows.show(
            [
                Row(
                    str(number),
                    (
                        safe(hit.name) or "–",
                        safe(hit.email),
                        safe(hit.town),
                        grouped(hit.records),
                        safe(hit.profile_id or f"{hit.source} {hit.record_id}"),
                    ),
                )
                for number, hit in enumerate(hits)
            ]
        )
        if any(hit.profile_id for hit in hits):
            text = ngettext("{n} person fits.", "{n} persons fit.", len(hits))
        else:
            text = ngettext(
                "{n} record fits; records are not merged yet.",
                "{n} records fit; records are not merged yet.",
                len(hits),
            )
        text = text.format(n=len(hits))
        if not hits:
            text = _("Nobody fits. All words have to occur; an id may be cut short.")
        elif len(hits) == Search(text="").limit:
            text = _("The first {n} that fit: type more to see fewer.").format(n=len(hits))
        self.query_one("#about", Block).put(text)
        if hits:
            rows.focus()

    @on(OptionList.OptionSelected, "#hits")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """The person under the cursor."""
        from tui_migrate.tui.screens.person import PersonScreen

        picked = self.query_one("#hits", Rows).picked
        if picked:
            hit = self._hits[int(picked)]
            query = Person(profile_id=hit.profile_id, source=hit.source, record_id=hit.record_id)
            self.app.push_screen(PersonScreen(query, self._seen))

    def action_search(self) -> None:
        """Type again."""
        self.query_one("#search", Field).focus()

    def action_hits(self) -> None:
        """From the line to the list."""
        if self._hits:
            self.query_one("#hits", Rows).focus()
