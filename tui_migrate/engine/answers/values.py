"""Values of records and profiles as a reader expects them, by their semantic type."""

from __future__ import annotations

from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.engine.sentences import language
from tui_migrate.model.entities import entities

_RECORD = """
SELECT * FROM ent_profile WHERE source = $source AND record_id = $record
ORDER BY ALL LIMIT 1
"""


def show(field: str, value: object, entity: str = "profile") -> str:
    """A staged value of an entity's field for a reader; plain text where no type knows better."""
    if value is None:
        return ""
    if isinstance(value, list):
        return " · ".join(show(field, one, entity) for one in value)
    from tui_migrate.model.types.base import get_type

    try:
        kind = get_type(entities()[entity].field(field).type)
        return kind.show(text(value), language())
    except (KeyError, ValueError):
        return text(value)


def shown_fields(desk: Desk, source: str, record_id: str) -> dict[str, str]:
    """Field → shown value of one mapped person or organisation record, in the model's order."""
    columns = desk.columns("ent_profile")
    if not columns:
        return {}
    rows = desk.rows(_RECORD, {"source": source, "record": record_id})
    if not rows:
        return {}
    cells = dict(zip(columns, rows[0], strict=True))
    known = entities()["profile"].fields
    return {f.name: show(f.name, cells[f.name]) for f in known if f.name in cells}
