"""Opt-outs that erasures kept, as rows that consent reads beside those of the deliveries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tui_migrate.audit.kept import OptOut
from tui_migrate.consent.relations import CONSENT_COLUMNS, SUPPRESSION_COLUMNS, Sources, read
from tui_migrate.staging.erasure import KEPT, WHY_KEPT
from tui_migrate.staging.store import Cursor, literal, quote


def kept_too(cursor: Cursor, sources: Sources, kept: Iterable[OptOut]) -> Sources:
    """``sources`` with the opt-outs that were kept. They name no row of a file and nobody but whoever
    has the address."""
    consents, suppressions = [], []
    for opt_out in kept:
        for said in opt_out.said:
            at = said.event_at.replace(tzinfo=None).isoformat(" ") if said.event_at else ""
            row = {
                "source": KEPT, "record_id": said.id, "channel": said.channel, "brand": said.brand,
                "event_at": at, "evidence": WHY_KEPT, "contact_point": opt_out.point,
            }  # fmt: skip
            if said.reason:
                suppressions.append(row | {"reason": said.reason})
            else:
                more = {"purpose": said.purpose, "state": said.state, "basis": said.basis}
                consents.append(row | more | {"beside": str(said.beside).lower()})
    return replace(
        sources,
        consent=_with(cursor, sources.consent, CONSENT_COLUMNS, consents),
        suppression=_with(cursor, sources.suppression, SUPPRESSION_COLUMNS, suppressions),
    )


def _with(
    cursor: Cursor, relation: str, columns: dict[str, str], rows: list[dict[str, str]]
) -> str:
    """A relation with these rows too; the relation itself where there are none."""
    if not rows:
        return relation
    values = ", ".join(
        "(" + ", ".join(literal(row[n]) if row.get(n) else "NULL" for n in columns) + ")"
        for row in rows
    )
    cells = ", ".join(f"{quote(name)}::{kind} AS {quote(name)}" for name, kind in columns.items())
    names = ", ".join(map(quote, columns))
    return (
        f"(FROM {read(cursor, relation, columns)} UNION ALL"
        f" SELECT {cells} FROM (VALUES {values}) v({names}))"
    )
