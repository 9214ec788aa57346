"""One record's events out of the trail, with the values where a vault is at hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from tui_migrate.audit.entries import Entry, UnitCommitted
from tui_migrate.staging.store import literal


@dataclass(frozen=True, slots=True)
class Event:
    """One event in the life of a record. ``other`` is the pseudonym of a second record."""

    at: str
    by: str
    step: str
    attempt: int
    unit: str
    seq: int
    event: str
    field: str | None
    rule: str | None
    other: str | None
    commitment: str
    before: str | None = None
    after: str | None = None


def trail_of(
    audit: Path, vault: Path | None, entries: Iterable[Entry], pseudonym: str
) -> list[Event]:
    """All events of the record with this pseudonym, in the order of the journal."""
    units: dict[str, tuple[int, Entry, UnitCommitted]] = {}
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, UnitCommitted) and fact.segment is not None:
            path = audit / fact.segment.path
            if path.exists():
                units[str(path)] = (entry.seq, entry, fact)
    if not units:
        return []
    with duckdb.connect() as connection:
        found = _select(
            connection,
            "profile, seq, event, field, rule, other, commitment",
            list(units),
            pseudonym,
        )
        values: dict[tuple[str, int], tuple[str | None, str | None]] = {}
        if vault is not None:
            paths = {
                str(vault / fact.segment.path): name
                for name, (_, _, fact) in units.items()
                if fact.segment is not None and (vault / fact.segment.path).exists()
            }
            for row in _select(connection, "seq, before, after", list(paths), pseudonym):
                values[paths[row[-1]], row[0]] = (row[1], row[2])
    events = []
    for _profile, seq, event, field, rule, other, commitment, name in found:
        order, entry, fact = units[name]
        before, after = values.get((name, seq), (None, None))
        made = Event(
            entry.at,
            entry.by,
            fact.step,
            fact.attempt,
            fact.unit,
            seq,
            event,
            field,
            rule,
            other,
            commitment,
            before,
            after,
        )
        events.append((order, seq, made))
    return [event for _order, _seq, event in sorted(events, key=lambda e: e[:2])]


def _select(
    connection: duckdb.DuckDBPyConnection, columns: str, paths: list[str], pseudonym: str
) -> list[tuple[Any, ...]]:
    if not paths:
        return []
    files = "[" + ", ".join(literal(path) for path in paths) + "]"
    return connection.execute(
        f"SELECT {columns}, filename FROM read_parquet({files}, filename = true) "
        "WHERE profile = $profile",
        {"profile": pseudonym},
    ).fetchall()
