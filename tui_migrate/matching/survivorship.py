"""Survivorship: which value of which record wins when several records become one profile.

Input is one relation with a row per record: profile_id, founder BOOLEAN, source, record_id, delivery,
trust INTEGER (1 is trusted most) and the profile's fields; and ``merge_flaw`` (see ``prepare``).
Output are temporary tables: ``merge_chosen`` and ``merge_other`` (values in long form).

How a value is chosen, in this order:

1. A value without flaw (a finding on that record and field) goes before one with a flaw.
2. A complete address goes before an incomplete one; complete is house number with postcode, or with
   street and town.
3. The rule of the field. ``newest`` and ``oldest`` go by the record's date (updated, else created, else
   joined; records without any date come last, among them the later delivery first), but fields that
   are dates themselves go by their own value. ``most_trusted``: the source's trust, then newest. A
   list of sources: the first of them that says anything, then the others by trust (``source_order``).
   ``most_complete``: the record with the most filled fields; what survives together goes by its own
   fields first. ``most_frequent``: the number of records with that value. ``longest``: the number of
   characters. ``keep_all``: for many values, in the order of ``most_trusted``.
4. Trust, then newest, then source and record id: always one winner, the same every time.

What belongs together survives together. *Address*: all six fields come from one record, its empty ones
included; the rule is that of ``postcode``, else of the first of its fields that has a rule. *Name*:
prefix, family name and full name come from one record, by the rule of ``family_name``. First name and
initials come from the same record, unless it has none there, or only an initial as first name, or the
field has a rule of its own: then the other records may fill in, those that begin with the same letter
first. *Many values* (e-mail, phone): all of them, each once whatever its capitals, in the order of the
rule; the first is the main one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tui_migrate.model.entities import Field
from tui_migrate.staging.store import Cursor, literal, quote

ADDRESS = ("street", "house_number", "house_addition", "postcode", "town", "country")
SURNAME = ("prefix", "family_name", "full_name")
GIVEN = ("first_name", "initials")
OWN_DATE = ("date", "datetime")
"""Types of fields whose own value is meant by newest and oldest."""

TABLES = ("merge_ranked", "merge_flaw", "merge_value", "merge_rule", "merge_head",
          "merge_won", "merge_chosen", "merge_other", "merge_over")  # fmt: skip

# One row is a record of a profile, with its place among the profile's records by each rule. Profile and
# record get numbers (pid, rid): what follows joins, groups and sorts by these and not by their names.
RANKED = r"""
CREATE OR REPLACE TEMP TABLE merge_ranked AS
WITH dated AS (
  SELECT source, record_id, delivery, trust,
    {filled} AS filled,
    dense_rank() OVER (ORDER BY profile_id)::INTEGER AS pid,
    row_number() OVER (ORDER BY source, record_id)::INTEGER AS rid,
    coalesce(updated_at, created_at, joined_on::TIMESTAMP) AS moment
  FROM {records}),
-- Windows over what orders the records: the other columns are not sorted along.
placed AS (
  SELECT source, record_id, pid, rid, moment,
    (row_number() OVER (PARTITION BY pid
      ORDER BY moment DESC NULLS LAST, delivery DESC, trust, rid))::INTEGER AS by_newest,
    (row_number() OVER (PARTITION BY pid
      ORDER BY moment NULLS LAST, delivery, trust, rid))::INTEGER AS by_oldest,
    (row_number() OVER (PARTITION BY pid
      ORDER BY trust, moment DESC NULLS LAST, delivery DESC, rid))::INTEGER AS by_trust,
    (row_number() OVER (PARTITION BY pid
      ORDER BY filled DESC, trust, moment DESC NULLS LAST, delivery DESC, rid))::INTEGER
      AS by_complete
  FROM dated)
SELECT r.*, p.pid, p.rid, p.moment, p.by_newest, p.by_oldest, p.by_trust, p.by_complete,
  (house_number IS NOT NULL AND (postcode IS NOT NULL OR (street IS NOT NULL AND town IS NOT NULL)))
    AS whole_address
FROM {records} r JOIN placed p USING (source, record_id)
"""

# One row is a value of a field of a record, place: its place in the record's list (else 1).
VALUES = """
CREATE OR REPLACE TEMP TABLE merge_value AS
WITH said AS ({parts}),
flaw AS (
  SELECT DISTINCT r.rid, f.field::{enum} AS field, f.value
  FROM merge_flaw f JOIN merge_ranked r USING (source, record_id))
SELECT s.*, {votes} AS votes,
  f.rid IS NOT NULL OR g.rid IS NOT NULL AS flawed
FROM said s
LEFT JOIN flaw f ON f.rid = s.rid AND f.field = s.field AND f.value IS NULL
LEFT JOIN flaw g ON g.rid = s.rid AND g.field = s.field AND g.value = s.value
{counts}"""

# Joins the number of records that say the same, for the fields whose rule asks for it.
_COUNTS = """LEFT JOIN (SELECT pid, field, value, count(*) AS votes FROM ({parts}) GROUP BY ALL) n
  ON n.pid = s.pid AND n.field = s.field AND n.value = s.value
"""

_SINGLE = """
SELECT pid, rid, by_newest, by_oldest, by_trust, by_complete, {given} AS by_given,
  {name}::{enum} AS field, {column}::VARCHAR AS value, 1 AS place
FROM merge_ranked WHERE {column} IS NOT NULL"""

_MANY = """
SELECT pid, rid, by_newest, by_oldest, by_trust, by_complete, by_given, {name}::{enum} AS field,
  value, min(place) AS place
FROM (SELECT pid, rid, by_newest, by_oldest, by_trust, by_complete, {given} AS by_given,
        unnest({column}) AS value, generate_subscripts({column}, 1) AS place
      FROM merge_ranked WHERE len({column}) > 0)
WHERE value IS NOT NULL GROUP BY ALL"""

# The order in which values of one field stand, by its rule.
_ORDER = """flawed,
  CASE rule WHEN 'newest' THEN by_newest WHEN 'oldest' THEN by_oldest
    WHEN 'most_frequent' THEN -votes WHEN 'longest' THEN -length(value)
    WHEN 'most_complete' THEN by_complete WHEN 'source_order' THEN by_given ELSE by_trust END,
  by_trust, place, value"""

# Dates go by their own value.
_DATE_ORDER = """flawed,
  CASE rule WHEN 'newest' THEN -epoch_us(value::TIMESTAMP) WHEN 'oldest' THEN
    epoch_us(value::TIMESTAMP) WHEN 'most_frequent' THEN -votes WHEN 'longest' THEN -length(value)
    WHEN 'most_complete' THEN by_complete WHEN 'source_order' THEN by_given ELSE by_trust END,
  by_trust"""

# One row is the record from which a profile's group of fields comes. For a group, flaws and votes
# are those of its worst and its deciding field.
HEAD = """
INSERT INTO merge_head
SELECT pid, {group}, rid, {rule}
FROM (SELECT r.pid, r.rid, {first} AS first, r.by_newest, r.by_oldest,
        r.by_trust, r.by_complete, {given} AS by_given,
        coalesce(bool_or(v.flawed), false) AS flawed,
        coalesce(max(v.votes) FILTER (v.field = {lead}), 0) AS votes,
        sum(length(v.value)) AS size, count(DISTINCT v.field) AS filled
      FROM merge_ranked r
      JOIN merge_value v USING (rid)
      WHERE v.field IN ({fields})
      GROUP BY ALL)
QUALIFY row_number() OVER (PARTITION BY pid ORDER BY first, flawed, {key}, by_trust) = 1
"""

_HEAD_KEYS = {
    "newest": "by_newest",
    "oldest": "by_oldest",
    "most_trusted": "by_trust",
    "most_frequent": "-votes",
    "longest": "-size",
    "most_complete": "-filled, by_complete",
    "source_order": "by_given",
    "keep_all": "by_trust",
}

# One row is a field of a profile with the value that it gets, the record that gives it, and the rule:
# 'only' one record says anything, all say the 'same', else the rule that chose.
CHOSEN = """
CREATE OR REPLACE TEMP TABLE merge_won AS
WITH won AS ({winners})
SELECT w.pid, w.field, w.rid, w.value, w.place,
  CASE WHEN s.one_record THEN 'only' WHEN s.one_text THEN 'same' ELSE w.rule END AS rule
FROM won w
JOIN (SELECT pid, field, min(by_trust) = max(by_trust) AS one_record,
        min(value) = max(value) AS one_text FROM merge_value GROUP BY ALL) s
  USING (pid, field)
"""

# One row is a field of a profile that a person decided, and a record whose values it takes: the last
# decision on it. Records that are of another profile now have no say.
DECIDED = """
CREATE OR REPLACE TEMP TABLE merge_over AS
SELECT r.pid, d.field, r.rid, d.spot
FROM merge_decided d JOIN merge_ranked r USING (source, record_id)
SEMI JOIN merge_value v ON v.rid = r.rid AND v.field::VARCHAR = d.field
QUALIFY d.nth = max(d.nth) OVER (PARTITION BY r.pid, d.field)
"""

# The values that a person chose take the place of those that the rules chose.
OVERRIDDEN = """
DELETE FROM merge_won WHERE (pid, field::VARCHAR) IN (SELECT (pid, field) FROM merge_over);
INSERT INTO merge_won BY NAME
SELECT pid, field, rid, value, place, 'decided' AS rule FROM (
  SELECT *, row_number() OVER (PARTITION BY pid, field ORDER BY spot, nth, value) AS place FROM (
    SELECT o.pid, v.field, v.rid, v.value, o.spot, v.place AS nth
    FROM merge_over o JOIN merge_value v ON v.rid = o.rid AND v.field::VARCHAR = o.field
    QUALIFY row_number() OVER (PARTITION BY o.pid, v.field, lower(v.value)
      ORDER BY o.spot, v.place, v.value) = 1))
WHERE place = 1 OR field IN ({many});
"""

# The same by name.
NAMED = """
CREATE OR REPLACE TEMP TABLE merge_chosen AS
SELECT r.profile_id, w.field::VARCHAR AS field, r.source, r.record_id, w.value, w.place, w.rule
FROM merge_won w JOIN merge_ranked r USING (rid)
"""

# One row is a value that did not win: another one did, or its group came from a record without it.
OTHER = """
CREATE OR REPLACE TEMP TABLE merge_other AS
WITH lost AS (
SELECT v.pid, v.field, any_value(c.value) AS chosen, any_value(coalesce(c.rule, h.rule)) AS rule,
  string_agg(DISTINCT v.value, '; ' ORDER BY v.value) AS rejected
FROM (SELECT DISTINCT pid, field, value FROM merge_value WHERE field NOT IN ({many})) v
LEFT JOIN merge_won c USING (pid, field)
LEFT JOIN merge_head h ON h.pid = v.pid
  AND h.part = CASE WHEN v.field IN ({address}) THEN 'address' ELSE 'name' END
WHERE c.value IS DISTINCT FROM v.value
GROUP BY v.pid, v.field)
SELECT p.profile_id, l.field::VARCHAR AS field, l.chosen, l.rule, l.rejected
FROM lost l JOIN (SELECT DISTINCT pid, profile_id FROM merge_ranked) p USING (pid)
"""


Rule = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """``survivorship``: field → rule, or the sources in the order in which they count; ``default`` for
    all others."""

    survivorship: Mapping[str, Rule]
    default: str

    def _said(self, *fields: str) -> Rule:
        return next((self.survivorship[f] for f in fields if f in self.survivorship), self.default)

    def of(self, *fields: str) -> str:
        """The rule of the first of these fields that has one of its own, by its name."""
        said = self._said(*fields)
        return said if isinstance(said, str) else "source_order"

    def given(self, *fields: str) -> str:
        """SQL for the place of a record's source in the order that the rule gives."""
        said = self._said(*fields)
        if isinstance(said, str):
            return "0"
        cases = (f"WHEN {literal(source)} THEN {place}" for place, source in enumerate(said))
        return f"CASE source {' '.join(cases)} ELSE {len(said)} END"

    @property
    def complete(self) -> bool:
        """Whether any field goes by the most complete record."""
        return "most_complete" in (self.default, *self.survivorship.values())


def choose(
    cursor: Cursor, records: str, fields: Sequence[Field], rules: Rules, *, decided: bool = False
) -> None:
    """Fill ``merge_chosen`` and ``merge_other`` from ``records`` (SQL for FROM).

    ``fields``: the fields to fill, in order. ``merge_flaw`` (source, record_id, field, value or NULL
    for every value) has to be there; where people chose values (``decided``) ``merge_decided`` (source,
    record_id, field, nth decision, spot among its records) too. Rows of ``merge_chosen``: profile_id,
    field, source, record_id, value VARCHAR, place (1 is the main value), rule. Rows of
    ``merge_other``, one for each field where values differ: profile_id, field, chosen, rule, rejected.
    """
    filled = " + ".join(_filled(field) for field in fields) if rules.complete else "0"
    cursor.execute(RANKED.format(records=records, filled=filled))
    _values(cursor, fields, rules)
    cursor.execute("CREATE OR REPLACE TEMP TABLE merge_head"
                   " (pid INTEGER, part VARCHAR, rid INTEGER, rule VARCHAR)")  # fmt: skip
    _head(
        cursor,
        "address",
        "NOT r.whole_address",
        "postcode",
        ADDRESS,
        rules,
        ("postcode", *ADDRESS),
    )
    lacking = "coalesce(r.family_name, r.full_name) IS NULL"
    _head(cursor, "name", lacking, "family_name", (*SURNAME, *GIVEN), rules, ("family_name",))
    _rules(cursor, fields, rules)
    winners = [_grouped("address", ADDRESS), _grouped("name", SURNAME), _given(rules)]
    alone = [f for f in fields if f.name not in {*ADDRESS, *SURNAME, *GIVEN}]
    dates = [f.name for f in alone if f.type in OWN_DATE and not f.many]
    many = [f.name for f in alone if f.many]
    plain = [f.name for f in alone if f.name not in {*dates, *many}]
    for some, order, only_first in (
        (plain, _ORDER, True),
        (dates, _DATE_ORDER, True),
        (many, _ORDER, False),
    ):
        if some:
            winners.append(_ranked(some, order, only_first))
    cursor.execute(CHOSEN.format(winners=" UNION ALL ".join(winners)))
    if decided:
        cursor.execute(DECIDED)
        cursor.execute(OVERRIDDEN.format(many=_listed(many) or "''"))
    cursor.execute(NAMED)
    cursor.execute(OTHER.format(many=_listed(many) or "''", address=_listed(ADDRESS)))


def values_of_one(records: str, fields: Sequence[Field]) -> str:
    """SQL for the rows of ``merge_chosen`` of profiles that one record alone makes."""
    parts = []
    for field in fields:
        name, column = literal(field.name), quote(field.name)
        start = f"SELECT profile_id, {name} AS field, source, record_id"
        if field.many:
            parts.append(
                f"{start}, unnest({column}) AS value, generate_subscripts({column}, 1) AS place,"
                f" 'only' AS rule FROM {records} WHERE len({column}) > 0"
            )
        else:
            parts.append(
                f"{start}, {column}::VARCHAR AS value, 1 AS place, 'only' AS rule"
                f" FROM {records} WHERE {column} IS NOT NULL"
            )
    return " UNION ALL ".join(parts)


def drop(cursor: Cursor) -> None:
    """Drop all temporary tables of this module."""
    for table in TABLES:
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in names)


def _enum(fields: Sequence[Field]) -> str:
    """The SQL type of a field's name: stored and compared as a small number, written as its name."""
    names = dict.fromkeys(("", *ADDRESS, *SURNAME, *GIVEN, *(field.name for field in fields)))
    return f"ENUM({_listed(names)})"


def _said(field: Field, enum: str, rules: Rules) -> str:
    template = _MANY if field.many else _SINGLE
    return template.format(
        name=literal(field.name),
        column=quote(field.name),
        enum=enum,
        given=rules.given(field.name),
    )


def _filled(field: Field) -> str:
    """SQL: 1 where a record says something, else 0."""
    column = quote(field.name)
    return f"({f'len({column}) > 0' if field.many else f'{column} IS NOT NULL'})::INTEGER"


def _values(cursor: Cursor, fields: Sequence[Field], rules: Rules) -> None:
    """Make ``merge_value``; votes are counted only where a rule asks for them, else they are 1."""
    enum = _enum(fields)
    leads = {"postcode": rules.of("postcode", *ADDRESS), "family_name": rules.of("family_name")}
    counted = [
        _said(field, enum, rules)
        for field in fields
        if "most_frequent" in (rules.of(field.name), leads.get(field.name))
    ]
    cursor.execute(
        VALUES.format(
            parts=" UNION ALL ".join(_said(field, enum, rules) for field in fields),
            enum=enum,
            votes="coalesce(n.votes, 1)" if counted else "1",
            counts=_COUNTS.format(parts=" UNION ALL ".join(counted)) if counted else "",
        )
    )


def _rules(cursor: Cursor, fields: Sequence[Field], rules: Rules) -> None:
    """Make ``merge_rule``: one row is a field and its rule."""
    rows = ", ".join(f"({literal(f.name)}, {literal(rules.of(f.name))})" for f in fields)
    cursor.execute(
        f"CREATE OR REPLACE TEMP TABLE merge_rule AS SELECT field::{_enum(fields)} AS field, rule"
        f" FROM (VALUES {rows}) t(field, rule)"
    )


def _head(
    cursor: Cursor,
    group: str,
    first: str,
    lead: str,
    fields: Sequence[str],
    rules: Rules,
    ruling: Sequence[str],
) -> None:
    """Choose the record from which the group's fields come, by the rule of the first of ``ruling``."""
    rule = rules.of(*ruling)
    cursor.execute(
        HEAD.format(
            group=literal(group),
            rule=literal(rule),
            first=first,
            lead=literal(lead),
            fields=_listed(fields),
            key=_HEAD_KEYS[rule],
            given=rules.given(*ruling).replace("CASE source", "CASE r.source"),
        )
    )


def _grouped(group: str, fields: Sequence[str]) -> str:
    """Winners that come from the group's record, whatever the other records say."""
    return (
        "SELECT v.pid, v.field, v.rid, v.value, v.place, h.rule"
        f" FROM merge_value v JOIN merge_head h USING (rid)"
        f" WHERE h.part = {literal(group)} AND v.field IN ({_listed(fields)})"
    )


def _given(rules: Rules) -> str:
    """Winners for first name and initials: the name's record first, others may fill in."""
    own = _listed(f for f in GIVEN if f in rules.survivorship) or "''"
    # One row is a candidate. strange: it begins with another letter than the name's record says.
    return f"""
SELECT pid, field, rid, value, place, rule FROM (
  SELECT v.*, r.rule,
    v.field IN ({own}) AS ruled,
    h.rid = v.rid AS heads,
    v.field = 'first_name' AND length(regexp_replace(v.value, '[^\\p{{L}}]', '', 'g')) < 2 AS initial,
    coalesce(lower(strip_accents(left(v.value, 1))) <> lower(strip_accents(left(
      CASE v.field WHEN 'initials' THEN coalesce(n.initials, n.first_name)
                   ELSE coalesce(n.first_name, n.initials) END, 1))), false) AS strange
  FROM merge_value v
  JOIN merge_rule r USING (field)
  JOIN merge_head h ON h.pid = v.pid AND h.part = 'name'
  JOIN merge_ranked n ON n.rid = h.rid
  WHERE v.field IN ({_listed(GIVEN)}))
QUALIFY row_number() OVER (PARTITION BY pid, field
  ORDER BY flawed, initial, CASE WHEN ruled THEN false ELSE NOT heads END, strange, {_ORDER}) = 1"""


def _ranked(fields: Sequence[str], order: str, only_first: bool) -> str:
    """Winners of fields that stand alone; of fields with many values all values, each once."""
    number = f"row_number() OVER (PARTITION BY pid, field ORDER BY {order})"
    if only_first:
        return (
            "SELECT pid, field, rid, value, place, rule FROM merge_value"
            f" JOIN merge_rule USING (field) WHERE field IN ({_listed(fields)}) QUALIFY {number} = 1"
        )
    return (
        "SELECT pid, field, rid, value, row_number() OVER"
        " (PARTITION BY pid, field ORDER BY nth) AS place, rule FROM"
        f" (SELECT *, {number} AS nth FROM merge_value JOIN merge_rule USING (field)"
        f"  WHERE field IN ({_listed(fields)})"
        "  QUALIFY row_number() OVER (PARTITION BY pid, field, lower(value)"
        f"   ORDER BY {order}) = 1)"
    )
