"""A small workspace whose runbook is right, to be spoilt by the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

SHIPPED = Path(__file__).parents[2] / "runbooks" / "media-migration"

GOOD = """\
runbook: small
title: A small migration
zone: Europe/Amsterdam
brands: [Nova, Kompas]
sources:
  crm: {files: "deliveries/crm/*/*.csv", key: Nr, mapping: mapping/crm.yaml, trust: 1}
  shop:
    files: deliveries/shop/*/*.csv
    links: {Klant: crm}
    mapping: [mapping/shop.yaml]
target: {type: csv, path: exports/target, groups: [Core]}
roles:
  lead: {users: [anna, bram]}
phases:
  - id: first
    title: {en: First, nl: Eerst}
    steps:
      - {id: keep, title: Back up, uses: backup, with: {what: [staging]}}
      - id: look
        title: Look
        uses: validate
        with: {rules: rules/quality.yaml}
        checks:
          - {name: enough, sql: select count(*) from profile, expect: ">= 0.85", severity: warn}
      - id: agree
        title: Agree
        uses: gate
        with: {approvals: [{role: lead, min: 2}], evidence: [look]}
      - {id: write, title: Write, uses: import, with: {entities: [profile], group: Core}}
"""

RULES = """\
rules:
  - {id: mail, type: email, check: valid, message: no address}
"""


def write(workspace: Path, runbook: str = GOOD, rules: str = RULES) -> Path:
    """A workspace with these texts and empty mappings."""
    for folder in ("mapping", "rules"):
        (workspace / folder).mkdir(parents=True, exist_ok=True)
    (workspace / "runbook.yaml").write_text(runbook, encoding="utf-8")
    (workspace / "rules/quality.yaml").write_text(rules, encoding="utf-8")
    for source in ("crm", "shop"):
        (workspace / f"mapping/{source}.yaml").write_text(f"source: {source}\n")
    return workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace with a runbook without a mistake."""
    return write(tmp_path / "workspace")
