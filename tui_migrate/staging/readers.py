"""Deliveries into staging: CSV, Excel, JSON lines and Parquet, every physical row accounted for.

For each source a table ``store.raw_<source>`` holds the readable rows: ``_delivery``, ``_file``,
``_line``, ``_record`` (the record id), ``_digest`` (of the cells), then the source's own columns as
text under their header names. JSON objects (and structs of Parquet) become dotted columns; lists stay
JSON text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute

from tui_migrate.errors import DataSaysNo, EnvironmentProblem
from tui_migrate.i18n import _
from tui_migrate.staging.erasure import (
    NOTHING,
    Erased,
    append_lines,
    drop_rejected,
    find_again,
    prepare,
    settle_rule,
    without,
)
from tui_migrate.staging.framing import (
    Framer,
    Rejected,
    TextFormat,
    detect_delimiter,
    detect_encoding,
    physical_lines,
    unique_names,
    wide_encoding,
)
from tui_migrate.staging.keys import key_sql
from tui_migrate.staging.leaves import json_leaves, parquet_leaves
from tui_migrate.staging.objects import json_line
from tui_migrate.staging.sheets import sheet_cells
from tui_migrate.staging.store import Cursor, Store, columns_of, first, literal, quote

RAW_COLUMNS = "_delivery VARCHAR, _file VARCHAR, _line BIGINT, _record VARCHAR, _digest VARCHAR"

MAX_COLUMNS = 2000
ENDINGS = {".xlsx": "xlsx", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}
"""How files are written whose type nobody declared; any other ending is csv."""


@dataclass(frozen=True, slots=True)
class FileFormat:
    """How a delivery file is written; ``None`` where it is to be detected."""

    type: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    header: bool = True
    quote: str = '"'
    sheet: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One file to read: of which source and delivery, by which key, on behalf of which unit."""

    source: str
    delivery: str
    file: str
    """Name within the delivery: what the export ``fates`` calls ``file``."""
    path: Path
    form: FileFormat
    key: tuple[str, ...]
    step: str
    attempt: int
    unit: str
    erased: Erased = NOTHING


@dataclass(frozen=True, slots=True)
class ReadResult:
    """What reading a file gave: its rows by kind and the format as used. ``erased``: lines of
    erased persons, among the rows (they came again) or not (they are gone from the file)."""

    rows: int
    rejected: int
    blank: int
    form: FileFormat
    erased: int = 0


def raw_table(source: str) -> str:
    """Name of the table and view with the readable rows of a source."""
    return f"raw_{source}"


def settle_format(path: Path, form: FileFormat) -> FileFormat:
    """The format with type, encoding and delimiter filled in where not declared.

    The type goes by the ending of the file's name, the others by what stands in the file.
    """
    kind = type_of(path, form)
    if kind not in ("csv", "jsonl"):
        return replace(form, type=kind)
    encoding = form.encoding or detect_encoding(path)
    if encoding == "utf-16" and not (encoding := wide_encoding(path)):
        raise DataSaysNo(
            _("{} is not in UTF-16, as the runbook says.").format(path),
            _("Correct encoding: in the runbook, or ask for the delivery again."),
        )
    delimiter = form.delimiter or (detect_delimiter(path, encoding) if kind == "csv" else ",")
    return replace(form, type=kind, delimiter=delimiter, encoding=encoding)


def type_of(path: Path, form: FileFormat) -> str:
    """The declared type of a file, else the one that its ending says."""
    return form.type or ENDINGS.get(path.suffix.lower(), "csv")


def read_file(store: Store, cursor: Cursor, job: Job) -> ReadResult:
    """Append the file's rows to ``raw_<source>``, ``record`` and ``reject`` in the open transaction.

    Raises ``EnvironmentProblem`` when the file cannot be read at all, ``DataSaysNo`` when its key
    columns are not there or it is not what its format says.
    """
    try:
        with job.path.open("rb"):
            pass
        form = settle_format(job.path, job.form)
        readers = {
            "csv": _read_csv,
            "jsonl": _read_jsonl,
            "xlsx": _read_xlsx,
            "parquet": _read_parquet,
        }
        prepare(cursor)
        result = readers[type_of(job.path, form)](store, cursor, job, form)
        erased = append_lines(cursor, job.erased, _params(job) | {"source": job.source})
        gone = min(len(job.erased.lines), result.blank)
        return replace(result, blank=result.blank - gone, erased=erased)
    except PermissionError as error:
        raise EnvironmentProblem(
            _("The delivery file {} may not be read: {}").format(job.path, error.strerror),
            _("Give this user read permission (chmod, chown) and run again."),
        ) from error
    except FileNotFoundError as error:
        raise DataSaysNo(
            _("The delivery file {} is gone.").format(job.path),
            _("Put it back or ask the source for it again; then run again."),
        ) from error


def _read_csv(store: Store, cursor: Cursor, job: Job, form: FileFormat) -> ReadResult:
    text = TextFormat(form.encoding or "utf-8", form.delimiter or ",", form.quote, form.header)
    spill = store.path.parent / "spill"
    spill.mkdir(mode=0o700, exist_ok=True)
    framed_path = spill / f"{job.step}-{job.unit}.framed"
    try:
        with framed_path.open("w", encoding="utf-8", newline="") as out:
            framed = Framer(text, out).frame(job.path)
        if framed.no_header:
            raise DataSaysNo(
                _("The first line of {} cannot be its header: {}.").format(
                    job.path, framed.no_header
                ),
                _("Correct encoding: in the runbook, or ask for the delivery again."),
            )
        columns = {"_line": "BIGINT"} | dict.fromkeys(framed.columns, "VARCHAR")
        spelled = "{" + ", ".join(f"{literal(n)}: {literal(t)}" for n, t in columns.items()) + "}"
        relation = (
            f"read_csv({literal(str(framed_path))}, auto_detect=false, header=false, "
            f"delim={literal(text.delimiter)}, quote={literal(text.quote)}, "
            f"escape={literal(text.quote)}, columns={spelled}, strict_mode=false, "
            "max_line_size=4194304, parallel=true)"
        )
        if framed.rows:
            _append(store, cursor, job, relation, framed.columns, "_line", framed.rows)
        elif framed.columns:
            _prepare_table(store, cursor, job, framed.columns)
        _append_rejects(cursor, job, framed.rejects)
        return ReadResult(framed.rows, len(framed.rejects), framed.blank, form)
    finally:
        framed_path.unlink(missing_ok=True)


def _read_jsonl(store: Store, cursor: Cursor, job: Job, form: FileFormat) -> ReadResult:
    numbers: list[int] = []
    texts: list[str] = []
    rejects: list[Rejected] = []
    blank = 0
    with job.path.open("rb") as stream:
        for number, offset, raw in physical_lines(stream, form.encoding or "utf-8"):
            if not raw.strip():
                blank += 1
                continue
            text, reason = json_line(raw.removeprefix(b"\xef\xbb\xbf"), form.encoding or "utf-8")
            if reason:
                rejects.append(Rejected(number, offset, reason, text))
            else:
                numbers.append(number)
                texts.append(text)
    table = pa.table({"_line": pa.array(numbers, pa.int64()), "body": pa.array(texts, pa.string())})
    leaves = json_leaves(cursor, table["body"])
    names = unique_names([dotted for dotted, _pointer in leaves])
    cursor.register("json_lines", table)
    if numbers:
        # All values of a line in one reading of it.
        wanted = ", ".join(literal(pointer) for _dotted, pointer in leaves)
        found = f"json_extract_string(body, [{wanted}])" if leaves else "NULL"
        picks = [f"found[{n}] AS {quote(name)}" for n, name in enumerate(names, 1)]
        relation = (
            f"(SELECT {', '.join(['_line', *picks])}"
            f" FROM (SELECT _line, {found} AS found FROM json_lines))"
        )
        _append(store, cursor, job, relation, names, "_line", len(numbers))
    cursor.unregister("json_lines")
    _append_rejects(cursor, job, rejects)
    return ReadResult(len(numbers), len(rejects), blank, form)


def _read_xlsx(store: Store, cursor: Cursor, job: Job, form: FileFormat) -> ReadResult:
    table = sheet_cells(job.path, form.sheet)
    cells = [name for name in table.column_names if name != "_line"]
    text = [f"nullif({cell}, '')" for cell in cells]
    filled = f"len(list_filter([{', '.join(text)}], lambda c: c IS NOT NULL)) > 0"
    cursor.register("sheet_rows", table)
    try:
        head, again = 0, "false"
        titles: list[str | None] = [None] * len(cells)
        top = "SELECT _line, [{}] FROM sheet_rows WHERE {} ORDER BY _line LIMIT 1"
        if form.header and (row := first(cursor, top.format(", ".join(text), filled))):
            head, titles = row
            told = ", ".join("NULL" if title is None else literal(title) for title in titles)
            again = f"[{', '.join(text)}] = [{told}]"
        names = unique_names([title or "" for title in titles])
        below = f"FROM sheet_rows WHERE _line > {head} AND {filled}"
        repeated = cursor.execute(
            f"SELECT _line, concat_ws(chr(9), {', '.join(text) or 'NULL'}) {below} AND {again} ORDER BY 1"
        ).fetchall()
        picks = [f"{old} AS {quote(new)}" for old, new in zip(text, names, strict=True)]
        relation = f"(SELECT {', '.join(['_line', *picks])} {below} AND NOT ({again}))"
        rows = int(first(cursor, f"SELECT count(*) FROM {relation}")[0])
        _append(store, cursor, job, relation, names, "_line", rows)
        rejects = [Rejected(line, 0, "row.header_again", raw) for line, raw in repeated]
        _append_rejects(cursor, job, rejects)
        blank = table.num_rows - head - rows - len(rejects)
        return ReadResult(rows, len(rejects), blank, form)
    finally:
        cursor.unregister("sheet_rows")


def _read_parquet(store: Store, cursor: Cursor, job: Job, form: FileFormat) -> ReadResult:
    source = f"read_parquet({literal(str(job.path))}, file_row_number=true)"
    try:
        found = [c for c in columns_of(cursor, source) if c != "file_row_number"]
    except duckdb.Error as error:
        raise DataSaysNo(
            _("{} is not a Parquet file that can be read.").format(job.path),
            _("Ask for the delivery again."),
        ) from error
    leaves = parquet_leaves(cursor, source, found)
    names = unique_names([dotted for dotted, _sql in leaves])
    picks = ", ".join(
        f"{sql} AS {quote(name)}" for name, (_, sql) in zip(names, leaves, strict=True)
    )
    relation = f"(SELECT file_row_number + 1 AS _line, {picks} FROM {source})"
    if job.erased.lines:  # a row cannot be blank here: every cell of an erased one is NULL
        gone = ", ".join(str(line) for line in sorted(job.erased.lines))
        relation = f"(SELECT * FROM {relation} WHERE _line NOT IN ({gone}))"
    count = first(cursor, f"SELECT count(*) FROM {relation}")
    rows = int(count[0]) if count else 0
    _append(store, cursor, job, relation, names, "_line", rows)
    return ReadResult(rows, 0, len(job.erased.lines), form)


def _prepare_table(store: Store, cursor: Cursor, job: Job, columns: Sequence[str]) -> None:
    """The source's table with at least these columns, and its view."""
    if len(columns) > MAX_COLUMNS:
        raise DataSaysNo(
            _("{} has {} columns; at most {} can be read.").format(
                job.path, len(columns), MAX_COLUMNS
            ),
            _("Is its delimiter the one that format: says? Else ask for fewer columns in a file."),
        )
    name = raw_table(job.source)
    store.define(name, ", ".join([RAW_COLUMNS, *(f"{quote(c)} VARCHAR" for c in columns)]), cursor)
    known = {c.lower() for c in columns_of(cursor, f"store.{quote(name)}")}
    fresh = [c for c in columns if c.lower() not in known]
    for column in fresh:
        cursor.execute(f"ALTER TABLE store.{quote(name)} ADD COLUMN {quote(column)} VARCHAR")
    if fresh:
        store.refresh_view(name, cursor)


def _require_key(job: Job, columns: Sequence[str]) -> None:
    missing = [k for k in job.key if k.lower() not in {c.lower() for c in columns}]
    if missing:
        raise DataSaysNo(
            _("{} has no column {}, which is the key of source {}.").format(
                job.path, ", ".join(missing), job.source
            ),
            _("Its columns are: {}. Correct key: in the runbook, or the delivery.").format(
                ", ".join(columns)
            ),
        )


def _append(
    store: Store,
    cursor: Cursor,
    job: Job,
    relation: str,
    columns: Sequence[str],
    line: str,
    expected: int,
) -> None:
    """Rows of ``relation`` into the raw table and the register of physical rows."""
    _require_key(job, columns)
    _prepare_table(store, cursor, job, columns)
    cells = (
        "''"
        if not columns
        else ", ".join(
            f"coalesce(strlen({quote(c)}) || ':' || {quote(c)}, '-')" for c in sorted(columns)
        )
    )
    digest = f"md5(concat_ws('|', {cells}))"
    key = " || '|' || ".join(key_sql(quote(k)) for k in job.key) or digest
    name = raw_table(job.source)
    rule = settle_rule(job.erased, columns, key)
    dropped = find_again(cursor, relation, line, rule) if rule is not None else 0
    relation = without(relation, line, columns, rule)
    picks = "".join(f", {quote(c)}" for c in columns)
    row = first(
        cursor,
        f"INSERT INTO store.{quote(name)} BY NAME "
        "SELECT $step AS step, $attempt::INTEGER AS attempt, $unit AS unit, "
        f"$delivery AS _delivery, $file AS _file, {line} AS _line, {key} AS _record, "
        f"{digest} AS _digest{picks} FROM {relation} ORDER BY _line",
        _params(job),
    )
    if not row or int(row[0]) != expected - dropped:
        raise DataSaysNo(
            _("{}: {} rows were framed but {} were read.").format(
                job.path, expected, row and row[0]
            ),
            _(
                "This should never happen; nothing was kept. Please report it with the file's format."
            ),
        )
    cursor.execute(
        "INSERT INTO store.record BY NAME SELECT step, attempt, unit, $source AS source, "
        "_delivery AS delivery, _file AS file, _line AS line, _record AS record_id, "
        f"_digest AS digest FROM store.{quote(name)} "
        "WHERE step = $step AND attempt = $attempt AND unit = $unit ORDER BY _line",
        {k: v for k, v in _params(job).items() if k not in ("delivery", "file")}
        | {"source": job.source},
    )


def _append_rejects(cursor: Cursor, job: Job, rejects: Sequence[Rejected]) -> None:
    """Unreadable lines: kept as they are, registered as physical rows with the fate rejected."""
    if not rejects:
        return
    table = pa.table(
        {
            "line": pa.array([r.line for r in rejects], pa.int64()),
            "byte_offset": pa.array([r.offset for r in rejects], pa.int64()),
            "reason": pa.array([r.reason for r in rejects], pa.string()),
            "raw": pa.array([r.raw for r in rejects], pa.string()),
        }
    )
    cursor.register("rejected_lines", table)
    if gone := drop_rejected(cursor, job.erased):
        table = table.filter(pa.compute.invert(pa.compute.is_in(table["line"], pa.array(gone))))
        cursor.register("rejected_lines", table)
    head = (
        "SELECT $step AS step, $attempt::INTEGER AS attempt, $unit AS unit, $source AS source, "
        "$delivery AS delivery, $file AS file, line, "
    )
    params = _params(job) | {"source": job.source}
    tail = " FROM rejected_lines ORDER BY line"
    for table_name, rest in (
        ("reject", "byte_offset, reason, raw"),
        ("record", "NULL::VARCHAR AS record_id, md5(raw) AS digest"),
        ("fate", "'rejected' AS fate, reason"),
    ):
        cursor.execute(f"INSERT INTO store.{table_name} BY NAME {head}{rest}{tail}", params)
    cursor.unregister("rejected_lines")


def _params(job: Job) -> dict[str, object]:
    return {
        "step": job.step,
        "attempt": job.attempt,
        "unit": job.unit,
        "delivery": job.delivery,
        "file": job.file,
    }
