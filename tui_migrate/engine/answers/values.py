"""Values of records and profiles as a reader expects them, by their semantic type."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tui_migrate.engine.answers.common import Desk, text
from tui_migrate.i18n import language
from tui_migrate.model.entities import entities

if TYPE_CHECKING:
    from tui_migrate.model.types.base import SemanticType

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
    kind = _kind(entity, field)
    plain = canonical(value)
    return kind.show(plain, language()) if kind is not None else plain


def canonical(value: object) -> str:
    """A staged value as the canonical text of its semantic type."""
    return value.isoformat(sep=" ") if isinstance(value, datetime) else text(value)


def same(field: str, a: object, b: object, entity: str = "profile") -> bool:
    """Whether two staged values mean the same to their semantic type."""
    kind = _kind(entity, field)
    key = kind.key if kind is not None else str

    def keys(value: object) -> set[str]:
        parts = value if isinstance(value, list) else [] if value is None else [value]
        return {key(canonical(part)) for part in parts}

    return keys(a) == keys(b)


def _kind(entity: str, field: str) -> SemanticType | None:
    from tui_migrate.model.types.base import get_type

    try:
        return get_type(entities()[entity].field(field).type)
    except KeyError:
        return None


def shown_fields(desk: Desk, source: str, record_id: str) -> dict[str, str]:
    """Field → shown value of one mapped person or organisation record, in the model's order."""
    return {name: show(name, value) for name, value in cells_of(desk, source, record_id).items()}


def cells_of(desk: Desk, source: str, record_id: str) -> dict[str, object]:
    """Field → staged value of one mapped person or organisation record, in the model's order."""
    columns = desk.columns("ent_profile")
    if not columns:
        return {}
    rows = desk.rows(_RECORD, {"source": source, "record": record_id})
    if not rows:
        return {}
    cells = dict(zip(columns, rows[0], strict=True))
    known = entities()["profile"].fields
    return {f.name: cells[f.name] for f in known if f.name in cells}
