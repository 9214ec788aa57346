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


def test_a_record_without_values_counts_as_one_without(cursor: Cursor) -> None:
    cursor.execute("CREATE TABLE ent_profile (record_id VARCHAR, email VARCHAR[], town VARCHAR)")
    cursor.execute("INSERT INTO ent_profile VALUES ('1', ['a@x.nl'], NULL), ('2', NULL, 'Ede')")
    filled = "avg((len(email) > 0)::int)"
    for sql in (
        f"select {filled} from ent_profile",
        f"select {filled} from ENT_PROFILE -- half of them",
        f"with p as (select * from ent_profile) select {filled} from p;",
        f"with ent_profile as (select * from ent_profile) select {filled} from ent_profile",
    ):
        assert run_select(cursor, sql).fetchall() == [(0.5,)]
    assert run_select(cursor, "select count(town) from ent_profile").fetchall() == [(1,)]


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
