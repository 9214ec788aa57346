"""What was erased of a source, as those who read its deliveries need to know it.

A delivery that an erasure rewrote counts as what was handed over, and its erased lines keep their
place: they are physical rows with the fate ``erased`` and nothing else. Whatever of an erased person
comes again is dropped before it reaches staging, by a rule in SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tui_migrate.staging.store import Cursor, literal, quote

FATE = "erased"
REASON = "erasure"
KEPT = ":kept"
"""Source of an opt-out that is kept of an address alone; no source can be called so."""
WHY_KEPT = "opt-out of an address, kept when somebody who shared it was erased"
"""Its evidence."""
THERE = "flag_there"
"""Begins the names of flags that say nothing by themselves."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A delivered file that erasures rewrote: its hash as delivered, and the lines that are gone."""

    original: str
    lines: frozenset[int]


@dataclass(frozen=True, slots=True)
class RowRule:
    """SQL over the rows of a delivery. ``flags``: name → a condition on a row; ``drop``, over the
    flags: the row is an erased person's. ``blank``: column → over the flags, when its cell is (the
    row tells of another person too)."""

    flags: Mapping[str, str]
    drop: str
    blank: Mapping[str, str] = field(default_factory=dict)

    def flagged(self, relation: str, kept: str) -> str:
        """SELECT of the rows of ``relation`` with a flag: ``kept`` (SQL) and the flags."""
        told = ", ".join(f"coalesce({sql}, false) AS {name}" for name, sql in self.flags.items())
        hits = " OR ".join(name for name in self.flags if not name.startswith(THERE))
        return f"SELECT * FROM (SELECT {kept}, {told} FROM {relation}) WHERE {hits}"


MakeRule = Callable[[Sequence[str], str], RowRule | None]
"""Columns of a file and SQL of the row's own record id → the rule; ``None``: nothing to look for."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What reading a file has to leave out."""

    lines: frozenset[int] = frozenset()
    rule: MakeRule | None = None
    told: str = ""
    """SQL over a column ``raw``: whether a line that cannot be read tells of an erased person."""


NOTHING = Erased()
"""Nobody was erased."""


def settle_rule(erased: Erased, columns: Sequence[str], key: str) -> RowRule | None:
    """The rule for a file with these columns, if there is anything to look for."""
    return erased.rule(columns, key) if erased.rule is not None else None


def without(relation: str, line: str, columns: Sequence[str], rule: RowRule | None) -> str:
    """``relation`` without the rows whose lines stand in ``erased_again``, its cells blanked."""
    if rule is None:
        return relation
    cells = "".join(
        f", CASE WHEN NOT coalesce({rule.blank[c]}, false) THEN r.{quote(c)} END AS {quote(c)}"
        if c in rule.blank
        else f", r.{quote(c)}"
        for c in columns
    )
    return (
        f"(SELECT r.{line}{cells} FROM {relation} r LEFT JOIN erased_flag f ON f.flag_line = r.{line}"
        f" WHERE r.{line} NOT IN (SELECT line FROM erased_again))"
    )


def prepare(cursor: Cursor) -> None:
    """The temporary tables that one reading fills: nothing is found yet."""
    cursor.execute("CREATE OR REPLACE TEMP TABLE erased_again (line BIGINT)")
    cursor.execute("CREATE OR REPLACE TEMP TABLE erased_cell (line BIGINT, cells VARCHAR[])")


def find_again(cursor: Cursor, relation: str, line: str, rule: RowRule) -> int:
    """Gather the lines that the rule drops in the temporary table ``erased_again``, and those of
    which it says anything in ``erased_flag``; how many are dropped. Cells of other rows that it
    blanks and that are filled: in ``erased_cell``."""
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE erased_flag AS "
        + rule.flagged(relation, f"{line}::BIGINT AS flag_line")
    )
    cursor.execute(
        "CREATE OR REPLACE TEMP TABLE erased_again AS"
        f" SELECT flag_line AS line FROM erased_flag WHERE {rule.drop}"
    )
    if rule.blank:
        cells = ", ".join(
            f"CASE WHEN {when} AND trim(r.{quote(name)}::VARCHAR) <> '' THEN {literal(name)} END"
            for name, when in rule.blank.items()
        )
        cursor.execute(
            "INSERT INTO erased_cell SELECT * FROM (SELECT flag_line,"
            f" list_filter([{cells}], lambda c: c IS NOT NULL) AS cells FROM {relation} r"
            f" JOIN erased_flag ON flag_line = r.{line} WHERE NOT ({rule.drop})) WHERE len(cells) > 0"
        )
    found = cursor.execute("SELECT count(*) FROM erased_again").fetchall()
    return int(found[0][0])


# One row is a line of an erased person: gone from the file, or come again in it.
_LINES = """
SELECT DISTINCT line FROM (SELECT unnest($lines::BIGINT[]) AS line UNION ALL FROM erased_again)
ORDER BY line
"""


# One row is what the delivered file still holds: a row that came again, or cells of another.
_UNERASED = """
SELECT DISTINCT $source AS source, $delivery AS delivery, $file AS file, line, cells
FROM (SELECT line, NULL AS cells FROM erased_again UNION ALL FROM erased_cell) ORDER BY line
"""


_THERE = "(source, delivery, file) = ($source, $delivery, $file)"


def _count(cursor: Cursor, relation: str, params: Mapping[str, object] | None = None) -> int:
    return int(cursor.execute(f"SELECT count(*) FROM {relation}", params).fetchall()[0][0])


def append_lines(cursor: Cursor, erased: Erased, place: Mapping[str, object]) -> int:
    """Lines of erased persons: physical rows with a fate, of which nothing else is known; how many.
    ``place``: step, attempt, unit, source, delivery and file. What the file has to lose is noted."""
    there = {name: place[name] for name in ("source", "delivery", "file")}
    if _count(cursor, f"store.unerased WHERE {_THERE}", there):
        cursor.execute(f"DELETE FROM store.unerased WHERE {_THERE}", there)
    again = _count(cursor, "erased_again")
    if again or _count(cursor, "erased_cell"):
        cursor.execute(f"INSERT INTO store.unerased BY NAME {_UNERASED}", there)
    if not erased.lines and not again:
        return 0
    params = {**place, "lines": sorted(erased.lines)}
    head = (
        "SELECT $step AS step, $attempt::INTEGER AS attempt, $unit AS unit, $source AS source, "
        "$delivery AS delivery, $file AS file, line, "
    )
    cursor.execute(
        f"INSERT INTO store.record BY NAME {head}NULL::VARCHAR AS record_id,"
        f" NULL::VARCHAR AS digest FROM ({_LINES})",
        params,
    )
    told = f"'{FATE}' AS fate, '{REASON}' AS reason"
    rows = cursor.execute(
        f"INSERT INTO store.fate BY NAME {head}{told} FROM ({_LINES})", params
    ).fetchall()
    return int(rows[0][0])


def drop_rejected(cursor: Cursor, erased: Erased) -> list[int]:
    """Of the lines in the registered ``rejected_lines``, those that tell of an erased person: they
    join ``erased_again``."""
    if not erased.told:
        return []
    rows = cursor.execute(
        f"SELECT line FROM rejected_lines WHERE {erased.told} ORDER BY 1"
    ).fetchall()
    for (line,) in rows:
        cursor.execute("INSERT INTO erased_again VALUES ($line)", {"line": line})
    return [int(row[0]) for row in rows]
