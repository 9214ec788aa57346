"""The steps by phase: what each was, how it stands, what it counted, how long it took."""

from __future__ import annotations

from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.run import Status, StepState
from tui_migrate.engine.sentences import duration, number_of, said
from tui_migrate.engine.wording import figure_text, figure_words
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _
from tui_migrate.report.document import NOTHING, Bar, Bars, Block, Cell, Lines, Mark, Section, Table

MOST_FIGURES = 16
"""Of one step in the table; consents and fates have sections of their own."""
_ELSEWHERE = (": opt-in ", ": opt-out ", "fate.")
_BY_PEOPLE = ("gate", "checklist")


def steps(material: Material) -> Section:
    """All steps by phase, and the time that each took."""
    state = material.state
    blocks: list[Block] = []
    for phase in state.phases:
        rows = tuple(
            _row(material, step) for step in state.steps.values() if step.outline.phase == phase.id
        )
        columns = (_("Step"), _("State"), _("When"), _("Figures"))
        blocks.append(Table(columns, rows, "", said(phase.title) or phase.id))
    times = _times(material)
    if times:
        blocks.append(Bars(_("Time per step"), (_("seconds"),), times, _("seconds")))
    return Section("steps", _("Steps"), tuple(blocks))


def status_mark(status: Status) -> Mark:
    """How a step stands, for people."""
    known = {
        Status.TODO: Mark(_("to do"), "quiet"),
        Status.RUNNING: Mark(_("running"), "warn"),
        Status.PAUSED: Mark(_("paused"), "warn"),
        Status.WAITING: Mark(_("waiting"), "warn"),
        Status.ATTENTION: Mark(_("blocked by a check"), "bad"),
        Status.FAILED: Mark(_("failed"), "bad"),
        Status.DONE: Mark(_("done"), "good"),
        Status.STALE: Mark(_("to be done again"), "warn"),
        Status.SKIPPED: Mark(_("skipped"), "warn"),
    }
    return known[status]


def title_of(step: StepState) -> str:
    """The step's title in the report's language."""
    return said(step.outline.title) or step.id


def _row(material: Material, step: StepState) -> tuple[Cell, ...]:
    outline = step.outline
    number = number_of(outline)
    title = f"{number} {title_of(step)}" if number else title_of(step)
    about = [step.id, outline.uses]
    if outline.ref:
        about.append(outline.ref)
    if outline.unskippable:
        about.append(_("may not be skipped"))
    words: list[str | Mark] = [Mark(title, "strong"), Mark(" · ".join(about), "quiet")]
    if outline.attention:
        words.append(" ".join(said(outline.attention).split()))
    status: list[str | Mark] = [status_mark(step.status)]
    if step.attempt > 1:
        status.append(Mark(_("attempt {n}").format(n=step.attempt), "quiet"))
    return (Lines(tuple(words)), Lines(tuple(status)), _when(material, step), _figures(step))


def _when(material: Material, step: StepState) -> Cell:
    times = [t for t in (step.started_at, step.ended_at) if t]
    told = [material.moment(times[0])] if times else [Mark(NOTHING, "quiet")]
    if len(times) > 1 and step.outline.uses not in _BY_PEOPLE:
        told.append(Mark(duration(_seconds(step)), "quiet"))
    return Lines(tuple(told))


def _figures(step: StepState) -> Cell:
    if step.outline.uses == "gate":
        number = figure_text("", step.subject)
        return _("{n} records concerned").format(n=number) if step.subject else ""
    shown = [
        f"{figure_words(name)} {figure_text(name, value)}"
        for name, value in step.figures.items()
        if not any(part in name for part in _ELSEWHERE)
    ]
    rest = len(shown) - MOST_FIGURES
    told = " · ".join(shown[:MOST_FIGURES])
    if rest <= 0:
        return told
    return Lines((told, Mark(_("and {n} more").format(n=rest), "quiet")))


def _seconds(step: StepState) -> int:
    start, end = moment(step.started_at), moment(step.ended_at)
    return round((end - start).total_seconds()) if start and end else 0


def _times(material: Material) -> tuple[Bar, ...]:
    """The steps of the program that took a second or more, in their order."""
    bars = []
    for step in material.state.steps.values():
        if step.outline.uses in _BY_PEOPLE or not step.ended_at:
            continue
        seconds = _seconds(step)
        if seconds:
            bars.append(Bar(step.id, ((_("seconds"), seconds),), duration(seconds)))
    return tuple(bars)
