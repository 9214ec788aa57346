"""Erasing a person from the vault: keys, values, words, names, evidence files.

What the audit folder holds stays as it is: its commitments can be opened by nobody any more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tui_migrate.audit.vault import Vault
from tui_migrate.files import sha256_file, whole, write_whole
from tui_migrate.staging.erasing import destroy, pattern, replacing, spelled
from tui_migrate.staging.papers import clean
from tui_migrate.staging.store import literal


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
        self._search = spelled(words).search

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

    def evidence(self, done: Forgotten) -> None:
        """Rewrite evidence files without his values, or take them away where that cannot be done."""
        for path in sorted((self._vault.folder / "files").glob("*")):
            if not re.fullmatch(r"[0-9a-f]{64}", path.name):
                continue
            content = path.read_bytes()
            cleaned = clean(content, "", self.matches, self._without)
            fresh = path.name
            if cleaned.content is None:
                fresh = ""
                self._note(path.name, "")
                destroy(path)
            elif cleaned.content != content:
                fresh = self._replace(path, cleaned.content)
            if fresh != path.name:
                done.files[path.name] = fresh
            if not cleaned.whole:
                done.unsearched.append(fresh)

    def _without(self, text: str, _ending: str) -> str:
        """The lines of a text that do not name him."""
        if not self.matches(text):
            return text
        kept = "".join(x for x in text.splitlines(keepends=True) if not self.matches(x))
        return "" if self.matches(kept) else kept  # a value over a line's end

    def _replace(self, path: Path, content: bytes) -> str:
        temporary = path.with_name("arriving")
        write_whole(temporary, content)
        sha256 = sha256_file(temporary)
        self._note(path.name, sha256)
        temporary.replace(path.with_name(sha256))
        if sha256 != path.name:
            destroy(path)
        return sha256


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
