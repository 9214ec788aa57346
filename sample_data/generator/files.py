"""Deliveries on disk: streamed, hashed while written, with a manifest each."""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path

import xlsxwriter

from .chunk import LAYOUTS, Chunk
from .clock import DAY
from .desk import Cell
from .source_sales import ATTENDANCE_HEADER
from .truth import HEADERS

FULL = "2026-03-01-full"
ZONE = "Europe/Amsterdam"
SHEET_ROWS = 1_000_000
_FOLDERS = (
    (1, "2026-03-02-delta-1"),
    (2, "2026-03-03-delta-2"),
    (3, "2026-03-04-delta-3"),
    (2, "2026-03-05-delta-2-again"),
    (5, "2026-03-06-delta-5"),
    (4, "2026-03-07-delta-4"),
    (3, "2026-03-08-delta-3-complete"),
    (6, "2026-03-09-delta-6"),
)
TRUNCATED = "2026-03-04-delta-3"


class Stream:
    """A file under way, with its hash and number of data rows."""

    def __init__(self, path: Path, header: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.rows = 0
        self._digest = hashlib.sha256()
        self._file = path.open("wb")
        self.write(header, 0)

    def write(self, data: bytes, rows: int) -> None:
        self._file.write(data)
        self._digest.update(data)
        self.rows += rows

    def close(self) -> dict[str, str | int]:
        self._file.close()
        return {"name": self.path.name, "rows": self.rows, "sha256": self._digest.hexdigest()}


class Deliveries:
    """Takes the chunks in order and leaves complete deliveries and the truth behind."""

    def __init__(self, out: Path) -> None:
        self.root = out / "deliveries"
        self.truth = {n: Stream(out / "truth" / n, f"{h}\n".encode()) for n, h in HEADERS.items()}
        self.streams: dict[str, Stream] = {}
        for name, layout in LAYOUTS.items():
            source, _, file = name.partition("/")
            head = b"" if layout.header is None else (layout.header + layout.end).encode("utf-8")
            if layout.encoding == "cp1252":
                head = head.decode().encode("cp1252")
            folder = FULL
            if source == "email_changes":
                folder, file = dict(_FOLDERS[:3] + _FOLDERS[4:6] + _FOLDERS[7:])[int(file)], ""
            self.streams[name] = Stream(self.root / source / folder / (file or "changes.csv"), head)
        self.books = Workbooks(self.root / "events" / FULL)

    def add(self, chunk: Chunk) -> None:
        for name, (data, rows) in chunk.files.items():
            self.streams[name].write(data, rows)
        for name, data in chunk.truth.items():
            self.truth[name].write(data, 0)
        self.books.add(chunk.attendance)

    def close(self) -> None:
        """Finish every file, write the manifests and set the traps among the deltas."""
        for stream in self.truth.values():
            stream.close()
        for name, stream in self.streams.items():
            source, _, delta = name.partition("/")
            fact = stream.close()
            if source == "email_changes":
                self._delta(int(delta), stream.path.read_bytes(), fact)
            else:
                _manifest(stream.path.parent, source, "full", 1, [fact])
        _manifest(self.root / "events" / FULL, "events", "full", 1, self.books.close())

    def _delta(self, sequence: int, data: bytes, fact: dict[str, str | int]) -> None:
        for number, folder in _FOLDERS:
            if number != sequence:
                continue
            path = self.root / "email_changes" / folder / "changes.csv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_cut(data) if folder == TRUNCATED else data)
            _manifest(path.parent, "email_changes", "delta", sequence, [fact])


def _cut(data: bytes) -> bytes:
    """The first part of a file, ending in the middle of a row."""
    return data[: data.rfind(b"\n", 0, len(data) * 3 // 5) + 25]


def _manifest(
    folder: Path, source: str, kind: str, sequence: int, files: list[dict[str, str | int]]
) -> None:
    content = {
        "source": source,
        "delivery": folder.name,
        "kind": kind,
        "sequence": sequence,
        "zone": ZONE,
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


class Workbooks:
    """The attendance lists: a new workbook where one sheet would overflow."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.done: list[tuple[Path, int]] = []
        self.rows = 0
        self._open()

    def _open(self) -> None:
        number = len(self.done) + 1
        name = "attendance.xlsx" if number == 1 else f"attendance-{number}.xlsx"
        self.path = self.folder / name
        self.book = xlsxwriter.Workbook(
            self.path, {"constant_memory": True, "strings_to_formulas": False}
        )
        self.book.set_properties({"created": datetime(2026, 3, 1, tzinfo=UTC)})
        self.style = self.book.add_format({"num_format": "dd-mm-yyyy"})
        self.sheet = self.book.add_worksheet("Aanwezigen")
        self.sheet.write_row(0, 0, ATTENDANCE_HEADER)
        self.rows = 0

    def add(self, rows: list[tuple[Cell, ...]]) -> None:
        for row in rows:
            if self.rows == SHEET_ROWS:
                self._finish()
                self._open()
            self.rows += 1
            for column, cell in enumerate(row):
                if isinstance(cell, int):
                    day = date.fromordinal(cell // DAY + date(1970, 1, 1).toordinal())
                    self.sheet.write_datetime(self.rows, column, day, self.style)
                elif cell:
                    self.sheet.write_string(self.rows, column, cell)

    def _finish(self) -> None:
        self.book.close()
        self.done.append((self.path, self.rows))

    def close(self) -> list[dict[str, str | int]]:
        self._finish()
        return [
            {"name": p.name, "rows": n, "sha256": hashlib.sha256(p.read_bytes()).hexdigest()}
            for p, n in self.done
        ]
