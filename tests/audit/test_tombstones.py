"""Who was erased is known again by address and number, however they are written; nobody else is."""

from __future__ import annotations

import duckdb
import pytest

from tui_migrate.audit.tombstones import Tombstones, loose_point_sql, point_sql
from tui_migrate.staging.store import literal

KEY = b"k" * 32
MAIL, GMAIL, NUMBER = "anna.vos@example.org", "annavos@gmail.com", "+31612345987"


@pytest.fixture(scope="module")
def stones() -> Tombstones:
    with duckdb.connect() as connection:

        def value(sql: str) -> str:
            row = connection.execute(f"SELECT {sql}").fetchone()
            assert row is not None
            return str(row[0])

        mails = (MAIL, GMAIL)
        points = [value(point_sql(KEY, "email", literal(mail))) for mail in mails]
        points.append(value(point_sql(KEY, "phone", literal(NUMBER))))
        loose = [value(loose_point_sql(KEY, literal(mail))) for mail in mails]
    return Tombstones(KEY, points=frozenset(points), loose=frozenset(loose))


def _is_point(stones: Tombstones, cell: str) -> bool:
    with duckdb.connect() as connection:
        found = connection.execute(
            f"SELECT {stones.is_point('c')} FROM (SELECT $c AS c)", {"c": cell}
        ).fetchone()
    assert found is not None
    return bool(found[0])


@pytest.mark.parametrize(
    "cell",
    [
        MAIL, " Anna.Vos@EXAMPLE.org ", "Anna <anna.vos@example.org>", "mailto:anna.vos@example.org",
        "anna.vos+news@example.org", "ànna.vös@example.org", "bert@example.org; anna.vos+x@example.org",
        "anna.vos@googlemail.com; a@b", "a.n.n.a.vos+1@gmail.com",
        "0612345987", "06/12345987", "06/123.459.87", "+31 (0)6 12 34 59 87", "0031-612345987",
        "020 1234567 / 06-12345987",
    ],
)  # fmt: skip
def test_it_is_known_however_it_is_written(stones: Tombstones, cell: str) -> None:
    assert _is_point(stones, cell)


@pytest.mark.parametrize(
    "cell",
    [
        "annavos@example.org", "anna.vos@example.com", "vos@example.org", "anna.vos@sub.example.org",
        "0612345988", "12345987", "", "anna.vos",
    ],
)  # fmt: skip
def test_nobody_else_is(stones: Tombstones, cell: str) -> None:
    assert not _is_point(stones, cell)
