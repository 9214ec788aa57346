"""A run at two of its moments, side by side, as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content

from tui_migrate.audit.entries import Entry
from tui_migrate.engine.moments import apart, counts, decided, nothing_between, signed_by
from tui_migrate.engine.run import SETTLED, RunState, StepState
from tui_migrate.engine.sentences import Teller, clock, said, stamp, step_name
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.tui.evidence import changes
from tui_migrate.tui.safe import fit, prose, safe
from tui_migrate.tui.status import LOOKS, QUIET, WARN
from tui_migrate.tui.widgets.block import Part, line


@dataclass(frozen=True, slots=True)
class Columns:
    """Three columns of a text: what is compared, and both moments, in terminal cells."""

    name: int
    each: int

    @classmethod
    def of(cls, width: int) -> Columns:
        """Both moments get a quarter of ``width`` each, but never less than a time needs."""
        each = min(34, max(20, width // 4))
        return cls(max(16, width - 2 * each - 4), each)

    def row(self, name: Part, before: Part, after: Part) -> Content:
        """One line; what is too long for its column is cut with ``…``."""
        first, *rest = (
            (part, "") if isinstance(part, str) else part for part in (name, before, after)
        )
        cells: list[Part] = [_styled(first, self.name)]
        for part in rest:
            cells += ["  ", _styled(part, self.each)]
        return line(*cells)


def _styled(part: tuple[str, str] | Content, width: int) -> Part:
    if isinstance(part, Content):
        return line(part, " " * max(0, width - part.cell_length))
    return fit(part[0], width), part[1]


def beside(
    before: RunState, after: RunState, entries: Sequence[Entry], width: int, everything: bool
) -> list[Content]:
    """Steps at both moments with the figures, checks and sign-offs that differ; then who decided
    what in between.

    ``entries``: those that lie between, the last of them the one that made ``after``. ``everything``:
    also the steps that stand as they stood.
    """
    columns = Columns.of(width)
    rows = [*_heads(before, after, columns), Content("")]
    told = len(rows)
    for number, phase in enumerate(after.phases, 1):
        steps = [step for step in after.steps.values() if step.outline.phase == phase.id]
        found = [row for step in steps for row in _step(before, step, columns, everything)]
        if found:
            title = f"{number} {prose(said(phase.title)) or safe(phase.id)}"
            rows += [Content.styled(fit(title, width), "bold"), *found]
    if len(rows) > told:
        rows.append(Content(""))
    if decisions := decided(entries):
        teller = Teller(after)
        rows.append(Content.styled(_("Decisions in between"), "bold"))
        rows += [Content(f"  {safe(teller.tell(entry))}") for entry in decisions]
        rows.append(Content(""))
    if given := counts(entries):
        rows += [Content(given), Content("")]
    if len(rows) == told:
        rows.append(Content(nothing_between()))
    return rows


def _heads(before: RunState, after: RunState, columns: Columns) -> list[Content]:
    entry = _("entry {n}")
    return [
        columns.row(
            (apart(after.seq - before.seq), QUIET),
            (entry.format(n=grouped(before.seq)), "bold"),
            (entry.format(n=grouped(after.seq)), "bold"),
        ),
        columns.row("", _exactly(before.at, after.zone), _exactly(after.at, after.zone)),
        columns.row(_("steps done"), _done(before), _done(after)),
    ]


def _exactly(at: str, zone: str) -> str:
    return f"{stamp(at, zone)}:{clock(at, zone)[-2:]}"


def _done(state: RunState) -> str:
    done = sum(step.status in SETTLED for step in state.steps.values())
    return _("{n} of {m}").format(n=done, m=len(state.steps))


def _step(before: RunState, step: StepState, columns: Columns, everything: bool) -> list[Content]:
    was = before.steps.get(step.id) or StepState(step.outline)
    moved = was.status is not step.status
    details = _details(was, step, columns)
    if not (moved or details or everything):
        return []
    name = "  " + prose(step_name(step.outline))
    style = WARN if moved or details else QUIET
    head = columns.row((name, style), LOOKS[was.status].content, LOOKS[step.status].content)
    return [head, *details]


def _details(was: StepState, step: StepState, columns: Columns) -> list[Content]:
    """Figures and checks that are not what they were, and sign-offs that came or went."""
    made = (was.figures, was.checks, was.digest) != (step.figures, step.checks, step.digest)
    rows = [
        columns.row((f"      {safe(c.name)}", QUIET), safe(c.before) or "–", safe(c.after) or "–")
        for c in (changes(was, step) if made else ())
        if c.before != c.after
    ]
    if (old := _signed(was)) != (new := _signed(step)):
        rows.append(columns.row(("      " + _("signed by"), QUIET), old or "–", new or "–"))
    return rows


def _signed(step: StepState) -> str:
    return ", ".join(map(safe, signed_by(step)))
