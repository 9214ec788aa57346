"""What the imports of a runbook would do to the target now, without writing anything."""

from __future__ import annotations

from tui_migrate.engine.client import InProcessClient


def planned(client: InProcessClient) -> list[dict[str, int | str]]:
    """One row per import step and entity: how many records create, update, skip, conflict."""
    from tui_migrate.steps.import_ import ImportStep

    rows: list[dict[str, int | str]] = []
    for context, worker in client.import_steps():
        assert isinstance(worker, ImportStep)  # noqa: S101 - chosen by kind
        for entity, counts in worker.preview(context).items():
            rows.append({"step": context.spec.id, "entity": entity, **counts})
    return rows
