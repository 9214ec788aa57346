"""Three scores per field and source: correct, consistent, complete.

*Correct*: of the filled cells, those without a problem of correctness. *Consistent*: those that
contradict nothing else in their record. *Complete*: of the records to which the field applies, those
with a usable value. What was repaired without loss (a note) harms no score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tui_migrate.model.entities import Entity, Field
from tui_migrate.model.types import PROBLEMS
from tui_migrate.staging.store import literal, quote

KINDS = ("correct", "consistent", "complete")

ORGANISATION_ONLY = frozenset({"organisation_name", "kvk", "kbo", "vat"})
PERSON_ONLY = frozenset(
    {"salutation", "gender", "initials", "first_name", "prefix", "family_name", "full_name",
     "birth_date", "deceased"}
)  # fmt: skip

# Field → SQL that holds where its value contradicts another field of the same row.
CONTRADICTIONS: Mapping[str, tuple[frozenset[str], str]] = {
    "postcode": (
        frozenset({"country"}),
        "(country = 'NL' AND NOT regexp_full_match(postcode, '[1-9][0-9]{3}[A-Z]{2}'))"
        " OR (country = 'BE' AND NOT regexp_full_match(postcode, '[1-9][0-9]{3}'))",
    ),
    "birth_date": (frozenset({"joined_on"}), "birth_date > joined_on"),
    "ends_on": (frozenset({"starts_on"}), "ends_on < starts_on"),
    "valid_to": (frozenset({"valid_from"}), "valid_to < valid_from"),
}


@dataclass(frozen=True, slots=True)
class Failing:
    """A field of a source that stays below a threshold. ``per_mille``: what it reached."""

    source: str
    entity: str
    field: str
    kind: str
    per_mille: int


def score_select(source: str, entity: Entity, fields: Sequence[Field], hits: str) -> str:
    """Rows for table ``score``: one for each of the mapped ``fields``.

    ``hits``: SQL for FROM with record_id, entity, field and kind (correct or consistent) of the rules
    that records break, next to the findings of mapping.
    """
    rows = f"(SELECT * FROM {quote('ent_' + entity.name)} WHERE source = {literal(source)})"
    return (
        " UNION ALL ".join(_field(source, entity, field, rows, hits) for field in fields)
        + " ORDER BY source, entity, field"
    )


def _field(source: str, entity: Entity, field: Field, rows: str, hits: str) -> str:
    name = quote(field.name)
    applies = _applies(entity, field)
    contradicted = "false"
    needed, contradiction = CONTRADICTIONS.get(field.name, (frozenset(), "false"))
    if needed and needed <= {known.name for known in entity.fields}:
        contradicted = contradiction
    where = f"entity = {literal(entity.name)} AND field = {literal(field.name)}"
    return f"""
SELECT {literal(source)} AS source, {literal(entity.name)} AS entity,
       {literal(field.name)} AS field, count(*) FILTER (applies) AS records,
       count(*) FILTER (filled) AS filled,
       count(*) FILTER (filled AND NOT wrong) AS correct,
       count(*) FILTER (filled AND NOT odd) AS consistent,
       count(*) FILTER (applies AND usable) AS complete
FROM (SELECT {applies} AS applies, {name} IS NOT NULL AS usable,
             {name} IS NOT NULL OR coalesce(p.unusable, false) AS filled,
             coalesce(p.wrong, false) OR coalesce(h.wrong, false) AS wrong,
             coalesce(p.odd, false) OR coalesce(h.odd, false)
               OR coalesce({contradicted}, false) AS odd
      FROM {rows} r
      LEFT JOIN (SELECT delivery, file, line,
                        bool_or(cleaned IS NULL AND value IS NOT NULL) AS unusable,
                        bool_or({_rules("correct")}) AS wrong,
                        bool_or({_rules("consistent")}) AS odd
                 FROM finding WHERE source = {literal(source)} AND {where}
                 GROUP BY ALL) p USING (delivery, file, line)
      LEFT JOIN (SELECT record_id, bool_or(kind = 'correct') AS wrong,
                        bool_or(kind = 'consistent') AS odd
                 FROM {hits} WHERE {where} GROUP BY ALL) h USING (record_id))"""


def _applies(entity: Entity, field: Field) -> str:
    """SQL that says whether a record is of the kind that has this field."""
    if entity.name != "profile":
        return "true"
    if field.name in ORGANISATION_ONLY:
        return "coalesce(kind = 'organisation', false)"
    return "coalesce(kind, 'person') <> 'organisation'" if field.name in PERSON_ONLY else "true"


def _rules(kind: str) -> str:
    """SQL that says whether a finding is a problem of this kind that lost or spoilt something."""
    rules = sorted(
        rule
        for rule, problem in PROBLEMS.items()
        if problem.kind == kind and problem.severity != "note"
    )
    listed = ", ".join(literal(rule) for rule in rules)
    return f"rule IN ({listed})" if rules else "false"


def totals(rows: Sequence[tuple[int, int, int, int, int]]) -> dict[str, int]:
    """Scores over all fields in per mille, from (records, filled, correct, consistent, complete)."""
    records, filled, *good = (
        (sum(column) for column in zip(*rows, strict=True)) if rows else (0,) * 5
    )
    wholes = (filled, filled, records)
    return {
        kind: count * 1000 // whole if whole else 1000
        for kind, count, whole in zip(KINDS, good, wholes, strict=True)
    }


def failing(
    rows: Sequence[tuple[str, str, str, int, int, int, int, int]], least: Mapping[str, float]
) -> list[Failing]:
    """The fields below the thresholds ``least`` (kind → share).

    One row: source, entity, field, records, filled, correct, consistent, complete. A field that
    nobody filled says nothing about correct and consistent.
    """
    found = []
    for source, entity, field, records, filled, *good in rows:
        for kind, count, whole in zip(KINDS, good, (filled, filled, records), strict=True):
            share = least.get(kind)
            if share is not None and whole and count < share * whole:
                found.append(Failing(source, entity, field, kind, count * 1000 // whole))
    return found
