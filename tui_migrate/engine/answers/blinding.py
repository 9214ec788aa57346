"""What a runbook with ``review: {blind: true}`` keeps back until a decision is made: how likely it is
that records are one person, and what says so. Values of records stay."""

from __future__ import annotations

import msgspec

from tui_migrate.engine import review_queries as r
from tui_migrate.engine.queries import View

SCORED = ("field", "band", "reason")
"""Filters that tell of the score."""


def is_blind(view: View) -> bool:
    """Whether the runbook demands it."""
    return view.runbook is not None and view.runbook.review.blind


def blind_ref(ref: r.ClusterRef) -> r.ClusterRef:
    """A cluster without its score."""
    return msgspec.structs.replace(ref, weight=0.0, probability=0.0, reason="", hidden=True)


def blind_sheet(sheet: r.ClusterSheet) -> r.ClusterSheet:
    """A cluster without the evidence of fields and pairs; the order of its fields tells nothing of it."""
    fields = [
        r.ClusterField(field=one.field, values=one.values, equal=one.equal, many=one.many)
        for one in sheet.fields
    ]
    fields.sort(key=lambda field: (field.equal, not all(field.values), field.field))
    pairs = sorted((_blind_pair(pair) for pair in sheet.pairs), key=lambda pair: (pair.a, pair.b))
    return msgspec.structs.replace(
        sheet, fields=tuple(fields), other=(), pairs=tuple(pairs), weakest=(), contrary=()
    )


def _blind_pair(pair: r.ClusterEvidence) -> r.ClusterEvidence:
    return msgspec.structs.replace(
        pair, weight=0.0, probability=0.0, reason="", rules=(), asked=True
    )
