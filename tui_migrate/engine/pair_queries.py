"""What a screen may ask of single pairs: one of them, and those that are decided."""

from __future__ import annotations

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Look, Query


class PairDetail(Look, frozen=True, kw_only=True, tag="pair_detail"):
    """All that a person needs to settle one pair."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str


class PairField(Answer, frozen=True, kw_only=True):
    """One field of both records, as a reader expects values. ``weight``: log₂ evidence for the same
    person, ``None`` where the field was not compared."""

    field: str
    left: str
    right: str
    equal: bool
    level: str = ""
    weight: float | None = None


class Permission(Answer, frozen=True, kw_only=True):
    """One consent fact of a record. ``event_at``: ISO, UTC, or ''."""

    brand: str
    channel: str
    state: str
    event_at: str
    evidence: str


class PairSide(Answer, frozen=True, kw_only=True):
    """What hangs on one record: its permissions, and how many child rows per entity."""

    permissions: tuple[Permission, ...]
    children: dict[str, int]


class PairSheet(Answer, frozen=True, kw_only=True):
    """A pair as the review screen shows it. Fields that differ come first, strongest evidence first.

    ``other``: compared fields that are no field of the record (an address as a whole).
    ``profiles``: the profile that each side belongs to at present ('' before the merge).
    """

    fields: tuple[PairField, ...]
    other: tuple[PairField, ...]
    left: PairSide
    right: PairSide
    weight: float
    probability: float
    reason: str
    rules: tuple[str, ...]
    profiles: tuple[str, str]


class PairDecisions(Query, frozen=True, kw_only=True, tag="pair_decisions"):
    """Every pair that a person has settled, with its present decision."""


class PairDecided(Answer, frozen=True, kw_only=True):
    """A settled pair; the two records stand in their one order."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    decision: str
