"""A cluster as text: a column for each record, what differs first, the evidence beside it, what is at
stake below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from textwrap import wrap

from rich.cells import cell_len
from textual.content import Content

from tui_migrate.engine.pair_words import (
    NOTHING,
    PRIOR,
    between_words,
    evidence,
    field_name,
    level_of,
)
from tui_migrate.engine.review_queries import (
    ClusterField,
    ClusterPermission,
    ClusterRef,
    ClusterSheet,
)
from tui_migrate.engine.sentences import label
from tui_migrate.engine.wording import counted
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import short
from tui_migrate.tui.differ import Spans, differing
from tui_migrate.tui.drafting import Draft
from tui_migrate.tui.reviewing import answer_rows
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.status import BAD, QUIET, WARN
from tui_migrate.tui.weights import BAR, RANGE, range_part, weight_part
from tui_migrate.tui.widgets.block import Part, line

CONTRARY = -3.0
"""Bits at which a contradiction of unknown weight is named among what speaks against it."""
WORDS = 18
"""Cells for the evidence in words, where there is room."""
TALLEST = 3
"""Lines that one value may take."""
BEFORE = 8
"""Characters before the first difference, where what is equal is left out since it is too long."""
LEAST = 13
"""Cells of a column: below it fewer records are shown at once."""
MOST_WORDS = 2
"""Lines of a sentence above the table."""
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")
DATE = 10
"""Characters of the date of a moment."""
OUT = ("refused", "withdrawn", "opt-out")
MARK = "underline $text-warning"
CHOSEN, HERE = "● ", "›"


@dataclass(frozen=True, slots=True)
class Showing:
    """How a cluster is shown: what is unfolded, which field is under the cursor, the first record."""

    unfolded: bool = False
    tall: bool = True
    blind: bool = False
    cursor: str = ""
    first: int = 0
    fold_key: str = "o"
    side_keys: str = "[ ]"


class Columns:
    """The widths of the columns of ``count`` records in ``width`` cells."""

    def __init__(self, width: int, count: int, first: int = 0, blind: bool = False) -> None:
        self.name = 12 if width < 90 else 16
        self.blind = blind
        self.words = WORDS if width >= 100 and count == 2 else 0
        self.many = count > 2
        tail = BAR + (RANGE + 1 if self.many else 7) + self.words
        room = width - self.name - 1 - tail
        self.shown = max(1, min(count, room // (LEAST + 1)))
        self.side = max(LEAST, room // self.shown - 1)
        self.first = min(first, count - self.shown)

    def places(self) -> range:
        """The records that are shown."""
        return range(self.first, self.first + self.shown)

    def weight(self, field: ClusterField) -> Part:
        """What a field says: between two records, or at least and at most."""
        if self.many:
            return range_part(field.weight, field.most, bool(field.unkept))
        return weight_part(field.weight)

    def row(self, name: Part, sides: Sequence[Part], *tail: Part) -> Content:
        """A line of the table. What is between two columns has the style of the one before: a terminal
        is told a style once for all columns that have it."""
        parts: list[Part] = [self._cut(name, self.name, QUIET)]
        parts += [self._cut(side, self.side) for side in sides]
        return line(*parts, *tail).simplify()

    @staticmethod
    def _cut(part: Part, width: int, style: str = "") -> Part:
        """A cell, and the space behind it."""
        if isinstance(part, Content):
            return part
        text, own = part if isinstance(part, tuple) else (part, style)
        return (fit(text, width) + " ", own)


def sheet_rows(
    ref: ClusterRef, sheet: ClusterSheet, draft: Draft, width: int, how: Showing
) -> list[Content]:
    """The whole cluster, top to bottom."""
    made = Columns(width, len(sheet.records), how.first, how.blind)
    differ = [f for f in in_order(sheet, how) if not f.equal]
    equal = [f for f in sheet.fields if f.equal]
    rows = [*answer_rows(sheet), *_why(ref, sheet, how, width), *_heads(made, sheet, draft, how)]
    for field in differ:
        rows += _field(made, sheet, field, draft, how)
    if how.unfolded:
        for field in equal:
            rows += _field(made, sheet, field, draft, how)
    elif equal:
        rows.append(_folded(made, equal, how))
    for field in () if how.blind else sheet.other:
        if field.field != PRIOR and field.strength >= NOTHING:
            name = safe(field_name(field.field))
            words = fit(_levels(field), made.shown * (made.side + 1) - 1)
            rows.append(line((fit(name, made.name), QUIET), " ", (words, QUIET), " ",
                             made.weight(field)))  # fmt: skip
    rows += _consents(made, sheet, how)
    rows += _stakes(made, sheet)
    rows += _joined(sheet, draft)
    if len(sheet.records) > 2 and not how.blind:
        rows += _pairs(sheet)
    return rows


def in_order(sheet: ClusterSheet, how: Showing) -> list[ClusterField]:
    """Fields that differ, those that all records have first; when a record was written comes last.
    Where the score is hidden its order tells nothing of it."""

    def key(field: ClusterField) -> tuple[bool, bool, float]:
        weight = 0.0 if how.blind else -field.strength
        return field.field.endswith("_at"), not all(field.values), weight

    return sorted((f for f in sheet.fields if not f.equal), key=key)


def verdict(ref: ClusterRef, sheet: ClusterSheet) -> tuple[str, str]:
    """How sure, and the evidence in a sentence. Of three records or more: how sure that all are one,
    which is no surer than the weakest link by which they hang together, or than two that contradict
    each other; and who disagrees with whom."""
    fields = [*sheet.fields, *sheet.other]
    compared = [
        (f.field, f.level, f.weight) for f in fields if f.weight is not None and not f.unkept
    ]
    if len(sheet.records) < 3:
        sure = f"{sure_words(ref.probability)} ({_percent(ref.probability)} %)"
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
        return f"{all_words(ref.probability)} ({_percent(ref.probability)} %)"
    least, edge, words = min(found, key=lambda one: one[0])
    why = words.format(a=edge[0] + 1, b=edge[1] + 1)
    if edge in likely:
        why = f"{_percent(least)} %: {why}"
    return f"{all_words(least)} ({why})"


def _percent(probability: float) -> str:
    """Nothing is certain, nor out of the question."""
    return short(min(99.9, max(0.1, 100 * probability)))


def _levels(field: ClusterField) -> str:
    """How far a field agrees, at least and at most."""
    names = [level_of(field.field, one) for one in (field.level, field.most_level) if one]
    return safe(" … ".join(dict.fromkeys(names)))


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


def _why(ref: ClusterRef, sheet: ClusterSheet, how: Showing, width: int) -> list[Content]:
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


def _heads(made: Columns, sheet: ClusterSheet, draft: Draft, how: Showing) -> list[Content]:
    """Who stands in each column: number, record, group, lead; trust and date below."""
    names: list[Part] = []
    dates: list[Part] = []
    for at in made.places():
        one = sheet.records[at]
        marks = [f"{at + 1}"]
        if not draft.whole:
            marks.append(f"[{draft.letter(at)}]")
        if at == draft.lead:
            marks.append("★")
        names.append(
            (f"{' '.join(marks)} {safe(one.source)} {safe(one.record_id)}", "bold $primary")
        )
        trust = _("trust {n}").format(n=one.trust) if one.trust < 99 else ""
        moment = safe(one.moment)
        dates.append((" · ".join(filter(None, (trust, moment))), QUIET))
    more = len(sheet.records) - made.shown
    name = _("+{n} more {keys}").format(n=more, keys=how.side_keys) if more else ""
    weight: list[Part] = [] if made.blind else [(_weight_words(sheet), QUIET)]
    return [made.row((name, WARN), names, *weight), made.row("", dates)]


def _weight_words(sheet: ClusterSheet) -> str:
    return _("weight") if len(sheet.records) < 3 else _("least…most")


def _field(
    made: Columns, sheet: ClusterSheet, field: ClusterField, draft: Draft, how: Showing
) -> list[Content]:
    """A field, with the characters marked that differ from the lead's; long values go on below."""
    chosen = draft.values.get(field.field, ())
    base = draft.lead if field.values[draft.lead] else _first(field.values)
    style = QUIET if field.equal else "bold"
    texts = [safe(value) for value in field.values]
    skip = 0 if field.equal else _skipped(texts, made.side)
    cells: list[list[Content]] = []
    for at in made.places():
        text = f"…{texts[at][skip:]}" if skip and texts[at] else texts[at] or "–"
        spans = _spans(field, base, at)
        mark = CHOSEN if at in chosen else ""
        shift = len(mark) + (1 - skip if skip else 0)
        cells.append(_pieces(made.side, mark + text, spans, shift, style))
    rows = []
    for number in range(max(len(pieces) for pieces in cells)):
        sides: list[Part] = [p[number] if number < len(p) else "" for p in cells]
        if number:
            rows.append(made.row("", sides))
            continue
        here = field.field == how.cursor
        name = (HERE if here else " ") + safe(_(label(field.field)))
        rows.append(
            made.row((name, "bold" if here else QUIET), sides, *_evidence(made, field, how))
        )
    return rows


def _skipped(texts: Sequence[str], width: int) -> int:
    """How much of the beginning is left out, because values that differ differ behind what has room."""
    filled = [text for text in texts if text]
    if len(filled) < 2:
        return 0
    columns = zip(*filled, strict=False)
    shared = sum(1 for _same in takewhile(lambda column: len(set(column)) == 1, columns))
    return shared - BEFORE if shared >= TALLEST * (width - 1) - BEFORE else 0


def _first(values: Sequence[str]) -> int:
    return next((at for at, value in enumerate(values) if value), 0)


def _spans(field: ClusterField, base: int, at: int) -> Spans:
    """Where a value differs from the lead's; of the lead's own, where the next one differs."""
    if field.equal or not field.values[at]:
        return []
    if at == base:
        other = next((v for n, v in enumerate(field.values) if n != base and v), "")
        return differing(safe(field.values[base]), safe(other))[0] if len(field.values) == 2 else []
    return differing(safe(field.values[base]), safe(field.values[at]))[1]


def _pieces(width: int, text: str, marks: Spans, shift: int, style: str) -> list[Content]:
    """``text`` in lines of ``width`` cells and a space, the last cut where there is no end to it."""
    room = width - 1
    pieces: list[Content] = []
    starts = _starts(text, room)
    for start, stop in zip(starts, [*starts[1:], len(text)], strict=True):
        last = len(pieces) == TALLEST - 1
        piece = fit(text[start:] if last else text[start:stop], width)
        shown = Content.styled(piece + " ", style)
        for begin, end in marks:
            low, high = max(0, begin + shift - start), min(stop - start, end + shift - start)
            if low < high:
                shown = shown.stylize(MARK, low, high)
        pieces.append(shown)
        if last:
            break
    return pieces


def _starts(text: str, room: int) -> list[int]:
    """Where each line of ``text`` begins: none takes more than ``room`` cells, a blank at its end apart.
    A moment is parted between its date and its time, where the date has room."""
    starts = [0]
    moments = [found.span() for found in MOMENT.finditer(text)] if room >= DATE else []
    while (end := _end(text, starts[-1], room)) < len(text):
        begin = next((low for low, high in moments if low < end < high), None)
        if begin is not None and begin + DATE <= end:
            end = begin + DATE + 1
        elif begin is not None and begin > starts[-1]:
            end = begin
        starts.append(end)
    return starts


def _end(text: str, start: int, room: int) -> int:
    """How far ``text`` has room in so many cells from ``start`` on; one character has it always."""
    if text.isascii():
        return start + room
    used = 0
    for at in range(start, len(text)):
        used += cell_len(text[at])
        if used > room and at > start:
            return at
    return len(text)


def _evidence(made: Columns, field: ClusterField, how: Showing) -> list[Part]:
    """Bar, number and, where there is room, words; nothing for a field that was not compared."""
    if how.blind or (field.strength < NOTHING and not field.unkept):
        return []
    parts: list[Part] = [made.weight(field)]
    if made.words:
        parts.append((" " + safe(level_of(field.field, field.level)), QUIET))
    return parts


def _folded(made: Columns, fields: Sequence[ClusterField], how: Showing) -> Content:
    names = ", ".join(safe(_(label(field.field))) for field in fields)
    text = ngettext("▸ {n} equal field", "▸ {n} equal fields", len(fields)).format(n=len(fields))
    told = [field for field in fields if field.weight is not None and not how.blind]
    least = sum(field.weight or 0.0 for field in told)
    most = sum(field.weight or 0.0 if field.most is None else field.most for field in told)
    tail: list[Part] = []
    if least or most:
        tail = [range_part(least, most) if made.many else weight_part(least)]
    room = made.name + 1 + made.shown * (made.side + 1) - 1
    return line((fit(f"{text} ({how.fold_key}): {names}", room), QUIET), " ", *tail)


Key = tuple[str, str]


def _newest(permissions: Sequence[ClusterPermission]) -> dict[Key, ClusterPermission]:
    """Brand and channel → the last statement; one without a date counts as the last."""
    found: dict[Key, ClusterPermission] = {}
    for one in permissions:
        key = ("" if one.brand == "*" else one.brand, one.channel)
        before = found.get(key)
        undated = not one.event_at
        if before is None or undated or (before.event_at and one.event_at >= before.event_at):
            found[key] = one
    return found


def conflicts(sheet: ClusterSheet) -> set[Key]:
    """Brands and channels to which one record says yes and another no (also to all brands)."""
    each = [_newest(record.permissions) for record in sheet.records]
    found = set()
    for given in each:
        for key, one in given.items():
            said = [
                other.get(key) or other.get(("", key[1])) for other in each if other is not given
            ]
            if one.state not in OUT and any(no is not None and no.state in OUT for no in said):
                found.add(key)
    return found


def _consents(made: Columns, sheet: ClusterSheet, how: Showing) -> list[Content]:
    """Consents of all, the same brand and channel beside each other, and where they contradict."""
    each = [_newest(record.permissions) for record in sheet.records]
    torn = conflicts(sheet)
    keys = sorted({key for found in each for key in found})
    shown = keys if how.tall or how.unfolded else sorted(torn)
    if not shown:
        nothing: list[Part] = [("–", QUIET)] * made.shown
        if keys:
            words = ngettext("{n} consent agrees", "{n} consents agree", len(keys))
            nothing = [(words.format(n=len(keys)), QUIET)]
        return [made.row(_("Consents"), nothing)]
    rows = []
    for number, key in enumerate(shown):
        sides = [_permission(each[at].get(key)) for at in made.places()]
        tail: list[Part] = [("! " + _("conflict"), WARN)] if key in torn else []
        rows.append(made.row(_("Consents") if not number else "", sides, *tail))
    return rows


def _permission(one: ClusterPermission | None) -> Part:
    """State and year, brand and channel; opt-outs in capitals."""
    if one is None:
        return ("–", QUIET)
    out = one.state in OUT
    state = safe(_(label(one.state))) or _("unclear")
    brand = safe(one.brand) if one.brand not in ("", "*") else _("all brands")
    said = f"{state.upper() if out else state} {one.event_at[:4]}".rstrip()
    return (f"{said} {brand} {safe(one.channel)}", BAD if out else "")


def _stakes(made: Columns, sheet: ClusterSheet) -> list[Content]:
    """``2 subscriptions · 1 order`` under each record."""
    sides: list[Part] = []
    for at in made.places():
        children = sheet.records[at].children
        sides.append(" · ".join(safe(counted(n, name)) for name, n in children.items()) or "–")
    return [made.row(_("At stake"), sides)]


def _joined(sheet: ClusterSheet, draft: Draft) -> list[Content]:
    """What a merge would bring together: named before it is done."""
    parts = []
    for group in draft.groups:
        sums: dict[str, int] = {}
        for at in group:
            for name, n in sheet.records[at].children.items():
                sums[name] = sums.get(name, 0) + n
        if len(group) > 1 and sums:
            parts.append(", ".join(safe(counted(n, name)) for name, n in sums.items()))
    rows = []
    if parts:
        text = _("A merge brings together: {what}.").format(what="; ".join(parts))
        rows.append(Content.styled(text, WARN))
    if conflicts(sheet) and any(len(group) > 1 for group in draft.groups):
        text = _("Their consents contradict: all events stay, and the state is derived again.")
        rows.append(Content.styled(text, WARN))
    return rows


def _pairs(sheet: ClusterSheet) -> list[Content]:
    """Each two records that were compared, the likeliest first."""
    marks = {"merge": "✓", "different": "✗", "unsure": "?"}
    rows = [Content("")]
    for pair in sheet.pairs:
        percent = _percent(pair.probability)
        text = f"{pair.a + 1}–{pair.b + 1} {marks.get(pair.decision, ' ')} "
        why = f" {percent} %  {safe(_(pair.reason) if pair.reason else '')}"
        rows.append(line((text, QUIET), weight_part(pair.weight), (why, QUIET)))
    count = len(sheet.records)
    if more := count * (count - 1) // 2 - len(sheet.pairs):
        words = ngettext(
            "{n} pair more: hardly one person, or never compared",
            "{n} pairs more: hardly one person, or never compared",
            more,
        )
        rows.append(Content.styled(words.format(n=more), QUIET))
    return rows
