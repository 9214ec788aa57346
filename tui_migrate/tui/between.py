"""What changed in a run between two of its moments, as text."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine.run import RunState, StepState
from tui_migrate.engine.sentences import Teller, grouped, stamp, step_name
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.evidence import changes
from tui_migrate.tui.safe import prose, safe
from tui_migrate.tui.status import LOOKS, QUIET
from tui_migrate.tui.widgets.block import line

DECISIONS = (
    facts.SignedOff,
    facts.SignOffVoided,
    facts.CheckWaived,
    facts.StepSkipped,
    facts.RedoAsked,
    facts.EvidenceChanged,
)
MOST = 40
"""Decisions that are told one by one."""


def between(before: RunState, after: RunState, entries: Sequence[Entry]) -> list[Content]:
    """Steps that stand elsewhere, figures and checks that are not what they were, and who decided.

    ``entries``: those that lie between, the last of them the one that made ``after``.
    """
    count = ngettext("{n} entry", "{n} entries", len(entries)).format(n=grouped(len(entries)))
    ends = f"{stamp(before.at, after.zone)} – {stamp(after.at, after.zone)}"
    rows = [line((ends, "bold"), (f"   {count}", QUIET)), Content("")]
    moved = [row for step in after.steps.values() for row in _step(before.steps.get(step.id), step)]
    if moved:
        rows += [Content.styled(_("Steps"), "bold"), *moved, Content("")]
    decided = [entry for entry in entries if isinstance(entry.fact, DECISIONS)]
    teller = Teller(after)
    if decided:
        rows.append(Content.styled(_("Decisions"), "bold"))
        rows += [Content(f"  {safe(teller.tell(entry))}") for entry in decided[-MOST:]]
        rows.append(Content(""))
    if counts := _counts(entries):
        rows += [Content(counts), Content("")]
    if len(rows) == 2:
        rows.append(Content(_("Nothing that shows: no step, decision or answer lies between.")))
    return rows


def _step(was: StepState | None, step: StepState) -> list[Content]:
    rows = []
    name = prose(step_name(step.outline))
    if was is None or was.status is not step.status:
        old = LOOKS[was.status].content if was else Content("–")
        rows.append(line(f"  {name}  ", old, " → ", LOOKS[step.status].content))
    if was is not None and was.digest and was.digest != step.digest:
        if not rows:
            rows.append(Content(f"  {name}"))
        for one in changes(was, step):
            values = f"{safe(one.before) or '–'} → {safe(one.after) or '–'}"
            rows.append(line((f"      Δ {safe(one.name)}  ", QUIET), values))
    return rows


def _counts(entries: Sequence[Entry]) -> str:
    answers = sum(isinstance(entry.fact, facts.Answered) for entry in entries)
    pairs = sum(isinstance(entry.fact, facts.PairDecided) for entry in entries)
    parts = []
    if answers:
        text = ngettext("{n} answer given", "{n} answers given", answers)
        parts.append(text.format(n=grouped(answers)))
    if pairs:
        text = ngettext("{n} decision on a pair", "{n} decisions on pairs", pairs)
        parts.append(text.format(n=grouped(pairs)))
    return " · ".join(parts)
