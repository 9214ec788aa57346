"""Cleaning of columns: in SQL where cells are tidy, through the semantic type for the rest.

A *cell* is one column (or several, joined) read for one field. Its tidy values are cleaned by an SQL
expression; the others are fetched as distinct values, cleaned in batches, and joined back from an
Arrow table. So a column without untidy values costs no join, and Python sees each value once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made
from datetime import date

import pyarrow as pa

from tui_migrate.mapping.model import MappedField
from tui_migrate.mapping.moments import moment_sql
from tui_migrate.mapping.splits import Split
from tui_migrate.model.entities import Entity
from tui_migrate.model.types.base import Cleaned, Options, SqlClean, get_type
from tui_migrate.model.types.tidy import fold
from tui_migrate.staging.store import Cursor, literal

BY_COUNTRY = frozenset(
    {"phone", "postcode", "full_name", "family_name", "vat", "kbo", "kvk", "street", "town"}
)
"""Types whose reading may depend on the row's country."""

FAST_COUNTRIES = ("NL", "BE")


@dataclass(slots=True)
class Cell:
    """One column read for one field, and the SQL that came of it.

    ``raw`` names the raw column in the staged input. ``zones``: those of its rows. ``values`` are SQL
    expressions by field name (more than one where the value is split); ``problem`` is SQL, or None when
    no cell had one.
    """

    field: MappedField
    raw: str
    columns: tuple[str, ...]
    options: Options
    split: Split | None = None
    zones: tuple[str, ...] = ()
    values: dict[str, str] = made(default_factory=dict)
    problem: str | None = None
    join: str = ""
    look_up: str | None = None

    @property
    def by(self) -> str:
        """The column of the staged input on which the reading depends: that of the row's country or
        of the time zone; '' where neither matters."""
        if self.field.type.name in BY_COUNTRY:
            return "ctry"
        zoned = self.field.type.name == "datetime" and self.split is None
        return "zone" if zoned and len(self.zones) > 1 else ""

    def options_by(self, value: str) -> Options:
        """The options where the column ``by`` holds this."""
        if self.by == "zone":
            return replace(self.options, zone=value)
        return (
            self.options if self.options.country == value else replace(self.options, country=value)
        )

    @property
    def contact_point(self) -> bool:
        """Whether the cell holds an e-mail address or a telephone number, whichever it is."""
        return self.field.name == "contact_point" and self.field.type.name == "text"

    @property
    def takes_empty(self) -> bool:
        """Whether the code list says what an empty cell means."""
        return any(not fold(code) for code, _meaning in self.field.codes or ())


ALL_BRANDS = ("*", "alle", "alles", "all", "tous")
"""What a brand cell may say for every brand."""


def options_for(
    mapped: MappedField, country: str, zone: str, today: date | None, brands: Sequence[str] = ()
) -> Options:
    """The options under which a field's cells are read.

    A brand is one of ``brands`` (if any are given) or all of them: brands are spelled out in figures
    and in the audit, so free text must never pass for one.
    """
    otherwise = mapped.otherwise or "reject"
    codes = mapped.codes
    if mapped.type.name == "brand" and brands:
        otherwise = "null" if otherwise == "null" else "reject"
        codes = codes or (*((b, b) for b in brands), *((every, "*") for every in ALL_BRANDS))
    return Options(
        country=country,
        format=mapped.format,
        zone=zone,
        decimal=mapped.decimal,
        codes=codes,
        otherwise="reject" if otherwise.startswith("default:") else otherwise,
        today=today,
    )


def prepare(cursor: Cursor, cell: Cell, entity: Entity, table: str, name: str) -> None:
    """Work out the SQL of ``cell`` over ``table`` (the staged input, with columns ``ctry``, ``zone``).

    ``name`` is free for the look-up table of untidy values; it stays registered while it is used.
    """
    fast = None if cell.split is not None else _fast(cell)
    rest = f"AND NOT coalesce({fast[0]}, false)" if fast else ""
    values = cursor.sql(
        f"SELECT DISTINCT {cell.raw} AS raw, {cell.by or 'NULL'} AS by FROM {table} "
        f"WHERE {cell.raw} IS NOT NULL {rest} ORDER BY ALL"
    ).to_arrow_table()
    value = f"CASE WHEN {fast[0]} THEN {fast[1]} END" if fast else "NULL::VARCHAR"
    if not values.num_rows:
        cell.values = dict.fromkeys(_outputs(cell), value)
        return
    look_up = _look_up(cell, entity, values)
    cursor.register(name, look_up)
    cell.look_up = name
    matches = f"{name}.look_raw = {table}.{cell.raw}"
    if cell.by:
        matches += f" AND {name}.look_by = {table}.{cell.by}"
    cell.join = f"LEFT JOIN {name} ON {matches}"
    for index, output in enumerate(_outputs(cell)):
        found = f"{name}.v{index}"
        cell.values[output] = (
            f"CASE WHEN {fast[0]} THEN {fast[1]} ELSE {found} END" if fast else found
        )
    if look_up.column("problem").null_count < look_up.num_rows:
        cell.problem = f"{name}.problem"


def _outputs(cell: Cell) -> tuple[str, ...]:
    return cell.split.outputs if cell.split is not None else (cell.field.name,)


def _fast(cell: Cell) -> tuple[str, str] | None:
    """(when, value) of the type's SQL, per country or zone where that matters; None without one."""
    if cell.field.constant is not None or cell.contact_point:
        return None
    if not cell.by:
        made = _sql_clean(cell, cell.options)
        return (f"({made.when})", f"({made.value})") if made else None
    whens, values = [], []
    for choice in FAST_COUNTRIES if cell.by == "ctry" else cell.zones:
        made = _sql_clean(cell, cell.options_by(choice))
        if made is not None:
            whens.append(f"({cell.by} = {literal(choice)} AND ({made.when}))")
            values.append(f"WHEN {literal(choice)} THEN {made.value}")
    if not whens:
        return None
    return f"({' OR '.join(whens)})", f"CASE {cell.by} {' '.join(values)} END"


def _sql_clean(cell: Cell, options: Options) -> SqlClean | None:
    made = cell.field.type.sql_clean(cell.raw, options)
    if made is None and cell.field.type.name == "datetime":
        return moment_sql(cell.raw, options)
    return made


def _look_up(cell: Cell, entity: Entity, values: pa.Table) -> pa.Table:
    """look_raw, look_by, problem and one value column (v0, v1…) for each output."""
    raws: list[str] = values.column("raw").to_pylist()
    by: list[str | None] = values.column("by").to_pylist()
    points = cell.contact_point
    cleaned = _contact_points(raws, cell.options) if points else _clean(cell, raws, by)
    columns: dict[str, list[str | None]] = {}
    if cell.split is None:
        columns["v0"] = [made.value for made in cleaned]
    else:
        columns = _split(cell, cell.split, entity, cleaned, by)
    problems = [made.problem for made in cleaned]
    if "%" in (cell.field.format or "") and "%H" not in (cell.field.format or ""):
        problems = [None if p == "datetime.date_only" else p for p in problems]
    if cell.split is not None:  # a number that was split off a street is where it belongs
        problems = [None if p == "street.has_number" else p for p in problems]
    return pa.table(
        {
            "look_raw": pa.array(raws, pa.string()),
            "look_by": pa.array(by, pa.string()),
            "problem": pa.array(problems, pa.string()),
            **{name: pa.array(column, pa.string()) for name, column in columns.items()},
        }
    )


def _clean(cell: Cell, raws: Sequence[str], by: Sequence[str | None]) -> list[Cleaned]:
    """``clean_many``, in one batch for each country or zone."""
    semantic = cell.field.type
    distinct = sorted({choice for choice in by if choice is not None})
    if not distinct:
        return semantic.clean_many(raws, cell.options)
    made = [Cleaned(None)] * len(raws)
    for choice in distinct:
        places = [index for index, here in enumerate(by) if here == choice]
        batch = semantic.clean_many([raws[i] for i in places], cell.options_by(choice))
        for place, cleaned in zip(places, batch, strict=True):
            made[place] = cleaned
    return made


def _contact_points(raws: Sequence[str], options: Options) -> list[Cleaned]:
    """Each as an e-mail address or a number; what is neither stays as it was written.

    A contact point is what an opt-out or suppression silences: it must not get lost by being odd.
    """
    text = get_type("text").clean_many(raws, options)
    kinds = [get_type("email" if "@" in raw else "phone") for raw in raws]
    read = [kind.clean(raw, options) for kind, raw in zip(kinds, raws, strict=True)]
    return [
        found if found.value is not None else Cleaned(as_text.value, found.problem)
        for found, as_text in zip(read, text, strict=True)
    ]


def _split(
    cell: Cell,
    split: Split,
    entity: Entity,
    cleaned: Sequence[Cleaned],
    countries: Sequence[str | None],
) -> dict[str, list[str | None]]:
    """One column for each output; a part that its own type cannot read is left out."""
    parts = [
        split.split(made.value, country or cell.options.country) if made.value is not None else {}
        for made, country in zip(cleaned, countries, strict=True)
    ]
    columns: dict[str, list[str | None]] = {}
    for index, output in enumerate(split.outputs):
        texts = [found.get(output) for found in parts]
        if output == cell.field.name:
            columns[f"v{index}"] = texts  # it is clean already
            continue
        semantic = get_type(entity.field(output).type)
        distinct = sorted({text for text in texts if text})
        made = semantic.clean_many(distinct, cell.options)
        table = {raw: clean.value for raw, clean in zip(distinct, made, strict=True)}
        columns[f"v{index}"] = [table.get(text or "") for text in texts]
    return columns
