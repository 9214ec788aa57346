"""A cluster as text: a column for each record, what differs first, the evidence beside it, what is at
stake below."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from tui_migrate.engine.pair_words import NOTHING, PRIOR, field_name, level_of
from tui_migrate.engine.review_queries import ClusterField, ClusterRef, ClusterSheet
from tui_migrate.engine.sentences import label
from tui_migrate.i18n import _, ngettext
from tui_migrate.tui.clustercolumns import Columns, Showing, parted, skipped
from tui_migrate.tui.clusterstakes import stake_rows
from tui_migrate.tui.clusterverdict import percent, why_rows
from tui_migrate.tui.differ import Spans, differing
from tui_migrate.tui.drafting import Draft
from tui_migrate.tui.reviewing import answer_rows
from tui_migrate.tui.safe import fit, safe
from tui_migrate.tui.status import QUIET, WARN
from tui_migrate.tui.weights import range_part, weight_part
from tui_migrate.tui.widgets.block import Part, line

CHOSEN, HERE = "● ", "›"


def sheet_rows(
    ref: ClusterRef, sheet: ClusterSheet, draft: Draft, width: int, how: Showing
) -> list[Content]:
    """The whole cluster, top to bottom."""
    made = Columns(width, len(sheet.records), how.first, how.blind)
    differ = [f for f in in_order(sheet, how) if not f.equal]
    equal = [f for f in sheet.fields if f.equal]
    rows = [
        *answer_rows(sheet),
        *why_rows(ref, sheet, how, width),
        *_heads(made, sheet, draft, how),
    ]
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
    rows += stake_rows(made, sheet, draft, how)
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


def _levels(field: ClusterField) -> str:
    """How far a field agrees, at least and at most."""
    names = [level_of(field.field, one) for one in (field.level, field.most_level) if one]
    return safe(" … ".join(dict.fromkeys(names)))


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
    skip = 0 if field.equal else skipped(texts, made.side)
    cells: list[list[Content]] = []
    for at in made.places():
        text = f"…{texts[at][skip:]}" if skip and texts[at] else texts[at] or "–"
        spans = _spans(field, base, at)
        mark = CHOSEN if at in chosen else ""
        shift = len(mark) + (1 - skip if skip else 0)
        cells.append(parted(made.side, mark + text, spans, shift, style))
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


def _pairs(sheet: ClusterSheet) -> list[Content]:
    """Each two records that were compared, the likeliest first."""
    marks = {"merge": "✓", "different": "✗", "unsure": "?"}
    rows = [Content("")]
    for pair in sheet.pairs:
        text = f"{pair.a + 1}–{pair.b + 1} {marks.get(pair.decision, ' ')} "
        why = f" {percent(pair.probability)} %  {safe(_(pair.reason) if pair.reason else '')}"
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
