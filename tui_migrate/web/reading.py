"""A run as a browser gets it: read from the journal, as ``status`` reads it, and followed as it grows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tui_migrate.audit import person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.journal import GENESIS, JournalBroken, parse_line
from tui_migrate.audit.review_facts import ClusterAnswered, ClusterDecided, PairDecided
from tui_migrate.audit.vault import Vault
from tui_migrate.engine.reporting.material import kept_config, material_of, named, nothing
from tui_migrate.engine.reporting.report import report
from tui_migrate.engine.reporting.steps import status_mark
from tui_migrate.engine.rewind import Rewind, kept, mark
from tui_migrate.engine.run import RunState, StepState, apply
from tui_migrate.engine.sentences import Words, sentence, stamp
from tui_migrate.engine.sentences import said as in_language
from tui_migrate.engine.wording import figure_text, figure_words
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _, speaking
from tui_migrate.printable import printable
from tui_migrate.report.html import html
from tui_migrate.web.asked import Asked, entry_of, number, place_of
from tui_migrate.web.beside import beside
from tui_migrate.web.page import View, replay

ABOUT_CUSTOMERS = (
    PairDecided,
    ClusterAnswered,
    ClusterDecided,
    person_facts.Looked,
    person_facts.ErasureAsked,
    person_facts.ErasureDone,
    person_facts.ErasureRefused,
    person_facts.Restricted,
    person_facts.RestrictionLifted,
    person_facts.Objected,
)
"""Facts whose words in the vault name records of customers: told without them."""
MOST = 2000
"""Entries of one answer."""

Json = dict[str, Any]


class Reading:
    """The entries of one journal so far, their sentences, and the state at any of them."""

    def __init__(self, audit: Path, vault: Path | None, language: str) -> None:
        self.language = language
        self._audit, self._vault = audit, vault
        self._lock = threading.Lock()
        self._offset = 0
        self._entries: list[Entry] = []
        self._told: list[Json] = []
        self._state = RunState()
        self._rewind = Rewind(self._entries)
        self._report: tuple[str, str] = ("", "")
        self._matched: tuple[tuple[str, int], list[int]] = (("", 0), [])
        self._sources: tuple[dict[str, str], dict[str, tuple[str, ...]]] = ({}, {})

    def entries(self, after: int) -> Json:
        """What came after an entry, a page of it, and how many there are."""
        with self._lock:
            broken = self._refresh()
            told = self._told[max(0, after) : max(0, after) + MOST]
            return {"entries": told, "count": len(self._told), "broken": broken}

    def page(self, query: Mapping[str, str]) -> str:
        """The replay at the moment that an address asks for."""
        asked = Asked.of(query)
        with self._lock, speaking(self.language):
            broken = self._refresh()
            now = self._state
            place = place_of(asked, self._rewind, self._matching(asked.words), now.zone)
            then = now if place.at == len(self._entries) else self._rewind.state(place.at)
            view = View(
                asked=replace(asked, mark=min(asked.mark, len(self._told))),
                place=place,
                title=self._title(),
                rehearsal=now.rehearsal,
                span=self._span(),
                phases=[{"id": p.id, "title": printable(in_language(p.title))} for p in now.phases],
                steps=[_step(step) for step in then.steps.values()],
                told=self._told,
                broken=broken,
                known=self._known(),
            )
            return replay(view)

    def beside(self, query: Mapping[str, str]) -> str:
        """The run at two moments, ``a`` and ``b``: entries or times, as typed."""
        with self._lock, speaking(self.language):
            self._refresh()
            zone, here = self._state.zone, number(query.get("here", ""))
            found = [entry_of(query.get(one, ""), here, self._rewind, zone) for one in ("a", "b")]
            (first, _one), (second, _other) = sorted(found)
            before, after = kept(self._rewind.state(first)), kept(self._rewind.state(second))
            return beside(
                before,
                after,
                self._entries[first:second],
                self._told,
                title=self._title(),
                everything=bool(query.get("all")),
                trouble=" ".join(dict.fromkeys(t for _at, t in found if t)),
            )

    def _title(self) -> str:
        return printable(in_language(self._state.title) or self._state.runbook) or "tui-migrate"

    def _span(self) -> str:
        if not self._entries:
            return ""
        zone = self._state.zone
        a, b = (stamp(self._entries[n].at, zone) for n in (0, -1))
        return _("The run went from {a} to {b} ({zone}).").format(a=a, b=b, zone=zone)

    def _matching(self, words: str) -> list[int] | None:
        """The entries that fit a filter; ``None`` without one. The last answer is kept, since a page a
        step further asks the same."""
        if not words:
            return None
        asked = (words, len(self._entries))
        if self._matched[0] != asked:
            self._matched = asked, self._rewind.matching(words, self._brands())
        return self._matched[1]

    def _brands(self) -> dict[str, tuple[str, ...]]:
        """Source → the brands that it delivers for, as the runbook in the audit folder says."""
        objects = dict(self._state.objects)
        if self._sources[0] != objects:
            config = kept_config(self._audit / "objects", objects)
            runbook = config.runbook if config is not None else None
            sources = runbook.sources if runbook is not None else {}
            brands = {name: tuple(source.brands or ()) for name, source in sources.items()}
            self._sources = objects, brands
        return self._sources[1]

    def _known(self) -> dict[str, list[str]]:
        """What can be chosen in a filter."""
        brands = {brand for some in self._brands().values() for brand in some}
        return {
            "by": sorted({entry.by for entry in self._entries}),
            "step": list(self._state.steps),
            "brand": sorted(brands | set(self._state.brands)),
        }

    def report(self) -> str:
        """The report as HTML, made again when the journal has grown."""
        with self._lock:
            self._refresh()
            if self._report[0] != self._state.head or not self._report[1]:
                material = material_of(self._audit, self._vault, list(self._entries))
                self._report = self._state.head, html(report(material, self.language))
            return self._report[1]

    def _words(self) -> Words:
        return Vault(self._vault).words if self._vault and self._vault.is_dir() else nothing

    def _refresh(self) -> str:
        """Take in whole new lines. The words of what is wrong with the next one, or ''."""
        path = self._audit / "journal.jsonl"
        if not path.exists():
            return ""
        prev = self._entries[-1].hash if self._entries else GENESIS
        words = self._words()
        with path.open("rb") as stream, speaking(self.language):
            stream.seek(self._offset)
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                try:
                    entry = parse_line(line[:-1], len(self._entries) + 1, prev)
                except JournalBroken as error:
                    return printable(error.message)
                prev = entry.hash
                self._offset += len(line)
                self._entries.append(entry)
                apply(self._state, entry)
                self._told.append(self._tell(entry, words))
        return ""

    def _tell(self, entry: Entry, words: Words) -> Json:
        own = nothing if isinstance(entry.fact, ABOUT_CUSTOMERS) else words
        when = moment(entry.at, self._state.zone)
        return {
            "seq": entry.seq,
            "day": f"{when:%Y-%m-%d}" if when else "",
            "time": f"{when:%H:%M:%S}" if when else "",
            "mark": mark(entry),
            "step": getattr(entry.fact, "step", "") or getattr(entry.fact, "gate", ""),
            "text": printable(named(sentence(entry, self._state, own))),
        }


def _step(step: StepState) -> Json:
    look = status_mark(step.status)
    return {
        "id": step.id,
        "phase": step.outline.phase,
        "title": printable(in_language(step.outline.title) or step.id),
        "status": step.status.value,
        "word": look.text,
        "tone": look.tone,
        "done": len(step.units),
        "total": step.units_total,
        "attempt": step.attempt,
        "figures": [
            [printable(figure_words(name)), printable(figure_text(name, value))]
            for name, value in list(step.figures.items())[:60]
        ],
        "checks": [
            [printable(named(check.name)), "✓" if check.passed else "✗"]
            for check in step.checks.values()
        ],
        "signs": [printable(f"{s.by} ({s.role}): {s.decision}") for s in step.signoffs],
    }
