"""Checklist: the questions of one step, answered one by one, each in its own type."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList

from tui_migrate.engine import api
from tui_migrate.engine.api import Reply
from tui_migrate.engine.queries import Said
from tui_migrate.engine.run import SETTLED, AnswerState, Status
from tui_migrate.engine.sentences import stamp, step_name
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.act import Act
from tui_migrate.tui.actions import bindings
from tui_migrate.tui.advice import unanswered
from tui_migrate.tui.answers import Item, canonical, found, readable, shown_answer, wrong
from tui_migrate.tui.detail import attention, bar
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.screens.base import BaseScreen
from tui_migrate.tui.screens.form import Ask, Filled, Form, needed
from tui_migrate.tui.status import GOOD, LOOKS, QUIET, WARN
from tui_migrate.tui.widgets.block import Block, line, lines
from tui_migrate.tui.widgets.rows import Column, Row, Rows


class ChecklistScreen(BaseScreen):
    """The questions of ``step``."""

    GROUP = "checklist"
    CSS_PATH = "checklist.tcss"
    AUTO_FOCUS = "#items"
    BINDINGS: ClassVar[list[BindingType]] = list(bindings("checklist"))

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self._words: dict[str, str] = {}
        self._sent: set[str] = set()
        """Questions of which the answer is on its way."""
        self._leaving = False

    def body(self) -> Iterable[Widget]:
        yield Block(id="heading")
        with Horizontal(id="panes"):
            yield Rows(Column(share=3), Column(share=1, width=12), id="items")
            with VerticalScroll(id="item", can_focus=False):
                yield Block(id="question")
        yield Block(id="next")

    @property
    def items(self) -> list[Item]:
        """The questions, in order."""
        return [Item.read(item) for item in self.step(self._step).outline.items]

    @property
    def item(self) -> Item | None:
        """The question under the cursor."""
        picked = self.query_one("#items", Rows).picked
        return next((item for item in self.items if item.id == picked), None)

    def first(self) -> list[str]:
        return ["checklist.go"]

    def applies(self, act: Act) -> bool:
        item = self.item
        if act.id == "checklist.next":
            return len(self.step(self._step).answers) < len(self.items)
        if act.id in ("checklist.yes", "checklist.no"):
            return item is not None and item.type == "yes_no" and not item.evidence
        if act.id == "checklist.go":
            step = self.step(self._step)
            ready = not unanswered(step) and not self._unexpected()
            return ready and step.status not in SETTLED
        return True

    # Showing

    def refresh_state(self) -> None:
        step = self.step(self._step)
        self._show_heading()
        pick = None
        rows = self.query_one("#items", Rows)
        if not rows.rows:
            pick = next((i.id for i in self.items if i.id not in step.answers), None)
        rows.show([self._row(item) for item in self.items], pick)
        self._show_item()
        unknown = {a.answer for a in step.answers.values()} - set(self._words)
        if unknown:
            self.ask("words", Said(references=tuple(sorted(unknown))), self._have_words)

    def _have_words(self, words: dict[str, str]) -> None:
        self._words.update(words)
        self.refresh_state()

    def _show_heading(self) -> None:
        step = self.step(self._step)
        done, total = len(step.answers), len(step.outline.items)
        counted = _("{n} of {m} answered").format(n=done, m=total)
        name = (prose(step_name(step.outline)), "bold")
        gauge = (bar(done, total, 8) + "  ", "$primary")
        heading = [
            line(name, "  ", LOOKS[step.status].content, "  ", gauge, counted),
            *attention(step.outline, other_too=self.size.height >= 30)[:2],
        ]
        self.query_one("#heading", Block).put(lines(heading))
        left, key = unanswered(step), self.home.key
        if step.status in SETTLED:
            advice = _("{back} back · this step is {status}").format(
                back=key("checklist.back"), status=_(LOOKS[step.status].word)
            )
        elif left:
            advice = _("{answer} answer the question under the cursor · {n} to go").format(
                answer=key("checklist.answer"), n=left
            )
        elif wrong_ones := self._unexpected():
            text = ngettext(
                "{answer} change the answer with which the step cannot end (!)",
                "{answer} change the {n} answers with which the step cannot end (!)",
                wrong_ones,
            )
            advice = text.format(answer=key("checklist.answer"), n=wrong_ones)
        else:
            advice = _("{go} continue the run: all that is required is answered").format(
                go=key("checklist.go")
            )
        self.query_one("#next", Block).put(line((_("Next:") + " ", "bold"), (advice, "$primary")))

    def _row(self, item: Item) -> Row:
        answer = self.step(self._step).answers.get(item.id)
        question = prose(item.question)
        if answer is None:
            look = ("○", WARN if item.required else QUIET)
            text = "" if item.required else _("optional")
            return Row(item.id, ((f"{look[0]} {question}", ""), (text, QUIET)))
        if answer.not_applicable:
            return Row(item.id, ((f"– {question}", QUIET), (_("not applicable"), QUIET)))
        glyph, style = ("!", WARN) if self._bad(item, answer) else ("✓", GOOD)
        shown = safe(shown_answer(self._said(answer))) or _("answered")
        return Row(item.id, ((f"{glyph} {question}", ""), (shown, style)))

    def _bad(self, item: Item, answer: AnswerState) -> bool:
        """Whether the step cannot end with this answer."""
        applies = bool(item.expect) and not answer.not_applicable
        return applies and self._said(answer) not in ("", item.expect)

    def _unexpected(self) -> int:
        answers = self.step(self._step).answers
        return sum(i.id in answers and self._bad(i, answers[i.id]) for i in self.items)

    def _said(self, answer: AnswerState) -> str:
        return self._words.get(answer.answer, "")

    @on(OptionList.OptionHighlighted, "#items")
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self._show_item()
        self.show_frame()

    def _show_item(self) -> None:
        item = self.item
        if item is None:
            return
        rows = [line((prose(item.question), "bold"))]
        if item.other:
            rows.append(Content.styled(prose(item.other), QUIET))
        rows.append(Content(""))
        rows += self._facts(item)
        answer = self.step(self._step).answers.get(item.id)
        if answer is not None:
            rows += [Content(""), *self._answer_rows(item, answer)]
        self.query_one("#question", Block).put(lines(rows))

    def _facts(self, item: Item) -> list[Content]:
        options = f" ({', '.join(safe(o) for o in item.choices)})" if item.choices else ""
        facts = [(_("Answer"), safe(item.kind) + options)]
        if item.expect:
            facts.append((_("Needed"), safe(shown_answer(item.expect))))
        if item.owner:
            facts.append((_("Owner"), safe(item.owner)))
        if item.due:
            facts.append((_("Due"), safe(item.due)))
        if item.evidence:
            facts.append((_("Evidence"), _("a file is asked for")))
        if not item.required:
            facts.append((_("Required"), _("no")))
        return [line((f"{name:<10}", QUIET), text) for name, text in facts]

    def _answer_rows(self, item: Item, answer: AnswerState) -> list[Content]:
        said = safe(shown_answer(self._said(answer)))
        if answer.not_applicable:
            said = _("not applicable: {why}").format(why=said)
        rows = [line((f"{_('Said'):<10}", QUIET), (said or "–", "bold"))]
        if self._bad(item, answer):
            rows.append(Content.styled(_("The step cannot end with this answer."), WARN))
        if answer.file:
            rows.append(line((f"{_('File'):<10}", QUIET), f"sha256 {safe(answer.file[:16])}…"))
        at = stamp(answer.at, self.state.zone)
        rows.append(line((f"{_('By'):<10}", QUIET), f"{safe(answer.by)}, {at}"))
        return rows

    # Answering

    @on(OptionList.OptionSelected, "#items")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.action_answer()

    def action_answer(self) -> None:
        """Open the question under the cursor."""
        item = self.item
        if item is None or not self._open_to_answers():
            return
        known = self.step(self._step).answers.get(item.id)
        before = self._said(known) if known and not known.not_applicable else ""
        asks = []
        base = self.home.folder
        path, there = _("evidence/… · ⇥ completes"), partial(readable, base=base)
        if not item.options:
            hint = {"date": "31-03-2026", "file": path}.get(item.type, "")
            files = base if item.type == "file" else None
            check = partial(wrong, item, base=base)
            asks.append(Ask("answer", item.kind, before, hint, check=check, files=files))
        if item.evidence and item.type != "file":
            asks.append(Ask("file", _("Evidence file (path)"), hint=path, check=there, files=base))
        choices = [(option, shown_answer(option)) for option in item.options]

        def then(filled: Filled | None) -> None:
            if filled is not None:
                said = filled.get("answer", filled.get("choice", ""))
                self._send(item, canonical(item, said, base), filled.get("file", ""))

        question = [line((prose(item.question), "bold"))]
        if item.other:
            question.append(Content.styled(prose(item.other), QUIET))
        form = Form(
            _("Answer: {kind}").format(kind=item.kind),
            lines(question),
            asks,
            choices,
            submit=_("answer"),
            picked=before,
        )
        self.app.push_screen(form, then)

    def _open_to_answers(self) -> bool:
        if self.step(self._step).status is Status.SKIPPED:
            self.home.tell(_("The step was skipped."), "warning")
            return False
        return True

    def action_reply(self, answer: str) -> None:
        """Yes or no at one key, where no evidence is asked for."""
        item = self.item
        if item is None or item.type != "yes_no" or item.evidence:
            return
        if self._open_to_answers():
            self._send(item, answer, "")

    def action_not_applicable(self) -> None:
        """The question does not apply: ask why."""
        item = self.item
        if item is None or not self._open_to_answers():
            return

        def then(filled: Filled | None) -> None:
            if filled is not None:
                command = api.Answer(
                    step=self._step, item=item.id, answer=filled["why"], not_applicable=True
                )
                self._submit(item, command)

        why = Ask("why", _("Why does it not apply?"), check=needed(_("A reason is needed.")))
        self.app.push_screen(
            Form(prose(item.question), "", [why], submit=_("not applicable")), then
        )

    def _send(self, item: Item, answer: str, file: str) -> None:
        path = str(found(file, self.home.folder)) if file else ""
        if item.type == "file":
            path, answer = answer, Path(answer).name
        command = api.Answer(step=self._step, item=item.id, answer=answer, file=path)
        self._submit(item, command)

    def _submit(self, item: Item, command: api.Answer) -> None:
        """Send an answer, and on to the next question at once: a key pressed meanwhile is meant for
        that one. Where the step cannot end so, stay and say it."""
        bad = bool(item.expect) and not command.not_applicable and command.answer != item.expect
        self._sent.add(item.id)
        if not bad:
            self.action_next_open()
        self.send(command, lambda reply: self._answered(reply, item, bad))

    def _answered(self, reply: Reply, item: Item, bad: bool) -> None:
        self._sent.discard(item.id)
        self.home.live.drain()
        self.show()
        if not reply.ok:
            self._leaving = False
            self.query_one("#items", Rows).pick(item.id)
        elif bad:
            text = _("The step cannot end with this answer: “{needed}” is needed.")
            self.home.tell(text.format(needed=shown_answer(item.expect)), "warning")
        if self._leaving and not self._sent:
            self._leaving = False
            self.action_go_on()

    def action_next_open(self) -> None:
        """The next question without an answer, from the cursor on and round."""
        answers = {*self.step(self._step).answers, *self._sent}
        ids = [item.id for item in self.items]
        rows = self.query_one("#items", Rows)
        at = ids.index(rows.picked) if rows.picked in ids else 0
        for candidate in [*ids[at + 1 :], *ids[: at + 1]]:
            if candidate not in answers:
                rows.pick(candidate)
                return

    def action_go_on(self) -> None:
        """Back to the run, and on with it; answers on their way are waited for."""
        if self._sent:
            self._leaving = True
            return
        if unanswered(self.step(self._step)):
            self.home.tell(_("There are still questions without an answer."), "warning")
            return
        if self._unexpected():
            self.home.tell(_("The step cannot end with the answers marked “!”."), "warning")
            return
        self.app.pop_screen()
        self.call_later(self.home.go_on)
