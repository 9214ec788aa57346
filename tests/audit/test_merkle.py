"""The hash tree over a segment's records, held against the definition of RFC 6962."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import md5, sha256

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.audit import merkle
from tui_migrate.staging.store import digest, low_md5


def defined(leaves: list[bytes]) -> bytes:
    """The tree hash of RFC 6962, section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


def some(count: int) -> list[bytes]:
    return [merkle.leaf(str(n).encode()) for n in range(count)]


@given(st.integers(1, 70))
def test_the_root_is_that_of_rfc_6962(count: int) -> None:
    assert merkle.root(some(count)) == defined(some(count)).hex()


def test_nothing_has_no_root() -> None:
    assert merkle.root([]) == ""


@given(st.integers(1, 70), st.data())
def test_every_leaf_leads_to_the_root_from_its_own_place_only(
    count: int, data: st.DataObject
) -> None:
    leaves, index = some(count), data.draw(st.integers(0, count - 1))
    beside = merkle.path(leaves, index)
    assert merkle.climb(leaves[index], index, count, beside) == merkle.root(leaves)
    other = data.draw(st.integers(-1, count))
    if other != index:
        assert merkle.climb(leaves[index], other, count, beside) != merkle.root(leaves)
    assert merkle.climb(leaves[index], index, count, [*beside, "00" * 32]) == ""
    if beside:
        assert merkle.climb(leaves[index], index, count, beside[:-1]) == ""


def test_a_node_is_not_taken_for_a_leaf() -> None:
    one, two = some(2)
    assert merkle.leaf(one + two) != merkle.node(one, two)


@pytest.mark.parametrize("batch", [1, 2, 3, 5, 100])
def test_a_leaf_is_one_record_with_its_rows_in_order(
    batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merkle, "_BATCH", batch)
    rows = [
        ("a", 0, "x"),
        ("b", 0, None),
        ("b", 1, "é\n"),
        ("b", 2, ""),
        ("c", 0, "1"),
        ("c", 1, "2"),
    ]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE t (profile VARCHAR, seq INTEGER, field VARCHAR)")
        for row in rows:
            connection.execute("INSERT INTO t VALUES (?, ?, ?)", row)
        columns = ("profile", "seq", "field")
        said, found = merkle.content(connection, "t", columns)
        assert said == digest(connection, "t", columns)
        assert found == merkle.record_leaves(connection, "t", columns)
    assert found == [
        merkle.leaf(b"1:a|1:0|1:x\n"),
        merkle.leaf("1:b|1:0|-\n1:b|1:1|3:é\n\n1:b|1:2|0:\n".encode()),
        merkle.leaf(b"1:c|1:0|1:1\n1:c|1:1|1:2\n"),
    ]


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


@given(texts=st.lists(st.text()))
@settings(deadline=None)
def test_the_hash_in_a_content_digest_is_the_second_half_of_md5(
    connection: duckdb.DuckDBPyConnection, texts: list[str]
) -> None:
    sql = f"SELECT list_transform($texts::VARCHAR[], lambda text: {low_md5('text')})"
    found = connection.execute(sql, {"texts": texts}).fetchall()[0][0]
    halves = [md5(text.encode(), usedforsecurity=False).digest()[8:] for text in texts]
    assert found == [int.from_bytes(half, "little") for half in halves]


def test_the_sum_in_a_content_digest_does_not_overflow() -> None:
    numbers = [2**64 - 1] * 1000
    assert merkle._sum(pa.array(numbers, pa.uint64())) == sum(numbers)
