"""docs/audit-format.md says what the program writes: read here as a stranger would read it."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.docs.pages import DOCS
from tui_migrate.audit.entries import Segment, StepStale
from tui_migrate.audit.journal import Journal
from tui_migrate.audit.sealkey import SealKey
from tui_migrate.audit.seals import append_seal
from tui_migrate.audit.vault import Vault
from tui_migrate.staging.store import digest

PAGE = (DOCS / "audit-format.md").read_text()

# As the page says under "The journal": the one stretch that is not hashed.
HASH = re.compile(
    rb'"hash":"([0-9a-f]{64})",(?="prev":"([0-9a-f]{64})","seq":([0-9]+),"uid":[0-9]+}$)'
)


@pytest.fixture(scope="module")
def facts() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_facts", DOCS / "facts.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_fact_and_field_has_a_meaning(facts: ModuleType) -> None:
    unexplained = []
    for kind in facts.known():
        for field in facts.fields(kind):
            try:
                facts.meaning(kind, field)
            except KeyError as error:
                unexplained.append(error.args[0])
    assert unexplained == [], "write them into docs/facts.py and run it"


def test_the_tables_are_those_of_the_program(facts: ModuleType) -> None:
    assert facts.written(PAGE) == PAGE, "run docs/facts.py"


def test_no_meaning_is_left_over(facts: ModuleType) -> None:
    own = {f"{facts.name_of(k)}.{f}" for k in facts.known() for f in facts.fields(k)}
    assert [m for m in facts.MEANINGS if "." in m and m not in own] == []


def test_a_line_is_checked_by_cutting_one_stretch_out(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    for reason in (
        'say "so"',
        "tab\t, \x01, é, \u200b, \x7f, / and \\",
        '"hash":"' + "0" * 64 + '",',
    ):
        journal.append(StepStale(step="match", reason=reason), by="anna", uid=1)
    journal.close()
    prev = "0" * 64
    for number, line in enumerate((tmp_path / "journal.jsonl").read_bytes().splitlines(), 1):
        found = list(HASH.finditer(line))[-1]
        assert hashlib.sha256(line[: found.start()] + line[found.end() :]).hexdigest() == (
            found[1].decode()
        )
        assert (found[2].decode(), int(found[3])) == (prev, number)
        prev = found[1].decode()


def stated_digest(rows: list[tuple[str | int | None, ...]]) -> str:
    """The content digest by the four rules of the page."""
    total = 0
    for row in rows:
        parts = []
        for value in row:
            text = str(value).encode()
            parts.append(b"-" if value is None else str(len(text)).encode() + b":" + text)
        total += int.from_bytes(hashlib.md5(b"|".join(parts)).digest()[8:], "little")  # noqa: S324
    return f"{len(rows)}:{total}"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(texts | st.none(), st.integers(0, 2**31 - 1), texts), max_size=8))
def test_the_content_digest_is_the_one_described(
    connection: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, int, str]]
) -> None:
    connection.execute("CREATE OR REPLACE TABLE t (a VARCHAR, b INTEGER, c VARCHAR)")
    for row in rows:
        connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
    assert digest(connection, "t", "abc") == stated_digest([*rows])


def test_the_number_for_abc_is_the_one_on_the_page() -> None:
    number = int.from_bytes(hashlib.md5(b"abc").digest()[8:], "little")  # noqa: S324
    assert f"that is {number}." in PAGE


def test_words_are_committed_to_as_described(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    commitment = vault.keep_words("één woord")
    kept = tmp_path / "words" / commitment[:2] / f"{commitment}.json"
    key = bytes.fromhex(re.findall(r'"key": "([0-9a-f]+)"', kept.read_text())[0])
    assert hmac.digest(key, "één woord".encode(), "sha256").hex() == commitment


def test_a_seal_fixes_the_segments_as_described(tmp_path: Path) -> None:
    segments = [
        Segment(path=f"trail/map-1/{unit}.parquet", sha256=unit * 64, digest="0:0", rows=0)
        for unit in "ba"
    ]
    key = SealKey(bytes(32))
    seal = append_seal(tmp_path / "seals.jsonl", "end", 7, "f" * 64, segments, "r" * 32, key)
    listed = '[["trail/map-1/a.parquet","{}"],["trail/map-1/b.parquet","{}"]]'
    expected = hashlib.sha256(listed.format("a" * 64, "b" * 64).encode()).hexdigest()
    assert (seal.segments, seal.segments_sha256) == (2, expected)
    line = (tmp_path / "seals.jsonl").read_bytes()
    plain = line.rstrip(b"\n").replace(f'"hash":"{seal.hash}",'.encode(), b"")
    plain = plain.replace(f',"signature":"{seal.signature}"'.encode(), b"")
    assert hashlib.sha256(plain).hexdigest() == seal.hash
