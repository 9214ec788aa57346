"""From when on the years of a retention rule count."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from tui_migrate.engine.retention import _held
from tui_migrate.runbook.models import RetentionRule

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("starts", "ends", "held"),
    [
        ("2001-01-01", "2020-01-01", (1, date(2027, 1, 1), False)),
        ("2001-01-01", "2010-01-01", (0, None, None)),
        ("2001-01-01", None, (1, None, True)),  # it runs: the years have not begun
    ],
)
def test_what_has_an_end_is_kept_from_its_end_on(
    starts: str, ends: str | None, held: tuple[int, date | None, bool | None]
) -> None:
    rule = RetentionRule(category="subscription", years=7, basis="tax law")
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA store")
        place = "source VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT"
        connection.execute(
            f"CREATE TABLE store.ent_subscription ({place}, record_id VARCHAR, owner_source VARCHAR,"
            " owner_record VARCHAR, starts_on DATE, ends_on DATE)"
        )
        connection.execute(
            "INSERT INTO store.ent_subscription VALUES ('s', 'd', 'f', 2, 'A1', 'crm', 'R1', ?, ?)",
            [starts, ends],
        )
        connection.execute(
            "CREATE TEMP TABLE held_record AS SELECT 'crm' AS source, 'R1' AS record_id"
        )
        connection.execute(f"CREATE TEMP TABLE held_line ({place})")
        assert connection.execute(_held(rule), {"today": TODAY}).fetchall() == [held]
