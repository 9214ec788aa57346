"""What reviewers chose for a profile, as tables for ``merge``: who founds it, whose values it takes."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from tui_migrate.steps.base import Context

OVERRIDES = ("merge_lead", "merge_decided")


def take_overrides(context: Context) -> None:
    """Make ``merge_lead`` (source, record_id, led: the later a decision, the lower) and
    ``merge_decided`` (source, record_id, field, nth decision, spot among its records)."""
    chosen = list(enumerate(context.overrides))
    leads = {one.lead: -nth for nth, one in chosen if one.lead is not None}
    values = [
        (*record, field, nth, spot)
        for nth, one in chosen
        for field, records in one.values.items()
        for spot, record in enumerate(records)
    ]
    text, number = pa.string(), pa.int64()
    _fill(
        context,
        "merge_lead",
        [(*record, led) for record, led in leads.items()],
        {"source": text, "record_id": text, "led": number},
    )
    columns = {"source": text, "record_id": text, "field": text, "nth": number, "spot": number}
    _fill(context, "merge_decided", values, columns)


def _fill(
    context: Context,
    table: str,
    rows: Sequence[tuple[object, ...]],
    columns: dict[str, pa.DataType],
) -> None:
    listed = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    arrays = {
        name: pa.array(list(column), kind)
        for (name, kind), column in zip(columns.items(), listed, strict=True)
    }
    context.cursor.register("merge_said", pa.table(arrays))
    context.cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM merge_said ORDER BY ALL"
    )
    context.cursor.unregister("merge_said")
