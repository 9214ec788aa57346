"""What may be asked of single pairs: those that are decided."""

from __future__ import annotations

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Query


class PairDecisions(Query, frozen=True, kw_only=True, tag="pair_decisions"):
    """Every pair that a person has settled, with its present decision."""


class PairDecided(Answer, frozen=True, kw_only=True):
    """A settled pair; the two records stand in their one order."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    decision: str
