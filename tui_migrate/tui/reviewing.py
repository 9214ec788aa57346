"""What the review screen says above the cluster: where one is, how fast, and what was decided here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from rich.cells import cell_len
from textual.content import Content

from tui_migrate.engine.review_queries import (
    ClusterFilter,
    ClusterPage,
    ClusterRef,
    ClusterSheet,
    ReviewState,
)
from tui_migrate.engine.sentences import duration, label, stamp
from tui_migrate.i18n import _, ngettext
from tui_migrate.numerals import grouped
from tui_migrate.tui.safe import safe
from tui_migrate.tui.status import BAD, GOOD, QUIET, WARN
from tui_migrate.tui.widgets.block import Part, line

WIDE = 115
"""Columns from which on the first line has room for what is missed."""
KINDS = tuple(ClusterFilter.__struct_fields__)


@dataclass(slots=True)
class Sitting:
    """What one person decided since the screen was opened."""

    clock: Callable[[], float]
    times: list[float] = field(default_factory=list)
    words: Counter[str] = field(default_factory=Counter)
    undone: list[int] = field(default_factory=list)
    changed: bool = False

    def decided(self, word: str, _entry: int) -> None:
        """One more decision."""
        self.times.append(self.clock())
        self.words[word] += 1
        self.changed = True

    def took_back(self, entry: int, again: bool) -> None:
        """A decision was taken back, or counts ``again``."""
        self.changed = True
        if again:
            self.undone = self.undone[:-1]
        else:
            self.undone.append(entry)
            self.words["taken back"] += 1

    @property
    def rate(self) -> int:
        """Decisions an hour, over the last twenty."""
        times = self.times[-20:]
        if len(times) < 3 or times[-1] - times[0] < 1:
            return 0
        return int((len(times) - 1) * 3600 / (times[-1] - times[0]))

    def summary(self) -> str:
        """What came of it, in a sentence; '' when nothing was decided."""
        if not self.times:
            return ""
        text = ngettext("{n} decision", "{n} decisions", len(self.times))
        parts = [text.format(n=grouped(len(self.times)))]
        names = (
            ("merge", _("{n} merged")),
            ("different", _("{n} not the same")),
            ("split", _("{n} split")),
            ("unsure", _("{n} unsure")),
            ("flagged", _("{n} flagged")),
            ("taken back", _("{n} taken back")),
        )
        parts += [words.format(n=self.words[name]) for name, words in names if self.words[name]]
        if self.rate:
            parts.append(_("{n} an hour").format(n=grouped(self.rate)))
        return " · ".join(parts)


def head_line(page: ClusterPage, sitting: Sitting, only: ClusterFilter, width: int) -> Content:
    """``Cluster 212 of 913 · 3 records   decided 211 (148 merged, 63 not)   94/h   7:28 left``.

    The pace is left out where ``width`` has no room for all of it.
    """
    window, ref = page.window, page.ref
    filtered = only != ClusterFilter()
    total = window.fitting if filtered else window.total
    place = _("Cluster {n} of {m}").format(
        n=grouped(page.place + 1 if ref is not None else 0), m=grouped(total)
    )
    parts: list[Part] = [(place, "bold")]
    if ref is not None:
        sources = len({source for source, _record in ref.records})
        parts.append(
            " · "
            + ngettext("{n} record", "{n} records", len(ref.records)).format(n=len(ref.records))
            + (" · " + _("{n} sources").format(n=sources) if sources > 1 and width >= 100 else "")
        )
    if filtered:
        parts.append((f" [{safe(filter_words(only))}]", WARN))
    decided = _("decided {n} ({a} merged, {b} not)").format(
        n=grouped(window.decided),
        a=grouped(window.counts.get("merge", 0) + window.counts.get("split", 0)),
        b=grouped(window.counts.get("different", 0)),
    )
    parts.append(f"   {decided}")
    if sitting.rate:
        left = max(0, window.total - window.decided)
        time = duration(left * 3600 // sitting.rate)
        pace = _("   {n}/h   {time} left").format(n=grouped(sitting.rate), time=time)
        if line(*parts).cell_length + cell_len(pace) < width:
            parts.append((pace, QUIET))
    if width >= WIDE and window.missed >= 0.5:
        text = _("   ≈ {n} missed if left").format(n=grouped(round(window.missed)))
        parts.append((text, QUIET))
    return line(*parts)


def pace_text(sitting: Sitting, state: ReviewState) -> list[str]:
    """How fast it goes in this sitting, and how long it takes at that pace."""
    if not sitting.rate:
        return []
    left = state.total - sum(state.counts.get(name, 0) for name in ("merge", "different", "split"))
    text = _("You decide {n} an hour; at that pace what is left takes {time}.")
    time = duration(max(0, left) * 3600 // sitting.rate)
    return [text.format(n=grouped(sitting.rate), time=time)]


def said_line(page: ClusterPage, zone: str) -> Content:
    """How the cluster stands: by whom and when it was decided, or who looks at it."""
    ref, sheet = page.ref, page.sheet
    if ref is None or sheet is None:
        return Content("")
    marks = _marks()
    parts: list[Part] = [marks.get(ref.decision, marks[""])]
    when = stamp(ref.at, zone)
    if ref.decision in ("waiting", "differ"):
        parts.append((f" – {_further(ref)}", QUIET))
    elif ref.decision and ref.by:
        parts.append(_(" by {by}, {when}").format(by=safe(ref.by), when=when))
    elif ref.changed:
        names = ", ".join(safe(_(label(name))) for name in sheet.changed)
        text = _(" – asked again: {fields} changed since {by} decided").format(
            fields=names or "–", by=safe(ref.by)
        )
        parts.append((text, WARN))
    elif ref.undone:
        parts.append((_(" – a decision of {by} was taken back").format(by=safe(ref.by)), QUIET))
    if ref.claimed:
        parts.append((_("   {by} is looking at it now").format(by=safe(ref.claimed)), WARN))
    if sheet.note and not ref.undone:
        parts.append((f"   “{safe(sheet.note)}”", WARN))
    return line(*parts)


def _marks() -> dict[str, tuple[str, str]]:
    """How a cluster stands → sign, word and style."""
    return {
        "merge": ("✓ " + _("merged"), GOOD),
        "different": ("✗ " + _("not the same"), BAD),
        "split": ("÷ " + _("split"), GOOD),
        "unsure": ("? " + _("unsure"), WARN),
        "flagged": ("⚑ " + _("flagged"), WARN),
        "waiting": ("‖ " + _("you have answered"), QUIET),
        "differ": ("≠ " + _("two answers differ"), WARN),
        "": ("○ " + _("undecided"), QUIET),
    }


def _further(ref: ClusterRef) -> str:
    """What becomes of a cluster that two persons answer."""
    if ref.decision == "waiting":
        return _("it counts when a second person says the same")
    return _("of {by}: a third person settles it").format(by=safe(ref.by))


def answer_rows(sheet: ClusterSheet) -> list[Content]:
    """What two persons answered, where they differ: a line each."""
    rows = []
    for one in sheet.answers:
        word, style = _marks()[one.decision]
        parts: list[Part] = [f"{safe(one.by)}: ", (word, style)]
        if one.decision == "split":
            groups = (" = ".join(str(at + 1) for at in group) for group in one.groups)
            parts.append(f" ({' | '.join(groups)})")
        if one.note:
            parts.append((f"   “{safe(one.note)}”", WARN))
        rows.append(line(*parts))
    return [*rows, Content("")] if rows else []


def filter_words(only: ClusterFilter) -> str:
    """A filter as it is typed."""
    found = ((name, getattr(only, name)) for name in KINDS)
    return " ".join(f"{name}:{value.replace(' ', '_')}" for name, value in found if value)


def filter_of(text: str) -> tuple[ClusterFilter, str]:
    """The filter that was typed, and what is wrong with it."""
    given: dict[str, str] = {}
    for word in text.split():
        kind, colon, value = word.partition(":")
        if not colon or kind not in KINDS or not value:
            return ClusterFilter(), _("{word} is not one of {kinds}.").format(
                word=word, kinds=", ".join(f"{name}:" for name in KINDS)
            )
        given[kind] = value.replace("_", " ") if kind == "reason" else value
    return ClusterFilter(**given), ""
