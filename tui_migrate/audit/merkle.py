"""Hash trees: one short number for a whole segment, and short proofs that something is in it.

The tree is that of RFC 6962: pairs are hashed level by level, an odd last one goes up as it is; what
is a leaf and what is a node is told apart by a first byte. A leaf of a segment is one record with all
its rows, in the order of the segment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tui_migrate.staging.store import Cursor, low_md5, quote, sized

LEAF, NODE = b"\x00", b"\x01"
_BATCH = 100_000
"""Rows at a time: what is in memory is their text."""


def leaf(content: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(LEAF + content).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two nodes under one."""
    return sha256(NODE + left + right).digest()


def _above(level: Sequence[bytes]) -> list[bytes]:
    """The nodes over a level."""
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(NODE + left + right).digest() for left, right in pairs]
    return [*above, level[-1]] if len(level) % 2 else above


def root(leaves: Sequence[bytes]) -> str:
    """The root over the leaves' hashes in their order, hexadecimal; '' when there are none."""
    level = leaves
    while len(level) > 1:
        level = _above(level)
    return level[0].hex() if level else ""


def path(leaves: Sequence[bytes], index: int) -> list[str]:
    """The hashes beside the way from leaf ``index`` up to the root, lowest first."""
    beside, level = [], leaves
    while len(level) > 1:
        if (other := index ^ 1) < len(level):
            beside.append(level[other].hex())
        level, index = _above(level), index // 2
    return beside


def climb(start: bytes, index: int, count: int, beside: Iterable[str]) -> str:
    """The root that a leaf at ``index`` of ``count`` leads to over ``beside``; '' when the way has
    another length than such a tree has."""
    found, others = start, [bytes.fromhex(text) for text in beside]
    if not 0 <= index < count:
        return ""
    while count > 1:
        if index % 2 or index + 1 < count:
            if not others:
                return ""
            other = others.pop(0)
            found = node(other, found) if index % 2 else node(found, other)
        index, count = index // 2, (count + 1) // 2
    return "" if others else found.hex()


def record_leaves(cursor: Cursor, relation: str, columns: Sequence[str]) -> list[bytes]:
    """The hashes of the leaves of a segment: one for each record, over its rows.

    ``relation``: SQL that may stand in FROM and gives the rows in their order; the first of
    ``columns`` is the record. SQL writes the rows, as in a content digest and closed by a newline;
    what goes through Python is one hash a record.
    """
    return content(cursor, relation, columns)[1]


def content(cursor: Cursor, relation: str, columns: Sequence[str]) -> tuple[str, list[bytes]]:
    """The content digest of a segment (as ``store.digest`` gives it) and the hashes of its leaves
    (as ``record_leaves``), out of one pass over its rows: both are hashes of the same texts."""
    reader = cursor.sql(
        f"SELECT record, text || chr(10), {low_md5('text')} FROM (SELECT"
        f" {quote(columns[0])}::VARCHAR AS record, concat({sized(columns)}) AS text FROM {relation})"
    ).to_arrow_reader(_BATCH)
    leaves: list[bytes] = []
    last, rest = None, b""
    count = total = 0
    for batch in reader:
        if not batch.num_rows:
            continue
        names, rows, hashes = batch.columns
        count += batch.num_rows
        total += _sum(hashes)
        starts, end, data = _starts(names, rows, last)
        last = names[-1].as_py()
        first = starts[0] if starts else end
        rest += bytes(data[int(_offsets(rows)[0]) : first])
        if not starts:
            continue
        if rest:
            leaves.append(leaf(rest))
        spans = pairwise(starts)
        leaves += [sha256(LEAF + bytes(data[a:b])).digest() for a, b in spans]
        rest = bytes(data[starts[-1] : end])
    return f"{count}:{total}", [*leaves, leaf(rest)] if rest else leaves


def _sum(hashes: pa.Array) -> int:
    """The sum of unsigned numbers of 64 bits; halves of a batch fit into 64 bits, wholes do not."""
    numbers = hashes.to_numpy()
    high, low = numbers >> np.uint64(32), numbers & np.uint64(0xFFFFFFFF)
    return (int(high.sum()) << 32) + int(low.sum())


def _offsets(rows: pa.Array) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Where each row's text begins in the batch's bytes; one more for the end of the last."""
    found = np.frombuffer(rows.buffers()[1], dtype=np.int32)
    return found[rows.offset : rows.offset + len(rows) + 1]


def _starts(names: pa.Array, rows: pa.Array, last: str | None) -> tuple[list[int], int, memoryview]:
    """Where a record's rows begin in the batch's bytes, where the last row ends, and the bytes."""
    fresh = np.empty(len(names), dtype=bool)
    fresh[0] = names[0].as_py() != last
    fresh[1:] = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
    offsets = _offsets(rows)
    return offsets[:-1][fresh].tolist(), int(offsets[-1]), memoryview(rows.buffers()[2])
