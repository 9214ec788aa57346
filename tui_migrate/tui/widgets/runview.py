"""The run on screen: the tree of steps, and one step beside it. Live and in replay the same."""

from __future__ import annotations

from collections.abc import Mapping

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import OptionList

from tui_migrate.engine.api import Progress
from tui_migrate.engine.run import SETTLED, RunState, Status, StepState
from tui_migrate.engine.sentences import number_of, said, step_name
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.detail import entry_rows, references, step_rows
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.status import LOOKS, phase_status
from tui_migrate.tui.widgets.block import Block, label_frame, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows

LIVE = 30
"""How many of the last entries stand under a step, as far as there is room."""

PLAIN = frozenset({Status.TODO, Status.DONE, Status.SKIPPED})
"""Where the glyph says enough: the title may have the room of the word."""


class RunView(Horizontal):
    """Tree and step. ``show`` it a state; it follows where the run stands until the cursor is
    moved elsewhere, and again when the cursor comes back."""

    class Wanted(Message):
        """What was typed or went wrong at the step that is shown has to be read from the vault."""

        def __init__(self, references: tuple[str, ...]) -> None:
            super().__init__()
            self.references = references

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._words: dict[str, str] = {}
        self._asked: set[str] = set()
        self._state = RunState()
        self._progress: Progress | None = None
        self._open: dict[str, bool] = {}
        self._follow = True
        self._followed = ""
        self._flip = False

    def compose(self) -> ComposeResult:
        yield Rows(Column(share=1), Column(width=9, right=True), id="tree")
        with Vertical(id="side"):
            with VerticalScroll(id="about", can_focus=True):
                yield Block(id="detail")
            yield Block(id="entries")

    @property
    def selected(self) -> StepState | None:
        """The step under the cursor, or the one where the run stands."""
        kind, _colon, key = self.query_one("#tree", Rows).picked.partition(":")
        if kind == "step":
            return self._state.steps.get(key)
        return self._standing

    @property
    def _standing(self) -> StepState | None:
        """Where the run stands: at the end, its last step."""
        return self._state.current or next(reversed(self._state.steps.values()), None)

    def show(self, state: RunState, progress: Progress | None = None) -> None:
        """Show the run as ``state`` says."""
        self._state, self._progress = state, progress
        self._show_tree()
        self._show_step()

    def tell(self, words: Mapping[str, str]) -> None:
        """The words behind commitments, once they were read."""
        self._words.update(words)
        self._show_step()

    def flip(self) -> None:
        """The attention point in the other language."""
        self._flip = not self._flip
        self._show_step()

    def follow(self) -> None:
        """Go back to where the run stands."""
        self._follow = True
        self._open.clear()
        self.show(self._state, self._progress)

    # Tree

    def _show_tree(self) -> None:
        current = self._standing
        rows = []
        for number, phase in enumerate(self._state.phases, 1):
            steps = [s for s in self._state.steps.values() if s.outline.phase == phase.id]
            here = current is not None and current.outline.phase == phase.id
            rows.append(self._phase_row(phase.id, number, said(phase.title), steps))
            if self._open.get(phase.id, here):
                rows.extend(self._step_row(step) for step in steps)
        pick = None
        if self._follow and current is not None:
            pick = self._followed = f"step:{current.id}"
            if not any(row.id == pick for row in rows):
                pick = self._followed = f"phase:{current.outline.phase}"
        tree = self.query_one("#tree", Rows)
        tree.show(rows, pick)
        settled = sum(step.status in SETTLED for step in self._state.steps.values())
        total = len(self._state.steps)
        text = ngettext("{n} of {m} step done", "{n} of {m} steps done", total)
        label_frame(tree, _("Steps"), text.format(n=grouped(settled), m=grouped(total)))

    def _phase_row(self, phase: str, number: int, title: str, steps: list[StepState]) -> Row:
        look = LOOKS[phase_status(steps)]
        settled = sum(step.status in SETTLED for step in steps)
        name = f"{look.glyph} {number} {prose(title) or phase}"
        style = f"{look.style} bold" if "dim" not in look.style else "bold"
        return Row(f"phase:{phase}", ((name, style), (f"{settled}/{len(steps)}", "bold")))

    def _step_row(self, step: StepState) -> Row:
        look = LOOKS[step.status]
        name = prose(said(step.outline.title)) or step.id
        number = safe(number_of(step.outline))
        text = f"  {look.glyph} {number} {name}" if number else f"  {look.glyph} {name}"
        style = look.style if step.status is not Status.DONE else ""
        word = "" if step.status in PLAIN else _(look.word)
        return Row(f"step:{step.id}", ((text, style), (word, look.style)))

    @on(OptionList.OptionHighlighted, "#tree")
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id != self.query_one("#tree", Rows).picked:
            return
        if event.option_id != self._followed:
            self._follow = False
        elif self._standing is not None:
            self._follow = True
        self._show_step()

    def toggle_phase(self) -> bool:
        """Fold or unfold the phase under the cursor; whether there was one."""
        kind, _colon, phase = self.query_one("#tree", Rows).picked.partition(":")
        if kind != "phase":
            return False
        current = self._standing
        here = current is not None and current.outline.phase == phase
        self._open[phase] = not self._open.get(phase, here)
        self._show_tree()
        return True

    # Step

    def _show_step(self) -> None:
        side, about = self.query_one("#side", Vertical), self.query_one("#about", VerticalScroll)
        step = self.selected
        width = max(20, about.scrollable_content_region.width or 40)
        tall = self.size.height >= 28
        if step is None:
            label_frame(side, prose(said(self._state.title)))
            self.query_one("#detail", Block).put("")
        else:
            look = LOOKS[step.status]
            label_frame(side, prose(step_name(step.outline)), look.content)
            wanted = references(step) - self._asked
            if wanted:
                self._asked |= wanted
                self.post_message(self.Wanted(tuple(sorted(wanted))))
            rows = step_rows(
                self._state, step, self._progress, width, tall, self._flip, self._words
            )
            self.query_one("#detail", Block).put(lines(rows))
        self.query_one("#entries", Block).put(
            lines(entry_rows(self._state, LIVE, width, wrap=tall, step=step.id if step else ""))
        )
