"""Erasing a person from the vault: keys, values, words, names, evidence files.

What the audit folder holds stays as it is: its commitments can be opened by nobody any more.
"""

from __future__ import annotations

import contextlib
import json
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tui_migrate.audit.vault import Vault
from tui_migrate.files import sha256_file, whole
from tui_migrate.staging.erasing import destroy, pattern, replacing
from tui_migrate.staging.store import literal
from tui_migrate.staging.workbook import redact_workbook, texts

_TEXT = frozenset(
    {".txt", ".csv", ".tsv", ".md", ".log", ".json", ".jsonl", ".xml", ".eml", ".html"}
)


@dataclass(slots=True)
class Forgotten:
    """What was erased from the vault. ``files``: evidence, hash before → behind ('' when it had to
    go as a whole); ``unsearched``: hashes of evidence files that nobody could search."""

    keys: int = 0
    values: int = 0
    words: int = 0
    names: int = 0
    files: dict[str, str] = field(default_factory=dict)
    unsearched: list[str] = field(default_factory=list)


class Forgetting:
    """Erases one person. ``words``: values that are his; each step can be done again."""

    def __init__(
        self, vault: Vault, records: Sequence[tuple[str, str]],
        words: Sequence[str], note: Callable[[str, str], None] = lambda _old, _new: None,
    ) -> None:  # fmt: skip
        """``note`` hears the hash of an evidence file before it is replaced: old, new."""
        self._vault = vault
        self._records = {(s, r) for s, r in records}
        self._note = note
        self._expression = pattern(words)
        self._search = re.compile(self._expression).search

    def matches(self, text: str) -> bool:
        """Whether one of his values stands in a text."""
        return self._search(text) is not None

    def keys_and_values(self, done: Forgotten) -> None:
        """Rewrite the files with keys, and those with values of the trail, without him."""
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE gone (source VARCHAR, record_id VARCHAR)")
            connection.executemany("INSERT INTO gone VALUES (?, ?)", sorted(self._records))
            for path in sorted(self._vault.keys.glob("*/*.parquet")):
                select = "FROM read_parquet({path}) ANTI JOIN gone USING (source, record_id)"
                done.keys += _filtered(connection, path, select, "none")
            word = literal(self._expression)
            for path in sorted(self._vault.trail.glob("*/*.parquet")):
                kept = ", ".join(
                    f"CASE WHEN regexp_matches({c}, {word}) THEN NULL ELSE {c} END AS {c}"
                    for c in ("before", "after")
                )
                select = (
                    f"SELECT * REPLACE ({kept})" + " FROM read_parquet({path})"
                    " ANTI JOIN gone USING (source, record_id)"
                )
                done.values += _filtered(connection, path, select, "zstd")

    def typed(self, done: Forgotten) -> None:
        """Take out words that name him: comments, answers, searches, messages, settled pairs."""
        for path in sorted((self._vault.folder / "words").glob("*/*.json")):
            try:
                text = str(json.loads(path.read_bytes())["text"])
            except (ValueError, KeyError, TypeError):
                continue
            if self.matches(text) or self._is_pair(text):
                destroy(path)
                done.words += 1
        for path in sorted((self._vault.folder / "names").glob("*/*")):
            if self.matches(path.read_bytes().decode("utf-8", "surrogateescape")):
                destroy(path)
                done.names += 1

    def _is_pair(self, text: str) -> bool:
        if not text.startswith("[["):
            return False
        try:
            return any(tuple(record) in self._records for record in json.loads(text))
        except (ValueError, TypeError):
            return False

    def evidence(self, done: Forgotten, names: Callable[[str], str]) -> None:
        """Rewrite evidence files without his values, or take them away where that cannot be done.
        ``names``: hash → the name under which the file was handed in."""
        for path in sorted((self._vault.folder / "files").glob("*")):
            if not re.fullmatch(r"[0-9a-f]{64}", path.name):
                continue
            fresh = self._evidence(path, Path(names(path.name)).suffix.lower())
            if fresh is None:
                done.unsearched.append(path.name)
            elif fresh != path.name:
                done.files[path.name] = fresh

    def _evidence(self, path: Path, ending: str) -> str | None:
        """Hash of the file as it is now ('' : gone), or ``None`` when it cannot be searched."""
        if zipfile.is_zipfile(path):
            try:
                if not self.matches(texts(path)):
                    return path.name if ending in (".xlsx", "") else None
                return self._replace(path, lambda into: redact_workbook(path, into, self.matches))
            except Exception:  # noqa: BLE001 - a broken or strange archive is one that cannot be searched
                return None
        content = path.read_bytes()
        if content.startswith(b"%PDF"):
            return self._pdf(path, content)
        text = _decoded(content)
        if text is None:
            return None
        if not self.matches(text):
            return path.name
        lines = text.splitlines(keepends=True)
        kept = "".join(line for line in lines if not self.matches(line))
        if self.matches(kept):  # a value over a line's end
            kept = ""
        return self._replace(path, lambda into: into.write_bytes(kept.encode()))

    def _pdf(self, path: Path, content: bytes) -> str | None:
        """A PDF with his values goes as a whole: one cannot cut from it. One whose text is packed in
        a way that this program cannot read is named."""
        found = pdf_text(content)
        if not found.strip():
            return None
        if not self.matches(found):
            return path.name
        self._note(path.name, "")
        destroy(path)
        return ""

    def _replace(self, path: Path, write: Callable[[Path], object]) -> str:
        temporary = path.with_name("arriving")
        with whole(temporary) as into:
            write(into)
        sha256 = sha256_file(temporary)
        self._note(path.name, sha256)
        temporary.replace(path.with_name(sha256))
        if sha256 != path.name:
            destroy(path)
        return sha256


def pdf_text(content: bytes) -> str:
    """Text that stands in the streams of a PDF as plain strings, packed by deflate or not."""
    import zlib

    found = []
    for part in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", content, re.DOTALL):
        body = part[1]
        with contextlib.suppress(zlib.error):
            body = zlib.decompress(body)
        for block in re.finditer(rb"BT(.*?)ET", body, re.DOTALL):
            strings = re.findall(rb"\(((?:\\.|[^\\()])*)\)", block[1])
            found.append("".join(s.decode("latin-1") for s in strings))
    return "\n".join(found)


def _decoded(content: bytes) -> str | None:
    """A text file's text; ``None`` for what is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    if b"\0" in content:
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _filtered(
    connection: duckdb.DuckDBPyConnection, path: Path, select: str, compression: str
) -> int:
    """Rewrite a Parquet file through a SELECT when that changes it; rows that went or changed."""
    spelled = literal(str(path))
    chosen = select.replace("{path}", spelled)
    rows = connection.execute(
        f"SELECT count(*) FROM (FROM read_parquet({spelled}) EXCEPT ALL ({_whole(chosen)}))"
    ).fetchall()
    gone = int(rows[0][0])
    if gone:
        with replacing(path), whole(path) as temporary:
            connection.execute(
                f"COPY ({_whole(chosen)}) TO {literal(str(temporary))}"
                f" (FORMAT parquet, COMPRESSION {'zstd' if compression == 'zstd' else 'uncompressed'})"
            )
    return gone


def _whole(select: str) -> str:
    return select if select.startswith("SELECT") else f"SELECT * {select}"
