"""Workbooks (.xlsx) without some rows, cells or words: every other byte of every part stays.

A workbook is a ZIP of XML. Cells are cut out where the parser says they stand, and texts of the
shared list that no cell names any more are emptied: libraries that read and write whole workbooks
lose what they do not know (and the values of formulas).
"""

from __future__ import annotations

import html
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree
from xml.parsers import expat

from tui_migrate.staging.readers import FileFormat

SHARED = "xl/sharedStrings.xml"
_PLACE = re.compile(r"([A-Z]+)([0-9]+)")
_TAG = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_VALUE = re.compile(rb"""=\s*(["'])(.*?)\1""", re.DOTALL)
_GONE = b"(erased)"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(slots=True)
class _Cut:
    """What goes from one part: byte spans with what takes their place."""

    spans: list[tuple[int, int, bytes]] = field(default_factory=list)

    def apply(self, content: bytes) -> bytes:
        """The content with its spans replaced; of nested spans the outer one counts."""
        out, position = [], 0
        for start, stop, fresh in sorted(self.spans, key=lambda s: (s[0], -s[1])):
            if start >= position:
                out += [content[position:start], fresh]
                position = stop
        return b"".join([*out, content[position:]])


@dataclass(slots=True)
class _Cell:
    """One cell of a sheet: where its element stands, and the shared text that it names."""

    row: int
    column: str
    start: int
    stop: int
    shared: int | None


def rewrite_workbook(
    path: Path,
    into: Path,
    form: FileFormat,
    lines: frozenset[int],
    cells: Mapping[int, Sequence[str]],
) -> None:
    """Write the workbook without these rows of its sheet, and without these cells."""
    parts = _read(path)
    sheet = _sheet_part(parts, form.sheet)
    letters = _letters(parts, sheet, form) if cells else {}
    gone = {
        (line, letters[name]) for line, names in cells.items() for name in names if name in letters
    }

    def wanted(cell: _Cell) -> bool:
        return cell.row in lines or (cell.row, cell.column) in gone

    content = parts[sheet]
    cut = _Cut()
    for cell in _cells(content):
        if wanted(cell):
            cut.spans.append((cell.start, cell.stop, b""))
    parts[sheet] = cut.apply(content)
    _empty_unnamed(parts)
    _drop_notes(parts, lines)
    _write(path, into, parts)


def redact_part(content: bytes, matches: Callable[[str], bool]) -> bytes | None:
    """A part of a document (XML) without the texts and attributes that match; ``None`` when it cannot
    be read. A text in runs goes as a whole."""
    try:
        found = [(start, stop) for start, stop, text in _texts(content) if matches(text)]
        said = _attributes(content, matches)
    except (expat.ExpatError, ValueError):
        return None
    cut = _Cut([(start, stop, b"") for start, stop in found if stop > start])
    cut.spans += [span for span in said if not any(a <= span[0] < b for a, b in found)]
    return cut.apply(content)


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as book:
        return {info.filename: book.read(info) for info in book.infolist() if not info.is_dir()}


def _write(path: Path, into: Path, parts: Mapping[str, bytes]) -> None:
    """The parts as a workbook, in the order and with the dates of the old one."""
    with zipfile.ZipFile(path) as book, zipfile.ZipFile(into, "w") as out:
        for info in book.infolist():
            if info.filename in parts:
                fresh = zipfile.ZipInfo(info.filename, info.date_time)
                fresh.compress_type = zipfile.ZIP_DEFLATED
                fresh.external_attr = info.external_attr
                out.writestr(fresh, parts[info.filename])


def _sheet_part(parts: Mapping[str, bytes], sheet: str | None) -> str:
    """The part of the sheet of this name, or of the first."""
    book = ElementTree.fromstring(parts["xl/workbook.xml"])  # noqa: S314 - parts in memory, no entities
    relations = ElementTree.fromstring(parts["xl/_rels/workbook.xml.rels"])  # noqa: S314
    targets = {r.get("Id"): str(r.get("Target")) for r in relations}
    sheets = [e for e in book.iter() if e.tag.endswith("}sheet")]
    chosen = next((e for e in sheets if e.get("name") == sheet), sheets[0])
    target = targets[chosen.get(_RELATION)]
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


@dataclass(slots=True)
class _Element:
    """One element of a part: its bytes from ``start`` to ``stop``, those inside it from ``inner`` to
    ``close``; ``text``: what stands directly in it and in the texts (``t``, ``v``) below it."""

    tag: str
    attributes: dict[str, str]
    start: int
    inner: int
    empty: bool
    close: int = 0
    stop: int = 0
    text: str = ""


def _walk(
    content: bytes,
    visit: Callable[[_Element], None],
    opened: Callable[[_Element], None] | None = None,
) -> None:
    """Visit every element when it ends (``opened``: when it begins)."""
    parser = expat.ParserCreate(namespace_separator=" ")
    stack: list[_Element] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        start = parser.CurrentByteIndex
        inner = _tag_end(content, start)
        element = _Element(
            name.rpartition(" ")[2], attributes, start, inner, content[inner - 2 : inner] == b"/>"
        )
        stack.append(element)
        if opened is not None:
            opened(element)

    def end(_name: str) -> None:
        element = stack.pop()
        if element.empty:
            element.close = element.stop = element.inner
        else:
            element.close = parser.CurrentByteIndex
            element.stop = content.index(b">", element.close) + 1
        visit(element)
        if stack and element.tag in ("t", "v", "r", "is"):
            stack[-1].text += element.text

    def said(text: str) -> None:
        stack[-1].text += text

    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = said
    parser.Parse(content, True)


def _tag_end(content: bytes, start: int) -> int:
    """Behind the ``>`` of the tag that begins at ``start``; one inside quotes does not count."""
    found = _TAG.match(content, start)
    return found.end() if found else content.index(b">", start) + 1


def _cells(content: bytes) -> list[_Cell]:
    """The cells of a sheet, in order."""
    found: list[_Cell] = []
    place = {"row": 0, "column": 0}

    def opened(element: _Element) -> None:
        if element.tag == "row":
            place["row"] = int(element.attributes.get("r", place["row"] + 1))
            place["column"] = 0
        elif element.tag == "c":
            told = _PLACE.fullmatch(element.attributes.get("r", ""))
            place["column"] = _number(told[1]) if told else place["column"] + 1

    def visit(element: _Element) -> None:
        if element.tag == "c":
            text = element.text.strip()
            shared = int(text) if element.attributes.get("t") == "s" and text else None
            column = _letter(place["column"])
            found.append(_Cell(place["row"], column, element.start, element.stop, shared))

    _walk(content, visit, opened)
    return found


def _number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _letter(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _letters(parts: Mapping[str, bytes], sheet: str, form: FileFormat) -> dict[str, str]:
    """Column name → letter, by the first row that has cells (without header: column_1 …)."""
    from tui_migrate.staging.framing import unique_names

    cells = _cells(parts[sheet])
    if not cells:
        return {}
    if not form.header:
        last = max(_number(c.column) for c in cells)
        return {f"column_{n}": _letter(n) for n in range(1, last + 1)}
    shared = [text for _start, _stop, text in _entries(parts.get(SHARED, b""))]
    top = min(c.row for c in cells)
    named = {
        _number(c.column): shared[c.shared]
        for c in cells
        if c.row == top and c.shared is not None and c.shared < len(shared)
    }
    names = unique_names([named.get(n, "") for n in range(1, max(named, default=0) + 1)])
    return {name: _letter(n) for n, name in enumerate(names, 1)}


def _entries(content: bytes) -> list[tuple[int, int, str]]:
    """The entries of the shared list: where each stands, and its text."""
    found: list[tuple[int, int, str]] = []
    if content:
        _walk(content, lambda e: found.append((e.start, e.stop, e.text)) if e.tag == "si" else None)
    return found


def _empty_unnamed(parts: dict[str, bytes]) -> None:
    """Empty the entries of the shared list that no cell of any sheet names."""
    if SHARED not in parts:
        return
    named = {
        cell.shared
        for name, content in parts.items()
        if name.startswith("xl/worksheets/") and name.endswith(".xml")
        for cell in _cells(content)
    }
    content = parts[SHARED]
    cut = _Cut(
        [
            (start, stop, b"<si><t/></si>")
            for number, (start, stop, _text) in enumerate(_entries(content))
            if number not in named
        ]
    )
    if b"<si" not in content:  # another prefix: nothing is written that could break it
        return
    parts[SHARED] = cut.apply(content)


def _drop_notes(parts: dict[str, bytes], lines: frozenset[int]) -> None:
    """Take out the notes on cells of these rows. (Notes of all sheets: too many rather than one
    too few.)"""
    for name, content in list(parts.items()):
        if re.fullmatch(r"xl/(threadedComments/)?(comments|threadedComment)\d*\.xml", name):
            parts[name] = _without_notes(content, lines)


def _without_notes(content: bytes, lines: frozenset[int]) -> bytes:
    cut = _Cut()

    def visit(element: _Element) -> None:
        if element.tag in ("comment", "threadedComment"):
            told = _PLACE.fullmatch(element.attributes.get("ref", ""))
            if told and int(told[2]) in lines:
                cut.spans.append((element.start, element.stop, b""))

    _walk(content, visit)
    return cut.apply(content)


def _texts(content: bytes) -> list[tuple[int, int, str]]:
    """The texts of a part: where the inside of the element stands that says each."""
    found: list[tuple[int, int, str]] = []

    def visit(element: _Element) -> None:
        if element.text.strip():
            found.append((element.inner, element.close, element.text))

    _walk(content, visit)
    return found


def _attributes(content: bytes, matches: Callable[[str], bool]) -> list[tuple[int, int, bytes]]:
    """Values of attributes that match (targets of links, names of sheets, data of pivot tables)."""
    found: list[tuple[int, int, bytes]] = []

    def opened(element: _Element) -> None:
        if not any(matches(value) for value in element.attributes.values()):
            return
        for told in _VALUE.finditer(content, element.start, element.inner):
            if matches(html.unescape(told[2].decode("utf-8", "replace"))):
                found.append((*told.span(2), _GONE))

    _walk(content, lambda _element: None, opened)
    return found
