"""The decisions file: what people decided beforehand, for a run without a screen.

It can sign, answer and settle pairs. It cannot waive or skip. ``evidence`` is the hash that
``status --json`` prints for the waiting gate; without it an approval counts only in a rehearsal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, StrictStr, WithJsonSchema, model_validator

from tui_migrate.i18n import _
from tui_migrate.runbook.base import Id, Name, Strict, Words, refuse
from tui_migrate.runbook.explain import typed
from tui_migrate.runbook.kinds import ChecklistStep, GateStep, Item
from tui_migrate.runbook.models import Runbook
from tui_migrate.runbook.positions import Node, read_yaml
from tui_migrate.runbook.problems import Position, Problem, Problems, suggestion


def _as_text(value: Any) -> Any:
    """Answers are kept as text; true and false are the answers yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, (int, float)) else value


Answered = Annotated[
    StrictStr, BeforeValidator(_as_text), WithJsonSchema({"type": ["string", "number", "boolean"]})
]


class SignOff(Strict):
    """One approval or rejection of a gate."""

    gate: Id
    decision: Literal["approve", "reject"]
    evidence: Words | None = None
    comment: StrictStr = ""
    role: Name | None = None


class Answer(Strict):
    """The answer to one item; ``file`` is the evidence, relative to the decisions file."""

    step: Id
    item: Id
    answer: Answered | None = None
    file: Words | None = None
    not_applicable: Words | None = None

    @model_validator(mode="after")
    def _something(self) -> Answer:
        if self.not_applicable is not None:
            if self.answer is not None or self.file is not None:
                wrong = _("an item that is not applicable has no answer")
                raise refuse(wrong, _("keep the answer or not_applicable"))
        elif self.answer is None and self.file is None:
            wrong = _("there is no answer here")
            raise refuse(wrong, _("write answer:, file:, or not_applicable: with the reason"))
        return self


class PairDecision(Strict):
    """What a person decided about two records."""

    source_a: Name
    record_a: Answered
    source_b: Name
    record_b: Answered
    decision: Literal["merge", "different"]


class Decisions(Strict):
    """A whole decisions file."""

    signoffs: tuple[SignOff, ...] = ()
    answers: tuple[Answer, ...] = ()
    pairs: tuple[PairDecision, ...] = ()

    def answer(self, step: str, item: str) -> Answer | None:
        """The last answer given to an item."""
        found = [a for a in self.answers if a.step == step and a.item == item]
        return found[-1] if found else None

    def for_gate(self, gate: str) -> tuple[SignOff, ...]:
        """All sign-offs of a gate, in their order."""
        return tuple(signoff for signoff in self.signoffs if signoff.gate == gate)


@dataclass(frozen=True, slots=True)
class LoadedDecisions:
    """A decisions file as read: None where it could not be, and every mistake in it."""

    decisions: Decisions | None
    problems: tuple[Problem, ...]
    data: bytes


def load_decisions(path: Path, runbook: Runbook | None = None) -> LoadedDecisions:
    """Read a decisions file; with a runbook its gates, items, answers and sources are checked too.

    Nothing is raised for bad content or an unreadable file: ``problems`` says it.
    """
    problems = Problems()
    name = path.name
    try:
        data = path.read_bytes()
    except OSError as error:
        wrong = _("the file cannot be read: {detail}").format(detail=error.strerror)
        problems.add(name, Position(), wrong)
        return LoadedDecisions(None, tuple(problems), b"")
    node = read_yaml(data, name, problems)
    decisions = typed(Decisions, node, name, problems) if node is not None else None
    if node is not None and runbook is not None:
        _check_gates(node, runbook, name, problems)
        _check_answers(node, runbook, path, problems)
        _check_pairs(node, runbook, name, problems)
    return LoadedDecisions(decisions, tuple(problems), data)


def _check_gates(node: Node, runbook: Runbook, name: str, problems: Problems) -> None:
    gates = [step.id for step in runbook.steps() if isinstance(step, GateStep)]
    for signoff in node.at("signoffs").members():
        gate, role = signoff.at("gate"), signoff.at("role")
        if isinstance(gate.value, str) and gate.value not in gates:
            wrong = _("there is no gate {gate}").format(gate=repr(gate.value))
            problems.add(name, gate.position, wrong, suggestion(gate.value, gates))
        if isinstance(role.value, str) and role.value not in runbook.roles:
            wrong = _("there is no role {role}").format(role=repr(role.value))
            problems.add(name, role.position, wrong, suggestion(role.value, runbook.roles))


def _check_answers(node: Node, runbook: Runbook, path: Path, problems: Problems) -> None:
    checklists = {s.id: s for s in runbook.steps() if isinstance(s, ChecklistStep)}
    for answer in node.at("answers").members():
        step, item = answer.at("step"), answer.at("item")
        if not isinstance(step.value, str) or not isinstance(item.value, str):
            continue
        if step.value not in checklists:
            wrong = _("there is no checklist {step}").format(step=repr(step.value))
            problems.add(path.name, step.position, wrong, suggestion(step.value, checklists))
            continue
        items = {known.id: known for known in checklists[step.value].with_.items}
        if item.value not in items:
            wrong = _("the checklist has no item {item}").format(item=repr(item.value))
            problems.add(path.name, item.position, wrong, suggestion(item.value, items))
        else:
            _check_answer(answer, items[item.value], path, problems)


def _check_answer(answer: Node, item: Item, path: Path, problems: Problems) -> None:
    given, file = answer.at("answer"), answer.at("file")
    if given.value is not None:
        wrong = wrong_answer(item, str(_as_text(given.value)))
        if wrong is not None:
            problems.add(path.name, given.position, *wrong)
    if isinstance(file.value, str) and not (path.parent / file.value).is_file():
        wrong_file = _("there is no file {file}").format(file=repr(file.value))
        hint = _("give its path relative to the decisions file")
        problems.add(path.name, file.position, wrong_file, hint)
    if answer.has("not_applicable") or isinstance(file.value, str):
        return
    if item.evidence or item.type == "file":
        wrong_file = _("the item {item} wants a file as evidence").format(item=repr(item.id))
        problems.add(path.name, answer.position, wrong_file, _("add file: with its path"))


def _check_pairs(node: Node, runbook: Runbook, name: str, problems: Problems) -> None:
    for pair in node.at("pairs").members():
        for key in ("source_a", "source_b"):
            source = pair.at(key)
            if isinstance(source.value, str) and source.value not in runbook.sources:
                wrong = _("there is no source {source}").format(source=repr(source.value))
                problems.add(
                    name, source.position, wrong, suggestion(source.value, runbook.sources)
                )


def wrong_answer(item: Item, answer: str) -> tuple[str, str] | None:
    """What is wrong with an answer given its item's type, and what would be right; None if nothing.

    It looks at form only: whether the answer is the one that the item expects is for the step.
    """
    shown = repr(answer)
    match item.type:
        case "yes_no" if answer not in ("yes", "no"):
            return _("{answer} is not an answer here").format(answer=shown), _("write yes or no")
        case "choice" if answer not in item.choices:
            hint = suggestion(answer, item.choices)
            return _("{answer} is not one of the choices").format(answer=shown), hint
        case "number" if not _is_number(answer):
            return _("{answer} is not a number").format(answer=shown), _("write digits, as in 12.5")
        case "date" if not _is_date(answer):
            return _("{answer} is not a date").format(answer=shown), _("write it as 2026-03-31")
        case "text" if not answer.strip():
            return _("the answer is empty"), _("write it, or say why it is not applicable")
    return None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", text) is not None


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
