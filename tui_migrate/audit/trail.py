"""The trail: events of every profile, written per unit as a Parquet segment without personal value.

The audit side names records by pseudonym and values by commitment; the vault side, a second file of
the same rows, has the values. Both are made set-wise in SQL from the plain rows of ``store.trail``.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tui_migrate.audit import merkle
from tui_migrate.audit.entries import Segment
from tui_migrate.audit.vault import KEY_BYTES, Vault
from tui_migrate.files import sha256_file, whole
from tui_migrate.staging.store import Cursor, first, literal, sized

COLUMNS = ("profile", "seq", "event", "field", "rule", "other", "commitment")
_IPAD, _OPAD, _BLOCK = 0x36, 0x5C, 64


def _blob(content: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in content) + "'::BLOB"


def _pads(key: bytes) -> tuple[bytes, bytes]:
    padded = key.ljust(_BLOCK, b"\0")
    return bytes(b ^ _IPAD for b in padded), bytes(b ^ _OPAD for b in padded)


def pseudonym_sql(workspace_key: bytes, source: str, record_id: str) -> str:
    """SQL for ``vault.pseudonym``; ``source`` and ``record_id`` are SQL expressions."""
    inner, outer = _pads(workspace_key)
    message = f"encode({source} || '|' || {record_id})"
    return f"sha256({_blob(outer)} || from_hex(sha256({_blob(inner)} || {message})))"


# HMAC-SHA-256 under the record's key of event|field|before|after, each with its length before it.
_TAIL_INNER = _blob(bytes([_IPAD]) * (_BLOCK - KEY_BYTES))
_TAIL_OUTER = _blob(bytes([_OPAD]) * (_BLOCK - KEY_BYTES))
_MESSAGE = f"concat({sized(('event', 'field', 'before', 'after'))})"
_COMMITMENT = (
    f"sha256(k.outer_pad || {_TAIL_OUTER} || from_hex("
    f"sha256(k.inner_pad || {_TAIL_INNER} || encode({_MESSAGE}))))"
)

# One row is one event of the unit's trail, in the total order (profile, seq). Rows are sorted once: the
# windows go over them as they come, so that an event's seq is its distance from its profile's first.
_SEGMENT = f"""
CREATE OR REPLACE TEMP TABLE trail_segment AS
SELECT profile, (nth - max(start) OVER (ROWS UNBOUNDED PRECEDING))::INTEGER AS seq,
       event, field, rule, other, commitment, source, record_id, before, after
FROM (
  SELECT *, CASE WHEN lag(profile) OVER () IS DISTINCT FROM profile THEN nth END AS start
  FROM (
    SELECT *, row_number() OVER () AS nth FROM (
      SELECT k.pseudonym AS profile, t.event, t.field, t.rule, o.pseudonym AS other,
             {_COMMITMENT} AS commitment, t.source, t.record_id, t.before, t.after
      FROM (SELECT * FROM store.trail WHERE step = $step AND attempt = $attempt AND unit = $unit) t
      JOIN trail_key k ON k.source = t.source AND k.record_id = t.record_id
      LEFT JOIN trail_key o ON o.source = t.other_source AND o.record_id = t.other_record
      ORDER BY k.pseudonym, t.event, t.field, t.rule, t.other_source, t.other_record, t.before,
               t.after)))
"""

# One row, when the unit has events.
_ANY = """
SELECT 1 FROM store.trail WHERE step = $step AND attempt = $attempt AND unit = $unit LIMIT 1
"""

# One row is a record that the unit's trail speaks of.
_RECORDS = """
SELECT source, record_id FROM store.trail
WHERE step = $step AND attempt = $attempt AND unit = $unit
UNION
SELECT other_source, other_record FROM store.trail
WHERE step = $step AND attempt = $attempt AND unit = $unit AND other_record IS NOT NULL
"""

# One row is the key of such a record. The names of all records are gone through here and nowhere else;
# pseudonyms and pads, nine tenths of the bytes, are fetched by place for the unit's own records only.
_KEYS = f"""
CREATE OR REPLACE TEMP TABLE trail_key AS
SELECT * FROM store.record_key WHERE rowid IN (
  SELECT k.rowid FROM store.record_key k SEMI JOIN ({_RECORDS}) USING (source, record_id))
"""

# One row is such a record that has no key yet.
_NEW_RECORDS = f"""
SELECT source, record_id FROM ({_RECORDS}) ANTI JOIN trail_key USING (source, record_id)
ORDER BY source, record_id
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a unit's segment belongs."""

    step: str
    attempt: int
    unit: str

    @property
    def path(self) -> str:
        """Relative path of the segment (under ``audit/`` and, for values, under ``vault/``)."""
        return f"trail/{self.step}-{self.attempt}/{self.unit}.parquet"

    @property
    def params(self) -> dict[str, Any]:
        """Parameters of the statements above."""
        return {"step": self.step, "attempt": self.attempt, "unit": self.unit}


class TrailWriter:
    """Makes segments for one workspace."""

    def __init__(self, audit: Path, vault: Vault) -> None:
        self._audit = audit
        self._vault = vault
        self._workspace_key = vault.workspace_key()

    def prepare(self, cursor: Cursor, place: Place) -> Segment | None:
        """Inside the unit's transaction: keys for new records, the segment's rows in a temporary
        table. The segment that will be written, without the hash of its bytes; ``None`` when the
        unit has no events."""
        if not first(cursor, _ANY, place.params):
            return None
        self._ensure_keys(cursor, place)
        cursor.execute(_SEGMENT, place.params)
        cursor.execute("DROP TABLE trail_key")
        content, leaves = merkle.content(cursor, "trail_segment", COLUMNS)
        rows, root = int(content.partition(":")[0]), merkle.root(leaves)
        return Segment(path=place.path, sha256="", digest=content, rows=rows, root=root)

    def write(self, cursor: Cursor, place: Place, segment: Segment) -> Segment:
        """After the commit: both Parquet files, whole. ``prepare`` must have run on this cursor."""
        target = self._audit / place.path
        with whole(target) as temporary:
            self._copy(cursor, ", ".join(COLUMNS), "true", temporary)
        with whole(self._vault.folder / place.path) as temporary:
            self._copy(
                cursor,
                "profile, seq, source, record_id, before, after",
                "before IS NOT NULL OR after IS NOT NULL",
                temporary,
            )
        return msgspec.structs.replace(segment, sha256=sha256_file(target))

    def load_keys(self, cursor: Cursor, but: Collection[str] = ()) -> None:
        """Fill ``store.record_key`` from the vault, when staging is rebuilt. ``but``: pseudonyms that
        staging may not name, though the vault still does."""
        for path in sorted(self._vault.keys.glob("*/*.parquet")):
            table = pq.read_table(path)
            records = table.select(["source", "record_id"])
            with self._named(cursor, records, table["key"]) as named:
                cursor.execute(
                    f"INSERT INTO store.record_key FROM ({named})"
                    " ANTI JOIN store.record_key USING (source, record_id)"
                    " WHERE NOT list_contains($but::VARCHAR[], pseudonym)",
                    {"but": sorted(but)},
                )

    def key_path(self, place: Place) -> Path:
        """Where the keys of the records that this unit met first are kept."""
        return self._vault.keys / f"{place.step}-{place.attempt}" / f"{place.unit}.parquet"

    def _ensure_keys(self, cursor: Cursor, place: Place) -> None:
        """Keys for records that have none yet, in vault and staging; those of the unit in
        ``trail_key``."""
        cursor.execute(_KEYS, place.params)
        fresh = cursor.sql(_NEW_RECORDS, params=place.params).to_arrow_table()
        if not fresh.num_rows:
            return
        keys = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(KEY_BYTES),
            fresh.num_rows,
            [None, pa.py_buffer(secrets.token_bytes(KEY_BYTES * fresh.num_rows))],
        )
        with whole(self.key_path(place)) as temporary:
            pq.write_table(fresh.append_column("key", keys), temporary, compression="none")
        with self._named(cursor, fresh, keys) as named:
            cursor.execute(f"CREATE OR REPLACE TEMP TABLE trail_fresh AS {named}")
        for table in ("trail_key", "store.record_key"):
            cursor.execute(f"INSERT INTO {table} FROM trail_fresh")
        cursor.execute("DROP TABLE trail_fresh")

    @contextmanager
    def _named(self, cursor: Cursor, records: pa.Table, keys: Any) -> Iterator[str]:
        """SQL for the rows of ``store.record_key`` that ``records`` (source, record_id) get with
        ``keys``, one for each."""
        bits = np.frombuffer(b"".join(keys.to_pylist()), dtype=np.uint8)
        table = records
        for name, pad in (("inner_pad", _IPAD), ("outer_pad", _OPAD)):
            array = pa.FixedSizeBinaryArray.from_buffers(
                pa.binary(KEY_BYTES),
                records.num_rows,
                [None, pa.py_buffer((bits ^ pad).astype(np.uint8).tobytes())],
            )
            table = table.append_column(name, array)
        cursor.register("fresh_keys", table)
        pseudonym = pseudonym_sql(self._workspace_key, "source", "record_id")
        yield f"SELECT source, record_id, {pseudonym} AS pseudonym, inner_pad, outer_pad FROM fresh_keys"
        cursor.unregister("fresh_keys")

    @staticmethod
    def _copy(cursor: Cursor, columns: str, where: str, path: Path) -> None:
        # The table stands in its order, and a scan keeps it. Hexadecimal digits pack no tighter at a
        # higher level, and take longer.
        cursor.execute(
            f"COPY (SELECT {columns} FROM trail_segment WHERE {where}) "
            f"TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
