"""Applying one mapping to a relation of raw rows, set-wise.

``map_rows`` leaves a temporary table with one row for each row that the mapping takes, and gives a
``Mapped``: SELECT statements for the entity's rows, findings, fates, trail events and links, that read
that table. It stands until the next call on the same cursor.
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from tui_migrate.mapping.cells import Cell, options_for, prepare
from tui_migrate.mapping.columns import ROW_NUMBER_OF_ELEMENT, Columns
from tui_migrate.mapping.mapped import OUT, RULES, Mapped
from tui_migrate.mapping.model import UNREJECTABLE, MappedField, Mapping
from tui_migrate.mapping.problems import KEY_MISSING, REQUIRED_MISSING, severity_of, words_for
from tui_migrate.mapping.splits import split_of
from tui_migrate.model.types.base import Options, get_type
from tui_migrate.staging.store import Cursor, columns_of, literal

IN = "map_in"
COUNTRY = "map_country"
FAR = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run says about reading cells.

    ``zone``: IANA zone of times without one. ``zones``: delivery → its own zone, where that is
    another. ``today``: the day against which "in the future" is
    judged; a fixed day, so that the outcome is the same tomorrow. ``payment``: payment fields that
    may be read. ``carriers``: SQL for FROM that gives (email, source, record_id), one row for each
    address in small letters, for owners that are named by their e-mail address. ``brands``: the
    runbook's; a cell that names another is no brand.
    """

    zone: str = "Europe/Amsterdam"
    today: date = FAR
    payment: frozenset[str] = frozenset()
    carriers: str = ""
    brands: tuple[str, ...] = ()
    zones: Table[str, str] = field(default_factory=dict)


def map_rows(cursor: Cursor, mapping: Mapping, relation: str, settings: Settings) -> Mapped:
    """Apply ``mapping`` to ``relation`` (SQL for FROM: technical columns and the source's own)."""
    columns = Columns(mapping, columns_of(cursor, relation))
    cells = _cells(mapping, settings)
    owners = _owner_cells(mapping, settings)
    _stage(cursor, mapping, columns, [*cells, *owners], relation, _zone(settings))
    looked_up = []
    for number, cell in enumerate((*cells, *owners)):
        prepare(cursor, cell, mapping.entity, IN, f"map_look_{number}")
        if cell.look_up is not None:
            looked_up.append(cell.look_up)
    mapped = Mapped(mapping, tuple(cells), settings.payment)
    try:
        _write_out(cursor, mapped, columns, owners, settings)
    finally:
        for name in looked_up:
            cursor.unregister(name)
    _register_rules(cursor, mapped)
    return mapped


def _cells(mapping: Mapping, settings: Settings) -> list[Cell]:
    """One cell for each column of each field, or one for columns that are joined."""
    cells: list[Cell] = []
    for mapped in mapping.fields:
        if mapped.payment and mapped.name not in settings.payment:
            continue
        options = options_for(
            mapped, mapping.country, settings.zone, settings.today, settings.brands
        )
        joined = mapped.join is not None
        groups = [mapped.columns] if joined else [(column,) for column in mapped.columns]
        for group in filter(None, groups):
            number = len(cells)
            cell = Cell(mapped, f"r{number}", group, options, split_of(mapping, mapped))
            cell.zones = tuple(sorted({settings.zone, *settings.zones.values()}))
            cells.append(cell)
    return cells


def _owner_cells(mapping: Mapping, settings: Settings) -> list[Cell]:
    """The e-mail addresses by which owners are named."""
    entity_field = get_type("email")
    made = []
    for number, owner in enumerate(mapping.owners):
        if owner.email is not None and settings.carriers:
            email = MappedField(mapping.entity.fields[0], entity_field, (owner.email,))
            made.append(Cell(email, f"o{number}", (owner.email,), Options()))
    return made


def _stage(
    cursor: Cursor, mapping: Mapping, columns: Columns, cells: list[Cell], relation: str, zone: str
) -> None:
    """One row of ``map_in`` is a raw row (or element of one) that the mapping takes."""
    source = columns.relation(relation)
    country = _country(cursor, mapping, columns, cells, source)
    raws = "".join(f", {_text(columns, c)} AS {c.raw}" for c in cells)
    owned = "".join(
        f", {columns.identifier(owner.columns, owner.suffix)} AS w{number}"
        for number, owner in enumerate(mapping.owners)
        if owner.columns
    )
    links = "".join(
        f", {columns.identifier((column,))} AS l{number}"
        for number, (column, _source) in enumerate(mapping.links)
    )
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {IN} AS SELECT _delivery AS delivery, _file AS file,"
        f" _line AS line, nullif(trim(_record), '') AS physical,"
        f" {columns.record_id()} AS record_id, {ROW_NUMBER_OF_ELEMENT} AS element,"
        f" {country} AS ctry, {zone} AS zone{raws}{owned}{links}"
        f" FROM {source} {_country_join(columns, cells)} WHERE {columns.condition()}"
    )
    cursor.unregister(COUNTRY)


def _zone(settings: Settings) -> str:
    """SQL for the zone of a row's times without one."""
    usual = literal(settings.zone)
    if not settings.zones:
        return usual
    arms = " ".join(
        f"WHEN {literal(name)} THEN {literal(zone)}"
        for name, zone in sorted(settings.zones.items())
    )
    return f"CASE _delivery {arms} ELSE {usual} END"


def _text(columns: Columns, cell: Cell) -> str:
    """SQL for the raw text of a cell."""
    coded = cell.field.codes is not None
    return columns.cell(cell.columns, cell.field.join, empty=cell.takes_empty, coded=coded)


def _country_cell(cells: list[Cell]) -> Cell | None:
    return next((cell for cell in cells if cell.field.name == "country"), None)


def _country_join(columns: Columns, cells: list[Cell]) -> str:
    cell = _country_cell(cells)
    if cell is None:
        return ""
    text = _text(columns, cell)
    return f"LEFT JOIN {COUNTRY} ON {COUNTRY}.country_raw = {text}"


def _country(
    cursor: Cursor, mapping: Mapping, columns: Columns, cells: list[Cell], source: str
) -> str:
    """SQL for the country under which a row's postcode, phone and names are read.

    Its own country; where that is empty, Belgium for four digits without letters as postcode; else
    the mapping's (the Netherlands unless it names another as a constant).
    """
    cell = _country_cell(cells)
    raws: list[str] = []
    if cell is not None:
        text = _text(columns, cell)
        found = cursor.sql(
            f"SELECT DISTINCT {text} AS raw FROM {source} WHERE {columns.condition()} ORDER BY ALL"
        ).to_arrow_table()
        raws = [raw for raw in found.column("raw").to_pylist() if raw is not None]
        cleaned = cell.field.type.clean_many(raws, cell.options)
        values = [made.value for made in cleaned]
        table = {
            "country_raw": pa.array(raws, pa.string()),
            "country": pa.array(values, pa.string()),
        }
        cursor.register(COUNTRY, pa.table(table))
    choices = [f"{COUNTRY}.country"] if cell is not None else []
    postcode = next((c for c in cells if c.field.name == "postcode"), None)
    if postcode is not None and mapping.country == "NL":
        text = columns.cell(postcode.columns, postcode.field.join, empty=False)
        choices.append(
            f"CASE WHEN regexp_full_match(trim({text}), '[1-9][0-9]{{3}}') THEN 'BE' END"
        )
    return f"coalesce({', '.join([*choices, literal(mapping.country)])})"


def _write_out(
    cursor: Cursor, mapped: Mapped, columns: Columns, owners: list[Cell], settings: Settings
) -> None:
    """One row of ``map_out`` is a taken row with its cleaned values, and why it is rejected."""
    mapping, cells = mapped.mapping, mapped.cells
    selected = "".join(
        f", {expression} AS {mapped.value_column(number, output)}"
        for number, cell in enumerate(cells)
        for output, expression in cell.values.items()
    )
    selected += "".join(
        f", {cell.problem} AS p{number}" for number, cell in enumerate(cells) if cell.problem
    )
    joins = " ".join(cell.join for cell in (*cells, *owners) if cell.join)
    source, record = _owner(mapping, owners)
    carriers = "".join(
        f" LEFT JOIN {settings.carriers} {cell.raw}_carrier"
        f" ON {cell.raw}_carrier.email = lower({next(iter(cell.values.values()))})"
        for cell in owners
    )
    cleaned = (
        f"SELECT {IN}.*, (element - 1) * {mapping.places} + {mapping.place} + 1 AS child_no,"
        f" {source} AS owner_source, {record} AS owner_record{selected}"
        f" FROM {IN} {joins}{carriers}"
    )
    newest = "true"
    if not mapping.owned and mapping.key:
        # Several rows may tell of one record: the last one counts.
        newest = (
            "row_number() OVER (PARTITION BY record_id, rejected IS NULL"
            " ORDER BY delivery DESC, file DESC, line DESC) = 1"
        )
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE {OUT} AS SELECT *, {newest} AS newest FROM"
        f" (SELECT *, {_rejected(mapped)} AS rejected FROM ({cleaned}))"
    )


def _owner(mapping: Mapping, cells: list[Cell]) -> tuple[str, str]:
    """SQL for the source and the id of the record that a row belongs to."""
    if not mapping.owned:
        return "NULL::VARCHAR", "NULL::VARCHAR"
    if not mapping.owners:
        return literal(mapping.source), "physical"
    by_email = {cell.raw for cell in cells}
    sources, records = [], []
    for number, owner in enumerate(mapping.owners):
        if owner.columns:
            sources.append(f"WHEN w{number} IS NOT NULL THEN {literal(owner.source)}")
            records.append(f"w{number}")
        elif f"o{number}" in by_email:
            carrier = f"o{number}_carrier"
            sources.append(f"WHEN {carrier}.record_id IS NOT NULL THEN {carrier}.source")
            records.append(f"{carrier}.record_id")
    if not sources:
        return "NULL::VARCHAR", "NULL::VARCHAR"
    return f"CASE {' '.join(sources)} END", f"coalesce({', '.join(records)}, NULL)"


def _rejected(mapped: Mapped) -> str:
    """SQL for the rule by which a row is rejected, NULL where it is not."""
    mapping = mapped.mapping
    if mapping.entity.name in UNREJECTABLE:
        return "NULL::VARCHAR"
    reasons = [f"WHEN record_id IS NULL THEN {literal(KEY_MISSING)}"]
    for number, cell in enumerate(mapped.cells):
        if cell.field.otherwise == "reject" and cell.problem:
            value = mapped.value_column(number, cell.field.name)
            reasons.append(f"WHEN {value} IS NULL AND p{number} IS NOT NULL THEN p{number}")
    reasons += [
        f"WHEN {mapped.value(field.name)} IS NULL THEN {literal(REQUIRED_MISSING)}"
        for field in mapping.fields
        if field.required
    ]
    return f"CASE {' '.join(reasons)} END"


def _register_rules(cursor: Cursor, mapped: Mapped) -> None:
    """One row is a rule that was broken here: id, severity, words."""
    rules = {KEY_MISSING, REQUIRED_MISSING}
    for number, cell in enumerate(mapped.cells):
        if cell.problem:
            found = cursor.execute(f"SELECT DISTINCT p{number} FROM {OUT}").fetchall()
            rules |= {str(row[0]) for row in found if row[0] is not None}
    listed = sorted(rules)
    cursor.register(
        RULES,
        pa.table(
            {
                "rule": listed,
                "severity": [severity_of(rule) for rule in listed],
                "message": [words_for(rule) for rule in listed],
            }
        ),
    )
