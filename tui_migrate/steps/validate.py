"""Step kind ``validate``: rules over mapped records or profiles, and scores of the records.

One unit per source (records), or one for all profiles. Inside a unit every rule adds its hits to a
temporary table; findings, fates and trail are made from that table at once, so that a row gets one
fate: of the first rule in the order of the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import ClassVar

import pyarrow as pa

from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _
from tui_migrate.mapping.model import UNREJECTABLE
from tui_migrate.model.entities import Field, entities
from tui_migrate.quality.hits import Subject, rule_hits
from tui_migrate.quality.scores import failing, score_select, totals
from tui_migrate.runbook.kinds import ValidateWith
from tui_migrate.runbook.load import load_runbook
from tui_migrate.runbook.rules import Rule
from tui_migrate.staging.guard import check_select
from tui_migrate.staging.store import literal, quote
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit

PROFILES = "profiles"
FATES = {"reject": "rejected", "exclude": "excluded", "prune": "pruned", "hold": "held"}

# One row is a value that breaks a rule.
_NO_HITS = """
CREATE OR REPLACE TEMP TABLE quality_hit
  (rule_no INTEGER, source VARCHAR, record_id VARCHAR, entity VARCHAR, field VARCHAR, value VARCHAR)
"""

# One row is a physical row (of the entity's table, else of the source) whose value breaks a rule.
_PLACED = """
CREATE OR REPLACE TEMP TABLE quality_placed AS
SELECT DISTINCT h.rule_no, h.source, h.record_id, h.entity, h.field, h.value,
       p.delivery, p.file, p.line, p.owner_source, p.owner_record
FROM quality_hit h LEFT JOIN ({places}) p USING (entity, source, record_id)
"""

_FINDINGS = """
SELECT source, delivery, file, line, record_id, entity, field, rule, severity, value,
       NULL::VARCHAR AS cleaned, message
FROM quality_placed JOIN quality_rule USING (rule_no)
ORDER BY source, delivery, file, line, record_id, entity, field, rule, value
"""

# One row is a physical row that a rule takes out, by the first such rule. Consents and suppressions
# count whatever becomes of their rows; what is not pending any more stays as it is.
_FATES = """
SELECT source, delivery, file, line, min_by(fate, rule_no) AS fate, min_by(reason, rule_no) AS reason
FROM quality_placed JOIN quality_rule USING (rule_no)
ANTI JOIN (
  SELECT f.source, f.delivery, f.file, f.line FROM store.fate f JOIN live l USING (step, attempt)
  GROUP BY ALL HAVING NOT list_contains($before, max_by(f.fate, l.ord))
) USING (source, delivery, file, line)
WHERE fate IS NOT NULL AND line IS NOT NULL AND entity NOT IN {protected}
GROUP BY ALL ORDER BY source, delivery, file, line
"""

# One event for each record that is taken out; of child rows one event on the owner record and rule.
_TRAIL = """
SELECT source, record_id, event, field, rule, after FROM (
  SELECT source, record_id, fate AS event, field, rule, NULL::VARCHAR AS after
  FROM quality_placed JOIN quality_rule USING (rule_no)
  WHERE fate IS NOT NULL AND entity = 'profile'
  UNION
  SELECT owner_source, owner_record, fate, entity, rule, count(DISTINCT (file, line))::VARCHAR
  FROM quality_placed JOIN quality_rule USING (rule_no)
  WHERE fate IS NOT NULL AND entity <> 'profile' AND entity NOT IN {protected}
    AND owner_record IS NOT NULL
  GROUP BY owner_source, owner_record, fate, entity, rule)
SEMI JOIN (SELECT source, record_id FROM ent_profile) USING (source, record_id)
ORDER BY ALL
"""

# One row: a record breaks a rule in this field, and which score that harms.
_FOR_SCORES = """
(SELECT record_id, entity, field,
        CASE WHEN "check" IN ('valid', 'in', 'matches') THEN 'correct' ELSE 'consistent' END AS kind
 FROM quality_hit JOIN quality_rule USING (rule_no)
 WHERE "check" <> 'required' AND severity <> 'note')
"""


class ValidateStep(Step):
    """Applies rule files; thresholds on the scores block."""

    kind: ClassVar[str] = "validate"
    outputs: ClassVar[tuple[str, ...]] = ("finding", "score", "fate")

    @property
    def _with(self) -> ValidateWith:
        with_ = self.spec.with_
        assert isinstance(with_, ValidateWith)  # noqa: S101 - the runbook's type says so
        return with_

    @property
    def _measures(self) -> bool:
        """Whether this step writes scores: with thresholds, or as the first that looks at records."""
        firsts = (
            step.id
            for step in self.runbook.steps()
            if isinstance(step.with_, ValidateWith) and step.with_.on == "records"
        )
        return any(self._with.thresholds.model_dump().values()) or self.spec.id == next(firsts)

    @cached_property
    def _rules(self) -> list[Rule]:
        return []

    @cached_property
    def _entities(self) -> dict[str, list[str]]:
        """What ``_present`` found for the plan; no unit of this step changes it."""
        return {}

    def _load(self, context: Context) -> list[Rule]:
        """The rules of all files in order, read once; mistakes stop the step before it runs."""
        if not self._rules:
            loaded = load_runbook(context.workspace)
            missing = [file for file in self._with.rules if file not in loaded.rules]
            if missing:
                wrong = [str(problem) for problem in loaded.problems] or missing
                raise DataSaysNo("\n".join(wrong))
            self._rules.extend(
                rule for file in self._with.rules for rule in loaded.rules[file].rules
            )
        return self._rules

    def inputs(self, context: Context) -> dict[str, str]:
        return {
            name: hashlib.sha256((context.workspace / name).read_bytes()).hexdigest()
            for name in self._with.rules
            if (context.workspace / name).is_file()
        }

    def plan(self, context: Context) -> Sequence[Unit]:
        self._load(context)
        if self._with.on == "profiles":
            rows = context.value("SELECT count(*) FROM profile")
            return [Unit(PROFILES, _("profiles"), rows)]
        sources = [name for name, spec in self.runbook.sources.items() if not spec.deltas]
        self._entities.clear()
        self._entities.update(self._present(context))
        return [Unit(name, name) for name in sources if self._entities.get(name)]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        rules = self._load(context)
        subject = Subject(None if unit.id == PROFILES else unit.id)
        entities_there = self._entities or self._present(context)
        present = ["profile"] if subject.profiles else entities_there[unit.id]
        _register_rules(context, rules)
        try:
            self._collect(context, rules, subject, present)
            return self._write(context, unit, subject, present)
        finally:
            context.cursor.unregister("quality_rule")

    def _collect(
        self, context: Context, rules: Sequence[Rule], subject: Subject, present: Sequence[str]
    ) -> None:
        """Fill ``quality_hit`` and ``quality_placed``."""
        cursor = context.cursor
        cursor.execute(_NO_HITS).fetchall()
        for number, rule in enumerate(rules):
            if rule.sql is not None:
                check_select(cursor, rule.sql)
            hits = rule_hits(cursor, rule, subject, number, present)
            if hits is None:
                continue
            cursor.execute(
                f"INSERT INTO quality_hit SELECT {number}, source, record_id, entity, field, value"
                f" FROM ({hits.select})"
            ).fetchall()
            if hits.look_up is not None:
                cursor.unregister(hits.look_up)
        cursor.execute(_PLACED.format(places=_places(subject, present))).fetchall()

    def _write(
        self, context: Context, unit: Unit, subject: Subject, present: Sequence[str]
    ) -> dict[str, int]:
        protected = f"({', '.join(literal(name) for name in sorted(UNREJECTABLE))})"
        before = ["pending", "loaded", "merged", "attached"] if subject.profiles else ["pending"]
        fates = _FATES.format(protected=protected)
        counts = {
            "findings": context.write(unit, "finding", _FINDINGS),
            "fates": context.write(unit, "fate", fates, {"before": before}),
        }
        context.trail(unit, _TRAIL.format(protected=protected))
        if subject.source is not None and self._measures:
            counts["scores"] = sum(
                context.write(
                    unit,
                    "score",
                    score_select(subject.source, entities()[entity], fields, _FOR_SCORES),
                )
                for entity, fields in self._mapped(context, subject.source)
                if entity in present
            )
        return counts

    def _present(self, context: Context) -> dict[str, list[str]]:
        """The entities that each source has mapped rows of, in the order of the model."""
        asked = " UNION ALL ".join(
            f"SELECT DISTINCT source, {number} AS entity FROM {quote('ent_' + name)}"
            for number, name in enumerate(entities())
        )
        names = list(entities())
        found: dict[str, list[str]] = {}
        for source, number in context.query(f"SELECT * FROM ({asked}) ORDER BY entity, source"):
            found.setdefault(str(source), []).append(names[int(str(number))])
        return found

    def _mapped(self, context: Context, source: str) -> Iterator[tuple[str, list[Field]]]:
        """The fields that columns of the source are mapped to, by entity."""
        found: dict[str, list[Field]] = {}
        for entity, field in context.query(
            "SELECT DISTINCT entity, field FROM column_use"
            " WHERE source = $source AND use = 'mapped' ORDER BY ALL",
            {"source": source},
        ):
            found.setdefault(str(entity), []).append(entities()[str(entity)].field(str(field)))
        yield from found.items()

    def finish(self, context: Context) -> Outcome:
        own = {"step": self.spec.id, "attempt": context.attempt}
        mine = "FROM store.{} WHERE step = $step AND attempt = $attempt"
        figures: dict[str, int | str] = {}
        for severity in ("block", "warn", "note"):
            sql = f"SELECT count(*) {mine.format('finding')} AND severity = '{severity}'"
            figures[f"findings {severity}"] = context.value(sql, own)
        figures["records touched"] = context.value(
            f"SELECT count(DISTINCT (source, record_id)) {mine.format('finding')}", own
        )
        sql = f"SELECT fate, count(*) {mine.format('fate')} GROUP BY fate ORDER BY fate"
        for fate, count in context.query(sql, own):
            figures[str(fate)] = int(str(count))
        scores = context.cursor.execute(
            "SELECT source, entity, field, records, filled, correct, consistent, complete"
            f" {mine.format('score')} ORDER BY ALL",
            own,
        ).fetchall()
        if scores:
            for kind, per_mille in totals([row[3:] for row in scores]).items():
                figures[f"{kind} per mille"] = per_mille
        return Outcome(figures, self._threshold_checks(scores))

    def _threshold_checks(
        self, scores: Sequence[tuple[str, str, str, int, int, int, int, int]]
    ) -> list[Check]:
        """One check for each kind of score that the runbook sets a threshold for."""
        least = {
            kind: share
            for kind, share in self._with.thresholds.model_dump().items()
            if share is not None
        }
        checks = []
        for kind, share in least.items():
            below = failing(scores, {kind: share})
            names = ", ".join(f"{f.source}.{f.field} {f.per_mille / 10:.1f} %" for f in below[:10])
            name = _("every field is at least {share} {kind}").format(share=share, kind=kind)
            checks.append(Check(name, not below, names or str(len(scores)), f">= {share}"))
        return checks


def _register_rules(context: Context, rules: Sequence[Rule]) -> None:
    """One row is a rule: its number, id, check, severity, words, and the fate that it brings."""
    context.cursor.register(
        "quality_rule",
        pa.table(
            {
                "rule_no": pa.array(range(len(rules)), pa.int32()),
                "rule": [rule.id for rule in rules],
                "check": [rule.check for rule in rules],
                "severity": [rule.severity for rule in rules],
                "message": [str(rule.message) for rule in rules],
                "fate": pa.array([FATES.get(rule.then) for rule in rules], pa.string()),
                "reason": [rule.reason or rule.id for rule in rules],
            }
        ),
    )


def _places(subject: Subject, present: Sequence[str]) -> str:
    """Where the rows of each record stand, and whose they are."""
    if subject.source is None:
        return (
            "SELECT 'profile' AS entity, c.source, c.record_id, e.delivery, e.file, e.line,"
            " NULL::VARCHAR AS owner_source, NULL::VARCHAR AS owner_record"
            " FROM crosswalk c JOIN ent_profile e USING (source, record_id)"
        )
    selects = []
    for name in present:
        owner = "owner_source, owner_record" if entities()[name].child else "NULL, NULL"
        selects.append(
            f"SELECT {literal(name)} AS entity, source, record_id, delivery, file, line, {owner}"
            f" FROM {quote('ent_' + name)} WHERE source = {literal(subject.source)}"
        )
    # The first SELECT names the columns of a UNION.
    return (
        "SELECT NULL::VARCHAR AS entity, NULL::VARCHAR AS source, NULL::VARCHAR AS record_id,"
        " NULL::VARCHAR AS delivery, NULL::VARCHAR AS file, NULL::BIGINT AS line,"
        " NULL::VARCHAR AS owner_source, NULL::VARCHAR AS owner_record WHERE false"
        f" UNION ALL {' UNION ALL '.join(selects)}"
    )
