"""A staging database, workspace and host for ``consent_sync``: two people, a shared mailbox, deltas."""

from __future__ import annotations

import hashlib
import json
import shutil
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts import Quiet
from tui_migrate.audit.entries import DeliverySeen
from tui_migrate.audit.tombstones import NO_RIGHTS, Rights
from tui_migrate.mapping.mapped import entity_columns
from tui_migrate.model.entities import entities
from tui_migrate.model.profile_id import profile_id
from tui_migrate.runbook.load import load_runbook
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Store, begin_attempt, first
from tui_migrate.steps.base import Context, Outcome, ReceiptRow, Unit
from tui_migrate.steps.consent_sync import ConsentSyncStep

ANNA, BERT = profile_id("crm", "R1"), profile_id("crm", "R2")

RUNBOOK = """
runbook: test
title: Test
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova, Kompas]
sources:
  crm: {files: "deliveries/crm/*/*.csv", key: nr, mapping: mapping/crm.yaml}
  crm_consents: {system: crm, files: "deliveries/cc/*/*.csv", key: nr, mapping: mapping/cc.yaml}
  email: {files: "deliveries/email/*/*.csv", key: nr, mapping: mapping/email.yaml}
  changes: {system: email, files: "deliveries/changes/*/*.csv", key: id, deltas: true,
            format: {type: csv, delimiter: ",", encoding: utf-8}, mapping: mapping/changes.yaml}
target: {type: csv, path: exports/target}
roles:
  lead: {users: ["*"]}
phases:
  - id: all
    title: All
    steps:
      - {id: load, title: Load, uses: consent_sync, with: {mode: load}}
      - {id: sync, title: Sync, uses: consent_sync, with: {mode: deltas, limits: {rows: 50}}}
"""
PLAIN = "source: {source}\nentity: profile\nfields:\n  family_name: {{from: name}}\n"
CHANGES = """
source: changes
owner:
  - {of: crm, by: crm}
change:
  from: type
  codes:
    opt-out:
      entity: consent
      fields:
        channel: {from: channel}
        brand: {from: brand}
        state: {value: withdrawn}
        event_at: {from: at}
        contact_point: {from: email, type: email}
    opt-in:
      entity: consent
      fields:
        channel: {from: channel}
        brand: {from: brand}
        state: {value: given}
        event_at: {from: at}
        evidence: {from: source}
    address:
      entity: address
      fields:
        street: {from: street}
        valid_from: {from: at, type: datetime}
skip: {name: "not needed"}
"""
HEADER = "id,type,crm,email,channel,brand,at,source,street,name"

# R1 = Anna (crm R1, email E1); R2 = Bert. R9 was pruned. Both use samen@huis.nl.
ROWS = f"""
INSERT INTO store.attempt VALUES (1, 'ingest', 1, 1), (2, 'map', 1, 2), (3, 'merge', 1, 3);
INSERT INTO store.live_attempt SELECT step, attempt, ord FROM store.attempt;
INSERT INTO store.record SELECT 'ingest', 1, 'u', s, 'full', s || '.csv', l, r, 'x' FROM (VALUES
  ('crm', 2, 'R1'), ('crm', 3, 'R2'), ('crm', 4, 'R9'), ('email', 2, 'E1'),
  ('crm_consents', 2, 'T1'), ('crm_consents', 3, 'T2'), ('crm_consents', 4, 'T3'),
  ('crm_consents', 5, 'T4'), ('crm_consents', 6, 'T5'), ('crm_consents', 7, 'T6')) v(s, l, r);
INSERT INTO store.fate SELECT 'merge', 1, 'u', s, 'full', s || '.csv', l, f, w FROM (VALUES
  ('crm', 2, 'loaded', NULL), ('crm', 3, 'loaded', NULL), ('crm', 4, 'pruned', 'retention'),
  ('email', 2, 'merged', NULL), ('crm_consents', 4, 'rejected', 'owner_unknown'),
  ('crm_consents', 6, 'rejected', 'owner_unknown')) v(s, l, f, w);
INSERT INTO store.crosswalk VALUES
  ('merge', 1, 'u', 'crm', 'R1', '{ANNA}', 'founder', 'first'),
  ('merge', 1, 'u', 'email', 'E1', '{ANNA}', 'merged', 'link'),
  ('merge', 1, 'u', 'crm', 'R2', '{BERT}', 'founder', 'first');
INSERT INTO store.ent_profile BY NAME
  SELECT 'map' AS step, 1 AS attempt, 'u' AS unit, s AS source, r AS record_id,
    'full' AS delivery, s || '.csv' AS file, l AS line, e AS email FROM (VALUES
  ('crm', 2, 'R1', ['anna@huis.nl']), ('crm', 3, 'R2', ['samen@huis.nl', 'bert@huis.nl']),
  ('crm', 4, 'R9', ['weg@huis.nl']), ('email', 2, 'E1', ['samen@huis.nl'])) v(s, l, r, e);
INSERT INTO store.profile BY NAME
  SELECT 'merge' AS step, 1 AS attempt, 'u' AS unit, c.profile_id, p.source AS founder_source,
    p.record_id AS founder_record, p.email
  FROM store.ent_profile p JOIN store.crosswalk c USING (source, record_id)
  WHERE c.role = 'founder';
INSERT INTO store.ent_consent BY NAME
  SELECT 'map' AS step, 1 AS attempt, 'u' AS unit, s AS source, r AS record_id, 'full' AS delivery,
    s || '.csv' AS file, l AS line, 1 AS child_no, os AS owner_source, o AS owner_record,
    'email' AS channel, b AS brand, st AS state, a::TIMESTAMP AS event_at, e AS evidence FROM (VALUES
  ('crm_consents', 2, 'T1', 'crm', 'R1', 'Nova', 'given', '2024-01-01', 'web'),
  ('crm_consents', 3, 'T2', 'crm', 'R2', 'Nova', 'given', '2024-01-01', 'web'),
  ('crm_consents', 4, 'T3', 'crm', 'R9', 'Nova', 'refused', NULL, NULL),
  ('crm_consents', 5, 'T4', 'crm', 'R1', 'Kompas', 'withdrawn', '2023-01-01', NULL),
  ('crm_consents', 6, 'T5', 'crm', 'R404', 'Nova', 'given', '2024-01-01', 'web'),
  ('email', 2, 'E1', 'email', 'E1', 'Kompas', 'given', '2024-05-01', 'popup'))
    v(s, l, r, os, o, b, st, a, e);
"""


@dataclass
class Memory(Quiet):
    """A host that writes down what a step reports."""

    batches: list[str] = field(default_factory=list)
    deliveries: list[DeliverySeen] = field(default_factory=list)
    exports: list[str] = field(default_factory=list)
    recorded: dict[str, list[ReceiptRow]] = field(default_factory=dict)

    def journal_intent(self, step: str, attempt: int, batch: str, rows: int, digest: str) -> None:
        self.batches.append(f"intent {batch}")

    def journal_receipt(self, step: str, attempt: int, batch: str, counts: dict[str, int]) -> None:
        self.batches.append(f"receipt {batch}")

    def journal_delivery(self, fact: DeliverySeen) -> None:
        self.deliveries.append(fact)

    def journal_export(self, what: str, rows: int, sha256: str, purge_on: str) -> None:
        self.exports.append(what)

    def recorded_receipts(self, step: str, attempt: int, unit: str) -> list[ReceiptRow] | None:
        return self.recorded.get(f"{step}/{unit}")


class Staged:
    """A workspace with its staging database, in which steps can be run as the engine does."""

    def __init__(
        self, workspace: Path, name: str = "staging.duckdb", *, there: bool = False
    ) -> None:
        self.workspace = workspace
        if not (workspace / "runbook.yaml").exists():
            (workspace / "mapping").mkdir()
            (workspace / "runbook.yaml").write_text(RUNBOOK)
            for source, file in (("crm", "crm"), ("crm_consents", "cc"), ("email", "email")):
                (workspace / f"mapping/{file}.yaml").write_text(PLAIN.format(source=source))
            (workspace / "mapping/changes.yaml").write_text(CHANGES)
        loaded = load_runbook(workspace)
        assert loaded.runbook is not None, loaded.problems
        self.book: Runbook = loaded.runbook
        self.store = Store(workspace / name)
        self.host = Memory()
        self.units: dict[str, dict[str, dict[str, int]]] = {}
        self.twice = True
        """Whether each unit is done twice, as after a kill before its commit."""
        if there:
            return
        for entity in ("profile", "consent", "suppression"):
            self.store.define(f"ent_{entity}", entity_columns(entities()[entity]))
        self.store.define(
            "profile",
            "profile_id VARCHAR, founder_source VARCHAR, founder_record VARCHAR,"
            " email VARCHAR[], phone VARCHAR[]",
        )
        self.store.connection.execute(ROWS)

    def copied(self, workspace: Path) -> Staged:
        """The same, with all that has been done in it, in another folder."""
        self.store.connection.execute("CHECKPOINT")
        shutil.copytree(self.workspace, workspace, dirs_exist_ok=True)
        copy = Staged(workspace, there=True)
        copy.host, copy.units = deepcopy(self.host), deepcopy(self.units)
        return copy

    def run(
        self,
        step_id: str,
        attempt: int = 1,
        rebuilding: bool = False,
        waived: frozenset[str] = frozenset(),
        rights: Rights = NO_RIGHTS,
    ) -> Outcome:
        """All units of a step in transactions of their own, then its end."""
        spec = self.book.step(step_id)
        assert spec is not None
        cursor = self.store.cursor()
        place = [s.id for s in self.book.steps()].index(step_id) + 10
        row = first(cursor, "SELECT max(seq) + 1 FROM store.attempt")
        begin_attempt(cursor, row[0], step_id, attempt, place)
        context = Context(
            self.workspace, self.book, spec, attempt, self.store, cursor, self.host,
            waived=waived, rebuilding=rebuilding, rights=rights,
        )  # fmt: skip
        step = ConsentSyncStep(spec, self.book)
        counts: dict[str, dict[str, int]] = {}
        for unit in step.plan(context):
            counts[unit.id] = self._unit(context, step, unit)
        self.units[step_id] = counts
        return step.finish(context)

    def _unit(self, context: Context, step: ConsentSyncStep, unit: Unit) -> dict[str, int]:
        context.cursor.execute("BEGIN")
        first = step.run(context, unit)
        if self.twice and not unit.id.startswith(("delta", "aside")):
            context.cursor.execute("ROLLBACK")
            context.cursor.execute("BEGIN")
            assert step.run(context, unit) == first
        context.cursor.execute("COMMIT")
        return first

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        found: list[tuple[object, ...]] = self.store.cursor().execute(sql).fetchall()
        return found

    def states(self) -> dict[tuple[object, ...], tuple[object, ...]]:
        names = {ANNA: "anna", BERT: "bert"}
        rows = self.rows("SELECT profile_id, brand, status, rule FROM consent_state ORDER BY ALL")
        return {(names[str(row[0])], row[1]): row[2:] for row in rows}

    def fates(self, source: str) -> dict[object, tuple[object, ...]]:
        rows = self.rows(
            f"SELECT delivery, record_id, fate, reason FROM fates WHERE source = '{source}'"
        )
        return {f"{row[0]}:{row[1]}": row[2:] for row in rows}

    def deliver(
        self, folder: str, sequence: int, lines: list[str], promised: list[str] | None = None
    ) -> None:
        """A numbered delivery; ``promised``: the lines that the manifest speaks of."""
        place = self.workspace / "deliveries" / "changes" / folder
        place.mkdir(parents=True)
        (place / "changes.csv").write_text("\n".join([HEADER, *lines, ""]))
        whole = "\n".join([HEADER, *(lines if promised is None else promised), ""])
        manifest = {
            "source": "changes", "delivery": folder, "kind": "delta", "sequence": sequence,
            "zone": "Europe/Amsterdam",
            "files": [{
                "name": "changes.csv", "rows": len(lines if promised is None else promised),
                "sha256": hashlib.sha256(whole.encode()).hexdigest(),
            }],
        }  # fmt: skip
        (place / "manifest.json").write_text(json.dumps(manifest))
