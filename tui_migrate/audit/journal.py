"""The journal: JSON lines, hash-chained, fsynced before anything is acknowledged or shown.

Format in ``docs/audit-format.md``: each line is the canonical JSON of an entry, its ``hash`` is the
SHA-256 of the same object without ``hash``, and its ``prev`` is the hash of the line before.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tui_migrate.audit.canonical import canonical, sha256_of
from tui_migrate.audit.entries import AnyFact, Entry
from tui_migrate.errors import DataSaysNo
from tui_migrate.files import open_durably, write_whole
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from structlog.typing import EventDict

FORMAT = 1
GENESIS = "0" * 64

_decoder = msgspec.json.Decoder(Entry)


class JournalBroken(DataSaysNo):
    """A line of the journal is not what was written; ``seq`` is the first that cannot be trusted."""

    def __init__(self, seq: int, message: str) -> None:
        super().__init__(_("The journal is damaged at entry {}: {}").format(seq, message))
        self.seq = seq


def now() -> str:
    """The present moment in UTC, ISO 8601, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_line(line: bytes, seq: int, prev: str) -> Entry:
    """The entry in one journal line (without newline), checked against its place in the chain.

    Raises ``JournalBroken`` with what is wrong.
    """
    try:
        raw = msgspec.json.decode(line)
        given = raw.pop("hash")
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise JournalBroken(seq, _("this is not an entry")) from error
    if raw.get("seq") != seq:
        raise JournalBroken(
            seq,
            _("it says number {}: lines are missing, repeated or swapped").format(raw.get("seq")),
        )
    if raw.get("prev") != prev:
        raise JournalBroken(seq, _("it does not follow the entry before it"))
    if sha256_of(raw) != given or canonical({**raw, "hash": given}) != line:
        raise JournalBroken(seq, _("its content does not match its hash"))
    try:
        return _decoder.decode(line)
    except msgspec.ValidationError as error:
        raise JournalBroken(seq, _("unknown or malformed fact ({})").format(error)) from error


def read_entries(path: Path) -> Iterator[Entry]:
    """All entries of a journal file, checked one by one as they come.

    Raises ``JournalBroken`` at the first bad line; a last line without newline is bad too (an open
    journal sets it aside first).
    """
    prev = GENESIS
    with path.open("rb") as stream:
        for seq, line in enumerate(stream, 1):
            if not line.endswith(b"\n"):
                raise JournalBroken(seq, _("the last line is torn"))
            entry = parse_line(line[:-1], seq, prev)
            prev = entry.hash
            yield entry


class Journal:
    """The append side. One lock around a whole call; the chain moves on only after the fsync."""

    def __init__(self, path: Path, clock: Callable[[], str] = now) -> None:
        import structlog  # with half of rich behind it: who only reads a journal does without

        self.path = path
        self._clock = clock
        self._lock = threading.RLock()
        self._entries: list[Entry] = []
        self.torn_bytes = self._set_torn_line_aside()
        if path.exists():
            self._entries.extend(read_entries(path))
        self._fd = open_durably(path, os.O_WRONLY | os.O_APPEND)
        self._log = structlog.wrap_logger(
            _LineWriter(self._fd),
            processors=[self._place, self._chain, _render],
            wrapper_class=structlog.BoundLoggerBase,
        )

    @property
    def head(self) -> str:
        """Hash of the last entry."""
        return self._entries[-1].hash if self._entries else GENESIS

    @property
    def entries(self) -> list[Entry]:
        """All entries so far (do not change the list)."""
        return self._entries

    def append(self, fact: AnyFact, *, by: str, uid: int, command: str = "") -> Entry:
        """Write one fact durably and return its entry. Raises ``OSError`` when the disk refuses;
        then nothing of it stays."""
        with self._lock:
            size = os.fstat(self._fd).st_size
            try:
                line: bytes = self._log._proxy_to_logger(
                    "write", fact=msgspec.to_builtins(fact), by=by, uid=uid, command=command
                )
            except OSError:
                os.ftruncate(self._fd, size)
                raise
            entry = _decoder.decode(line)
            self._entries.append(entry)
            return entry

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def _place(self, logger: Any, name: str, event: EventDict) -> EventDict:
        event.pop("event", None)
        return {**event, "seq": len(self._entries) + 1, "at": self._clock()}

    def _chain(self, logger: Any, name: str, event: EventDict) -> EventDict:
        event["prev"] = self.head
        return {**event, "hash": sha256_of(event)}

    def _set_torn_line_aside(self) -> int:
        """A last line without newline was never acknowledged: keep it beside, cut it off."""
        if not self.path.exists():
            return 0
        with self.path.open("rb+") as stream:
            size = stream.seek(0, os.SEEK_END)
            tail = b""
            position = size
            while position and b"\n" not in tail:
                step = min(65536, position)
                position -= step
                stream.seek(position)
                tail = stream.read(step) + tail
            torn = tail.rpartition(b"\n")[2]
            if not torn:
                return 0
            aside = self.path.with_name(f"{self.path.name}.torn-{size}")
            write_whole(aside, torn)
            stream.truncate(size - len(torn))
            os.fsync(stream.fileno())
            return len(torn)


def _render(logger: Any, name: str, event: EventDict) -> tuple[tuple[bytes], dict[str, Any]]:
    return (canonical(event),), {}


class _LineWriter:
    """The sink under structlog: one write, one fsync, and the line that now stands on disk."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def write(self, line: bytes) -> bytes:
        data = line + b"\n"
        written = os.write(self._fd, data)
        if written != len(data):
            raise OSError(28, "short write to the journal")
        os.fsync(self._fd)
        return line
