"""Explain a pair: per field both values, how far they agree and what that is worth."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tui_migrate.i18n import _
from tui_migrate.matching.schema import quoted

#: The input columns behind each compared field, as one text.
_SHOWN = {
    "first_name": "concat_ws(' ', first_name, initials)",
    "family_name": "concat_ws(' ', prefix, family_name)",
    "birth_date": "CAST(birth_date AS VARCHAR)",
    "address": "concat_ws(' ', street, concat(house_number, house_addition), postcode, town)",
    "email": "array_to_string(emails, ', ')",
    "phone": "array_to_string(phones, ', ')",
    "gender": "gender",
    "organisation_name": "organisation_name",
    "kvk": "kvk",
    "vat": "vat",
}

PAIR_SQL = """
SELECT entry.field, entry.level, entry.weight
FROM (
    SELECT weights FROM {pairs}
    WHERE source_a = $1 AND record_a = $2 AND source_b = $3 AND record_b = $4
    ORDER BY attempt DESC, step, unit LIMIT 1
), unnest(weights) WITH ORDINALITY AS one(entry, place)
ORDER BY place"""


@dataclass(frozen=True)
class FieldWeight:
    """One bar of the waterfall: `weight` in bits; the field 'prior' stands first, without values."""

    field: str
    value_a: str
    value_b: str
    level: str
    weight: float


def explain(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    source_a: str,
    record_a: str,
    source_b: str,
    record_b: str,
    *,
    pairs: str = "pair",
) -> list[FieldWeight]:
    """The waterfall of a stored pair, in summing order; values read from `relation`.

    pairs: the table or view of pairs, of which the newest attempt is taken. The two records may be
    named in either order; value_a belongs to the record named first. LookupError if there is no
    such pair.
    """
    one, two = (source_a, record_a), (source_b, record_b)
    smaller, greater = (one, two) if one < two else (two, one)
    sql = PAIR_SQL.format(pairs=quoted(pairs))
    rows = cur.execute(sql, [*smaller, *greater]).fetchall()
    if not rows:
        raise LookupError(f"no pair {source_a}/{record_a} – {source_b}/{record_b}")
    shown = _shown(cur, relation, [row[0] for row in rows])
    values_a, values_b = (_values(cur, relation, record, shown) for record in (one, two))
    return [
        FieldWeight(field, values_a.get(field, ""), values_b.get(field, ""), level, weight)
        for field, level, weight in rows
    ]


def _shown(cur: duckdb.DuckDBPyConnection, relation: str, fields: list[str]) -> dict[str, str]:
    """What is shown of each field; a declared one is a column of `relation`."""
    described = cur.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    columns = {row[0] for row in described}
    declared = [name for name in fields if name in columns and name not in _SHOWN]
    return _SHOWN | {name: f"CAST({quoted(name)} AS VARCHAR)" for name in declared}


def _values(
    cur: duckdb.DuckDBPyConnection, relation: str, record: tuple[str, str], shown: dict[str, str]
) -> dict[str, str]:
    columns = ", ".join(f"{expression} AS {quoted(name)}" for name, expression in shown.items())
    row = cur.execute(
        f"SELECT {columns} FROM {quoted(relation)} WHERE source = $1 AND record_id = $2",
        list(record),
    ).fetchone()
    return {name: str(value or "") for name, value in zip(shown, row or [], strict=False)}


def reason_text(reason: str) -> str:
    """What a person reads for a `pair.reason` or a `cluster.rule`; unknown codes as they are."""
    words = {
        "guard passed": _("certain, and nothing conflicts"),
        "link": _("one system names the other's record"),
        "decision": _("a person decided"),
        "guard": _("certain, and nothing conflicts"),
        "not certain enough": _("too little agrees to be certain"),
        "changed since": _("a person merged the two, and what they say has changed since"),
        "birth date conflict": _("birth dates differ"),
        "first name conflict": _("first names differ"),
        "two conflicts": _("first names and birth dates differ"),
        "household": _("two people of one household"),
        "generation conflict": _("junior and senior"),
        "first name unsure": _("first names are alike but may be two names"),
        "gender conflict": _("gender differs"),
        "namesakes at one address": _("two people of this name live or write here"),
        "family name unsure": _("family names are alike but may be two names"),
        "initials only": _("only initials agree"),
        "call name only": _("the first names are forms of one name, but may be two relatives"),
        "shared contact point": _("the e-mail address or phone number serves several people"),
        "no identifier": _("what agrees may belong to two people too"),
        "register number conflict": _("register numbers differ"),
        "name conflict": _("names differ"),
        "doubted": _("certain for the program, but a person was not sure"),
        "lane closed": _("certain for the program, but nothing merges without a person"),
        "same profile": _("other records tie the two together"),
        "asked once": _("a weightier pair asks the same question"),
        "conflict in the cluster": _("another record of this group conflicts"),
        "birth date": _("birth dates in this group differ"),
        "first name": _("first names in this group differ"),
        "kind": _("a person and an organisation"),
        "generation": _("junior and senior"),
        "register number": _("register numbers in this group differ"),
        "different decision": _("a person said that two of this group differ"),
        "too large": _("more records than one person has"),
        "single": _("stands alone"),
    }
    return ", ".join(words.get(part, part) for part in reason.split("+"))
