"""What the imports of a runbook would do to the target now, without writing anything."""

from __future__ import annotations

from tui_migrate.engine import queries as q
from tui_migrate.engine.answers.common import Desk


def planned(desk: Desk, query: q.Plan) -> tuple[q.Planned, ...]:
    """One row per import step and entity: how many records create, update, skip, conflict."""
    from tui_migrate.steps.import_ import ImportStep

    rows = []
    for context, worker in desk.view.import_steps():
        assert isinstance(worker, ImportStep)  # noqa: S101 - chosen by kind
        for entity, counts in worker.preview(context).items():
            rows.append(q.Planned(step=context.spec.id, entity=entity, counts=counts))
    return tuple(rows)
