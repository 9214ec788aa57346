"""SQL of a runbook: one SELECT over staging, nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_migrate.staging.guard import SqlRefused, run_select
from tui_migrate.staging.store import Cursor, Store


@pytest.fixture
def cursor(tmp_path: Path) -> Cursor:
    return Store(tmp_path / "staging.duckdb").cursor()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM record",
        "WITH a AS (SELECT 1 AS x) SELECT sum(x) FROM a, range(3)",
        "SELECT count(*) FROM store.trail WHERE source IN (SELECT source FROM fates)",
        "FROM record SELECT count(*)",
        "SELECT avg(x) FROM (VALUES (1), (2)) v(x)",
    ],
)
def test_selects_over_staging_run(cursor: Cursor, sql: str) -> None:
    assert len(run_select(cursor, sql).fetchall()) >= 0


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "DROP TABLE store.record",
        "INSERT INTO store.record SELECT * FROM store.record",
        "COPY record TO '/tmp/out.csv'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT (SELECT count(*) FROM read_text('/etc/passwd'))",
        "SELECT * FROM glob('/*')",
        "SELECT getenv('HOME')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM duckdb_settings()",
        "WITH a AS (SELECT * FROM read_parquet('x')) SELECT * FROM a",
        "SELECT 1 UNION ALL SELECT count(*) FROM read_blob('/etc/shadow')",
        "SELECT",
        "",
        "SELECT * FROM nowhere",
    ],
)
def test_everything_else_is_refused(cursor: Cursor, sql: str) -> None:
    with pytest.raises(SqlRefused):
        run_select(cursor, sql)
