"""The run at two of its moments, side by side, as a page."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.audit.entries import Entry
from tui_migrate.engine.moments import apart, counts, decided, nothing_between, signed_by
from tui_migrate.engine.reporting.material import named
from tui_migrate.engine.reporting.steps import status_mark
from tui_migrate.engine.run import SETTLED, RunState, StepState
from tui_migrate.engine.sentences import clock, stamp
from tui_migrate.engine.sentences import said as in_language
from tui_migrate.engine.wording import figure_text, figure_words
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.report.plots import said
from tui_migrate.web.page import GLYPHS, Json, document

Row = tuple[str, str, str]


def beside(
    before: RunState,
    after: RunState,
    entries: Sequence[Entry],
    told: Sequence[Json],
    *,
    title: str,
    everything: bool,
    trouble: str = "",
) -> str:
    """Steps at both moments, with the figures, checks and sign-offs that differ, then what was decided in
    between. ``entries``: those that lie between, up to the one that made ``after``; ``told``: all
    of the run as sentences."""
    parts = [_table(before, after, everything)]
    decisions = [told[entry.seq - 1]["text"] for entry in decided(entries)]
    if decisions:
        items = "".join(f"<li>{said(text)}</li>" for text in decisions)
        parts.append(f"<h2>{said(_('Decisions in between'))}</h2><ul>{items}</ul>")
    if given := counts(entries):
        parts.append(f"<p>{said(given)}</p>")
    if len(parts) == 1 and not any(_differs(before, step) for step in after.steps.values()):
        parts.append(f'<p id="same">{said(nothing_between())}</p>')
    a, b = before.seq, after.seq
    other = "" if everything else "&amp;all=1"
    choice = _("what differs") if everything else _("all steps")
    wrong = f'<p id="trouble" role="alert">{said(trouble)}</p>' if trouble else ""
    body = f"""<main id="beside">
<p>{said(apart(b - a))} · <a id="choice" href="/beside?a={a}&amp;b={b}{other}">{said(choice)}</a>
 · <a id="replay" href="/?at={b}">{said(_("Back to the replay"))}</a></p>
<form action="/beside" method="get" autocomplete="off">
<label>{said(_("Side by side"))} <input name="a" value="{a}" size="16" required></label>
<label>{said(_("and"))} <input name="b" value="{b}" size="16" required></label>
<button>{said(_("Compare"))}</button></form>
{wrong}{"".join(parts)}
</main>"""
    return document(title, after.rehearsal, "/beside", body)


def _table(before: RunState, after: RunState, everything: bool) -> str:
    heads = "".join(_head(state) for state in (before, after))
    rows = [_row((_("steps done"), _done(before), _done(after)))]
    for phase in after.phases:
        steps = [step for step in after.steps.values() if step.outline.phase == phase.id]
        found = [_step(before, step) for step in steps if everything or _differs(before, step)]
        if found:
            title = in_language(phase.title) or phase.id
            rows.append(f'<tr><th colspan="3" scope="rowgroup">{said(title)}</th></tr>')
            rows += found
    return f"<table><thead><tr><td></td>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _head(state: RunState) -> str:
    entry = _("entry {n}").format(n=grouped(state.seq))
    day, time = stamp(state.at, state.zone)[:10], clock(state.at, state.zone)
    return f'<th scope="col"><a href="/?at={state.seq}">{said(entry)}<br>{day} {time}</a></th>'


def _done(state: RunState) -> str:
    done = sum(step.status in SETTLED for step in state.steps.values())
    return _("{n} of {m}").format(n=done, m=len(state.steps))


def _was(before: RunState, step: StepState) -> StepState:
    return before.steps.get(step.id) or StepState(step.outline)


def _differs(before: RunState, step: StepState) -> bool:
    was = _was(before, step)
    return was.status is not step.status or bool(_details(was, step))


def _step(before: RunState, step: StepState) -> str:
    was = _was(before, step)
    cells = "".join(f"<td>{_status(one)}</td>" for one in (was, step))
    title = said(in_language(step.outline.title) or step.id)
    changed = ' class="changed"' if was.status is not step.status else ""
    head = f'<tr data-step="{said(step.id)}"{changed}><th scope="row">{title}</th>{cells}</tr>'
    return head + "".join(_row(row, "detail") for row in _details(was, step))


def _status(step: StepState) -> str:
    look = status_mark(step.status)
    glyph = GLYPHS.get(step.status.value, "○")
    return f'<span class="{look.tone}"><span aria-hidden="true">{glyph}</span> {said(look.text)}</span>'


def _details(was: StepState, step: StepState) -> list[Row]:
    """Figures and checks that are not what they were, and sign-offs that came or went."""
    rows: list[Row] = []
    for name in dict.fromkeys([*was.figures, *step.figures]):
        old, new = (
            figure_text(name, one.figures[name]) if name in one.figures else ""
            for one in (was, step)
        )
        if old != new:
            rows.append((figure_words(name), old, new))
    for name in dict.fromkeys([*was.checks, *step.checks]):
        old, new = (_observed(one, name) for one in (was, step))
        if old != new:
            rows.append((named(name), old, new))
    if not rows and was.digest != step.digest:
        rows.append((_("output"), was.digest[:12], step.digest[:12]))
    if (old := ", ".join(signed_by(was))) != (new := ", ".join(signed_by(step))):
        rows.append((_("signed by"), old, new))
    return rows


def _observed(step: StepState, name: str) -> str:
    check = step.checks.get(name)
    return f"{'✓' if check.passed else '✗'} {named(check.observed)}" if check is not None else ""


def _row(row: Row, kind: str = "") -> str:
    name, old, new = (said(text) or "–" for text in row)
    of_kind = f' class="{kind}"' if kind else ""
    return f'<tr{of_kind}><th scope="row">{name}</th><td>{old}</td><td>{new}</td></tr>'
