"""A pair of records as text: what differs first, the evidence beside it, what is at stake below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_migrate.engine.queries import PairField, PairRef, PairSheet, PairSide, Permission
from tui_migrate.engine.sentences import label
from tui_migrate.engine.wording import counted
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.differ import Spans, differing
from tui_migrate.tui.pairwords import NOTHING, field_words, level_words, verdict
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Part, line

BAR = 5
FULL = 12.0
"""log₂ evidence that fills the bar: 4 096 to 1."""
WORDS = 18
"""Cells for the evidence in words, where there is room."""
TALLEST = 4
"""Lines that one value may take."""

OUT = ("refused", "withdrawn", "opt-out")
MARK = "underline $text-warning"


def weight_part(weight: float | None) -> Part:
    """A bar and a number: ``█`` for, ``▒`` against."""
    if weight is None:
        return ""
    if abs(weight) < NOTHING:
        return (" " * BAR + f" {0.0:5.1f}", QUIET)
    cells = min(BAR, max(1, round(abs(weight) / FULL * BAR)))
    if weight >= 0:
        return (fit("█" * cells, BAR) + f" {weight:+5.1f}", GOOD)
    return (fit("▒" * cells, BAR) + f" {weight:+5.1f}", BAD)


class Sheet:
    """Lays out one pair in ``width`` cells."""

    def __init__(self, width: int) -> None:
        self._name = 12 if width < 90 else 16
        self._words = WORDS if width >= 100 else 0
        weights = BAR + 7 + self._words
        self._side = max(12, (width - self._name - weights - 3) // 2)

    def row(self, name: str, left: Part, right: Part, *tail: Part) -> Content:
        """A line of the table; sides are (text, style), text or content of the side's width."""
        return line(
            (fit(name, self._name), QUIET), " ", self._cut(left), " ", self._cut(right), " ", *tail
        )

    def _cut(self, part: Part) -> Part:
        if isinstance(part, Content):
            return part
        if isinstance(part, tuple):
            return (fit(part[0], self._side), part[1])
        return fit(part, self._side)

    def across(self, name: str, text: str, *tail: Part) -> Content:
        """A line without sides."""
        room = 2 * self._side + 1
        return line((fit(name, self._name), QUIET), " ", (fit(text, room), QUIET), " ", *tail)

    def evidence(self, one: PairField) -> list[Part]:
        """Bar, number and, where there is room, words; nothing for a field that was not compared."""
        if one.weight is None or (abs(one.weight) < NOTHING and not (one.left and one.right)):
            return []
        parts: list[Part] = [weight_part(one.weight)]
        if self._words:
            parts.append((" " + level_words(one), QUIET))
        return parts

    def field(self, one: PairField) -> list[Content]:
        """A field, with the characters marked that differ; long values go on in further lines."""
        style = QUIET if one.equal or not (one.left and one.right) else "bold"
        left, right = safe(one.left) or "–", safe(one.right) or "–"
        marks: tuple[Spans, Spans] = ([], [])
        if not one.equal and one.left and one.right:
            marks = differing(left, right)
        first = self._pieces(left, marks[0], style)
        second = self._pieces(right, marks[1], style)
        rows = []
        for number in range(max(len(first), len(second))):
            a = first[number] if number < len(first) else ""
            b = second[number] if number < len(second) else ""
            if number:
                rows.append(self.row("", a, b))
            else:
                rows.append(self.row(safe(label(one.field)), a, b, *self.evidence(one)))
        return rows

    def _pieces(self, text: str, marks: Spans, style: str) -> list[Content]:
        """``text`` in lines of the side's width, the last cut where there is no end to it."""
        room = self._side - 1
        pieces: list[Content] = []
        for start in range(0, max(1, len(text)), room):
            last = len(pieces) == TALLEST - 1
            piece = text[start:] if last else text[start : start + room]
            shown = Content.styled(fit(piece, self._side), style)
            for begin, end in marks:
                low, high = max(0, begin - start), min(room, end - start)
                if low < high:
                    shown = shown.stylize(MARK, low, high)
            pieces.append(shown)
            if last:
                break
        return pieces

    def permissions(self, left: PairSide, right: PairSide) -> list[Content]:
        """Consents of both, the same brand and channel beside each other, and where they contradict."""
        ours, theirs = _newest(left), _newest(right)
        keys = sorted({*ours, *theirs})
        if not keys:
            return [self.row(_("Consents"), ("–", QUIET), ("–", QUIET))]
        rows = []
        for number, key in enumerate(keys):
            name = _("Consents") if not number else ""
            tail: list[Part] = []
            if _conflict(key, ours, theirs) or _conflict(key, theirs, ours):
                tail.append(("! " + _("conflict"), WARN))
            rows.append(
                self.row(name, _permission(ours.get(key)), _permission(theirs.get(key)), *tail)
            )
        return rows


Key = tuple[str, str]


def _newest(side: PairSide) -> dict[Key, Permission]:
    """Brand and channel → the last statement; one without a date counts as the last."""
    found: dict[Key, Permission] = {}
    for one in side.permissions:
        key = ("" if one.brand == "*" else one.brand, one.channel)
        before = found.get(key)
        if (
            before is None
            or not one.event_at
            or (before.event_at and one.event_at >= before.event_at)
        ):
            found[key] = one
    return found


def _conflict(key: Key, out: dict[Key, Permission], given: dict[Key, Permission]) -> bool:
    """Whether ``out`` says no to ``key``, or to its channel for all brands, and ``given`` yes."""
    mine, yes = out.get(key) or out.get(("", key[1])), given.get(key)
    return mine is not None and mine.state in OUT and yes is not None and yes.state not in OUT


def _permission(one: Permission | None) -> tuple[str, str]:
    """Brand, channel, state and year, with opt-outs in capitals."""
    if one is None:
        return ("–", QUIET)
    out = one.state in OUT
    state = safe(label(one.state)) or _("unclear")
    brand = safe(one.brand) if one.brand not in ("", "*") else _("all brands")
    text = f"{brand} {safe(one.channel)} {state.upper() if out else state}"
    return (f"{text} {one.event_at[:4]}".rstrip(), BAD if out else "")


def _stakes(side: PairSide) -> str:
    """``2 subscriptions · 1 order``."""
    return " · ".join(safe(counted(n, name)) for name, n in side.children.items()) or "–"


def _order(field: PairField) -> tuple[bool, bool, float]:
    """Compared fields first, the strongest evidence on top; when a record was written comes last."""
    return field.field.endswith("_at"), field.weight is None, -abs(field.weight or 0.0)


def sheet_rows(
    ref: PairRef, sheet: PairSheet, width: int, unfolded: bool, tall: bool = True
) -> list[Content]:
    """The whole pair, top to bottom. Where the pane is not ``tall``, what only one side has is
    folded too."""
    made = Sheet(width)
    differing_ = [field for field in sheet.fields if not field.equal]
    both = sorted((f for f in differing_ if f.left and f.right), key=_order)
    single = sorted((f for f in differing_ if not (f.left and f.right)), key=_order)
    equal = [field for field in sheet.fields if field.equal]
    rows = [
        *_why(sheet),
        made.row(
            "",
            (f"1 {safe(ref.source_a)} {safe(ref.record_a)}", "bold $primary"),
            (f"2 {safe(ref.source_b)} {safe(ref.record_b)}", "bold $primary"),
            (_("weight"), QUIET),
        ),
    ]
    for field in both:
        rows += made.field(field)
    if tall or unfolded:
        for field in single:
            rows += made.field(field)
    elif single:
        text = ngettext("▸ {n} on one side", "▸ {n} on one side", len(single))
        rows.append(_folded(made, text.format(n=len(single)), single))
    if unfolded:
        for field in equal:
            rows += made.field(field)
    elif equal:
        text = ngettext("▸ {n} equal field", "▸ {n} equal fields", len(equal))
        rows.append(_folded(made, text.format(n=len(equal)), equal))
    for field in sheet.other:
        if abs(field.weight or 0.0) >= NOTHING:
            weight = weight_part(field.weight)
            rows.append(made.across(field_words(field), level_words(field), weight))
    rows += made.permissions(sheet.left, sheet.right)
    rows.append(made.row(_("At stake"), _stakes(sheet.left), _stakes(sheet.right)))
    return [*rows, *_found(sheet)]


def _folded(made: Sheet, text: str, fields: Sequence[PairField]) -> Content:
    names = ", ".join(safe(label(field.field)) for field in fields)
    weights = [field.weight for field in fields if field.weight]
    tail = [weight_part(sum(weights))] if weights else []
    return made.across("", f"{text} (e): {names}", *tail)


def _why(sheet: PairSheet) -> list[Content]:
    """How sure, on what ground, and why a person is asked all the same."""
    sure, evidence = verdict(sheet)
    rows = [line((sure, "bold"), ": ", evidence + ".")]
    if sheet.reason:
        rows.append(line((_("You are asked because: "), WARN), safe(sheet.reason)))
    left, right = sheet.profiles
    if left and left == right:
        rows.append(line((_("Both are in one profile at present."), QUIET)))
    return [*rows, Content("")]


def _found(sheet: PairSheet) -> list[Content]:
    """The weight in all, and which rules put these two beside each other."""
    parts = [_("weight {w} in all").format(w=f"{sheet.weight:+.1f}")]
    if sheet.rules:
        rules = ", ".join(safe(label(rule)) for rule in sheet.rules)
        parts.append(_("found by {rules}").format(rules=rules))
    return [Content(""), Content.styled(" · ".join(parts), QUIET)]
