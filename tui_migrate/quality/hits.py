"""A rule → one SELECT that lists the records (or profiles) that break it.

One row of a *hit* is a value that breaks a rule: source, record_id, entity, field, value. For
profiles source and record_id are those of the founding record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from tui_migrate.model.entities import Field, entities
from tui_migrate.model.types import get_type
from tui_migrate.runbook.rules import Rule
from tui_migrate.staging.guard import with_empty_lists
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

MATCHES = "quality_values"


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at: mapped records of one source, or all profiles."""

    source: str | None = None

    @property
    def profiles(self) -> bool:
        """Whether these are profiles."""
        return self.source is None

    def rows(self, entity: str) -> str:
        """SQL for FROM: the entity's rows with source, record_id and the fields."""
        if self.source is None:
            return "(SELECT *, founder_source AS source, founder_record AS record_id FROM profile)"
        return f"(SELECT * FROM {quote('ent_' + entity)} WHERE source = {literal(self.source)})"


@dataclass(frozen=True, slots=True)
class Hits:
    """The hits of one rule as SQL. ``look_up`` names a registered table that it needs, if any."""

    rule: Rule
    select: str
    look_up: str | None = None


def fields_of(rule: Rule, subject: Subject) -> Iterator[tuple[str, Field]]:
    """The entity and field of everything that a rule without SQL looks at."""
    for name, entity in entities().items():
        if (rule.field is not None and name != rule.of) or (subject.profiles and name != "profile"):
            continue
        for field in entity.fields:
            if field.name == rule.field or (rule.type is not None and field.type == rule.type):
                yield name, field


def rule_hits(
    cursor: Cursor, rule: Rule, subject: Subject, number: int, present: Sequence[str]
) -> Hits | None:
    """The hits of ``rule`` among ``subject``, None where it has nothing to look at.

    ``number`` tells rules apart; ``present``: the entities that the subject has rows of.
    """
    if rule.check == "sql":
        return _written(cursor, rule, subject, present)
    look_up = None
    selects = []
    for entity, field in fields_of(rule, subject):
        if entity not in present:
            continue
        if rule.check == "matches":
            look_up = f"{MATCHES}_{number}"
        selects.append(_select(rule, subject, entity, field, look_up))
    if not selects:
        return None
    if look_up is not None:
        _register_matches(cursor, rule, subject, look_up, present)
    return Hits(rule, " UNION ALL ".join(selects), look_up)


def _written(cursor: Cursor, rule: Rule, subject: Subject, present: Sequence[str]) -> Hits | None:
    """A rule that brings its own SELECT."""
    if rule.of not in present:
        return None
    sql = with_empty_lists(cursor, rule.sql or "")
    named = {name.lower() for name in columns_of(cursor, f"({sql})")}
    field = "q.field::VARCHAR" if "field" in named else "NULL::VARCHAR"
    value = "q.value::VARCHAR" if "value" in named else "NULL::VARCHAR"
    entity = literal(rule.of)
    if subject.profiles:
        return Hits(
            rule,
            f"SELECT p.founder_source AS source, p.founder_record AS record_id, {entity} AS entity,"
            f" {field} AS field, {value} AS value FROM ({sql}) q JOIN profile p USING (profile_id)",
        )
    return Hits(
        rule,
        f"SELECT q.source, q.record_id, {entity} AS entity, {field} AS field, {value} AS value"
        f" FROM ({sql}) q WHERE q.source = {literal(subject.source or '')}",
    )


def _values(subject: Subject, entity: str, field: Field) -> str:
    """SQL for FROM: source, record_id and each value of the field as text."""
    value = f"unnest({quote(field.name)})" if field.many else f"{quote(field.name)}::VARCHAR"
    return f"(SELECT source, record_id, {value} AS value FROM {subject.rows(entity)})"


def _select(rule: Rule, subject: Subject, entity: str, field: Field, look_up: str | None) -> str:
    columns = f"source, record_id, {literal(entity)} AS entity, {literal(field.name)} AS field"
    values = _values(subject, entity, field)
    match rule.check:
        case "required":
            missing = f"{quote(field.name)} IS NULL"
            if not field.many and get_type(field.type).sql_type == "VARCHAR":
                missing += f" OR trim({quote(field.name)}) = ''"
            rows = subject.rows(entity)
            return f"SELECT {columns}, NULL::VARCHAR AS value FROM {rows} WHERE {missing}"
        case "valid":
            return _unreadable(subject, entity, field, columns)
        case "unique":
            return (
                f"SELECT {columns}, value FROM (SELECT *, count(DISTINCT record_id)"
                f" OVER (PARTITION BY value) AS carriers FROM {values} WHERE value IS NOT NULL)"
                " WHERE carriers > 1"
            )
        case "in":
            known = ", ".join(literal(value) for value in rule.values)
            return f"SELECT {columns}, value FROM {values} WHERE value NOT IN ({known})"
        case _:
            return f"SELECT {columns}, value FROM {values} SEMI JOIN {look_up} USING (value)"


def _unreadable(subject: Subject, entity: str, field: Field, columns: str) -> str:
    """Cells that mapping could not read as their type; a profile has readable values only."""
    if subject.source is None:
        return f"SELECT {columns}, NULL::VARCHAR AS value FROM profile WHERE false"
    return (
        "SELECT source, record_id, entity, field, value FROM finding"
        f" WHERE source = {literal(subject.source)} AND entity = {literal(entity)}"
        f" AND field = {literal(field.name)} AND cleaned IS NULL AND value IS NOT NULL"
    )


def _register_matches(
    cursor: Cursor, rule: Rule, subject: Subject, name: str, present: Sequence[str]
) -> None:
    """One row is a value that the pattern does not fit; each value is looked at once."""
    pattern = re.compile(rule.pattern or "")
    broken: set[str] = set()
    for entity, field in fields_of(rule, subject):
        if entity in present:
            values = cursor.sql(
                f"SELECT DISTINCT value FROM {_values(subject, entity, field)}"
                " WHERE value IS NOT NULL"
            ).to_arrow_table()
            texts: list[str] = values.column("value").to_pylist()
            broken.update(text for text in texts if pattern.fullmatch(text) is None)
    cursor.register(name, pa.table({"value": pa.array(sorted(broken), pa.string())}))
