"""Findings, the use of source columns, and fates."""

from __future__ import annotations

from tui_migrate.engine import data_queries as q
from tui_migrate.engine.answers.common import Desk, text

# One row is a rule that is broken.
_RULES = """
SELECT f.rule, max_by(f.severity, CASE f.severity WHEN 'block' THEN 2 WHEN 'warn' THEN 1 ELSE 0 END)
         AS worst,
       count(*) AS findings, count(DISTINCT f.source || chr(31) || coalesce(f.record_id, '')),
       count(DISTINCT coalesce(f.source, '') || chr(31) || coalesce(f.entity, '') || chr(31)
             || coalesce(f.field, ''))
FROM store.finding f SEMI JOIN live USING (step, attempt)
WHERE len($steps::VARCHAR[]) = 0 OR list_contains($steps::VARCHAR[], f.step)
GROUP BY f.rule
ORDER BY CASE worst WHEN 'block' THEN 0 WHEN 'warn' THEN 1 ELSE 2 END, findings DESC, f.rule
"""

# One row is a field of a source in which the rule is broken.
_FIELDS = """
SELECT source, entity, field, count(*) AS findings, min(message)
FROM finding WHERE rule = $rule
GROUP BY source, entity, field ORDER BY findings DESC, source, entity, field
"""

_THESE = """
FROM finding
WHERE rule = $rule AND source IS NOT DISTINCT FROM $source
  AND coalesce(entity, '') = $entity AND coalesce(field, '') = $field
"""

# One row is a record that breaks the rule.
_RECORDS = f"""
SELECT source, delivery, file, line, record_id, field, severity, value, cleaned, message
{_THESE}
ORDER BY source, delivery, file, line, record_id, value, cleaned, message
LIMIT $size OFFSET $start
"""

_COLUMN_FILTER = """
WHERE (NOT $unmapped OR coalesce(use, '') IN ('', 'unmapped', 'empty'))
  AND contains(lower(concat_ws(' ', source, column_name, entity, field)), lower($containing))
"""

# One row is a source column (and the field that it goes to).
_COLUMNS = f"""
SELECT source, column_name, entity, field, filled, rows, use, reason, examples
FROM column_use {_COLUMN_FILTER}
ORDER BY source, column_name, entity, field LIMIT $size OFFSET $start
"""

# One row: fate of a source's rows.
_FATES = "SELECT source, fate, count(*) FROM fates GROUP BY source, fate ORDER BY source, fate"


def rules(desk: Desk, query: q.FindingRules) -> tuple[q.RuleTotal, ...]:
    """Rules by severity and number."""
    found = desk.rows(_RULES, {"steps": list(query.steps)})
    return tuple(
        q.RuleTotal(rule=text(r), severity=text(s), findings=n, records=m, fields=k)
        for r, s, n, m, k in found
    )


def fields(desk: Desk, query: q.FindingFields) -> tuple[q.FieldTotal, ...]:
    """Fields by number."""
    return tuple(
        q.FieldTotal(
            source=text(s), entity=text(e), field=text(f), findings=n, message=text(message)
        )
        for s, e, f, n, message in desk.rows(_FIELDS, {"rule": query.rule})
    )


def records(desk: Desk, query: q.FindingRecords) -> q.FindingPage:
    """One page of records in the order of their files."""
    where = {
        "rule": query.rule,
        "source": query.source,
        "entity": query.entity,
        "field": query.field,
    }
    (total,) = desk.one(f"SELECT count(*) {_THESE}", where)
    window = {"size": query.size, "start": query.page * query.size}
    rows = tuple(
        q.Finding(
            source=text(r[0]),
            delivery=text(r[1]),
            file=text(r[2]),
            line=r[3] or 0,
            record_id=text(r[4]),
            field=text(r[5]),
            severity=text(r[6]),
            value=r[7],
            cleaned=r[8],
            message=text(r[9]),
        )
        for r in desk.rows(_RECORDS, {**where, **window})
    )
    return q.FindingPage(total=total, page=query.page, rows=rows)


def columns(desk: Desk, query: q.Columns) -> q.ColumnPage:
    """One page of source columns."""
    where = {"unmapped": query.unmapped, "containing": query.containing}
    (total,) = desk.one(f"SELECT count(*) FROM column_use {_COLUMN_FILTER}", where)
    count, unmapped = desk.one(
        "SELECT count(*), count(*) FILTER (coalesce(use, '') IN ('', 'unmapped')) FROM column_use"
    )
    window = {"size": query.size, "start": query.page * query.size}
    rows = tuple(
        q.ColumnUse(
            source=text(r[0]),
            column=text(r[1]),
            entity=text(r[2]),
            field=text(r[3]),
            filled=r[4] or 0,
            rows=r[5] or 0,
            use=text(r[6]),
            reason=text(r[7]),
            examples=tuple(text(one) for one in r[8] or ()),
        )
        for r in desk.rows(_COLUMNS, {**where, **window})
    )
    return q.ColumnPage(total=total, columns=count, unmapped=unmapped, page=query.page, rows=rows)


def fates(desk: Desk, query: q.Fates) -> tuple[q.SourceFates, ...]:
    """Per source, what became of its rows."""
    found: dict[str, dict[str, int]] = {}
    for source, fate, count in desk.rows(_FATES):
        found.setdefault(text(source), {})[text(fate)] = count
    return tuple(
        q.SourceFates(source=source, rows=sum(counts.values()), fates=counts)
        for source, counts in found.items()
    )
