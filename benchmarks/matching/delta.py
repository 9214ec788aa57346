"""``python -m benchmarks.matching.delta [PERSONS]``: a match after a delta beside a match of everything.

Of the generator's records (default: of 100,000 persons) half a percent comes later and half a percent
changes: one in four of these an e-mail address, a phone number, a house number or a first name. Both
matches use the model of the first one, and have to find the same pairs and clusters.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import duckdb

from benchmarks import workload
from benchmarks.matching import data
from benchmarks.matching.own import prepare, settings_for
from tui_migrate.matching import FrozenModel, MatchReport, match

# One row is one record with its place in a fixed shuffled order, from 0 to 9,999.
_SHUFFLED = """
CREATE TABLE shuffled AS
SELECT *, (hash(source, record_id) % 10000)::INTEGER AS place FROM person
"""
_BEFORE = (
    "CREATE OR REPLACE TABLE person AS SELECT * EXCLUDE (place) FROM shuffled WHERE place >= 50"
)
_AFTER = """
CREATE OR REPLACE TABLE person AS SELECT * EXCLUDE (place) REPLACE (
  CASE WHEN place BETWEEN 50 AND 99 AND place % 4 = 0 THEN ['new' || record_id || '@mail.example']
       ELSE emails END AS emails,
  CASE WHEN place BETWEEN 50 AND 99 AND place % 4 = 1 THEN ['06' || right('1' || hash(record_id), 8)]
       ELSE phones END AS phones,
  CASE WHEN place BETWEEN 50 AND 99 AND place % 4 = 2 THEN '7' ELSE house_number END AS house_number,
  CASE WHEN place BETWEEN 50 AND 99 AND place % 4 = 3 THEN 'Toos' ELSE first_name END AS first_name)
FROM shuffled
"""


def _matched(
    connection: duckdb.DuckDBPyConnection, records: Path, model: FrozenModel | None, *, keep: bool
) -> tuple[MatchReport, float, int]:
    """A match into empty tables: its report, processor seconds, and a digest of what it found."""
    for name in ("pair", "cluster"):
        connection.execute(f"DROP TABLE IF EXISTS {name}")
    began = time.process_time()
    report = match(
        connection, "person", "link", "decision", settings_for(records, general=False),
        model=model, keep=keep, step="match", attempt=1, unit="match",
    )  # fmt: skip
    spent = time.process_time() - began
    found = [
        connection.execute(f"SELECT coalesce(bit_xor(hash(t)), 0) FROM {name} t").fetchall()[0][0]
        for name in ("pair", "cluster")
    ]
    return report, spent, found[0] ^ found[1]


def main() -> int:
    """Measure, print; 1 if the two matches do not find the same."""
    persons = int(sys.argv[1]) if sys.argv[1:] else 100_000
    records = data.generated(persons)
    with tempfile.TemporaryDirectory(prefix="delta-", dir=workload.cache()) as folder:
        connection = prepare(records, Path(folder))
        connection.execute(_SHUFFLED)
        connection.execute(_BEFORE)
        first, first_kept_s, _found = _matched(connection, records, None, keep=True)
        model = FrozenModel.from_json(first.model.to_json())
        connection.execute(_AFTER)
        few, few_s, found = _matched(connection, records, model, keep=True)
        every, every_s, whole = _matched(connection, records, model, keep=False)
    rows = [
        ("first match, model fitted", first.figures["records"], first, first_kept_s),
        ("everything, frozen model", every.figures["records"], every, every_s),
        ("what changed, frozen model", few.figures["records"], few, few_s),
    ]
    print("| match | records | pairs compared | busy s |\n|---|---:|---:|---:|")
    for name, number, report, spent in rows:
        print(f"| {name} | {number:,} | {report.figures['candidate_pairs']:,} | {spent:.1f} |")
    print(f"\nratio {few_s / every_s:.2f}; found the same: {found == whole}")
    return 0 if found == whole else 1


if __name__ == "__main__":
    sys.exit(main())
