"""Cells that name a record: what stands in them, without what a spreadsheet put around it."""

from __future__ import annotations


def key_sql(cell: str) -> str:
    """SQL: the id in a VARCHAR cell without outer spaces; NULL for an empty one.

    Some systems write ``="00123"``, so that a spreadsheet keeps the zeros. That is the id 00123.
    """
    bare = f"trim({cell})"
    return (
        f"nullif(CASE WHEN starts_with({bare}, '=\"') AND ends_with({bare}, '\"')"
        f" AND length({bare}) > 3 THEN trim({bare}[3:-2]) ELSE {bare} END, '')"
    )
