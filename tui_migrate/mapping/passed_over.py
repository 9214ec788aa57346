"""Consents and suppressions that ``when:`` leaves out although their row tells of an event.

An opt-out whose status is a word that the condition does not list would be lost without a sound. The
sign of it is the cell with the time of the event: it is filled, and no mapping that reads it takes
the row.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.mapping.columns import Columns
from tui_migrate.mapping.model import UNREJECTABLE, Mapping
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

RULE = "mapping.event_passed_over"

# One row is a filled event time in a row that no mapping takes which reads that column.
_PASSED_OVER = """
SELECT {source} AS source, _delivery AS delivery, _file AS file, _line AS line,
  _record AS record_id, {entity} AS entity, {column} AS field, {rule} AS rule, 'block' AS severity,
  {cell} AS value, NULL AS cleaned, $message AS message
FROM {relation} WHERE trim(coalesce({cell}, '')) <> '' AND NOT ({taken})
"""


def passed_over_select(cursor: Cursor, relation: str, mappings: Sequence[Mapping]) -> str | None:
    """Findings on the raw rows of ``relation``, all of one source; None where there can be none.

    ``$message`` is the only parameter. A time that also says something else of the record, or that
    only permissions have, is no sign.
    """
    present = columns_of(cursor, relation)
    elsewhere = {
        column
        for mapping in mappings
        if mapping.entity.name not in UNREJECTABLE
        for column, _name, use in mapping.columns()
        if use == "mapped"
    }
    readers: dict[str, list[Mapping]] = {}
    for mapping in mappings:
        moment = mapping.field("event_at")
        if mapping.entity.name in UNREJECTABLE and moment is not None and mapping.each is None:
            for column in moment.columns:
                readers.setdefault(column, []).append(mapping)
    selects = []
    for column, found in sorted(readers.items()):
        if (
            column in present
            and all(mapping.when for mapping in found)
            and any(map(_silences, found))
            and column not in elsewhere
        ):
            taken = " OR ".join(f"({Columns(m, present).condition()})" for m in found)
            selects.append(
                _PASSED_OVER.format(
                    source=literal(found[0].source),
                    entity=literal(found[0].entity.name),
                    column=literal(column),
                    rule=literal(RULE),
                    cell=f"{quote(column)}::VARCHAR",
                    relation=relation,
                    taken=taken,
                )
            )
    return f"{' UNION ALL '.join(selects)} ORDER BY ALL" if selects else None


def _silences(mapping: Mapping) -> bool:
    """Whether a row of the mapping can be an opt-out or a suppression."""
    state = mapping.field("state")
    return state is None or state.constant not in ("given", "confirmed")
