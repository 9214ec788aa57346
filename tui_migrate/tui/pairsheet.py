"""A pair of records as text: what differs first, the evidence beside it, what is at stake below."""

from __future__ import annotations

from textual.content import Content

from tui_migrate.engine.queries import PairField, PairRef, PairSheet, PairSide, Permission
from tui_migrate.engine.sentences import grouped, label
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Part, line

BAR = 5
FULL = 12.0
"""log₂ evidence that fills the bar: 4 096 to 1."""

OUT = ("refused", "withdrawn", "opt-out")


def weight_part(weight: float | None) -> Part:
    """A bar and a number: to the right of nothing for, ``◂`` against."""
    if weight is None:
        return ""
    if abs(weight) < 0.05:
        return (" " * BAR + f" {0.0:5.1f}", QUIET)
    cells = min(BAR, max(1, round(abs(weight) / FULL * BAR)))
    if weight >= 0:
        return (fit("█" * cells, BAR) + f" {weight:+5.1f}", GOOD)
    return (fit("▒" * cells, BAR) + f" {weight:+5.1f}", BAD)


class Sheet:
    """Lays out one pair in ``width`` cells."""

    def __init__(self, ref: PairRef, sheet: PairSheet, width: int) -> None:
        self._ref, self._sheet = ref, sheet
        self._name = 12 if width < 90 else 16
        weights = BAR + 7
        self._side = max(12, (width - self._name - weights - 3) // 2)

    def row(self, name: str, left: Part, right: Part, tail: Part = "") -> Content:
        """A line of the table; sides are (text, style) or text."""
        return line(
            (fit(name, self._name), QUIET), " ", self._cut(left), " ", self._cut(right), " ", tail
        )

    def _cut(self, part: Part) -> Part:
        if isinstance(part, tuple):
            return (fit(part[0], self._side), part[1])
        return fit(str(part), self._side)

    def across(self, text: str, tail: Part) -> Content:
        """A line without sides."""
        return line((fit(text, self._name + 2 * self._side + 2), QUIET), " ", tail)

    def field(self, one: PairField) -> list[Content]:
        """A field; values that do not fit go on in a second line."""
        style = QUIET if one.equal or not (one.left and one.right) else "bold"
        name = safe(label(one.field))
        left, right = safe(one.left) or "–", safe(one.right) or "–"
        rows = [self.row(name, (left, style), (right, style), weight_part(one.weight))]
        if max(len(left), len(right)) > self._side and not one.equal:
            rest = [text[self._side - 1 :][: self._side] for text in (left, right)]
            rows[0] = self.row(
                name,
                (left[: self._side - 1], style),
                (right[: self._side - 1], style),
                weight_part(one.weight),
            )
            rows.append(self.row("", (rest[0], style), (rest[1], style)))
        return rows

    def permission(self, one: Permission) -> tuple[str, str]:
        """Brand, channel, state and year, with opt-outs in capitals."""
        out = one.state in OUT
        state = safe(label(one.state))
        brand = safe(one.brand) if one.brand not in ("", "*") else _("all brands")
        text = f"{brand} {safe(one.channel)} {state.upper() if out else state}"
        return (f"{text} {one.event_at[:4]}".rstrip(), BAD if out else "")

    def permissions(self, left: PairSide, right: PairSide) -> list[Content]:
        """Consents of both, and where they contradict each other."""
        count = max(len(left.permissions), len(right.permissions))
        if not count:
            return [self.row(_("Consents"), ("–", QUIET), ("–", QUIET))]
        conflict = bool(_keys(left, out=True) & _keys(right, out=False)) or bool(
            _keys(right, out=True) & _keys(left, out=False)
        )
        rows = []
        for number in range(count):
            sides: list[Part] = []
            for side in (left, right):
                known = side.permissions
                sides.append(self.permission(known[number]) if number < len(known) else "")
            tail: Part = ("! " + _("conflict"), WARN) if conflict and number == 0 else ""
            name = _("Consents") if number == 0 else ""
            rows.append(self.row(name, sides[0], sides[1], tail))
        return rows

    def stakes(self, side: PairSide) -> str:
        """``2 subscription · 1 order``."""
        parts = [f"{grouped(n)} {safe(label(name))}" for name, n in side.children.items()]
        return " · ".join(parts) or "–"


def _keys(side: PairSide, out: bool) -> set[tuple[str, str]]:
    return {(p.brand, p.channel) for p in side.permissions if (p.state in OUT) == out}


def sheet_rows(ref: PairRef, sheet: PairSheet, width: int, unfolded: bool) -> list[Content]:
    """The whole pair, top to bottom."""
    made = Sheet(ref, sheet, width)
    rows = [
        made.row(
            "",
            (f"1 {safe(ref.source_a)} {safe(ref.record_a)}", "bold $primary"),
            (f"2 {safe(ref.source_b)} {safe(ref.record_b)}", "bold $primary"),
            (_("weight"), QUIET),
        )
    ]
    differing = [field for field in sheet.fields if not field.equal]
    equal = [field for field in sheet.fields if field.equal]
    for field in differing:
        rows += made.field(field)
    if equal and unfolded:
        for field in equal:
            rows += made.field(field)
    elif equal:
        text = ngettext("▸ {n} equal field: e", "▸ {n} equal fields: e", len(equal))
        names = ", ".join(safe(label(field.field)) for field in equal)
        folded = f"{text.format(n=len(equal))} ({names})"
        weights = [field.weight for field in equal if field.weight is not None]
        rows.append(made.across(folded, weight_part(sum(weights) if weights else None)))
    for field in sheet.other:
        name = safe(label(field.field))
        level = safe(label(field.level))
        rows.append(made.row(name, (level, QUIET), "", weight_part(field.weight)))
    rows.append(Content(""))
    rows += made.permissions(sheet.left, sheet.right)
    rows.append(made.row(_("At stake"), made.stakes(sheet.left), made.stakes(sheet.right)))
    rows += [Content(""), *_why(sheet)]
    return rows


def _why(sheet: PairSheet) -> list[Content]:
    likely = _("the same person with {p} % likelihood").format(
        p=f"{min(99.9, 100 * sheet.probability):.1f}"
    )
    rows = [line((likely, "bold"), (_("   weight {w}").format(w=f"{sheet.weight:+.1f}"), QUIET))]
    if sheet.reason:
        rows.append(line((_("Why a person is asked: "), QUIET), safe(label(sheet.reason))))
    if sheet.rules:
        rules = ", ".join(safe(label(rule)) for rule in sheet.rules)
        rows.append(line((_("Found by: "), QUIET), rules))
    left, right = sheet.profiles
    if left and left == right:
        rows.append(line((_("Both are in one profile at present."), QUIET)))
    return rows
