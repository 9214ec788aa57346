"""Who else may be the person that is to be erased."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tui_migrate.engine.persons import NAMED, who_else

HERS = [("crm", "1")]
FAMILY = "Fam@example.org"


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    """Staging after a merge: her record, one of her household, and somebody else's."""
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE said (source VARCHAR, record_id VARCHAR, email VARCHAR[], phone VARCHAR[]);"
            " CREATE VIEW ent_profile AS FROM said;"
            " CREATE TABLE whose (source VARCHAR, record_id VARCHAR, profile_id VARCHAR);"
            " CREATE VIEW crosswalk AS FROM whose; INSERT INTO whose VALUES ('crm', '1', 'p')"
        )
        for record, email, phone in (
            ("1", FAMILY, "+31611"),
            ("2", FAMILY.lower(), ""),
            ("3", "", ""),
        ):
            connection.execute(
                "INSERT INTO said VALUES ('crm', ?, [?], [?])", [record, email, phone]
            )
        yield connection


def test_a_household_that_shares_an_address_is_named(cursor: duckdb.DuckDBPyConnection) -> None:
    told = who_else(cursor, HERS)
    assert told[0].startswith("crm/2 has an address or number of his too")
    assert "somebody else's" in told[0]
    assert len(told) == 2
    assert who_else(cursor, [("crm", "3")]) == []


def test_of_many_a_few_are_named_and_the_rest_counted(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute("INSERT INTO said SELECT 'shop', i::VARCHAR, [], ['+31611'] FROM range(99) r(i)")
    told = who_else(cursor, HERS)
    assert len(told) == NAMED + 2
    assert told[NAMED].startswith("90 more")
