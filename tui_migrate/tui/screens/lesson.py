"""What decisions on duplicates teach the match: shown, proposed, accepted or rejected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget

from tui_migrate.engine import api
from tui_migrate.engine.lesson_queries import Lesson, LessonTold
from tui_migrate.engine.lesson_words import words_of
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.safe import safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.screens.sign import typed_number
from tui_migrate.tui.widgets.block import Block, line, lines


class LessonScreen(BaseScreen):
    """t on the Run screen. What stands here is worked out once, when it is opened or asked for again."""

    GROUP = "lesson"
    CSS_PATH = "lesson.tcss"
    AUTO_FOCUS = "VerticalScroll"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("lesson"))

    def __init__(self) -> None:
        super().__init__()
        self._lesson: LessonTold | None = None
        self._forget = False

    def body(self) -> Iterable[Widget]:
        with VerticalScroll(can_focus=True):
            yield Block(id="lesson")
        yield Block(id="next")

    def on_mount(self) -> None:
        super().on_mount()
        self._look()

    def _look(self) -> None:
        self._lesson = None
        self.show()
        self.ask("lesson", Lesson(forget=self._forget), self._have)

    def _have(self, told: LessonTold) -> None:
        self._lesson = told
        self.show()

    def refresh_state(self) -> None:
        title = Content.styled(_("What decisions teach"), "bold")
        if self._lesson is None:
            said = [_("The match is done once more, beside the run, with what decisions teach…")]
        else:
            said = words_of(self._lesson)
        self.query_one("#lesson", Block).put(
            lines([title, Content(""), *(Content(safe(text)) for text in said)])
        )

        self.query_one("#next", Block).put(
            line((_("Next:") + " ", "bold"), (self._advice(), "$primary"))
        )

    def _advice(self) -> str:
        """What to press next, with the keys as they are."""
        told = self._lesson
        if told is None or told.refused:
            text = _("{back} back")
        elif not told.proposal:
            text = _("{propose} propose it to who signs the gate · {back} back")
        elif told.proposal == told.sha256:
            text = _("{accept} accept · {reject} reject · {back} back")
        else:
            text = _("{propose} propose what stands here · {reject} reject what waits")
        names = ("propose", "accept", "reject", "back")
        return text.format(**{name: self.home.key(f"lesson.{name}") for name in names})

    def applies(self, act: Act) -> bool:
        told = self._lesson
        if act.id == "lesson.propose":
            return told is not None and bool(told.sha256) and told.sha256 != told.proposal
        if act.id in ("lesson.accept", "lesson.reject"):
            return told is not None and bool(told.proposal) and not told.refused
        if act.id == "lesson.forget":
            return self._forget or (told is not None and bool(told.accepted))
        return True

    def wording(self, act: Act) -> str:
        if act.id == "lesson.forget" and self._forget:
            return _("learn")
        return act.label

    def action_propose(self) -> None:
        """Propose what stands here."""
        told = self._lesson
        if told is None or not told.sha256:
            return
        self.send(api.ProposeLesson(sha256=told.sha256), self._again)

    def action_accept(self) -> None:
        """Accept the proposal: what stands here has to be it."""
        told = self._lesson
        if told is None or not told.proposal:
            return
        if told.proposal != told.sha256:
            self.home.tell(
                _("What is shown is not what was proposed: propose it first."), "warning"
            )
            return

        def check(text: str) -> str:
            if typed_number(text) == told.decided:
                return ""
            return _("That is not the number of pairs that it rests on.")

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self._judge(told, "accept", filled["comment"])

        intro = lines(
            [
                _("Gate {gate}: records are matched with it from the next run on.").format(
                    gate=safe(told.gate)
                ),
                _("It rests on {n} decided pairs.").format(n=grouped(told.decided)),
            ]
        )
        asks = [
            Ask("typed", _("To accept, type that number"), check=check),
            Ask("comment", _("Comment")),
        ]
        self.app.push_screen(
            Form(_("Accept what was learned"), intro, asks, submit=_("accept")), then
        )

    def action_reject(self) -> None:
        """Reject the proposal, with a reason."""
        told = self._lesson
        if told is None or not told.proposal:
            return

        def then(filled: Filled | None) -> None:
            if filled is not None:
                self._judge(told, "reject", filled["comment"])

        asks = [Ask("comment", _("Why not?"), check=needed(_("A rejection needs a reason.")))]
        self.app.push_screen(Form(_("Reject what was learned"), "", asks, submit=_("reject")), then)

    def action_forget(self) -> None:
        """Look at what leaving out all that was learned would change, or at the lesson again."""
        self._forget = not self._forget
        self._look()

    def _judge(self, told: LessonTold, decision: str, comment: str) -> None:
        self.send(
            api.JudgeLesson(sha256=told.proposal, decision=decision, comment=comment), self._again
        )

    def _again(self, reply: api.Reply) -> None:
        if not reply.ok:
            return
        if reply.message:
            self.home.tell(reply.message)
        self._look()
