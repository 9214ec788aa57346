"""What a screen may ask of the delivered data: findings, columns, fates."""

from __future__ import annotations

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Look, Query

PAGE = 500
"""Rows of one page of a drill-down."""


# Findings: rule → field → records


class FindingRules(Query, frozen=True, kw_only=True, tag="finding_rules"):
    """Which rules are broken how often. ``steps``: only what these steps found (empty: all)."""

    steps: tuple[str, ...] = ()


class RuleTotal(Answer, frozen=True, kw_only=True):
    """One rule. ``severity``: block | warn | note."""

    rule: str
    severity: str
    findings: int
    records: int
    fields: int


class FindingFields(Query, frozen=True, kw_only=True, tag="finding_fields"):
    """Where one rule is broken."""

    rule: str


class FieldTotal(Answer, frozen=True, kw_only=True):
    """One field of one source, and the message of one of its findings."""

    source: str
    entity: str
    field: str
    findings: int
    message: str


class FindingRecords(Look, frozen=True, kw_only=True, tag="finding_records"):
    """One page of the records that break ``rule`` in ``field``. Pages count from 0."""

    rule: str
    source: str
    entity: str
    field: str
    page: int = 0
    size: int = PAGE


class Finding(Answer, frozen=True, kw_only=True):
    """One record: the raw cell and what cleaning made of it, as they stand in staging."""

    source: str
    delivery: str
    file: str
    line: int
    record_id: str
    field: str
    severity: str
    value: str | None
    cleaned: str | None
    message: str


class FindingPage(Answer, frozen=True, kw_only=True):
    """``total`` counts over all pages."""

    total: int
    page: int
    rows: tuple[Finding, ...]


# Mapping: columns → fields


class Columns(Look, frozen=True, kw_only=True, tag="columns"):
    """What becomes of every source column. ``unmapped``: only what nobody has decided about.
    ``containing``: only columns or fields with these letters."""

    unmapped: bool = False
    containing: str = ""
    page: int = 0
    size: int = PAGE


class ColumnUse(Answer, frozen=True, kw_only=True):
    """One source column: where it goes, how often it is filled, and some of its values."""

    source: str
    column: str
    entity: str
    field: str
    filled: int
    rows: int
    use: str
    reason: str
    examples: tuple[str, ...]


class ColumnPage(Answer, frozen=True, kw_only=True):
    """``total`` counts what the filter leaves, ``unmapped`` and ``columns`` count all."""

    total: int
    columns: int
    unmapped: int
    page: int
    rows: tuple[ColumnUse, ...]


# Totals


class Fates(Query, frozen=True, kw_only=True, tag="fates"):
    """How many rows of each source have which fate."""


class SourceFates(Answer, frozen=True, kw_only=True):
    """One source: its physical rows, and fate → rows (they add up to ``rows``)."""

    source: str
    rows: int
    fates: dict[str, int]
