"""Which records somebody may see who does not see all brands: those that have to do with one of his."""

from __future__ import annotations

from collections.abc import Iterable

from tui_migrate.engine.answers.common import Desk
from tui_migrate.staging.store import literal, quote

Record = tuple[str, str]

_ASKED = """
SELECT DISTINCT source, record_id FROM
  (SELECT unnest($sources::VARCHAR[]) AS source, unnest($records::VARCHAR[]) AS record_id)
SEMI JOIN ({seen}) USING (source, record_id)
"""


def visible_sql(desk: Desk) -> str:
    """SQL: source and record_id of all records that the asker may see, some of them several times; of
    a source that delivers for his brands alone, or with a child row of one of them."""
    brands, whole = (
        ", ".join(map(literal, sorted(desk.view.seen.brands or ()))),
        whole_sources(desk),
    )
    parts = ["SELECT '' AS source, '' AS record_id WHERE false"]
    for name, columns in desk.entities().items():
        table = quote("ent_" + name)
        if whole and {"source", "record_id"} <= columns.keys():
            listed = ", ".join(map(literal, sorted(whole)))
            parts.append(f"SELECT source, record_id FROM {table} WHERE source IN ({listed})")
        if not brands or "brand" not in columns:
            continue
        parts.append(f"SELECT source, record_id FROM {table} WHERE brand IN ({brands})")
        if "owner_source" in columns:
            parts.append(
                f"SELECT owner_source, owner_record FROM {table} WHERE brand IN ({brands})"
            )
    return " UNION ALL ".join(parts)


def whole_sources(desk: Desk) -> frozenset[str]:
    """Sources all of whose records are of a brand that the asker may see."""
    seen = desk.view.seen
    return frozenset(
        name
        for name, source in desk.view.runbook.sources.items()
        if source.brands and all(seen.brand(brand) for brand in source.brands)
    )


def visible(desk: Desk, records: Iterable[Record]) -> set[Record]:
    """Those of the records that the asker may see."""
    asked = sorted(set(records))
    if desk.view.seen.brands is None or not asked:
        return set(asked)
    whole = whole_sources(desk)
    where = {"sources": [s for s, _r in asked], "records": [r for _s, r in asked]}
    rows = desk.rows(_ASKED.format(seen=visible_sql(desk)), where)
    return {(str(s), str(r)) for s, r in rows} | {one for one in asked if one[0] in whole}


def of_seen_brands(desk: Desk, columns: Iterable[str]) -> str:
    """SQL: rows ``e`` of an entity that are of no brand, or of one that the asker may see."""
    brands = desk.view.seen.brands
    if brands is None or "brand" not in columns:
        return "true"
    listed = ", ".join(map(literal, sorted(brands))) or "NULL"
    return f"(e.brand IS NULL OR e.brand IN ('', '*', {listed}))"
