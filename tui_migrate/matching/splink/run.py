"""Score the pairs of this folder with Splink 5, on DuckDB or on Spark: ``python run.py --on spark``.

Needs the packages splink (version 5) and, for Spark, pyspark (4) with Java 17 or later. Nothing is
fetched: the JAR with the functions that Spark lacks lies inside the package splink. For each
``KIND.parquet`` it writes ``KIND.pairs.parquet`` into the same folder (Spark: a folder of parts), with
the columns of ``tui-migrate export pairs``: source_a, record_a, source_b, record_b, weight, probability.
``--conf KEY=VALUE`` sets what spark-submit would; started by spark-submit it takes that session.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from splink import DuckDBAPI, Linker

# One row is one name and how often it counts as occurring.
FREQUENCY = (
    "SELECT DISTINCT {name}, frequency_{name} AS tf_{name} FROM {kind} WHERE {name} IS NOT NULL"
)


def predict(
    api: Any, query: Callable[[str], Any], folder: Path, kind: str, backend: str, least: float
) -> str:
    """Score the pairs of the view ``kind``; the name of Splink's table of them.

    query: an SQL statement → a table that Splink can register. least: bits from which a pair is kept;
    what follows only takes away.
    """
    settings = json.loads((folder / f"{kind}.{backend}.json").read_text())
    linker = Linker(api.register(kind), settings)
    for comparison in settings["comparisons"]:
        levels = comparison["comparison_levels"]
        for name in {one.get("tf_adjustment_column") for one in levels} - {None}:
            table = api.register(query(FREQUENCY.format(name=name, kind=kind)))
            linker.table_management.register_term_frequency_lookup(table, name)
    return str(linker.inference.predict(threshold_match_weight=least).physical_name)


def on_duckdb(folder: Path, kinds: dict[str, float]) -> None:
    """The pairs by DuckDB."""
    import duckdb

    connection = duckdb.connect()
    for kind, least in kinds.items():
        records = str(folder / f"{kind}.parquet").replace("'", "''")
        connection.execute(f"CREATE TABLE {kind} AS FROM read_parquet('{records}')")
        api = DuckDBAPI(connection=connection)
        found = predict(api, connection.sql, folder, kind, "duckdb", least)
        connection.execute(f"CREATE OR REPLACE TEMP VIEW predicted AS FROM {found}")
        judged = (folder / f"{kind}.relatives.sql").read_text()
        into = str(folder / f"{kind}.pairs.parquet").replace("'", "''")
        connection.execute(f"COPY ({judged}) TO '{into}' (FORMAT parquet)")


def on_spark(folder: Path, kinds: dict[str, float], conf: list[str]) -> None:
    """The pairs by Spark. conf: settings of the session, as KEY=VALUE."""
    from pyspark.sql import SparkSession
    from splink.backends.spark import SparkAPI, similarity_jar_location

    backend: Any = SparkAPI
    builder = SparkSession.builder.config("spark.jars", similarity_jar_location())
    for one in conf:
        key, _equals, value = one.partition("=")
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    for kind, least in kinds.items():
        spark.read.parquet(str(folder / f"{kind}.parquet")).createOrReplaceTempView(kind)
        api = backend(spark_session=spark, break_lineage_method="persist")
        found = predict(api, spark.sql, folder, kind, "spark", least)
        spark.table(found).createOrReplaceTempView("predicted")
        judged = spark.sql((folder / f"{kind}.relatives.sql").read_text())
        judged.write.mode("overwrite").parquet(str(folder / f"{kind}.pairs.parquet"))
    spark.stop()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--on", choices=("duckdb", "spark"), default="duckdb")
    parser.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE")
    asked = parser.parse_args()
    folder = Path(__file__).resolve().parent
    said = json.loads((folder / "export.json").read_text())["kinds"]
    kinds = {kind: float(one["least_weight"]) for kind, one in said.items()}
    if asked.on == "spark":
        on_spark(folder, kinds, asked.conf)
    else:
        on_duckdb(folder, kinds)


if __name__ == "__main__":
    main()
