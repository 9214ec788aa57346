"""What deliveries of changes have in their columns: the deltas' own part of what ``map`` checks.

A source may add a column from one night to the next. What stands in it may be an opt-out, so that it is
not passed over unseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Table
from typing import cast

from tui_migrate.consent.deliveries import Judged
from tui_migrate.i18n import _
from tui_migrate.mapping.citizen_numbers import FEWEST, are_bsn, citizen_columns
from tui_migrate.mapping.coverage import ABSENT, ColumnUse, coverage
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.readers import raw_table
from tui_migrate.staging.store import literal, quote
from tui_migrate.steps.base import Check, Context

# One row is a row of a delivery that is applied, or waits for a person.
_RAW = "(SELECT * FROM {raw} WHERE _delivery IN ({names}))"
# The cells of a column in which one number of eight or nine digits may stand, and nothing else.
_NUMBERS = "count(*) FILTER (regexp_full_match({column}, ' *[0-9]([0-9]|[ .][0-9]){{7,8}} *'))"
# One row is a delivery with its first filled cells of a column.
_FIRST = """
SELECT list({column} ORDER BY _file, _line)[:200] FROM {relation}
WHERE trim({column}) <> '' GROUP BY _delivery
"""
_TAKEN_OVER = ("mapped", "key", "link", "owner")


def checks(
    context: Context,
    runbook: Runbook,
    mappings: Table[str, Sequence[Mapping]],
    judged: Iterable[Judged],
) -> list[Check]:
    """Filled columns that no mapping names, mapped ones that no delivery has, and citizen service
    numbers that would be taken over. mappings: those of the sources of changes that were read. judged:
    the deliveries; of those that are set aside nothing is taken, whatever stands in their header."""
    applied = [(j.delivery.source, j.delivery.name) for j in judged if j.applied]
    uses: list[ColumnUse] = []
    citizens: list[str] = []
    for source, of_it in mappings.items():
        if not context.exists(raw_table(source)):
            continue
        spec, names = runbook.sources[source], [name for of, name in applied if of == source]
        relation = _RAW.format(
            raw=quote(raw_table(source)), names=", ".join(map(literal, names)) or "''"
        )
        known = [(c, "key") for c in spec.key] + [(c, "link") for c in spec.links]
        found = coverage(context.cursor, source, relation, of_it, known=known)
        taken = {use.column for use in found if use.filled and use.use in _TAKEN_OVER}
        citizens += [f"{source}.{column}" for column in _citizens(context, relation, taken)]
        uses += found
    # A column that no mapping names is what the delivery says: where its header is missing, data.
    lost = [f"{u.source}.{context.host.name(u.column)}" for u in uses if u.lost]
    absent = (u for u in uses if u.use == ABSENT and not u.reason)
    missing = sorted({f"{u.source}.{u.column}" for u in absent})
    remedy = _("map it, skip it with a reason, or waive with a reason")
    # All of them: a waiver is for what was seen.
    said = f"{len(lost)}: {', '.join(lost)}: {remedy}" if lost else "0"
    return [
        Check(_("columns of changes are mapped or skipped"), not lost, said, "0", waivable=True),
        Check(
            _("mapped columns of changes are delivered"),
            not missing,
            _counted(missing),
            "0",
            "warn",
        ),
        Check(
            _("no column of citizen service numbers (BSN) in changes is taken over"),
            not citizens,
            _counted(citizens),
            "0",
        ),
    ]


def _citizens(context: Context, relation: str, columns: Iterable[str]) -> list[str]:
    """Those of the filled columns that hold citizen service numbers in all deliveries together or in one
    of them: the first rows of the source are those of its oldest delivery."""
    asked = sorted(set(columns))
    found = set(citizen_columns(context.cursor, relation, asked))
    asked = [column for column in asked if column not in found]
    if not asked:
        return sorted(found)
    counts = ", ".join(_NUMBERS.format(column=quote(column)) for column in asked)
    rows = context.query(f"SELECT {counts} FROM {relation} GROUP BY _delivery")
    for at, column in enumerate(asked):
        if any(int(str(row[at])) >= FEWEST for row in rows):
            first = _FIRST.format(column=quote(column), relation=relation)
            if any(are_bsn(cast("list[str]", values)) for (values,) in context.query(first)):
                found.add(column)
    return sorted(found)


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)}" + (f": {', '.join(names[:10])}" if names else "")
