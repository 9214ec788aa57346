"""``python -m benchmarks.matching.own RECORDS OUT``: match with the shipped settings, or with those that
a runbook would declare for records from elsewhere (``--general``).

Writes OUT/pairs.parquet (a, b, probability), OUT/clusters.parquet (uid, cluster) and OUT/figures.json;
with ``--blocked`` only OUT/blocked.parquet (a, b): the pairs that blocking brings together.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.matching.peers import Measured, connect
from tui_migrate.matching import MatchSettings, block, create_tables, match, normalise
from tui_migrate.matching.deciding import certain_edges
from tui_migrate.matching.declared import number_values
from tui_migrate.matching.from_runbook import settings_of
from tui_migrate.matching.schema import RECORD_COLUMNS
from tui_migrate.runbook.kinds import MatchWith

KEEP = 0.01
"""Pairs of a smaller probability are not written, by either program."""

ELSEWHERE: dict[str, Any] = {
    "preset": "general",
    "fields": {
        "address": "ignored",
        "postcode": "code",
        "house_number": "code",
        "street": "text",
        "town": "text",
    },
}
"""An address whose parts are mistyped one by one is compared part by part."""
NUMBERED = {
    **ELSEWHERE,
    "fields": {**ELSEWHERE["fields"], "social_number": "identifier"},
    "extra_keys": {"social_number": ["social_number"]},
}

_EDGES = "source_a VARCHAR, record_a VARCHAR, source_b VARCHAR, record_b VARCHAR"
_UIDS = "(SELECT uid, source, record_id FROM read_parquet('{records}'))"


def prepare(records: Path, folder: Path) -> duckdb.DuckDBPyConnection:
    """A database with the three relations that matching asks for; no links and no decisions."""
    connection = connect(folder)
    columns = ", ".join((*RECORD_COLUMNS, "number AS social_number"))
    connection.execute(
        f"CREATE TABLE person AS SELECT {columns} FROM read_parquet('{records}') ORDER BY uid"
    )
    connection.execute(f"CREATE TABLE link ({_EDGES}, rule VARCHAR)")
    connection.execute(f"CREATE TABLE decision ({_EDGES}, decision VARCHAR)")
    return connection


def settings_for(records: Path, general: bool) -> MatchSettings:
    """The shipped settings, or those for records from elsewhere, with their number if they have one."""
    if not general:
        return MatchSettings(keep_from=KEEP)
    with duckdb.connect() as connection:
        filled = connection.execute(
            f"SELECT count(number) FROM read_parquet('{records}')"
        ).fetchall()
    declared = NUMBERED if filled[0][0] else ELSEWHERE
    return replace(settings_of(MatchWith.model_validate(declared)), keep_from=KEEP)


def run(records: Path, out: Path, general: bool = False) -> None:
    """Match, measured; what was found goes to ``out``."""
    connection = prepare(records, out)
    settings = settings_for(records, general)
    with Measured() as measured:
        match(
            connection,
            "person",
            "link",
            "decision",
            settings,
            step="match",
            attempt=1,
            unit="match",
        )
    measured.write(out / "figures.json")
    uids = _UIDS.format(records=records)
    connection.execute(
        "COPY (SELECT x.uid AS a, y.uid AS b, probability FROM pair p"
        f" JOIN {uids} x ON x.source = p.source_a AND x.record_id = p.record_a"
        f" JOIN {uids} y ON y.source = p.source_b AND y.record_id = p.record_b)"
        f" TO '{out / 'pairs.parquet'}' (FORMAT parquet)"
    )
    connection.execute(
        "COPY (SELECT uid, CASE WHEN status = 'merged' THEN cluster_id ELSE uid::VARCHAR END AS cluster"
        f" FROM cluster JOIN {uids} USING (source, record_id))"
        f" TO '{out / 'clusters.parquet'}' (FORMAT parquet)"
    )


def blocked(records: Path, out: Path, general: bool = False) -> None:
    """The pairs that blocking brings together."""
    connection = prepare(records, out)
    settings = settings_for(records, general)
    create_tables(connection)
    normalise(connection, "person", None, settings.preset)
    number_values(connection, "person", settings.declared_fields)
    certain_edges(connection, "link", "decision")
    block(connection, settings.keys, settings.cap)
    named = f"(SELECT m.uid, u.uid AS at FROM mt_record m JOIN {_UIDS.format(records=records)} u"
    named += " USING (source, record_id))"
    connection.execute(
        f"COPY (SELECT x.at AS a, y.at AS b FROM mt_pair p JOIN {named} x ON x.uid = p.a"
        f" JOIN {named} y ON y.uid = p.b) TO '{out / 'blocked.parquet'}' (FORMAT parquet)"
    )


if __name__ == "__main__":
    paths = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("--")]
    program = blocked if "--blocked" in sys.argv else run
    program(paths[0], paths[1], "--general" in sys.argv)
