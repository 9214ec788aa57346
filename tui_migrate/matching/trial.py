"""A refitted model on trial: what it would change, before anybody takes it.

The records are compared once; the model in force and the refitted one each score, decide and cluster
them. Nothing is written: all tables are scratch tables of the cursor.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import duckdb

from tui_migrate.matching.blocking import block
from tui_migrate.matching.clustering import cluster
from tui_migrate.matching.core import KEPT, compare
from tui_migrate.matching.deciding import certain_edges, decide
from tui_migrate.matching.declared import number_values
from tui_migrate.matching.learning import (
    Decided,
    Pair,
    Precision,
    agreeing,
    precision,
    refit,
    surprise,
    tried,
    weigh,
)
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.normalise import normalise
from tui_migrate.matching.rarity import use_rarity
from tui_migrate.matching.schema import drop_scratch, quoted
from tui_migrate.matching.scoring import find_patterns, score

#: One row is one pattern and weight of pairs that nobody decided or linked, with how many there are.
#: Weights are rounded to half a bit: the rest makes no difference beside the decisions.
HELD_SQL = """
SELECT {levels}, p.kind, round(s.weight * 2) / 2 AS weight, count(*)::DOUBLE AS pairs
FROM mt_scored s JOIN mt_pattern p USING (pattern) LEFT JOIN mt_judged j ON j.a = s.a AND j.b = s.b
WHERE s.weight >= {floor} AND coalesce(j.band, 'below') <> 'review'
  AND coalesce(j.reason, '') NOT IN ('decision', 'link')
GROUP BY ALL ORDER BY ALL"""

#: Pairs that are less probable than one in a hundred tell of nothing that anybody is asked.
FLOOR = math.log2(0.01 / 0.99)

#: One row is one pair on which a person has the word.
DECIDED_SQL = """
SELECT {levels}, p.kind, j.weight, j.decision = 'merge' AS same
FROM mt_judged j JOIN mt_pattern p USING (pattern) WHERE j.decision IS NOT NULL ORDER BY ALL"""

#: One row is one pair; which record stands in which group.
KEEP_SQL = (
    "CREATE OR REPLACE TEMP TABLE trial_pair_{which} AS SELECT a, b, band, decision FROM mt_judged",
    "CREATE OR REPLACE TEMP TABLE trial_cluster_{which} AS SELECT uid, status,"
    " CASE WHEN status = 'merged' THEN component ELSE uid END AS profile FROM mt_cluster",
)

#: One row is a way from one band into another, with how many undecided pairs take it. A pair that is
#: not kept is in none: below.
MOVED_SQL = """
SELECT coalesce(x.band, 'below'), coalesce(y.band, 'below'), count(*)
FROM trial_pair_before x FULL JOIN trial_pair_after y ON x.a = y.a AND x.b = y.b
WHERE coalesce(x.decision, y.decision) IS NULL AND coalesce(x.band, 'below') <> coalesce(y.band, 'below')
GROUP BY 1, 2 ORDER BY 1, 2"""

#: One row: how many pairs and groups there are of each sort.
TOTALS_SQL = """
SELECT (SELECT count(*) FROM trial_pair_{which} WHERE band = 'auto'),
  (SELECT count(*) FROM trial_pair_{which} WHERE band = 'review' AND decision IS NULL),
  (SELECT count(DISTINCT profile) FROM trial_cluster_{which}),
  (SELECT count(*) FROM trial_cluster_{which} WHERE status = 'merged')"""
TOTALS = ("merging pairs", "pairs to review", "profiles", "merged records")

#: One row: records that would stand with others than they do. A group is named by its smallest record.
REGROUPED_SQL = """
WITH grouped AS (SELECT uid, x.profile AS one, y.profile AS other
  FROM trial_cluster_before x JOIN trial_cluster_after y USING (uid)),
same AS (SELECT one, other, count(*) AS n FROM grouped GROUP BY ALL)
SELECT count(*) FROM grouped g JOIN same s USING (one, other)
WHERE s.n <> (SELECT count(*) FROM grouped h WHERE h.one = g.one)
   OR s.n <> (SELECT count(*) FROM grouped h WHERE h.other = g.other)"""


@dataclass(frozen=True, slots=True)
class Trial:
    """A refitted model and what it would change.

    decided, same: pairs on which a person has the word, and how many of them are one person.
    moved: (band, band) → undecided pairs that would go from the one to the other. before, after: counts
    by the names of ``TOTALS``. regrouped: records whose profile would have other records.
    agreeing: decided pairs that each model holds for what people say; surprise: mean bits (log-loss);
    precision: of decided pairs from ``auto_from`` on. Each before and after, where "before" is the
    model as it was fitted, without anything learned, and "after" is judged by decisions that the
    model was not fitted to (see ``learning.tried``).
    """

    model: FrozenModel
    decided: int
    same: int
    moved: dict[tuple[str, str], int]
    before: dict[str, int]
    after: dict[str, int]
    regrouped: int
    agreeing: tuple[int, int]
    surprise: tuple[float, float]
    precision: tuple[Precision, Precision]


def on_trial(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    links: str,
    decisions: str,
    model: FrozenModel,
    *,
    forget: bool = False,
    by_itself: bool = True,
) -> Trial:
    """Refit ``model``, by which these records were matched, to the decisions, and try what comes out.

    relation, links, decisions, by_itself: as for ``match``. forget: try the model without
    anything learned instead. Takes about as long as the match did; works on temporary tables, which
    are gone afterwards.
    """
    kept = KEPT | {"mt_compared", "mt_pattern"}
    settings = model.settings
    try:
        normalise(cur, relation, model.placeholders, settings.preset)
        number_values(cur, relation, settings.declared_fields)
        use_rarity(cur, model.rarity)
        certain_edges(cur, quoted(links), quoted(decisions))
        block(cur, settings.keys, settings.cap)
        compare(cur, settings)
        find_patterns(cur, settings)
        drop_scratch(cur, keep=kept)
        _matched(cur, model, "before", by_itself)
        decided, held = _learned_from(cur, model)
        drop_scratch(cur, keep=kept)
        after = refit(model, [] if forget else decided, held)
        _matched(cur, after, "after", by_itself)
        return _compared(cur, model, after, decided, held)
    finally:
        with suppress(duckdb.Error):
            drop_scratch(cur)
            for which in ("before", "after"):
                for what in ("pair", "cluster"):
                    cur.execute(f"DROP TABLE IF EXISTS temp.trial_{what}_{which}")


def _matched(
    cur: duckdb.DuckDBPyConnection, model: FrozenModel, which: str, by_itself: bool
) -> None:
    score(cur, model, FLOOR)
    decide(cur, model, by_itself)
    cluster(cur, model.settings.max_cluster, by_itself)
    for sql in KEEP_SQL:
        cur.execute(sql.format(which=which))


def _learned_from(
    cur: duckdb.DuckDBPyConnection, model: FrozenModel
) -> tuple[list[Decided], list[Pair]]:
    names = {
        field.name: tuple(level.name for level in field.levels)
        for kind in model.settings.fields
        for field in model.settings.weighed(kind)
    }
    columns = ", ".join(f"p.{name}" for name in names)

    def levels(row: tuple[Any, ...]) -> dict[str, str]:
        found = zip(names.items(), row, strict=False)
        return {name: of[number - 1] for (name, of), number in found if number}

    count = len(names)
    decided = [
        Decided(Pair(row[count], levels(row), row[count + 1]), bool(row[count + 2]))
        for row in cur.execute(DECIDED_SQL.format(levels=columns)).fetchall()
    ]
    held = [
        Pair(row[count], levels(row), row[count + 1], row[count + 2])
        for row in cur.execute(HELD_SQL.format(levels=columns, floor=FLOOR)).fetchall()
    ]
    return decided, held


def _compared(
    cur: duckdb.DuckDBPyConnection,
    model: FrozenModel,
    after: FrozenModel,
    decided: list[Decided],
    held: list[Pair],
) -> Trial:
    plain, judged = tried(model, decided, held)
    if not after.learned:
        judged = [Decided(weigh(model, after, one.pair), one.same) for one in decided]
    threshold = model.settings.auto_from
    totals = {
        which: dict(
            zip(TOTALS, cur.execute(TOTALS_SQL.format(which=which)).fetchall()[0], strict=True)
        )
        for which in ("before", "after")
    }
    return Trial(
        model=after,
        decided=len(decided),
        same=sum(one.same for one in decided),
        moved={(one, other): n for one, other, n in cur.execute(MOVED_SQL).fetchall()},
        before=totals["before"],
        after=totals["after"],
        regrouped=int(cur.execute(REGROUPED_SQL).fetchall()[0][0]),
        agreeing=(agreeing(plain), agreeing(judged)),
        surprise=(surprise(plain), surprise(judged)),
        precision=(precision(plain, threshold), precision(judged, threshold)),
    )
