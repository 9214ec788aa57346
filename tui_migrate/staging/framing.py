"""From the bytes of a text delivery to framed lines: decoded, numbered, bad ones set apart.

DuckDB does not say which line a row came from and stops at a NUL or a wrong byte. So each logical
line is written to a temporary UTF-8 file behind its physical line number; whatever cannot be a row
goes to the rejects with line, offset, reason and what stood there.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

MAX_LINE = 256 * 1024
"""Bytes; a longer line is no row of customer data."""
MAX_JOINED = 200
"""Physical lines that one quoted value may run over."""
_SAMPLE = 1 << 20
_CANDIDATES = (";", ",", "\t", "|")
_TAKEN = frozenset({"step", "attempt", "unit"})
_ANY_END = re.compile(rb"\r\n|\r|\n")


def _undecodable(error: UnicodeError) -> tuple[str, int]:
    """A lone surrogate for what cannot be decoded: no UTF-8, so that its line is rejected."""
    assert isinstance(error, UnicodeDecodeError)  # noqa: S101 - only used to decode
    return "\udcff", error.end


codecs.register_error("tui_migrate.mark", _undecodable)


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text file is written."""

    encoding: str
    delimiter: str = ","
    quote: str = '"'
    header: bool = True


@dataclass(frozen=True, slots=True)
class Rejected:
    """A physical line that cannot be a row. ``offset``: byte where it begins in the delivery."""

    line: int
    offset: int
    reason: str
    raw: str


@dataclass(slots=True)
class Framed:
    """What framing a file gave."""

    columns: list[str] = field(default_factory=list)
    rows: int = 0
    blank: int = 0
    rejects: list[Rejected] = field(default_factory=list)
    no_header: str = ""
    """Why the first line cannot be the header that it should be."""


def detect_encoding(path: Path) -> str:
    """``utf-8`` (with or without byte order mark), ``utf-16`` by its mark, else ``cp1252``.

    A file with a few broken bytes among good UTF-8 is UTF-8 (its bad lines are rejected); a file
    without any good multi-byte sequence but with bytes over 127 is cp1252.
    """
    good = bad = 0
    with path.open("rb") as stream:
        start = stream.read(4)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        if start.startswith(codecs.BOM_UTF8):
            return "utf-8"
        if b"\0" in start and (wide := wide_encoding(path)):
            return wide
        stream.seek(0)
        for line in stream:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                good += 1
            except UnicodeDecodeError:
                bad += 1
    return "utf-8" if bad * 10 <= good else "cp1252"


def wide_encoding(path: Path) -> str:
    """Which UTF-16 a file is in: by its mark, else by the side on which the NULs of ASCII stand.

    Empty when it looks like none of them.
    """
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE)
    if not sample or sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    before, behind = sample[0::2].count(0), sample[1::2].count(0)
    if max(before, behind) < 2 * min(before, behind) + 1:
        return ""
    return "utf-16-be" if before > behind else "utf-16-le"


def detect_delimiter(path: Path, encoding: str) -> str:
    """The candidate that splits the first lines most evenly into the most columns."""
    with path.open("rb") as stream:
        sample = stream.read(_SAMPLE).decode(encoding, errors="replace").lstrip("\ufeff")
    lines = [line for line in sample.splitlines()[:50] if line.strip()]
    best, best_score = ",", -1.0
    for candidate in _CANDIDATES:
        counts = [line.count(candidate) for line in lines]
        if not counts or not counts[0]:
            continue
        even = sum(count == counts[0] for count in counts) / len(counts)
        score = even * 10 + min(counts[0], 9) / 10
        if score > best_score:
            best, best_score = candidate, score
    return best


def _ends_with_cr(stream: BinaryIO, encoding: str) -> bool:
    """Whether a lone carriage return ends a line: the first megabyte has no other end inside."""
    start = stream.read(_SAMPLE)
    stream.seek(0)
    if _is_wide(encoding):
        start = start.decode(encoding, errors="ignore").encode(errors="ignore")
    inside = start.rstrip(b"\r\n")
    return b"\n" not in inside and b"\r" in inside


def _is_wide(encoding: str) -> bool:
    return encoding.lower().replace("-", "").startswith("utf16")


def physical_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, int, bytes]]:
    """Number (from 1), byte offset and bytes of each physical line, without its line end.

    Lines end with a line feed; in a file that has none, with a lone carriage return. Wide text comes
    as UTF-8 with offset 0; what is broken in it comes as bytes that are no UTF-8.
    """
    only_cr = _ends_with_cr(stream, encoding)
    if _is_wide(encoding):
        ends = "" if only_cr else "\n"
        reader = io.TextIOWrapper(stream, encoding, errors="tui_migrate.mark", newline=ends)
        for number, text in enumerate(reader, 1):
            yield number, 0, text.rstrip("\r\n").encode(errors="surrogatepass")
        return
    offset = 0
    lines = _cr_lines(stream) if only_cr else stream
    for number, line in enumerate(lines, 1):
        yield number, offset, line.rstrip(b"\r\n")
        offset += len(line)


def _cr_lines(stream: BinaryIO) -> Iterator[bytes]:
    """The lines of a stream, each with its end: any of CR LF, CR and LF."""
    rest = b""
    while chunk := stream.read(_SAMPLE):
        rest += chunk
        while rest.endswith(b"\r") and (more := stream.read(1)):
            rest += more
        start = 0
        for end in _ANY_END.finditer(rest):
            yield rest[start : end.end()]
            start = end.end()
        rest = rest[start:]
    if rest:
        yield rest


def _open_quote(text: str, delimiter: str, quote: str) -> bool:
    """Whether ``text`` ends inside a quoted value. A quote opens only at the start of a value."""
    position, size = 0, len(text)
    while position < size:
        if text[position] == quote:
            position += 1
            while True:
                position = text.find(quote, position)
                if position < 0:
                    return True
                if text[position + 1 : position + 2] == quote:
                    position += 2
                    continue
                position += 1
                break
        following = text.find(delimiter, position)
        if following < 0:
            return False
        position = following + len(delimiter)
    return False


def split_fields(text: str, delimiter: str, quote: str) -> list[str]:
    """The values of one logical line; a quote inside an unquoted value is itself, and a quoted value
    with something behind its closing quote is kept as it stands, quotes and all."""
    values: list[str] = []
    position = 0
    while True:
        if text[position : position + 1] == quote:
            start = position
            value, position = _quoted(text, position + 1, quote)
            following = text.find(delimiter, position)
            end = len(text) if following < 0 else following
            if end > position:
                value = text[start:end]
        else:
            following = text.find(delimiter, position)
            value = text[position:] if following < 0 else text[position:following]
        values.append(value)
        if following < 0:
            return values
        position = following + len(delimiter)


def _quoted(text: str, position: int, quote: str) -> tuple[str, int]:
    parts = []
    while True:
        end = text.find(quote, position)
        if end < 0:
            parts.append(text[position:])
            return "".join(parts), len(text)
        parts.append(text[position:end])
        if text[end + 1 : end + 2] != quote:
            return "".join(parts), end + 1
        parts.append(quote)
        position = end + 2


def unique_names(names: list[str]) -> list[str]:
    """Header names made usable: never empty, never twice, never a technical name."""
    seen: set[str] = set()
    result = []
    for number, name in enumerate(names, 1):
        base = " ".join(name.split()).strip("\ufeff") or f"column_{number}"
        if base.startswith("_"):
            base = f"column{base}"
        elif base.lower() in _TAKEN:
            base = f"column_{base}"
        candidate, extra = base, 2
        while candidate.lower() in seen:
            candidate, extra = f"{base}_{extra}", extra + 1
        seen.add(candidate.lower())
        result.append(candidate)
    return result


class Framer:
    """Frames one delimited text file into ``out`` (UTF-8: number, delimiter, the logical line)."""

    def __init__(self, form: TextFormat, out: TextIO) -> None:
        self.form = form
        self.out = out
        self.result = Framed()
        self._width = 0
        self._header: list[str] = []
        self._plain = ""
        self._mixed = False
        self._held: list[tuple[int, int, str]] = []

    def frame(self, path: Path) -> Framed:
        """Read ``path`` to its end. The header line sets the columns and is not a row."""
        with path.open("rb") as stream:
            for number, offset, raw in physical_lines(stream, self.form.encoding):
                self._take(number, offset, raw)
        self._give_up_held()
        if self._mixed and not (self.result.rows or self.result.rejects):
            self.result.no_header = "line.ends_differ"
        return self.result

    def _take(self, number: int, offset: int, raw: bytes) -> None:
        if not self._held:  # files that were put together keep the marks of each
            raw = raw.removeprefix(codecs.BOM_UTF8)
        text, reason = self._decode(raw)
        if reason:
            self._give_up_held()
            self._reject(number, offset, reason, raw.decode(self._codec, errors="replace"))
            return
        if not text.strip() and not self._held:
            self.result.blank += 1
            return
        if self._held or (self.form.quote in text and self._opens(text)):
            self._hold(number, offset, text)
            return
        self._emit(number, offset, text)

    def _hold(self, number: int, offset: int, text: str) -> None:
        """A line that ends inside quotes waits for those that complete it."""
        self._held.append((number, offset, text))
        joined = "\n".join(part for _, _, part in self._held)
        if not self._opens(joined):
            if self._fits(joined) and not self._has_loose_quote(joined):
                first = self._held[0]
                self._held = []
                self._emit(first[0], first[1], joined)
            else:
                self._give_up_held(keep_last=True)
        elif len(self._held) >= MAX_JOINED or len(joined) > MAX_LINE:
            self._give_up_held()

    def _give_up_held(self, keep_last: bool = False) -> None:
        """The first held line is wrongly quoted: reject it alone and look at the others again."""
        if not self._held:
            return
        (number, offset, text), *rest = self._held
        self._held = []
        self._reject(number, offset, "quote.unclosed", text)
        for line in rest:
            if self._held or (self.form.quote in line[2] and self._opens(line[2])):
                self._hold(*line)
            else:
                self._emit(*line)
        if self._held and not keep_last:
            self._give_up_held()

    def _emit(self, number: int, offset: int, text: str) -> None:
        quote, delimiter = self.form.quote, self.form.delimiter
        if not self._width:
            self._set_header(text)
            if self.form.header:
                return
        if quote in text or "\r" in text:
            values = split_fields(text, delimiter, quote)
            width = len(values)
        else:
            values, width = [], text.count(delimiter) + 1
        if width != self._width:
            reason = "row.too_long" if width > self._width else "row.too_short"
            self._reject(number, offset, reason, text)
            return
        if values == self._header if values else text == self._plain:
            self._reject(number, offset, "row.header_again", text)
            return
        if values:
            text = delimiter.join(_requote(v, delimiter, quote) for v in values)
        self.result.rows += 1
        self.out.write(f"{number}{delimiter}{text}\n")

    def _set_header(self, text: str) -> None:
        self._mixed = "\r" in text
        names = split_fields(text, self.form.delimiter, self.form.quote)
        self._width = len(names)
        if self.form.header and any(names):
            self._header, self._plain = names, self.form.delimiter.join(names)
        if not self.form.header:
            names = [f"column_{n}" for n in range(1, len(names) + 1)]
        self.result.columns = unique_names(names)

    def _fits(self, text: str) -> bool:
        return len(split_fields(text, self.form.delimiter, self.form.quote)) == self._width

    def _has_loose_quote(self, text: str) -> bool:
        """Whether a quoted value goes on behind its closing quote: then the quotes do not pair up
        as they seem to."""
        values = split_fields(text, self.form.delimiter, self.form.quote)
        return any(v.startswith(self.form.quote) and "\n" in v for v in values)

    def _opens(self, text: str) -> bool:
        return _open_quote(text, self.form.delimiter, self.form.quote)

    @property
    def _codec(self) -> str:
        return "utf-8" if _is_wide(self.form.encoding) else self.form.encoding

    def _decode(self, raw: bytes) -> tuple[str, str]:
        if len(raw) > MAX_LINE:
            return "", "line.too_long"
        if b"\0" in raw:
            return "", "line.nul"
        try:
            return raw.decode(self._codec), ""
        except UnicodeDecodeError:
            return "", "line.undecodable"

    def _reject(self, number: int, offset: int, reason: str, raw: str) -> None:
        if self.form.header and not self._width and not self.result.no_header:
            self.result.no_header = reason
        self.result.rejects.append(Rejected(number, offset, reason, raw[:MAX_LINE]))


def _requote(value: str, delimiter: str, quote: str) -> str:
    if quote in value or delimiter in value or "\n" in value or "\r" in value:
        return quote + value.replace(quote, quote * 2) + quote
    return value
