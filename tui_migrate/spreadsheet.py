"""Cells that a spreadsheet would run as a formula are defused, and can be read back exactly.

The rule: a cell that begins with ``=``, ``+``, ``-``, ``@``, tab, carriage return, line feed or one
of the full-width forms ``＝ ＋ － ＠`` gets one apostrophe in front. A cell that is nothing but a
signed number, or telephone numbers with ``; `` between them (``-12,50``, ``+31612345678``: sign,
digits, spaces, ``.`` and ``,``), cannot run and stays as it is. A cell that begins with
apostrophes *followed by* such a character gets one more, so that reading back is exact: take one
apostrophe away from a cell that begins with apostrophes followed by such a character.
``'s-Gravenhage`` and ``'t Hart`` are untouched.
"""

from __future__ import annotations

import re

QUOTE = "'"
_STARTS = "=+-@\t\r\n＝＋－＠"
_START = re.escape(_STARTS)
_DANGER = re.compile(f"'*[{_START}]")
_DEFUSED = re.compile(f"'+[{_START}]")
_NUMBER = re.compile(r"[+-][0-9][0-9 .,]*(?:; \+[0-9][0-9 ]*)*")


def defuse(cell: str) -> str:
    """The cell as it is written into a CSV file."""
    return "'" + cell if _DANGER.match(cell) and not _NUMBER.fullmatch(cell) else cell


def restore(cell: str) -> str:
    """The cell as it was before ``defuse``."""
    return cell[1:] if _DEFUSED.match(cell) else cell


def _sql_text(pattern: re.Pattern[str]) -> str:
    return "'" + pattern.pattern.replace("'", "''") + "'"


def defuse_sql(cell: str) -> str:
    """``defuse`` in DuckDB for the VARCHAR expression ``cell``; NULL stays NULL."""
    danger = _sql_text(re.compile("^" + _DANGER.pattern))
    return (
        f"CASE WHEN unicode({cell}) IN ({_codes(_STARTS + QUOTE)}) THEN"
        f" CASE WHEN regexp_matches({cell}, {danger}) AND NOT regexp_full_match({cell},"
        f" {_sql_text(_NUMBER)}) THEN '''' || {cell} ELSE {cell} END ELSE {cell} END"
    )


def restore_sql(cell: str) -> str:
    """``restore`` in DuckDB for the VARCHAR expression ``cell``; NULL stays NULL."""
    defused = _sql_text(re.compile("^" + _DEFUSED.pattern))
    return (
        f"CASE WHEN unicode({cell}) = {_codes(QUOTE)} THEN CASE WHEN regexp_matches({cell}, {defused})"
        f" THEN substr({cell}, 2) ELSE {cell} END ELSE {cell} END"
    )


def _codes(characters: str) -> str:
    """The characters as code points. Most cells begin with none of them: they cost no pattern, and a
    number is compared in a fifth of the time of a text."""
    return ", ".join(str(ord(c)) for c in characters)
