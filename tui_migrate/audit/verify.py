"""Verification of an audit folder, alone and offline: what is wrong, and from where trust ends."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import duckdb

from tui_migrate.audit.entries import (
    Answered,
    ConfigChanged,
    Entry,
    GatePassed,
    RedoAsked,
    RunEnded,
    RunOpened,
    Sealed,
    Segment,
    StepStale,
    StepStarted,
    UnitCommitted,
)
from tui_migrate.audit.journal import JournalBroken, read_entries
from tui_migrate.audit.seals import Seal, read_seals, segments_digest
from tui_migrate.audit.trail import COLUMNS
from tui_migrate.files import sha256_file
from tui_migrate.i18n import _
from tui_migrate.staging.store import digest, literal

GOES_ON = (StepStarted, ConfigChanged, Answered, RedoAsked, StepStale)
"""Facts after which a finished run is no longer finished."""


@dataclass(slots=True)
class Verdict:
    """What verification found. ``trusted``: the last entry that can be relied on."""

    entries: int = 0
    segments: int = 0
    events: int = 0
    seals: int = 0
    head: str = ""
    ended: bool = False
    trusted: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything there is agrees and the end is vouched for."""
        return not self.problems


def verify(folder: Path, expect: str = "") -> Verdict:
    """Check journal, seals, segments and objects of an audit folder against each other.

    ``expect``: a head known from outside; without it the verdict says consistent, not authentic.
    """
    verdict = Verdict()
    journal = folder / "journal.jsonl"
    if not journal.is_file():
        verdict.problems.append(_("There is no journal.jsonl in {}.").format(folder))
        return verdict
    entries = list(_read(journal, verdict))
    _check_segments(folder, entries, verdict)
    _check_objects(folder, entries, verdict)
    _check_seals(folder, entries, verdict)
    _check_end(entries, verdict)
    if expect and all(entry.hash != expect for entry in entries):
        verdict.problems.append(
            _("The journal does not contain the expected head {}.").format(expect)
        )
    return verdict


def _read(journal: Path, verdict: Verdict) -> Iterator[Entry]:
    try:
        for entry in read_entries(journal):
            verdict.entries = verdict.trusted = entry.seq
            verdict.head = entry.hash
            yield entry
    except JournalBroken as error:
        verdict.problems.append(
            _("{}; entries from {} on cannot be trusted.").format(error.message, error.seq)
        )


def _check_segments(folder: Path, entries: list[Entry], verdict: Verdict) -> None:
    named: set[str] = set()
    with duckdb.connect(config={"threads": 2}) as connection:
        for entry in entries:
            fact = entry.fact
            if not isinstance(fact, UnitCommitted) or fact.segment is None:
                continue
            segment = fact.segment
            if segment.path in named:
                verdict.problems.append(
                    _("Entry {} names segment {} again.").format(entry.seq, segment.path)
                )
            named.add(segment.path)
            wrong = _segment_problem(connection, folder, segment)
            if wrong:
                verdict.trusted = min(verdict.trusted, entry.seq - 1)
                verdict.problems.append(_("Entry {}: {}").format(entry.seq, wrong))
            else:
                verdict.segments += 1
                verdict.events += segment.rows
    present = {str(p.relative_to(folder)) for p in (folder / "trail").rglob("*") if p.is_file()}
    extra = sorted(present - named)
    if verdict.problems and len(extra) > 1:
        # The rest of a journal that cannot be read names them: not one more thing each.
        verdict.problems.append(_("{} segments are named by no trusted entry.").format(len(extra)))
    else:
        verdict.problems += [_("Segment {} is not named by the journal.").format(e) for e in extra]


def _segment_problem(connection: duckdb.DuckDBPyConnection, folder: Path, segment: Segment) -> str:
    path = folder / segment.path
    if not path.is_file():
        return _("segment {} is missing").format(segment.path)
    if sha256_file(path) != segment.sha256:
        return _("segment {} was changed").format(segment.path)
    try:
        found = digest(connection, f"read_parquet({literal(str(path))})", COLUMNS)
    except duckdb.Error:
        return _("segment {} cannot be read").format(segment.path)
    if found != segment.digest:
        return _("the content of segment {} does not match its digest").format(segment.path)
    return ""


def _check_objects(folder: Path, entries: list[Entry], verdict: Verdict) -> None:
    seen: set[str] = set()
    for entry in entries:
        if not isinstance(entry.fact, RunOpened | ConfigChanged):
            continue
        for name, sha256 in entry.fact.objects.items():
            if sha256 in seen:
                continue
            seen.add(sha256)
            path = folder / "objects" / sha256
            if not path.is_file():
                verdict.problems.append(
                    _("Entry {}: the object {} ({}) is missing.").format(entry.seq, sha256, name)
                )
            elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                verdict.problems.append(
                    _("Entry {}: the object {} ({}) was changed.").format(entry.seq, sha256, name)
                )


def _check_seals(folder: Path, entries: list[Entry], verdict: Verdict) -> None:
    seals: list[Seal] = []
    try:
        for seal in read_seals(folder / "seals.jsonl"):
            seals.append(seal)
    except ValueError as error:
        verdict.problems.append(_("Line {} of seals.jsonl is damaged.").format(error))
        return
    verdict.seals = len(seals)
    hashes = {entry.seq: entry.hash for entry in entries}
    for seal in seals:
        if hashes.get(seal.seq) != seal.head:
            verdict.problems.append(
                _("Seal {} ({}) says that entry {} has the hash {}; it is not there.").format(
                    seal.number, seal.reason, seal.seq, seal.head[:12]
                )
            )
            continue
        count, sha256 = segments_digest(
            entry.fact.segment
            for entry in entries[: seal.seq]
            if isinstance(entry.fact, UnitCommitted) and entry.fact.segment is not None
        )
        if (count, sha256) != (seal.segments, seal.segments_sha256):
            verdict.problems.append(
                _("Seal {} names other segments than the journal.").format(seal.number)
            )
    verdict.problems += [
        _("Entry {}: gate {} is passed, but no seal says so.").format(entry.seq, gate)
        for entry, gate in unsealed_gates(entries, seals)
    ]
    known = {seal.number: seal.hash for seal in seals}
    for entry in entries:
        if isinstance(entry.fact, Sealed) and known.get(entry.fact.seal) != entry.fact.sha256:
            verdict.problems.append(
                _("Entry {}: seal {} is missing or another one.").format(entry.seq, entry.fact.seal)
            )


def unsealed_gates(entries: Sequence[Entry], seals: Sequence[Seal]) -> list[tuple[Entry, str]]:
    """Passed gates without their seal right behind them (a very last entry may have been cut off
    from it by a crash; the next start seals it)."""
    reasons = {seal.number: (seal.reason, seal.seq) for seal in seals}
    missing = []
    for entry, following in pairwise(entries):
        if not isinstance(entry.fact, GatePassed):
            continue
        gate, seal = entry.fact.gate, following.fact
        if not isinstance(seal, Sealed) or reasons.get(seal.seal) != (gate, entry.seq):
            missing.append((entry, gate))
    return missing


def _check_end(entries: list[Entry], verdict: Verdict) -> None:
    """Only a seal of the ended run as the very last entry vouches for the end. What was aborted
    stays so; what was done goes on when something is done, answered or asked for again."""
    outcome = ""
    for entry in entries:
        if isinstance(entry.fact, RunEnded):
            outcome = entry.fact.outcome
        elif isinstance(entry.fact, GOES_ON) and outcome == "done":
            outcome = ""
    verdict.ended = bool(outcome) and isinstance(entries[-1].fact, Sealed)
    if not verdict.ended:
        verdict.problems.append(
            _("The end is not vouched for: the run is not finished, or its end was cut off.")
        )
