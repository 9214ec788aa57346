"""Citizen service numbers (BSN) have no business in customer data: a column of them is not taken over.

One in eleven numbers of nine digits passes the eleven test by chance; a column in which most do is
one of citizen service numbers, whatever its header says (Dutch law allows few to process them: art.
46 UAVG).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tui_migrate.mapping.coverage import LOOKED_AT
from tui_migrate.model.types.payment import looks_like_bsn
from tui_migrate.staging.store import Cursor, quote

NAMED = re.compile(
    r"\b(bsn|burgerservice\W?nummer|sofi\W?(nummer|nr)?|citizen service number)\b", re.I
)
FEWEST = 10
"""Different values below which a column tells nothing by its values."""
MOST_BY_CHANCE = 0.5
"""Share of values that pass the eleven test above which it is no chance."""


def citizen_columns(cursor: Cursor, relation: str, columns: Iterable[str]) -> list[str]:
    """Those of the filled ``columns`` of raw rows that hold citizen service numbers, by name or by
    their first values."""
    asked = sorted(set(columns))
    if not asked:
        return []
    first = cursor.sql(
        f"SELECT {', '.join(quote(c) for c in asked)} FROM {relation}"
        f" ORDER BY _delivery, _file, _line LIMIT {LOOKED_AT}"
    ).to_arrow_table()
    return [
        column
        for column in asked
        if NAMED.search(column.replace("_", " ")) or are_bsn(first.column(column).to_pylist())
    ]


def are_bsn(values: Sequence[str | None]) -> bool:
    """Whether most of these cells pass the eleven test, and they are enough to tell."""
    filled = {value.strip() for value in values if value and value.strip()}
    passing = sum(looks_like_bsn(value) for value in filled)
    return len(filled) >= FEWEST and passing > MOST_BY_CHANCE * len(filled)
