"""Tables, texts and workbooks that people took out or put beside, without an erased person."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tui_migrate.files import sha256_file, whole
from tui_migrate.staging.erasing import PAIRS, PLACES, destroy, replacing, spelled
from tui_migrate.staging.erasure import KEPT, WHY_KEPT
from tui_migrate.staging.papers import clean
from tui_migrate.steps.erasing_plan import Plan

GONE = "(erased)"
Note = Callable[[str, str], None]
"""Hears the hash of a file before it is replaced: old, new."""
Written = tuple[Callable[[Path], object] | None, int, bool]
"""What writes a file without him (``None``: it goes), how much that takes out, and whether all of it
could be searched."""


class Values:
    """What tells of the person: values that are his, his records, and his lines."""

    def __init__(self, plan: Plan) -> None:
        points = [value for _channel, value in plan.points]
        self.words = list(dict.fromkeys([*plan.words, *points]))
        self._search = spelled(self.words)
        self._profile = plan.profile_id
        self._records = {(s, r) for s, r in plan.records}
        self._named = {f"{s}/{r}" for s, r in plan.records}
        self._kept = {(k.source, k.record_id): k.id for k in plan.kept.records}
        self._lines = {
            (f.source, f.delivery, f.file, str(line)) for f in plan.files for line in f.lines
        }

    def found(self, text: str) -> bool:
        """Whether one of his values stands in the text."""
        return self._search.search(text) is not None

    def replaced(self, text: str) -> str:
        """The text without his values."""
        return self._search.sub(GONE, text)

    def instead(self, row: Mapping[str, Any]) -> dict[str, Any] | None:
        """The row about somebody else that rests on an opt-out of his which stays, as it stays: of the
        address alone. ``None`` for any other."""
        cells = {k: _bare(v) for k, v in row.items() if isinstance(v, str | int)}
        kept = self._kept.get((cells.get("source_system", ""), cells.get("record_id", "")))
        if kept is None or self._profile in (cells.get("profile_id"), cells.get("subject")):
            return None
        fresh = {"source_system": KEPT, "record_id": kept}
        if cells.get("status") == "opt-out":
            fresh |= {"source": WHY_KEPT, "campaign": ""}
        elif "contact_point" not in row:
            return None
        return {**row, **{name: value for name, value in fresh.items() if name in row}}

    def owns(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of a table is about him."""
        cells = {k: _bare(v) for k, v in row.items() if isinstance(v, str | int)}
        if self._profile and self._profile in (
            cells.get("profile_id"), cells.get("record_key"), cells.get("old"), cells.get("subject"),
        ):  # fmt: skip
            return True
        if any((cells.get(a, ""), cells.get(b, "")) in self._records for a, b in PAIRS):
            return True
        # A row from before the file was read again tells of another record in that line.
        its = (cells.get("source", ""), cells.get("record_id", ""))
        place = tuple(cells.get(name, "") for name in PLACES)
        if place in self._lines and (not its[1] or its in self._records):
            return True
        subject = cells.get("subject", "")
        return any(part in self._named for part in subject.split(" = "))


def _bare(cell: object) -> str:
    text = str(cell)
    return text[1:] if text.startswith("'") else text


def erase(path: Path, plan: Plan, note: Note) -> tuple[int, bool]:
    """Take the person out of one file: how many rows or values went, and whether all of the file could
    be searched. A file without him is not touched; one that has to go as a whole goes."""
    values = Values(plan)
    try:
        fresh, count, searched = _written(path, values)
    except Exception:  # noqa: BLE001 - whatever it is, nobody could search it
        return 0, False
    if fresh is None:
        note(sha256_file(path), "")
        destroy(path)
    elif count:
        mode = path.stat().st_mode & 0o777
        with replacing(path), whole(path, mode) as temporary:
            fresh(temporary)
            note(sha256_file(path), sha256_file(temporary))
    return count, searched


def names_him(path: Path, values: Values) -> bool:
    """Whether something in a file tells of him, or nobody could say."""
    try:
        fresh, count, searched = _written(path, values)
    except Exception:  # noqa: BLE001 - whatever it is, nobody could search it
        return True
    return fresh is None or count > 0 or not searched


def _written(path: Path, values: Values) -> Written:
    return (_parquet if path.suffix.lower() == ".parquet" else _paper)(path, values)


def _paper(path: Path, values: Values) -> Written:
    counts: list[int] = []

    def cut(text: str, ending: str) -> str:
        kept, count = _without(text, ending, values)
        counts.append(count)
        return kept

    content = path.read_bytes()
    cleaned = clean(content, path.name, values.found, cut)
    kept = cleaned.content
    if kept is None:
        return None, 1, cleaned.whole
    count = 0 if kept == content else max(1, sum(counts))
    return (lambda into: into.write_bytes(kept)), count, cleaned.whole


def _without(text: str, ending: str, values: Values) -> tuple[str, int]:
    """The text of a file without him, and how many rows or values that takes out."""
    if ending == ".csv":
        return _csv(text, values)
    lines = text.splitlines(keepends=True)
    if ending in (".jsonl", ".ndjson"):
        return _jsonl(lines, values)
    if ending in (".txt", ".log", ".tsv"):
        kept = "".join(line for line in lines if not values.found(line))
        gone = len(lines) - len(kept.splitlines())
        return ("", len(lines)) if values.found(kept) else (kept, gone)
    kept = values.replaced(text)
    return kept, int(kept != text)


def _csv(text: str, values: Values) -> tuple[str, int]:
    """Rows about him go; a value of his in another row is emptied. Other rows stay byte by byte."""
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=head.count)
    names: list[str] = []
    out: list[str] = []
    count = 0
    for raw, row in _rows(text, delimiter):
        if not names:
            names = row
            out.append(raw)
            continue
        told = dict(zip(names, row, strict=True)) if len(row) == len(names) else {}
        stays = values.instead(told)
        if stays is None and values.owns(told):
            count += 1
            continue
        cells = list(stays.values()) if stays is not None else row
        found = values.found(" \n".join(cells))
        count += found or stays is not None
        if found:
            cells = ["" if values.found(cell) else cell for cell in cells]
        out.append(raw if cells is row else _line(cells, delimiter, _end(raw)))
    return "".join(out), count


def _line(row: list[str], delimiter: str, end: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator=end).writerow(row)
    return line.getvalue()


def _end(raw: str) -> str:
    return raw[len(raw.rstrip("\r\n")) :] or "\n"


def _rows(text: str, delimiter: str) -> Iterable[tuple[str, list[str]]]:
    """Each row as it stands, and its cells."""
    taken: list[str] = []

    def lines() -> Iterable[str]:
        for line in io.StringIO(text, newline=""):
            taken.append(line)
            yield line

    for row in csv.reader(lines(), delimiter=delimiter):
        raw = "".join(taken)
        taken.clear()
        yield raw, row


def _jsonl(lines: list[str], values: Values) -> tuple[str, int]:
    out, count = [], 0
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            row = {}
        stays = values.instead(row) if isinstance(row, dict) else None
        if stays is not None:
            count += 1
            out.append(json.dumps(_emptied(stays, values), ensure_ascii=False) + "\n")
        elif isinstance(row, dict) and values.owns(row):
            count += 1
        elif values.found(line):
            count += 1
            out.append(json.dumps(_emptied(row, values), ensure_ascii=False) + "\n")
        else:
            out.append(line)
    return "".join(out), count


def _emptied(node: Any, values: Values) -> Any:
    if isinstance(node, dict):
        return {name: _emptied(value, values) for name, value in node.items()}
    if isinstance(node, list):
        return [_emptied(value, values) for value in node]
    return None if isinstance(node, str) and values.found(node) else node


def _parquet(path: Path, values: Values) -> Written:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows, count = [], 0
    for row in table.to_pylist():
        stays = values.instead(row)
        if stays is not None:
            count += 1
            rows.append(_emptied(stays, values))
            continue
        if values.owns(row):
            count += 1
            continue
        fresh = _emptied(row, values)
        count += fresh != row
        rows.append(fresh)
    # A column without gaps is written as one that may have none: it may have one now.
    fields = [pa.field(f.name, _with_gaps(f.type), metadata=f.metadata) for f in table.schema]
    made = pa.Table.from_pylist(rows, schema=pa.schema(fields, table.schema.metadata))
    return (lambda into: pq.write_table(made, into, compression="zstd")), count, True


def _with_gaps(kind: Any) -> Any:
    """The type of a column, of whose values those inside a list may be missing too."""
    import pyarrow as pa

    return pa.list_(_with_gaps(kind.value_type)) if pa.types.is_list(kind) else kind
