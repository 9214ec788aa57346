"""A lesson in lines of plain words; the same on the command line and on the screen."""

from __future__ import annotations

from tui_migrate.engine.lesson_queries import Correction, Judgement, LessonTold
from tui_migrate.engine.pair_words import PRIOR, field_name, level_of
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import decimal, grouped

SHOWN = 12
"""Corrections that are listed, the greatest first."""


def words_of(told: LessonTold) -> list[str]:
    """What there is to say; '' is an empty line."""
    if told.refused:
        return [told.refused, *([told.hint] if told.hint else []), *_standing(told)]
    first = ngettext(
        "{n} decided pair, {same} of them one person.",
        "{n} decided pairs, {same} of them one person.",
        told.decided,
    ).format(n=told.decided, same=told.same)
    lines = [first, "", *_corrections(told), "", *_changes(told)]
    if told.fitted is not None and told.corrected is not None and told.decided:
        lines += ["", *_judged(told, told.fitted, told.corrected)]
    return [*lines, *_standing(told)]


def _corrections(told: LessonTold) -> list[str]:
    if not told.corrections:
        return [_("Weights as they were before anything was learned.")]
    shown = told.corrections[:SHOWN]
    lines = [_("What agreement is worth more or less (bits):")]
    lines += [f"  {decimal(one.bits, 2, signed=True):>6}  {correction_name(one)}" for one in shown]
    rest = len(told.corrections) - len(shown)
    if rest:
        text = ngettext("  and {n} smaller one", "  and {n} smaller ones", rest)
        lines.append(text.format(n=rest))
    return lines


def correction_name(one: Correction) -> str:
    """Field and level of a correction."""
    name = _("any pair") if one.field == PRIOR else field_name(one.field)
    name = name if one.field == PRIOR else f"{name}: {level_of(one.field, one.level)}"
    return name if one.kind == "person" else _("{field} (organisations)").format(field=name)


def _changes(told: LessonTold) -> list[str]:
    bands = {
        "auto": _("merged without a person"),
        "review": _("asked"),
        "below": _("dropped"),
    }
    lines = [_("What that changes, of pairs that nobody decided:")]
    for one in told.moved:
        text = ngettext("{n} pair", "{n} pairs", one.pairs).format(n=one.pairs)
        lines.append(f"  {bands[one.before]} → {bands[one.after]}: {text}")
    if not told.moved:
        lines.append("  " + _("no pair goes another way"))
    names = {
        "merging pairs": _("pairs that merge"),
        "pairs to review": _("pairs to be asked"),
        "profiles": _("profiles"),
        "merged records": _("records that are merged"),
    }
    for name, label in names.items():
        lines.append(f"  {label}: {grouped(told.before[name])} → {grouped(told.after[name])}")
    text = ngettext(
        "  {n} record would stand with others than now.",
        "  {n} records would stand with others than now.",
        told.regrouped,
    )
    return [*lines, text.format(n=told.regrouped)]


def _judged(told: LessonTold, fitted: Judgement, corrected: Judgement) -> list[str]:
    """Each model on the decided pairs; a corrected one on those that it was not told of."""
    threshold = f"{told.auto_from:g}"
    return [
        _(
            "As people said it: {before} of {n} pairs before, {after} after (by decisions kept apart)."
        ).format(before=fitted.agreeing, after=corrected.agreeing, n=told.decided),
        _("Surprise (bits a decision, less is better): {before} before, {after} after.").format(
            before=decimal(fitted.surprise, 3), after=decimal(corrected.surprise, 3)
        ),
        _("Decided pairs from {p} on that are one person: {before} before, {after} after.").format(
            p=threshold, before=share(fitted), after=share(corrected)
        ),
    ]


def share(one: Judgement) -> str:
    """A share with its interval, or that there is none."""
    if not one.above:
        return _("no decision above it yet")
    return _("{same} of {n} (95 %: {low} to {high})").format(
        same=one.same,
        n=one.above,
        low=f"{decimal(100 * one.low)}%",
        high=f"{decimal(100 * one.high)}%",
    )


def _standing(told: LessonTold) -> list[str]:
    lines: list[str] = []
    if told.proposal:
        text = _("{by} proposed {model}; gate {gate} still needs: {missing}")
        if told.sha256 and told.sha256 != told.proposal:
            lines += ["", _("What stands here is not what was proposed: more was decided since.")]
        said = text.format(
            by=told.proposed_by,
            model=told.proposal[:12],
            gate=told.gate,
            missing=", ".join(told.missing),
        )
        lines += ["", said]
    if told.accepted:
        lines += ["", _("What was accepted and counts: {model}").format(model=told.accepted[:12])]
    return lines
