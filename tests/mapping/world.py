"""A workspace, a staging database and raw rows, to run ``map`` and ``validate`` on."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tests.mapping.staged import raw
from tui_migrate.audit.tombstones import Tombstones
from tui_migrate.runbook import Runbook, load_runbook
from tui_migrate.staging.store import Store, begin_attempt
from tui_migrate.steps.base import Context, Host, Outcome, Step

RUNBOOK = """
runbook: test
title: Test
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova]
sources:
  crm: {files: "deliveries/crm/*/*.csv", key: id, mapping: mapping/crm.yaml, trust: 1}
  consents: {files: "deliveries/c/*/*.csv", key: id, mapping: mapping/consents.yaml}
target: {type: csv, path: exports/target}
roles:
  lead: {users: ["*"]}
phases:
  - id: all
    title: All
    steps:
      - {id: map, title: Map, uses: map}
      - id: quality
        title: Quality
        uses: validate
        with: {rules: rules.yaml, thresholds: {correct: 0.7}}
      - {id: profiles, title: Profiles, uses: validate, with: {rules: profiles.yaml, on: profiles}}
"""

CRM = """
source: crm
entity: profile
when: {soort: [P]}
fields:
  family_name: {from: name}
  email: {from: mail}
  country: {from: land, codes: {NL: NL, BE: BE}, else: reject}
  postcode: {from: pc}
"""

CONSENTS = """
source: consents
entity: consent
of: crm
by: nr
fields:
  channel: {value: email}
  state: {from: said, codes: {ja: given, nee: refused}}
"""

RULES = """
rules:
  - {id: mail, type: email, check: valid, message: no address}
  - {id: name, entity: profile, field: family_name, check: required, message: no name}
  - {id: once, entity: profile, field: email, check: unique, severity: note, message: shared}
  - {id: plain, type: family_name, check: matches, pattern: "[A-Za-z ]+", message: odd}
  - {id: known, entity: profile, field: country, check: in, values: [NL], message: abroad}
  - id: test
    check: sql
    sql: select source, record_id, 'family_name' as field, family_name as value from ent_profile
         where family_name = 'Test'
    then: exclude
    reason: test_record
    message: a test
  - id: refusals
    entity: consent
    check: sql
    sql: select source, record_id from ent_consent where state = 'refused'
    then: prune
    message: never to be pruned
"""

PROFILE_RULES = """
rules:
  - {id: unnamed, entity: profile, field: family_name, check: required, message: no name}
"""


class Nobody:
    """A host that is asked nothing but names, and who was erased: nobody."""

    def name(self, name: str) -> str:
        return name

    def tombstones(self) -> Tombstones:
        return Tombstones()


@dataclass
class World:
    """A workspace with staging."""

    folder: Path
    store: Store
    runbook: Runbook
    sequence: int = 0

    def add(self, source: str, rows: Sequence[Mapping[str, str | None]]) -> None:
        """Readable rows of a source, as ingest would leave them."""
        cursor = self.store.connection
        raw(cursor, f"data_{source}", rows)
        cursor.execute(f"CREATE VIEW raw_{source} AS SELECT * FROM data_{source}").fetchall()
        cursor.execute(
            "INSERT INTO store.record SELECT 'ingest', 1, 'u', $s, _delivery, _file, _line, _record,"
            f" _digest FROM data_{source}",
            {"s": source},
        ).fetchall()

    def attempt(self, step_id: str, number: int) -> int:
        """Open the next attempt of a step."""
        self.sequence += 1
        found = self.all(f"SELECT count(*) + 1 FROM store.attempt WHERE step = '{step_id}'")
        attempt = int(str(found[0][0]))
        begin_attempt(self.store.connection, self.sequence, step_id, attempt, number)
        return attempt

    def run(self, kind: type[Step], step_id: str, payment: bool = False) -> Outcome:
        """Plan, run and finish a step as the engine would."""
        number = [step.id for step in self.runbook.steps()].index(step_id) + 1
        spec = self.runbook.step(step_id)
        assert spec is not None
        attempt = self.attempt(step_id, number)
        cursor = self.store.cursor()
        host = cast(Host, Nobody())
        context = Context(
            self.folder, self.runbook, spec, attempt, self.store, cursor, host,
            payment_allowed=payment,
        )  # fmt: skip
        step = kind(spec, self.runbook)
        for unit in step.plan(context):
            cursor.execute("BEGIN").fetchall()
            step.run(context, unit)
            cursor.execute("COMMIT").fetchall()
        return step.finish(context)

    def all(self, sql: str) -> list[tuple[object, ...]]:
        """All rows."""
        found: list[tuple[object, ...]] = self.store.connection.execute(sql).fetchall()
        return found


def world(folder: Path) -> World:
    """A fresh one, with the ingest step already done."""
    files = {
        "runbook.yaml": RUNBOOK,
        "mapping/crm.yaml": CRM,
        "mapping/consents.yaml": CONSENTS,
        "rules.yaml": RULES,
        "profiles.yaml": PROFILE_RULES,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), "utf-8")
    loaded = load_runbook(folder)
    assert loaded.runbook is not None, loaded.problems
    assert loaded.ok, loaded.problems
    made = World(folder, Store(folder / "staging.duckdb", "500MB", 1), loaded.runbook)
    made.attempt("ingest", 0)
    return made
