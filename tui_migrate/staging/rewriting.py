"""Delivered files without some of their lines: every other byte, and every line number, stays.

A line becomes an empty one (in Parquet a row of NULLs), so that what the journal, findings and
exports say of the lines behind it stays true. Of a row that tells of two persons only cells go.
"""

from __future__ import annotations

import codecs
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tui_migrate.staging.framing import Framer, TextFormat, physical_lines, split_fields
from tui_migrate.staging.readers import FileFormat, settle_format

Cells = Mapping[int, Sequence[str]]
"""Line → columns whose cells are emptied."""


def rewrite(path: Path, into: Path, form: FileFormat, lines: frozenset[int], cells: Cells) -> None:
    """Write ``path`` without these lines and cells to ``into``. Errors as of reading it."""
    settled = settle_format(path, form)
    if settled.type == "xlsx":
        from tui_migrate.staging.workbook import rewrite_workbook

        rewrite_workbook(path, into, settled, lines, cells)
    elif settled.type == "parquet":
        _parquet(path, into, lines, cells)
    elif settled.type == "jsonl":
        _text(path, into, settled, dict.fromkeys(lines, 1), _json_cells(cells))
    else:
        text = TextFormat(
            settled.encoding or "utf-8", settled.delimiter or ",", settled.quote, settled.header
        )
        spans = _Spans(text)
        spans.frame(path)
        wanted = {line: spans.rows.get(line, (1, ""))[0] for line in lines}
        changed = {
            line: spans.emptied(line, set(columns))
            for line, columns in cells.items()
            if line in spans.rows
        }
        _text(path, into, settled, wanted, changed, spans.rows)


class _Spans(Framer):
    """Frames a file to learn over how many physical lines each row runs."""

    def __init__(self, form: TextFormat) -> None:
        super().__init__(form, io.StringIO())
        self.rows: dict[int, tuple[int, str]] = {}

    def _emit(self, number: int, offset: int, text: str) -> None:
        self.rows[number] = (text.count("\n") + 1, text)
        super()._emit(number, offset, text)
        self.out.seek(0)
        self.out.truncate()

    def emptied(self, line: int, columns: set[str]) -> str:
        """The row of a line without the cells of these columns."""
        form = self.form
        values = split_fields(self.rows[line][1], form.delimiter, form.quote)
        kept = [
            "" if name in columns else value
            for name, value in zip(self.result.columns, values, strict=True)
        ]
        return form.delimiter.join(_quoted(value, form) for value in kept)


def _quoted(value: str, form: TextFormat) -> str:
    quote = form.quote
    if any(sign in value for sign in (quote, form.delimiter, "\n", "\r")):
        return quote + value.replace(quote, quote * 2) + quote
    return value


def _json_cells(cells: Cells) -> dict[int, Any]:
    return {line: set(columns) for line, columns in cells.items()}


def _text(
    path: Path,
    into: Path,
    form: FileFormat,
    lines: Mapping[int, int],
    changed: Mapping[int, Any],
    rows: Mapping[int, tuple[int, str]] | None = None,
) -> None:
    """``lines``: line → how many physical lines its row runs over. ``changed``: line → its new text
    (delimited), or the columns to empty (JSON)."""
    encoding = form.encoding or "utf-8"
    gone = {n for line, count in lines.items() for n in range(line, line + count)}
    fresh: dict[int, str] = {}
    for line, what in changed.items():
        if isinstance(what, str):
            parts = what.split("\n")
            count = rows[line][0] if rows else 1
            parts += [""] * (count - len(parts))
            fresh |= {line + n: part for n, part in enumerate(parts)}
    with path.open("rb") as stream, into.open("wb") as out:
        for number, raw, end, codec in _lines(stream, encoding):
            if number in gone:
                bom = codecs.BOM_UTF8 if number == 1 and raw.startswith(codecs.BOM_UTF8) else b""
                out.write(bom + end)
            elif number in fresh:
                out.write(fresh[number].encode(codec) + end)
            elif number in changed:
                out.write(_without(raw.decode(codec), changed[number]).encode(codec) + end)
            else:
                out.write(raw + end)


def _lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, bytes, bytes, str]]:
    """Number, bytes, line end and codec of each physical line, as ``physical_lines`` counts them."""
    content = stream.read()
    wide = encoding.lower().replace("-", "").startswith("utf16")
    codec = encoding
    if wide:
        codec = "utf-16-le" if encoding == "utf-16" else encoding
        if content.startswith(codecs.BOM_UTF16_BE):
            codec = "utf-16-be"
    size = 2 if wide else 1
    feed, back = "\n".encode(codec if wide else "ascii"), "\r".encode(codec if wide else "ascii")
    last = sum(1 for _line in physical_lines(io.BytesIO(content), encoding))
    only_back = _count(content, feed, size) == 0 and _count(content, back, size) > 0
    number, start = 0, 0
    ends = back if only_back else feed
    while start < len(content):
        at = _find(content, ends, start, size)
        stop = len(content) if at < 0 else at + size
        line = content[start:stop]
        body = line
        while body.endswith((feed, back)) and len(body) % size == 0:
            body = body[:-size]
        number += 1
        yield number, body, line[len(body) :], codec
        start = stop
    if number != last:
        raise ValueError(f"{last} lines were counted, {number} found")


def _find(content: bytes, sign: bytes, start: int, size: int) -> int:
    at = content.find(sign, start)
    while at >= 0 and at % size:
        at = content.find(sign, at + 1)
    return at


def _count(content: bytes, sign: bytes, size: int) -> int:
    at, count = _find(content, sign, 0, size), 0
    while at >= 0:
        count += 1
        at = _find(content, sign, at + size, size)
    return count


def _without(line: str, columns: set[str]) -> str:
    """A line of JSON with null in these dotted columns."""
    found = json.loads(line)
    for dotted in columns:
        _null(found, dotted)
    return json.dumps(found, ensure_ascii=False)


def _null(node: Any, dotted: str) -> None:
    if not isinstance(node, dict):
        return
    for name in node:
        if name == dotted:
            node[name] = None
        elif dotted.startswith(f"{name}."):
            _null(node[name], dotted[len(name) + 1 :])


def _parquet(path: Path, into: Path, lines: frozenset[int], cells: Cells) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        codec = file.metadata.row_group(0).column(0).compression if file.num_row_groups else "NONE"
        table = file.read()
    numbers = pa.array(range(1, table.num_rows + 1), pa.int64())
    columns = [
        _cut(table[f.name].combine_chunks(), f.name, lines, cells, numbers) for f in table.schema
    ]
    schema = pa.schema(
        [
            f.with_type(c.type).with_nullable(True)
            for f, c in zip(table.schema, columns, strict=True)
        ]
    )
    pq.write_table(pa.table(columns, schema=schema), into, compression=codec.lower())


def _cut(values: Any, name: str, lines: frozenset[int], cells: Cells, numbers: Any) -> Any:
    """A column with NULLs in these lines and cells; of a struct only the parts that are named."""
    import pyarrow as pa
    import pyarrow.compute as pc

    emptied = [line for line, names in cells.items() if name in names]
    inner = [line for line, names in cells.items() if any(n.startswith(f"{name}.") for n in names)]
    if inner and pa.types.is_struct(values.type):
        parts = [
            _cut(part, f"{name}.{field.name}", frozenset(), cells, numbers)
            for field, part in zip(values.type, values.flatten(), strict=True)
        ]
        fields = [
            field.with_type(part.type).with_nullable(True)
            for field, part in zip(values.type, parts, strict=True)
        ]
        values = pa.StructArray.from_arrays(parts, fields=fields, mask=values.is_null())
    else:
        emptied += inner
    gone = pc.is_in(numbers, value_set=pa.array([*lines, *emptied], pa.int64()))
    return pc.if_else(gone, pa.scalar(None, values.type), values)
