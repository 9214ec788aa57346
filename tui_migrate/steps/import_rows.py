"""Which rows an import brings to the target, and how they are cut into batches.

Profiles come as they were merged. Rows of the other entities (orders, subscriptions, clicks…) come
through the crosswalk: the row's owner record is part of a profile, and the physical row that it was
read from counts. Consents and suppressions are not here: they go with ``consent_sync``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_migrate.audit.tombstones import NO_RIGHTS, Rights
from tui_migrate.model.entities import Entity, entities
from tui_migrate.model.types.base import Sensitivity, get_type
from tui_migrate.staging.store import Cursor, literal, quote
from tui_migrate.steps.rights import profiles as restricted_profiles
from tui_migrate.targets import batch_id

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook

LEFT_OUT = ("rejected", "excluded", "pruned", "held", "superseded", "repeated", "erased")
"""Fates of physical rows that are not brought over."""

# One row is one profile as the target gets it.
PROFILE_SQL = """
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT p.profile_id AS record_key, p.profile_id, {fields} FROM profile p
ANTI JOIN {restricted} x USING (profile_id) ORDER BY p.profile_id
"""

# One row is one child row of a profile; its key names the row of the source that it comes from.
CHILD_SQL = """
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT e.source || '|' || e.record_id || '|' || coalesce(e.child_no, 0) AS record_key,
       c.profile_id, e.source, e.record_id, {fields}
FROM (SELECT * FROM {view} ANTI JOIN
        (SELECT source, delivery, file, line FROM fates WHERE fate IN ({left_out})) f
        USING (source, delivery, file, line)) e
JOIN (SELECT * FROM crosswalk ANTI JOIN {restricted} x USING (profile_id)) c
  ON c.source = e.owner_source AND c.record_id = e.owner_record
{joins}
ORDER BY c.profile_id, record_key
"""

# A relation names a record of its organisation; the target knows organisations by their profile.
ORGANISATION = "o.profile_id AS organisation_profile"
ORGANISATION_JOIN = """
LEFT JOIN crosswalk o ON o.source = e.organisation_source AND o.record_id = e.organisation_record
"""

# One row is one batch: whole profiles, in order, about as many rows as asked for.
BATCHES_SQL = """
WITH owner AS (SELECT profile_id, count(*) AS rows FROM {table} GROUP BY profile_id),
numbered AS (
  SELECT profile_id, rows, (sum(rows) OVER (ORDER BY profile_id) - rows) // $size AS part
  FROM owner)
SELECT min(profile_id), max(profile_id), sum(rows)::BIGINT
FROM numbered GROUP BY part ORDER BY part
"""


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """The rows of one entity whose profiles lie between two ids, both included."""

    id: str
    entity: str
    first: str
    last: str
    rows: int

    @property
    def relation(self) -> str:
        """The batch's rows, once ``stage_rows`` made the entity's table on the same cursor."""
        return (
            f"(SELECT * FROM {rows_table(self.entity)} WHERE profile_id"
            f" BETWEEN {literal(self.first)} AND {literal(self.last)})"
        )


def rows_table(entity: str) -> str:
    """The temporary table with all rows of an entity."""
    return f"temp.{quote('import_rows_' + entity)}"


def payment_fields(entity: Entity) -> set[str]:
    """Fields of an entity that are payment data."""
    return {
        field.name
        for field in entity.fields
        if get_type(field.type).sensitivity is Sensitivity.PAYMENT
    }


def hidden_fields(runbook: Runbook, payment_allowed: bool) -> list[str]:
    """Profile fields that leave the program only when the sign-off for payment data stands."""
    allowed = set(runbook.payment.allow) if payment_allowed else set()
    return sorted(payment_fields(entities()["profile"]) - allowed)


def stage_rows(
    cursor: Cursor, entity: str, allowed: Sequence[str], rights: Rights = NO_RIGHTS
) -> bool:
    """Make the temporary table with an entity's rows; False when no source delivers the entity.

    ``allowed``: payment fields that may go along; all others are left out. ``rights``: whose rows do
    not go at all.
    """
    view = "profile" if entity == "profile" else f"ent_{entity}"
    types = _types(cursor, view)
    if not types:
        return False
    model = entities()[entity]
    secret = payment_fields(model) - set(allowed)
    names = [f.name for f in model.fields if f.name in types and f.name not in secret]
    alias = "p" if entity == "profile" else "e"
    listed = [_flat(alias, name, types[name]) for name in names]
    if entity == "relation":
        listed.append(ORGANISATION)
    fields = ", ".join(listed) or "NULL AS nothing"
    sql = PROFILE_SQL if entity == "profile" else CHILD_SQL
    cursor.execute(
        sql.format(
            table=rows_table(entity).removeprefix("temp."),
            view=quote(view),
            fields=fields,
            restricted=restricted_profiles(rights),
            left_out=", ".join(literal(fate) for fate in LEFT_OUT),
            joins=ORGANISATION_JOIN if entity == "relation" else "",
        )
    )
    return True


def batches(cursor: Cursor, step: str, entity: str, size: int) -> list[ImportBatch]:
    """The batches of an entity's staged rows, in order; the same for the same rows."""
    rows = cursor.execute(BATCHES_SQL.format(table=rows_table(entity)), {"size": size}).fetchall()
    return [
        ImportBatch(batch_id(step, entity, number), entity, str(first), str(last), int(count))
        for number, (first, last, count) in enumerate(rows, 1)
    ]


def _types(cursor: Cursor, view: str) -> dict[str, str]:
    """Columns of a table or view → SQL types; none when it does not exist."""
    rows = cursor.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'"
        " AND table_name = $view AND database_name = current_database() ORDER BY column_index",
        {"view": view},
    ).fetchall()
    return {str(name): str(sql_type) for name, sql_type in rows}


def _flat(alias: str, name: str, sql_type: str) -> str:
    """A field as columns of the target: of many values the first is the main one, and the others
    stand in ``more_<field>`` with ``; `` between them."""
    column = f"{alias}.{quote(name)}"
    if not sql_type.endswith("[]"):
        return column
    rest = f"nullif(array_to_string({column}[2:], '; '), '')"
    return f"{column}[1] AS {quote(name)}, {rest} AS {quote('more_' + name)}"


def forget(cursor: Cursor, *prefixes: str) -> None:
    """Drop the cursor's temporary tables whose names begin with one of these: they hold memory."""
    rows = cursor.execute(
        "SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY table_name"
    ).fetchall()
    for (name,) in rows:
        if str(name).startswith(prefixes):
            cursor.execute(f"DROP TABLE IF EXISTS temp.{quote(str(name))}")
