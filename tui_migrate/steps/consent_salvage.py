"""Which lines that could not be read can be proven to say no to nothing.

An unreadable line of a source with consents may have been an opt-out: it blocks. It is harmless only
where that can be shown from what stands there:

* ``again``: the same row came whole, later in the file or in a newer delivery. Its key is in the
  line, keys of that delivery name one content each, and all that can be read of the line is the same;
* ``read``: all cells are there, or some too many, and what the mappings make of the sound ones tells
  of no opt-out and no suppression. With cells too many that holds wherever the surplus stands.

Everything else, a torn line above all, is for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tui_migrate.consent.placing import OUT
from tui_migrate.mapping.model import UNREJECTABLE, Mapping
from tui_migrate.mapping.rows import Settings, map_rows
from tui_migrate.staging.deliveries import find_deliveries
from tui_migrate.staging.framing import MAX_LINE, physical_lines, split_fields, unique_names
from tui_migrate.staging.readers import raw_table, settle_format
from tui_migrate.staging.store import columns_of, quote
from tui_migrate.steps.base import Context
from tui_migrate.steps.ingest import file_format

if TYPE_CHECKING:
    from tui_migrate.runbook.models import SourceSpec

READ, AGAIN = "read", "again"
DAMAGE = ("\0", "\ufffd")
"""What stands in a cell that cannot be taken at its word: a NUL, or bytes that are no text."""

TABLE = "tmp_harmless"
_CREATE = f"""
CREATE OR REPLACE TEMP TABLE {TABLE} (
  source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT, why VARCHAR)
"""

# One row is a line that could not be read, of a kind of which something may be left.
_LINES = """
SELECT delivery, file, line, reason, raw FROM reject
WHERE source = $source AND length(raw) < $most
  AND reason IN ('line.nul', 'line.undecodable', 'row.too_long', 'row.too_short')
ORDER BY ALL
"""

_LOUD = f"state IS NULL OR state IN {OUT}"

# One row is a row with a given key that came after a line of a file, in that file or a newer delivery.
_LATER = """
SELECT {cells} FROM {raw} r
WHERE r._record = $key AND (r._delivery > $delivery
  OR (r._delivery = $delivery AND r._file = $file AND r._line > $line))
  AND NOT EXISTS (SELECT 1 FROM {raw} o WHERE o._delivery = r._delivery
    GROUP BY o._record HAVING count(DISTINCT o._digest) > 1)
"""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line and the ways in which its cells can stand under the columns of its file."""

    delivery: str
    file: str
    line: int
    whole: bool
    """Whether no cell is missing."""
    readings: tuple[dict[str, str], ...]

    @property
    def sound(self) -> dict[str, str]:
        """The cells that are surely what they seem, of the one reading that there is."""
        if len(self.readings) != 1:
            return {}
        found = {c: v for c, v in self.readings[0].items() if not _is_damaged(v)}
        if not self.whole and self.readings[0]:
            found.pop(list(self.readings[0])[-1], None)  # it may go on
        return found


def _is_damaged(cell: str) -> bool:
    return any(mark in cell for mark in DAMAGE)


def find_harmless(
    context: Context, sources: dict[str, SourceSpec], mappings: dict[str, tuple[Mapping, ...]]
) -> None:
    """Fill the temporary table ``tmp_harmless`` (source, delivery, file, line, why)."""
    cursor = context.cursor
    cursor.execute(_CREATE)
    cursor.execute(
        f"INSERT INTO {TABLE} SELECT source, delivery, file, line, '{AGAIN}' FROM reject"
        " WHERE reason = 'row.header_again'"
    )
    there = {str(row[0]) for row in context.query("SELECT DISTINCT source FROM reject")}
    for source, spec in sources.items():
        telling = [m for m in mappings.get(source, ()) if m.entity.name in UNREJECTABLE]
        if source not in there or not telling or spec.format.type not in (None, "csv"):
            continue
        lines = list(_lines(context, source, spec))
        proven = {(line.delivery, line.file, line.line): READ for line in
                  _silent(context, source, spec, lines, telling)}  # fmt: skip
        for line in lines:
            if _came_again(context, source, spec, line):
                proven.setdefault((line.delivery, line.file, line.line), AGAIN)
        for (delivery, file, number), why in sorted(proven.items()):
            cursor.execute(
                f"INSERT INTO {TABLE} VALUES (?, ?, ?, ?, ?)", [source, delivery, file, number, why]
            )


def _lines(context: Context, source: str, spec: SourceSpec) -> Iterator[_Line]:
    """The lines of a source whose file still tells its columns."""
    found = context.query(_LINES, {"source": source, "most": MAX_LINE})
    files = {
        (delivery.name, path.name): path
        for delivery in find_deliveries(context.workspace, source, spec.files)
        for path in delivery.files
    }
    heads: dict[tuple[str, str], tuple[list[str], str]] = {}
    known = set(columns_of(context.cursor, quote(raw_table(source)))) if found else set()
    for delivery, file, line, reason, raw in found:
        place = (str(delivery), str(file))
        if place not in files:
            continue
        if place not in heads:
            heads[place] = _head(files[place], spec)
        columns, delimiter = heads[place]
        cells = split_fields(str(raw), delimiter, spec.format.quote)
        if columns and set(columns) <= known:
            readings = tuple(_readings(columns, cells))
            whole = str(reason) != "row.too_short" and len(cells) >= len(columns)
            yield _Line(*place, int(str(line)), whole, readings)


def _head(path: Path, spec: SourceSpec) -> tuple[list[str], str]:
    """The columns of a file (none where its first line does not tell them) and its delimiter."""
    form = settle_format(path, file_format(spec))
    encoding = form.encoding or "utf-8"
    with path.open("rb") as stream:
        for _number, _offset, raw in physical_lines(stream, encoding):
            codec = "utf-8" if encoding.startswith("utf-16") else encoding
            text = raw.decode(codec, errors="replace").lstrip("\ufeff")
            if not text.strip():
                continue
            names = split_fields(text, form.delimiter or ",", form.quote)
            return (unique_names(names) if form.header else []), form.delimiter or ","
    return [], ","


def _readings(columns: Sequence[str], cells: Sequence[str]) -> Iterator[dict[str, str]]:
    """The cells under their columns; with some too many, once for each place of the surplus."""
    surplus = len(cells) - len(columns)
    if surplus <= 0:
        yield dict(zip(columns, cells, strict=False))
        return
    for place in range(len(columns) + 1):
        left = [*cells[:place], *cells[place + surplus :]]
        yield dict(zip(columns, left, strict=True))


def _silent(
    context: Context,
    source: str,
    spec: SourceSpec,
    lines: Sequence[_Line],
    telling: Sequence[Mapping],
) -> list[_Line]:
    """The whole lines of which no reading tells of an opt-out or suppression."""
    used = {
        column
        for mapping in telling
        for column, _name, use in mapping.columns()
        if use in ("mapped", "condition")
    }
    asked = [
        line
        for line in lines
        if line.whole
        and not any(_is_damaged(cell) for reading in line.readings
                    for column, cell in reading.items() if column in used)
    ]  # fmt: skip
    if not asked or any(mapping.each is not None for mapping in telling):
        return []
    readings = [(number, reading) for number, line in enumerate(asked) for reading in line.readings]
    relation = "consent_readings"
    context.cursor.register(relation, _table(context, source, readings))
    try:
        loud: set[int] = set()
        for mapping in telling:
            mapped = map_rows(context.cursor, mapping, relation, _settings(context, spec))
            # A word that nobody knows is no proof of silence.
            said = "true" if mapping.entity.name == "suppression" else _LOUD
            rows = context.query(f"SELECT line FROM ({mapped.entity_select()}) WHERE {said}")
            loud |= {int(str(row[0])) for row in rows}
    finally:
        context.cursor.unregister(relation)
    quiet = {number for number, _ in readings} - {readings[i][0] for i in loud}
    return [asked[number] for number in sorted(quiet)]


def _settings(context: Context, spec: SourceSpec) -> Settings:
    return Settings(zone=spec.zone or context.runbook.zone, brands=context.runbook.brands)


def _table(
    context: Context, source: str, readings: Sequence[tuple[int, dict[str, str]]]
) -> pa.Table:
    """The readings as raw rows of the source; ``_line`` is the number of the reading."""
    made: dict[str, pa.Array] = {}
    for name in columns_of(context.cursor, quote(raw_table(source))):
        if name == "_line":
            made[name] = pa.array(range(len(readings)), pa.int64())
        elif name.startswith("_"):
            made[name] = pa.array([str(i) for i in range(len(readings))], pa.string())
        else:
            cells = [reading.get(name) for _number, reading in readings]
            made[name] = pa.array([_clean(cell) for cell in cells], pa.string())
    return pa.table(made)


def _clean(cell: str | None) -> str | None:
    if cell is None:
        return None
    for mark in DAMAGE:
        cell = cell.replace(mark, "")
    return cell


def _came_again(context: Context, source: str, spec: SourceSpec, line: _Line) -> bool:
    """Whether a later row with the same key says all that can be read of the line."""
    sound = line.sound
    if len(spec.key) != 1 or not sound.get(spec.key[0], "").strip():
        return False
    columns = list(sound)
    select = _LATER.format(
        cells=", ".join(f"r.{quote(column)}" for column in columns), raw=quote(raw_table(source))
    )
    place = {"delivery": line.delivery, "file": line.file, "line": line.line}
    rows = context.query(select, {**place, "key": sound[spec.key[0]].strip()})
    return any(
        all((cell or "") == sound[column] for column, cell in zip(columns, row, strict=True))
        for row in rows
    )
