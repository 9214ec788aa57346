"""Cells that a spreadsheet would run are defused; everything reads back exactly."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.spreadsheet import defuse, defuse_sql, restore, restore_sql

DANGEROUS = "=+-@\t\r\n＝＋－＠"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=HYPERLINK(1)", "'=HYPERLINK(1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+31612345678", "+31612345678"),
        ("-12,50", "-12,50"),
        ("+32489425936; +3293736997", "+32489425936; +3293736997"),
        ("+1; =x", "'+1; =x"),
        ("+1+1", "'+1+1"),
        ("-", "'-"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("'=x", "''=x"),
        ("＝1", "'＝1"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_what_is_written(cell: str, written: str) -> None:
    assert defuse(cell) == written
    assert restore(written) == cell


CELLS = st.one_of(
    st.text("'=+-@\t\r\n＝ 1,.a", max_size=6),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as made:
        yield made


@settings(max_examples=60, deadline=None)
@given(cells=st.lists(CELLS, max_size=20))
def test_sql_and_python_agree_and_nothing_is_lost(
    connection: duckdb.DuckDBPyConnection, cells: list[str]
) -> None:
    rows = connection.execute(
        f"SELECT d, {restore_sql('d')} FROM (SELECT i, {defuse_sql('c')} AS d FROM"
        " (SELECT unnest($cells) AS c, generate_subscripts($cells, 1) AS i)) ORDER BY i",
        {"cells": cells},
    ).fetchall()
    assert rows == [(defuse(c), c) for c in cells]
    for cell in cells:
        assert restore(defuse(cell)) == cell
        if defuse(cell)[:1] and defuse(cell)[0] in DANGEROUS:
            assert set(cell[1:]) <= set("0123456789 .,;+")  # signed numbers and nothing else
            assert len(cell) > 1
