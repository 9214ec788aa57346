"""Step kind ``match``: which records are the same person or organisation?

The work is done by the library ``matching``; this step gives it the pending records, the links that
the mappings found and the decisions of reviewers, and keeps what it says: ``pair`` (judged pairs),
``cluster`` (each record exactly once) and ``match_model`` (the frozen model, for later deliveries).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, ClassVar, cast

import duckdb
import pyarrow as pa

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.i18n import _
from tui_migrate.matching import DroppedKey, FrozenModel, MatchReport, match
from tui_migrate.matching.from_runbook import IGNORED, said_of, settings_of
from tui_migrate.matching.model import Weights
from tui_migrate.staging.store import literal
from tui_migrate.steps.base import Check, Context, Outcome, Step, Unit
from tui_migrate.steps.map import LINK_COLUMNS
from tui_migrate.steps.match_records import (
    ALL_COLUMNS,
    FOR_MATCHING,
    PENDING,
    define_matching,
    drop,
    extra_columns,
)
from tui_migrate.steps.newcomers import SAME_NAMED

if TYPE_CHECKING:
    from tui_migrate.runbook.kinds import MatchWith

MATCH = "match"

_TABLES = ("match_pending", "match_record", "match_link", "match_decision")
_DECISIONS = ("source_a", "record_a", "source_b", "record_b", "decision", "decided_by")

# One row is a certain edge: a record holds the id of a record of another source, or the one that a
# newcomer holds too.
_LINKS = """
CREATE OR REPLACE TEMP TABLE match_link AS
SELECT DISTINCT source AS source_a, record_id AS record_a, other_source AS source_b,
  other_record AS record_b, 'link' AS rule
FROM link UNION SELECT *, 'link' FROM ({same}) ORDER BY ALL
"""

# One row is a pending record that holds the id of a record which was never handed over.
_DANGLING = """
SELECT p.source, p.delivery, p.file, p.line, p.record_id, 'profile' AS entity,
  l.column_name AS field, 'link.dangling' AS rule, 'warn' AS severity, l.other_record AS value,
  NULL AS cleaned, $message AS message
FROM link l JOIN match_pending p USING (source, record_id)
ANTI JOIN ent_profile e ON e.source = l.other_source AND e.record_id = l.other_record
ANTI JOIN record r ON r.source = l.other_source AND r.record_id = l.other_record
WHERE l.source NOT IN ({newcomers})
ORDER BY ALL
"""

# One row is a blocking rule with keys that were dropped; value: how many keys, how many records.
_DROPPED = """
SELECT 'profile' AS entity, rule AS field, 'match.key_dropped' AS rule, 'warn' AS severity,
  concat(rule, ': ', keys, ' / ', members) AS value, $message AS message
FROM match_dropped ORDER BY rule
"""

# One row: figures that the tables still show.
_FIGURES = """
SELECT
  (SELECT count(*) FROM cluster),
  (SELECT count(*) FROM pair WHERE band = 'auto'),
  (SELECT count(*) FROM pair WHERE band = 'review'),
  (SELECT count(*) FROM pair WHERE band = 'below'),
  (SELECT count(DISTINCT cluster_id) FROM cluster),
  (SELECT count(*) FROM cluster WHERE status = 'merged'),
  (SELECT count(DISTINCT cluster_id) FROM cluster WHERE status = 'review'),
  (SELECT count(*) FROM pair WHERE band = 'review' AND decision IS NULL)
"""
_FIGURE_NAMES = (
    "records",
    "auto",
    "review",
    "below",
    "clusters",
    "merged records",
    "clusters in review",
    "review pairs undecided",
)

# One row: pending records that do not stand in exactly one cluster.
_MISPLACED = """
SELECT count(*) FROM match_pending p
LEFT JOIN (SELECT source, record_id, count(*) AS n FROM cluster GROUP BY ALL) c
  USING (source, record_id)
WHERE coalesce(c.n, 0) <> 1
"""


class MatchStep(Step):
    """Finds the records of one person, and asks people where it is not certain."""

    kind: ClassVar[str] = "match"
    outputs: ClassVar[tuple[str, ...]] = ("pair", "cluster", "match_model", "finding")

    @property
    def settings(self) -> MatchWith:
        """The step's ``with:``."""
        return cast("MatchWith", self.spec.with_)

    def inputs(self, context: Context) -> dict[str, str]:
        """What reviewers decided or doubt, and what was accepted of what that teaches: what is new makes
        match and merge stale."""
        said = sorted(
            [d.source_a, d.record_a, d.source_b, d.record_b, d.decision] for d in context.decisions
        )
        found = {"decisions": sha256_of(said)}
        doubted = sorted([d.source_a, d.record_a, d.source_b, d.record_b] for d in context.doubts)
        if doubted:
            found["doubts"] = sha256_of(doubted)
        if context.lane_closed:
            found["safe lane"] = "closed"
        if context.learned:
            found["learned"] = sha256_of(context.learned)
        return found

    def plan(self, context: Context) -> Sequence[Unit]:
        """One unit: the model is fitted to all records at once."""
        context.store.define("link", LINK_COLUMNS, context.cursor)
        define_matching(context)
        rows = context.value("SELECT count(*) FROM ent_profile")
        return [Unit(MATCH, _("compare records and form clusters"), rows)]

    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        cursor = context.cursor
        cursor.execute(PENDING.format(table="match_pending", columns=ALL_COLUMNS))
        extra = [name for name, how in self.settings.fields.items() if how != IGNORED]
        records = FOR_MATCHING.format(table="match_pending", extra=extra_columns(extra))
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE match_record AS {records}")
        take_links(context)
        take_decisions(context)
        report = self._match(context, unit)
        message = _("The record that this one names was not delivered.")
        counts = {
            **report.figures,
            "dangling": context.write(
                unit, "finding", _DANGLING.format(newcomers=_deltas(context)), {"message": message}
            ),
        }
        _report_dropped(context, unit, report.dropped_keys)
        model = report.model.to_json()
        kept = {"declared": self.declared, "model": json.loads(model)}
        text = json.dumps(kept, sort_keys=True, separators=(",", ":"))
        context.host.journal_model(self.spec.id, context.attempt, text)
        # How many pairs were compared depends on what the last match left, and is no output.
        figures = {k: v for k, v in report.figures.items() if k != "candidate_pairs"}
        said = {
            "model": model,
            "figures": json.dumps(figures, sort_keys=True, separators=(",", ":")),
        }
        context.write(unit, "match_model", "SELECT $model AS model, $figures AS figures", said)
        drop(context, _TABLES)
        return counts

    def _frozen(self, context: Context) -> FrozenModel | None:
        """The model by which the target got its profiles, unless the step declares another match."""
        text = context.host.frozen_model(self.spec.id)
        kept = json.loads(text) if text else {"declared": None}
        if not self._is_declared(kept["declared"]):
            return None
        return FrozenModel.from_json(json.dumps(kept["model"]))

    @property
    def declared(self) -> Any:
        """What the runbook says of the match. Not all settings: a program that knows more of them would
        take an old model for another match."""
        return said_of(self.settings)

    def _learned(self, context: Context) -> Weights:
        """The accepted corrections; none where another match is declared than they were learned for."""
        kept = json.loads(context.learned or "{}")
        learned: Weights = kept.get("learned", {})
        return learned if self._is_declared(kept.get("declared")) else {}

    def _is_declared(self, before: Any) -> bool:
        """Whether the runbook says of its match what it said when ``before`` was kept; earlier programs
        kept all settings."""
        return before in (
            self.declared,
            json.loads(json.dumps(settings_of(self.settings).to_dict())),
        )

    def _match(self, context: Context, unit: Unit) -> MatchReport:
        rows = context.value("SELECT count(*) FROM match_record")
        with _writing_to_store(context):
            return match(
                context.cursor,
                "match_record",
                "match_link",
                "match_decision",
                settings_of(self.settings),
                model=self._frozen(context),
                learned=self._learned(context),
                step=self.spec.id,
                attempt=context.attempt,
                unit=unit.id,
                keep=True,
                progress=lambda done, total: context.host.progress(
                    done, total, rows * done // total
                ),
                by_itself=not context.lane_closed,
            )

    def finish(self, context: Context) -> Outcome:
        values = context.query(_FIGURES)[0]
        figures: dict[str, int | str] = {
            name: int(str(value)) for name, value in zip(_FIGURE_NAMES, values, strict=True)
        }
        for (text,) in context.query("SELECT figures FROM match_model"):
            said = json.loads(str(text))
            figures["pairs compared"] = context.value("SELECT max(compared) FROM store.match_kept")
            figures["keys dropped"] = int(said["dropped_keys"])
            figures["links"] = int(said["links"])
        if context.host.frozen_model(self.spec.id):
            figures["model"] = "fitted anew" if self._frozen(context) is None else "frozen"
        if context.learned and figures.get("model") != "frozen":
            figures["learned"] = "used" if self._learned(context) else "none"
        figures["dangling links"] = context.value(
            "SELECT count(*) FROM finding WHERE rule = 'link.dangling'"
        )
        context.cursor.execute(
            PENDING.format(table="match_pending", columns="e.source, e.record_id")
        )
        misplaced = context.value(_MISPLACED)
        drop(context, ("match_pending",))
        name = _("pending records that are not in exactly one cluster")
        return Outcome(figures, [Check(name, misplaced == 0, str(misplaced), "0")])


@contextmanager
def _writing_to_store(context: Context) -> Iterator[None]:
    """The library writes to plain ``pair`` and ``cluster``: let those names mean the store's tables.

    The setting would outlive a transaction that failed, and there it can only be taken back after a
    rollback. The unit is lost then anyhow.
    """
    context.cursor.execute("SET search_path = 'store,main'")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):
            context.cursor.execute("ROLLBACK")
        context.cursor.execute("RESET search_path")
        raise
    context.cursor.execute("RESET search_path")


def _deltas(context: Context) -> str:
    """SQL list of the sources that hand over changes: of them all records are newcomers."""
    names = [name for name, spec in context.runbook.sources.items() if spec.deltas]
    return ", ".join(map(literal, names)) or "''"


def take_links(context: Context) -> None:
    """Make ``match_link`` of what the mappings found."""
    same = SAME_NAMED.format(sources=_deltas(context))
    context.cursor.execute(_LINKS.format(same=same))


def take_decisions(context: Context) -> None:
    """Make ``match_decision``: one row is a reviewer's present word on a pair."""
    said = (*context.decisions, *context.doubts)
    rows = sorted(astuple(decision)[: len(_DECISIONS)] for decision in said)
    columns = zip(*rows, strict=True) if rows else ((),) * len(_DECISIONS)
    arrays = [pa.array(list(column), pa.string()) for column in columns]
    context.cursor.register("match_said", pa.table(dict(zip(_DECISIONS, arrays, strict=True))))
    context.cursor.execute(
        "CREATE OR REPLACE TEMP TABLE match_decision AS SELECT * FROM match_said ORDER BY ALL"
    )
    context.cursor.unregister("match_said")


def _report_dropped(context: Context, unit: Unit, dropped: Sequence[DroppedKey]) -> None:
    """A finding per blocking rule: records that were not compared by it, never the value."""
    rules = sorted({key.rule for key in dropped})
    by_rule = [[key.members for key in dropped if key.rule == rule] for rule in rules]
    table = {
        "rule": pa.array(rules, pa.string()),
        "keys": pa.array([len(members) for members in by_rule], pa.int64()),
        "members": pa.array([sum(members) for members in by_rule], pa.int64()),
    }
    context.cursor.register("match_dropped", pa.table(table))
    message = _("Too many records share a value (keys / records): not compared by this rule.")
    context.write(unit, "finding", _DROPPED, {"message": message})
    context.cursor.unregister("match_dropped")
