"""Files that people hand in or put beside, without a person, whatever they are packed in: texts in
any encoding, mails, archives, documents of offices, PDFs.
"""

from __future__ import annotations

import base64
import contextlib
import email
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from pathlib import PurePath

from tui_migrate.staging.workbook import redact_part

Matches = Callable[[str], bool]
Cut = Callable[[str, str], str]
"""A text and its file's ending → the text without the person."""

_DEEPEST = 5
_MOST_BYTES = 1 << 30
_FEW = 100
_CONTROLS = bytes({*range(0x1A), 0x7F} - {*b"\b\t\n\v\f\r"})
"""Bytes that hardly stand in texts: of packed ones they are a tenth."""
_MARK = "\ufeff"
_MARKUP = (".xml", ".rels", ".vml")
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".emf", ".wmf", ".webp")
_MAIL = re.compile(r"(?im)^content-transfer-encoding:\s*(base64|quoted-printable)")

_SIGN = "[A-Za-z0-9+/_-]"
_BASE64 = re.compile(
    rf"(?:{_SIGN}{{40,}}[ \t]*\r?\n[ \t]*)+{_SIGN}+={{0,2}}|{_SIGN}{{16,}}={{0,2}}"
)
_SAFE = str.maketrans("-_", "+/")
_PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"%PDF", b"\x89PNG", b"\xff\xd8\xff")
"""How files begin that are packed in a text at times: archives, PDFs, pictures."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file without the person; ``None``: it has to go as a whole. ``whole``: all of it could be
    searched."""

    content: bytes | None
    whole: bool = True


def clean(content: bytes, name: str, matches: Matches, cut: Cut, depth: int = 0) -> Cleaned:
    """``content`` of the file ``name`` without the person; the same bytes when he is not in it."""
    if depth > _DEEPEST:
        return Cleaned(content, whole=False)
    if zipfile.is_zipfile(io.BytesIO(content)):
        return _archive(content, matches, cut, depth)
    if content.startswith(b"\x1f\x8b"):
        return _gzip(content, name, matches, cut, depth)
    if content.startswith(b"%PDF"):
        return _pdf(content, matches)
    found = decoded(content)
    if found is None:
        return Cleaned(content, whole=False)
    text, codec = found[0].removeprefix(_MARK), found[1]
    fresh = cut(text, PurePath(name).suffix.lower())
    if fresh == text and _MAIL.search(text) and matches(_mail(content)):
        return Cleaned(None)
    fresh, whole = _unpacked(fresh, matches, cut, depth)
    if fresh != text:
        mark = _MARK if found[0].startswith(_MARK) else ""
        return Cleaned((mark + fresh).encode(codec), whole)
    return Cleaned(content, whole)


def _unpacked(text: str, matches: Matches, cut: Cut, depth: int) -> tuple[str, bool]:
    """The text without what names him packed as base64, and whether all that is packed so could be
    searched. Only what gives a text, or a kind of file that is known, counts as packed."""
    whole = True

    def kept(run: re.Match[str]) -> str:
        nonlocal whole
        packed = run[0]
        bare = re.sub(r"[\s=]", "", packed).translate(_SAFE)
        try:
            inner = base64.b64decode(bare + "=" * (-len(bare) % 4))
        except ValueError:
            return packed
        if inner.startswith(_PACKED):
            done = clean(inner, "", matches, cut, depth + 1)
            whole = whole and done.whole
            return packed if done.content == inner else ""
        for codec in ("utf-8", "utf-16-le"):
            with contextlib.suppress(UnicodeDecodeError):
                if matches(inner.decode(codec)):
                    return ""
        return packed

    return _BASE64.sub(kept, text), whole


def decoded(content: bytes) -> tuple[str, str] | None:
    """A text file's text and codec, which gives the same bytes again; ``None`` for what is no text."""
    for mark, codec in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            with contextlib.suppress(UnicodeDecodeError):
                return content.decode(codec), codec
            return None
    if content.count(b"\0") * _FEW > len(content):  # some stand in dirty texts
        halves = content[::2], content[1::2]
        for codec, (mine, other) in (("utf-16-le", halves), ("utf-16-be", halves[::-1])):
            if other.count(b"\0") * 2 > len(other) and mine.count(b"\0") * _FEW <= len(mine):
                with contextlib.suppress(UnicodeDecodeError):
                    return content.decode(codec), codec
        return None
    if (len(content) - len(content.translate(None, _CONTROLS))) * _FEW > len(content):
        return None
    for codec in ("utf-8", "cp1252"):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(codec), codec
    return content.decode("latin-1"), "latin-1"


def _mail(content: bytes) -> str:
    """What the parts of a mail say that are packed for the way; their names too."""
    found = []
    for part in email.message_from_bytes(content, policy=policy.compat32).walk():
        found.append(str(part.get_filename() or ""))
        body = part.get_payload(decode=True)
        if isinstance(body, bytes):
            text = decoded(body)
            found.append(text[0] if text else body.decode("latin-1"))
    return "\n".join(found)


def _gzip(content: bytes, name: str, matches: Matches, cut: Cut, depth: int) -> Cleaned:
    try:
        inner = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return Cleaned(content, whole=False)
    done = clean(inner, PurePath(name).stem, matches, cut, depth + 1)
    if done.content is None or done.content == inner:
        return Cleaned(None if done.content is None else content, done.whole)
    return Cleaned(gzip.compress(done.content, mtime=0), done.whole)


def _archive(content: bytes, matches: Matches, cut: Cut, depth: int) -> Cleaned:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            infos = [info for info in book.infolist() if not info.is_dir()]
            if sum(info.file_size for info in infos) > _MOST_BYTES:
                return Cleaned(content, whole=False)
            parts = [(info, book.read(info)) for info in infos]
    except (OSError, EOFError, RuntimeError, ValueError, NotImplementedError, zlib.error,
            zipfile.BadZipFile):  # fmt: skip
        return Cleaned(content, whole=False)
    names = {info.filename for info in infos}
    office = bool(names & {"[Content_Types].xml", "mimetype"})
    out, whole, changed = io.BytesIO(), True, False
    with zipfile.ZipFile(out, "w") as fresh:
        kept = 0
        for number, (info, part) in enumerate(parts):
            name = info.filename
            if office:
                done = _part(part, name, matches)
            else:
                done = clean(part, name, matches, cut, depth + 1)
                name = unnamed(name, matches, number)
            whole = whole and done.whole
            changed = changed or done.content != part or name != info.filename
            if done.content is not None:
                kept += 1
                made = zipfile.ZipInfo(name, info.date_time)
                made.compress_type = zipfile.ZIP_DEFLATED
                made.external_attr = info.external_attr
                fresh.writestr(made, done.content)
    if not changed:
        return Cleaned(content, whole)
    return Cleaned(out.getvalue() if kept else None, whole)


def _part(part: bytes, name: str, matches: Matches) -> Cleaned:
    """A part of a document of an office program. What is no XML cannot be changed."""
    if name.endswith(_MARKUP):
        fresh = redact_part(part, matches)
        return Cleaned(part, whole=False) if fresh is None else Cleaned(fresh)
    if name.lower().endswith(_PICTURES):
        return Cleaned(part, whole=False)
    told = (part.decode("latin-1"), part.decode("utf-16-le", "replace"))
    return Cleaned(part, whole=not any(map(matches, told)))


def unnamed(name: str, matches: Matches, number: int) -> str:
    """A file's name that does not name the person: the same one, or a number."""
    if matches(name) or matches(name.replace("_", " ")):
        return f"erased-{number}{PurePath(name).suffix.lower()}"
    return name


def _pdf(content: bytes, matches: Matches) -> Cleaned:
    """A PDF with his values goes as a whole: one cannot cut from it. One whose text is packed in a
    way that this program cannot read was not searched."""
    found, all_of_it = pdf_text(content)
    outside = (content.decode("latin-1"), content.decode("utf-16-be", "replace"))
    if matches(found) or any(map(matches, outside)):
        return Cleaned(None)
    return Cleaned(content, whole=all_of_it and bool(found.strip()))


def pdf_text(content: bytes) -> tuple[str, bool]:
    """Text that stands in the streams of a PDF as plain strings, packed by deflate or not; whether
    that is all of its text."""
    found, plain = [], True
    for part in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        body = part[1]
        with contextlib.suppress(zlib.error):
            body = zlib.decompress(body)
        for block in re.finditer(rb"BT(.*?)ET", body, re.DOTALL):
            strings = re.findall(rb"\(((?:\\.|[^\\()])*)\)", block[1])
            found.append("".join(s.decode("latin-1") for s in strings))
            plain = plain and not re.search(rb"<[0-9A-Fa-f\s]+>", block[1])
    return "\n".join(found), plain
