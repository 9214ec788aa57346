"""Which deliveries of changes a reading step takes its newcomers from.

Changes are read every night; people of whom nothing was known go through mapping, matching, review and
the gates like everybody. So they wait until a person has the reading step done again: what had been seen
of changes by then counts, also when staging is made again, and no later delivery makes the step stale.
"""

from __future__ import annotations

from tui_migrate.audit import entries as facts
from tui_migrate.consent.deliveries import APPLIED
from tui_migrate.engine.core import Core
from tui_migrate.engine.run import Status


def taken_in(core: Core, step: str, *, rebuilding: bool) -> frozenset[tuple[str, str]]:
    """Sources and deliveries (as the journal calls them) that had been seen and counted when ``step``
    was last asked to be done again; empty before."""
    state = core.state.steps[step]
    entries = core.journal.entries
    if rebuilding or state.status in (Status.RUNNING, Status.PAUSED, Status.FAILED):
        entries = entries[: state.started_seq]
    seen: dict[tuple[str, str], bool] = {}
    taken: frozenset[tuple[str, str]] = frozenset()
    for entry in entries:
        match entry.fact:
            case facts.DeliverySeen(source=source, delivery=name, status=status, full=False):
                seen[source, name] = status in APPLIED
            case facts.RedoAsked(step=asked) if asked == step:
                taken = frozenset(one for one, counts in seen.items() if counts)
            case _:
                pass
    return taken
