"""Counts of entities of which one side was never given anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_migrate.model.entities import entities
from tui_migrate.staging.store import Store
from tui_migrate.verify import counts

from .world import ANNA, build


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store(tmp_path / "staging.duckdb")
    build(made)
    made.define(
        "ent_relation",
        "source VARCHAR, record_id VARCHAR, delivery VARCHAR, file VARCHAR, line BIGINT,"
        " child_no INTEGER, owner_source VARCHAR, owner_record VARCHAR, role VARCHAR",
    )
    return made


NOBODY = "(SELECT NULL::VARCHAR AS profile_id WHERE false)"


def _totals(
    store: Store, name: str, target: str, restricted: str = NOBODY
) -> list[tuple[object, ...]]:
    cursor = store.cursor()
    cursor.execute(counts.PREPARE.format(restricted=restricted))
    cursor.execute(f"CREATE TEMP TABLE target_{name} AS {target}")
    counts.compare(cursor, entities()[name])
    totals: list[tuple[object, ...]] = cursor.execute(counts.TOTALS).fetchall()
    cursor.close()
    store.close()
    return totals


NOTHING = "SELECT NULL::VARCHAR AS record_key WHERE false"


def test_nothing_on_both_sides_is_no_difference(store: Store) -> None:
    assert _totals(store, "relation", NOTHING) == []


def test_rows_that_the_target_never_had_are_missing(store: Store) -> None:
    store.connection.execute(
        "INSERT INTO store.ent_relation VALUES"
        " ('map', 1, 'u', 'crm', 'r1', 'd1', 'r.csv', 2, 1, 'crm', '1', 'boss')"
    )
    assert _totals(store, "relation", NOTHING) == [("relation", 1, 0, 1)]


def test_rows_of_the_target_without_their_source_are_too_many(store: Store) -> None:
    assert _totals(store, "relation", "SELECT 'x' AS role") == [("relation", 0, 1, 1)]


def test_a_target_without_profiles_lacks_them_all(store: Store) -> None:
    assert _totals(store, "profile", NOTHING) == [("profile", 3, 0, 3)]


def test_a_profile_of_the_target_is_found_by_its_id(store: Store) -> None:
    found = f"SELECT '{ANNA}' AS profile_id, 'Nova' AS brand"
    assert _totals(store, "profile", found) == [("profile", 3, 1, 2)]


def test_a_restricted_profile_is_missed_by_nobody(store: Store) -> None:
    restricted = f"(SELECT '{ANNA}' AS profile_id)"
    assert _totals(store, "profile", NOTHING, restricted) == [("profile", 2, 0, 2)]
