"""What of the audit folder is asked for by who may not read its files, and the shape of each answer."""

from __future__ import annotations

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Query


class Verification(Query, frozen=True, kw_only=True, tag="verification"):
    """Does the audit folder hold? ``expect``: the journal's head as known from outside; ``signers``: the
    text of an allowed_signers file that was kept outside."""

    expect: str = ""
    signers: str = ""


class Verified(Answer, frozen=True, kw_only=True):
    """See ``audit.verify.Verdict``."""

    entries: int
    segments: int
    events: int
    seals: int
    signatures: int
    head: str
    ended: bool
    trusted: int
    authentic: int
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything there is agrees and the end is vouched for."""
        return not self.problems


class JournalText(Query, frozen=True, kw_only=True, tag="journal_text"):
    """Lines of the journal as they are, from byte ``offset``."""

    offset: int = 0


class JournalPart(Answer, frozen=True, kw_only=True):
    """Whole lines; ``next``: where the ones behind them begin. Without lines there are no more."""

    text: str
    next: int
