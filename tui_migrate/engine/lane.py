"""The safe lane: the clusters that would merge without a person, and what ties each of them.

A cluster is in it while the match merges it and people did not: as soon as decisions of people tie all
of its records, or set two of them apart, it is theirs. So a sample that is judged leaves the lane at
once, before the match takes the decisions in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tui_migrate.audit.canonical import sha256_of
from tui_migrate.engine.decisions import Words, doubted, settled
from tui_migrate.engine.lane_state import ACCEPTED, LaneWord, Lot
from tui_migrate.engine.reviewing import OWN, OWNED, brands_told, with_brands
from tui_migrate.engine.run_lane import result
from tui_migrate.engine.state import RunState, Status, StepState
from tui_migrate.engine.workspace import Workspace
from tui_migrate.staging.store import Cursor, columns_of, literal, quote

if TYPE_CHECKING:
    from tui_migrate.engine.answers.common import Desk
    from tui_migrate.engine.core import Core
    from tui_migrate.engine.reviewing import Reviews
    from tui_migrate.runbook.models import Runbook

IDENTIFIERS = ("birth_date", "email", "phone", "kvk", "vat")
"""Compared fields of which an equal value ties two records, in the order in which they are named."""
BASIS = ("step", "runbook", "before", "payment", "input learned")
"""Inputs of a match beside what people decided; what decisions teach counts once a gate accepted it."""

# One row is a record of a cluster that merges and does not rest on people alone.
_MEMBERS = """
CREATE OR REPLACE TEMP TABLE lane_member AS
SELECT cluster_id, source, record_id FROM cluster
WHERE status = 'merged' AND size > 1 AND rule <> 'decision'
"""

# One row is a record of such a cluster and a brand that it has to do with.
_BRAND = """
SELECT a.cluster_id, a.source, a.record_id, e.brand FROM {table} e JOIN lane_member a ON {owner}
WHERE e.brand IS NOT NULL
"""
_BRANDS = """
CREATE OR REPLACE TEMP TABLE lane_brand AS
WITH own AS (SELECT DISTINCT * FROM ({own}))
SELECT * FROM own
UNION ALL
SELECT m.cluster_id, m.source, m.record_id, w.brand FROM lane_member m
JOIN (SELECT unnest($sources::VARCHAR[]) AS source, unnest($brands::VARCHAR[]) AS brand) w
  USING (source)
ANTI JOIN own o ON o.source = m.source AND o.record_id = m.record_id
"""

# One row is a cluster, with the pairs that tie it and what agrees in the weakest of them.
_CLUSTERS = """
WITH sized AS (
  SELECT cluster_id, count(*) AS size, string_agg(DISTINCT source, ' + ' ORDER BY source) AS sources
  FROM lane_member GROUP BY cluster_id),
tie AS (
  SELECT m.cluster_id, p.weight, p.probability, p.reason, p.weights,
    count(*) OVER (PARTITION BY m.cluster_id) AS pairs
  FROM pair p
  JOIN lane_member m ON m.source = p.source_a AND m.record_id = p.record_a
  JOIN lane_member n ON n.source = p.source_b AND n.record_id = p.record_b
    AND n.cluster_id = m.cluster_id
  WHERE p.band = 'auto' AND p.reason IN ('guard passed', 'link')
  QUALIFY row_number() OVER (PARTITION BY m.cluster_id ORDER BY p.weight NULLS FIRST,
    p.source_a, p.record_a, p.source_b, p.record_b) = 1),
branded AS (
  SELECT cluster_id, list(DISTINCT brand ORDER BY brand) AS brands,
    count(DISTINCT (source, record_id)) AS known
  FROM lane_brand GROUP BY cluster_id)
SELECT s.cluster_id, s.size, coalesce(t.pairs, 0) AS pairs, coalesce(t.weight, 0) AS weight,
  coalesce(t.probability, 0) AS probability,
  CASE WHEN t.reason IS NULL OR t.reason = 'link' THEN 'link' ELSE coalesce(nullif(array_to_string(
    list_filter({identifiers}, lambda name: list_contains(list_transform(list_filter(t.weights,
      lambda w: w.level IN ('exact', 'own', 'shared')), lambda w: w.field), name)), '+'), ''), 'other')
  END AS kind,
  s.sources, coalesce(b.brands, []) AS brands, coalesce(b.known, 0) = s.size AS whole
FROM sized s LEFT JOIN tie t USING (cluster_id) LEFT JOIN branded b USING (cluster_id)
ORDER BY s.cluster_id
"""

# One row is two records of one such cluster on which somebody has a word.
_SPOKEN = """
SELECT x.cluster_id, x.source, x.record_id, y.source, y.record_id, d.word FROM lane_said d
JOIN cluster x ON x.source = d.sa AND x.record_id = d.ra AND x.status = 'merged' AND x.rule <> 'decision'
JOIN cluster y ON y.source = d.sb AND y.record_id = d.rb AND y.cluster_id = x.cluster_id
"""

# One row is a cluster as a line of a list.
_LINES = """
SELECT string_agg(k.pseudonym, ' ' ORDER BY k.pseudonym) AS line
FROM cluster c JOIN store.record_key k USING (source, record_id)
ANTI JOIN (SELECT unnest($out::VARCHAR[]) AS cluster_id) o USING (cluster_id)
WHERE c.status = 'merged' AND c.size > 1 AND c.rule <> 'decision'
GROUP BY c.cluster_id ORDER BY line
"""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the lane is looked at: a state, its staging, and what opens commitments."""

    state: RunState
    cursor: Cursor
    vault: Words
    reviews: Reviews
    runbook: Runbook | None
    objects: Path

    @classmethod
    def of(cls, core: Core, cursor: Cursor) -> Ground:
        """The ground of an engine."""
        return cls(
            core.state, cursor, core.vault, core.reviews, core.runbook, core.workspace.objects
        )

    @classmethod
    def under(cls, desk: Desk) -> Ground:
        """The ground of a question."""
        view = desk.view
        objects = Workspace(view.workspace).objects
        return cls(view.state, desk.cursor, view, view.reviews, view.runbook, objects)


@dataclass(slots=True)
class Lane:
    """What would merge without a person. ``table``: a row for each cluster of the match; ``out``: those
    on which people have the word."""

    table: pa.Table
    out: frozenset[str]
    names: list[str] | None = field(default=None)
    """The list, once somebody asked for it."""

    @property
    def clusters(self) -> int:
        """How many they are."""
        return int(self.table.num_rows) - len(self.out)

    def lines(self, cursor: Cursor) -> list[str]:
        """The list: a line for each cluster, the pseudonyms of its records."""
        if self.names is None:
            found = cursor.execute(_LINES, {"out": sorted(self.out)}).fetchall()
            self.names = [line for (line,) in found]
        return self.names


def text_of(lines: Iterable[str]) -> bytes:
    """A list as it is kept and hashed."""
    return "".join(f"{line}\n" for line in lines).encode()


def name_of(lines: Iterable[str]) -> str:
    """The SHA-256 of a list."""
    return hashlib.sha256(text_of(lines)).hexdigest()


def kept_lines(objects: Path, sha256: str) -> list[str]:
    """A list that somebody drew from or decided about; empty when it is gone."""
    path = objects / sha256
    return path.read_text().splitlines() if path.is_file() else []


def match_before(state: RunState, step: str = "") -> StepState | None:
    """The match whose clusters ``step`` merges; without a step the last one that is done, else any."""
    if step:
        ids = list(state.steps)
        before = [state.steps[i] for i in ids[: ids.index(step)]]
    else:
        before = list(state.steps.values())
    matches = [one for one in before if one.outline.uses == "match"]
    done = [one for one in matches if one.status is Status.DONE]
    return next(iter([*reversed([] if step else done), *reversed(matches)]), None)


def basis_of(match: StepState) -> str:
    """Digest of what a match rests on beside decisions of people: records and declaration."""
    return sha256_of({name: match.inputs.get(name, "") for name in BASIS})


def last_lot(state: RunState, match: StepState) -> Lot | None:
    """The last sample of what the match rests on now."""
    lot = state.lane.lot(match.id)
    return lot if lot is not None and lot.fact.basis == basis_of(match) else None


def accepted_lots(state: RunState, match: StepState) -> list[Lot]:
    """The samples of a match that were accepted."""
    return [
        lot
        for lot in state.lane.lots.values()
        if lot.fact.step == match.id and result(state, lot) == ACCEPTED
    ]


def uncovered(ground: Ground, match: StepState, lines: Sequence[str]) -> list[str]:
    """The clusters that no accepted sample stands for."""
    covered: set[str] = set()
    for lot in accepted_lots(ground.state, match):
        covered.update(kept_lines(ground.objects, lot.fact.sha256))
    return [line for line in lines if line not in covered]


def covers(ground: Ground, match: StepState, word: LaneWord, lines: Sequence[str]) -> bool:
    """Whether a confirmation is about all that would merge now; it may have been about more."""
    if word.fact.output == match.digest:
        return True
    return set(lines) <= set(kept_lines(ground.objects, word.fact.sha256))


def lane_of(ground: Ground, match: StepState) -> Lane | None:
    """The lane of a match; ``None`` before it is done. Nothing of it is left where somebody closed it."""
    if match.status is not Status.DONE or not columns_of(ground.cursor, "cluster"):
        return None
    state, reviews = ground.state, ground.reviews
    told = brands_told(ground.runbook)
    key = (match.id, match.attempt, match.digest, len(state.erased), told)
    said = (key, len(state.decisions), max(state.taken_back, default=0), state.lane.closed)
    with reviews.looking_at_lane:
        if reviews.lane_key != said or reviews.lane is None:
            same = reviews.lane is not None and reviews.lane_key[:1] == (key,)
            table = reviews.lane.table if same and reviews.lane else _table(ground, match)
            reviews.lane = Lane(table, _spoken_for(ground, match, table))
            reviews.lane_key = said
        return reviews.lane


def _table(ground: Ground, match: StepState) -> pa.Table:
    cursor, runbook = ground.cursor, ground.runbook
    cursor.execute(_MEMBERS)
    parts = [
        _BRAND.format(table=quote(table), owner=owner)
        for table, owned in with_brands(cursor)
        for owner in ((OWN, OWNED) if owned else (OWN,))
    ] or ["SELECT cluster_id, source, record_id, '' AS brand FROM lane_member WHERE false"]
    sources = runbook.sources if runbook is not None else {}
    whole = [(name, brand) for name, one in sources.items() for brand in one.brands]
    cursor.execute(
        _BRANDS.format(own=" UNION ALL ".join(parts)),
        {"sources": [name for name, _b in whole], "brands": [brand for _n, brand in whole]},
    )
    names = ", ".join(map(literal, (*IDENTIFIERS, *_declared(runbook, match))))
    found: pa.Table = cursor.sql(_CLUSTERS.format(identifiers=f"[{names}]")).to_arrow_table()
    for table in ("lane_member", "lane_brand"):
        cursor.execute(f"DROP TABLE temp.{table}")
    return found


def _declared(runbook: Runbook | None, match: StepState) -> list[str]:
    """Fields that the runbook has compared as numbers of one person."""
    spec = runbook.step(match.id) if runbook is not None else None
    fields: dict[str, Any] = dict(getattr(spec.with_, "fields", {})) if spec is not None else {}
    return [name for name, how in fields.items() if how == "identifier"]


def _spoken_for(ground: Ground, match: StepState, table: pa.Table) -> frozenset[str]:
    """The clusters on which people have the word: they tie all of its records, or set two apart."""
    if match.id in ground.state.lane.closed:
        return frozenset(table["cluster_id"].to_pylist())
    words = (
        *settled(ground.vault, ground.cursor, ground.state),
        *doubted(ground.vault, ground.cursor, ground.state),
    )
    if not words:
        return frozenset()
    columns = {
        "sa": [w.source_a for w in words],
        "ra": [w.record_a for w in words],
        "sb": [w.source_b for w in words],
        "rb": [w.record_b for w in words],
        "word": [w.decision for w in words],
    }
    ground.cursor.register("lane_said", pa.table(columns))
    rows = ground.cursor.execute(_SPOKEN).fetchall()
    ground.cursor.unregister("lane_said")
    said: dict[str, list[tuple[tuple[str, str], tuple[str, str], str]]] = {}
    for cluster, sa, ra, sb, rb, word in rows:
        said.setdefault(cluster, []).append(((sa, ra), (sb, rb), word))
    sizes = _sizes(table, said)
    return frozenset(c for c, of in said.items() if c in sizes and _settles(of, sizes[c]))


def _sizes(table: pa.Table, wanted: Iterable[str]) -> dict[str, int]:
    asked = set(wanted)
    pairs = zip(table["cluster_id"].to_pylist(), table["size"].to_pylist(), strict=True)
    return {cluster: size for cluster, size in pairs if cluster in asked}


def _settles(said: Iterable[tuple[tuple[str, str], tuple[str, str], str]], size: int) -> bool:
    """Whether words on pairs of a cluster of ``size`` records settle it."""
    group: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for a, b, word in said:
        if word != "merge":
            return True
        joined = group.get(a, {a}) | group.get(b, {b})
        group.update(dict.fromkeys(joined, joined))
    return any(len(each) == size for each in group.values())
