"""The profile records that matching and merging work on: those whose physical row is still pending."""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.mapping.mapped import entity_columns, sql_type
from tui_migrate.matching.schema import CLUSTER_DDL, PAIR_DDL, RECORD_COLUMNS
from tui_migrate.model.entities import entities
from tui_migrate.staging.store import quote
from tui_migrate.steps.base import Context

PROFILE = entities()["profile"]

KIND = """CASE WHEN lower(trim(kind)) IN ('person', 'organisation') THEN lower(trim(kind))
     WHEN coalesce(first_name, initials, family_name) IS NULL
       AND coalesce(organisation_name, kvk, kbo) IS NOT NULL THEN 'organisation'
     ELSE 'person' END"""
"""SQL: what a record is about. A source that does not say so is judged by the names that it gives."""

ALL_COLUMNS = f"e.* REPLACE ({KIND} AS kind)"

# One row is a record with a physical row of such a fate; where several rows tell of it, the last of
# them. Which one that is, is found on narrow rows; the order of the result is that of no column.
# columns: those that are asked for, of ``e``.
_OF_FATE = """
CREATE OR REPLACE TEMP TABLE {{table}} AS
WITH last AS (
  SELECT source, record_id, delivery, file, line, child_no FROM ent_profile
  SEMI JOIN (SELECT source, delivery, file, line FROM fates WHERE fate IN ({fates})) f
    USING (source, delivery, file, line)
  QUALIFY row_number() OVER (PARTITION BY source, record_id
    ORDER BY delivery DESC, file DESC, line DESC, child_no DESC) = 1)
SELECT {{columns}}
FROM ent_profile e SEMI JOIN last l ON l.source = e.source AND l.record_id = e.record_id
  AND l.delivery = e.delivery AND l.file = e.file AND l.line = e.line
  AND l.child_no IS NOT DISTINCT FROM e.child_no
"""
PENDING = _OF_FATE.format(fates="'pending'")
"""The records that matching and merging work on."""
COMPARABLE = _OF_FATE.format(fates="'pending', 'loaded', 'merged'")
"""The same, and those that are merged already; who is held is not there."""

# One row is one record as the matching library wants it. A Belgian VAT number is BE and the KBO number.
# extra: columns of fields that a runbook has compared beside the built-in ones (see ``extra_columns``).
FOR_MATCHING = """
SELECT source, record_id, kind, first_name, initials, prefix, family_name, organisation_name,
  birth_date, gender, street, house_number::VARCHAR AS house_number,
  house_addition::VARCHAR AS house_addition, postcode, town, country, email AS emails,
  phone AS phones, kvk,
  coalesce(vat, 'BE' || nullif(regexp_replace(kbo, '[^0-9]', '', 'g'), '')) AS vat{extra}
FROM {table}
"""


def output_columns(ddl: str) -> str:
    """Columns of one of the matching library's tables, without step, attempt and unit."""
    return ddl.partition("unit VARCHAR,")[2].rpartition(")")[0].strip()


def define_matching(context: Context) -> None:
    """Make the tables that ``match`` writes and ``merge`` reads, where they do not exist yet."""
    context.store.define("ent_profile", entity_columns(PROFILE), context.cursor)
    context.store.define("pair", output_columns(PAIR_DDL), context.cursor)
    context.store.define("cluster", output_columns(CLUSTER_DDL), context.cursor)
    context.store.define("match_model", "model VARCHAR, figures VARCHAR", context.cursor)


def field_columns() -> str:
    """Column definitions of the profile's fields."""
    return ", ".join(f"{quote(field.name)} {sql_type(field)}" for field in PROFILE.fields)


def extra_columns(names: Sequence[str]) -> str:
    """Columns of the profile as text, for the ``extra`` of ``FOR_MATCHING``; those that it has already
    (the parts of an address) are not there twice."""
    return "".join(
        f", {quote(name)}::VARCHAR AS {quote(name)}" for name in names if name not in RECORD_COLUMNS
    )


def drop(context: Context, tables: Sequence[str]) -> None:
    """Drop temporary tables (personal values should not wait for the end of the connection)."""
    for table in tables:
        context.cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")
