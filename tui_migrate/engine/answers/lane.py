"""The safe lane: counted, and a page of what is counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tui_migrate.engine import lane_queries as q
from tui_migrate.engine.answers.blinding import is_blind
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.lane import (
    Ground,
    Lane,
    basis_of,
    covers,
    lane_of,
    match_before,
    name_of,
    uncovered,
)
from tui_migrate.engine.lane_state import LaneWord, Lot, Tally
from tui_migrate.engine.run_lane import result, tally
from tui_migrate.engine.state import StepState
from tui_migrate.matching.learning import interval
from tui_migrate.verify.acceptance import plan_for

# SQL for what clusters are counted by, over a row of ``lane``.
_GROUPS = {
    "kind": "kind",
    "band": """CASE WHEN kind = 'link' THEN 'link' WHEN probability >= 0.9999 THEN '0.9999'
      WHEN probability >= 0.999 THEN '0.999' WHEN probability >= 0.99 THEN '0.99' ELSE '0' END""",
    "size": """CASE WHEN size < 5 THEN size::VARCHAR WHEN size < 10 THEN '5-9' ELSE '10+' END""",
    "source": "sources",
    "brand": "unnest(CASE WHEN brands = [] THEN [''] ELSE brands END)",
}

# One row is a cluster that the asker may see, of those that people do not have the word on.
_SEEN = """
CREATE OR REPLACE TEMP TABLE lane_seen AS
SELECT * FROM lane ANTI JOIN (SELECT unnest($out::VARCHAR[]) AS cluster_id) USING (cluster_id)
WHERE $all OR (whole AND list_has_all($brands::VARCHAR[], brands))
"""
_TOTALS = "SELECT count(*), coalesce(sum(size), 0), coalesce(sum(pairs), 0) FROM lane_seen"
_COUNTS = """
SELECT value, count(*) AS clusters, sum(size), sum(pairs)
FROM (SELECT {value} AS value, size, pairs FROM lane_seen) GROUP BY value
ORDER BY clusters DESC, value LIMIT $limit
"""
_FITTING = """
SELECT cluster_id FROM (SELECT cluster_id, {value} AS value FROM lane_seen) WHERE value = $value
"""
_EXAMPLES = """
WITH wanted AS (
  SELECT *, row_number() OVER (ORDER BY weight, cluster_id) AS nth FROM lane_seen
  SEMI JOIN ({fitting}) USING (cluster_id)
  ORDER BY nth LIMIT $limit OFFSET $start)
SELECT any_value(w.weight), any_value(w.probability), any_value(w.kind),
  list([c.source, c.record_id] ORDER BY c.source, c.record_id)
FROM wanted w JOIN cluster c USING (cluster_id) GROUP BY w.nth ORDER BY w.nth
"""


def sheet(desk: Desk, query: q.SafeLane) -> q.LaneSheet:
    """The lane of the last match, as the asker may see it."""
    view = desk.view
    match = match_before(view.state)
    runbook = view.runbook
    aql = runbook.review.aql if runbook is not None else 0.65
    if match is None:
        return q.LaneSheet(step="", ready=False, asked="", aql=str(aql))
    ground = Ground.under(desk)
    said: dict[str, Any] = {"step": match.id, "asked": match.outline.safe_lane, "aql": str(aql)}
    lots = tuple(_lot(view.state, match, lot) for lot in _lots(desk, match))
    lane = lane_of(ground, match)
    if lane is None:
        return q.LaneSheet(**said, ready=False, lots=lots)
    group = query.group if query.group in _GROUPS else "kind"
    _see(desk, lane)
    clusters, records, pairs = desk.one(_TOTALS)
    rows = desk.rows(_COUNTS.format(value=_GROUPS[group]), {"limit": query.limit})
    found: dict[str, Any] = {
        **said, "ready": True, "lots": lots, "clusters": clusters, "records": records,
        "pairs": pairs, "whole": lane.clusters, "group": group,
        "rows": tuple(
            q.LaneCount(value=value or "", clusters=n, records=size, pairs=tied)
            for value, n, size, tied in rows
        ),
    }  # fmt: skip
    if view.seen.brands is None:
        lines = lane.lines(desk.cursor)
        left = len(uncovered(ground, match, lines))
        found |= {"sha256": name_of(lines), "uncovered": left}
        if left:
            plan = plan_for(left, aql)
            found |= {"letter": plan.letter, "size": plan.size, "accept": plan.accept}
        word = view.state.lane.word(match.id)
        found["decision"] = _decision(ground, match, word, lines) if word is not None else None
    return q.LaneSheet(**found)


def _lots(desk: Desk, match: StepState) -> list[Lot]:
    return [lot for lot in list(desk.view.state.lane.lots.values()) if lot.fact.step == match.id]


def _lot(state: Any, match: StepState, lot: Lot) -> q.LaneLot:
    counted, fact = tally(state, lot), lot.fact
    low, high = bounds(counted, fact.clusters)
    return q.LaneLot(
        entry=lot.seq,
        by=lot.by,
        at=lot.at,
        clusters=fact.clusters,
        size=lot.size,
        letter=fact.letter,
        aql=fact.aql,
        accept=fact.accept,
        reject=fact.reject,
        right=counted.right,
        wrong=counted.wrong,
        left=counted.left,
        result=result(state, lot),
        current=fact.basis == basis_of(match),
        low=low,
        high=high,
    )


def bounds(counted: Tally, clusters: int) -> tuple[float | None, float | None]:
    """Which share of a lot of ``clusters`` is right, from and to, by those that were judged: as if there
    were no end of them, so rather too wide; of a lot that was looked at whole it is known."""
    judged = counted.right + counted.wrong
    if not judged:
        return None, None
    if judged >= clusters:
        return counted.right / judged, counted.right / judged
    found = interval(counted.right, judged)
    return found.low, found.high


def _decision(
    ground: Ground, match: StepState, word: LaneWord, lines: Sequence[str]
) -> q.LaneDecision:
    return q.LaneDecision(
        entry=word.seq,
        by=word.by,
        at=word.at,
        decision=word.fact.decision,
        clusters=word.fact.clusters,
        holds=word.fact.decision == "review" or covers(ground, match, word, lines),
    )


def _see(desk: Desk, lane: Lane) -> None:
    """Make ``lane_seen`` on the desk's cursor."""
    allowed = desk.view.seen.brands
    desk.cursor.register("lane", lane.table)
    desk.cursor.execute(
        _SEEN,
        {"out": sorted(lane.out), "all": allowed is None, "brands": sorted(allowed or ())},
    )
    desk.cursor.unregister("lane")


def page(desk: Desk, query: q.LaneExamples) -> q.LanePage:
    """A page of a row of the preview."""
    nothing = q.LanePage(fitting=0, offset=query.offset, rows=())
    match = match_before(desk.view.state)
    lane = lane_of(Ground.under(desk), match) if match is not None else None
    if lane is None:
        return nothing
    _see(desk, lane)
    value = _GROUPS.get(query.group, "''")
    fitting = _FITTING.format(value=value)
    wanted = {"value": query.value if query.group in _GROUPS else ""}
    (count,) = desk.one(f"SELECT count(*) FROM ({fitting})", wanted)
    page = {**wanted, "limit": query.limit, "start": query.offset}
    blind = is_blind(desk.view)
    rows = tuple(
        q.LaneExample(
            records=tuple((source, record) for source, record in records),
            weight=0.0 if blind else weight,
            probability=0.0 if blind else probability,
            kind="" if blind else kind,
        )
        for weight, probability, kind, records in desk.rows(_EXAMPLES.format(fitting=fitting), page)
    )
    return q.LanePage(fitting=count, offset=query.offset, rows=rows)
