"""Targets that keep whole batches, of which the later wins per external id.

What such a target holds is the newest row per ``record_key`` over its live batches. So undoing a
batch is leaving it out, and a batch compares its rows with those of the batches before it: written
again after a crash it gives the same file and the same receipts.

While it works, a temporary table per entity on the caller's cursor remembers which key was written
by which batch with what content digest; it is filled from the target itself and only for batches it
does not know yet. When a transaction is rolled back, it is too, and is filled again.
"""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from tui_migrate.staging.store import Cursor, literal, low_md5, quote
from tui_migrate.targets.base import Staying, Target, Undone

if TYPE_CHECKING:
    import pyarrow as pa

KEYS = ("record_key", "profile_id")
GROUP = "import_group"
BATCH = "import_batch"
NUMBER = "_number"
INSTEAD = "erased_instead"
PLAN = "temp.target_plan"

_SERIAL = itertools.count(1)
"""Tells the temporary tables of several open targets on one cursor apart."""


class BatchEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One live batch of a target. ``number`` orders all batches; the higher wins."""

    number: int
    batch: str
    entity: str
    step: str = ""
    attempt: int = 0
    group: str = ""
    rows: int = 0
    sha256: str = ""
    columns: list[str] = []


# One row is one row to be written: whether it is new, different, the same, or cannot be written.
PLAN_SQL = """
CREATE OR REPLACE TEMP TABLE target_plan AS
WITH incoming AS (
  SELECT record_key, profile_id, {digest} AS digest,
         count(*) OVER (PARTITION BY record_key) AS times
  FROM {relation} r),
held AS (
  SELECT record_key, arg_max(digest, number) AS digest
  FROM {state} SEMI JOIN incoming USING (record_key)
  WHERE number < {number} GROUP BY record_key)
SELECT i.record_key, i.profile_id,
       CASE WHEN coalesce(i.record_key, '') = '' OR i.times > 1 THEN 'conflict'
            WHEN h.digest IS NULL THEN 'create'
            WHEN h.digest = i.digest THEN 'skip' ELSE 'update' END AS action,
       CASE WHEN coalesce(i.record_key, '') = '' THEN 'key_missing'
            WHEN i.times > 1 THEN 'key_twice' END AS reason,
       i.digest
FROM incoming i LEFT JOIN held h USING (record_key)
"""

# Rows of somebody whom the target does not hold cannot be written.
OWNER_SQL = """
UPDATE target_plan SET action = 'conflict', reason = 'owner_missing'
WHERE action <> 'conflict' AND coalesce(profile_id, '') <> ''
  AND profile_id NOT IN (SELECT record_key FROM {profiles})
"""

# One row is one record of the batch and what the target did with it.
RECEIPTS_SQL = """
SELECT record_key, profile_id, CASE WHEN action <> 'conflict' THEN record_key END AS target_id,
       CASE action WHEN 'conflict' THEN 'reject' ELSE action END AS action, reason
FROM target_plan ORDER BY record_key, profile_id
"""


def text_sql(column: str, sql_type: str) -> str:
    """The value of a column as text; lists as JSON."""
    nested = sql_type.endswith("]") or sql_type.startswith(("STRUCT", "MAP"))
    return f"to_json({quote(column)})::VARCHAR" if nested else f"{quote(column)}::VARCHAR"


def types_of(cursor: Cursor, relation: str) -> dict[str, str]:
    """Columns of a relation → SQL types."""
    rows = cursor.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {str(row[0]): str(row[1]) for row in rows}


def digest_sql(types: Mapping[str, str]) -> str:
    """A digest of one row that depends on names and texts of its filled columns, in any order."""
    parts = []
    for name in sorted(types):
        if name not in (BATCH, NUMBER):
            text = text_sql(name, types[name])
            filled = f"CASE WHEN {text} IS NOT NULL THEN"
            parts += [f"{filled} {literal(f'|{name}|')} END", f"strlen({text})::VARCHAR"]
            parts += [f"{filled} ':' END", text]
    return low_md5(f"concat({', '.join(parts)})")


class BatchLog(Target):
    """Everything but the storage itself."""

    def __init__(self) -> None:
        self._step = ""
        self._attempt = 0
        self._serial = next(_SERIAL)
        self._digested: set[str] = set()
        """Entities whose rows are compared by content, not only asked for by key."""

    # The storage, by the concrete target.

    @abstractmethod
    def _entries(self) -> list[BatchEntry]:
        """The live batches, by number."""

    @abstractmethod
    def _scan(self, cursor: Cursor, entity: str, entries: Sequence[BatchEntry]) -> str:
        """A relation on ``cursor``: all rows of these batches with import_batch and _number.

        Columns may be texts or typed; a NULL and an empty text are told apart.
        """

    def _release(self, cursor: Cursor, entity: str) -> None:
        """Let go of what ``_scan`` left on the cursor."""

    @abstractmethod
    def _put(
        self, cursor: Cursor, entry: BatchEntry, types: Mapping[str, str], select: str
    ) -> None:
        """Store a batch whole, replacing one of the same number. ``types`` are its columns."""

    @abstractmethod
    def _drop(self, numbers: Sequence[int]) -> None:
        """Leave out these batches from now on."""

    # The port.

    def begin(self, step: str, attempt: int) -> None:
        """See ``Target.begin``."""
        self._step, self._attempt = step, attempt
        entries = self._entries()
        stale = [e.number for e in entries if e.step == step and e.attempt != attempt]
        if stale:
            self._drop(
                [
                    e.number
                    for e in entries
                    if e.number >= min(stale) and (e.step, e.attempt) != (step, attempt)
                ]
            )

    def plan(self, cursor: Cursor, entity: str, relation: str, group: str = "") -> str:
        """See ``Target.plan``."""
        entries = self._entries()
        number = 1 + max((e.number for e in entries), default=0)
        return self._plan(cursor, entity, _with_group(relation, group), number, entries)

    def write_batch(
        self, cursor: Cursor, entity: str, relation: str, batch: str, group: str = ""
    ) -> pa.Table:
        """See ``Target.write_batch``."""
        entries = self._entries()
        earlier = next((e for e in entries if e.batch == batch), None)
        number = earlier.number if earlier else 1 + max((e.number for e in entries), default=0)
        rows = _with_group(relation, group)
        self._plan(cursor, entity, rows, number, entries)
        if entity != "profile" and any(e.entity == "profile" for e in entries):
            profiles = self._holders(cursor, "profile", entries)
            cursor.execute(OWNER_SQL.format(profiles=profiles))
        receipts = cursor.sql(RECEIPTS_SQL).to_arrow_table()
        changed = _changed(cursor)
        if changed:
            types = types_of(cursor, rows)
            entry = BatchEntry(
                number=number,
                batch=batch,
                entity=entity,
                step=self._step,
                attempt=self._attempt,
                group=group,
                rows=changed,
                columns=list(types),
            )
            select = (
                f"SELECT r.* FROM {rows} r SEMI JOIN (SELECT record_key FROM target_plan "
                "WHERE action IN ('create', 'update')) p USING (record_key)"
            )
            self._put(cursor, entry, types, select)
            self._remember(cursor, entity, number)
        elif earlier:
            self._drop([number])
        return receipts

    def read_back(
        self, cursor: Cursor, entity: str, steps: Collection[str] | None = None
    ) -> pa.Table:
        """See ``Target.read_back``."""
        found = cursor.sql(
            f"SELECT * FROM ({self._held(cursor, entity, steps)}) ORDER BY record_key"
        ).to_arrow_table()
        self._release(cursor, entity)
        return found

    def read_into(
        self, cursor: Cursor, table: str, entity: str, steps: Collection[str] | None = None
    ) -> None:
        """See ``Target.read_into``."""
        held = self._held(cursor, entity, steps)
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {quote(table)} AS {held}")
        self._release(cursor, entity)

    def _held(self, cursor: Cursor, entity: str, steps: Collection[str] | None) -> str:
        """A SELECT of what these steps left, in the order of the batches; ``_release`` it."""
        entries = [
            e
            for e in self._entries()
            if e.entity == entity and (steps is None or not e.step or e.step in steps)
        ]
        types = dict(self.describe().get(entity, {}))
        for name in (*KEYS, GROUP, BATCH):
            types.setdefault(name, "VARCHAR")
        if not entries:
            empty = ", ".join(f"NULL::{types[n]} AS {quote(n)}" for n in types)
            return f"SELECT {empty} WHERE false"
        relation = self._scan(cursor, entity, entries)
        have = types_of(cursor, relation)
        names = [n for n in types if n in have]
        names.sort(key=lambda n: (n not in KEYS, n in (GROUP, BATCH)))
        columns = ", ".join(_typed(n, have[n], types[n]) for n in names)
        newest = ""
        if len(entries) > 1:
            # Few keys stand in several batches: only they are compared, not the wide rows.
            newest = (
                f" LEFT JOIN (SELECT record_key AS again, max({NUMBER}) AS newest FROM {relation}"
                f" GROUP BY record_key HAVING count(*) > 1) n ON n.again = s.record_key"
                f" WHERE n.again IS NULL OR s.{NUMBER} = n.newest"
            )
        return f"SELECT {columns} FROM {relation} s{newest}"

    def undo_batch(self, batch: str) -> Undone:
        """See ``Target.undo_batch``."""
        entries = self._entries()
        entry = next((e for e in entries if e.batch == batch), None)
        if entry is None:
            return Undone(0, 0, 0)
        kept = self._superseded(entry, [e for e in entries if e.entity == entry.entity])
        self._drop([entry.number])
        return Undone(entry.rows - kept, kept, 0)

    @abstractmethod
    def _superseded(self, entry: BatchEntry, entries: Sequence[BatchEntry]) -> int:
        """How many rows of a batch were written again by a later batch of the same entity."""

    # What the target holds, by digest.

    def _plan(
        self, cursor: Cursor, entity: str, rows: str, number: int, entries: Sequence[BatchEntry]
    ) -> str:
        state = self._state(cursor, entity, entries)
        digest = digest_sql(types_of(cursor, rows))
        cursor.execute(
            PLAN_SQL.format(digest=digest, relation=rows, state=state, number=int(number))
        )
        return PLAN

    def _state(self, cursor: Cursor, entity: str, entries: Sequence[BatchEntry]) -> str:
        """The temporary table record_key, number, digest of an entity, brought up to date."""
        self._digested.add(entity)
        return self._filled(cursor, self._state_name(entity), entity, entries)

    def _holders(self, cursor: Cursor, entity: str, entries: Sequence[BatchEntry]) -> str:
        """The same for who asks for keys alone: without digests, unless they are known anyway."""
        if entity in self._digested:
            return self._state(cursor, entity, entries)
        return self._filled(cursor, f"{self._state_name(entity)}_keys", entity, entries, keys=True)

    def _filled(
        self,
        cursor: Cursor,
        table: str,
        entity: str,
        entries: Sequence[BatchEntry],
        keys: bool = False,
    ) -> str:
        """``table`` with the rows of these batches that it lacks; ``keys``: without digests."""
        name = f"temp.{quote(table)}"
        cursor.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {quote(table)}"
            " (record_key VARCHAR, number BIGINT, digest UBIGINT)"
        )
        rows = cursor.execute(f"SELECT number, count(*) FROM {name} GROUP BY number").fetchall()
        known = {int(row[0]): int(row[1]) for row in rows}
        wanted = {e.number: e for e in entries if e.entity == entity}
        gone = [n for n, count in known.items() if n not in wanted or wanted[n].rows != count]
        if gone:
            numbers = ", ".join(str(n) for n in gone)
            cursor.execute(f"DELETE FROM {name} WHERE number IN ({numbers})")
        missing = [e for n, e in wanted.items() if n not in known or n in gone]
        if missing:
            relation = self._scan(cursor, entity, missing)
            digest = "NULL" if keys else digest_sql(types_of(cursor, relation))
            cursor.execute(
                f"INSERT INTO {name} SELECT record_key, {NUMBER}, {digest} FROM {relation}"
            )
            self._release(cursor, entity)
        return name

    def _remember(self, cursor: Cursor, entity: str, number: int) -> None:
        """Add the batch just planned to what is known, so that it need not be read again."""
        name = f"temp.{quote(self._state_name(entity))}"
        cursor.execute(f"DELETE FROM {name} WHERE number = {int(number)}")
        cursor.execute(
            f"INSERT INTO {name} SELECT record_key, {int(number)}, digest FROM target_plan "
            "WHERE action IN ('create', 'update')"
        )

    def _state_name(self, entity: str) -> str:
        return f"target_state_{self._serial}_{entity}"


def erased_sql(
    columns: Collection[str], profile_id: str, records: Collection[tuple[str, str]]
) -> str:
    """SQL: whether a row is of this profile, or came from one of these records. Read over what
    ``staying_sql`` gives."""
    found = [
        f"coalesce(profile_id, '') = {literal(profile_id)}",
        f"record_key = {literal(profile_id)}",
    ]
    for source in ("source_system", "organisation_source"):
        record = "record_id" if source == "source_system" else "organisation_record"
        if records and source in columns and record in columns:
            listed = ", ".join(f"({literal(s)}, {literal(r)})" for s, r in sorted(records))
            found.append(f"coalesce(({quote(source)}, {quote(record)}) IN ({listed}), false)")
    return f"coalesce({' OR '.join(found)}, false)"


def staying_sql(
    relation: str, entity: str, columns: Collection[str], staying: Collection[Staying]
) -> str:
    """``relation`` with other cells in the rows that stay; ``erased_instead``: whether a row has them."""
    told: list[str] = []
    cases: dict[str, list[str]] = {}
    for one in staying:
        if one.entity != entity or not {*one.was, *one.now} <= set(columns):
            continue
        known = {"record_key": one.record_key, **one.was}
        same = [f"r.{quote(name)} IS NOT DISTINCT FROM {_value(v)}" for name, v in known.items()]
        told.append(f"({' AND '.join(same)})")
        for name, value in one.now.items():
            cases.setdefault(name, []).append(f"WHEN {told[-1]} THEN {_value(value)}")
    cells = ", ".join(
        f"CASE {' '.join(whens)} ELSE r.{quote(name)} END AS {quote(name)}"
        for name, whens in cases.items()
    )
    shown = f"r.* REPLACE ({cells})" if cells else "r.*"
    return f"(SELECT {shown}, {' OR '.join(told) or 'false'} AS {INSTEAD} FROM {relation} r)"


def _value(value: str | None) -> str:
    return "NULL" if value is None else literal(value)


def _with_group(relation: str, group: str) -> str:
    return f"(SELECT *, {literal(group)} AS {GROUP} FROM {relation} g)"


def _changed(cursor: Cursor) -> int:
    rows = cursor.execute(
        "SELECT count(*) FROM target_plan WHERE action IN ('create', 'update')"
    ).fetchall()  # not fetchone: a result that is not read to its end blocks the cursor
    return int(rows[0][0])


def _typed(name: str, have: str, want: str) -> str:
    """A column in the type that it was written with; a text that does not fit it becomes NULL."""
    if have == want:
        return quote(name)
    if want.endswith("]") or want.startswith(("STRUCT", "MAP")):
        return f"TRY_CAST(TRY_CAST({quote(name)} AS JSON) AS {want}) AS {quote(name)}"
    return f"TRY_CAST({quote(name)} AS {want}) AS {quote(name)}"
