"""What may be asked about what decisions teach, and the shape of the answer."""

from __future__ import annotations

import msgspec

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Query


class Lesson(Query, frozen=True, kw_only=True, tag="lesson"):
    """What the decisions made until now teach, and what a model corrected by it would change. Takes as
    long as a match. ``forget``: what it would change to leave out all that was learned before."""

    forget: bool = False


class Correction(Answer, frozen=True, kw_only=True):
    """Bits that one level of one field is worth more than before anything was learned; of field
    ``prior`` any pair."""

    kind: str
    field: str
    level: str
    bits: float


class Moved(Answer, frozen=True, kw_only=True):
    """Undecided pairs that would go from one band into another (auto | review | below)."""

    before: str
    after: str
    pairs: int


class Judgement(Answer, frozen=True, kw_only=True):
    """How a model does on the decided pairs. ``agreeing``: it holds for likelier what people said.
    ``surprise``: mean bits (log-loss). ``above``: decided pairs from ``auto_from`` on, ``same``: how many
    of them are one person; ``low`` and ``high``: their share lies between these (95 %)."""

    agreeing: int
    surprise: float
    above: int
    same: int
    low: float
    high: float


class Voiced(Answer, frozen=True, kw_only=True):
    """What somebody said of the proposal."""

    by: str
    role: str
    decision: str
    at: str


class LessonTold(Answer, frozen=True, kw_only=True):
    """``refused``: why nothing can be proposed now, else ''. ``sha256``: names this lesson in the
    commands. ``before``, ``after``: counts of the match now, and corrected. ``regrouped``: records whose
    profile would have other records. ``fitted``, ``corrected``: how the model does without anything
    learned, and how a corrected one does on decisions that it was not told of. ``proposal``: SHA-256 of
    the lesson that waits to be accepted, ``proposed_by``, at which ``gate``, and who is ``missing``."""

    step: str = ""
    refused: str = ""
    hint: str = ""
    sha256: str = ""
    decided: int = 0
    same: int = 0
    corrections: tuple[Correction, ...] = ()
    moved: tuple[Moved, ...] = ()
    before: dict[str, int] = msgspec.field(default_factory=dict)
    after: dict[str, int] = msgspec.field(default_factory=dict)
    regrouped: int = 0
    auto_from: float = 0.0
    fitted: Judgement | None = None
    corrected: Judgement | None = None
    gate: str = ""
    proposal: str = ""
    proposed_by: str = ""
    missing: dict[str, int] = msgspec.field(default_factory=dict)
    voices: tuple[Voiced, ...] = ()
    accepted: str = ""
    """SHA-256 of the correction that counts now."""
