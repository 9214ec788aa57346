"""What the step ``map`` states about its result: pass or fail."""

from __future__ import annotations

from tui_migrate.i18n import _
from tui_migrate.mapping.citizen_numbers import citizen_columns
from tui_migrate.mapping.coverage import UNMAPPED
from tui_migrate.staging.store import quote
from tui_migrate.steps.base import Check, Context


def covered(context: Context, least: float) -> Check:
    """Every filled column is mapped, or skipped with a reason."""
    sql = "SELECT count(DISTINCT (source, column_name)) FROM column_use WHERE filled > 0"
    total = context.value(sql)
    lost = context.query(
        "SELECT DISTINCT source, column_name FROM column_use WHERE use = $use ORDER BY ALL",
        {"use": UNMAPPED},
    )
    share = (total - len(lost)) / total if total else 1.0
    # A column that no mapping names is what the delivery says: where its header is missing, data.
    names = ", ".join(f"{source}.{context.host.name(str(c))}" for source, c in lost[:10])
    observed = f"{total - len(lost)} / {total}" + (f": {names}" if names else "")
    return Check(_("mapping covers all filled columns"), share >= least, observed, f">= {least}")


# One row is a filled column of which something is taken over.
_TAKEN_OVER = """
SELECT source, column_name FROM column_use
WHERE filled > 0 AND use IN ('mapped', 'key', 'link', 'owner')
GROUP BY ALL ORDER BY ALL
"""


def citizen_numbers(context: Context) -> Check:
    """Columns of citizen service numbers that are mapped; skipped with a reason they do no harm."""
    columns: dict[str, list[str]] = {}
    for source, column in context.query(_TAKEN_OVER):
        columns.setdefault(str(source), []).append(str(column))
    found = [
        f"{source}.{column}"
        for source, names in columns.items()
        for column in citizen_columns(context.cursor, quote(f"raw_{source}"), names)
    ]
    observed = f"{len(found)}" + (f": {', '.join(found[:10])}" if found else "")
    name = _("no column of citizen service numbers (BSN) is taken over")
    return Check(name, not found, observed, "0")


def absent(context: Context) -> Check:
    """Columns that a mapping names and no delivery has: perhaps a header was renamed."""
    found = context.query(
        "SELECT DISTINCT source, column_name FROM column_use WHERE use = 'absent' ORDER BY ALL"
    )
    names = ", ".join(f"{source}.{column}" for source, column in found[:10])
    observed = f"{len(found)}" + (f": {names}" if names else "")
    return Check(_("mapped columns are delivered"), not found, observed, "0", "warn")
