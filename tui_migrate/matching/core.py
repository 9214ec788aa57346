"""One match from input relation to output tables, and the explanation of one of its pairs."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import duckdb

from tui_migrate.matching import afresh, kept
from tui_migrate.matching.blocking import BlockReport, DroppedKey, block
from tui_migrate.matching.clustering import cluster
from tui_migrate.matching.comparing import LEVELED_DDL, compare_names, prepare_names
from tui_migrate.matching.contacts import compare_contacts, find_owners
from tui_migrate.matching.deciding import certain_edges, decide
from tui_migrate.matching.declared import number_values
from tui_migrate.matching.keys import rule_names
from tui_migrate.matching.model import FrozenModel, Weights
from tui_migrate.matching.normalise import normalise
from tui_migrate.matching.patterns import Layout
from tui_migrate.matching.rarity import Rarity, fit_rarity, use_rarity
from tui_migrate.matching.schema import count, create_tables, drop_scratch, quoted
from tui_migrate.matching.scoring import breakdown, find_patterns, fit, score
from tui_migrate.matching.settings import MatchSettings

Progress = Callable[[int, int], None]
STAGES = 7
#: So many candidates are compared at a time; their ranges end at multiples of `STRIDE` records.
BATCH_PAIRS, STRIDE = 2_000_000, 256

#: One row is one candidate pair of a batch.
BATCH_SQL = """
CREATE OR REPLACE TEMP TABLE mt_batch AS SELECT a, b FROM mt_pair WHERE a >= {first} AND a < {end}"""

#: What is shown of a pair is worked out once for all that agree alike. One row is such an agreement, or
#: a set of keys.
SHOWN_SQL = """
CREATE OR REPLACE TEMP TABLE mt_shown AS
SELECT pattern, rare, {breakdown} AS weights
FROM (SELECT DISTINCT pattern, rare FROM mt_judged) j JOIN mt_sum s USING (pattern)"""
NAMED_RULES_SQL = """
CREATE OR REPLACE TEMP TABLE mt_named_rules AS
SELECT rules, list_filter([{rules}], lambda name, i: (rules >> (i - 1)::INTEGER) & 1 = 1) AS names
FROM (SELECT DISTINCT rules FROM mt_judged)"""

#: One row is one pair of band auto or review, or below it down to `keep_from`.
WRITE_PAIRS_SQL = """
INSERT INTO pair
SELECT $1, $2, $3, x.source, x.record_id, y.source, y.record_id,
    j.weight, round(j.probability, 9), j.band, j.reason, n.names, s.weights, j.decision, j.decided_by
FROM mt_judged j JOIN mt_head x ON x.uid = j.a JOIN mt_head y ON y.uid = j.b
JOIN mt_shown s ON s.pattern = j.pattern AND s.rare = j.rare JOIN mt_named_rules n USING (rules)
ORDER BY j.a, j.b"""

#: One row is one record.
WRITE_CLUSTERS_SQL = """
INSERT INTO cluster
SELECT $1, $2, $3, r.source, r.record_id,
    left(sha256(concat(head.source, chr(31), head.record_id)), 32),
    c.size, c.status, c.rule
FROM mt_cluster c JOIN mt_record r USING (uid) JOIN mt_record head ON head.uid = c.component
ORDER BY r.uid"""

FIGURES_SQL = """
SELECT 'records', count(*) FROM mt_record
UNION ALL SELECT 'persons', count(*) FROM mt_record WHERE kind = 'person'
UNION ALL SELECT 'organisations', count(*) FROM mt_record WHERE kind = 'organisation'
UNION ALL SELECT 'links', count(*) FROM mt_link
UNION ALL SELECT 'decisions', count(*) FROM mt_decision
UNION ALL SELECT 'pairs_' || band, count(*) FROM mt_judged GROUP BY band
UNION ALL SELECT 'clusters_' || status, count(DISTINCT component) FROM mt_cluster GROUP BY status
UNION ALL SELECT 'records_' || status, count(*) FROM mt_cluster GROUP BY status"""

FIGURES = (
    "records", "persons", "organisations", "candidate_pairs", "links", "decisions",
    "pairs_auto", "pairs_review", "pairs_below",
    "clusters_single", "clusters_merged", "clusters_review",
    "records_single", "records_merged", "records_review",
)  # fmt: skip

#: Scratch tables that live to the end; the others go when their stage is over, to save memory.
KEPT = frozenset(
    {"mt_record", "mt_first", "mt_pair", "mt_link", "mt_decision", "mt_doubt", "mt_asked_again"}
)


@dataclass(frozen=True)
class MatchReport:
    """What a match did: counts by name (see FIGURES), keys that were dropped, the model used."""

    figures: dict[str, int]
    dropped_keys: tuple[DroppedKey, ...]
    model: FrozenModel


def compare(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> None:
    """Fill `mt_compared`: one row per candidate pair with its pattern of levels.

    In batches of candidates, so that what a comparison needs beside the narrow tables of pairs is
    bounded, whatever their number. What a shared contact point is worth follows from the names of all
    who share it: that is worked out between the two passes.
    """
    layout = Layout(settings.field_names)
    cur.execute(LEVELED_DDL.format(table="mt_compared"))
    for first, end in know_owners(cur, settings):
        cur.execute(BATCH_SQL.format(first=first, end=end))
        compare_contacts(cur, "mt_batch", layout, first, end)
    cur.execute("DROP VIEW mt_names")
    cur.execute("DROP TABLE mt_name_level")
    layout.view(cur, "mt_level", "mt_compared")


def know_owners(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> list[tuple[int, int]]:
    """The first pass: compare the names of all candidates (`mt_name_level`, and `mt_names` with a column
    for each level), and work out whose each contact point is. The batches of candidates."""
    cur.execute(LEVELED_DDL.format(table="mt_name_level"))
    prepare_names(cur)
    batches = _batches(cur)
    for first, end in batches:
        cur.execute(BATCH_SQL.format(first=first, end=end))
        compare_names(cur, "mt_batch", "mt_name_level", settings)
    Layout(settings.field_names).view(cur, "mt_names", "mt_name_level")
    find_owners(cur, identifier_names=settings.identifier_names, cap=settings.cap)
    return batches


def _batches(cur: duckdb.DuckDBPyConnection) -> list[tuple[int, int]]:
    """Ranges of `a` (first, end) with about `BATCH_PAIRS` candidates each; one at least."""
    counted = cur.execute(
        f"SELECT a // {STRIDE} AS place, count(*) FROM mt_pair GROUP BY place ORDER BY place"
    ).fetchall()
    ranges, first, held = [], 0, 0
    for place, pairs in counted:
        if held and held + pairs > BATCH_PAIRS:
            ranges.append((first, place * STRIDE))
            first, held = place * STRIDE, 0
        held += pairs
    return [*ranges, (first, 2**31 - 1)]


def match(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    links: str,
    decisions: str,
    settings: MatchSettings,
    *,
    model: FrozenModel | None = None,
    learned: Weights | None = None,
    step: str,
    attempt: int,
    unit: str,
    keep: bool = False,
    progress: Progress | None = None,
    by_itself: bool = True,
) -> MatchReport:
    """Match the records of `relation` and append to the tables `pair` and `cluster`.

    relation, links, decisions: names of tables or views (see the package docstring).
    model: a frozen model to score with; None fits one to this data, with `settings`. A model
        brings its own settings, so that a later delivery is judged as the first was.
    learned: what decisions taught (see ``learning``), for a model that is fitted here.
    step, attempt, unit: written into every row.
    keep: leave what the next match with this model needs to compare only what has changed by then,
        and use what the last one left (see `kept`). What is found is the same.
    progress: called with (stages done, stages in all).
    by_itself: False leaves to people whatever would merge without them.

    The rows are a function of the inputs alone: not of their order, nor of threads or clock.
    Works in the caller's transaction, on temporary tables that are gone afterwards. Raises
    MatchInputError if the relation breaks its contract.
    """
    tell = progress or (lambda _done, _total: None)
    used = model.settings if model else settings
    create_tables(cur)
    try:
        placeholders, rarity = read_records(cur, relation, used, model)
        certain_edges(cur, quoted(links), quoted(decisions))
        tell(1, STAGES)
        if keep:
            kept.digest_records(cur, relation, used)
        changes = bool(keep and model and kept.is_of(cur, model) and afresh.find_changes(cur))
        blocked = _block(cur, used, changes, keep)
        tell(2, STAGES)
        compare(cur, used)
        if changes:
            afresh.take_standing(cur, used)
        tell(3, STAGES)
        find_patterns(cur, used)
        frozen = model or replace(fit(cur, used, placeholders, rarity), learned=learned or {})
        tell(4, STAGES)
        drop_scratch(cur, keep=KEPT | {"mt_compared", "mt_pattern", "mt_known"})
        score(cur, frozen, math.log2(used.keep_from / (1 - used.keep_from)))
        if keep:
            kept.keep_pairs(cur)
            kept.keep_basis(cur, frozen, blocked.pairs)
        decide(cur, frozen, by_itself)
        drop_scratch(cur, keep=KEPT | {"mt_judged", "mt_sum"})
        tell(5, STAGES)
        cluster(cur, used.max_cluster, by_itself)
        tell(6, STAGES)
        report = _write(cur, frozen, blocked, [step, attempt, unit])
        tell(7, STAGES)
        return report
    finally:
        # After an interrupt the transaction is void, and with it the scratch tables: the error
        # that caused it is the one to show.
        with suppress(duckdb.Error):
            drop_scratch(cur)


def read_records(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    settings: MatchSettings,
    model: FrozenModel | None = None,
) -> tuple[tuple[str, ...], dict[str, Rarity]]:
    """Fill `mt_record` and what hangs on it; what counts as no value, and how rare values are: as the
    model has it, or of these records."""
    placeholders = normalise(cur, relation, model.placeholders if model else None, settings.preset)
    number_values(cur, relation, settings.declared_fields)
    rarity = model.rarity if model else fit_rarity(cur)
    use_rarity(cur, rarity)
    return placeholders, rarity


def _block(
    cur: duckdb.DuckDBPyConnection, settings: MatchSettings, changes: bool, keep: bool
) -> BlockReport:
    """Fill `mt_pair` with all candidates, or with those of what changed alone."""
    if changes:
        return afresh.block_changes(cur, settings)
    blocked = block(cur, settings.keys, settings.cap)
    if keep:
        kept.keep_all(cur, settings.keys)
    return blocked


def _write(
    cur: duckdb.DuckDBPyConnection, model: FrozenModel, blocked: BlockReport, labels: list[object]
) -> MatchReport:
    rules = ", ".join(f"'{name}'" for name in rule_names(model.settings.keys))
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE mt_head AS SELECT uid, source, record_id FROM mt_record"
    )
    cur.execute(SHOWN_SQL.format(breakdown=breakdown()))
    cur.execute(NAMED_RULES_SQL.format(rules=rules))
    cur.execute(WRITE_PAIRS_SQL, labels)
    cur.execute(WRITE_CLUSTERS_SQL, labels)
    found = dict(cur.execute(FIGURES_SQL).fetchall())
    figures = {name: int(found.get(name, 0)) for name in FIGURES}
    figures["candidate_pairs"] = blocked.pairs
    figures["dropped_keys"] = len(blocked.dropped)
    return MatchReport(figures, blocked.dropped, model)


def records_total(cur: duckdb.DuckDBPyConnection, relation: str) -> int:
    """How many records of `relation` a match would take."""
    return count(
        cur,
        f"SELECT count(*) FROM {quoted(relation)} WHERE kind IN ('person', 'organisation')",
    )
