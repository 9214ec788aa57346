"""The one dialog: some lines to read, perhaps a choice, some lines to type, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

from tui_migrate.i18n import _
from tui_migrate.tui.safe import safe
from tui_migrate.tui.widgets.block import Block, Field
from tui_migrate.tui.widgets.rows import Column, Row, Rows

Check = Callable[[str], str]
"""What is wrong with what was typed, or ''."""

Filled = dict[str, str]


def needed(what: str) -> Check:
    """A field that must not stay empty."""
    return lambda text: "" if text.strip() else what


@dataclass(frozen=True, slots=True)
class Ask:
    """A line to type: its label, what it starts with, and what would be wrong."""

    id: str
    label: str
    value: str = ""
    hint: str = ""
    check: Check | None = None


class Form(ModalScreen[Filled | None]):
    """Dismisses with id → text (a choice under ``choice``), or with ``None`` on Esc.

    The focus moves at once, not later: what is typed ahead lands on the line it is meant for.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(
        self,
        title: str,
        intro: Content | str = "",
        asks: Sequence[Ask] = (),
        choices: Sequence[tuple[str, str]] = (),
        submit: str = "",
        picked: str = "",
    ) -> None:
        super().__init__()
        self._title = title
        self._intro = safe(intro) if isinstance(intro, str) else intro
        self._asks = list(asks)
        self._choices = list(choices)
        self._submit = submit or _("done")
        self._picked = picked

    def compose(self) -> ComposeResult:
        with Vertical(id="form") as box:
            box.border_title = Content(safe(self._title))
            if self._intro:
                yield Block(self._intro, id="intro")
            if self._choices:
                rows = Rows(Column(share=1), id="choices")
                rows.styles.height = min(9, len(self._choices))
                yield rows
            for ask in self._asks:
                yield Block(safe(ask.label), classes="label")
                yield Field(ask.value, hint=ask.hint, id=f"field-{ask.id}")
            yield Block(id="wrong")
            yield Block(
                _("⏎ {submit}   ↑ ↓ between lines   esc cancel").format(submit=self._submit),
                id="how",
            )

    def on_mount(self) -> None:
        if self._choices:
            rows = self.query_one("#choices", Rows)
            rows.show([Row(key, (safe(text),)) for key, text in self._choices], self._picked)
            self.set_focus(rows)
        elif self._asks:
            self.set_focus(self._field(0))
        else:
            self.query_one("#form").can_focus = True
            self.query_one("#form").focus()

    def on_key(self, event: events.Key) -> None:
        """What was wrong no longer stands there once the person goes on. What was typed while the
        focus went from the choice to a line belongs on that line."""
        self.query_one("#wrong", Block).put("")
        if event.is_printable and event.character and isinstance(self.focused, Field):
            self.focused.insert_text_at_cursor(event.character)

    def _field(self, number: int) -> Field:
        return self.query_one(f"#field-{self._asks[number].id}", Field)

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._onward(0)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        here = [ask.id for ask in self._asks].index((event.input.id or "")[len("field-") :])
        if self._complaint(here):
            return
        self._onward(here + 1)

    def _onward(self, number: int) -> None:
        if number < len(self._asks):
            self.set_focus(self._field(number))
            return
        for index in range(len(self._asks)):
            if self._complaint(index):
                self.set_focus(self._field(index))
                return
        filled = {ask.id: self._field(i).value.strip() for i, ask in enumerate(self._asks)}
        if self._choices:
            filled["choice"] = self.query_one("#choices", Rows).picked
        self.dismiss(filled)

    def _complaint(self, number: int) -> str:
        check = self._asks[number].check
        wrong = check(self._field(number).value) if check else ""
        self.query_one("#wrong", Block).put(Content.styled(safe(wrong), "$text-error"))
        return wrong

    def action_cancel(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def key_enter(self) -> None:
        """A form without lines is confirmed by Enter."""
        if not self._asks and not self._choices:
            self.dismiss({})
