"""What lies between two moments of a run."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided, ModelJudged, PairDecided
from tui_migrate.engine.run import StepState
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped

DECISIONS = (
    gate_facts.SignedOff,
    gate_facts.SignOffVoided,
    facts.CheckWaived,
    facts.StepSkipped,
    facts.RedoAsked,
    gate_facts.EvidenceChanged,
    ModelJudged,
)
MOST = 40
"""Decisions that are told one by one."""


def decided(entries: Sequence[Entry]) -> list[Entry]:
    """The last decisions of people among the entries, and what made them void."""
    return [entry for entry in entries if isinstance(entry.fact, DECISIONS)][-MOST:]


def counts(entries: Sequence[Entry]) -> str:
    """How many answers and decisions on duplicates there are; '' for none."""
    answers = sum(isinstance(entry.fact, facts.Answered) for entry in entries)
    settled = (PairDecided, ClusterAnswered, ClusterDecided)
    pairs = sum(isinstance(entry.fact, settled) for entry in entries)
    parts = []
    if answers:
        text = ngettext("{n} answer given", "{n} answers given", answers)
        parts.append(text.format(n=grouped(answers)))
    if pairs:
        text = ngettext("{n} decision on duplicates", "{n} decisions on duplicates", pairs)
        parts.append(text.format(n=grouped(pairs)))
    return " · ".join(parts)


def signed_by(step: StepState) -> list[str]:
    """Who signed, each once."""
    return list(dict.fromkeys(signoff.by for signoff in step.signoffs))


def apart(count: int) -> str:
    """How far two moments are from each other."""
    return ngettext("{n} entry apart", "{n} entries apart", count).format(n=grouped(count))


def nothing_between() -> str:
    """What is said where two moments look the same."""
    return _("Nothing that shows: no step, decision or answer lies between.")
