"""Permissions before and after, and pairs that may be one person."""

from __future__ import annotations

import re
from collections import Counter

from tui_migrate.engine.reporting.material import Material
from tui_migrate.engine.review_progress import agreement_text
from tui_migrate.engine.run import StepState
from tui_migrate.engine.two_answers import compared
from tui_migrate.i18n import _
from tui_migrate.matching.agreement import WORDS, agreement
from tui_migrate.numerals import grouped
from tui_migrate.report.document import Bar, Bars, Block, Cell, Paragraph, Section, Table

_FIGURE = re.compile(
    r"(?P<brand>.+) (?P<channel>\w+): (?P<state>opt-in|opt-out) (?P<side>before|after)"
)

Counts = dict[tuple[str, str], dict[tuple[str, str], int]]
"""(brand, channel) → (state, side) → persons."""


def consents(material: Material) -> Section:
    """Opt-ins and opt-outs per brand and channel, in the sources and in the target."""
    counts = _counts(material)
    if not counts:
        nothing = Paragraph(_("Consents were not carried over yet."), "quiet")
        return Section("consents", _("Consents before and after"), (nothing,))
    sides = (("opt-in", "before"), ("opt-out", "before"), ("opt-in", "after"), ("opt-out", "after"))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (brand, channel, *(values.get(side, 0) for side in sides))
        for (brand, channel), values in counts.items()
    )
    columns = (
        _("Brand"),
        _("Channel"),
        _("Opt-in before"),
        _("Opt-out before"),
        _("Opt-in after"),
        _("Opt-out after"),
    )
    intro = Paragraph(
        _(
            "Before: persons with an opt-in and with an opt-out in some source (one person may have "
            "both). After: the state that was derived for each profile, as it stands in the target."
        )
    )
    return Section(
        "consents",
        _("Consents before and after"),
        (intro, *_plots(counts), Table(columns, rows)),
    )


def _counts(material: Material) -> Counts:
    """Before any delta, and after the last: the first step says what was, the last what is."""
    found: Counts = {}
    for step in material.state.steps.values():
        if step.outline.uses != "consent_sync":
            continue
        for name, value in step.figures.items():
            parsed = _FIGURE.fullmatch(name)
            if parsed is None or not isinstance(value, int):
                continue
            cell = found.setdefault((parsed["brand"], parsed["channel"]), {})
            key = (parsed["state"], parsed["side"])
            if parsed["side"] == "after" or key not in cell:
                cell[key] = value
    return found


def _plots(counts: Counts) -> list[Block]:
    states = {"opt-in": _("opt-in"), "opt-out": _("opt-out")}
    plots: list[Block] = []
    for brand in dict.fromkeys(brand for brand, _channel in counts):
        bars = []
        for (of, channel), values in counts.items():
            if of != brand:
                continue
            for side, name in (("before", _("before")), ("after", _("after"))):
                parts = tuple((states[s], values.get((s, side), 0)) for s in states)
                told = " / ".join(grouped(value) for _name, value in parts)
                bars.append(Bar(f"{channel} · {name}", parts, told))
        plots.append(Bars(brand, tuple(states.values()), tuple(bars), _("persons")))
    return plots


def duplicates(material: Material) -> Section:
    """How pairs of records fell into bands, and who settled those in between."""
    step = next((s for s in material.state.steps.values() if s.outline.uses == "match"), None)
    title = _("Pairs that may be one person")
    if step is None or not step.figures:
        nothing = Paragraph(_("Records were not compared yet."), "quiet")
        return Section("pairs", title, (nothing,))
    return Section(
        "pairs",
        title,
        (_bands(step), _decided(material), *_agreed(material), *_taught(material)),
    )


def _bands(step: StepState) -> Bars:
    bands = (
        ("auto", _("merged by itself")),
        ("review", _("to review")),
        ("below", _("kept apart by itself")),
    )
    bars = []
    for key, name in bands:
        value = step.figures.get(key, 0)
        number = value if isinstance(value, int) else 0
        bars.append(Bar(name, ((_("pairs"), number),)))
    return Bars(_("Pairs by weight of evidence"), (_("pairs"),), tuple(bars), _("pairs"))


def _decided(material: Material) -> Table:
    counted: Counter[tuple[str, str]] = Counter(
        (pair.by, pair.decision) for pair in material.state.pairs.values()
    )
    people = list(dict.fromkeys(by for by, _decision in counted))
    rows = tuple(
        (by, counted[by, "merge"], counted[by, "different"], counted[by, "unsure"]) for by in people
    )
    columns = (_("Reviewer"), _("Merged"), _("Different"), _("Unsure"))
    empty = _("Nobody settled a pair; undecided pairs are kept as separate profiles.")
    return Table(columns, rows, empty, _("Settled by people"))


def _taught(material: Material) -> tuple[Block, ...]:
    """Corrections of the match model by decisions: who proposed them and who judged; nothing without."""
    proposals = material.state.proposals.values()
    rows = tuple(
        (
            one.sha256[:12],
            one.decided,
            one.by,
            ", ".join(s.by for s in one.signoffs),
            _("accepted") if one.accepted else _("waits") if one.open else _("does not count"),
        )
        for one in proposals
    )
    columns = (_("Correction"), _("Decided pairs"), _("Proposed by"), _("Judged by"), _("State"))
    return (Table(columns, rows, "", _("What decisions taught the match")),) if rows else ()


def _agreed(material: Material) -> tuple[Block, ...]:
    """How far two persons agree who answered the same clusters; nothing where nobody did."""
    both = agreement(compared(material.state))
    if not both.compared:
        return ()
    names = {
        "merge": _("Merged"),
        "different": _("Different"),
        "split": _("Split"),
        "unsure": _("Unsure"),
    }
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (names[first], *(both.table.get((first, second), 0) for second in WORDS)) for first in WORDS
    )
    columns = (_("First answer"), *(names[word] for word in WORDS))
    return (
        Table(columns, rows, "", _("Answered by two persons, by the second answer")),
        Paragraph(agreement_text(both)),
    )
