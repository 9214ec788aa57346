"""Journal entries and trail events as plain sentences, the same on screen and on the command line.

Names and words that came from data are put in as they are: who shows a sentence sanitises it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tui_migrate.audit import entries as facts
from tui_migrate.audit import gate_facts, person_facts
from tui_migrate.audit.entries import Entry
from tui_migrate.engine import (
    gate_sentences,
    lane_sentences,
    privacy_sentences,
    review_sentences,
)
from tui_migrate.engine.run import RunState
from tui_migrate.engine.wording import measured
from tui_migrate.engine.zones import moment
from tui_migrate.i18n import _, language, ngettext
from tui_migrate.numerals import grouped

Words = Callable[[str], str]
"""Commitment → what a person typed, or ''."""


def said(texts: Mapping[str, str] | str, wanted: str = "") -> str:
    """A text of the runbook in the reader's language, else in English, else in what there is."""
    if isinstance(texts, str):
        return texts
    for code in (wanted or language(), "en", *texts):
        if texts.get(code):
            return texts[code]
    return ""


def figure(value: int | str) -> str:
    """A figure of a step: numbers grouped, codes as they are."""
    return grouped(value) if isinstance(value, int) else value


def label(code: str) -> str:
    """A code such as ``pairs_compared`` as words; a path stays as it is."""
    return code if "/" in code else code.replace("_", " ")


def duration(seconds: int) -> str:
    """Seconds as ``0:42`` or ``1:02:10``."""
    minutes, rest = divmod(max(0, seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def clock(at: str, zone: str = "UTC") -> str:
    """``14:02:11`` in the run's zone."""
    when = moment(at, zone)
    return f"{when:%H:%M:%S}" if when else ""


def stamp(at: str, zone: str = "UTC") -> str:
    """``2026-03-01 14:02`` in the run's zone."""
    when = moment(at, zone)
    return f"{when:%Y-%m-%d %H:%M}" if when else ""


def number_of(outline: facts.StepOutline) -> str:
    """The step's number as its passage says: ``002 · 2.3`` → ``2.3``; '' for a whole chapter."""
    number = outline.ref.rpartition("·")[2].strip()
    return number if "." in number else ""


def step_name(outline: facts.StepOutline) -> str:
    """Number and title: ``2.3 Match and merge``."""
    return f"{number_of(outline)} {said(outline.title) or outline.id}".strip()


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{label(name)} {grouped(count)}" for name, count in counts.items() if count)


class Teller:
    """Tells entries of one run. ``words`` opens commitments where the vault is there."""

    def __init__(self, state: RunState, words: Words | None = None) -> None:
        self._state = state
        self._words = words

    def step(self, step: str) -> str:
        """A step by number and title in quotes, or its id when the runbook no longer has it."""
        known = self._state.steps.get(step)
        return f"“{step_name(known.outline)}”" if known else step

    def kind(self, step: str) -> str:
        """The kind of a step, '' when the runbook no longer has it."""
        known = self._state.steps.get(step)
        return known.outline.uses if known else ""

    def question(self, step: str, item: str) -> str:
        """A question of a checklist in its own words, or its id when it is no longer there."""
        known = self._state.steps.get(step)
        items = known.outline.items if known else []
        words = next((i.get("question") for i in items if i.get("id") == item), None)
        return " ".join(said(words).split()) if words else item

    def records(self, reference: str) -> tuple[str, str] | None:
        """The two records of a decision on a pair, as source and id, where the vault is there."""
        found = self._words(reference) if self._words and reference else ""
        try:
            (source_a, record_a), (source_b, record_b) = json.loads(found)
        except ValueError:
            return None
        return f"{source_a} {record_a}", f"{source_b} {record_b}"

    def member(self, reference: str) -> str:
        """A record of a decision on a cluster, as source and id, where the vault is there."""
        found = self._words(reference) if self._words and reference else ""
        return " ".join(json.loads(found)[0]) if found else ""

    def is_given_back(self, entry: int) -> bool:
        """Whether an entry is one that took a decision back."""
        return entry in self._state.taken_back or entry in self._state.lane.taken_back

    def reason(self, reference: str) -> str:
        """`` (the words)`` for a commitment, or nothing."""
        found = self._words(reference) if self._words and reference else ""
        return f": “{found}”" if found else ""

    def tell(self, entry: Entry) -> str:
        """One entry as one sentence, without the time."""
        return _TELLERS[type(entry.fact)](self, entry, entry.fact)


def sentence(entry: Entry, state: RunState, words: Words | None = None) -> str:
    """One entry as one sentence, without the time."""
    return Teller(state, words).tell(entry)


def _opened(t: Teller, e: Entry, f: facts.RunOpened) -> str:
    name = said(f.title) or f.runbook
    text = _("{by} opened a run of “{name}”").format(by=e.by, name=name)
    return text + (_(" as a rehearsal") if f.rehearsal else "")


def _config(t: Teller, e: Entry, f: facts.ConfigChanged) -> str:
    return _("{by} changed {files}").format(by=e.by, files=", ".join(f.changed) or _("the runbook"))


def _recovered(t: Teller, e: Entry, f: facts.Recovered) -> str:
    parts = []
    if f.torn_bytes:
        parts.append(_("a torn last line of {n} bytes set aside").format(n=grouped(f.torn_bytes)))
    if f.late_units:
        parts.append(_("{n} units journalled late").format(n=grouped(f.late_units)))
    if f.rebuilt:
        parts.append(_("staging rebuilt"))
    return _("recovered after an interruption: {what}").format(
        what=", ".join(parts) or _("nothing was lost")
    )


def _delivery(t: Teller, e: Entry, f: facts.DeliverySeen) -> str:
    text = _("delivery {delivery} of {source}: {status}, {files}").format(
        delivery=f.delivery,
        source=f.source,
        status=label(f.status),
        files=ngettext("{n} file", "{n} files", len(f.files)).format(n=grouped(len(f.files))),
    )
    return f"{text} ({f.reason})" if f.reason else text


def _started(t: Teller, e: Entry, f: facts.StepStarted) -> str:
    text = _("{by} started {step}").format(by=e.by, step=t.step(f.step))
    if f.attempt <= 1:
        return text
    again = _("{by} started {step} again").format(by=e.by, step=t.step(f.step))
    return again if f.attempt == 2 else f"{again} ({_('time {n}').format(n=f.attempt)})"


def _planned(t: Teller, e: Entry, f: facts.StepPlanned) -> str:
    units = ngettext("{n} unit", "{n} units", f.units).format(n=grouped(f.units))
    return _("{step}: {units} to do").format(step=t.step(f.step), units=units)


def _unit(t: Teller, e: Entry, f: facts.UnitCommitted) -> str:
    parts = [_counts(f.counts)] if any(f.counts.values()) else []
    if f.segment:
        parts.append(_("{n} trail rows").format(n=grouped(f.segment.rows)))
    text = _("{step}: unit {unit} committed").format(step=t.step(f.step), unit=f.unit)
    return " · ".join([text, *parts])


def _check(t: Teller, e: Entry, f: facts.CheckDone) -> str:
    verdict = _("passed") if f.passed else _("failed") if f.severity == "block" else _("warns")
    return _("check {verdict}: {name} is {observed}, expected {expected}").format(
        verdict=verdict,
        name=f.name,
        observed=measured(f.observed),
        expected=measured(f.expected),
    )


def _finished(t: Teller, e: Entry, f: facts.StepFinished) -> str:
    if f.outcome == "done":
        return _("{step} is done").format(step=t.step(f.step))
    return _("{step} is finished, but a check stops the run").format(step=t.step(f.step))


def _failed(t: Teller, e: Entry, f: facts.StepFailed) -> str:
    text = _("{step} failed ({code})").format(step=t.step(f.step), code=f.code)
    return text + t.reason(f.reference)


def _stopped(t: Teller, e: Entry, f: facts.StepStopped) -> str:
    return _("{by} paused {step}").format(by=e.by, step=t.step(f.step))


def _stale(t: Teller, e: Entry, f: facts.StepStale) -> str:
    return _("{step} is stale: {reason}").format(step=t.step(f.step), reason=label(f.reason))


def _waiting(t: Teller, e: Entry, f: facts.StepWaiting) -> str:
    if t.kind(f.step) == "merge":
        text = _(
            "{step} waits: {n} clusters would merge without a person, which is to be confirmed"
        )
        return text.format(step=t.step(f.step), n=grouped(f.subject))
    if f.evidence:
        return _("{step} waits for a sign-off").format(step=t.step(f.step))
    return _("{step} waits for answers").format(step=t.step(f.step))


def _passed(t: Teller, e: Entry, f: gate_facts.GatePassed) -> str:
    return _("{gate} is passed").format(gate=t.step(f.gate))


def _voided(t: Teller, e: Entry, f: gate_facts.SignOffVoided) -> str:
    return _("the sign-offs of {gate} no longer count: {reason}").format(
        gate=t.step(f.gate), reason=label(f.reason)
    )


def _evidence(t: Teller, e: Entry, f: gate_facts.EvidenceChanged) -> str:
    return _("the evidence of {gate} changed: a supplementary sign-off is asked for").format(
        gate=t.step(f.gate)
    )


def _waived(t: Teller, e: Entry, f: facts.CheckWaived) -> str:
    text = _("{by} waived the check {name} of {step}").format(
        by=e.by, name=f.name, step=t.step(f.step)
    )
    return text + t.reason(f.reason)


def _skipped(t: Teller, e: Entry, f: facts.StepSkipped) -> str:
    return _("{by} skipped {step}").format(by=e.by, step=t.step(f.step)) + t.reason(f.reason)


def _answered(t: Teller, e: Entry, f: facts.Answered) -> str:
    item = t.question(f.step, f.item)
    text = _("{by} answered “{item}”").format(by=e.by, item=item)
    if f.not_applicable:
        text = _("{by} marked “{item}” as not applicable").format(by=e.by, item=item)
    return text + t.reason(f.answer) + (_(", with a file as evidence") if f.file else "")


def _intent(t: Teller, e: Entry, f: facts.Intent) -> str:
    return _("batch {batch} of {rows} records is about to go to the target").format(
        batch=f.batch, rows=grouped(f.rows)
    )


def _receipt(t: Teller, e: Entry, f: facts.Receipt) -> str:
    return _("the target took batch {batch}: {counts}").format(
        batch=f.batch, counts=_counts(f.counts) or _("nothing to do")
    )


def _backup(t: Teller, e: Entry, f: facts.BackupMade) -> str:
    text = _("back-up {name}: {files} files, {size} bytes").format(
        name=f.name, files=grouped(f.files), size=grouped(f.size)
    )
    tested = _("restore test passed") if f.verified else _("restore test NOT passed")
    return f"{text}, {tested}"


def _sealed(t: Teller, e: Entry, f: facts.Sealed) -> str:
    return _("seal {n} appended").format(n=f.seal)


def _seal_key(t: Teller, e: Entry, f: facts.SealKeyMade) -> str:
    if f.reason == "lost":
        return _("the key of the seals was LOST; from here on they are signed with {key}").format(
            key=f.key
        )
    if f.reason == "rotated":
        return _("{by} replaced the key of the seals; it is now {key}").format(by=e.by, key=f.key)
    return _("the seals are signed with the key {key}").format(key=f.key)


def _exported(t: Teller, e: Entry, f: facts.Exported) -> str:
    text = {
        "report": _("{by} made a report, to be purged on {day}"),
        "person": _("{by} took out all about one person, to be purged on {day}"),
        "lineage": _("{by} took out the lineage, to be purged on {day}"),
        "splink": _("{by} took out {rows} records for Splink, to be purged on {day}"),
    }.get(f.what, _("{by} exported {what}, {rows} rows, to be purged on {day}"))
    text = text.format(by=e.by, what=f.what, rows=grouped(f.rows), day=f.purge_on)
    return text + t.reason(f.recipient)


def _deleted(t: Teller, e: Entry, f: facts.ExportDeleted) -> str:
    text = _("{by} says that the exported file {file} is deleted").format(
        by=e.by, file=f.sha256[:12]
    )
    return text + t.reason(f.note)


def _redo(t: Teller, e: Entry, f: facts.RedoAsked) -> str:
    return _("{by} asks to redo {step}").format(by=e.by, step=t.step(f.step)) + t.reason(f.reason)


def _looked(t: Teller, e: Entry, f: person_facts.Looked) -> str:
    if f.what == "search":
        text = _("{by} searched for persons").format(by=e.by) + t.reason(f.subject)
        return text + t.reason(f.reason).replace(": ", ", ", 1)
    text = {
        "consent": _("{by} looked at what a permission of one person rests on"),
        "pair": _("{by} looked at {n} records that may be duplicates and left them open"),
        "finding": _("{by} looked at records with a finding ({place}): {n}"),
        "examples": _("{by} looked at examples of columns ({place})"),
    }.get(f.what, _("{by} looked at one person"))
    return text.format(by=e.by, n=grouped(len(f.records)), place=f.place) + t.reason(f.reason)


def _refused(t: Teller, e: Entry, f: facts.AccessRefused) -> str:
    return _("{by} was refused: {what}").format(by=e.by, what=f.what)


def _ended(t: Teller, e: Entry, f: facts.RunEnded) -> str:
    return _("the run is complete") if f.outcome == "done" else _("the run was aborted")


_TELLERS: dict[type, Callable[[Teller, Entry, Any], str]] = {
    facts.RunOpened: _opened,
    facts.ConfigChanged: _config,
    facts.Recovered: _recovered,
    facts.DeliverySeen: _delivery,
    facts.StepStarted: _started,
    facts.StepPlanned: _planned,
    facts.UnitCommitted: _unit,
    facts.CheckDone: _check,
    facts.StepFinished: _finished,
    facts.StepFailed: _failed,
    facts.StepStopped: _stopped,
    facts.StepStale: _stale,
    facts.StepWaiting: _waiting,
    gate_facts.GatePassed: _passed,
    gate_facts.SignOffVoided: _voided,
    gate_facts.EvidenceChanged: _evidence,
    facts.CheckWaived: _waived,
    facts.StepSkipped: _skipped,
    facts.Answered: _answered,
    facts.Intent: _intent,
    facts.Receipt: _receipt,
    facts.BackupMade: _backup,
    facts.Sealed: _sealed,
    facts.SealKeyMade: _seal_key,
    facts.Exported: _exported,
    facts.ExportDeleted: _deleted,
    facts.RedoAsked: _redo,
    person_facts.Looked: _looked,
    facts.AccessRefused: _refused,
    facts.RunEnded: _ended,
    **gate_sentences.TELLERS,
    **privacy_sentences.TELLERS,
    **review_sentences.TELLERS,
    **lane_sentences.TELLERS,
}
