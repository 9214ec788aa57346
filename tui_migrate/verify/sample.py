"""A seeded sample of profiles: what the target holds beside the raw cells that were delivered.

Sizes and rejection numbers: ISO 2859-1, general inspection level II, single sampling, AQL 0.65.
Every field of a sampled profile, and of its rows of other entities, gets a verdict:

* ``equal``: a delivered cell says literally this (but for outer spaces);
* ``cleaned``: it is what a named rule makes of a delivered cell (the problem that cleaning found;
  without one ``code``, ``split`` or ``normalised``; ``constant`` or ``default`` of the mapping; or
  how a merge derived it);
  An empty field is ``survivorship`` when fields that survive together come from a record without it;
* ``differs``: no delivered cell explains it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tui_migrate.mapping.columns import Columns
from tui_migrate.mapping.mapped import OUT, Mapped, sql_type
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.rows import Settings, map_rows
from tui_migrate.staging.store import Cursor, columns_of, literal, quote
from tui_migrate.verify import acceptance

AQL = 0.65
_LOTS = (280, 1200, 3200, 10_000, 35_000, 150_000, 500_000, 500_001)
"""A lot for each of the plans."""


class Plan(NamedTuple):
    """``size`` profiles are drawn; with ``reject`` or more of them wrong the lot is refused."""

    size: int
    reject: int


def plan_for(population: int, size: int | None = None) -> Plan:
    """How many to draw of a population; a ``size`` that is asked for takes the number that fits it."""
    if size is None:
        plan = acceptance.plan_for(population, AQL)
        return Plan(plan.size, plan.reject)
    plans = sorted({acceptance.plan_for(lot, AQL)[1:] for lot in _LOTS})
    numbers = [reject for n, _accept, reject in plans if n <= size]
    return Plan(min(size, population), numbers[-1] if numbers else 1)


# One row is a sampled profile. First one of every stratum (brand, merged or not, consent), then in
# proportion to the strata; within a stratum by a hash of seed and id.
DRAW = """
CREATE OR REPLACE TEMP TABLE sample_profile AS
WITH trait AS (
  SELECT t.profile_id, {brand} AS brand, coalesce(x.records, 0) > 1 AS merged,
         coalesce(s.said, 'none') AS said
  FROM target_profile t
  LEFT JOIN (SELECT profile_id, count(*) AS records FROM crosswalk GROUP BY ALL) x USING (profile_id)
  LEFT JOIN (SELECT profile_id, max(status) AS said FROM consent_state GROUP BY ALL) s
    USING (profile_id)),
placed AS (
  SELECT *, row_number() OVER (PARTITION BY brand, merged, said
                               ORDER BY md5($seed || '|' || profile_id), profile_id) AS nth,
         count(*) OVER (PARTITION BY brand, merged, said) AS among
  FROM trait)
SELECT profile_id FROM placed
ORDER BY nth > 1, (2 * nth - 1) * 1000000000 // among, brand, merged, said, profile_id
LIMIT $size
"""

PREPARE = """
CREATE OR REPLACE TEMP TABLE sample_cell (
  entity VARCHAR, source VARCHAR, record_id VARCHAR, child_no INTEGER, field VARCHAR, raw VARCHAR,
  value VARCHAR, rule VARCHAR);
CREATE OR REPLACE TEMP TABLE sample_held (
  entity VARCHAR, profile_id VARCHAR, record_key VARCHAR, source VARCHAR, record_id VARCHAR,
  child_no INTEGER, field VARCHAR, new VARCHAR);
CREATE OR REPLACE TEMP TABLE sample_group (field VARCHAR, mate VARCHAR);
CREATE OR REPLACE TEMP TABLE sample_record AS
  SELECT c.source, c.record_id, c.profile_id FROM crosswalk c SEMI JOIN sample_profile
    USING (profile_id);
"""

# One row is a physical row that a record of the sample was read from.
_PLACES = """
SELECT DISTINCT e.delivery AS _delivery, e.file AS _file, e.line AS _line
FROM ent_{entity} e JOIN sample_record s ON {same}
WHERE e.source = {source}
"""

# One row is a delivered row of a record of the sample, where the mapping's own key makes the records.
# Rows that never came to be mapped (repeated, older than another delivery's, held) tell nothing.
_SAME_RECORD = """
(SELECT d.* FROM (FROM {raw} WHERE {told}) d
 ANTI JOIN (SELECT delivery AS _delivery, file AS _file, line AS _line FROM fates
            WHERE source = {source} AND (fate IN ('repeated', 'held', 'rejected')
              OR (fate = 'superseded' AND reason = 'newer_delivery'))) f
   USING (_delivery, _file, _line))
"""

# One row is one field of a sampled profile or of one of its rows: the delivered cell that fits best,
# the target's value, and the verdict. place: 1 equal, 2 cleaned, 3 a cell that does not fit. At the
# end: delivered values of a field with many values that the target lacks ($many: such fields).
VERDICTS = """
WITH candidate AS (
  SELECT r.profile_id, c.*, NULL::VARCHAR AS record_key FROM sample_cell c
  JOIN sample_record r ON r.source = c.source AND r.record_id = c.record_id
  WHERE c.entity = 'profile'
  UNION ALL
  SELECT h.profile_id, c.*, h.record_key FROM sample_cell c
  JOIN (SELECT DISTINCT entity, profile_id, record_key, source, record_id, child_no
        FROM sample_held WHERE entity <> 'profile') h
    ON h.entity = c.entity AND h.source = c.source AND h.record_id = c.record_id
   AND h.child_no = c.child_no),
chosen AS (SELECT profile_id, field, source, record_id, rule, value FROM profile_value
           SEMI JOIN sample_profile USING (profile_id)),
together AS (
  SELECT DISTINCT m.profile_id, g.field
  FROM chosen m JOIN sample_group g ON g.mate = m.field
  WHERE NOT EXISTS (
    SELECT 1 FROM candidate c WHERE c.entity = 'profile' AND c.profile_id = m.profile_id
      AND c.field = g.field AND c.source = m.source AND c.record_id = m.record_id
      AND c.value IS NOT NULL)),
fitted AS (
  SELECT h.*, c.source AS cell_source, c.record_id AS cell_record, c.raw, c.value, c.rule,
         CASE WHEN h.new IS NULL THEN CASE WHEN c.value IS NULL AND c.raw IS NOT NULL THEN 2
                                           WHEN c.value IS NOT NULL THEN 3 END
              WHEN trim(c.raw) = h.new THEN 1
              WHEN c.value = h.new THEN 2
              WHEN c.raw IS NOT NULL OR c.value IS NOT NULL THEN 3 END AS place,
         (p.source, p.record_id) = (c.source, c.record_id) AS by_survivorship
  FROM sample_held h
  LEFT JOIN chosen p ON h.entity = 'profile' AND p.profile_id = h.profile_id AND p.field = h.field
  LEFT JOIN candidate c ON c.entity = h.entity AND c.profile_id = h.profile_id
   AND c.field = h.field AND c.record_key IS NOT DISTINCT FROM
       CASE WHEN h.entity = 'profile' THEN NULL ELSE h.record_key END),
best AS (
  SELECT * FROM fitted
  QUALIFY row_number() OVER (
    PARTITION BY entity, profile_id, record_key, field, new
    ORDER BY CASE WHEN new IS NULL THEN -coalesce(place, 0) ELSE coalesce(place, 9) END,
             by_survivorship DESC NULLS LAST, cell_source, cell_record, raw, value, rule) = 1)
SELECT b.profile_id, b.entity, b.field, coalesce(b.cell_source, b.source, p.source) AS source,
       coalesce(b.cell_record, b.record_id, p.record_id) AS record_id, b.raw AS old, b.new,
       CASE WHEN b.place = 1 THEN 'equal' WHEN b.place = 2 THEN 'cleaned'
            WHEN b.place IS NULL AND b.new IS NOT NULL AND p.rule IS NOT NULL THEN 'cleaned'
            WHEN b.new IS NULL AND t.field IS NOT NULL THEN 'cleaned'
            ELSE 'differs' END AS verdict,
       CASE WHEN b.place = 2 THEN b.rule
            WHEN b.place IS NULL THEN p.rule
            WHEN b.place = 3 AND b.new IS NULL AND t.field IS NOT NULL THEN 'survivorship' END AS rule
FROM best b
LEFT JOIN together t ON b.entity = 'profile' AND t.profile_id = b.profile_id AND t.field = b.field
LEFT JOIN chosen p ON b.entity = 'profile' AND p.profile_id = b.profile_id AND p.field = b.field
WHERE b.new IS NOT NULL OR b.place IS NOT NULL
UNION ALL
SELECT DISTINCT c.profile_id, 'profile', c.field, c.source, c.record_id, c.raw, NULL, 'differs',
       NULL
FROM candidate c
WHERE c.entity = 'profile' AND list_contains($many, c.field) AND c.value IS NOT NULL
  AND EXISTS (SELECT 1 FROM sample_held h WHERE h.entity = 'profile' AND h.field = c.field
              AND h.profile_id = c.profile_id AND h.new IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM sample_held h WHERE h.entity = 'profile' AND h.field = c.field
                  AND h.profile_id = c.profile_id AND lower(h.new) = lower(c.value))
ORDER BY ALL
"""


def draw(cursor: Cursor, size: int, seed: int, together: Iterable[tuple[str, ...]] = ()) -> int:
    """Make ``sample_profile`` out of ``target_profile``; how many were drawn.

    ``together``: profile fields of which a merge takes all from one record, its empty ones included.
    """
    brand = "t.brand" if "brand" in columns_of(cursor, "target_profile") else "NULL"
    cursor.execute(DRAW.format(brand=brand), {"size": size, "seed": str(seed)})
    cursor.execute(PREPARE)
    for group in together:
        listed = ", ".join(literal(name) for name in group)
        cursor.execute(
            f"INSERT INTO sample_group SELECT f, m FROM (SELECT unnest([{listed}]) AS f),"
            f" (SELECT unnest([{listed}]) AS m)"
        )
    return int(cursor.execute("SELECT count(*) FROM sample_profile").fetchall()[0][0])


def hold(cursor: Cursor, entity: str, fields: Iterable[str]) -> None:
    """Note what the target holds of the sampled profiles: one row per field of ``target_<entity>``.

    Of a field with many values every value is a row.
    """
    table = quote(f"target_{entity}")
    there = columns_of(cursor, table)
    child = entity != "profile"
    place = "t.source, t.record_id" if child else "NULL, NULL"
    number = "split_part(t.record_key, '|', -1)::INTEGER" if child else "NULL"
    for name in fields:
        if name not in there:
            continue
        new = f"t.{quote(name)}::VARCHAR"
        if f"more_{name}" in there:
            more = f"string_split(t.{quote('more_' + name)}, '; ')"
            values = f"coalesce(list_append(coalesce({more}, []), {new}), [NULL])"
            new = f"unnest(CASE WHEN {new} IS NULL THEN [NULL] ELSE {values} END)"
        cursor.execute(
            f"INSERT INTO sample_held SELECT {literal(entity)}, t.profile_id, t.record_key, {place},"
            f" {number}, {literal(name)}, {new} FROM {table} t SEMI JOIN sample_profile"
            " USING (profile_id)"
        )


def deliver(cursor: Cursor, mapping: Mapping, settings: Settings) -> None:
    """Note the raw cells, and what their rules make of them, of the sampled records of a source."""
    raw = quote(f"raw_{mapping.source}")
    source = literal(mapping.source)
    if mapping.key and not mapping.owned:
        # Several rows may tell of one record: fields with many values come from all of them.
        told = _told(cursor, mapping, raw)
        relation = _SAME_RECORD.format(raw=raw, told=told, source=source)
    else:
        same = "s.source = e.source AND s.record_id = e.record_id"
        if mapping.owned:
            same = "s.source = e.owner_source AND s.record_id = e.owner_record"
        places = _PLACES.format(entity=mapping.entity.name, same=same, source=source)
        relation = (
            f"(SELECT d.* FROM {raw} d SEMI JOIN ({places}) p USING (_delivery, _file, _line))"
        )
    mapped = map_rows(cursor, mapping, relation, settings)
    for select in _cells(mapped):
        cursor.execute(f"INSERT INTO sample_cell {select}")


def _told(cursor: Cursor, mapping: Mapping, raw: str) -> str:
    """SQL that holds for the raw rows that tell of a record of the sample."""
    if mapping.each is not None:
        return "true"  # the key may stand in an element of the list
    key = Columns(mapping, columns_of(cursor, raw)).record_id()
    source = literal(mapping.source)
    return f"{key} IN (SELECT s.record_id FROM sample_record s WHERE s.source = {source})"


def _cells(mapped: Mapped) -> Iterable[str]:
    """One SELECT per field and column: the rows of ``sample_cell``."""
    mapping = mapped.mapping
    head = (
        f"SELECT {literal(mapping.entity.name)}, {literal(mapping.source)}, record_id,"
        " child_no::INTEGER"
    )
    for number, cell in enumerate(mapped.cells):
        problem = f"p{number}" if cell.problem else "NULL::VARCHAR"
        said = "code" if cell.field.codes is not None else "split" if cell.split else "normalised"
        rule = f"coalesce({problem}, {literal(said)})"
        for index, name in enumerate(cell.values):
            value = f"v{number}_{index}"
            field = mapping.entity.field(name)
            typed = value if field.many else f"TRY_CAST({value} AS {sql_type(field)})::VARCHAR"
            raw = cell.raw
            if cell.split:  # a name without prefix says nothing about a prefix
                raw = f"CASE WHEN {value} IS NOT NULL OR {problem} IS NOT NULL THEN {cell.raw} END"
            told = "rejected IS NULL" if field.many else "rejected IS NULL AND newest"
            yield f"{head}, {literal(name)}, {raw}, {typed}, {rule} FROM {OUT} WHERE {told}"
    for given in mapping.fields:
        for text, rule in ((given.constant, "constant"), (given.default, "default")):
            if text is not None:
                typed = f"TRY_CAST({literal(text)} AS {sql_type(given.field)})::VARCHAR"
                value = literal(text) if given.field.many else typed
                yield (f"{head}, {literal(given.name)}, NULL, {value}, {literal(rule)} FROM {OUT}")
