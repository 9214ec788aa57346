"""What came of applying a mapping: the SELECT statements that hand it on."""

from __future__ import annotations

from dataclasses import dataclass

from tui_migrate.mapping.cells import Cell
from tui_migrate.mapping.model import Mapping
from tui_migrate.mapping.problems import KEY_MISSING, NORMALISED, REQUIRED_MISSING
from tui_migrate.model.entities import Entity, Field
from tui_migrate.model.types.base import get_type
from tui_migrate.staging.store import literal, quote

OUT = "map_out"
RULES = "map_rule"

TRANSLATED = frozenset(
    {"salutation", "gender", "country", "language", "channel", "consent_status", "boolean", "code"}
)
"""Types whose values are words of a list: writing the listed word is no change of meaning."""

_PLACE = "delivery, file, line"


def entity_columns(entity: Entity) -> str:
    """Column definitions of ``ent_<entity>``, in order."""
    owner = "owner_source VARCHAR, owner_record VARCHAR, " if entity.child else ""
    fields = ", ".join(f"{quote(field.name)} {sql_type(field)}" for field in entity.fields)
    return (
        "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
        f" child_no INTEGER, {owner}{fields}"
    )


def sql_type(field: Field) -> str:
    """DuckDB type of a field's column."""
    return "VARCHAR[]" if field.many else get_type(field.type).sql_type


@dataclass(frozen=True, slots=True)
class Mapped:
    """Rows of one mapping in the temporary table ``map_out``, and SQL that reads them.

    Every statement has a total order, but for those of the trail: a segment sorts them itself.
    ``payment``: the payment fields that were read.
    """

    mapping: Mapping
    cells: tuple[Cell, ...]
    payment: frozenset[str] = frozenset()

    def value_column(self, number: int, output: str) -> str:
        """Column of ``map_out`` with the value that a cell gives for a field."""
        return f"v{number}_{list(self.cells[number].values).index(output)}"

    def value(self, name: str) -> str:
        """SQL over ``map_out`` for a field's value: VARCHAR, or VARCHAR[] where it holds many."""
        field = self.mapping.entity.field(name)
        own: list[str] = []
        parts: list[str] = []
        for number, cell in enumerate(self.cells):
            if name in cell.values:
                found = own if cell.field.name == name else parts
                found.append(self.value_column(number, name))
        values = [*own, *parts]
        mapped = self.mapping.field(name)
        if mapped is not None and (not mapped.payment or mapped.name in self.payment):
            given = mapped.constant if mapped.constant is not None else mapped.default
            values += [literal(given)] if given is not None else []
        if field.many:
            return _many(values)
        return f"coalesce({', '.join(values)})" if values else "NULL::VARCHAR"

    def _typed(self, field: Field) -> str:
        value = self.value(field.name)
        wanted = sql_type(field)
        mapped = self.mapping.field(field.name)
        if wanted in ("VARCHAR", "VARCHAR[]"):
            return value
        # Only a type that the mapping chose itself can give text that the field cannot hold.
        overridden = mapped is not None and mapped.type.name != field.type
        return f"{'TRY_CAST' if overridden else 'CAST'}({value} AS {wanted})"

    def entity_select(self) -> str:
        """Rows for ``ent_<entity>``, with owner columns where they have an owner."""
        mapping = self.mapping
        fields = ", ".join(f"{self._typed(f)} AS {quote(f.name)}" for f in mapping.entity.fields)
        owner = "owner_source, owner_record, " if mapping.owned else ""
        select = (
            f"SELECT {literal(mapping.source)} AS source, coalesce(record_id, '') AS record_id,"
            f" {_PLACE}, child_no::INTEGER AS child_no, {owner}{fields}"
            f" FROM {OUT} WHERE rejected IS NULL AND newest"
        )
        many = [field.name for field in mapping.entity.fields if field.many]
        if not mapping.owned and mapping.key and many:
            select = self._gather(select, many)
        return f"{select} ORDER BY {_PLACE}, child_no, record_id"

    def _gather(self, select: str, many: list[str]) -> str:
        """Where several rows tell of one record: its many-valued fields from all, the latest first."""
        gathered = " ".join(
            f"LEFT JOIN (SELECT record_id, list(value ORDER BY seen DESC, value) AS found FROM"
            f" (SELECT record_id, value, max(place) AS seen FROM (SELECT record_id,"
            f" delivery || '|' || file || '|' || lpad(line::VARCHAR, 12, '0') AS place,"
            f" unnest({self.value(name)}) AS value FROM {OUT} WHERE rejected IS NULL)"
            f" GROUP BY ALL) GROUP BY record_id) m{number} USING (record_id)"
            for number, name in enumerate(many)
        )
        replaced = ", ".join(f"m{n}.found AS {quote(name)}" for n, name in enumerate(many))
        return f"SELECT e.* REPLACE ({replaced}) FROM ({select}) e {gathered}"

    def findings_select(self) -> str:
        """One row is a cell with a problem, or a row without key or a required value."""
        rejects = (
            f"SELECT {_PLACE}, record_id, NULL AS field, rejected AS rule, NULL AS value,"
            f" NULL AS cleaned FROM {OUT}"
            f" WHERE rejected IN ({literal(KEY_MISSING)}, {literal(REQUIRED_MISSING)})"
        )
        found = [rejects]
        for number, cell in enumerate(self.cells):
            if cell.problem:
                value = self.value_column(number, cell.field.name)
                found.append(
                    f"SELECT {_PLACE}, record_id, {literal(cell.field.name)}, p{number}, {cell.raw},"
                    f" {value} FROM {OUT} WHERE p{number} IS NOT NULL"
                )
        return (
            f"SELECT {literal(self.mapping.source)} AS source, {_PLACE}, record_id,"
            f" {literal(self.mapping.entity.name)} AS entity, field, rule, severity, value, cleaned,"
            f" message FROM ({' UNION ALL '.join(found)}) JOIN {RULES} USING (rule)"
            f" ORDER BY {_PLACE}, field, rule, value"
        )

    def rejected_select(self) -> str:
        """Fates of the physical rows that the mapping rejects."""
        return (
            f"SELECT {literal(self.mapping.source)} AS source, {_PLACE}, 'rejected' AS fate,"
            f" min(rejected) AS reason FROM {OUT} WHERE rejected IS NOT NULL"
            f" GROUP BY {_PLACE} ORDER BY {_PLACE}"
        )

    def mapped_trail_select(self, owners: str = "") -> str:
        """The event that a record was mapped; of child rows one event on each owner record.

        ``owners``: SQL for FROM that gives the (source, record_id) that exist; rows of other owners
        make no event.
        """
        rule = literal(self.mapping.name)
        if not self.mapping.owned:
            return (
                f"SELECT {literal(self.mapping.source)} AS source, record_id, 'mapped' AS event,"
                f" {rule} AS rule FROM {OUT} WHERE rejected IS NULL AND newest"
            )
        known = f"SEMI JOIN {owners} USING (source, record_id)" if owners else ""
        return (
            f"SELECT source, record_id, 'mapped' AS event, {literal(self.mapping.entity.name)} AS"
            f" field, {rule} AS rule, rows::VARCHAR AS after FROM (SELECT owner_source AS source,"
            f" owner_record AS record_id, count(*) AS rows FROM {OUT} WHERE rejected IS NULL"
            f" AND owner_record IS NOT NULL GROUP BY ALL) {known}"
        )

    def rejected_trail_select(self) -> str:
        """The event that a record was rejected; the rule is the reason of its fate."""
        return (
            f"SELECT {literal(self.mapping.source)} AS source, record_id, 'rejected' AS event,"
            f" min(rejected) AS rule FROM {OUT} WHERE rejected IS NOT NULL"
            " AND record_id IS NOT NULL GROUP BY record_id"
        )

    def cleaned_trail_select(self) -> str | None:
        """One event for each field of a record whose value is another than the cell; None if none can.

        Case, spaces, punctuation and accents make no other value; neither does the reading of a date
        or a number as the mapping says, nor the translation of a code.
        """
        found = []
        for number, cell in enumerate(self.cells):
            value = self.value_column(number, cell.field.name)
            repaired = f"(p{number} IS NOT NULL AND {value} IS DISTINCT FROM {cell.raw})"
            changed = [repaired] if cell.problem else []
            kind = cell.field.type
            if (
                sql_type(self.mapping.entity.field(cell.field.name)) in ("VARCHAR", "VARCHAR[]")
                and kind.name not in TRANSLATED
                and cell.field.codes is None
                and cell.split is None
            ):
                changed.append(f"({value} <> {cell.raw} AND {_bare(value)} <> {_bare(cell.raw)})")
            if changed:
                rule = (
                    f"coalesce(p{number}, {literal(NORMALISED)})"
                    if cell.problem
                    else literal(NORMALISED)
                )
                found.append(
                    f"SELECT record_id, {literal(cell.field.name)} AS field, {rule} AS rule,"
                    f" {cell.raw} AS before, {value} AS after FROM {OUT} WHERE rejected IS NULL"
                    f" AND newest AND ({' OR '.join(changed)})"
                )
        if not found:
            return None
        return (
            f"SELECT {literal(self.mapping.source)} AS source, record_id, 'cleaned' AS event, field,"
            f" rule, before, after FROM ({' UNION ALL '.join(found)})"
        )

    def links_select(self) -> str | None:
        """One row is a certain edge: a record names a record of another source. None without links."""
        found = [
            f"SELECT {literal(self.mapping.source)} AS source, record_id,"
            f" {literal(other)} AS other_source, l{number} AS other_record,"
            f" {literal(column)} AS column_name FROM {OUT}"
            f" WHERE rejected IS NULL AND newest AND l{number} IS NOT NULL"
            for number, (column, other) in enumerate(self.mapping.links)
        ]
        if not found:
            return None
        return f"{' UNION ALL '.join(found)} ORDER BY ALL"


def _many(values: list[str]) -> str:
    """All values in order, each once; NULL for none."""
    if not values:
        return "NULL::VARCHAR[]"
    once = [values[0]]
    for index, value in enumerate(values[1:], 1):
        said = ", ".join(f"coalesce({earlier}, '')" for earlier in values[:index])
        once.append(f"CASE WHEN {value} NOT IN ({said}) THEN {value} END")
    listed = f"list_filter([{', '.join(once)}], lambda x: x IS NOT NULL)"
    return f"CASE WHEN coalesce({', '.join(values)}) IS NOT NULL THEN {listed} END"


def _bare(value: str) -> str:
    """Letters and digits only, in small letters."""
    return f"regexp_replace(lower(strip_accents({value})), '[^a-z0-9]', '', 'g')"
