"""The one dialog: some lines to read, perhaps a choice, some lines to type, and what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList

from tui_migrate.i18n import _, asked, speaking
from tui_migrate.tui.paths import Paths
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
    """A line to type: its label, what it starts with, and what would be wrong.

    ``files``: a path is asked for; ⇥ completes it, also from this folder.
    """

    id: str
    label: str
    value: str = ""
    hint: str = ""
    check: Check | None = None
    files: Path | None = None


class Form(ModalScreen[Filled | None]):
    """Dismisses with id → text (a choice under ``choice``), or with ``None`` on Esc.

    The focus moves at once, not later: what is typed ahead lands on the line it is meant for.
    """

    CSS_PATH = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", show=False),
        Binding("enter", "confirm", show=False),
        Binding("up", "line(-1)", show=False),
        Binding("down", "line(1)", show=False),
    ]

    def __init__(
        self,
        title: str,
        intro: Content | str = "",
        asks: Sequence[Ask] = (),
        choices: Sequence[tuple[str, str]] = (),
        submit: str = "",
        picked: str = "",
        reading: bool = False,
    ) -> None:
        """``reading``: nothing is asked; ⏎ and esc both close it."""
        super().__init__()
        self._language = asked()
        """Of the screen that opens it."""
        self._reading = reading
        self._title = title
        self._intro = safe(intro) if isinstance(intro, str) else intro
        self._asks = list(asks)
        self._choices = list(choices)
        self._submit = submit or _("done")
        self._picked = picked
        self._open = False
        self._early = ""
        """Typed ahead, before this form stood there."""

    @property
    def heading(self) -> str:
        """The title of the dialog."""
        return self._title

    def compose(self) -> ComposeResult:
        with Vertical(id="form") as box:
            box.border_title = Content(safe(self._title))
            if self._reading:
                with VerticalScroll(id="text"):
                    yield Block(self._intro, id="intro")
            elif self._intro:
                yield Block(self._intro, id="intro")
            if self._choices:
                rows = Rows(Column(share=1), id="choices")
                rows.styles.height = min(9, len(self._choices))
                yield rows
            for ask in self._asks:
                yield Block(safe(ask.label), classes="label")
                paths = Paths(ask.files) if ask.files is not None else None
                yield Field(ask.value, hint=ask.hint, id=f"field-{ask.id}", suggester=paths)
            if self._asks:
                yield Block(id="wrong")
            yield Block(self._how(), id="how")

    def _how(self) -> str:
        """The keys that do something here."""
        with speaking(self._language):
            return self._keys()

    def _keys(self) -> str:
        parts = [_("⏎ next line") if self._goes_on() else f"⏎ {self._submit}"]
        if any(ask.files is not None for ask in self._asks):
            parts.append(_("⇥ complete"))
        if len(self._asks) + bool(self._choices) > 1:
            parts.append(_("↑ ↓ between lines"))
        if not self._reading:
            parts.append(_("esc cancel"))
        elif any(text.max_scroll_y for text in self.query("#text")):
            parts.append(_("↑ ↓ PgUp PgDn more of it"))
        return "   ".join(parts)

    def _goes_on(self) -> bool:
        """Whether Enter goes to a next line here, instead of sending the form."""
        if not self._asks:
            return False
        return self.focused is not None and self.focused is not self._field(-1)

    def on_descendant_focus(self) -> None:
        self._say_how()

    def on_mount(self) -> None:
        if self._choices:
            rows = self.query_one("#choices", Rows)
            rows.show([Row(key, (safe(text),)) for key, text in self._choices], self._picked)
            self.set_focus(rows)
        elif self._asks:
            self.set_focus(self._field(0))
        else:
            self._read_from_the_top()
        self._open = True
        if self._early and isinstance(self.focused, Field):
            self.focused.insert_text_at_cursor(self._early)

    def _read_from_the_top(self) -> None:
        """The keys go to the text; once it is laid out, the last line says when there is more of it."""
        place = self.query_one("#text" if self._reading else "#form")
        place.can_focus = True
        place.focus()
        self.call_after_refresh(self._say_how)

    def on_resize(self) -> None:
        self.call_after_refresh(self._say_how)

    def _say_how(self) -> None:
        for block in self.query("#how").results(Block):
            block.put(self._how())

    def on_key(self, event: events.Key) -> None:
        """What was wrong no longer stands there once the person goes on. What was typed while the
        focus went from the choice to a line belongs on that line."""
        self._say("")
        if event.is_printable and event.character and self.typed(event.character):
            event.stop()

    def typed(self, character: str) -> bool:
        """A character that came before there was a line under the cursor; whether it has a place."""
        if not self._open:
            self._early += character
        elif isinstance(self.focused, Field):
            self.focused.insert_text_at_cursor(character)
        else:
            return False
        return True

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
        self._say(wrong)
        return wrong

    def _say(self, wrong: str) -> None:
        for block in self.query("#wrong").results(Block):
            block.put(Content.styled(safe(wrong), "$text-error"))

    def action_line(self, by: int) -> None:
        """The line before or behind; what is only read is scrolled."""
        if not self._asks and not self._choices:
            self.query_one("#text" if self._reading else "#form").scroll_relative(
                y=by, animate=False
            )
        elif by > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_cancel(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def action_confirm(self) -> None:
        """A form without lines is confirmed by Enter; the key goes no further, to what lies behind."""
        if not self._asks and not self._choices:
            self.dismiss({})
