"""The levels of a pair as one number: few patterns of levels make all pairs.

A pair of records is kept as (a, b, pattern). Whatever depends on levels alone (weights, the guard,
how relatives agree) is worked out once per pattern and not once per pair, so that a table of pairs
stays narrow whatever is compared. Bit 0 says organisation, then come three bits per field, then a
bit per flag.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

#: What the guard must know of a pair beside the levels.
FLAGS = (
    "first_same", "first_formal", "first_unsure", "generations", "email_identifies",
    "email_personal", "email_named", "email_initial", "phone_identifies", "phone_personal",
    "namesakes",
)  # fmt: skip
LEVEL_BITS = 3
MOST_FIELDS = (63 - 1 - len(FLAGS)) // LEVEL_BITS


@dataclass(frozen=True)
class Layout:
    """Where in the number each field stands; `fields` in summing order."""

    fields: tuple[str, ...]

    def packed(self, known: Collection[str]) -> str:
        """SQL for the number, of columns with the names of fields and flags; `known`: those that are
        there, ``kind`` among them."""
        terms = ["(kind = 'organisation')::BIGINT"] if "kind" in known else []
        terms += [
            f"({name}::BIGINT << {self._shift(name)})"
            for name in (*self.fields, *FLAGS)
            if name in known
        ]
        return " | ".join(terms)

    def unpacked(self) -> str:
        """SQL for the columns behind ``pattern``: kind, the fields, the flags."""
        kind = "CASE WHEN pattern & 1 = 1 THEN 'organisation' ELSE 'person' END AS kind"
        mask = (1 << LEVEL_BITS) - 1
        levels = [
            f"((pattern >> {self._shift(name)}) & {mask})::UTINYINT AS {name}"
            for name in self.fields
        ]
        flags = [f"(pattern >> {self._shift(name)}) & 1 = 1 AS {name}" for name in FLAGS]
        return ", ".join([kind, *levels, *flags])

    def view(self, cur: duckdb.DuckDBPyConnection, name: str, table: str) -> None:
        """Make ``name`` show the pairs of ``table`` (a, b, pattern) with a column for each level."""
        cur.execute(
            f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT a, b, {self.unpacked()} FROM {table}"
        )

    def _shift(self, name: str) -> int:
        if name in FLAGS:
            return 1 + LEVEL_BITS * len(self.fields) + FLAGS.index(name)
        return 1 + LEVEL_BITS * self.fields.index(name)
