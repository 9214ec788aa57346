"""Which values are one person's alone: what is looked for wherever staging does not lead."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Table
from typing import Any

from tui_migrate.mapping.mapped import TRANSLATED
from tui_migrate.mapping.model import Mapping
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

SHORTEST = 5
"""Characters; a shorter value stands in too many places to tell of one person."""
LOCAL = 8
"""Characters; a shorter first half of an address, or one of letters only, may be any word."""
NO_CELLS = frozenset(
    {"step", "attempt", "unit", "_delivery", "_file", "_line", "_record", "_digest"}
)
"""Columns of a staged delivery that are no cells of it."""
_DAY = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([T ].*)?$"

# One row is a name that is his alone, family name first.
_TURNED = """
INSERT INTO erase_word
WITH name AS (
  SELECT DISTINCT first_name AS first, prefix, family_name AS family,
    concat_ws(' ', first_name, prefix, family_name) AS said
  FROM store.ent_profile SEMI JOIN erase_record USING (source, record_id)
  WHERE first_name <> '' AND family_name <> '')
SELECT unnest([
  concat_ws(' ', family || ',', first, prefix), concat_ws(' ', family, first, prefix),
  concat_ws(' ', prefix, family || ',', first)]) FROM name SEMI JOIN erase_word ON said = word
"""


class Words:
    """Looks among the cells of the rows that are being erased (``erase_record``, ``erase_line``,
    ``erase_cell``)."""

    def __init__(
        self,
        cursor: Cursor,
        sources: Iterable[str],
        mappings: Table[str, tuple[Mapping, ...]],
        tables: list[str],
    ) -> None:
        """``tables``: those that staging has."""
        self._cursor, self._tables = cursor, tables
        self._sources, self._mappings = tuple(sources), mappings

    def find(self, profile_id: str, points: list[tuple[str, str]]) -> list[str]:
        """Cell values of the person that no cell of anybody else has, and his name turned round."""
        cursor = self._cursor
        cursor.execute("CREATE OR REPLACE TEMP TABLE erase_word (word VARCHAR)")
        for source in self._sources:
            if f"raw_{source}" in self._tables:
                self._raw_words(source)
        for table, owner in (("ent_profile", "SEMI JOIN erase_record USING (source, record_id)"),
                             ("profile", f"WHERE profile_id = {literal(profile_id)}")):  # fmt: skip
            if table in self._tables:
                self._typed_words(table, owner)
        if profile_id:
            cursor.execute("INSERT INTO erase_word VALUES ($id)", {"id": profile_id})
        for channel, value in points:
            local = value.partition("@")[0]
            if channel == "email" and len(local) >= LOCAL and not local.isalpha():
                cursor.execute("INSERT INTO erase_word VALUES ($w)", {"w": local})
        self._leaves()
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_word AS SELECT DISTINCT trim(word) AS word"
            f" FROM erase_word WHERE length(trim(word)) >= {SHORTEST}"
            f" AND NOT regexp_matches(trim(word), '{_DAY}')"
            " AND (length(trim(word)) > 6 OR NOT regexp_full_match(trim(word), '[-+0-9., ]+'))"
        )
        for table, cells in self._others():
            for cell in cells:
                cursor.execute(
                    "DELETE FROM erase_word WHERE word IN (SELECT w.word FROM erase_word w JOIN"
                    f" (SELECT DISTINCT {cell} AS said FROM {table}) o"
                    " ON contains(lower(o.said), lower(w.word)))"
                )
        if "ent_profile" in self._tables:
            cursor.execute(_TURNED)
        rows = cursor.execute(
            "SELECT DISTINCT word FROM erase_word ORDER BY length(word) DESC, word"
        ).fetchall()
        return [str(row[0]) for row in rows]

    def _leaves(self) -> None:
        """Cells that hold JSON (the lines of an order) are taken apart."""
        rows = self._cursor.execute(
            "SELECT DISTINCT word FROM erase_word WHERE regexp_matches(word, '^\\s*[\\[{]')"
        ).fetchall()
        found: list[str] = []
        for (text,) in rows:
            with contextlib.suppress(ValueError, RecursionError):
                found += _strings(json.loads(text))
        for word in found:
            self._cursor.execute("INSERT INTO erase_word VALUES ($w)", {"w": word})

    def _raw_words(self, source: str) -> None:
        table = f"store.{quote(f'raw_{source}')}"
        codes = _codes(self._mappings.get(source, ()))
        columns = [c for c in columns_of(self._cursor, table) if c not in NO_CELLS | codes]
        place = (
            f" AND l.source = {literal(source)} AND l.delivery = r._delivery AND l.file = r._file"
            " AND l.line = r._line"
        )
        for name in columns:
            cell = f"r.{quote(name)}"
            self._cursor.execute(
                f"INSERT INTO erase_word SELECT {cell} FROM {table} r SEMI JOIN erase_line l"
                f" ON true{place} WHERE {cell} IS NOT NULL UNION ALL SELECT {cell} FROM {table} r"
                f" JOIN erase_cell l ON list_contains(l.cells, {literal(name)}){place}"
                f" WHERE {cell} IS NOT NULL"
            )

    def _typed_words(self, table: str, owner: str) -> None:
        types = self._cursor.execute(f"DESCRIBE store.{table}").fetchall()
        skip = {"step", "attempt", "unit", "source", "delivery", "file", "kind", "brand"}
        skip |= {"category", "status", "salutation", "gender", "language", "country"}
        for name, sql_type, *_rest in types:
            if name not in skip and sql_type in ("VARCHAR", "VARCHAR[]"):
                cell = f"unnest({quote(name)})" if sql_type == "VARCHAR[]" else quote(name)
                self._cursor.execute(
                    f"INSERT INTO erase_word SELECT {cell} FROM store.{table} {owner}"
                )
        self._cursor.execute(
            "INSERT INTO erase_word SELECT concat_ws(' ', first_name, prefix, family_name)"
            f" FROM store.{table} {owner}"
            f" {'AND' if 'WHERE' in owner else 'WHERE'} first_name <> '' AND family_name <> ''"
        )

    def _others(self) -> list[tuple[str, list[str]]]:
        """Relations of what stays, each with SQL of its cells."""
        found: list[tuple[str, list[str]]] = []
        for source in self._sources:
            if f"raw_{source}" not in self._tables:
                continue
            table = f"store.{quote(f'raw_{source}')}"
            columns = [c for c in columns_of(self._cursor, table) if c not in NO_CELLS]
            relation = (
                f"(SELECT r.*, coalesce(c.cells, []) AS _gone FROM {table} r ANTI JOIN erase_line l"
                f" ON l.source = {literal(source)} AND l.delivery = r._delivery"
                " AND l.file = r._file AND l.line = r._line LEFT JOIN erase_cell c"
                f" ON c.source = {literal(source)} AND c.delivery = r._delivery"
                " AND c.file = r._file AND c.line = r._line)"
            )
            cells = [
                f"CASE WHEN NOT list_contains(_gone, {literal(c)}) THEN {quote(c)} END"
                for c in columns
            ]
            found.append((relation, cells))
        if "ent_profile" in self._tables:
            types = self._cursor.execute("DESCRIBE store.ent_profile").fetchall()
            skip = {"step", "attempt", "unit", "delivery", "file"}
            relation = "(FROM store.ent_profile ANTI JOIN erase_record USING (source, record_id))"
            names = [n for n, kind, *_rest in types if n not in skip and kind == "VARCHAR"]
            whole = "concat_ws(' ', first_name, prefix, family_name)"
            found.append((relation, [*map(quote, names), whole, "unnest(email)", "unnest(phone)"]))
        return found


def _codes(mappings: Iterable[Mapping]) -> set[str]:
    """Columns that hold words of a list: they tell of nobody, however seldom they are."""
    found = set()
    for mapping in mappings:
        found |= {column for column, _values in mapping.when}
        found |= {mapping.change[0]} if mapping.change is not None else set()
        for field in mapping.fields:
            if field.codes is not None or field.type.name in TRANSLATED:
                found |= set(field.columns)
    return found


def _strings(node: Any) -> Iterator[str]:
    """The texts in a piece of JSON."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _strings(inner)
