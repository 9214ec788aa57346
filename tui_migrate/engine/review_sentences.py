"""Decisions on duplicates as plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.review_facts import (
    ClusterAnswered,
    ClusterDecided,
    DecisionTakenBack,
    ModelFitted,
    ModelJudged,
    ModelProposed,
    PairDecided,
    ReviewDrawn,
)
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import short

if TYPE_CHECKING:
    from tui_migrate.engine.sentences import Teller


def _model(t: Teller, e: Entry, f: ModelFitted) -> str:
    text = _("{step} matches records by the model {model}")
    return text.format(step=t.step(f.step), model=f.sha256[:12])


def _proposed(t: Teller, e: Entry, f: ModelProposed) -> str:
    text = _(
        "{by} proposed to correct the model of {step} by what {n} decided pairs teach ({model})"
    )
    return text.format(by=e.by, step=t.step(f.step), n=f.decided, model=f.sha256[:12])


def _judged(t: Teller, e: Entry, f: ModelJudged) -> str:
    if f.decision == "reject":
        text = _("{by} rejected the correction of the match model ({model}) as {role}")
    elif f.settled:
        text = _("{by} accepted the correction of the match model ({model}) as {role}; it counts")
    else:
        text = _(
            "{by} accepted the correction of the match model ({model}) as {role}; more are needed"
        )
    return text.format(by=e.by, model=f.sha256[:12], role=f.role) + t.reason(f.reason)


def _pair(t: Teller, e: Entry, f: PairDecided) -> str:
    records = t.records(f.reference)
    if records is None:
        verbs = {
            "merge": _("{by} merged a pair of records"),
            "different": _("{by} kept a pair of records apart"),
            "unsure": _("{by} was unsure about a pair of records"),
            "undo": _("{by} took back the decision on a pair of records"),
        }
        return verbs.get(f.decision, f.decision).format(by=e.by)
    verbs = {
        "merge": _("{by} merged {a} and {b}"),
        "different": _("{by} kept {a} and {b} apart"),
        "unsure": _("{by} was unsure about {a} and {b}"),
        "undo": _("{by} took back the decision on {a} and {b}"),
    }
    return verbs.get(f.decision, f.decision).format(by=e.by, a=records[0], b=records[1])


def cluster_words(f: ClusterDecided) -> str:
    """What became of a cluster: merge | different | split | unsure | flagged."""
    if f.decision != "settled":
        return f.decision
    if len(f.groups) == 1:
        return "merge"
    return "different" if len(f.groups) == len(f.records) else "split"


def _drawn(t: Teller, e: Entry, f: ReviewDrawn) -> str:
    if not f.share:
        return _("Every cluster of duplicates is answered by one person from here on")
    percent = short(100 * f.share)
    text = _("{percent} % of the clusters of duplicates are answered by two persons from here on")
    return text.format(percent=percent)


def _answered(t: Teller, e: Entry, f: ClusterAnswered) -> str:
    text = ngettext(
        "{by} answered about {n} record; it stays sealed until a second person has answered",
        "{by} answered about {n} records; it stays sealed until a second person has answered",
        len(f.records),
    )
    names = " | ".join(t.member(reference) or "–" for reference in f.members)
    known = f": {names}" if names.strip("–| ") else ""
    return text.format(by=e.by, n=len(f.records)) + known


def _beside(f: ClusterDecided) -> str:
    """What an answer is beside those of others."""
    if f.turn == "third":
        return _("; two had answered it before")
    if not f.opens:
        return ""
    alike = all(
        (one.decision, one.groups) == (f.decision, f.groups)
        or "settled" not in (one.decision, f.decision)
        for one in f.opens
    )
    return (
        _("; the answer sealed before says the same")
        if alike
        else _("; the answer sealed before says something else: a third person decides")
    )


def _cluster(t: Teller, e: Entry, f: ClusterDecided) -> str:
    count = len(f.records)
    said = {
        "merge": ngettext("{by} merged {n} record", "{by} merged {n} records", count),
        "different": ngettext("{by} kept {n} record apart", "{by} kept {n} records apart", count),
        "split": ngettext(
            "{by} split {n} record into {m}", "{by} split {n} records into {m}", count
        ),
        "unsure": ngettext(
            "{by} was unsure about {n} record", "{by} was unsure about {n} records", count
        ),
        "flagged": ngettext("{by} flagged {n} record", "{by} flagged {n} records", count),
    }
    text = said[cluster_words(f)].format(by=e.by, n=count, m=len(f.groups))
    names = [t.member(reference) for reference in f.members]
    if any(names):
        known = " | ".join(" = ".join(names[at] or "–" for at in group) for group in f.groups)
        text += f": {known}"
    chosen = len(f.values)
    if chosen:
        values = ngettext("; chose {n} value", "; chose {n} values", chosen)
        text += values.format(n=chosen)
    return text + _beside(f) + t.reason(f.note)


def _back(t: Teller, e: Entry, f: DecisionTakenBack) -> str:
    if t.is_given_back(f.entry):
        return _("{by} gave back the decision that entry {n} took back").format(by=e.by, n=f.entry)
    return _("{by} took back the decision of entry {n}").format(by=e.by, n=f.entry)


TELLERS: dict[type, Callable[[Teller, Entry, Any], str]] = {
    ModelFitted: _model,
    ModelProposed: _proposed,
    ModelJudged: _judged,
    PairDecided: _pair,
    ReviewDrawn: _drawn,
    ClusterAnswered: _answered,
    ClusterDecided: _cluster,
    DecisionTakenBack: _back,
}
