"""Everything that staging knows of one person: which rows, which lines of which files, which words."""

from __future__ import annotations

from collections.abc import Mapping as Table
from pathlib import Path

from tui_migrate.audit.kept import OptOut
from tui_migrate.audit.tombstones import (
    Tombstones,
    loose_key_sql,
    loose_point_sql,
    loose_sql,
    point_sql,
)
from tui_migrate.audit.vault import pseudonym
from tui_migrate.files import sha256_file
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.addresses import folded_sql
from tui_migrate.staging.deliveries import find_deliveries
from tui_migrate.staging.erasure import KEPT
from tui_migrate.staging.store import Cursor, columns_of, literal, quote
from tui_migrate.staging.superseded import drop_superseded
from tui_migrate.steps.erased_rows import Rows
from tui_migrate.steps.erasing_kept import Finder
from tui_migrate.steps.erasing_plan import FileLines, Plan
from tui_migrate.steps.erasing_words import NO_CELLS, Words

# One row is a physical row of which a mapped row, or a fact about a consent, is the person's. One that
# named a profile which has come apart since is of each part: it stays as long as one of them does.
_ENT_LINES = """
SELECT t.source, t.delivery, t.file, t.line FROM store.{table} t
SEMI JOIN erase_record e ON t.{source} = e.source AND t.{record} = e.record_id
ANTI JOIN (
  SELECT o.* FROM store.{table} o
  ANTI JOIN erase_record g ON o.{source} = g.source AND o.{record} = g.record_id) x
ON x.source = t.source AND x.delivery = t.delivery AND x.file = t.file AND x.line = t.line
  AND x.record_id = t.record_id AND x.child_no IS NOT DISTINCT FROM t.child_no
"""
# One row is a physical row that is a fact about the person and nobody else. An opt-out that only names
# an address silences all who share it: it stays as long as one of them does.
_PROFILE_LINES = """
SELECT source, delivery, file, line FROM store.{table} GROUP BY ALL
HAVING bool_or(profile_id = $profile) AND NOT bool_or(coalesce(profile_id, '') NOT IN ('', $profile))
"""

# One row is a physical row with the record that it is about, of the person or of somebody else.
_OWNERS = """
SELECT DISTINCT source, delivery, file, line, record_id FROM store.ent_profile
ANTI JOIN erase_record USING (source, record_id)
"""

# One row is a key of the person, hashed as it may come again. A key that differs from somebody else's
# in letters only is left out: his system tells them apart.
_LOOSE = """
WITH said AS (
  SELECT source, {bare} AS bare FROM (
    SELECT source, record_id FROM store.record UNION SELECT source, record_id FROM store.record_key)
  ANTI JOIN erase_record USING (source, record_id))
SELECT DISTINCT {hashed} FROM (
  SELECT *, {bare} AS bare FROM erase_record) ANTI JOIN said USING (source, bare)
WHERE bare IS NOT NULL ORDER BY 1
"""


class Planner:
    """Gathers all that belongs to the records of one person."""

    def __init__(
        self,
        cursor: Cursor,
        workspace: Path,
        runbook: Runbook,
        mappings: Table[str, tuple[Mapping, ...]],
        key: bytes,
        known: Tombstones | None = None,
        kept: Table[str, OptOut] | None = None,
    ) -> None:
        """``known``: who was erased before, and is looked for too; ``kept``: opt-outs that were kept
        then."""
        self._kept = kept or {}
        self._known = known or Tombstones(key)
        self._cursor, self._workspace = cursor, workspace
        self._runbook, self._mappings, self._key = runbook, mappings, key
        rows = cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'store'"
            " AND table_catalog = current_database() ORDER BY 1"
        ).fetchall()
        self.tables = [str(row[0]) for row in rows]

    def plan(self, command: str, profile_id: str, records: list[tuple[str, str]]) -> Plan:
        """The plan for the person with these records (the first is the founding one)."""
        cursor = self._cursor
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_record (source VARCHAR, record_id VARCHAR)"
        )
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_line"
            " (source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT)"
        )
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_cell (source VARCHAR, delivery VARCHAR,"
            " file VARCHAR, line BIGINT, cells VARCHAR[])"
        )
        self._add_records(records)
        points = self._points(profile_id)
        stones = [self._hash(*point) for point in points]
        drop_superseded(cursor)
        before = -1
        while before < (before := self._size()):
            self._gather(frozenset(stones), profile_id)
        words = Words(cursor, self._runbook.sources, self._mappings, self.tables).find(
            profile_id, points
        )
        self._rejected(words)
        finder = Finder(cursor, self._workspace, self._runbook, self._mappings, self.tables)
        kept = finder.find(profile_id, self._kept)
        self._add_records([(KEPT, gone) for gone in kept.gone])
        found = [
            (str(s), str(r))
            for s, r in cursor.execute("SELECT * FROM erase_record ORDER BY ALL").fetchall()
        ]
        return Plan(
            command=command,
            profile_id=profile_id,
            founder=pseudonym(self._key, *records[0]) if records else "",
            records=found,
            pseudonyms=sorted(pseudonym(self._key, *record) for record in found),
            points=points,
            stones=sorted(stones),
            loose=[*self._loose(), *self._loose_points(points)],
            words=words,
            files=self._files(),
            kept=kept,
        )

    # Which rows.

    def _add_records(self, records: list[tuple[str, str]]) -> None:
        for source, record in records:
            self._cursor.execute(
                "INSERT INTO erase_record VALUES ($s, $r)", {"s": source, "r": record}
            )

    def _size(self) -> int:
        rows = self._cursor.execute(
            "SELECT (SELECT count(*) FROM erase_record) + (SELECT count(*) FROM erase_line)"
        ).fetchall()
        return int(rows[0][0])

    def _gather(self, stones: frozenset[str], profile_id: str) -> None:
        """One round: the rows that the records lead to, and the records of those rows."""
        cursor = self._cursor
        known = cursor.execute("SELECT * FROM erase_record").fetchall()
        records = frozenset(pseudonym(self._key, str(s), str(r)) for s, r in known)
        tombs = Tombstones(self._key, records | self._known.records, stones | self._known.points)
        for source, spec in self._runbook.sources.items():
            if f"raw_{source}" in self.tables:
                rows = Rows(source, spec, self._mappings.get(source, ()), tombs)
                self._raw_lines(source, rows)
        self._mapped_lines(profile_id)
        cursor.execute(
            "INSERT INTO erase_record SELECT DISTINCT r.source, r.record_id FROM store.record r"
            " SEMI JOIN erase_line USING (source, delivery, file, line)"
            " ANTI JOIN erase_record e ON e.source = r.source AND e.record_id = r.record_id"
            " WHERE r.record_id IS NOT NULL"
        )
        self._add_lines(
            "SELECT r.source, r.delivery, r.file, r.line FROM store.record r"
            " SEMI JOIN erase_record USING (source, record_id)"
            " ANTI JOIN erase_cell c ON c.source = r.source AND c.delivery = r.delivery"
            " AND c.file = r.file AND c.line = r.line"
        )

    def _add_lines(self, select: str, params: dict[str, str] | None = None) -> None:
        self._cursor.execute(
            f"INSERT INTO erase_line SELECT DISTINCT * FROM ({select}) n"
            " ANTI JOIN erase_line USING (source, delivery, file, line)",
            params or {},
        )

    def _raw_lines(self, source: str, rows: Rows) -> None:
        cursor, table = self._cursor, f"store.{quote(f'raw_{source}')}"
        columns = [c for c in columns_of(cursor, table) if c not in NO_CELLS]
        rule = rows.rule(columns, '"_record"')
        cursor.execute(
            "CREATE OR REPLACE TEMP TABLE erase_flag AS SELECT DISTINCT * FROM ("
            + rule.flagged(table, "_delivery AS delivery, _file AS file, _line AS line")
            + ")"
        )
        place = f"{literal(source)} AS source, delivery, file, line"
        self._add_lines(f"SELECT {place} FROM erase_flag WHERE {rule.drop}")
        if rule.blank:
            cells = ", ".join(
                f"CASE WHEN {when} THEN {literal(name)} END" for name, when in rule.blank.items()
            )
            cursor.execute(f"DELETE FROM erase_cell WHERE source = {literal(source)}")
            cursor.execute(
                f"INSERT INTO erase_cell SELECT * FROM (SELECT {place},"
                f" list_filter([{cells}], lambda c: c IS NOT NULL) AS cells FROM erase_flag)"
                " WHERE len(cells) > 0"
            )

    def _mapped_lines(self, profile_id: str) -> None:
        """Rows that were found to be his by an address, a number, or as a fact about him."""
        selects = [
            _ENT_LINES.format(table=quote(t), source="owner_source", record="owner_record")
            for t in self.tables
            if t.startswith("ent_") and "owner_source" in self._columns(t)
        ]
        if profile_id:
            selects += [_PROFILE_LINES.format(table=t) for t in ("consent_event", "suppression")]
        others = (
            _OWNERS
            if "ent_profile" in self.tables
            else ("SELECT source, delivery, file, line FROM erase_line WHERE false")
        )
        for select in selects:
            self._add_lines(
                f"SELECT s.* FROM ({select}) s ANTI JOIN ({others}) o"
                " USING (source, delivery, file, line) WHERE s.line IS NOT NULL",
                {"profile": profile_id} if "$profile" in select else None,
            )

    def _columns(self, table: str) -> list[str]:
        return columns_of(self._cursor, f"store.{quote(table)}")

    def _loose(self) -> list[str]:
        """Keyed hashes of his keys in other letters, as far as nobody else has the same."""
        found = self._cursor.execute(
            _LOOSE.format(
                hashed=loose_sql(self._key, "source", "record_id"),
                bare=loose_key_sql("record_id"),
            )
        ).fetchall()
        return [str(row[0]) for row in found]

    def _loose_points(self, points: list[tuple[str, str]]) -> list[str]:
        """Keyed hashes of his addresses as they may be written otherwise, likewise."""
        listed = ", ".join(f"({literal(v)})" for channel, v in points if channel == "email")
        if not listed:
            return []
        rows = self._cursor.execute(
            f"""WITH his AS (
              SELECT value, {folded_sql("value")} AS folded FROM (VALUES {listed}) v(value))
            SELECT DISTINCT {loose_point_sql(self._key, "value")} FROM his
            WHERE folded NOT IN (
              SELECT {folded_sql("value")} FROM (
                SELECT source, record_id, unnest(email) AS value FROM store.ent_profile)
              ANTI JOIN erase_record USING (source, record_id) WHERE value IS NOT NULL)
            ORDER BY 1"""
        ).fetchall()
        return [str(row[0]) for row in rows]

    # Which words.

    def _points(self, profile_id: str) -> list[tuple[str, str]]:
        """His e-mail addresses and telephone numbers that nobody else has."""
        if "ent_profile" not in self.tables:
            return []
        found: list[tuple[str, str]] = []
        for channel in ("email", "phone"):
            rows = self._cursor.execute(
                f"WITH said AS (SELECT source, record_id, unnest({channel}) AS value"
                f" FROM store.ent_profile)"
                " SELECT DISTINCT value FROM said SEMI JOIN erase_record USING (source, record_id)"
                " WHERE value <> '' AND lower(value) NOT IN (SELECT lower(value) FROM said"
                " ANTI JOIN erase_record USING (source, record_id) WHERE value IS NOT NULL)"
                " ORDER BY 1"
            ).fetchall()
            found += [(channel, str(row[0])) for row in rows]
        return found

    def _hash(self, channel: str, value: str) -> str:
        rows = self._cursor.execute(
            f"SELECT {point_sql(self._key, channel, literal(value))}"
        ).fetchall()
        return str(rows[0][0])

    def _rejected(self, words: list[str]) -> None:
        """Lines that could not be read and hold a value of his."""
        if not words:
            return
        listed = ", ".join(literal(word.lower()) for word in words)
        self._add_lines(
            "SELECT source, delivery, file, line FROM store.reject"
            f" WHERE len(list_filter([{listed}], lambda w: contains(lower(raw), w))) > 0"
        )

    # Which files.

    def _files(self) -> list[FileLines]:
        cursor = self._cursor
        lines: dict[tuple[str, str, str], list[int]] = {}
        for source, delivery, file, line in cursor.execute(
            "SELECT * FROM erase_line ORDER BY ALL"
        ).fetchall():
            lines.setdefault((source, delivery, file), []).append(line)
        cells: dict[tuple[str, str, str], dict[str, list[str]]] = {}
        for source, delivery, file, line, names in cursor.execute(
            "SELECT * FROM erase_cell ORDER BY ALL"
        ).fetchall():
            if line not in lines.get((source, delivery, file), ()):
                cells.setdefault((source, delivery, file), {})[str(line)] = names
        found = []
        for place in sorted({*lines, *cells}):
            path = file_of(self._workspace, self._runbook, *place)
            found.append(
                FileLines(
                    source=place[0], delivery=place[1], file=place[2],
                    path=str(path.relative_to(self._workspace)) if path else "",
                    sha256=sha256_file(path) if path else "",
                    lines=lines.get(place, []), cells=cells.get(place, {}),
                )
            )  # fmt: skip
        return found


def file_of(
    workspace: Path, runbook: Runbook, source: str, delivery: str, file: str
) -> Path | None:
    """The delivered file that staging names so, where it still is."""
    spec = runbook.sources.get(source)
    for found in find_deliveries(workspace, source, spec.files) if spec is not None else ():
        for path in found.files:
            if (found.name, path.name) == (delivery, file):
                return path
    return None
