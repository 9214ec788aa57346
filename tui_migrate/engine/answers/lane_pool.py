"""Clusters of the safe lane as a queue of their own: a sample, or a page of what is counted."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tui_migrate.engine import lane_queries as q
from tui_migrate.engine.answers.common import Desk
from tui_migrate.engine.answers.lane import page
from tui_migrate.engine.review_clusters import Cluster
from tui_migrate.engine.review_queue import ReviewQueue, stale
from tui_migrate.engine.reviewing import brands_told
from tui_migrate.engine.run_lane import erased_records, verdicts

Record = tuple[str, str]
POOLS = 4
"""So many pages and samples are kept ready."""

# One row is a record that goes by a pseudonym.
_NAMED = """
SELECT pseudonym, source, record_id FROM store.record_key
SEMI JOIN (SELECT unnest($names::VARCHAR[]) AS pseudonym) USING (pseudonym)
"""

# One row is two of these records that were compared.
_PAIRS = """
SELECT source_a, record_a, source_b, record_b, weight, probability, reason, band = 'auto',
  list_transform(weights, lambda w: CASE WHEN w.weight < 0 THEN w.field END)
FROM pair
SEMI JOIN pool_record x ON x.source = source_a AND x.record_id = record_a
SEMI JOIN pool_record y ON y.source = source_b AND y.record_id = record_b
ORDER BY weight NULLS FIRST, source_a, record_a, source_b, record_b
"""


def examples(desk: Desk, query: q.LaneExamples) -> q.LanePage:
    """A page of a row of the preview, or of a sample."""
    return _sample_page(desk, query) if query.lot else page(desk, query)


def _sample_page(desk: Desk, query: q.LaneExamples) -> q.LanePage:
    lot = desk.view.state.lane.lots.get(query.lot)
    if lot is None:
        return q.LanePage(fitting=0, offset=query.offset, rows=())
    queue = pool(desk, q.Pool(lot=query.lot))
    allowed = desk.view.seen.brands
    seen = [n for n in range(len(queue.clusters)) if queue.covered(n, allowed)]
    said = verdicts(desk.view.state, lot)
    words = {True: "right", False: "wrong", None: ""}
    rows = tuple(
        q.LaneExample(
            records=queue.named(n),
            verdict=words[said.get(frozenset(queue.names[at] for at in queue.clusters[n].records))],
        )
        for n in seen[query.offset : query.offset + query.limit]
    )
    return q.LanePage(fitting=len(seen), offset=query.offset, rows=rows)


def pool(desk: Desk, wanted: q.Pool) -> ReviewQueue:
    """The clusters of a sample, or a page of examples, as a queue: what was decided is followed."""
    view = desk.view
    state, reviews = view.state, view.reviews
    matches = [(s.attempt, s.digest) for s in state.steps.values() if s.outline.uses == "match"]
    key = matches, len(state.erased), brands_told(view.runbook)
    with reviews.looking_at_lane:
        name = wanted, view.seen.brands if not wanted.lot else None
        kept = reviews.pools.get(name)
        if kept is None or kept[0] != key:
            groups = _drawn(desk, wanted.lot) if wanted.lot else _page(desk, wanted)
            while len(reviews.pools) >= POOLS:
                reviews.pools.pop(next(iter(reviews.pools)))
            reviews.pools[name] = kept = key, _queue(desk, groups)
        queue = kept[1]
        with reviews.folding:
            queue.follow(state)
        return queue


def _page(desk: Desk, wanted: q.Pool) -> list[list[Record]]:
    found = page(
        desk,
        q.LaneExamples(
            group=wanted.group, value=wanted.value, offset=wanted.offset, limit=q.EXAMPLES
        ),
    )
    return [list(row.records) for row in found.rows]


def _drawn(desk: Desk, entry: int) -> list[list[Record]]:
    """The clusters of a sample, but those of whom somebody was erased."""
    state = desk.view.state
    lot = state.lane.lots.get(entry)
    if lot is None:
        return []
    gone = erased_records(state)
    drawn = [names for names in lot.fact.sample if not gone.intersection(names)]
    names = [name for each in drawn for name in each]
    known = {name: (s, r) for name, s, r in desk.rows(_NAMED, {"names": names})}
    return [sorted(known[name] for name in each) for each in drawn if all(n in known for n in each)]


def _queue(desk: Desk, groups: list[list[Record]]) -> ReviewQueue:
    """A queue of these clusters, in their order."""
    records = [record for group in groups for record in group]
    if not records:
        return ReviewQueue([], [], [], [], {})
    desk.cursor.execute(
        "CREATE OR REPLACE TEMP TABLE pool_record AS SELECT unnest($sources::VARCHAR[]) AS source,"
        " unnest($records::VARCHAR[]) AS record_id",
        {"sources": [s for s, _r in records], "records": [r for _s, r in records]},
    )
    place = {record: at for at, record in enumerate(records)}
    group_of = {record: n for n, group in enumerate(groups) for record in group}
    tied: dict[int, list[tuple[Any, ...]]] = {}
    for sa, ra, sb, rb, *rest in desk.rows(_PAIRS):
        a, b = (sa, ra), (sb, rb)
        if group_of[a] == group_of[b]:
            tied.setdefault(group_of[a], []).append((place[a], place[b], *rest))
    desk.cursor.execute("DROP TABLE temp.pool_record")
    clusters = [
        _cluster([place[record] for record in group], tied.get(n, []))
        for n, group in enumerate(groups)
    ]
    pseudonyms = desk.view.pseudonyms(records)
    names = {record: name for name, record in pseudonyms.items()}
    brands = desk.view.reviews.brands(desk.cursor, desk.view.runbook, records)
    return ReviewQueue(
        records,
        [names[record] for record in records],
        clusters,
        [brands[record] for record in records],
        stale(desk, set(pseudonyms)),
    )


def _cluster(members: list[int], tied: list[tuple[Any, ...]]) -> Cluster:
    """A cluster, by the pairs that tie it; where the match has none any more, by its neighbours."""
    by_itself = [row for row in tied if row[5]] or tied
    pairs = [(row[0], row[1]) for row in by_itself] or list(pairwise(members))
    weakest = by_itself[0] if by_itself else (0, 0, 0.0, 0.0, "", True, [])
    return Cluster(
        records=members,
        pairs=pairs,
        weight=weakest[2] or 0.0,
        probability=weakest[3] or 0.0,
        reason=weakest[4] or "",
        reasons=frozenset(row[4] or "" for row in by_itself),
        fields=frozenset(f for row in by_itself for f in row[6] or () if f and f != "prior"),
    )
