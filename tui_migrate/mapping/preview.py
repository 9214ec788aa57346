"""Raw cells beside cleaned values of real rows: what a mapping would do, shown before it does it."""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.mapping.mapped import OUT
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.rows import Settings, map_rows
from tui_migrate.staging.store import Cursor


@dataclass(frozen=True, slots=True)
class PreviewCell:
    """One field of one row. ``raw`` joins the cells of several columns; ``problem`` is a rule id."""

    delivery: str
    file: str
    line: int
    record_id: str
    field: str
    columns: tuple[str, ...]
    raw: str | None
    value: str | None
    problem: str | None


def preview(
    cursor: Cursor,
    mapping: Mapping,
    limit: int = 20,
    relation: str | None = None,
    settings: Settings | None = None,
) -> list[PreviewCell]:
    """The first ``limit`` rows of the source (or of ``relation``), field by field.

    Only reads; the temporary tables it leaves are the cursor's own.
    """
    rows = relation or f'"raw_{mapping.source}"'
    some = f"(SELECT * FROM {rows} ORDER BY _delivery, _file, _line LIMIT {int(limit)})"
    mapped = map_rows(cursor, mapping, some, settings or Settings())
    found: list[PreviewCell] = []
    for field in mapping.fields:
        cells = [(n, cell) for n, cell in enumerate(mapped.cells) if cell.field is field]
        raws = ", ".join(cell.raw for _n, cell in cells)
        problems = ", ".join(f"p{n}" for n, cell in cells if cell.problem)
        value = mapped.value(field.name)
        shown = f"array_to_string({value}, ' · ')" if field.field.many else value
        raw = f"nullif(concat_ws(' · ', {raws}), '')" if raws else "NULL::VARCHAR"
        problem = f"coalesce({problems}, NULL)" if problems else "NULL::VARCHAR"
        select = (
            f"SELECT delivery, file, line, coalesce(record_id, ''), {raw}, {shown}, {problem}"
            f" FROM {OUT} ORDER BY delivery, file, line, child_no"
        )
        found += [
            PreviewCell(d, f, n, record, field.name, field.columns, text, shown_value, said)
            for d, f, n, record, text, shown_value, said in cursor.execute(select).fetchall()
        ]
    return sorted(found, key=lambda cell: (cell.delivery, cell.file, cell.line))
