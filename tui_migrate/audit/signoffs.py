"""What a person signs with his own SSH key at a gate, and whether he did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from tui_migrate.audit import ssh, sshsig
from tui_migrate.audit.canonical import canonical
from tui_migrate.audit.chain import Chain, Problem
from tui_migrate.audit.entries import Entry
from tui_migrate.audit.gate_facts import SignedOff
from tui_migrate.i18n import _

NOT_STATED = ("kind", "role", "giver", "bound", "signature", "key", "head_seq")
"""Fields of a sign-off that the engine finds, or that are about the signature itself."""


def statement(run: str, by: str, fact: SignedOff) -> bytes:
    """What is signed: canonical JSON that names the run, the person, the decision, what it binds to,
    and the journal's head when he looked (``head`` of entry ``seq``). What is empty is left out."""
    said: dict[str, Any] = msgspec.to_builtins(fact)
    stated = {name: value for name, value in said.items() if value and name not in NOT_STATED}
    return canonical({**stated, "run": run, "by": by, "seq": fact.head_seq})


def head_problem(chain: Chain, by: str, fact: SignedOff) -> str:
    """Why the head that a statement names does not do, or ''."""
    if not fact.head or chain.head(fact.head_seq) != fact.head:
        return _("it names a head that this journal does not have")
    if fact.head_seq < chain.fresh(fact.gate, by):
        return _("it was made before the gate asked for it")
    return ""


class SignOffs:
    """Checks the sign-offs of a journal as they come; ``chain``: the entries before."""

    def __init__(self, folder: Path, chain: Chain, outside: Path | None = None) -> None:
        self._folder, self._chain, self._outside = folder, chain, outside
        self.checked = 0
        """Signatures that hold."""
        self.unchecked = 0
        """Signatures that could not be looked at."""
        self.anchored = 0
        """The last entry that a key of ``outside`` signed for."""

    def problems(self, entry: Entry, fact: SignedOff) -> Iterator[Problem]:
        """What is wrong with one sign-off."""
        demanded = fact.role in self._chain.demanded.get(fact.gate, ())
        wrong = ""
        if fact.signature:
            wrong = self._wrong(entry, fact)
        elif demanded or fact.key:
            wrong = _("it has no SSH signature")
        if wrong:
            text = _("Entry {}: the sign-off of {} at gate {} does not hold: {}.")
            yield Problem(text.format(entry.seq, entry.by, fact.gate, wrong), entry.seq - 1)

    def _wrong(self, entry: Entry, fact: SignedOff) -> str:
        wrong = head_problem(self._chain, entry.by, fact)
        if wrong:
            return wrong
        if sshsig.key_of(fact.signature) != fact.key:
            return _("it was made with another key than the entry says")
        if not self._chain.signers:
            return _("there was no file {}").format("allowed_signers")
        if not ssh.tool():
            self.unchecked += 1
            return ""
        said = statement(self._chain.run, entry.by, fact)
        allowed = self._folder / "objects" / self._chain.signers
        wrong = ssh.refusal(said, fact.signature, entry.by, allowed, entry.at)
        if not wrong:
            self.checked += 1
        if self._outside is not None and not ssh.refusal(
            said, fact.signature, entry.by, self._outside, entry.at
        ):
            self.anchored = max(self.anchored, fact.head_seq)
        return wrong
