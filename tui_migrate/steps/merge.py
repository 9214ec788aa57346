"""Step kind ``merge``: one profile for each person or organisation.

Records of a merged cluster become one profile; every other record, also one whose cluster waits for a
reviewer, becomes a profile of its own. Writes ``crosswalk``, ``profile``, ``profile_value`` and the
fates of all rows that are still pending, but those of consents and suppressions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.i18n import _
from tui_migrate.mapping.mapped import entity_columns, sql_type
from tui_migrate.matching import survivorship
from tui_migrate.model.entities import Field, entities
from tui_migrate.model.types.base import Sensitivity, get_type
from tui_migrate.staging.store import literal, quote
from tui_migrate.steps import past
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.match_records import (
    KIND,
    PENDING,
    PROFILE,
    define_matching,
    drop,
    field_columns,
)
from tui_migrate.steps.merge_overrides import OVERRIDES, take_overrides
from tui_migrate.steps.merge_rows import (
    CROSSWALK,
    CROSSWALK_TRAIL,
    SURVIVED_TRAIL,
    child_entities,
    fates_sql,
    founders_sql,
    trust_sql,
)
from tui_migrate.steps.past import CROSSWALK_UNIT

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import MergeWith

PROFILES, ROWS = "profiles", "rows"
RECORDS_OF_A_UNIT = 200_000

# What decides which record founds a profile.
_DATES = "e.source, e.record_id, e.created_at, e.joined_on, e.updated_at"

# One row is a record of a profile, with the trust of its source; each of many values once.
_RECORDS = f"""
CREATE OR REPLACE TEMP TABLE merge_record AS
WITH mine AS (
  SELECT source, record_id, profile_id, role = 'founder' AS founder,
    count(*) OVER (PARTITION BY profile_id) AS records
  FROM crosswalk WHERE md5_number_lower(profile_id) % {{parts}} = {{part}}),
-- The last row that tells of a record, found on narrow rows.
last AS (
  SELECT source, record_id, delivery, file, line, child_no FROM ent_profile
  SEMI JOIN mine USING (source, record_id)
  QUALIFY row_number() OVER (PARTITION BY source, record_id
    ORDER BY delivery DESC, file DESC, line DESC, child_no DESC) = 1)
SELECT c.profile_id, c.founder, {{trust}} AS trust, c.records,
  e.* REPLACE ({KIND} AS kind, {{once}})
FROM ent_profile e
SEMI JOIN last l ON l.source = e.source AND l.record_id = e.record_id
  AND l.delivery = e.delivery AND l.file = e.file AND l.line = e.line
  AND l.child_no IS NOT DISTINCT FROM e.child_no
JOIN mine c USING (source, record_id)
"""

# One row is a finding that speaks against a value (NULL: every value) of a record's field.
_FLAWS = """
CREATE OR REPLACE TEMP TABLE merge_flaw AS
WITH found AS (
  SELECT source, record_id, field, value, cleaned FROM finding
  SEMI JOIN merge_record USING (source, record_id)
  WHERE entity = 'profile' AND severity IN ('block', 'warn') AND field IN ({fields}))
SELECT source, record_id, field, NULL::VARCHAR AS value FROM found
WHERE field NOT IN ({many}) OR coalesce(value, cleaned) IS NULL
UNION SELECT source, record_id, field, value FROM found WHERE field IN ({many}) AND value IS NOT NULL
UNION SELECT source, record_id, field, cleaned FROM found
WHERE field IN ({many}) AND cleaned IS NOT NULL
"""

# One row is a profile: of one record as it stands, of several with the values that survived.
_PROFILES = """
WITH survived AS (
  SELECT profile_id, {survived} FROM merge_chosen GROUP BY profile_id)
SELECT profile_id, source AS founder_source, record_id AS founder_record, {own}
FROM merge_record WHERE records = 1
UNION ALL BY NAME
SELECT r.profile_id, r.source AS founder_source, r.record_id AS founder_record, {merged}
FROM merge_record r LEFT JOIN survived s USING (profile_id)
WHERE r.records > 1 AND r.founder
ORDER BY profile_id
"""

# One row is a value of a profile and the record that it comes from.
_VALUES = """
SELECT profile_id, field, source, record_id, rule, value FROM (
  SELECT * FROM ({own}) UNION ALL BY NAME SELECT * FROM merge_chosen)
ORDER BY profile_id, field, place, value
"""

_FIGURES = """
SELECT
  (SELECT count(*) FROM profile),
  (SELECT count(*) FROM crosswalk),
  (SELECT count(*) FROM crosswalk WHERE role = 'merged'),
  (SELECT count(DISTINCT cluster_id) FROM cluster SEMI JOIN crosswalk USING (source, record_id)
   WHERE status = 'review')
"""
_FIGURE_NAMES = ("profiles", "records", "merged records", "clusters in review")

# One row: records whose physical row was pending and that are not in the crosswalk exactly once.
_MISSED = """
SELECT count(*) FROM (
  SELECT DISTINCT source, record_id FROM ent_profile
  SEMI JOIN (SELECT * FROM fates WHERE fate IN ('pending', 'loaded', 'merged')) f
    USING (source, delivery, file, line)) e
LEFT JOIN (SELECT source, record_id, count(*) AS n FROM crosswalk GROUP BY ALL) c
  USING (source, record_id)
WHERE coalesce(c.n, 0) <> 1
"""

# One row: profiles of records of both kinds.
_MIXED = f"""
SELECT count(*) FROM (
  SELECT c.profile_id FROM crosswalk c
  JOIN (SELECT source, record_id, {KIND} AS kind FROM ent_profile) e USING (source, record_id)
  GROUP BY c.profile_id HAVING count(DISTINCT e.kind) > 1)
"""

# One row: profiles without exactly one founder, or founders without a profile.
_UNFOUNDED = """
SELECT count(*) FROM (SELECT profile_id, count(*) FILTER (role = 'founder') AS founders
                      FROM crosswalk GROUP BY profile_id) c
FULL JOIN (SELECT profile_id, count(*) AS n FROM profile GROUP BY profile_id) p USING (profile_id)
WHERE c.founders IS DISTINCT FROM 1 OR p.n IS DISTINCT FROM 1
"""

# One row is a source and delivery whose rows are not the sum of their fates.
_UNBALANCED = """
SELECT count(*) FROM (
  SELECT source, delivery, count(*) AS rows FROM record GROUP BY ALL) r
FULL JOIN (
  SELECT source, delivery, count(DISTINCT (file, line)) AS rows, count(*) AS said FROM fates
  GROUP BY ALL) f USING (source, delivery)
WHERE r.rows IS DISTINCT FROM f.rows OR f.rows IS DISTINCT FROM f.said
"""

# One row is a fate and how many rows this step gave it.
_FATES = """
SELECT fate, coalesce(reason, ''), count(*) FROM store.fate
WHERE step = $step AND attempt = $attempt GROUP BY ALL ORDER BY ALL
"""


class MergeStep(Step):
    """Makes profiles of clusters, and says what became of every row."""

    kind: ClassVar[str] = "merge"
    outputs: ClassVar[tuple[str, ...]] = (
        "crosswalk",
        "redirect",
        "profile",
        "profile_value",
        "fate",
    )

    @property
    def settings(self) -> MergeWith:
        """The step's ``with:``."""
        return cast("MergeWith", self.spec.with_)

    def inputs(self, context: Context) -> dict[str, str]:
        """The trust of the sources, and what people chose: they decide founders and values."""
        found = {
            "trust": ",".join(f"{name}:{level}" for name, level in sorted(self._trust.items()))
        }
        if context.overrides:
            chosen = [[o.lead, sorted(o.values.items())] for o in context.overrides]
            found["overrides"] = sha256_of(chosen)
        return found

    @property
    def _trust(self) -> dict[str, int]:
        return {name: spec.trust for name, spec in self.runbook.sources.items()}

    def plan(self, context: Context) -> Sequence[Unit]:
        """The crosswalk, the profiles in parts of about 200,000 records, the fates of the rows."""
        define_matching(context)
        for name in child_entities():
            context.store.define(f"ent_{name}", entity_columns(entities()[name]), context.cursor)
        columns = "profile_id VARCHAR, founder_source VARCHAR, founder_record VARCHAR"
        context.store.define("profile", f"{columns}, {field_columns()}", context.cursor)
        rows = context.value("SELECT count(*) FROM ent_profile")
        parts = max(1, -(-rows // RECORDS_OF_A_UNIT))
        return [
            Unit(CROSSWALK_UNIT, _("which record belongs to which profile"), rows),
            *(
                Unit(f"{PROFILES}-{part + 1}.{parts}", _("profiles"), rows // parts)
                for part in range(parts)
            ),
            Unit(ROWS, _("what became of each row")),
        ]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        if unit.id == CROSSWALK_UNIT:
            return self._crosswalk(context, unit)
        if unit.id == ROWS:
            return self._rows(context, unit)
        return self._profiles(context, unit)

    def _crosswalk(self, context: Context, unit: Unit) -> dict[str, int]:
        context.cursor.execute(PENDING.format(table="merge_pending", columns=_DATES))
        before = past.gather(context)
        take_overrides(context)
        context.cursor.execute(founders_sql(self._trust, past.HANDED_OUT))
        counts = {"records": context.write(unit, "crosswalk", CROSSWALK)}
        context.trail(unit, CROSSWALK_TRAIL)
        if before:
            counts["redirects"] = context.write(unit, "redirect", past.REDIRECTS)
            counts["moved"] = context.trail(unit, past.TRAIL)
        past.drop(context.cursor)
        drop(context, ("merge_pending", "merge_party"))
        return counts

    def _profiles(self, context: Context, unit: Unit) -> dict[str, int]:
        part, parts = (int(number) for number in unit.id.rpartition("-")[2].split("."))
        cursor = context.cursor
        cursor.execute(
            _RECORDS.format(
                trust=trust_sql(self._trust, "e.source"),
                once=", ".join(
                    f"{_once(f.name)} AS {quote(f.name)}" for f in PROFILE.fields if f.many
                ),
                parts=parts,
                part=part - 1,
            )
        )
        fields = self._fields(context)
        many = ", ".join(literal(f.name) for f in fields if f.many)
        names = ", ".join(literal(f.name) for f in fields)
        cursor.execute(_FLAWS.format(fields=names, many=many))
        rules = survivorship.Rules(self.settings.survivorship, self.settings.default)
        several = "(SELECT * FROM merge_record WHERE records > 1)"
        take_overrides(context)
        decided = any(one.values for one in context.overrides)
        survivorship.choose(cursor, several, fields, rules, decided=decided)
        alone = "(SELECT * FROM merge_record WHERE records = 1)"
        counts = {
            "profiles": context.write(unit, "profile", _profiles_sql(fields)),
            "values": context.write(
                unit,
                "profile_value",
                _VALUES.format(own=survivorship.values_of_one(alone, fields)),
            ),
            "conflicts": context.trail(unit, SURVIVED_TRAIL),
        }
        survivorship.drop(cursor)
        drop(context, OVERRIDES)
        drop(context, ("merge_record",))
        return counts

    def _rows(self, context: Context, unit: Unit) -> dict[str, int]:
        found = [str(s) for (s,) in context.query("SELECT DISTINCT source FROM ent_profile")]
        # What else stands in a delivery of changes than newcomers is applied later.
        sources = [s for s in found if s not in self._deltas]
        return {"rows": context.write(unit, "fate", fates_sql(child_entities(), sorted(sources)))}

    @property
    def _deltas(self) -> list[str]:
        return [name for name, spec in self.runbook.sources.items() if spec.deltas]

    def _fields(self, context: Context) -> list[Field]:
        """The fields that profiles may have: payment data only where it was signed for."""
        allowed = set(self.runbook.payment.allow) if context.payment_allowed else set()
        return [
            field
            for field in PROFILE.fields
            if field.name in allowed or get_type(field.type).sensitivity is not Sensitivity.PAYMENT
        ]

    def finish(self, context: Context) -> Outcome:
        values = context.query(_FIGURES)[0]
        figures: dict[str, int | str] = {
            name: int(str(value)) for name, value in zip(_FIGURE_NAMES, values, strict=True)
        }
        own = {"step": self.spec.id, "attempt": context.attempt}
        figures["fields with a conflict"] = context.value(_CONFLICTS, own)
        fates = context.query(_FATES, own)
        figures["attached"] = sum(int(str(n)) for fate, _reason, n in fates if fate == "attached")
        figures["orphans"] = sum(int(str(n)) for fate, _reason, n in fates if fate == "rejected")
        for fate, reason, count in fates:
            name = f"rows {fate}" + (f" ({reason})" if reason else "")
            figures[name] = int(str(count))
        checks = [
            self._check(context, _("records that are not in the crosswalk exactly once"), _MISSED),
            self._check(context, _("profiles that mix persons and organisations"), _MIXED),
            self._check(context, _("profiles without exactly one founder"), _UNFOUNDED),
            self._check(context, _("deliveries whose rows are not the sum of fates"), _UNBALANCED),
        ]
        return Outcome(figures, checks)

    @staticmethod
    def _check(context: Context, name: str, sql: str) -> Check:
        found = context.value(sql)
        return Check(name, found == 0, str(found), "0")


# One row: fields of profiles for which records gave different values (the trail is gone by then).
_CONFLICTS = """
SELECT count(*) FROM (SELECT DISTINCT profile_id, field FROM store.profile_value
  WHERE step = $step AND attempt = $attempt AND rule NOT IN ('only', 'same')
    AND field NOT IN ('email', 'phone'))
"""


def _once(name: str) -> str:
    """SQL for the values of a list, each once whatever its capitals."""
    column = f"e.{quote(name)}"
    lowered = f"list_transform({column}, lambda y: lower(y))"
    return f"list_filter({column}, lambda x, i: list_position({lowered}, lower(x)) = i)"


def _profiles_sql(fields: Sequence[Field]) -> str:
    """The profiles with all their columns; fields that may not go along are empty."""
    carried = {field.name for field in fields}
    survived, own, merged = [], [], []
    for field in PROFILE.fields:
        name, of_field = quote(field.name), f"FILTER (field = {literal(field.name)})"
        if field.name not in carried:
            own.append(f"NULL::{sql_type(field)} AS {name}")
            merged.append(f"NULL::{sql_type(field)} AS {name}")
            continue
        own.append(name)
        merged.append(f"s.{name}")
        value = "list(value ORDER BY place)" if field.many else "max(value)"
        cast = "" if field.many else f"::{sql_type(field)}"
        survived.append(f"({value} {of_field}){cast} AS {name}")
    return _PROFILES.format(
        survived=", ".join(survived), own=", ".join(own), merged=", ".join(merged)
    )
