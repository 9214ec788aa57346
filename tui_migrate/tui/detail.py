"""One step as text: attention point, progress, figures, checks, sign-offs, answers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence

from textual.content import Content

from tui_migrate.audit import entries as facts
from tui_migrate.engine.api import Progress
from tui_migrate.engine.run import CheckState, RunState, Status, StepState
from tui_migrate.engine.sentences import (
    Teller,
    clock,
    duration,
    figure,
    label,
    said,
    stamp,
    step_name,
)
from tui_migrate.engine.wording import figure_text, figure_words, measured
from tui_migrate.i18n import _, language, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.advice import is_checklist, is_gate, unanswered
from tui_migrate.tui.deciding import due_rows, moment_of, part_rows
from tui_migrate.tui.safe import fit, prose, safe
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import line

_CONSENT = re.compile(r"(.+): (opt-in|opt-out) (before|after)")

Figures = Mapping[str, int | str]
Words = Mapping[str, str]
"""Commitment → what a person typed or the full message, as far as it is known here."""
NO_WORDS: Words = {}


def bar(done: int, total: int, width: int) -> str:
    """A bar of ``width`` cells."""
    filled = min(width, done * width // total) if total else 0
    return "█" * filled + "░" * (width - filled)


def attention(outline: facts.StepOutline, other_too: bool, flip: bool = False) -> list[Content]:
    """The attention point in the reader's language, the other beneath where there is room."""
    mine = language()
    theirs = "en" if mine == "nl" else "nl"
    if flip:
        mine, theirs = theirs, mine
    text = prose(said(outline.attention, mine))
    if not text:
        return []
    rows = [line((_("Attention") + "  ", "bold $text-warning"), text)]
    other = prose(outline.attention.get(theirs, ""))
    if other_too and other and other != text:
        rows.append(Content.styled(other, QUIET))
    return [*rows, Content("")]


def progress_rows(step: StepState, progress: Progress | None, width: int) -> list[Content]:
    """The bar and what goes through it; nothing for a step that has no units."""
    done, total = len(step.units), step.units_total
    live = progress if progress is not None and progress.step == step.id else None
    if live is not None:
        done, total = max(done, live.done), max(total, live.total)
    if not total:
        return []
    percent = 100 * done // total
    tail = f" {percent:3} %"
    if live is not None and live.remaining is not None:
        tail += "  " + _("{time} left").format(time=duration(live.remaining))
    head = _("unit {n} of {m}").format(n=grouped(done), m=grouped(total))
    room = max(8, min(40, width - len(head) - len(tail) - 2))
    rows = [line(head + "  ", (bar(done, total, room), "$primary"), tail)]
    if live is not None and live.rows:
        text = _("{n} rows").format(n=grouped(live.rows))
        rate = _("{n} a second").format(n=grouped(live.rate))
        rows.append(Content(f"{text}   {rate}" if live.rate else text))
    return [*rows, Content("")]


def figure_rows(figures: Figures, width: int) -> list[Content]:
    """Consents before and after as a table of brand × channel; then the other figures with their
    numbers under each other, in two columns where there is room."""
    table = consents_table(figures, width)
    cells = [
        (safe(figure_words(name)), safe(figure_text(name, value)))
        for name, value in figures.items()
        if not _CONSENT.fullmatch(name)
    ]
    if not cells:
        return table
    values = min(24, max(len(value) for _name, value in cells))
    names = min(max(10, width - values - 2), max(len(name) for name, _value in cells))
    two = width >= 2 * (names + values + 2) + 3
    made = [
        line(fit(name, names) + "  ", (fit(value, values, right=True), "bold"))
        for name, value in cells
    ]
    if two:
        half = (len(made) + 1) // 2
        right = [*made[half:], Content("")][:half]
        made = [Content.assemble(a, "   ", b) for a, b in zip(made[:half], right, strict=True)]
    return [*table, *made, Content("")]


def gate_figures(state: RunState, gate: StepState, width: int) -> list[Content]:
    """The figures kept with a gate, each step's under its name. They are called ``step: figure``."""
    grouped_: dict[str, dict[str, int | str]] = {}
    for name, value in gate.figures.items():
        step, _colon, figure_ = name.partition(": ")
        known = step in state.steps and bool(figure_)
        grouped_.setdefault(step if known else "", {})[figure_ if known else name] = value
    rows: list[Content] = []
    for step, figures in grouped_.items():
        if step and is_gate(state.steps[step]):
            continue  # signed for there
        if step:
            rows.append(Content.styled(prose(step_name(state.steps[step].outline)), "bold"))
        rows += figure_rows(figures, width)
    return rows


def _own_figures(_state: RunState, step: StepState, width: int) -> list[Content]:
    return figure_rows(step.figures, width)


def consents_table(figures: Figures, width: int) -> list[Content]:
    """Opt-ins and opt-outs per brand and channel, before and after; nothing without such figures."""
    counted: dict[str, dict[tuple[str, str], int | str]] = {}
    for name, value in figures.items():
        if found := _CONSENT.fullmatch(name):
            counted.setdefault(found[1], {})[found[3], found[2]] = value
    if not counted:
        return []
    head = _("brand and channel")
    names = min(max(10, width - 38), max(len(head), *(len(name) for name in counted)))
    titles = (_("before"), _("opt-in"), _("opt-out"), _("after"), _("opt-in"), _("opt-out"))
    widths = (8, 7, 8, 8, 7, 8) if width >= names + 46 else (0, 9, 9, 0, 9, 9)
    rows = []
    if not widths[0]:
        over = f"{_('before'):>18}{_('after'):>18}"
        rows.append(Content.styled(" " * names + over, QUIET))
    row = "".join(fit(t, w, right=True) for t, w in zip(titles, widths, strict=True))
    rows.append(Content.styled(fit(head, names) + row, QUIET))
    for name, cells in [*counted.items(), *_totals(counted)]:
        parts: list[tuple[str, str] | str] = [fit(safe(name), names)]
        for (side, kind), gap, room in (
            (("before", "opt-in"), widths[0], widths[1]),
            (("before", "opt-out"), 0, widths[2]),
            (("after", "opt-in"), widths[3], widths[4]),
            (("after", "opt-out"), 0, widths[5]),
        ):
            count = cells.get((side, kind))
            shown = "–" if count is None else safe(figure(count))
            changed = side == "after" and count != cells.get(("before", kind))
            parts += [" " * gap, (fit(shown, room, right=True), "bold" if changed else "")]
        rows.append(line(*parts))
    return [*rows, Content("")]


def _totals(
    counted: Mapping[str, Mapping[tuple[str, str], int | str]],
) -> list[tuple[str, dict[tuple[str, str], int | str]]]:
    """The row that adds up a table of consents of more than one row."""
    if len(counted) < 2:
        return []
    total: dict[tuple[str, str], int | str] = {}
    for key in dict.fromkeys(key for cells in counted.values() for key in cells):
        values = [cells.get(key, 0) for cells in counted.values()]
        total[key] = sum(value for value in values if isinstance(value, int))
    return [(_("all together"), total)]


def check_row(check: CheckState, words: Words = NO_WORDS) -> Content:
    """A check, by glyph and word; what was expected only where something else was found."""
    name = safe(check.name)
    observed = safe(measured(check.observed))
    if check.passed:
        return line(("✓ ", GOOD), name, (f"  {observed}", QUIET))
    facts_ = _("{observed}, expected {expected}").format(
        observed=observed, expected=safe(measured(check.expected))
    )
    if check.waived_by:
        waived = _("waived by {by}").format(by=safe(check.waived_by))
        if why := prose(words.get(check.waived_reason, "")):
            waived += f": “{why}”"
        return line(("– ", WARN), name, f"  {facts_}", (f"  {waived}", WARN))
    if check.severity == "block":
        stops = _("stops the run") if check.waivable else _("stops the run, is never waived")
        return line((f"✗ {name}", BAD), f"  {facts_}", ("  " + stops, BAD))
    return line((f"! {name}", WARN), f"  {facts_}")


def check_rows(checks: Iterable[CheckState], words: Words = NO_WORDS) -> list[Content]:
    """Failing checks first."""
    ordered = sorted(checks, key=lambda c: (c.passed, bool(c.waived_by), c.severity != "block"))
    if not ordered:
        return []
    rows = [check_row(check, words) for check in ordered]
    return [Content.styled(_("Checks"), "bold"), *rows, Content("")]


def look_rows(steps: Sequence[StepState], words: Words = NO_WORDS) -> list[Content]:
    """What is wrong with the outcome of ``steps``: their failing checks, gravest first."""
    checks = [(step, check) for step in steps for check in step.checks.values()]
    if not checks:
        return []
    wrong = [(step, check) for step, check in checks if not check.passed]
    if not wrong:
        text = ngettext("the check passed", "all {n} checks passed", len(checks))
        return [line(("✓ ", GOOD), text.format(n=len(checks))), Content("")]
    wrong.sort(key=lambda pair: (bool(pair[1].waived_by), pair[1].severity != "block"))
    text = ngettext(
        "{n} of {m} checks asks for a look", "{n} of {m} checks ask for a look", len(wrong)
    )
    rows = [Content.styled(text.format(n=len(wrong), m=len(checks)), "bold")]
    return [*rows, *(line("  ", check_row(check, words)) for _step, check in wrong), Content("")]


def signed_by(gate: StepState, role: str) -> list[str]:
    """Who approved in this role on the present evidence; one person counts once."""
    found = [
        s.by
        for s in gate.signoffs
        if s.role == role
        and not s.voided
        and s.decision in ("approve", "conditions")
        and s.evidence == gate.evidence
    ]
    return list(dict.fromkeys(found))


def needs_rows(gate: StepState) -> list[Content]:
    """Who is needed at a gate, and who has signed."""
    rows = []
    for approval in gate.outline.approvals:
        role, least = str(approval.get("role", "")), int(approval.get("min", 1))
        people = signed_by(gate, role)
        enough = len(people) >= least
        names = f" ({safe(', '.join(people))})" if people else ""
        text = f"{safe(role)} {len(people)}/{least}{names}"
        rows.append(line(("✓ " if enough else "○ ", GOOD if enough else WARN), text))
    return rows


def step_rows(
    state: RunState,
    step: StepState,
    progress: Progress | None,
    width: int,
    tall: bool = True,
    flip: bool = False,
    words: Words = NO_WORDS,
) -> list[Content]:
    """Everything about one step, top to bottom, for a pane of ``width`` cells.

    Where the pane is not ``tall``, what moves comes first and one language has to do.
    """
    about = attention(step.outline, other_too=tall, flip=flip)
    moving: list[Content] = []
    if step.status is not Status.DONE or step.units_total > 1:
        moving = progress_rows(step, progress, width)
    checks = check_rows(step.checks.values(), words)
    if is_gate(step):
        checks = look_rows(state.evidence_of(step), words)
    standing = _standing(state, step, words)
    make = gate_figures if is_gate(step) else _own_figures
    figures = make(state, step, width)
    if step.status is Status.FAILED:
        return [*standing, *moving, *about, *checks, *figures]
    if step.status is Status.RUNNING and not tall:
        return [*moving, *about, *standing, *checks, *figures]
    if any(check.blocks for check in step.checks.values()) and not tall:
        return [*checks, *about, *standing, *moving, *figures]
    return [*about, *standing, *moving, *checks, *figures]


def references(step: StepState) -> set[str]:
    """Commitments of which the words are shown with a step."""
    found = {check.waived_reason for check in step.checks.values()}
    if step.status is Status.FAILED:
        found.add(step.reference)
    if step.status is Status.SKIPPED:
        found.add(step.reason)
    return found - {""}


def _standing(state: RunState, step: StepState, words: Words) -> list[Content]:
    zone = state.zone
    rows: list[Content] = []
    if step.status is Status.SKIPPED:
        text = _("Skipped by {who}").format(who=safe(step.settled_by) or "–")
        why = prose(words.get(step.reason, ""))
        rows.append(Content.styled(text + (f": “{why}”" if why else ""), WARN))
    if is_gate(step):
        if step.subject:
            text = _("{n} records concerned").format(n=grouped(step.subject))
            rows.append(Content(text))
        rows += part_rows(step) or needs_rows(step)
        rows += due_rows(state, step, moment_of(state, frozen=True))
    elif is_checklist(step):
        rows += due_rows(state, step, moment_of(state, frozen=True))
        total = len(step.outline.items)
        text = ngettext("{n} of {m} question answered", "{n} of {m} questions answered", total)
        rows.append(Content(text.format(n=len(step.answers), m=total)))
        if left := unanswered(step):
            rows.append(Content.styled(_("{n} still needed").format(n=left), WARN))
    if step.status is Status.FAILED:
        rows.append(Content.styled(_("Failed: {code}").format(code=safe(label(step.reason))), BAD))
        rows += [Content(safe(told)) for told in words.get(step.reference, "").splitlines()]
    if step.status is Status.STALE and step.reason:
        why = _("Stale: {reason}").format(reason=safe(label(step.reason)))
        rows.append(Content.styled(why, WARN))
    if step.supplementary:
        rows.append(Content.styled(_("The evidence changed: sign once more"), WARN))
    if step.started_at:
        begun = _("begun {at}").format(at=stamp(step.started_at, zone))
        if step.started_by:
            begun += " " + _("by {who}").format(who=safe(step.started_by))
        if step.attempt > 1:
            begun += ", " + ngettext(
                "done over once", "done over {n} times", step.attempt - 1
            ).format(n=step.attempt - 1)
        if step.ended_at:
            begun += ", " + _("done {at}").format(at=stamp(step.ended_at, zone))
        rows.append(Content.styled(begun, QUIET))
    return [*rows, Content("")] if rows else []


def entry_rows(
    state: RunState, count: int, width: int, wrap: bool = False, step: str = ""
) -> list[Content]:
    """The last entries, newest first; one line each, or as many as they need. The name of ``step``,
    which stands above, is left out."""
    teller = Teller(state)
    rows = []
    for entry in list(state.recent)[-count:][::-1]:
        time = clock(entry.at, state.zone)
        room, told = max(10, width - len(time) - 1), teller.tell(entry)
        if step:
            told = told.removeprefix(f"{teller.step(step)}: ")
        told = safe(told)
        parts = textwrap.wrap(told, room) if wrap else [told]
        rows.append(line((time + " ", QUIET), fit(parts[0] if parts else "", room)))
        rows += [Content(" " * (len(time) + 1) + part) for part in parts[1:]]
    return rows
