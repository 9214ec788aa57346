"""How sure it is that the records of a cluster are one person, and why somebody is asked: sentences."""

from __future__ import annotations

from textwrap import wrap

from textual.content import Content

from tui_migrate.engine.pair_words import between_words, evidence
from tui_migrate.engine.review_queries import ClusterRef, ClusterSheet
from tui_migrate.i18n import _
from tui_migrate.numerals import short
from tui_migrate.tui.clustercolumns import Showing
from tui_migrate.tui.safe import safe
from tui_migrate.tui.status import QUIET, WARN
from tui_migrate.tui.widgets.block import line

CONTRARY = -3.0
"""Bits at which a contradiction of unknown weight is named among what speaks against it."""
MOST_WORDS = 2
"""Lines of a sentence above the table."""


def why_rows(ref: ClusterRef, sheet: ClusterSheet, how: Showing, width: int) -> list[Content]:
    """How sure, on what ground, and why a person is asked all the same."""
    if how.blind:
        hidden = _("The score is hidden until you have decided.")
        if ref.decision in ("waiting", "differ"):
            hidden = _("The score is hidden until this is settled.")
        return [Content.styled(hidden, QUIET), Content("")]
    sure, words = verdict(ref, sheet)
    many = len(sheet.records) > 2
    first, *more = _sentence(f"{sure}: {words}.", width, MOST_WORDS + many)
    rows = [line((first[: len(sure)], "bold"), first[len(sure) :]), *map(Content, more)]
    asked = [pair for pair in sheet.pairs if pair.asked] or sheet.pairs
    reasons = list(dict.fromkeys(_(pair.reason) for pair in asked if pair.reason))
    if reasons:
        by_itself = ref.reason in ("guard passed", "link")
        head = _("It merges by itself: ") if by_itself else _("You are asked because: ")
        first, *more = _sentence(head + safe("; ".join(reasons)), width)
        rows += [line((first[: len(head)], WARN), first[len(head) :]), *map(Content, more)]
    tight = len(rows) > MOST_WORDS + 1 and not how.tall  # what is at stake is worth more than a gap
    return rows if tight else [*rows, Content("")]


def _sentence(text: str, width: int, most: int = MOST_WORDS) -> list[str]:
    """The lines of a sentence; one that is too long ends in an ellipsis."""
    return wrap(text, width, max_lines=most, placeholder=" …")


def verdict(ref: ClusterRef, sheet: ClusterSheet) -> tuple[str, str]:
    """How sure, and the evidence in a sentence. Of three records or more: how sure that all are one,
    which is no surer than the weakest link by which they hang together, or than two that contradict
    each other; and who disagrees with whom."""
    fields = [*sheet.fields, *sheet.other]
    compared = [
        (f.field, f.level, f.weight) for f in fields if f.weight is not None and not f.unkept
    ]
    if len(sheet.records) < 3:
        sure = f"{sure_words(ref.probability)} ({percent(ref.probability)} %)"
        return sure, safe(evidence(compared))
    compared += [(f.field, "different", CONTRARY) for f in fields if f.unkept]
    between = {f.field: between_words(f.against, f.sides) for f in fields if f.against}
    between.pop("name_frequency", None)  # it says nothing of who
    return _sure_of_all(ref, sheet), safe(evidence(compared, between))


def _sure_of_all(ref: ClusterRef, sheet: ClusterSheet) -> str:
    """How sure it is that three records or more are one person, and what that hangs on."""
    likely = {tuple(sorted((pair.a, pair.b))): pair.probability for pair in sheet.pairs}
    found = [
        (likely.get(edge, 0.0), edge, words)
        for edge, words in (
            (sheet.weakest, _("weakest link {a}–{b}")),
            (sheet.contrary, _("{a} and {b} contradict")),
        )
        if edge
    ]
    if not found:
        return f"{all_words(ref.probability)} ({percent(ref.probability)} %)"
    least, edge, words = min(found, key=lambda one: one[0])
    why = words.format(a=edge[0] + 1, b=edge[1] + 1)
    if edge in likely:
        why = f"{percent(least)} %: {why}"
    return f"{all_words(least)} ({why})"


def percent(probability: float) -> str:
    """Nothing is certain, nor out of the question."""
    return short(min(99.9, max(0.1, 100 * probability)))


def sure_words(probability: float) -> str:
    """A likelihood as people say it."""
    if probability >= 0.99:
        return _("Same person, almost surely")
    if probability >= 0.9:
        return _("Same person, very likely")
    if probability >= 0.7:
        return _("Same person, likely")
    if probability >= 0.4:
        return _("Perhaps the same person")
    return _("Probably not the same person")


def all_words(probability: float) -> str:
    """As ``sure_words``, of three records or more."""
    if probability >= 0.99:
        return _("All one person, almost surely")
    if probability >= 0.9:
        return _("All one person, very likely")
    if probability >= 0.7:
        return _("All one person, likely")
    if probability >= 0.4:
        return _("Perhaps all one person")
    return _("Probably not all one person")
