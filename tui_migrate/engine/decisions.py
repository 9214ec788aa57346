"""Reviewers' decisions on pairs: kept in the vault by record ids, in the journal by pseudonyms."""

from __future__ import annotations

import json

from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine.api import Decide
from tui_migrate.engine.core import Core
from tui_migrate.engine.run import PairState, StepState, fold
from tui_migrate.steps.base import PairDecision

DECISIONS = ("merge", "different", "unsure", "undo")
USED_BY = ("match", "merge")
"""Step kinds that decisions on pairs are an input of."""


def ordered(command: Decide) -> tuple[tuple[str, str], tuple[str, str]]:
    """The two records of a pair in their one order."""
    first, second = sorted(
        [(command.source_a, command.record_a), (command.source_b, command.record_b)]
    )
    return first, second


def pair_key(core: Core, command: Decide) -> tuple[str, str]:
    """The pseudonyms of a pair's records, in the records' order."""
    key = core.vault.workspace_key()
    a, b = ordered(command)
    return pseudonym(key, *a), pseudonym(key, *b)


def pair_words(command: Decide) -> str:
    """What the vault keeps of a decision: the plain ids."""
    return json.dumps([*ordered(command)], ensure_ascii=False)


def pair_decisions(core: Core, step: StepState, *, as_started: bool) -> tuple[PairDecision, ...]:
    """The decisions as they stand now or, ``as_started``, as they stood when the present attempt of
    ``step`` began. Sorted by records; empty for kinds that do not use them."""
    if step.outline.uses not in USED_BY:
        return ()
    if not as_started:
        return decided(core, core.state.pairs)
    return decided(core, fold(core.journal.entries[: step.started_seq]).pairs)


def decided(core: Core, pairs: dict[tuple[str, str], PairState]) -> tuple[PairDecision, ...]:
    """The decisions of a state with plain ids; those whose words are erased are left out."""
    found = []
    for pair in pairs.values():
        words = core.vault.words(pair.reference)
        if not words or pair.decision not in ("merge", "different"):
            continue
        (source_a, record_a), (source_b, record_b) = json.loads(words)
        found.append(
            PairDecision(source_a, record_a, source_b, record_b, pair.decision, pair.by, pair.at)
        )
    return tuple(sorted(found, key=lambda d: (d.source_a, d.record_a, d.source_b, d.record_b)))
