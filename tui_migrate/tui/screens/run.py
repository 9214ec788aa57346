"""Run: where the migration stands, what is wrong, what to press next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine import api
from tui_migrate.engine.queries import Said
from tui_migrate.engine.review_queries import ClusterQueue, ClusterWindow
from tui_migrate.engine.run import SETTLED, Status, StepState
from tui_migrate.engine.sentences import step_name
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import (
    is_checklist,
    is_gate,
    lane_is_confirmed,
    next_press,
    waits_for_lane,
    waivable,
)
from tui_migrate.tui.safe import prose
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.screens.waive import waive_form
from tui_migrate.tui.widgets.block import Block, line
from tui_migrate.tui.widgets.runview import RunView


class RunScreen(BaseScreen):
    """The screen that the program opens with."""

    GROUP = "run"
    CSS_PATH = "run.tcss"
    AUTO_FOCUS = "#tree"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("run"))

    def __init__(self) -> None:
        super().__init__()
        self._pairs: ClusterWindow | None = None
        self._matched = ""

    def body(self) -> Iterable[Widget]:
        yield RunView(id="run")
        yield Block(id="next")

    @property
    def view(self) -> RunView:
        """Tree and step."""
        return self.query_one(RunView)

    def refresh_state(self) -> None:
        live = self.home.live
        self.view.show(self.state, live.progress)
        advice = next_press(self.state, live.running, self.home.key)
        self.query_one("#next", Block).put(line((_("Next:") + " ", "bold"), (advice, "$primary")))
        self._count_pairs()

    def on_screen_resume(self) -> None:
        self._matched = ""
        super().on_screen_resume()

    def _count_pairs(self) -> None:
        """Ask for the doubtful duplicates once per outcome of the match step."""
        matches = [s for s in self.state.steps.values() if s.outline.uses == "match"]
        digest = "|".join(s.digest for s in matches if s.status in SETTLED)
        if digest and digest != self._matched:
            self._matched = digest
            self.ask("pairs", ClusterQueue(limit=0), self._have_pairs)

    def _have_pairs(self, window: ClusterWindow) -> None:
        self._pairs = window
        self.show_frame()

    def notes(self) -> dict[str, str]:
        window = self._pairs
        if window is None or not window.total:
            return {}
        return {"run.pairs": grouped(window.total - window.decided)}

    def first(self) -> list[str]:
        if self.home.live.running:
            return ["run.toggle"]
        return ["run.open", "run.waive"]

    def wording(self, act: Act) -> str:
        if act.id == "run.toggle":
            return _("pause") if self.home.live.running else _("start")
        return act.label

    def applies(self, act: Act) -> bool:
        if act.id == "run.toggle":
            return self.home.live.running or self._can_start
        if act.id == "run.waive":
            return not self._aborted and any(waivable(s) for s in self.state.steps.values())
        if act.id in ("run.redo", "run.skip"):
            return not self._aborted
        if act.id == "run.learn":
            return any(s.outline.uses == "match" and s.attempt for s in self.state.steps.values())
        if act.id == "run.lane":
            steps = self.state.steps.values()
            return any(s.outline.uses == "match" and s.status in SETTLED for s in steps)
        if act.id == "run.gate":
            return any(is_gate(s) for s in self.state.steps.values())
        return True

    # Going on

    @property
    def _aborted(self) -> bool:
        """Whether the run can only be looked at."""
        return self.state.ended == "aborted"

    @property
    def _can_start(self) -> bool:
        """Whether nobody has to decide or answer first."""
        current = self.state.current
        if current is None or self._aborted:
            return not self.state.ended
        if waits_for_lane(current):
            return True  # it looks again, and waits again where there is still something to confirm
        return current.status not in (Status.WAITING, Status.ATTENTION)

    @on(RunView.Wanted)
    def _wanted(self, event: RunView.Wanted) -> None:
        self.ask(" ".join(event.references), Said(references=event.references), self.view.tell)

    @on(OptionList.OptionSelected, "#tree")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_open()

    def action_open(self) -> None:
        """What Enter means for the step under the cursor."""
        if self.view.toggle_phase():
            return
        step = self.view.selected
        current = self.state.current
        if current is None and not self.state.ended:
            self._go_on()
            return
        if step is None:
            return
        if waits_for_lane(step) and not lane_is_confirmed(self.state, step):
            self.action_lane()
            return
        arrived = step is not current or step.status in (Status.WAITING, *SETTLED)
        if is_gate(step) and arrived:
            self._open_gate(step)
        elif is_checklist(step) and (arrived or step.status is Status.STALE):
            self._open_checklist(step)
        elif step is current or step.status not in SETTLED:
            self._go_on()

    def _open_gate(self, step: StepState) -> None:
        from tui_migrate.tui.screens.gate import GateScreen

        self.app.push_screen(GateScreen(step.id))

    def _open_checklist(self, step: StepState) -> None:
        from tui_migrate.tui.screens.checklist import ChecklistScreen

        self.app.push_screen(ChecklistScreen(step.id))

    def _go_on(self) -> None:
        if not self.home.live.running:
            self.view.follow()
            self.home.go_on()

    def action_start_or_pause(self) -> None:
        """Start or pause."""
        if self.home.live.running:
            self.send(api.Stop())
            self.home.tell(_("The run pauses after the present unit."))
        elif self.state.current is not None or not self.state.ended:
            self._go_on()

    # Other screens

    def action_findings(self) -> None:
        """Findings."""
        from tui_migrate.tui.screens.findings import FindingsScreen

        self.app.push_screen(FindingsScreen())

    def action_mapping(self) -> None:
        """Mapping."""
        from tui_migrate.tui.screens.mapping import MappingScreen

        self.app.push_screen(MappingScreen())

    def action_pairs(self) -> None:
        """Duplicates."""
        from tui_migrate.tui.screens.review import ReviewScreen

        self.app.push_screen(ReviewScreen())

    def action_learn(self) -> None:
        """What decisions teach."""
        from tui_migrate.tui.screens.lesson import LessonScreen

        self.app.push_screen(LessonScreen())

    def action_lane(self) -> None:
        """What merges without a person."""
        from tui_migrate.tui.screens.lane import LaneScreen

        self.app.push_screen(LaneScreen())

    def action_person(self) -> None:
        """Persons."""
        from tui_migrate.tui.screens.people import PeopleScreen

        self.app.push_screen(PeopleScreen())

    def action_replay(self) -> None:
        """Replay."""
        from tui_migrate.tui.screens.replay import ReplayScreen

        self.app.push_screen(ReplayScreen())

    def action_gate(self) -> None:
        """The selected gate, else the one that waits, else the next one."""
        step = self.view.selected
        gates = [s for s in self.state.steps.values() if is_gate(s)]
        if step is None or not is_gate(step):
            waiting = [g for g in gates if g.status is Status.WAITING or g.supplementary]
            ahead = [g for g in gates if g.status not in SETTLED]
            step = next(iter([*waiting, *ahead, *gates[-1:]]), None)
        if step is not None:
            self._open_gate(step)

    def action_follow(self) -> None:
        """Back to where the run stands."""
        self.view.follow()

    def action_language(self) -> None:
        """The attention point in the other language."""
        self.view.flip()

    # Redo, skip, waive

    def action_redo(self) -> None:
        """Redo the selected step, with a reason."""
        step = self.view.selected
        if step is None:
            return
        name = prose(step_name(step.outline))

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self.send(api.Redo(step=step.id, reason=filled["reason"]), self.home.went_on)

        reason = Ask("reason", _("Why?"), check=needed(_("Say why: it goes into the journal.")))
        intro = _(
            "This step and all that follow will be done again; their sign-offs may be voided."
        )
        self.app.push_screen(
            Form(_("Redo {name}").format(name=name), intro, [reason], submit=_("redo")), then
        )

    def action_skip(self) -> None:
        """Leave the selected step out, with a reason."""
        step = self.view.selected
        if step is None:
            return
        name = prose(step_name(step.outline))
        if step.outline.unskippable or is_gate(step):
            self.home.tell(_("“{name}” cannot be skipped.").format(name=name), "warning")
            return

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self.send(api.Skip(step=step.id, reason=filled["reason"]))

        reason = Ask("reason", _("Why?"), check=needed(_("Say why: it goes into the journal.")))
        self.app.push_screen(
            Form(_("Skip {name}").format(name=name), "", [reason], submit=_("skip")), then
        )

    def action_waive(self) -> None:
        """Waive a failing check of the selected step, else of the step where the run stands."""
        step = self.view.selected
        if step is None or not waivable(step):
            blocked = [s for s in self.state.steps.values() if waivable(s)]
            step = blocked[0] if blocked else step
        if step is None:
            self.home.tell(_("No check stops the run."), "information")
            return
        waive_form(self, [step])
