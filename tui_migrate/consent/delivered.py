"""Who carries a contact point *as it was delivered*, whatever the cleaning made of it.

Everything else compares contact points in their cleaned form. Were that form wrong, an opt-out would
miss its person without a trace. So here the cells of the source rows are compared: phones by their
last nine digits, e-mail addresses trimmed and in small letters.

Nine digits are too few to tell a Dutch number from a Belgian one. Two different numbers explain
themselves when both cleaned forms can be read from the digits that were delivered: country, then the
number without its leading zero. Only where one of the two cannot, the digits alone decide.
"""

from __future__ import annotations

from tui_migrate.consent import points
from tui_migrate.consent.relations import (
    COLUMN_USE_COLUMNS,
    SUPPRESSION_COLUMNS,
    Sources,
    exists,
    read,
)
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

_PLACE = "source, delivery, file, line"
_PLACE_COLUMNS = {name: SUPPRESSION_COLUMNS[name] for name in list(SUPPRESSION_COLUMNS)[:5]}

# One row is a source column and whether it is read as the contact point of a consent row.
_COLUMNS = """
SELECT source, column_name, bool_or(entity IN ('consent', 'suppression')) AS told,
  bool_or(entity IN ('profile', 'contact_point')) AS carried
FROM {column_use}
WHERE (entity = 'profile' AND field IN ('email', 'phone'))
  OR (entity = 'contact_point' AND field = 'value')
  OR (entity IN ('consent', 'suppression') AND field = 'contact_point')
GROUP BY source, column_name ORDER BY source, column_name
"""

# What a cell says: several numbers in one cell are taken apart.
_SAID = r"""unnest(CASE WHEN length(cell) > 18 AND NOT contains(cell, '@')
    THEN regexp_split_to_array(cell, '[;,|/\n]| of | en ') ELSE [cell] END)"""
_DIGITS = "regexp_replace(token, '[^0-9]+', '', 'g')"

# The digits of a number, and the mark under which it is compared (NULL: cannot be compared).
_MARKED = f"""
  SELECT *, CASE WHEN contains(token, '@') THEN lower(trim(token))
    WHEN length(digits) >= 9 AND right(digits, 9) <> repeat(right(digits, 1), 9)
    THEN right(digits, 9) END AS mark
  FROM (SELECT *, CASE WHEN NOT contains(token, '@') THEN {_DIGITS} END AS digits FROM (
    SELECT *, {_SAID} AS token FROM {{cells}}))"""

# Whether a cleaned number can be read from the digits that were delivered.
_READABLE = """(CASE WHEN contains(k.key, '@') THEN k.key = lower(trim(t.token))
  WHEN substr(k.key, 2, 2) IN ('31', '32') THEN substr(k.key, 4, 1) <> '0' AND t.digits IN (
    substr(k.key, 4), '0' || substr(k.key, 4), substr(k.key, 2), '00' || substr(k.key, 2),
    substr(k.key, 2, 2) || '0' || substr(k.key, 4),
    '00' || substr(k.key, 2, 2) || '0' || substr(k.key, 4))
  ELSE t.digits IN (substr(k.key, 2), '00' || substr(k.key, 2)) END)"""

# One row is a no (tmp_no) that asks by contact point, and a cell that names one for it.
_NO_CELLS = """
CREATE OR REPLACE TEMP TABLE tmp_no_cell AS
WITH asking AS (SELECT * FROM tmp_no WHERE contact_point IS NOT NULL OR NOT owned)
SELECT no_id, contact_point AS cell FROM asking WHERE contact_point IS NOT NULL
UNION
SELECT a.no_id, c.cell FROM asking a JOIN {told} c USING ({place}) WHERE c.cell IS NOT NULL
UNION
SELECT a.no_id, p.point FROM asking a
JOIN tmp_record_point p ON p.source = a.owner_source AND p.record_id = a.owner_record
WHERE a.contact_point IS NULL AND NOT a.owned AND p.kind <> 'post'
UNION
SELECT a.no_id, c.cell FROM asking a
JOIN {persons} w ON w.source = a.owner_source AND w.record_id = a.owner_record
JOIN {carried} c ON c.source = w.source AND c.delivery = w.delivery AND c.file = w.file
  AND c.line = w.line
WHERE a.contact_point IS NULL AND NOT a.owned AND c.cell IS NOT NULL
"""

# One row is a no, the mark of a contact point, and the cleaned form that it can be read as, or NULL.
_NO_MARKS = f"""
CREATE OR REPLACE TEMP TABLE tmp_no_mark AS
WITH t AS ({_MARKED.format(cells="tmp_no_cell")}),
known AS (SELECT c.no_id, k.key FROM tmp_no_cell c JOIN tmp_point_key k ON k.value = c.cell)
SELECT DISTINCT t.no_id, t.mark, max(k.key) AS key
FROM t LEFT JOIN known k ON k.no_id = t.no_id AND {_READABLE}
WHERE t.mark IS NOT NULL GROUP BY t.no_id, t.mark, t.digits
"""

# One row is a delivered cell with a mark that some no names.
_SEEN = f"""
CREATE OR REPLACE TEMP TABLE tmp_seen AS
SELECT {_PLACE}, token, digits, mark FROM ({_MARKED})
WHERE mark IN (SELECT mark FROM tmp_no_mark)
"""

# One row is a profile, a mark that a record of it carries, cleaned or as delivered, and the cleaned
# form that it can be read as, or NULL. A cell belongs to those records of its row that have its
# cleaned form, else to all of them.
_CARRIED_MARKS = f"""
CREATE OR REPLACE TEMP TABLE tmp_carried_mark AS
WITH cleaned AS (
  SELECT profile_id, point, point AS token, substr(point, 2) AS digits,
    CASE WHEN contains(point, '@') THEN point ELSE right(point, 9) END AS mark
  FROM tmp_holder),
beside AS (
  SELECT DISTINCT s.*, x.profile_id, w.record_id
  FROM tmp_seen s JOIN {{persons}} w USING ({_PLACE})
  JOIN {{crosswalk}} x ON x.source = w.source AND x.record_id = w.record_id),
t AS (
  SELECT b.*, p.point IS NOT NULL AS own FROM beside b
  LEFT JOIN tmp_record_point p
    ON p.source = b.source AND p.record_id = b.record_id AND p.kind <> 'post'
    AND {_READABLE.replace("k.key", "p.point").replace("t.", "b.")}
  QUALIFY p.point IS NOT NULL
    OR NOT bool_or(p.point IS NOT NULL) OVER (PARTITION BY b.source, b.delivery, b.file, b.line,
      b.token))
SELECT t.profile_id, t.mark, max(k.point) AS key
FROM t LEFT JOIN (SELECT source, record_id, point, point AS key FROM tmp_record_point
                  WHERE kind <> 'post') k
  ON k.source = t.source AND k.record_id = t.record_id AND {_READABLE}
GROUP BY t.profile_id, t.mark, t.digits, t.token
UNION
SELECT t.profile_id, t.mark, CASE WHEN {_READABLE.replace("k.key", "t.point")} THEN t.point END
FROM cleaned t WHERE t.mark IN (SELECT mark FROM tmp_no_mark)
"""

# One row is a no and a profile that carries its contact point as delivered.
_HITS = """
CREATE OR REPLACE TEMP TABLE tmp_delivered AS
SELECT DISTINCT n.no_id, c.profile_id
FROM tmp_no_mark n JOIN tmp_carried_mark c USING (mark)
WHERE n.key IS NULL OR c.key IS NULL OR n.key = c.key
"""

TEMPORARY = ("tmp_no_cell", "tmp_no_mark", "tmp_seen", "tmp_carried_mark", "tmp_delivered")


def hits(cursor: Cursor, sources: Sources, country: str) -> None:
    """Fill ``tmp_delivered`` (no_id, profile_id), from ``tmp_no``, ``tmp_holder`` and the tables of
    ``points.gather``. Without raw rows (``column_use`` and ``raw_<source>``) the cleaned forms alone
    are compared by their marks.
    """
    told, carried = cells(cursor, sources)
    persons = read(cursor, sources.profile, _PLACE_COLUMNS)
    cursor.execute(_NO_CELLS.format(told=told, carried=carried, persons=persons, place=_PLACE))
    points.know(cursor, "SELECT cell AS value FROM tmp_no_cell", country)
    cursor.execute(_NO_MARKS)
    cursor.execute(_SEEN.format(cells=carried))
    points.know(cursor, "SELECT token AS value FROM tmp_seen", country)
    cursor.execute(_CARRIED_MARKS.format(persons=persons, crosswalk=sources.crosswalk))
    cursor.execute(_HITS)


def cells(cursor: Cursor, sources: Sources) -> tuple[str, str]:
    """Two bracketed SELECTs of (source, delivery, file, line, cell): cells that name the contact
    point of a consent or suppression row, and cells that persons carry."""
    found = cursor.execute(
        _COLUMNS.format(column_use=read(cursor, sources.column_use, COLUMN_USE_COLUMNS))
    ).fetchall()
    by_source: dict[str, tuple[list[str], list[str]]] = {}
    for source, column, told, carried in found:
        named, borne = by_source.setdefault(str(source), ([], []))
        named += [str(column)] if told else []
        borne += [str(column)] if carried else []
    selects: tuple[list[str], list[str]] = ([], [])
    for source, lists in by_source.items():
        raw = f"raw_{source}"
        there = set(columns_of(cursor, quote(raw))) if exists(cursor, raw) else set()
        for columns, into in zip(lists, selects, strict=True):
            listed = ", ".join(quote(column) for column in columns if column in there)
            if listed:
                into.append(
                    f"SELECT {literal(source)} AS source, _delivery AS delivery, _file AS file,"
                    f" _line AS line, unnest([{listed}]) AS cell FROM {quote(raw)}"
                )
    nothing = "SELECT NULL AS source, NULL AS delivery, NULL AS file, 0 AS line, NULL AS cell"
    return (
        f"({' UNION ALL '.join(selects[0]) or nothing + ' WHERE false'})",
        f"({' UNION ALL '.join(selects[1]) or nothing + ' WHERE false'})",
    )
