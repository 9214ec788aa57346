"""The SQL fast path says what Python says, on DuckDB itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.model.types import Cleaned, Options, get_type, type_names

TODAY = date(2026, 11, 1)
NL = Options(today=TODAY)

SHAPES = {
    "name": r"[A-Z][a-z]{1,8}([ -]{1,2}[A-Za-z][a-z]{0,6}){0,2}",
    "words": r"[ =!-~]{0,3}[A-Za-z0-9&;.,' -]{0,20}",
    "email": r"[a-z0-9_+.-]{1,12}@[a-z0-9.-]{1,12}\.([a-z]{2,5}|con|nll)",
    "provider": r"[a-z]{1,6}@(gmail|hotmail|gmial|telnet|ymail|outlook|test)\.(com|con|nl|be|co)",
    "phone": r"((0|06|04|\+31|0031|\+32|0032)[- ]?[0-9]([ -]?[0-9]){5,10}"
    r"|(0|\+31|0031|\+32|0032)[- ]?(6[1-5]|47)[- ]?[0-9]{7})",
    "postcode": r"[0-9]{4} {0,2}([A-Za-z]{2}|SA|SS|sd)?",
    "dutch_date": r"[0-3][0-9]-[01][0-9]-(18|19|20|21)[0-9]{2}",
    "iso_date": r"(18|19|20|21)[0-9]{2}-[01][0-9]-[0-3][0-9]",
    "amount": r"-?[0-9]{1,5}[.,]?[0-9]{0,3}",
    "number": r"-?[0-9]{1,22}",
    "grouped": r"[0-9]{4}([ -]?[0-9]{4}){3}",
    "code": r"[A-Z]{1,4}[0-9 _-]{0,12}",
}
FIXED = [
    "NULL", "Null", "Onbekend", "Niet Bekend", "ja", "Nee", "TRUE", "1", "0", "given", "refused",
    "email", "NL", "BE", "van der", "J.P.", "Ijsselstein", "4111111111111111", "geen@mail.nl",
    "12a", "12A", "0001", "1234.56", "1.234", "1,234", "29-02-2019", "29-02-2020", "1900-01-01",
    "2026-11-02", "9992", "9993", "a@" + "b" * 64 + ".nl", "a" * 65 + "@b.nl", "A" + "a" * 200, "",
    "x" * 2001, "\u00a0Jan", "&amp;", '="1"', "a  b", " a", "0000-00-00", "3-4-2020",
]  # fmt: skip
CELLS = st.lists(
    st.one_of(
        *(st.from_regex(shape, fullmatch=True) for shape in SHAPES.values()),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    ),
    min_size=20,
    max_size=60,
)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:", config={"threads": "1"}) as made:
        yield made


def assert_alike(
    connection: duckdb.DuckDBPyConnection, name: str, options: Options, cells: list[str]
) -> int:
    """The fast path says what ``clean`` says, on all cells; how many it took."""
    fast = get_type(name).sql_clean("t.raw", options)
    if fast is None:
        return 0
    table = pa.table({"raw": pa.array(cells, pa.string())})
    connection.register("cells", table)
    rows = connection.execute(
        f"SELECT t.raw, CASE WHEN {fast.when} THEN {fast.value} END FROM cells t WHERE {fast.when}"
    ).fetchall()
    connection.unregister("cells")
    for raw, value in rows:
        assert get_type(name).clean(raw, options) == Cleaned(value), (name, raw)
    return len(rows)


@settings(max_examples=15, deadline=None)
@given(cells=CELLS)
def test_sql_and_python_agree(connection: duckdb.DuckDBPyConnection, cells: list[str]) -> None:
    """On all types at once: to make up the cells costs more than to clean them."""
    for name in type_names():
        for options in (NL, Options(country="BE", decimal=",", today=TODAY)):
            assert_alike(connection, name, options, cells)


@pytest.mark.parametrize("name", type_names())
def test_sql_and_python_agree_on_known_cells(
    name: str, connection: duckdb.DuckDBPyConnection
) -> None:
    for options in (NL, Options(country="BE", decimal=",", today=TODAY)):
        assert_alike(connection, name, options, FIXED)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("text", "Nova Zomer 2026!"),
        ("identifier", "00123"),
        ("family_name", "Jansen"),
        ("full_name", "Jan Jansen"),
        ("prefix", "van der"),
        ("initials", "J.P."),
        ("email", "jan.jansen@voorbeeld.nl"),
        ("phone", "06-12345678"),
        ("phone", "0031648770993"),
        ("phone", "+31 6 48770993"),
        ("postcode", "1234 AB"),
        ("house_number", "12A"),
        ("town", "Den Haag"),
        ("date", "2020-04-03"),
        ("date", "03-04-2020"),
        ("birth_date", "03-04-1980"),
        ("money", "12,50"),
        ("integer", "-12"),
        ("boolean", "Ja"),
        ("code", "A-1"),
    ],
)
def test_tidy_cells_take_the_fast_path(
    name: str, cell: str, connection: duckdb.DuckDBPyConnection
) -> None:
    assert assert_alike(connection, name, NL, [cell]) == 1


def test_codes_of_a_mapping_leave_no_fast_path() -> None:
    assert get_type("code").sql_clean("x", Options(codes=(("A", "B"),))) is None
