"""The relations that consent works on: names, columns, and a safe way to read mapped rows.

Every function of this package takes its relations by name (a table, a view, or a SELECT in
brackets), so that a step, ``verify`` and a test can point it at whatever they hold.
"""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.staging.store import Cursor, columns_of, quote

CONSENT_COLUMNS = {
    "source": "VARCHAR",
    "record_id": "VARCHAR",
    "delivery": "VARCHAR",
    "file": "VARCHAR",
    "line": "BIGINT",
    "child_no": "INTEGER",
    "owner_source": "VARCHAR",
    "owner_record": "VARCHAR",
    "channel": "VARCHAR",
    "brand": "VARCHAR",
    "purpose": "VARCHAR",
    "state": "VARCHAR",
    "event_at": "TIMESTAMP",
    "evidence": "VARCHAR",
    "campaign": "VARCHAR",
    "contact_point": "VARCHAR",
    "basis": "VARCHAR",
    "beside": "BOOLEAN",
}
SUPPRESSION_COLUMNS = {
    **{name: CONSENT_COLUMNS[name] for name in list(CONSENT_COLUMNS)[:10]},
    "reason": "VARCHAR",
    "event_at": "TIMESTAMP",
    "evidence": "VARCHAR",
    "contact_point": "VARCHAR",
}
PROFILE_COLUMNS = {
    "source": "VARCHAR",
    "record_id": "VARCHAR",
    "email": "VARCHAR[]",
    "phone": "VARCHAR[]",
    "postcode": "VARCHAR",
    "house_number": "VARCHAR",
    "house_addition": "VARCHAR",
}
CONTACT_POINT_COLUMNS = {
    "source": "VARCHAR",
    "record_id": "VARCHAR",
    "owner_source": "VARCHAR",
    "owner_record": "VARCHAR",
    "value": "VARCHAR",
}
LINK_COLUMNS = dict.fromkeys(("source", "record_id", "other_source", "other_record"), "VARCHAR")
REJECT_COLUMNS = dict.fromkeys(("source", "raw"), "VARCHAR")
COLUMN_USE_COLUMNS = dict.fromkeys(("source", "column_name", "entity", "field"), "VARCHAR")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the mapped rows stand. ``only`` is a condition on the consent and suppression rows
    (SQL over their columns): a delta looks at the rows of one delivery."""

    consent: str = "ent_consent"
    suppression: str = "ent_suppression"
    profile: str = "ent_profile"
    contact_point: str = "ent_contact_point"
    crosswalk: str = "crosswalk"
    golden: str = "profile"
    link: str = "link"
    reject: str = "reject"
    column_use: str = "column_use"
    only: str = "true"
    zone: str = "Europe/Amsterdam"
    """In which a day without a time of day is a day."""
    deltas: tuple[str, ...] = ()
    """Sources that deliver changes, later than everything else."""


def _columns(cursor: Cursor, relation: str) -> set[str]:
    """Column names of a table, a view or a bracketed SELECT; empty if there is none of that name."""
    if relation.startswith("("):
        return set(columns_of(cursor, relation))
    name = relation.rsplit(".", 1)[-1].strip('"')
    found = cursor.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = $name"
        " AND database_name IN (current_database(), 'temp')",
        {"name": name},
    ).fetchall()
    return {str(row[0]) for row in found}


def exists(cursor: Cursor, relation: str) -> bool:
    """Whether a table or view of that name is there; a bracketed SELECT always is."""
    return relation.startswith("(") or bool(_columns(cursor, relation))


def read(cursor: Cursor, relation: str, columns: dict[str, str]) -> str:
    """A SELECT in brackets with exactly these columns; what the relation lacks is NULL.

    A model may map only some fields and a runbook may have no rows of an entity at all: then the
    relation is short of columns, or not there (no rows).
    """
    there = _columns(cursor, relation)
    if not there:
        empty = ", ".join(f"NULL::{kind} AS {quote(name)}" for name, kind in columns.items())
        return f"(SELECT {empty} WHERE false)"
    picked = ", ".join(
        f"{quote(name)}::{kind} AS {quote(name)}"
        if name in there
        else f"NULL::{kind} AS {quote(name)}"
        for name, kind in columns.items()
    )
    return f"(SELECT {picked} FROM {relation})"
