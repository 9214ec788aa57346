"""A run as a browser gets it: read from the journal, as ``status`` reads it, and followed as it grows."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.journal import GENESIS, JournalBroken, parse_line
from tui_migrate.audit.review_facts import ClusterDecided, PairDecided
from tui_migrate.audit.vault import Vault
from tui_migrate.engine.reporting.material import material_of, named, nothing
from tui_migrate.engine.reporting.report import report
from tui_migrate.engine.reporting.steps import status_mark
from tui_migrate.engine.rewind import Rewind, mark
from tui_migrate.engine.run import RunState, StepState, apply
from tui_migrate.engine.sentences import Words, said, sentence
from tui_migrate.engine.wording import figure_text, figure_words
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _, speaking
from tui_migrate.printable import printable
from tui_migrate.report.html import html

ABOUT_CUSTOMERS = (
    PairDecided,
    ClusterDecided,
    facts.Looked,
    facts.ErasureAsked,
    facts.ErasureDone,
    facts.ErasureRefused,
    facts.Restricted,
    facts.RestrictionLifted,
    facts.Objected,
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

    def entries(self, after: int) -> Json:
        """What came after an entry, a page of it, and how many there are."""
        with self._lock:
            broken = self._refresh()
            told = self._told[max(0, after) : max(0, after) + MOST]
            return {"entries": told, "count": len(self._told), "broken": broken}

    def outline(self) -> Json:
        """What does not change with every entry: title, phases, steps, words of the page."""
        with self._lock, speaking(self.language):
            self._refresh()
            state = self._state
            return {
                "title": printable(said(state.title) or state.runbook),
                "rehearsal": state.rehearsal,
                "zone": state.zone,
                "phases": [{"id": p.id, "title": printable(said(p.title))} for p in state.phases],
                "words": page_words(),
            }

    def state(self, at: int) -> Json:
        """The steps as they stood after ``at`` entries."""
        with self._lock, speaking(self.language):
            self._refresh()
            state = self._rewind.state(at)
            return {
                "at": state.seq,
                "head": state.head,
                "ended": state.ended,
                "steps": [_step(step) for step in state.steps.values()],
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
        "title": printable(said(step.outline.title) or step.id),
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


def page_words() -> dict[str, str]:
    """The words of the page itself."""
    return {
        "report": _("Report"),
        "replay": _("Replay"),
        "rehearsal": _("REHEARSAL: nothing of this counts as a real migration."),
        "entry": _("entry {n} of {count}"),
        "live": _("follows the run"),
        "ended": _("complete"),
        "aborted": _("aborted"),
        "play": _("Play"),
        "pause": _("Pause"),
        "first": _("First"),
        "back": _("Back"),
        "on": _("On"),
        "last": _("Last"),
        "marks": _("‖ gate   ✗ failure   · decision   ◆ seal"),
        "keys": _("← → step   ↑ ↓ ten   n p next and earlier mark   space plays   Home End"),
        "nothing": _("Nothing was begun here."),
        "gone": _("tui-migrate serve has ended."),
        "attempt": _("attempt {n}"),
        "units": _("{done} of {total} units"),
        "checks": _("Checks"),
        "signs": _("Sign-offs"),
        "figures": _("Figures"),
        "look": _("To look at only: nothing can be run or signed here."),
    }
