"""The safe lane in words, the same on screen and on the command line."""

from __future__ import annotations

import math

from tui_migrate.engine.lane_queries import (
    BELOW,
    HELD,
    LINK,
    PICKED,
    SAMPLE,
    LaneKnown,
    LaneLot,
    LaneShare,
    LaneSheet,
)
from tui_migrate.engine.lane_state import OPEN
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped, short


def clusters(number: int) -> str:
    """``1 cluster``, ``12 480 clusters``."""
    return ngettext("{n} cluster", "{n} clusters", number).format(n=grouped(number))


def group_words(group: str) -> str:
    """By what clusters are counted."""
    return {
        "kind": _("tied by"),
        "band": _("how likely"),
        "size": _("records"),
        "source": _("sources"),
        "brand": _("brand"),
    }.get(group, group)


def value_words(group: str, value: str) -> str:
    """A row of the preview."""
    if value == "link":
        return _("a link: one system names the other's record")
    if group == "kind":
        names = {
            "birth_date": _("birth date"),
            "email": _("e-mail"),
            "phone": _("phone"),
            "kvk": _("KvK number"),
            "vat": _("VAT number"),
            "other": _("name and address"),
        }
        return ", ".join(names.get(part, part.replace("_", " ")) for part in value.split("+"))
    if group == "band":
        low = {"0.9999": "99.99", "0.999": "99.9", "0.99": "99"}.get(value, "")
        return _("{n} % and more").format(n=low) if low else _("less than 99 %")
    if group == "brand" and not value:
        return _("no brand")
    return value


def plan_words(sheet: LaneSheet) -> str:
    """The sample that would be drawn."""
    return _(
        "{size} of {n} (ISO 2859-1 level II, {letter}, AQL {aql}); accepted with at most {accept} wrong"
    ).format(
        size=grouped(sheet.size),
        n=grouped(sheet.uncovered),
        letter=sheet.letter,
        aql=sheet.aql,
        accept=sheet.accept,
    )


def lot_words(lot: LaneLot) -> str:
    """How a sample stands."""
    result = {
        "accepted": _("ACCEPTED"),
        "rejected": _("REJECTED"),
    }.get(lot.result, _("{n} to judge").format(n=grouped(lot.left)))
    text = _("{size} of {n}: {result}; {right} right, {wrong} wrong ({accept} allowed)")
    return text.format(
        size=grouped(lot.size),
        n=grouped(lot.clusters),
        result=result,
        right=grouped(lot.right),
        wrong=grouped(lot.wrong),
        accept=lot.accept,
    )


def decision_words(sheet: LaneSheet) -> str:
    """What was decided about the lane, or that nothing was."""
    said = sheet.decision
    if said is None:
        if not sheet.asked:
            return _("not asked for by the runbook: they merge when the run comes to it")
        return _("not confirmed: the merge waits for it")
    if said.decision == "review":
        return _("{by} lets nothing merge without a person").format(by=said.by)
    text = _("{n} confirmed by {by}").format(n=clusters(said.clusters), by=said.by)
    return text if said.holds else _("{text}; other ones would merge now").format(text=text)


def percent(share: float, *, up: bool = False) -> str:
    """0.9714 → ``97.1 %``: an end of an interval, rounded outwards, so that it never claims too much."""
    tenths = math.ceil(share * 1000 - 1e-9) if up else math.floor(share * 1000 + 1e-9)
    return f"{short(tenths / 10)} %"


def lot_share_words(lot: LaneLot) -> str:
    """What a sample says of its lot, once it is accepted or rejected; '' before."""
    if lot.result == OPEN or lot.low is None or lot.high is None:
        return ""
    if lot.right + lot.wrong >= lot.clusters:
        return _("that was all of them: {share} are right").format(share=percent(lot.low))
    text = _("so {low} to {high} of these {n} are right (95 %, exact)")
    return text.format(
        low=percent(lot.low), high=percent(lot.high, up=True), n=grouped(lot.clusters)
    )


def known_short(known: LaneKnown) -> list[str]:
    """What is known of the threshold in force, in a line or two."""
    at = f"{known.auto_from:g}"
    drawn, held = known.share(SAMPLE, known.auto_from), known.share(HELD, known.auto_from)
    if drawn is None:
        lines = [
            _("from {at} on, links apart, none was drawn and judged: nobody knows").format(at=at)
        ]
    else:
        text = _("{right} of {n} drawn from {at} on, links apart: {low} to {high} (95 %)")
        lines = [_filled(text, drawn, at)]
    if held is not None:
        text = _("of others, held back by the guard: {right} of {n}, {low} to {high}")
        lines.append(_filled(text, held, at))
    return lines


def known_words(known: LaneKnown) -> list[str]:
    """How precise the threshold in force and those beside it are; '' is an empty line."""
    if not known.ready:
        return [_("Nothing is known yet of what merges without a person.")]
    at = f"{known.auto_from:g}"
    lines = [*_group(known, SAMPLE, _("Merges without a person, and drawn by chance:"))]
    if not lines:
        lines = [
            _("Of what merges without a person nothing was drawn and judged: how precise {at} is,"
              " nobody knows.").format(at=at)
        ]  # fmt: skip
    lines += _group(known, LINK, _("Drawn, but tied by a link, however likely:"))
    lines += _group(
        known, PICKED, _("Passed the guard, but chosen by who looked, so no fair share of it:")
    )
    held = _group(
        known,
        HELD,
        _("As likely, but held back by the guard and asked: others than what merges, as a rule worse."),
    )  # fmt: skip
    lines += held or [
        _(
            "On what is as likely, but held back by the guard, nobody has decided from {at} on."
        ).format(at=at)
    ]
    lines += _group(
        known,
        BELOW,
        _("Asked since they were below the threshold; whether the guard would let them pass is not"
          " known:"),
    )  # fmt: skip
    return [*lines, *_beside(known)]


def _group(known: LaneKnown, group: str, title: str) -> list[str]:
    """A group: its title, a line for the threshold in force, and one for each other that says more."""
    found = [one for one in known.shares if one.group == group and one.decided]
    here = known.share(group, known.auto_from)
    rows: list[str] = []
    before = here if here is not None and group != BELOW else None
    for one in found:
        news = before is None or (one.decided, one.right) != (before.decided, before.right)
        if news or one is here:
            name = _("from {at}").format(at=f"{one.at:g}") if one.at else _("at any likelihood")
            text = _("  {name}: {right} of {n} one person, so {low} to {high}")
            rows.append(_filled(text, one, name=name))
        before = one if news else before
    return [title, *rows] if rows else []


def _filled(text: str, one: LaneShare, at: str = "", name: str = "") -> str:
    return text.format(
        right=grouped(one.right), n=grouped(one.decided), low=percent(one.low),
        high=percent(one.high, up=True), at=at, name=name,
    )  # fmt: skip


def _beside(known: LaneKnown) -> list[str]:
    """What stands beside the figures: what they leave out, and that people err."""
    if not any(one.decided for one in known.shares):
        return []
    lines = [
        _("Intervals are exact (Clopper and Pearson, 95 %); a question counts once, however many"
          " records it is about.")
    ]  # fmt: skip
    if known.unsure:
        text = ngettext(
            "{n} question that somebody was unsure about is left out.",
            "{n} questions that somebody was unsure about are left out.",
            known.unsure,
        )
        lines.append(text.format(n=grouped(known.unsure)))
    if known.unplaced:
        text = ngettext(
            "{n} decision is left out: how the match had judged these records before is not known.",
            "{n} decisions are left out: how the match had judged these records before is not known.",
            known.unplaced,
        )
        lines.append(text.format(n=grouped(known.unplaced)))
    if known.wrong_low is None or known.wrong_high is None:
        lines.append(
            _("That people err is not counted in: no two of them answered the same question.")
        )
    else:
        text = _(
            "That people err is not counted in: {low} to {high} of one person’s answers, by the"
            " {n} that two gave ({c} to the contrary)."
        )
        low, high = percent(known.wrong_low), percent(known.wrong_high, up=True)
        lines.append(
            text.format(low=low, high=high, n=grouped(known.compared), c=grouped(known.contrary))
        )
    return lines
