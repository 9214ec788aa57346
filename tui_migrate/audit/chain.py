"""What of a journal its seals and signatures are held against: gathered entry by entry, a few tens of
bytes for each. The engine keeps one for its own journal, verification makes one while it reads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile

from tui_migrate.audit import sshsig
from tui_migrate.audit.entries import (
    ConfigChanged,
    Entry,
    RunOpened,
    Sealed,
    SealKeyMade,
    Segment,
    StepWaiting,
    UnitCommitted,
)
from tui_migrate.audit.gate_facts import EvidenceChanged, GatePassed, SignedOff
from tui_migrate.audit.sealkey import KEY_SPACE, SEAL_SPACE, handed_over
from tui_migrate.audit.seals import Seal, segments_digest
from tui_migrate.i18n import _

SIGNERS = "allowed_signers"
"""The file of a workspace that says whose SSH keys may sign."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that does not agree. ``trusted``: the last entry that it leaves alone."""

    text: str
    trusted: int


@dataclass(slots=True)
class Chain:
    """The journal so far, as far as seals and sign-offs need it."""

    run: str = ""
    hashes: bytearray = field(default_factory=bytearray)
    segments: list[tuple[int, Segment]] = field(default_factory=list)
    keys: list[tuple[int, SealKeyMade]] = field(default_factory=list)
    answered: list[tuple[int, Sealed]] = field(default_factory=list)
    """``seal.made`` entries."""
    passed: list[tuple[int, str, int | None]] = field(default_factory=list)
    """Passed gates with the number of the seal right behind them; ``None``: something else is."""
    signers: str = ""
    """SHA-256 of the allowed signers that hold now."""
    demanded: dict[str, list[str]] = field(default_factory=dict)
    """Gate → roles whose sign-offs have to be signed with SSH."""
    asked: dict[tuple[str, str], int] = field(default_factory=dict)
    """Gate and user ('' for all) → the entry that a signature has to know."""
    _open_gate: tuple[int, str] | None = None

    @property
    def seq(self) -> int:
        """How many entries there were."""
        return len(self.hashes) // 32

    def head(self, seq: int) -> str:
        """The hash of entry ``seq``; '' when there is no such entry."""
        return self.hashes[(seq - 1) * 32 : seq * 32].hex() if 0 < seq <= self.seq else ""

    def add(self, entry: Entry) -> None:
        """The next entry."""
        self.hashes += bytes.fromhex(entry.hash)
        fact = entry.fact
        if self._open_gate is not None:
            behind = fact.seal if isinstance(fact, Sealed) else None
            self.passed.append((*self._open_gate, behind))
            self._open_gate = None
        match fact:
            case RunOpened() | ConfigChanged():
                self.run = fact.run if isinstance(fact, RunOpened) else self.run
                self.signers = fact.objects.get(SIGNERS, "")
                self.demanded = {s.id: s.signature for s in fact.steps if s.signature}
            case UnitCommitted() if fact.segment is not None:
                self.segments.append((entry.seq, fact.segment))
            case SealKeyMade():
                self.keys.append((entry.seq, fact))
            case Sealed():
                self.answered.append((entry.seq, fact))
            case GatePassed():
                self._open_gate = (entry.seq, fact.gate)
            case StepWaiting():
                self.asked[fact.step, ""] = entry.seq
            case EvidenceChanged():
                self.asked[fact.gate, ""] = entry.seq
            case SignedOff():
                self.asked[fact.gate, entry.by] = entry.seq

    def fresh(self, gate: str, by: str) -> int:
        """The first entry whose hash may stand in a statement of this user at this gate now: the one
        with which the gate last asked for him."""
        return max(self.asked.get((gate, ""), 0), self.asked.get((gate, by), 0))

    def key_at(self, seq: int) -> SealKeyMade | None:
        """The key that signs a seal of entries 1 to ``seq``."""
        found = None
        for _seq, fact in takewhile(lambda k: k[0] <= seq, self.keys):
            found = fact
        return found


def key_problems(chain: Chain) -> Iterator[Problem]:
    """Keys that are not what they say, or do not follow each other."""
    before: SealKeyMade | None = None
    for seq, fact in chain.keys:
        wrong = ""
        if sshsig.fingerprint(fact.public) != fact.key:
            wrong = _("the seal key has another fingerprint")
        elif (before is None) != (fact.reason == "first"):
            wrong = _("the seal key does not say what became of the one before")
        elif fact.reason == "rotated" and before is not None:
            message = handed_over(chain.run, fact.key)
            if not sshsig.holds(before.public, KEY_SPACE, message, fact.proof):
                wrong = _("the seal key before did not sign for this one")
        if wrong:
            yield Problem(_("Entry {}: {}.").format(seq, wrong), seq - 1)
        before = fact


def seal_problems(chain: Chain, seals: Iterable[Seal]) -> Iterator[Problem]:
    """Seals that do not stand behind the journal, and what of the journal no seal stands behind."""
    known: dict[int, Seal] = {}
    good, segments, agreed = 0, -1, (0, "", "")
    for seal in seals:
        known[seal.number] = seal
        named = bisect_right(chain.segments, seal.seq, key=lambda segment: segment[0])
        if named != segments:
            segments = named
            agreed = segments_digest(segment for _seq, segment in chain.segments[:named])
        wrong = _seal_problem(chain, seal, agreed)
        if wrong:
            # What a broken journal still has is not made worse by a seal of what it lost.
            yield Problem(wrong, good if seal.seq <= chain.seq else chain.seq)
        else:
            good = seal.seq
    for seq, gate, number in chain.passed:
        behind = known.get(number or 0)
        if behind is None or (behind.reason, behind.seq) != (gate, seq):
            text = _("Entry {}: gate {} is passed, but no seal says so.").format(seq, gate)
            yield Problem(text, seq - 1)
    for seq, fact in chain.answered:
        answer = known.get(fact.seal)
        if answer is None or answer.hash != fact.sha256:
            text = _("Entry {}: seal {} is missing or another one.").format(seq, fact.seal)
            yield Problem(text, seq - 1)


def _seal_problem(chain: Chain, seal: Seal, agreed: tuple[int, str, str]) -> str:
    """What is wrong with one seal, or ''."""
    number, key = seal.number, chain.key_at(seal.seq)
    if seal.run and seal.run != chain.run:
        return _("Seal {} is of another run ({}).").format(number, seal.run)
    if chain.head(seal.seq) != seal.head:
        return _("Seal {} ({}) says that entry {} has the hash {}; it is not there.").format(
            number, seal.reason, seal.seq, seal.head[:12]
        )
    count, listed, root = agreed
    if (count, listed) != (seal.segments, seal.segments_sha256):
        return _("Seal {} names other segments than the journal.").format(number)
    if key is None:
        return _("Seal {} is signed, but no key is known.").format(number) if seal.key else ""
    if root != seal.segments_root or not seal.run:
        return _("Seal {} names other segments than the journal.").format(number)
    if not seal.signature:
        return _("Seal {} has no signature.").format(number)
    if seal.key != key.key:
        return _("Seal {} is signed with the key {}; the journal says {}.").format(
            number, seal.key, key.key
        )
    if not sshsig.holds(key.public, SEAL_SPACE, seal.hash.encode(), seal.signature):
        return _("The signature of seal {} is not of the key {}.").format(number, key.key)
    return ""
