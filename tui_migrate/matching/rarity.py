"""Term frequencies: two records that share a rare name are more likely one person than two Jansens.

What an equal name is worth above or below the average name is log2(average chance of agreement /
frequency of this name), at most three nats either way. It is frozen with the model: the names that
many records carry are listed by a digest, all others count as rare as they are together.
"""

from __future__ import annotations

import math
from typing import TypedDict

import duckdb

#: Field → the dictionary of its values, and the column of ``mt_record`` that holds their number.
DICTIONARIES = {"first_name": ("mt_first", "first"), "family_name": ("mt_family", "family")}
#: A name that fewer records carry is not listed; nor are more names than `MOST_LISTED`.
LISTED_FROM, MOST_LISTED = 10, 5_000
#: In tenths of a bit.
CLIP = round(10 * 3 / math.log(2))


class Rarity(TypedDict):
    """In tenths of a bit: by digest for the listed names, and for every other."""

    listed: dict[str, int]
    other: int


#: One row is one name with the number of records that carry it.
COUNTED_SQL = """
SELECT v.name, count(*) AS records FROM mt_record r JOIN {table} v ON v.code = r.{column}
WHERE v.name IS NOT NULL GROUP BY v.name"""

#: One row is one listed name: its digest and how many records carry it.
LISTED_SQL = """
SELECT {digest} AS digest, records FROM (
    SELECT * FROM ({counted}) WHERE records >= {least} ORDER BY records DESC, name LIMIT {most})
ORDER BY 1"""

#: One row: records that have a name, the sum of the squares of how many share one, the same of names
#: that are not listed.
SUMS_SQL = """
SELECT sum(records), sum(records::HUGEINT * records), count(*) FROM ({counted})"""

RARE_SQL = """
UPDATE {table} SET rare = coalesce(
    (SELECT l.rare FROM mt_rare l WHERE l.digest = {digest}), {other})"""


def fit_rarity(cur: duckdb.DuckDBPyConnection) -> dict[str, Rarity]:
    """How rare the names of the normalised records of this cursor are."""
    found: dict[str, Rarity] = {}
    for field, (table, column) in DICTIONARIES.items():
        counted = COUNTED_SQL.format(table=table, column=column)
        row = cur.execute(SUMS_SQL.format(counted=counted)).fetchall()[0]
        named, squares, names = (int(value or 0) for value in row)
        if not named:
            continue
        select = LISTED_SQL.format(
            digest=_digest(field), counted=counted, least=LISTED_FROM, most=MOST_LISTED
        )
        listed = cur.execute(select).fetchall()
        chance = squares / named**2
        rest = max(1, names - len(listed))
        typical = max(1.0, (named - sum(records for _digest, records in listed)) / rest)
        found[field] = {
            "listed": {digest: _tenths(chance, records / named) for digest, records in listed},
            "other": _tenths(chance, typical / named),
        }
    return found


def use_rarity(cur: duckdb.DuckDBPyConnection, rarity: dict[str, Rarity]) -> None:
    """Give the dictionaries of names a column ``rare``, in tenths of a bit."""
    for field, (table, _column) in DICTIONARIES.items():
        cur.execute(f"ALTER TABLE {table} ADD COLUMN rare TINYINT DEFAULT 0")
        said = rarity.get(field)
        if said is None:
            continue
        cur.execute("CREATE OR REPLACE TEMP TABLE mt_rare(digest VARCHAR, rare TINYINT)")
        digests, rare = list(said["listed"]), list(said["listed"].values())
        cur.execute("INSERT INTO mt_rare SELECT unnest($1), unnest($2)", [digests, rare])
        other = int(said["other"])
        cur.execute(RARE_SQL.format(table=table, digest=_digest(field), other=other))
        cur.execute("DROP TABLE mt_rare")


def _digest(field: str) -> str:
    # The empty first part stands in the digests of models that are frozen.
    return f"left(sha256(concat_ws(chr(31), '', '{field}', name)), 12)"


def _tenths(chance: float, frequency: float) -> int:
    return max(-CLIP, min(CLIP, round(10 * math.log2(chance / frequency))))
