"""The safe lane as plain sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn, LaneJudged, LaneVoided
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped

if TYPE_CHECKING:
    from tui_migrate.engine.sentences import Teller


def _drawn(t: Teller, e: Entry, f: LaneDrawn) -> str:
    return _(
        "{by} drew {n} of {m} clusters of the safe lane to look at (ISO 2859-1, {letter}, AQL {aql}:"
        " accepted with at most {accept} wrong)"
    ).format(
        by=e.by,
        n=grouped(len(f.sample)),
        m=grouped(f.clusters),
        letter=f.letter,
        aql=f.aql,
        accept=f.accept,
    )


def _judged(t: Teller, e: Entry, f: LaneJudged) -> str:
    text = {
        "accepted": _("the sample of entry {n} is ACCEPTED: {wrong} wrong, {right} right"),
        "rejected": _("the sample of entry {n} is REJECTED: {wrong} wrong, {right} right"),
    }.get(f.result, _("the sample of entry {n} is open again: {wrong} wrong, {right} right"))
    return text.format(n=f.lot, wrong=grouped(f.wrong), right=grouped(f.right))


def _decided(t: Teller, e: Entry, f: LaneDecided) -> str:
    if f.decision == "review":
        text = _("{by} lets nothing merge without a person: {n} clusters go to review")
    else:
        text = _("{by} confirmed that {n} clusters merge without a person (list {list})")
    return text.format(by=e.by, n=grouped(f.clusters), list=f.sha256[:12])


def _voided(t: Teller, e: Entry, f: LaneVoided) -> str:
    return _(
        "the confirmation of entry {n} counts no longer: other clusters would merge now ({m})"
    ).format(n=f.entry, m=grouped(f.clusters))


TELLERS: dict[type, Callable[[Teller, Entry, Any], str]] = {
    LaneDrawn: _drawn,
    LaneJudged: _judged,
    LaneDecided: _decided,
    LaneVoided: _voided,
}
