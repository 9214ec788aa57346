"""SQL for what a mapping reads from a raw row: cells, keys, owners, conditions."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tui_migrate.mapping.model import Mapping
from tui_migrate.staging.keys import key_sql
from tui_migrate.staging.store import literal, quote

ROW_NUMBER_OF_ELEMENT = "_n"
ELEMENT = "_element"


class Columns:
    """The columns of one relation of raw rows, as a mapping names them.

    A column that the relation does not have reads as NULL: a delivery without an optional column is
    no reason to stop (``coverage`` reports it). With ``each``, columns ``lines[].sku`` are read from
    the element of the list, and ``lines[]`` is the element's place (1 for the first).
    """

    def __init__(self, mapping: Mapping, present: Sequence[str]) -> None:
        self.mapping = mapping
        self.present: Collection[str] = frozenset(present)
        self.explodes = mapping.each is not None and mapping.each in self.present

    def relation(self, relation: str) -> str:
        """``relation`` with one row for each element of the list that ``each`` names."""
        if self.mapping.each is None:
            return f"(SELECT d.*, 1 AS {ROW_NUMBER_OF_ELEMENT} FROM {relation} d)"
        if not self.explodes:
            return (
                f"(SELECT d.*, row_number() OVER (PARTITION BY _delivery, _file, _line ORDER BY ALL)"
                f" AS {ROW_NUMBER_OF_ELEMENT} FROM {relation} d)"
            )
        elements = f"TRY(from_json({quote(self.mapping.each)}, '[\"JSON\"]'))"
        return (
            f"(SELECT d.* EXCLUDE (_elements), unnest(_elements) AS {ELEMENT},"
            f" generate_subscripts(_elements, 1) AS {ROW_NUMBER_OF_ELEMENT}"
            f" FROM (SELECT *, {elements} AS _elements FROM {relation}) d)"
        )

    def text(self, column: str) -> str:
        """The cell as delivered."""
        inner = f"{self.mapping.each}[]."
        if self.mapping.each is not None and column == f"{self.mapping.each}[]":
            return f"{ROW_NUMBER_OF_ELEMENT}::VARCHAR"
        if self.explodes and column.startswith(inner) and column not in self.present:
            path = "".join(f'."{part}"' for part in column.removeprefix(inner).split("."))
            return f"json_extract_string({ELEMENT}, {literal('$' + path)})"
        return f"{quote(column)}::VARCHAR" if column in self.present else "NULL::VARCHAR"

    def cell(
        self, columns: Sequence[str], join: str | None, *, empty: bool, coded: bool = False
    ) -> str:
        """What stands in the column (several: joined, without the empty ones); NULL for nothing.

        ``empty``: the empty text is a value of its own. ``coded``: a code list reads the cells.
        """
        filled = [f"CASE WHEN trim({self.text(c)}) <> '' THEN {self.text(c)} END" for c in columns]
        text = filled[0]
        if len(columns) > 1:
            text = self._joined(filled, join or " ", keep_places=coded)
        return f"coalesce({text}, '')" if empty else text

    def _joined(self, filled: Sequence[str], join: str, *, keep_places: bool) -> str:
        """A code list tells joined cells apart by their places, so there an empty one stays."""
        blank = ", ''" if keep_places else ", NULL"
        trimmed = ", ".join(f"coalesce(trim({cell}){blank})" for cell in filled)
        text = f"concat_ws({literal(join)}, {trimmed})"
        return f"CASE WHEN coalesce({', '.join(filled)}) IS NOT NULL THEN {text} END"

    def identifier(self, columns: Sequence[str], suffix: str = "") -> str:
        """The first filled of the columns, as a record's id, with the suffix behind."""
        filled = ", ".join(key_sql(self.text(column)) for column in columns)
        first = f"coalesce({filled})" if len(columns) > 1 else filled
        return f"{first} || {literal(suffix)}" if suffix else first

    def record_id(self) -> str:
        """The key of the record that a row becomes."""
        if not self.mapping.key and not self.mapping.suffix:
            return "nullif(trim(_record), '')"
        return self.identifier(self.mapping.key, self.mapping.suffix)

    def condition(self) -> str:
        """Which rows the mapping takes."""
        conditions = [self._one_of(column, values) for column, values in self.mapping.when]
        if self.mapping.change is not None:
            column, value = self.mapping.change
            conditions.append(self._one_of(column, (value,)))
        return " AND ".join(conditions) or "true"

    def _one_of(self, column: str, values: tuple[str, ...]) -> str:
        """The column is filled, or has one of the values (without regard to case and outer spaces)."""
        cell = f"coalesce(lower(trim({self.text(column)})), '')"
        if not values:
            return f"{cell} <> ''"
        listed = ", ".join(literal(value.strip().lower()) for value in values)
        return f"{cell} IN ({listed})"
