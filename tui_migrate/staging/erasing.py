"""Staging without a person: a new file, because deleted rows stay readable in the old one.

DuckDB keeps the bytes of deleted and updated rows until a block is written over. So every table is
copied through a SELECT that leaves the rows out.
"""

from __future__ import annotations

import html
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as url_quote
from urllib.parse import quote_plus

from tui_migrate.files import fsync_folder
from tui_migrate.staging.erasure import FATE, KEPT, REASON, WHY_KEPT
from tui_migrate.staging.store import Cursor, columns_of, first, literal, quote

PAIRS = (
    ("source", "record_id"),
    ("owner_source", "owner_record"),
    ("other_source", "other_record"),
    ("source_a", "record_a"),
    ("source_b", "record_b"),
    ("founder_source", "founder_record"),
    ("organisation_source", "organisation_record"),
    ("source_system", "record_id"),
)
"""Columns that name a record."""
PLACES = ("source", "delivery", "file", "line")
_KEPT = frozenset({"record", "fate", "marker", "attempt", "live_attempt", "identity"})
"""Tables of which no row is a person's alone; the first two are treated apart."""
_FORGOTTEN = "match_kept"
"""Tables that begin so are not copied: digests of everybody's values. The next match makes them anew."""
_CHUNK = 1 << 20
_NUMBER = re.compile(r"\+[0-9]{9,15}")
_BETWEEN = r"[\s()./-]*"


@dataclass(frozen=True, slots=True)
class Leaving:
    """Who leaves: his profile, records, physical lines, blanked cells of others' lines, and values
    that are his alone."""

    profile_id: str
    records: Sequence[tuple[str, str]]
    lines: Sequence[tuple[str, str, str, int]]
    cells: Sequence[tuple[str, str, str, int, Sequence[str]]]
    words: Sequence[str]
    kept: Sequence[tuple[str, str, str, str]] = ()
    """His records whose opt-out of an address stays for others: source, record_id, address, and the
    id that stands in their place."""
    entries: Sequence[tuple[str, str, str, str, str, str, str, str | None]] = ()
    """Entries of the suppression list that stay by somebody else's row: key, and the record of his that
    they named (two cells); profile, record (two), reason and time that they get."""


def pattern(words: Sequence[str]) -> str:
    """A regular expression for any of the words, as whole words, whatever their case; matches
    nothing without words. Understood by Python and DuckDB alike."""
    if not words:
        return "[^\\s\\S]"
    listed = "|".join(re.escape(word) for word in words)
    return f"(?i)(^|[^\\w])({listed})($|[^\\w])"


def spelled(words: Sequence[str]) -> re.Pattern[str]:
    """Finds any of the words as a whole word in what people write and programs pack: over a line's
    end, with signs written as references (HTML, JSON, links), numbers in any grouping."""
    listed = "|".join(dict.fromkeys(form for word in words for form in _forms(word)))
    return re.compile(f"(?i)(?<!\\w)(?:{listed})(?!\\w)" if listed else "[^\\s\\S]")


def _forms(word: str) -> Iterator[str]:
    """Regular expressions for one word. A number goes without its country's code (of two digits) too."""
    if _NUMBER.fullmatch(word):
        code, rest = word[1:3], _BETWEEN.join(word[3:])
        yield rf"(?:\+|00)?{_BETWEEN.join(code)}{_BETWEEN}(?:\(0\))?{_BETWEEN}{rest}"
        yield rf"\(?0{_BETWEEN}{rest}"
        return
    told = {word, unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word)}
    told |= {html.escape(word), html.escape(word).replace("&#x27;", "&#39;")}
    told |= {html.escape(word, quote=False), json.dumps(word)[1:-1]}
    told |= {quote_plus(word), url_quote(word, safe="")}
    for form in sorted(told):
        yield r"\s+".join(re.escape(part) for part in form.split())


# One row is a profile that stays and of whom a row that stays says the same, or one of his that stays
# of the address alone.
_SHARE = """
SELECT t.source, t.record_id, t.contact_point, t.profile_id FROM store.{table} t
ANTI JOIN leave_profile USING (profile_id)
LEFT JOIN leave_kept k ON (k.source, k.record_id, k.point) = (t.source, t.record_id, t.contact_point)
WHERE t.profile_id <> '' AND t.contact_point IS NOT NULL AND (k.id IS NOT NULL
  OR (t.source, t.record_id) NOT IN (SELECT (source, record_id) FROM leave_record)
    AND NOT EXISTS (SELECT 1 FROM leave_line l WHERE (l.source, l.delivery, l.file, l.line)
      = (t.source, t.delivery, t.file, t.line)))
"""
# One row is the ledger unit whose rows count: what stays of an address alone stands there, since other
# steps that are done again take their own rows away.
_LEDGER = """
SELECT step, attempt, unit FROM store.marker SEMI JOIN store.live_attempt USING (step, attempt)
WHERE unit = 'ledger' ORDER BY ALL LIMIT 1
"""
# One row is an opt-out or suppression that silences somebody who stays, of the address alone.
_OF_ADDRESS = """
SELECT DISTINCT t.* REPLACE (coalesce(h.step, t.step) AS step, coalesce(h.attempt, t.attempt) AS attempt,
  coalesce(h.unit, t.unit) AS unit, '{source}' AS source, k.id AS record_id, NULL AS delivery,
  NULL AS file, NULL AS line, '{why}' AS evidence{more})
FROM {table} t SEMI JOIN store.live_attempt USING (step, attempt)
JOIN leave_kept k ON (k.source, k.record_id, k.point) = (t.source, t.record_id, t.contact_point)
ANTI JOIN leave_profile USING (profile_id) LEFT JOIN ({ledger}) h ON true
WHERE t.profile_id <> ''{where}
"""
# One row is an entry of the suppression list as it stays.
_ENTRIES = """
SELECT t.* REPLACE (
  CASE WHEN n.record_key IS NOT NULL THEN n.profile_id
       WHEN t.profile_id IN (FROM leave_profile) THEN coalesce(s.profile_id, t.profile_id)
       ELSE t.profile_id END AS profile_id,
  CASE WHEN k.id IS NOT NULL THEN '{kept}' ELSE coalesce(n.source, t.source_system) END
    AS source_system,
  coalesce(k.id, n.record_id, t.record_id) AS record_id,
  CASE WHEN n.record_key IS NULL THEN t.reason ELSE n.reason END AS reason,
  CASE WHEN n.record_key IS NULL THEN t.event_at ELSE n.event_at END AS event_at)
FROM {table} t LEFT JOIN leave_share s USING (record_key)
LEFT JOIN leave_kept k
  ON (k.source, k.record_id, k.point) = (t.source_system, t.record_id, t.contact_point)
LEFT JOIN leave_entry n
  ON (n.record_key, n.was_source, n.was_record) = (t.record_key, t.source_system, t.record_id)
"""
_MORE = {
    "consent_event": (
        ", NULL AS recorded_at, NULL AS campaign", " AND t.state IN ('refused', 'withdrawn')",
    ),
    "suppression": ("", ""),
}  # fmt: skip
# One row is an entry of the suppression list that stands under a profile that leaves and stays for
# another: its address or number is shared.
_SHARES = """
SELECT l.record_key, min(s.profile_id) AS profile_id FROM store.suppression_list l
SEMI JOIN leave_profile USING (profile_id)
JOIN ({shares}) s ON l.source_system = s.source AND l.record_id = s.record_id
  AND l.contact_point = s.contact_point
GROUP BY l.record_key
"""


def copy_without(cursor: Cursor, path: Path, leaving: Leaving, profiles: Sequence[str] = ()) -> int:
    """Write staging without the person (and these profiles) to ``path`` (a new file); rows left out."""
    _register(cursor, leaving, profiles)
    for old in (path, path.with_name(path.name + ".wal")):
        old.unlink(missing_ok=True)
    cursor.execute(f"ATTACH {literal(str(path))} AS erased_copy")
    try:
        cursor.execute("CREATE SCHEMA erased_copy.store")
        tables = cursor.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'"
            " AND database_name = current_database() ORDER BY 1"
        ).fetchall()
        gone = 0
        for (name,) in tables:
            if str(name).startswith(_FORGOTTEN):
                continue
            select = _select(cursor, str(name), leaving)
            at = f"erased_copy.store.{quote(name)}"
            cursor.execute(f"CREATE TABLE {at} AS {select}")
            before = first(cursor, f"SELECT count(*) FROM store.{quote(name)}")
            after = first(cursor, f"SELECT count(*) FROM {at}")
            gone += int(before[0]) - int(after[0]) if name not in _KEPT else 0
        cursor.execute("CHECKPOINT erased_copy")
    finally:
        cursor.execute("DETACH erased_copy")
    path.chmod(0o600)
    return gone


def _register(cursor: Cursor, leaving: Leaving, profiles: Sequence[str]) -> None:
    """Tables ``leave_…`` of who leaves, which the statements below read."""
    line = "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT"
    names = [[name] for name in (leaving.profile_id, *profiles) if name]
    _fill(cursor, "leave_profile", "profile_id VARCHAR", names)
    _fill(cursor, "leave_record", "source VARCHAR, record_id VARCHAR", leaving.records)
    _fill(cursor, "leave_line", line, leaving.lines)
    _fill(cursor, "leave_cell", f"{line}, cells VARCHAR[]", leaving.cells)
    _fill(
        cursor,
        "leave_kept",
        "source VARCHAR, record_id VARCHAR, point VARCHAR, id VARCHAR",
        leaving.kept,
    )
    _fill(
        cursor,
        "leave_entry",
        "record_key VARCHAR, was_source VARCHAR, was_record VARCHAR, profile_id VARCHAR,"
        " source VARCHAR, record_id VARCHAR, reason VARCHAR, event_at TIMESTAMP",
        leaving.entries,
    )
    _register_keys(cursor)


def _fill(cursor: Cursor, name: str, columns: str, rows: Iterable[Sequence[object]]) -> None:
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
    for row in rows:
        marks = ", ".join("?" for _cell in row)
        cursor.execute(f"INSERT INTO {name} VALUES ({marks})", list(row))


def _register_keys(cursor: Cursor) -> None:
    """``leave_key``: the entries of the suppression list and the changes that leave; ``leave_share``:
    the entries that stay since they are somebody else's too."""
    cursor.execute("CREATE OR REPLACE TEMP TABLE leave_key (record_key VARCHAR)")
    known = {
        str(row[0])
        for row in cursor.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'store'"
        ).fetchall()
    }
    for name, source in (("suppression_list", "source_system"), ("consent_change", "source")):
        if name in known:
            cursor.execute(
                f"INSERT INTO leave_key SELECT record_key FROM store.{name} t"
                " WHERE profile_id IN (FROM leave_profile)"
                f" OR ({source}, record_id) IN (SELECT (source, record_id) FROM leave_record)"
            )
    shares = " UNION ALL ".join(
        _SHARE.format(table=table)
        for table in ("suppression", "consent_event")
        if table in known and "suppression_list" in known
    )
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE leave_share AS {_SHARES.format(shares=shares)}"
        if shares
        else "CREATE OR REPLACE TEMP TABLE leave_share (record_key VARCHAR, profile_id VARCHAR)"
    )
    cursor.execute("DELETE FROM leave_key WHERE record_key IN (SELECT record_key FROM leave_share)")
    cursor.execute("DELETE FROM leave_key WHERE record_key IN (SELECT record_key FROM leave_entry)")
    if "suppression_list" in known:
        cursor.execute(
            "DELETE FROM leave_key WHERE record_key IN (SELECT record_key"
            " FROM store.suppression_list l JOIN leave_kept k ON (k.source, k.record_id, k.point)"
            " = (l.source_system, l.record_id, l.contact_point))"
        )


def _select(cursor: Cursor, name: str, leaving: Leaving) -> str:
    """The rows of one table that stay, as they stay."""
    table = at = f"store.{quote(name)}"
    columns = columns_of(cursor, table)
    if name == "record":
        return (
            "SELECT t.* REPLACE (CASE WHEN e.line IS NULL THEN t.record_id END AS record_id,"
            f" CASE WHEN e.line IS NULL THEN t.digest END AS digest) FROM {table} t"
            f" LEFT JOIN leave_line e USING ({', '.join(PLACES)})"
        )
    if name == "fate":
        places = ", ".join(PLACES)
        return (
            f"SELECT t.* FROM {table} t ANTI JOIN leave_line USING ({places})"
            f" UNION ALL BY NAME SELECT r.step, r.attempt, r.unit, {places}, '{FATE}' AS fate,"
            f" '{REASON}' AS reason FROM store.record r SEMI JOIN leave_line USING ({places})"
        )
    if name in _KEPT:
        return f"FROM {table}"
    if name.startswith("raw_"):
        return _raw(name, table, columns)
    joins: list[str] = []
    for source, record in PAIRS:
        other = source == "source" and "source_system" in columns
        if source in columns and record in columns and not other:
            joins.append(
                f"ANTI JOIN leave_record e{len(joins)} ON t.{source} = e{len(joins)}.source"
                f" AND t.{record} = e{len(joins)}.record_id"
            )
    if set(PLACES) <= set(columns):
        same = " AND ".join(f"t.{c} = p.{c}" for c in PLACES)
        joins.append(f"ANTI JOIN leave_line p ON {same}")
    if name in ("suppression_list", "consent_state"):
        table = _renamed(name, table)
    if "profile_id" in columns:
        joins.append("ANTI JOIN leave_profile q ON t.profile_id = q.profile_id")
    if "record_key" in columns:
        joins.append("ANTI JOIN leave_key k ON t.record_key = k.record_key")
    cells = _cells(cursor, at, leaving.words)
    select = f"SELECT {cells} FROM {table} t {' '.join(joins)}"
    if name in _MORE and leaving.kept:
        more, where = _MORE[name]
        kept = _OF_ADDRESS.format(
            table=at, source=KEPT, why=WHY_KEPT, ledger=_LEDGER, more=more, where=where
        )
        select += f" UNION ALL BY NAME SELECT {cells} FROM ({kept}) t"
    return select


def _renamed(name: str, table: str) -> str:
    """States and entries that stay though a record of his decides them: what stays of it stands in its
    place. An entry that stands under him stands under who shares the address."""
    if name == "suppression_list":
        return f"({_ENTRIES.format(table=table, kept=KEPT)})"
    return (
        f"(SELECT t.* REPLACE (CASE WHEN k.id IS NULL THEN t.source ELSE '{WHY_KEPT}' END AS source,"
        " CASE WHEN k.id IS NULL THEN t.campaign END AS campaign,"
        f" CASE WHEN k.id IS NULL THEN t.source_system ELSE '{KEPT}' END AS source_system,"
        f" coalesce(k.id, t.record_id) AS record_id) FROM {table} t LEFT JOIN (SELECT source,"
        " record_id, min(id) AS id FROM leave_kept GROUP BY ALL) k"
        " ON (k.source, k.record_id) = (t.source_system, t.record_id) AND t.status = 'opt-out')"
    )


def _raw(name: str, table: str, columns: Sequence[str]) -> str:
    place = (
        f" ON {{at}}.source = {literal(name.removeprefix('raw_'))} AND {{at}}.delivery = t._delivery"
        " AND {at}.file = t._file AND {at}.line = t._line"
    )
    cells = [
        quote(c)
        if c.startswith("_") or c in ("step", "attempt", "unit")
        else f"CASE WHEN list_contains(c.cells, {literal(c)}) THEN NULL ELSE t.{quote(c)} END"
        f" AS {quote(c)}"
        for c in columns
    ]
    return (
        f"SELECT {', '.join(cells)} FROM {table} t ANTI JOIN leave_line l{place.format(at='l')}"
        f" LEFT JOIN leave_cell c{place.format(at='c')}"
    )


def _cells(cursor: Cursor, table: str, words: Sequence[str]) -> str:
    """The columns, texts without the person's own values where they stand in somebody else's row."""
    if not words:
        return "t.*"
    expression = literal(pattern(words))
    changed = []
    for name, sql_type, *_rest in cursor.execute(f"DESCRIBE {table}").fetchall():
        column = f"t.{quote(name)}"
        if name in ("step", "attempt", "unit", "source", "field", "rule", "entity"):
            continue
        if sql_type == "VARCHAR":
            changed.append(
                f"CASE WHEN regexp_matches({column}, {expression}) THEN NULL ELSE {column} END"
                f" AS {quote(name)}"
            )
        elif sql_type == "VARCHAR[]":
            changed.append(
                f"list_filter({column}, lambda v: NOT coalesce(regexp_matches(v, {expression}),"
                f" false)) AS {quote(name)}"
            )
    return f"t.* REPLACE ({', '.join(changed)})" if changed else "t.*"


@contextmanager
def replacing(path: Path) -> Iterator[None]:
    """When the block has put another file in the place of ``path``, write zeros over the old one."""
    old = os.open(path, os.O_WRONLY) if path.is_file() else None
    try:
        yield
        if old is not None and (not path.exists() or path.stat().st_ino != os.fstat(old).st_ino):
            _zero(old)
    finally:
        if old is not None:
            os.close(old)


def destroy(path: Path) -> bool:
    """Write zeros over a file, and take it away. Whether it was there. (On disks that write
    elsewhere the old blocks are out of reach.)"""
    if not path.is_file() or path.is_symlink():
        if path.is_symlink():
            path.unlink()
        return False
    handle = os.open(path, os.O_WRONLY)
    try:
        _zero(handle)
    finally:
        os.close(handle)
    path.unlink()
    fsync_folder(path.parent)
    return True


def _zero(handle: int) -> None:
    left = os.fstat(handle).st_size
    while left > 0:
        left -= os.write(handle, b"\0" * min(_CHUNK, left))
    os.fsync(handle)
