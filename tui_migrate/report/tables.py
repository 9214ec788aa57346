"""What can be exported: per table one SELECT with a total order. Times are ISO 8601 in UTC.

Tables that do not exist yet (nothing was matched, nothing imported) export their header only: each
statement reads through ``{name}`` placeholders that ``export`` fills with the table or an empty one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui_migrate.staging.store import Cursor, columns_of, quote

if TYPE_CHECKING:
    import pyarrow as pa

# One row is a record that is part of a profile; single ones too.
_CROSSWALK = """
SELECT source, record_id, profile_id, role, rule FROM {crosswalk} ORDER BY ALL
"""

# One row is a profile id that the target has had and that is no profile now: where it leads.
_REDIRECTS = """
SELECT profile_id, into_profile FROM {redirect} ORDER BY ALL
"""

# One row is one profile with its fields.
_PROFILES = """
SELECT {profile_columns} FROM {profile} ORDER BY profile_id
"""

# One row: whether a profile may be approached by a brand on a channel for a purpose, and why.
_CONSENTS = """
SELECT profile_id, brand, channel, purpose, status, evidence_at, source, campaign, rule,
       source_system, record_id
FROM {consent_state} ORDER BY ALL
"""

# One row: totals of one segment and brand, before and after.
_SEGMENTS = """
SELECT segment, brand, old, new, only_old, only_new, explained, unexplained
FROM {segment} ORDER BY ALL
"""

# One row is a rule broken by a record.
_FINDINGS = """
SELECT source, delivery, record_id, field, rule, severity, value, message, entity, file, line,
       cleaned
FROM {finding} ORDER BY ALL
"""

# One row is a pair of records that may be one person, with the present word on it.
_PAIRS = """
WITH said AS (
  SELECT least((source_a, record_a), (source_b, record_b)) AS one,
         greatest((source_a, record_a), (source_b, record_b)) AS other,
         decision, decided_by
  FROM {pair_decisions})
SELECT p.source_a, p.record_a, p.source_b, p.record_b, p.weight, p.probability, p.band,
       coalesce(s.decision, p.decision) AS decision, coalesce(s.decided_by, p.decided_by) AS decided_by
FROM {pair} p LEFT JOIN said s
  ON s.one = least((p.source_a, p.record_a), (p.source_b, p.record_b))
 AND s.other = greatest((p.source_a, p.record_a), (p.source_b, p.record_b))
ORDER BY ALL
"""

# One row is a decision of a person: sign-off, answer, pair, waiver, skip.
_DECISIONS = """
SELECT kind, subject, decision, decided_by, "at", comment FROM {decision_log}
ORDER BY "at", kind, subject, decision, decided_by, comment
"""

# One row is a physical row of a delivery and what became of it; child rows name their owner's profile.
_FATES = """
WITH told AS MATERIALIZED (
  SELECT source, delivery, file, line, record_id, fate, reason FROM {fates}),
physical AS (
  SELECT * FROM told
  UNION ALL
  SELECT source, delivery, file, line, NULL, 'rejected', min(reason) FROM {reject}
    ANTI JOIN told USING (source, delivery, file, line)
  GROUP BY source, delivery, file, line),
attached AS (
  SELECT e.source, e.delivery, e.file, e.line, min(c.profile_id) AS profile_id
  FROM ({children}) e JOIN {crosswalk} c
    ON c.source = e.owner_source AND c.record_id = e.owner_record
  GROUP BY ALL)
SELECT p.source, p.delivery, p.file, p.line, p.record_id, p.fate, p.reason,
       CASE WHEN p.fate IN ('loaded', 'merged') THEN coalesce(c.profile_id, a.profile_id)
            WHEN p.fate = 'attached' THEN a.profile_id END AS profile_id
FROM physical p
LEFT JOIN {crosswalk} c ON c.source = p.source AND c.record_id = p.record_id
LEFT JOIN attached a ON (a.source, a.delivery, a.file, a.line) = (p.source, p.delivery, p.file, p.line)
ORDER BY p.source, p.delivery, p.file, p.line
"""

# One row is what the target did with a profile, or with all rows of one entity of a profile.
_RECEIPTS = """
SELECT r.profile_id, r.target, r.target_id, r.action, r.batch, t."at", r.entity, r.record_key
FROM {receipt_rows} r LEFT JOIN {unit_times} t USING (step, attempt, unit)
ORDER BY r.profile_id, r.entity, r.record_key, r.batch, r.action, r.target_id, r.target
"""

STATEMENTS: dict[str, str] = {
    "crosswalk": _CROSSWALK,
    "redirects": _REDIRECTS,
    "profiles": _PROFILES,
    "consents": _CONSENTS,
    "segments": _SEGMENTS,
    "findings": _FINDINGS,
    "pairs": _PAIRS,
    "decisions": _DECISIONS,
    "fates": _FATES,
    "receipts": _RECEIPTS,
}

COLUMNS: dict[str, str] = {
    "crosswalk": "source record_id profile_id role rule",
    "redirect": "profile_id into_profile",
    "profile": "profile_id",
    "consent_state": "profile_id brand channel purpose status evidence_at:TIMESTAMP source campaign"
    " rule source_system record_id",
    "segment": "segment brand old:BIGINT new:BIGINT only_old:BIGINT only_new:BIGINT"
    " explained:BIGINT unexplained:BIGINT",
    "finding": "source delivery file line:BIGINT record_id entity field rule severity value cleaned"
    " message",
    "pair": "source_a record_a source_b record_b weight:DOUBLE probability:DOUBLE band decision"
    " decided_by",
    "pair_decisions": "source_a record_a source_b record_b decision decided_by",
    "decision_log": "kind subject decision decided_by at comment",
    "fates": "source delivery file line:BIGINT record_id fate reason",
    "reject": "source delivery file line:BIGINT reason",
    "receipt_rows": "profile_id target target_id action batch entity record_key step"
    " attempt:INTEGER unit",
    "unit_times": "step attempt:INTEGER unit at",
}
"""What each statement needs of a relation; VARCHAR where no type is said."""


UnitTime = tuple[str, int, str, str]
"""step, attempt, unit, at: when a unit was journalled (UTC, ISO 8601)."""
PairWord = tuple[str, str, str, str, str, str]
"""source_a, record_a, source_b, record_b, decision, decided_by: a reviewer's present word."""
DecisionRow = tuple[str, str, str, str, str, str]
"""kind (signoff | answer | pair | waiver | skip …), subject, decision, decided_by, at, comment."""


@dataclass(frozen=True, slots=True)
class Extras:
    """What the journal knows and staging does not. ``None``: the relation may be on the cursor.

    ``left_out``: profile fields that are not shown (payment data without a sign-off).
    """

    unit_times: Iterable[UnitTime] | None = None
    pair_decisions: Iterable[PairWord] | None = None
    decisions: Iterable[DecisionRow] | None = None
    left_out: Sequence[str] = ()

    def tables(self) -> dict[str, pa.Table]:
        """The given ones as Arrow tables, by the name of their relation."""
        given: dict[str, Iterable[tuple[str | int, ...]] | None] = {
            "unit_times": self.unit_times,
            "pair_decisions": self.pair_decisions,
            "decision_log": self.decisions,
        }
        return {name: _table(name, rows) for name, rows in given.items() if rows is not None}


def _table(name: str, rows: Iterable[tuple[str | int, ...]]) -> pa.Table:
    import pyarrow as pa

    words = COLUMNS[name].split()
    types = [pa.int32() if word.endswith(":INTEGER") else pa.string() for word in words]
    cells = list(zip(*rows, strict=True)) or [()] * len(words)
    arrays = [pa.array(c, t) for c, t in zip(cells, types, strict=True)]
    return pa.table(arrays, names=[word.partition(":")[0] for word in words])


def empty(name: str) -> str:
    """A relation without rows, in place of a table that is not there."""
    parts = []
    for word in COLUMNS[name].split():
        column, _colon, sql_type = word.partition(":")
        parts.append(f"NULL::{sql_type or 'VARCHAR'} AS {quote(column)}")
    return f"(SELECT {', '.join(parts)} WHERE false)"


def relations(cursor: Cursor, left_out: Iterable[str]) -> dict[str, str]:
    """What the statements' placeholders stand for on this cursor.

    ``left_out``: profile fields that must not be shown (payment data without a sign-off).
    """
    rows = cursor.execute("SELECT DISTINCT table_name FROM duckdb_columns()").fetchall()
    there = {str(row[0]) for row in rows}
    found = {name: quote(name) if name in there else empty(name) for name in COLUMNS}
    if "receipt" in there:
        found["receipt_rows"] = "(SELECT * FROM store.receipt SEMI JOIN live USING (step, attempt))"
    hidden = set(left_out)
    columns = [c for c in columns_of(cursor, found["profile"]) if c not in hidden]
    found["profile_columns"] = ", ".join(quote(c) for c in columns)
    children = [
        f"SELECT source, delivery, file, line, owner_source, owner_record FROM {quote(name)}"
        for name in sorted(there)
        if name.startswith("ent_") and "owner_source" in columns_of(cursor, quote(name))
    ]
    nobody = "SELECT source, delivery, file, line, '' AS owner_source, '' AS owner_record FROM "
    found["children"] = " UNION ALL ".join(children) or nobody + empty("reject")
    return found
