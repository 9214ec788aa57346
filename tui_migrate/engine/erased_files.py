"""Tables, texts and workbooks that people took out or put beside, without an erased person."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from tui_migrate.files import sha256_file, whole
from tui_migrate.staging.erasing import PAIRS, PLACES, pattern, replacing
from tui_migrate.staging.workbook import redact_workbook, texts
from tui_migrate.steps.erasing import Plan

GONE = "(erased)"
Note = Callable[[str, str], None]
"""Hears the hash of a file before it is replaced: old, new."""


class Values:
    """What tells of the person: values that are his, his records, and his lines."""

    def __init__(self, plan: Plan) -> None:
        points = [value for _channel, value in plan.points]
        self.words = list(dict.fromkeys([*plan.words, *points]))
        self._search = re.compile(pattern(self.words))
        self._profile = plan.profile_id
        self._records = {(s, r) for s, r in plan.records}
        self._named = {f"{s}/{r}" for s, r in plan.records}
        self._lines = {
            (f.source, f.delivery, f.file, str(line)) for f in plan.files for line in f.lines
        }

    def found(self, text: str) -> bool:
        """Whether one of his values stands in the text."""
        return self._search.search(text) is not None

    def replaced(self, text: str) -> str:
        """The text without his values."""
        return self._search.sub(lambda hit: f"{hit[1]}{GONE}{hit[3]}", text)

    def owns(self, row: Mapping[str, Any]) -> bool:
        """Whether a row of a table is about him."""
        cells = {k: _bare(v) for k, v in row.items() if isinstance(v, str | int)}
        if self._profile and self._profile in (
            cells.get("profile_id"), cells.get("record_key"), cells.get("old"), cells.get("subject"),
        ):  # fmt: skip
            return True
        if any((cells.get(a, ""), cells.get(b, "")) in self._records for a, b in PAIRS):
            return True
        if tuple(cells.get(name, "") for name in PLACES) in self._lines:
            return True
        subject = cells.get("subject", "")
        return any(part in self._named for part in subject.split(" = "))


def _bare(cell: object) -> str:
    text = str(cell)
    return text[1:] if text.startswith("'") else text


def erase(path: Path, plan: Plan, note: Note) -> int | None:
    """Take the person out of one file; how many rows or values went, ``None`` when the file cannot be
    searched. A file without him is not touched."""
    values = Values(plan)
    try:
        fresh, count = _without(path, values)
    except Exception:  # noqa: BLE001 - whatever it is, nobody could search it
        return None
    if not count:
        return 0
    mode = path.stat().st_mode & 0o777
    with replacing(path), whole(path, mode) as temporary:
        fresh(temporary)
        note(sha256_file(path), sha256_file(temporary))
    return count


def _without(path: Path, values: Values) -> tuple[Callable[[Path], object], int]:
    """What writes the file without him, and how much that takes out."""
    ending = path.suffix.lower()
    if ending == ".parquet":
        return _parquet(path, values)
    if zipfile.is_zipfile(path):
        named = values.found(texts(path))
        return (lambda into: redact_workbook(path, into, values.found)), int(named)
    content = path.read_bytes()
    if b"\0" in content[:4096]:
        raise ValueError("no text")
    text = content.decode("utf-8")
    if ending == ".csv":
        kept, count = _csv(text, values)
    elif ending in (".jsonl", ".ndjson"):
        kept, count = _jsonl(text.splitlines(keepends=True), values)
    elif ending in (".txt", ".log", ".tsv"):
        lines = text.splitlines(keepends=True)
        left = [line for line in lines if not values.found(line)]
        kept, count = "".join(left), len(lines) - len(left)
    else:
        kept = values.replaced(text)
        count = int(kept != text)
    return (lambda into: into.write_bytes(kept.encode())), count


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
        if len(row) == len(names) and values.owns(dict(zip(names, row, strict=True))):
            count += 1
        elif values.found(" \n".join(row)):
            count += 1
            cells = ["" if values.found(cell) else cell for cell in row]
            line = io.StringIO()
            csv.writer(line, delimiter=delimiter, lineterminator=_end(raw)).writerow(cells)
            out.append(line.getvalue())
        else:
            out.append(raw)
    return "".join(out), count


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
        if isinstance(row, dict) and values.owns(row):
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


def _parquet(path: Path, values: Values) -> tuple[Callable[[Path], object], int]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    rows, count = [], 0
    for row in table.to_pylist():
        if values.owns(row):
            count += 1
            continue
        fresh = _emptied(row, values)
        count += fresh != row
        rows.append(fresh)
    made = pa.Table.from_pylist(rows, schema=table.schema)
    return (lambda into: pq.write_table(made, into, compression="zstd")), count
