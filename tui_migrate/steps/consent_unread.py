"""What in a delivery of changes could not be read or understood: it is found, held, and it blocks.

An opt-out must not get lost because its word for "opt-out" is new, because its line is broken, or
because its delivery came under a number that was used before.
"""

from __future__ import annotations

from collections.abc import Sequence

from tui_migrate.consent.deliveries import Judged
from tui_migrate.i18n import _
from tui_migrate.mapping.model import Mapping
from tui_migrate.staging.store import columns_of, quote
from tui_migrate.steps.base import Check, Context, Unit

UNKNOWN = "consent.unknown_change"
UNREADABLE = "consent.unreadable"
CLASH = "consent.delivery_clash"

# One row is a row of a delivery whose kind of change no mapping names.
_UNKNOWN = """
SELECT f.source, f.delivery, f.file, f.line, f.record_id, 'consent' AS entity, $column AS field,
  $rule AS rule, 'block' AS severity, r.said AS value, NULL AS cleaned, $message AS message
FROM fates f
LEFT JOIN (SELECT _file AS file, _line AS line, {said} AS said FROM {raw}
           WHERE _delivery = $delivery) r USING (file, line)
WHERE f.source = $source AND f.delivery = $delivery AND f.fate = 'held' AND f.reason = $rule
ORDER BY ALL
"""

# One row is a line of a delivery that could not be read.
_UNREADABLE = """
SELECT source, delivery, file, line, NULL AS record_id, 'consent' AS entity, NULL AS field,
  $rule AS rule, 'block' AS severity, left(raw, 2000) AS value, NULL AS cleaned, $message AS message
FROM reject WHERE source = $source AND delivery = $delivery ORDER BY ALL
"""

# One row is a delivery of which nothing is applied, although what it says came nowhere else.
_CLASH = """
SELECT $source AS source, $delivery AS delivery, NULL AS file, NULL::BIGINT AS line,
  NULL AS record_id, 'consent' AS entity, NULL AS field, $rule AS rule, 'block' AS severity,
  $number AS value, NULL AS cleaned, $message AS message
"""

# One row is a delivery of which not one line could be read.
_NOTHING_READ = """
SELECT r.delivery FROM store.record r
LEFT JOIN (SELECT source, delivery, file, line, true AS lost FROM store.reject
           WHERE step = $step AND attempt = $attempt AND reason <> 'row.header_again') x
  USING (source, delivery, file, line)
WHERE r.step = $step AND r.attempt = $attempt
GROUP BY r.source, r.delivery HAVING bool_and(coalesce(x.lost, false)) ORDER BY ALL
"""

_COUNT = """
SELECT count(*) FROM store.finding WHERE step = $step AND attempt = $attempt AND rule = $rule
"""


def rest_reason(mappings: Sequence[Mapping]) -> dict[str, str]:
    """Fate and reason of the rows of a delivery that no mapping took (parameters of a SELECT).

    Where a column says what kind of change a row is, a row that nobody took is a kind of change that
    nobody knows; elsewhere ``when:`` left it out.
    """
    if any(mapping.change is not None for mapping in mappings):
        return {"rest_fate": "held", "rest_reason": UNKNOWN}
    return {"rest_fate": "excluded", "rest_reason": "not_selected"}


def findings(
    context: Context, unit: Unit, place: dict[str, str], mappings: Sequence[Mapping]
) -> dict[str, int]:
    """Write a finding for each row of the delivery ``place`` (source, delivery) that could not be
    read or whose change nobody knows; its fates have to be written before."""
    message = _("This line could not be read: what it says about a consent is not applied.")
    more = {**place, "rule": UNREADABLE, "message": message}
    done = {"unreadable": context.write(unit, "finding", _UNREADABLE, more)}
    column = next((m.change[0] for m in mappings if m.change is not None), None)
    raw = quote(f"raw_{place['source']}")
    if column is not None:
        there = column in columns_of(context.cursor, raw)
        select = _UNKNOWN.format(raw=raw, said=quote(column) if there else "NULL::VARCHAR")
        message = _("No mapping knows this kind of change: it is held until one does.")
        more = {**place, "rule": UNKNOWN, "message": message, "column": column}
        done["unknown"] = context.write(unit, "finding", select, more)
    return done


def clash_finding(context: Context, unit: Unit, judged: Judged) -> int:
    """Write the finding of a delivery whose number came before with other content."""
    values = {
        "source": judged.delivery.source,
        "delivery": judged.delivery.name,
        "rule": CLASH,
        "number": str(judged.sequence),
        "message": _("This number came before with other content; nothing of this one is applied."),
    }
    return context.write(unit, "finding", _CLASH, values)


def open_clashes(judged: Sequence[Judged]) -> list[str]:
    """Names of deliveries with a used number whose files came under no other number either."""
    applied = [(j.delivery.source, sorted(j.hashes.values())) for j in judged if j.applied]
    return [
        j.delivery.name
        for j in judged
        if j.clash and (j.delivery.source, sorted(j.hashes.values())) not in applied
    ]


def checks(context: Context, judged: Sequence[Judged]) -> list[Check]:
    """The checks that block: changes known, lines and whole files readable, numbers used once."""
    own = {"step": context.spec.id, "attempt": context.attempt}
    unknown = context.value(_COUNT, {**own, "rule": UNKNOWN})
    unreadable = context.value(_COUNT, {**own, "rule": UNREADABLE})
    applied = {one.delivery.name for one in judged if one.applied}
    unread = [str(row[0]) for row in context.query(_NOTHING_READ, own) if row[0] in applied]
    clashes = [context.host.name(name) for name in open_clashes(judged)]
    return [
        _check(
            _("every change has a known meaning"), str(unknown) if unknown else "",
            _("add its word to the mapping and do the step again, or waive with a reason"),
        ),
        _check(
            _("every line of the deltas can be read"), str(unreadable) if unreadable else "",
            _("ask the source to deliver it again, or waive with a reason"),
        ),
        _check(
            _("deltas of which lines can be read"), ", ".join(map(context.host.name, unread)),
            _("correct encoding: or delimiter:, ask the source again, or waive with a reason"),
        ),
        _check(
            _("every number of a delta has one content"), ", ".join(clashes),
            _("ask the source for a delivery with a number of its own, or waive with a reason"),
        ),
    ]  # fmt: skip


def _check(name: str, wrong: str, remedy: str) -> Check:
    return Check(name, not wrong, f"{wrong}: {remedy}" if wrong else "0", "0", waivable=True)
