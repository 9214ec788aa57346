"""Which records belonged to which profile while the target had it.

Nothing of it is kept: the journal says which merges an import carried to the target and when, the
trail of each of these merges says who was whose. So a merge that was undone is known, also when
staging was lost.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.audit import entries as facts
from tui_migrate.audit.trail import Place
from tui_migrate.engine.core import Core
from tui_migrate.steps.base import Membership
from tui_migrate.steps.past import CROSSWALK_UNIT


@dataclass(slots=True)
class _Carried:
    """A merge that reached the target, and the first and last batch that an import wrote of it."""

    place: Place
    first: str
    last: str


def memberships(core: Core, step: str) -> list[Membership]:
    """Those that had reached the target when the present attempt of ``step`` began, oldest first.

    The old one still counts until the last batch of the next is written: what was said meanwhile may
    be about either.
    """
    carried = _carried(core, core.state.steps[step].started_seq)
    return [
        Membership(
            segment=core.workspace.audit / one.place.path,
            values=core.vault.folder / one.place.path,
            since=one.first,
            until=until,
        )
        for one, until in zip(carried, [*(later.last for later in carried[1:]), ""], strict=False)
    ]


def _carried(core: Core, seq: int) -> list[_Carried]:
    kinds = {step.id: step.outline.uses for step in core.state.steps.values()}
    found: list[_Carried] = []
    merged: Place | None = None
    for entry in core.journal.entries[:seq]:
        match entry.fact:
            case facts.UnitCommitted(step=name, attempt=attempt, unit=unit, segment=segment) if (
                kinds.get(name) == "merge" and unit == CROSSWALK_UNIT and segment is not None
            ):
                merged = Place(name, attempt, unit)
            case facts.Receipt(step=name) if kinds.get(name) == "import" and merged is not None:
                if not found or found[-1].place != merged:
                    found.append(_Carried(merged, entry.at, entry.at))
                found[-1].last = entry.at
            case _:
                pass
    return found
