"""A small migrated world in a real staging database, and a host that remembers what it was told.

Three persons. ``crm`` has Anna (1), Bert (2) and a rejected row (9); ``shop`` knows Anna too (k1,
merged) and Cees (k2). Orders: two of Anna (one through the shop), one of Cees, one whose physical
row is excluded, one whose owner is in no profile.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from tests.hosts import Quiet
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Store, begin_attempt, first
from tui_migrate.steps.base import Context, Outcome, ReceiptRow, Step, Unit


def pid(source: str, record: str) -> str:
    """The profile id that a founding record gives."""
    return hashlib.sha256(f"{source}|{record}".encode()).hexdigest()[:20]


ANNA, BERT, CEES = pid("crm", "1"), pid("crm", "2"), pid("shop", "k2")

TABLES = {
    "profile": "profile_id VARCHAR, founder_source VARCHAR, founder_record VARCHAR, kind VARCHAR,"
    " first_name VARCHAR, family_name VARCHAR, email VARCHAR[], phone VARCHAR[], town VARCHAR,"
    " birth_date DATE, brand VARCHAR, iban VARCHAR",
    "ent_profile": "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
    " child_no INTEGER, kind VARCHAR, first_name VARCHAR, family_name VARCHAR, email VARCHAR[],"
    " phone VARCHAR[], town VARCHAR, birth_date DATE, brand VARCHAR, iban VARCHAR",
    "ent_order": "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
    " child_no INTEGER, owner_source VARCHAR, owner_record VARCHAR, brand VARCHAR,"
    " order_number VARCHAR, amount DECIMAL(18,2), placed_at TIMESTAMP, channel VARCHAR",
}

ROWS = f"""
INSERT INTO store.attempt VALUES (1, 'ingest', 1, 1), (2, 'map', 1, 2), (3, 'merge', 1, 3);
INSERT INTO store.live_attempt SELECT step, attempt, ord FROM store.attempt;
INSERT INTO store.record VALUES
  ('ingest', 1, 'u', 'crm', 'd1', 'c.csv', 2, '1', 'x'), ('ingest', 1, 'u', 'crm', 'd1', 'c.csv', 3, '2', 'x'),
  ('ingest', 1, 'u', 'crm', 'd1', 'c.csv', 4, '9', 'x'),
  ('ingest', 1, 'u', 'shop', 'd1', 's.csv', 2, 'k1', 'x'), ('ingest', 1, 'u', 'shop', 'd1', 's.csv', 3, 'k2', 'x'),
  ('ingest', 1, 'u', 'orders', 'd1', 'o.csv', 2, 'o1', 'x'), ('ingest', 1, 'u', 'orders', 'd1', 'o.csv', 3, 'o2', 'x'),
  ('ingest', 1, 'u', 'orders', 'd1', 'o.csv', 4, 'o3', 'x'), ('ingest', 1, 'u', 'orders', 'd1', 'o.csv', 5, 'o4', 'x'),
  ('ingest', 1, 'u', 'orders', 'd1', 'o.csv', 6, 'o5', 'x');
INSERT INTO store.fate VALUES
  ('map', 1, 'u', 'crm', 'd1', 'c.csv', 4, 'rejected', 'key_missing'),
  ('merge', 1, 'u', 'crm', 'd1', 'c.csv', 2, 'loaded', NULL), ('merge', 1, 'u', 'crm', 'd1', 'c.csv', 3, 'loaded', NULL),
  ('merge', 1, 'u', 'shop', 'd1', 's.csv', 2, 'merged', NULL), ('merge', 1, 'u', 'shop', 'd1', 's.csv', 3, 'loaded', NULL),
  ('merge', 1, 'u', 'orders', 'd1', 'o.csv', 2, 'attached', NULL), ('merge', 1, 'u', 'orders', 'd1', 'o.csv', 3, 'attached', NULL),
  ('merge', 1, 'u', 'orders', 'd1', 'o.csv', 4, 'attached', NULL), ('map', 1, 'u', 'orders', 'd1', 'o.csv', 5, 'excluded', 'test_order'),
  ('merge', 1, 'u', 'orders', 'd1', 'o.csv', 6, 'rejected', 'owner_unknown');
INSERT INTO store.crosswalk VALUES
  ('merge', 1, 'u', 'crm', '1', '{ANNA}', 'founder', 'first'), ('merge', 1, 'u', 'shop', 'k1', '{ANNA}', 'merged', 'link'),
  ('merge', 1, 'u', 'crm', '2', '{BERT}', 'founder', 'first'), ('merge', 1, 'u', 'shop', 'k2', '{CEES}', 'founder', 'first');
INSERT INTO store.profile VALUES
  ('merge', 1, 'u', '{ANNA}', 'crm', '1', 'person', 'Anna', '=Berg', ['anna@example.org', 'a@example.net'], ['+31612345678'], '''s-Gravenhage', DATE '1980-02-29', 'Nova', 'NL91ABNA0417164300'),
  ('merge', 1, 'u', '{BERT}', 'crm', '2', 'person', 'Bert', 'Smit', NULL, NULL, 'Breda', NULL, 'Nova', NULL),
  ('merge', 1, 'u', '{CEES}', 'shop', 'k2', 'person', 'Cees', 'Vos', ['cees@example.org'], NULL, 'Gent', NULL, 'Kompas', NULL);
INSERT INTO store.ent_profile VALUES
  ('map', 1, 'u', 'crm', '1', 'd1', 'c.csv', 2, 0, 'person', 'Anna', '=Berg', ['anna@example.org'], ['+31612345678'], '''s-Gravenhage', DATE '1980-02-29', 'Nova', 'NL91ABNA0417164300'),
  ('map', 1, 'u', 'crm', '2', 'd1', 'c.csv', 3, 0, 'person', 'Bert', 'Smit', NULL, NULL, 'Breda', NULL, 'Nova', NULL),
  ('map', 1, 'u', 'shop', 'k1', 'd1', 's.csv', 2, 0, 'person', 'A.', 'Berg', ['a@example.net'], NULL, 'Den Haag', NULL, 'Kompas', NULL),
  ('map', 1, 'u', 'shop', 'k2', 'd1', 's.csv', 3, 0, 'person', 'Cees', 'Vos', ['cees@example.org'], NULL, 'Gent', NULL, 'Kompas', NULL);
INSERT INTO store.ent_order VALUES
  ('map', 1, 'u', 'orders', 'o1', 'd1', 'o.csv', 2, 1, 'crm', '1', 'Nova', 'o1', 12.50, TIMESTAMP '2025-01-02 10:00:00', 'web'),
  ('map', 1, 'u', 'orders', 'o2', 'd1', 'o.csv', 3, 1, 'shop', 'k1', 'Kompas', 'o2', 7.25, TIMESTAMP '2025-06-01 10:00:00', 'web'),
  ('map', 1, 'u', 'orders', 'o3', 'd1', 'o.csv', 4, 1, 'shop', 'k2', 'Kompas', 'o3', 99.99, TIMESTAMP '2024-06-01 10:00:00', 'phone'),
  ('map', 1, 'u', 'orders', 'o4', 'd1', 'o.csv', 5, 1, 'crm', '1', 'Nova', 'o4', 5.00, NULL, 'web'),
  ('map', 1, 'u', 'orders', 'o5', 'd1', 'o.csv', 6, 1, 'crm', '9', 'Nova', 'o5', 5.00, NULL, 'web');
"""  # noqa: E501


@dataclass
class Memory(Quiet):
    """A host: writes down what a step reports, and gives back what was recorded."""

    intents: list[tuple[str, int, str]] = field(default_factory=list)
    receipts: list[tuple[str, dict[str, int]]] = field(default_factory=list)
    exports: list[tuple[str, int, str, str]] = field(default_factory=list)
    recorded: dict[str, list[ReceiptRow]] = field(default_factory=dict)

    def journal_intent(self, step: str, attempt: int, batch: str, rows: int, digest: str) -> None:
        self.intents.append((batch, rows, digest))

    def journal_receipt(self, step: str, attempt: int, batch: str, counts: dict[str, int]) -> None:
        self.receipts.append((batch, counts))

    def journal_export(self, what: str, rows: int, sha256: str, purge_on: str) -> None:
        self.exports.append((what, rows, sha256, purge_on))

    def recorded_receipts(self, step: str, attempt: int, unit: str) -> list[ReceiptRow] | None:
        return self.recorded.get(unit)


def runbook(steps: list[dict[str, object]], **more: object) -> Runbook:
    """A runbook with these steps and a target of csv files."""
    source = {"files": "x.csv", "key": "nr", "mapping": "m.yaml"}
    return Runbook.model_validate(
        {
            "runbook": "test",
            "title": "Test",
            "zone": "Europe/Amsterdam",
            "brands": ["Nova", "Kompas"],
            "sources": {"crm": source, "shop": source, "orders": source},
            "target": {"type": "csv", "path": "target"},
            "roles": {"lead": {"users": ["anna"]}},
            "phases": [{"id": "all", "title": "All", "steps": steps}],
            **more,
        }
    )


def build(store: Store) -> None:
    """Fill a staging database with the small world."""
    for name, columns in TABLES.items():
        store.define(name, columns)
    store.connection.execute(ROWS)


def context(
    store: Store, book: Runbook, step: str, workspace: Path, host: Memory, **more: object
) -> Context:
    """What the engine would hand to that step."""
    spec = book.step(step)
    assert spec is not None
    return Context(
        workspace=workspace,
        runbook=book,
        spec=spec,
        attempt=int(str(more.pop("attempt", 1))),
        store=store,
        cursor=store.cursor(),
        host=host,
        payment_allowed=bool(more.pop("payment_allowed", False)),
        rebuilding=bool(more.pop("rebuilding", False)),
    )


def go(step: Step, at: Context) -> tuple[list[Unit], Outcome]:
    """Run a step as the engine would: an attempt, its units in transactions, its end."""
    place = [s.id for s in at.runbook.steps()].index(at.spec.id) + 10
    row = first(at.cursor, "SELECT coalesce(max(seq), 0) + 1 FROM store.attempt")
    begin_attempt(at.cursor, row[0], at.spec.id, at.attempt, place)
    units = list(step.plan(at))
    for unit in units:
        at.cursor.execute("BEGIN")
        step.run(at, unit)
        at.cursor.execute("COMMIT")
    return units, step.finish(at)
