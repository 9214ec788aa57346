"""Verification of an audit folder, alone and offline: what is wrong, and from where trust ends.

It reads the journal once, entry by entry, and the trail segment by segment. What it keeps is 32 bytes
for an entry and a few hundred for a segment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tui_migrate.audit import merkle
from tui_migrate.audit.chain import Chain, Problem, key_problems, seal_problems
from tui_migrate.audit.entries import (
    Answered,
    ConfigChanged,
    Entry,
    Purged,
    RedoAsked,
    RunEnded,
    RunOpened,
    Sealed,
    SealKeyMade,
    Segment,
    StepStale,
    StepStarted,
    UnitCommitted,
)
from tui_migrate.audit.gate_facts import SignedOff, SignOffVoided
from tui_migrate.audit.journal import JournalBroken, read_entries
from tui_migrate.audit.lane_facts import LaneDecided, LaneDrawn, draw
from tui_migrate.audit.review_facts import ModelFitted, ModelProposed
from tui_migrate.audit.seals import Seal, read_seals
from tui_migrate.audit.signoffs import SignOffs
from tui_migrate.audit.trail import COLUMNS
from tui_migrate.files import sha256_file
from tui_migrate.i18n import _, ngettext
from tui_migrate.staging.store import literal

CERTIFICATE = "certificate.json"
GOES_ON = (StepStarted, ConfigChanged, Answered, RedoAsked, SignOffVoided, StepStale)
"""Facts after which a finished run is no longer finished."""


@dataclass(slots=True)
class Verdict:
    """What verification found. ``trusted``: the last entry that can be relied on, if what was written
    first was. ``authentic``: the last entry that an anchor from outside speaks for; 0 without one."""

    entries: int = 0
    segments: int = 0
    events: int = 0
    seals: int = 0
    signatures: int = 0
    """Sign-offs whose SSH signature was checked and holds."""
    head: str = ""
    ended: bool = False
    trusted: int = 0
    authentic: int = 0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything there is agrees and the end is vouched for."""
        return not self.problems

    def note(self, problem: Problem) -> None:
        """Something is wrong: it is told, and trust ends before it."""
        self.problems.append(problem.text)
        self.trusted = min(self.trusted, problem.trusted)


def verify(folder: Path, expect: str = "", signers: Path | None = None) -> Verdict:
    """Check journal, seals, segments, objects and signatures of an audit folder against each other.

    ``expect``: a head known from outside; ``signers``: an allowed signers file kept outside. Without
    either the verdict says consistent, not authentic.
    """
    verdict = Verdict()
    journal = folder / "journal.jsonl"
    if not journal.is_file():
        verdict.problems.append(_("There is no journal.jsonl in {}.").format(folder))
        return verdict
    check = _Check(folder, verdict, signers)
    with duckdb.connect(config={"threads": 2}) as connection:
        try:
            for entry in read_entries(journal):
                check.entry(connection, entry)
        except JournalBroken as error:
            verdict.problems.append(
                _("{}; entries from {} on cannot be trusted.").format(error.message, error.seq)
            )
    check.end()
    if expect:
        check.expected(expect.strip().lower())
    if signers is not None:
        check.outside(signers)
    return verdict


class _Check:
    """One verification: fed with the entries in order, then told that there are no more."""

    def __init__(self, folder: Path, verdict: Verdict, signers: Path | None) -> None:
        self._folder, self._verdict = folder, verdict
        self._chain = Chain()
        self._signoffs = SignOffs(folder, self._chain, signers)
        self._named: set[str] = set()
        self._objects: set[str] = set()
        self._outcome = ""
        self._last: Entry | None = None

    def entry(self, connection: duckdb.DuckDBPyConnection, entry: Entry) -> None:
        """The next entry, which the chain of hashes holds."""
        whole = self._verdict.trusted == self._verdict.entries
        self._verdict.entries, self._verdict.head = entry.seq, entry.hash
        if whole:
            self._verdict.trusted = entry.seq
        fact = entry.fact
        match fact:
            case RunOpened() | ConfigChanged():
                self._object(entry, fact.objects)
            case ModelFitted() | ModelProposed():
                self._object(entry, {"match model": fact.sha256})
            case LaneDecided():
                self._object(entry, {"list of clusters": fact.sha256})
            case LaneDrawn():
                self._sample(entry, fact)
            case UnitCommitted() if fact.segment is not None:
                self._segment(connection, entry, fact.segment)
            case SignedOff():
                for problem in self._signoffs.problems(entry, fact):
                    self._verdict.note(problem)
            case SealKeyMade() if fact.reason == "lost":
                text = _("Entry {}: the key of the seals was lost; another signs from there on.")
                self._verdict.notes.append(text.format(entry.seq))
            case RunEnded():
                self._outcome = fact.outcome
            case Purged() if fact.sha256:
                self._certificate(entry, fact.sha256)
        if isinstance(fact, GOES_ON) and self._outcome == "done":
            self._outcome = ""
        self._chain.add(entry)
        self._last = entry

    def _segment(
        self, connection: duckdb.DuckDBPyConnection, entry: Entry, segment: Segment
    ) -> None:
        if segment.path in self._named:
            text = _("Entry {} names segment {} again.").format(entry.seq, segment.path)
            self._verdict.note(Problem(text, entry.seq - 1))
        self._named.add(segment.path)
        wrong = _segment_problem(connection, self._folder, segment)
        if wrong:
            text = _("Entry {}: {}").format(entry.seq, wrong)
            self._verdict.note(Problem(text, entry.seq - 1))
        else:
            self._verdict.segments += 1
            self._verdict.events += segment.rows

    def _object(self, entry: Entry, objects: dict[str, str]) -> None:
        for name, sha256 in objects.items():
            if sha256 in self._objects:
                continue
            self._objects.add(sha256)
            path = self._folder / "objects" / sha256
            if not path.is_file():
                text = _("Entry {}: the object {} ({}) is missing.")
            elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                text = _("Entry {}: the object {} ({}) was changed.")
            else:
                continue
            self._verdict.note(Problem(text.format(entry.seq, sha256, name), entry.seq - 1))

    def _sample(self, entry: Entry, fact: LaneDrawn) -> None:
        """The list that a sample is of is there, and the seed draws that sample of it."""
        self._object(entry, {"list of clusters": fact.sha256})
        path = self._folder / "objects" / fact.sha256
        if path.is_file():
            lines = path.read_text(errors="replace").splitlines()
            found = [line.split(" ") for line in draw(lines, len(fact.sample), fact.seed)]
            if found != fact.sample:
                text = _("Entry {}: its seed draws another sample.").format(entry.seq)
                self._verdict.note(Problem(text, entry.seq - 1))

    def _certificate(self, entry: Entry, sha256: str) -> None:
        """The certificate of destruction is kept as an object; where it also stands in the folder for
        people, it has to be that one."""
        self._object(entry, {CERTIFICATE: sha256})
        path = self._folder / CERTIFICATE
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            text = _("Entry {}: {} is not the certificate that it names.")
            self._verdict.note(Problem(text.format(entry.seq, CERTIFICATE), entry.seq - 1))

    def end(self) -> None:
        """There are no more entries: what lies beside them, the seals, the end of the run."""
        verdict = self._verdict
        files = (p for p in (self._folder / "trail").rglob("*") if p.is_file())
        extra = sorted({str(p.relative_to(self._folder)) for p in files} - self._named)
        if verdict.problems and len(extra) > 1:
            # The rest of a journal that cannot be read names them: not one more thing each.
            text = _("{} segments are named by no trusted entry.").format(len(extra))
            verdict.problems.append(text)
        else:
            text = _("Segment {} is not named by the journal.")
            verdict.problems += [text.format(name) for name in extra]
        self._seals()
        verdict.ended = bool(self._outcome) and isinstance(
            self._last.fact if self._last else None, Sealed
        )
        if not verdict.ended:
            verdict.problems.append(
                _("The end is not vouched for: the run is not finished, or its end was cut off.")
            )
        verdict.signatures = self._signoffs.checked
        if self._signoffs.unchecked:
            text = ngettext(
                "One SSH signature was not checked: ssh-keygen is not installed here.",
                "{} SSH signatures were not checked: ssh-keygen is not installed here.",
                self._signoffs.unchecked,
            )
            verdict.notes.append(text.format(self._signoffs.unchecked))

    def _seals(self) -> None:
        verdict = self._verdict
        seals: list[Seal] = []
        try:
            for seal in read_seals(self._folder / "seals.jsonl"):
                seals.append(seal)
        except ValueError as error:
            text = _("Line {} of seals.jsonl is damaged.").format(error)
            verdict.note(Problem(text, seals[-1].seq if seals else 0))
            return
        verdict.seals = len(seals)
        for problem in (*key_problems(self._chain), *seal_problems(self._chain, seals)):
            verdict.note(problem)
        keys = self._chain.keys
        public = self._folder / "seal.pub"
        found = public.read_text(errors="replace").strip() if public.is_file() else ""
        if keys and found != keys[-1][1].public:
            verdict.problems.append(
                _("seal.pub is not the key that entry {} names.").format(keys[-1][0])
            )

    def expected(self, head: str) -> None:
        """A head known from outside speaks for everything up to its entry."""
        found = next((n for n in range(1, self._chain.seq + 1) if self._chain.head(n) == head), 0)
        self._verdict.authentic = max(self._verdict.authentic, found)
        if not found:
            self._verdict.problems.append(
                _("The journal does not contain the expected head {}.").format(head)
            )

    def outside(self, signers: Path) -> None:
        """Signatures by keys known from outside speak for everything up to the entry they name."""
        self._verdict.authentic = max(self._verdict.authentic, self._signoffs.anchored)
        if not self._signoffs.anchored:
            self._verdict.problems.append(
                _("No sign-off here is signed with a key of {}.").format(signers)
            )


def _segment_problem(connection: duckdb.DuckDBPyConnection, folder: Path, segment: Segment) -> str:
    path = folder / segment.path
    if ".." in Path(segment.path).parts or not path.is_file():
        return _("segment {} is missing").format(segment.path)
    if sha256_file(path) != segment.sha256:
        return _("segment {} was changed").format(segment.path)
    relation = f"read_parquet({literal(str(path))})"
    try:
        found, leaves = merkle.content(connection, relation, COLUMNS)
        if found != segment.digest or int(found.partition(":")[0]) != segment.rows:
            return _("the content of segment {} does not match its digest").format(segment.path)
        if not segment.root:
            return ""  # from before segments had one
        root = merkle.root(leaves)
    except duckdb.Error:
        return _("segment {} cannot be read").format(segment.path)
    if root != segment.root:
        return _("the records of segment {} do not match its root").format(segment.path)
    return ""
