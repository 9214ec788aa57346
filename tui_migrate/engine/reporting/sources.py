"""Where the data came from, what became of every row, and what did not go along."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePosixPath

from tui_migrate.audit.entries import DeliverySeen
from tui_migrate.consent.deliveries import APPLIED
from tui_migrate.engine.reporting.governance import missing, words
from tui_migrate.engine.reporting.material import Material, named
from tui_migrate.engine.sentences import label
from tui_migrate.engine.wording import rule_words
from tui_migrate.i18n import _
from tui_migrate.numerals import grouped
from tui_migrate.report.document import (
    NOTHING,
    Bar,
    Bars,
    Block,
    Cell,
    Lines,
    Mark,
    Paragraph,
    Section,
    Table,
)

FATES = (
    "loaded",
    "merged",
    "attached",
    "repeated",
    "superseded",
    "excluded",
    "pruned",
    "rejected",
    "held",
    "erased",
    "pending",
)
_WILD = re.compile(r"[*?\[]")


def sources(material: Material) -> Section:
    """Sources, deliveries with their files, and the fates of their rows."""
    return Section(
        "sources",
        _("Sources and what became of every row"),
        (_sources(material), _files(material), *_fates(material)),
    )


def _sources(material: Material) -> Table:
    runbook = material.runbook
    rows: list[tuple[Cell, ...]] = []
    for name, spec in runbook.sources.items() if runbook is not None else ():
        title: Cell = words(spec.title) if spec.title is not None else name
        if spec.not_present is not None:
            rows.append(
                (Lines((str(title), Mark(name, "quiet"))), words(spec.not_present), "", "", "")
            )
            continue
        rows.append(
            (
                Lines((str(title), Mark(name, "quiet"))),
                spec.owner or missing(),
                spec.extraction or missing(),
                ", ".join(spec.channels),
                Lines(tuple(Mark(p, "code") for p in spec.files)),
            )
        )
    columns = (_("Source"), _("Owner"), _("How it was extracted"), _("Channels"), _("Files"))
    return Table(columns, tuple(rows), _("No source is known."))


def _rows_of_files(material: Material) -> dict[tuple[str, str, int], int]:
    """(source, delivery, number of the file) → physical rows, as the units of reading counted them."""
    found: dict[tuple[str, str, int], int] = {}
    for step in material.state.steps.values():
        if step.outline.uses not in ("ingest", "consent_sync"):
            continue
        for unit in step.units.values():
            source, _dot, rest = unit.unit.partition(".")
            delivery, _dot, number = rest.rpartition(".")
            if number.isdecimal() and "rows" in unit.counts:
                rows_read = unit.counts["rows"] + unit.counts.get("rejected", 0)
                found[source, delivery, int(number)] = rows_read
    for (source, delivery), fact in material.state.deliveries.items():
        rows = _rows_of_delta(material, source, fact) if len(fact.files) == 1 else None
        if rows is not None:
            found[source, delivery, 1] = rows
    return found


def _rows_of_delta(material: Material, source: str, fact: DeliverySeen) -> int | None:
    """Rows of a delivery of changes: of its unit, which is named by its number, or of one that was set
    aside."""
    if fact.full or fact.sequence is None:
        return None
    number = f"delta-{fact.sequence:04d}"
    aside = {f"aside-{source}-{fact.delivery}"}
    names = {number, f"{number}-{source}"} if fact.status in APPLIED else aside
    for step in material.state.steps.values():
        for unit in step.units.values():
            if step.outline.uses == "consent_sync" and unit.unit in names:
                return unit.counts.get("rows")
    return None


def file_name(material: Material, source: str, pseudonym: str) -> str:
    """The name of a delivered file as far as the runbook itself says it; else its pseudonym."""
    spec = material.runbook.sources.get(source) if material.runbook is not None else None
    if not re.fullmatch(r"[0-9a-f]{64}", pseudonym):
        return pseudonym
    if spec is not None and len(spec.files) == 1:
        last = PurePosixPath(spec.files[0]).name
        if not _WILD.search(last):
            return last
    return named(pseudonym)


def _files(material: Material) -> Table:
    rows: list[tuple[Cell, ...]] = []
    counted = _rows_of_files(material)
    for (source, delivery), fact in material.state.deliveries.items():
        status = Mark(label(fact.status), "quiet" if fact.status == "accepted" else "warn")
        for number, file in enumerate(fact.files, 1):
            lines = counted.get((source, delivery, number))
            rows.append(
                (
                    Lines((source, Mark(named(delivery), "quiet"))),
                    file_name(material, source, file.name),
                    lines if lines is not None else NOTHING,
                    file.size,
                    status,
                    Mark(file.sha256, "code"),
                )
            )
    columns = (_("Delivery"), _("File"), _("Rows"), _("Bytes"), _("Status"), "SHA-256")
    return Table(columns, tuple(rows), _("Nothing was delivered yet."), _("Delivered files"))


def _total_fates(material: Material) -> dict[str, int]:
    """Fate → rows over all sources, as the last verification counted them."""
    found: dict[str, int] = {}
    for step in material.state.steps.values():
        counts = {
            name.removeprefix("fate."): value
            for name, value in step.figures.items()
            if name.startswith("fate.") and isinstance(value, int)
        }
        found = counts or found
    return found


def _fates(material: Material) -> tuple[Block, ...]:
    title = _("Fates of all delivered rows, per source")
    per_source = [(f.source, f.rows, f.fates) for f in material.fates]
    if not per_source:
        total = _total_fates(material)
        if not total:
            return (Paragraph(_("Fates were not counted yet."), "quiet"),)
        title = _("Fates of all delivered rows")
        per_source = [(_("all sources"), sum(total.values()), total)]
    used = [f for f in FATES if any(fates.get(f) for _s, _r, fates in per_source)]
    bars = tuple(
        Bar(source, tuple((fate_words(f), fates.get(f, 0)) for f in used), grouped(rows))
        for source, rows, fates in per_source
    )
    return (Bars(title, tuple(fate_words(f) for f in used), bars, _("rows")),)


def fate_words(fate: str) -> str:
    """A fate for people."""
    return {
        "loaded": _("loaded"),
        "merged": _("merged"),
        "attached": _("attached"),
        "repeated": _("repeated"),
        "superseded": _("superseded"),
        "excluded": _("excluded"),
        "pruned": _("pruned"),
        "rejected": _("rejected"),
        "held": _("held"),
        "erased": _("erased"),
        "pending": _("pending"),
    }.get(fate, fate)


_LEFT = ("rejected", "held", "pruned", "excluded", "erased", "pending")


def exceptions(material: Material) -> Section:
    """What did not go along, and what nobody has explained."""
    totals: Counter[str] = Counter()
    for one in material.fates:
        totals.update(one.fates)
    counts = dict(totals) or _total_fates(material)
    left = tuple((fate_words(f), counts[f]) for f in _LEFT if counts.get(f))
    return Section(
        "exceptions",
        _("Exceptions"),
        (
            Table(
                (_("Rows that did not go along"), _("Rows")),
                left,
                _("Every row went along, or it is not counted yet."),
            ),
            Table(
                (_("Step"), _("What is left"), _("Number")),
                tuple(_unexplained(material)),
                _("No difference is left unexplained."),
                _("Unexplained differences, unmatched rows and refusals"),
            ),
            Paragraph(
                _("Which rows these are, with the reason of each: tui-migrate export fates."),
                "quiet",
            ),
        ),
    )


_OPEN = ("unexplained", "wrong", "orphans", "reject", "refused", "undecided", "dangling")


def _unexplained(material: Material) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = []
    for step in material.state.steps.values():
        for name, value in step.figures.items():
            if isinstance(value, int) and value and any(word in name for word in _OPEN):
                rows.append((step.id, rule_words(name), value))
    return rows
