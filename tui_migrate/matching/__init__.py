"""Matching: which source records are the same person or organisation?

A library over a DuckDB cursor. Input is three relations (any may be empty, any column all NULL):

- records: one row per source record (`schema.RECORD_COLUMNS`), unique by (source, record_id);
- links (source_a, record_a, source_b, record_b, rule): certain edges;
- decisions (source_a, record_a, source_b, record_b, decision): 'merge' or 'different', made by
  people; an optional column decided_by is passed on. 'unsure' keeps two from merging by themselves;
  'again' asks of two that were merged and are not what they were, however probable they are.

`match` appends to the tables `pair` and `cluster` (see `schema`); `explain` shows one pair. The
stages — normalise, block, compare, fit, score, decide, cluster — are functions over scratch tables
of the same cursor.
"""

from tui_migrate.matching.blocking import BlockReport, DroppedKey, block
from tui_migrate.matching.clustering import cluster
from tui_migrate.matching.core import FIGURES, MatchReport, compare, match, records_total
from tui_migrate.matching.deciding import decide
from tui_migrate.matching.explaining import FieldWeight, explain, reason_text
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.normalise import normalise
from tui_migrate.matching.schema import MatchInputError, create_tables
from tui_migrate.matching.scoring import fit, score
from tui_migrate.matching.settings import MatchSettings

__all__ = [
    "FIGURES",
    "BlockReport",
    "DroppedKey",
    "FieldWeight",
    "FrozenModel",
    "MatchInputError",
    "MatchReport",
    "MatchSettings",
    "block",
    "cluster",
    "compare",
    "create_tables",
    "decide",
    "explain",
    "fit",
    "match",
    "normalise",
    "reason_text",
    "records_total",
    "score",
]
