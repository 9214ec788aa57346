"""A staging database with mapped rows put in by hand, and steps run on them as the engine would."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from tests.hosts import Quiet
from tui_migrate.mapping.mapped import entity_columns
from tui_migrate.model.entities import entities
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Store, begin_attempt
from tui_migrate.steps.base import Context, Outcome, PairDecision, Step, Unit
from tui_migrate.steps.match import MatchStep
from tui_migrate.steps.merge import MergeStep

PLACE = {"ingest": 0, "map": 1, "match": 2, "merge": 3}
TRUST = {"crm": 1, "subscriptions": 2, "shop": 3, "email": 4, "orders": 5}


def runbook(**merge: object) -> Runbook:
    """A runbook with the steps match and merge (``merge``: the settings of the latter, but for
    ``allow`` and ``matching``: those of the former)."""
    allow, matching = merge.pop("allow", None), merge.pop("matching", {})
    sources = {
        name: {"files": "x.csv", "key": "nr", "mapping": "m.yaml", "trust": trust}
        for name, trust in TRUST.items()
    }
    steps: list[dict[str, object]] = [
        {"id": "privacy", "uses": "gate", "with": {"approvals": [{"role": "lead"}]}},
        {"id": "match", "uses": "match", "with": matching},
        {"id": "merge", "uses": "merge", "with": merge},
    ]
    return Runbook.model_validate(
        {
            "runbook": "test",
            "title": "Test",
            "zone": "Europe/Amsterdam",
            "brands": ["Nova"],
            "sources": sources,
            "target": {"type": "csv", "path": "target"},
            "roles": {"lead": {"users": ["anna"]}},
            "phases": [{"id": "all", "title": "All", "steps": steps}],
            **({"payment": {"allow": allow, "gate": "privacy"}} if allow else {}),
        }
    )


class World:
    """Puts rows into staging, runs steps, and reads what they made."""

    def __init__(self, path: Path) -> None:
        self.store = Store(path / "staging.duckdb")
        self.path = path
        self.cursor = self.store.cursor()
        self._lines = 0
        self._attempts: dict[str, int] = {}
        for step in ("ingest", "map"):
            self._begin(step)
        for name, entity in entities().items():
            self.store.define(f"ent_{name}", entity_columns(entity))
        self.store.define(
            "link",
            "source VARCHAR, record_id VARCHAR, other_source VARCHAR, other_record VARCHAR,"
            " column_name VARCHAR",
        )

    def _begin(self, step: str) -> int:
        self._attempts[step] = self._attempts.get(step, 0) + 1
        begin_attempt(
            self.cursor, sum(self._attempts.values()), step, self._attempts[step], PLACE[step]
        )
        return self._attempts[step]

    def _add(self, table: str, step: str, values: dict[str, object]) -> None:
        columns = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        self.cursor.execute(
            f"INSERT INTO store.{table} (step, attempt, unit, {columns})"
            f" VALUES ('{step}', 1, 'u', {marks})",
            list(values.values()),
        )

    def row(self, source: str, record: str, delivery: str = "d1") -> int:
        """A physical row; its line."""
        self._lines += 1
        self._add("record", "ingest", {"source": source, "delivery": delivery, "file": "f.csv",
                                       "line": self._lines, "record_id": record})  # fmt: skip
        return self._lines

    def entity(
        self, name: str, source: str, record: str, line: int | None = None, **fields: Any
    ) -> int:
        """A mapped row of an entity, on a physical row of its own or on ``line``."""
        delivery = str(fields.pop("delivery", "d1"))
        line = self.row(source, record, delivery) if line is None else line
        self._add(f"ent_{name}", "map", {"source": source, "record_id": record,
                                         "delivery": delivery, "file": "f.csv", "line": line,
                                         "child_no": 1, **fields})  # fmt: skip
        return line

    def person(self, source: str, record: str, line: int | None = None, **fields: Any) -> int:
        """A mapped record of a person (or of what ``kind`` says)."""
        return self.entity("profile", source, record, line, **{"kind": "person", **fields})

    def fate(self, source: str, line: int, fate: str) -> None:
        """The mapping decided what becomes of a physical row."""
        self._add("fate", "map", {"source": source, "delivery": "d1", "file": "f.csv",
                                  "line": line, "fate": fate, "reason": "why"})  # fmt: skip

    def flaw(self, source: str, record: str, field: str, value: str | None = None) -> None:
        """A finding that speaks against a value."""
        self._add("finding", "map", {"source": source, "record_id": record, "entity": "profile",
                                     "field": field, "rule": "doubtful", "severity": "warn",
                                     "value": value})  # fmt: skip

    def link(self, source: str, record: str, other: str, other_record: str) -> None:
        """A record names a record of another source."""
        self._add("link", "map", {"source": source, "record_id": record, "other_source": other,
                                  "other_record": other_record, "column_name": "Nr"})  # fmt: skip

    def clusters(self, step: Step, context: Context, *found: tuple[str, ...]) -> None:
        """What matching would say: each a status and the records (``source/id``) of a cluster."""
        step.plan(context)
        self._begin("match")
        for number, (status, *records) in enumerate(found):
            for record in records:
                source, _, record_id = record.partition("/")
                self._add("cluster", "match", {"source": source, "record_id": record_id,
                                               "cluster_id": f"c{number}", "size": len(records),
                                               "status": status, "rule": "guard"})  # fmt: skip

    def context(self, book: Runbook, step: str, *decisions: PairDecision, **more: bool) -> Context:
        """What the engine would hand to that step."""
        spec = book.step(step)
        assert spec is not None
        return Context(
            workspace=self.path,
            runbook=book,
            spec=spec,
            attempt=self._attempts.get(step, 0) + 1,
            store=self.store,
            cursor=self.cursor,
            host=Quiet(),
            decisions=decisions,
            payment_allowed=more.get("payment_allowed", False),
        )

    def run(self, step: Step, context: Context) -> Outcome:
        """An attempt as the engine makes it: plan, units in transactions, finish."""
        self._begin(context.spec.id)
        units: list[Unit] = list(step.plan(context))
        for unit in units:
            self.cursor.execute("BEGIN")
            step.run(context, unit)
            self.cursor.execute("COMMIT")
        return step.finish(context)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """All rows of a query."""
        found: list[tuple[object, ...]] = self.cursor.execute(sql).fetchall()
        return found

    def one(self, sql: str) -> tuple[object, ...]:
        """The one row of a query."""
        found = self.rows(sql)
        assert len(found) == 1, found
        return found[0]

    def temporary(self) -> list[str]:
        """Temporary tables that are left."""
        found = self.rows("SELECT table_name FROM duckdb_tables() WHERE temporary ORDER BY 1")
        return [str(name) for (name,) in found]


JANSEN: dict[str, Any] = {
    "first_name": "Anna",
    "family_name": "Jansen",
    "birth_date": date(1980, 2, 29),
}
HOME: dict[str, Any] = {
    "street": "Dorpsstraat",
    "house_number": "1",
    "postcode": "1234AB",
    "town": "Ons Dorp",
}


def pid(source: str, record: str) -> str:
    """The profile id that a founding record gives."""
    return hashlib.sha256(f"{source}|{record}".encode()).hexdigest()[:20]


def failing(outcome: Outcome) -> list[str]:
    return [check.name for check in outcome.checks if not check.passed]


def matched(world: World, *decisions: PairDecision, **matching: object) -> Outcome:
    book = runbook(matching=matching)
    context = world.context(book, "match", *decisions)
    return world.run(MatchStep(context.spec, book), context)


def merged(world: World, *clusters: tuple[str, ...], **with_: object) -> Outcome:
    allowed = bool(with_.pop("payment_allowed", False))
    book = runbook(**with_)
    context = world.context(book, "merge", payment_allowed=allowed)
    step = MergeStep(context.spec, book)
    world.clusters(step, context, *clusters)
    return world.run(step, context)


def pair(world: World, **with_: object) -> Outcome:
    """Merge crm/1 with shop/2."""
    return merged(world, ("merged", "crm/1", "shop/2"), **with_)


def profile(world: World, *fields: str) -> tuple[object, ...]:
    return world.one(f"SELECT {', '.join(fields)} FROM profile")
