"""``python -m benchmarks.matching.splink_peer RECORDS OUT [--tight]``: the same records with Splink 5.

Comparisons from Splink's own library, with term frequencies, as its documentation shows them; u from
random pairs, m by expectation maximisation on blocks that say little about households (a block on
postcode and house number trains it on households: MATCHING). Writes what ``own`` writes.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import duckdb
import splink.comparison_library as library
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from benchmarks.matching.own import KEEP
from benchmarks.matching.peers import PEER_MEMORY, Measured, connect

Rules = tuple[tuple[str, ...], ...]
CLUSTERED_FROM = 0.95
SEED = 7

# One row is one record as Splink compares it: in small letters, one e-mail address and one number.
_PREPARED = """
CREATE TABLE record AS SELECT uid,
  nullif(lower(strip_accents(trim(coalesce(first_name, left(initials, 1)), ' .'))), '') AS first_name,
  nullif(lower(strip_accents(trim(family_name))), '') AS family_name,
  birth_date::VARCHAR AS birth_date,
  nullif(regexp_replace(lower(strip_accents(street)), '[^a-z]', '', 'g'), '') AS street,
  nullif(regexp_extract(house_number, '^[0-9]+'), '') AS house_number,
  nullif(replace(upper(postcode), ' ', ''), '') AS postcode,
  nullif(lower(strip_accents(town)), '') AS town,
  nullif(lower(trim(emails[1])), '') AS email,
  nullif(right(regexp_replace(phones[1], '[^0-9]', '', 'g'), 9), '') AS phone,
  number
FROM read_parquet('{records}')
"""

COMPARED: dict[str, Any] = {
    "first_name": library.JaroWinklerAtThresholds("first_name", [0.92, 0.85]).configure(
        term_frequency_adjustments=True
    ),
    "family_name": library.JaroWinklerAtThresholds("family_name", [0.92, 0.85]).configure(
        term_frequency_adjustments=True
    ),
    "birth_date": library.DamerauLevenshteinAtThresholds("birth_date", [1, 2]),
    "street": library.JaroWinklerAtThresholds("street", [0.9, 0.8]),
    "house_number": library.DamerauLevenshteinAtThresholds("house_number", [1]),
    "postcode": library.DamerauLevenshteinAtThresholds("postcode", [1]).configure(
        term_frequency_adjustments=True
    ),
    "email": library.DamerauLevenshteinAtThresholds("email", [1]).configure(
        term_frequency_adjustments=True
    ),
    "phone": library.DamerauLevenshteinAtThresholds("phone", [1]),
    "number": library.DamerauLevenshteinAtThresholds("number", [1, 2]),
}
BLOCKS = (
    ("number",),
    ("email",),
    ("phone",),
    ("postcode", "house_number"),
    ("street", "house_number"),
    ("family_name", "birth_date"),
    ("first_name", "birth_date"),
    ("family_name", "first_name"),
    ("birth_date", "postcode"),
    ("first_name", "postcode"),
    ("family_name", "house_number"),
)
TIGHT = (
    ("number",),
    ("email",),
    ("phone",),
    ("postcode", "house_number", "street"),
    ("street", "house_number", "town"),
    ("family_name", "birth_date"),
    ("first_name", "birth_date"),
    ("birth_date", "postcode"),
    ("family_name", "first_name", "postcode"),
    ("family_name", "first_name", "town"),
    ("family_name", "postcode", "house_number"),
    ("first_name", "postcode", "house_number"),
)
"""For many records: Splink has no limit to a block, and the blocks of ``BLOCKS`` grow with the square.
Of a million persons those bring 516 million pairs together, these 20 million, with .03 less of the true
pairs."""
SURE = (("number",), ("email", "first_name"), ("family_name", "first_name", "birth_date"))
"""Rules of which the prior comes: few wrong pairs pass them."""
TRAINED_ON = (("first_name", "family_name"), ("birth_date",))
TRAINED_ON_TIGHT = (("first_name", "family_name", "town"), ("birth_date",))
"""Of a million persons 118 million pairs share first and family name."""


def run(records: Path, out: Path, rules: Rules = BLOCKS, trained_on: Rules = TRAINED_ON) -> None:
    """Link, measured; what was found goes to ``out``."""
    logging.disable(logging.WARNING)
    connection = connect(out, PEER_MEMORY)
    connection.execute(_PREPARED.format(records=records))
    present = _present(connection)
    with Measured() as measured:
        api = DuckDBAPI(connection=connection)
        blocks = [rule for rule in rules if present.issuperset(rule)]
        linker = Linker(api.register("record"), _settings(present, blocks), log_level=logging.ERROR)
        training = linker.training
        sure: Any = [block_on(*rule) for rule in SURE if present.issuperset(rule)]
        training.estimate_probability_two_random_records_match(sure, recall=0.7)
        training.estimate_u_using_random_sampling(max_pairs=2e6, seed=SEED)
        for rule in trained_on:
            training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
        found = linker.inference.predict(threshold_match_probability=KEEP)
        joined = linker.clustering.cluster_pairwise_predictions_at_threshold(
            found, threshold_match_probability=CLUSTERED_FROM
        )
    measured.write(out / "figures.json")
    connection.execute(
        "COPY (SELECT uid_l AS a, uid_r AS b, match_probability AS probability"
        f" FROM {found.physical_name}) TO '{out / 'pairs.parquet'}' (FORMAT parquet)"
    )
    connection.execute(
        f"COPY (SELECT uid, cluster_id::VARCHAR AS cluster FROM {joined.physical_name})"
        f" TO '{out / 'clusters.parquet'}' (FORMAT parquet)"
    )
    blocked = " UNION ".join(
        f"SELECT x.uid AS a, y.uid AS b FROM record x JOIN record y USING ({', '.join(rule)})"
        " WHERE x.uid < y.uid"
        for rule in blocks
    )
    connection.execute(f"COPY ({blocked}) TO '{out / 'blocked.parquet'}' (FORMAT parquet)")


def _present(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Columns that hold something."""
    counts = ", ".join(f"count({name})" for name in COMPARED)
    row = connection.execute(f"SELECT {counts} FROM record").fetchall()[0]
    return {name for name, filled in zip(COMPARED, row, strict=True) if filled}


def _settings(present: set[str], blocks: list[tuple[str, ...]]) -> SettingsCreator:
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="uid",
        comparisons=[comparison for name, comparison in COMPARED.items() if name in present],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in blocks],
        retain_matching_columns=False,
    )


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")]
    if "--tight" in sys.argv:
        run(paths[0], paths[1], TIGHT, TRAINED_ON_TIGHT)
    else:
        run(paths[0], paths[1])
