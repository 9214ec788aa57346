"""What became of every column of a source: nothing that somebody filled in gets lost unseen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tui_migrate.mapping.model import Mapping
from tui_migrate.staging.store import Cursor, columns_of, quote

EXAMPLES = 3
LOOKED_AT = 2_000
"""Rows, in the order of the files, among which examples are looked for."""

UNMAPPED = "unmapped"
EMPTY = "empty"
ABSENT = "absent"
PAYMENT = "excluded: payment"

# One row is a key that is filled in some element of a list: in how many rows, and a few values.
_KEYS = """
SELECT key, count(DISTINCT (_delivery, _file, _line)), list(DISTINCT value ORDER BY value)[:{examples}]
FROM (
  SELECT _delivery, _file, _line, key,
    left(json_extract_string(element, '/' || replace(replace(key, '~', '~0'), '/', '~1')), 200) AS value
  FROM (
    SELECT _delivery, _file, _line, element, unnest(json_keys(element)) AS key FROM (
      SELECT _delivery, _file, _line, unnest(TRY(from_json({column}, '["JSON"]'))) AS element
      FROM {relation})))
WHERE trim(value) <> '' GROUP BY key ORDER BY key
"""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """One use of one column. ``filled`` and ``rows`` count readable rows.

    ``use``: mapped, key, link, owner, condition, skipped (with ``reason``), ``excluded: payment``,
    ``unmapped`` (filled, and nobody said what becomes of it), ``empty`` (unmapped, but there is
    nothing in it), ``absent`` (mapped, but no delivery has it).
    """

    source: str
    column: str
    entity: str
    field: str
    filled: int
    rows: int
    use: str
    reason: str
    examples: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether filled cells of this column go nowhere, and nobody said why."""
        return self.use == UNMAPPED


def coverage(
    cursor: Cursor,
    source: str,
    relation: str,
    mappings: Sequence[Mapping],
    payment: Collection[str] = (),
    known: Sequence[tuple[str, str]] = (),
) -> list[ColumnUse]:
    """The uses of all columns of a source, by column name.

    ``relation``: SQL for FROM that gives its raw rows. ``payment``: payment fields that may be read.
    ``known``: (column, key or link) of columns that the runbook itself names.
    A column has one row for each field that it is mapped to. A list counts as mapped when one of its
    keys is; a filled key in its elements that no mapping names is a column of its own
    (``wishes[].never``).
    """
    columns = [name for name in columns_of(cursor, relation) if not name.startswith("_")]
    filled, rows, examples = _measure(cursor, relation, columns)
    used = _uses(mappings, payment)
    for column, use in known:
        used.setdefault(column, [("", "", use, "")])
    found = []
    for column in columns:
        count, shown = filled[column], examples[column]
        uses = used.pop(column, None) or [("", "", UNMAPPED if count else EMPTY, "")]
        found += [ColumnUse(source, column, e, f, count, rows, u, r, shown) for e, f, u, r in uses]
    for column, count, shown in _inside(cursor, relation, columns, mappings):
        (said,) = used.pop(column, None) or [("", "", UNMAPPED, "")]
        found.append(ColumnUse(source, column, said[0], said[1], count, rows, *said[2:], shown))
    found += [
        ColumnUse(source, column, entity, field, 0, rows, ABSENT, reason, ())
        for column, uses in used.items()
        for entity, field, _use, reason in uses
    ]
    return sorted(found, key=lambda use: (use.column, use.entity, use.field, use.use))


def covered(uses: Iterable[ColumnUse]) -> tuple[int, int]:
    """How many filled columns are accounted for, and how many there are."""
    lost: dict[tuple[str, str], bool] = {}
    for use in uses:
        if use.filled:
            lost[use.source, use.column] = use.lost
    return sum(not gone for gone in lost.values()), len(lost)


def _uses(
    mappings: Sequence[Mapping], payment: Collection[str]
) -> dict[str, list[tuple[str, str, str, str]]]:
    """Column → (entity, field, use, reason), the first saying first, each once."""
    found: dict[str, dict[tuple[str, str, str, str], None]] = {}
    for mapping in mappings:
        for column, field, said in mapping.columns():
            mapped = mapping.field(field) if field else None
            use = PAYMENT if mapped and mapped.payment and field not in payment else said
            entity = mapping.entity.name if field else ""
            # A list that is taken apart is mapped when one of its parts is.
            whole = (
                mapping.each if mapping.each and column.startswith(f"{mapping.each}[]") else None
            )
            found.setdefault(column if whole is None else whole, {})[entity, field, use, ""] = None
    for mapping in mappings:
        for column, reason in mapping.skip:
            if column not in found:
                found[column] = {("", "", "skipped", reason): None}
    return {column: list(uses) for column, uses in found.items()}


def _inside(
    cursor: Cursor, relation: str, columns: Sequence[str], mappings: Sequence[Mapping]
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Filled keys in the elements of lists that no field is mapped from: name, rows, examples."""
    mapped = {column for m in mappings for column, _field, _use in m.columns()}
    whole = mapped | {column for m in mappings for column, _reason in m.skip}
    lists = {m.each for m in mappings if m.each is not None and m.each in columns}
    for name in sorted(lists - whole):
        begin = f"{name}[]."
        known = {c.removeprefix(begin).split(".")[0] for c in mapped if c.startswith(begin)}
        sql = _KEYS.format(column=quote(name), relation=relation, examples=EXAMPLES)
        for key, count, values in cursor.execute(sql).fetchall():
            if key not in known:
                yield f"{begin}{key}", int(count), tuple(values)


def _measure(
    cursor: Cursor, relation: str, columns: Sequence[str]
) -> tuple[dict[str, int], int, dict[str, tuple[str, ...]]]:
    """Filled cells of each column, the number of rows, and the first few different values."""
    if not columns:
        return {}, 0, {}
    counts = ", ".join(f"count(CASE WHEN trim({quote(c)}) <> '' THEN 1 END)" for c in columns)
    (row,) = cursor.execute(f"SELECT count(*), {counts} FROM {relation}").fetchall()
    first = cursor.sql(
        f"SELECT {', '.join(quote(c) for c in columns)} FROM {relation}"
        f" ORDER BY _delivery, _file, _line LIMIT {LOOKED_AT}"
    ).to_arrow_table()
    examples = {}
    for column in columns:
        values = dict.fromkeys(
            value[:200] for value in first.column(column).to_pylist() if value and value.strip()
        )
        examples[column] = tuple(list(values)[:EXAMPLES])
    return dict(zip(columns, map(int, row[1:]), strict=True)), int(row[0]), examples
