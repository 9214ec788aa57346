"""Framing a text delivery: every physical line becomes part of a row, a reject, or is blank."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tui_migrate.staging.framing import (
    Framed,
    Framer,
    TextFormat,
    detect_delimiter,
    detect_encoding,
    physical_lines,
    split_fields,
    unique_names,
)


def _frame(
    folder: Path, content: bytes, encoding: str = "utf-8", delimiter: str = ";"
) -> tuple[Framed, list[list[str]]]:
    path = folder / "delivery.csv"
    path.write_bytes(content)
    out = io.StringIO()
    framed = Framer(TextFormat(encoding, delimiter), out).frame(path)
    rows = list(csv.reader(io.StringIO(out.getvalue()), delimiter=delimiter, strict=True))
    return framed, rows


def test_rows_carry_their_physical_line_number(tmp_path: Path) -> None:
    framed, rows = _frame(tmp_path, b"a;b\r\n1;2\r\n\r\n3;4\r\n")
    assert framed.columns == ["a", "b"]
    assert rows == [["2", "1", "2"], ["4", "3", "4"]]
    assert (framed.rows, framed.blank, framed.rejects) == (2, 1, [])


def test_a_quoted_value_may_run_over_lines(tmp_path: Path) -> None:
    framed, rows = _frame(tmp_path, b'a;b\n1;"twee\nregels; en ""meer"""\n3;4\n')
    assert rows == [["2", "1", 'twee\nregels; en "meer"'], ["4", "3", "4"]]
    assert framed.rejects == []


def test_a_quote_inside_an_unquoted_value_is_itself(tmp_path: Path) -> None:
    _framed, rows = _frame(tmp_path, b'a;b\n1;19" rek\n2;x\n')
    assert rows == [["2", "1", '19" rek'], ["3", "2", "x"]]


def test_what_follows_a_closing_quote_is_kept_with_the_quotes(tmp_path: Path) -> None:
    _framed, rows = _frame(tmp_path, b'a;b\n1;"Jan" de Vries\n2;"x;y"z\n')
    assert rows == [["2", "1", '"Jan" de Vries'], ["3", "2", '"x;y"z']]


def test_a_quote_that_never_closes_costs_one_line_only(tmp_path: Path) -> None:
    framed, rows = _frame(tmp_path, b'a;b\n1;"open\n2;x\n3;y\n')
    assert [(r.line, r.reason, r.raw) for r in framed.rejects] == [(2, "quote.unclosed", '1;"open')]
    assert rows == [["3", "2", "x"], ["4", "3", "y"]]


def test_a_wrong_quote_does_not_swallow_the_next_quoted_row(tmp_path: Path) -> None:
    framed, rows = _frame(tmp_path, b'a;b\n1;"open\n2;"dicht"\n3;y\n')
    assert [r.line for r in framed.rejects] == [2]
    assert rows == [["3", "2", "dicht"], ["4", "3", "y"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1;2;3", "row.too_long"),
        (b"1", "row.too_short"),
        (b"1;\x00", "line.nul"),
        (b"1;\xff\xfe", "line.undecodable"),
        (b"1;" + b"x" * 300_000, "line.too_long"),
    ],
)
def test_what_cannot_be_a_row_is_rejected_with_line_offset_and_reason(
    tmp_path: Path, line: bytes, reason: str
) -> None:
    framed, rows = _frame(tmp_path, b"a;b\n1;2\n" + line + b"\n5;6\n")
    assert [(r.line, r.offset, r.reason) for r in framed.rejects] == [(3, 8, reason)]
    assert [row[0] for row in rows] == ["2", "4"]


def test_cp1252_and_the_byte_order_mark(tmp_path: Path) -> None:
    _framed, rows = _frame(tmp_path, "naam;x\nZoë €;1\n".encode("cp1252"), "cp1252")
    assert rows == [["2", "Zoë €", "1"]]
    framed, _rows = _frame(tmp_path, b"\xef\xbb\xbfnaam;x\n1;2\n")
    assert framed.columns == ["naam", "x"]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"plain;ascii\n", "utf-8"),
        ("Zoë;è\n".encode(), "utf-8"),
        ("Zoë;è\n".encode("cp1252"), "cp1252"),
        (b"\xef\xbb\xbfa;b\n", "utf-8"),
        ("a;é\n".encode("utf-16"), "utf-16"),
        ("Zoë;è\n".encode() * 20 + b"\xff\n", "utf-8"),
    ],
)
def test_the_encoding_is_found_by_rule(tmp_path: Path, content: bytes, encoding: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    assert detect_encoding(path) == encoding


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "x.csv"
    rows = [["naam", "prijs", "plaats"], ["Jansen", "12", "Gent"], ["De Vries", "3", "Ede"]]
    path.write_text("\n".join(delimiter.join(row) for row in rows))
    assert detect_delimiter(path, "utf-8") == delimiter


def test_header_names_are_made_usable() -> None:
    names = ["Naam", "naam", "", " E-mail ", "_line"]
    assert unique_names(names) == ["Naam", "naam_2", "column_3", "E-mail", "column_line"]


_cell = st.text(
    alphabet=st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12
)


@settings(max_examples=150, deadline=None)
@given(rows=st.lists(st.lists(_cell, min_size=3, max_size=3), min_size=1, max_size=8))
def test_whatever_a_csv_writer_wrote_comes_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    assume(not any(c.startswith('"') and ("\n" in c or "\r" in c) for row in rows for c in row))
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["a", "b", "c"])
    writer.writerows(rows)
    # A lone carriage return before a line feed inside a value is a line end to any reader.
    content = buffer.getvalue().replace("\r\n", "\n").encode()
    framed, found = _frame(tmp_path_factory.mktemp("framing"), content)
    expected = [[c.replace("\r\n", "\n") for c in row] for row in rows]
    assert framed.rejects == []
    assert [row[1:] for row in found] == expected


def test_a_value_of_several_lines_that_begins_with_a_quote_is_rejected_not_lost(
    tmp_path: Path,
) -> None:
    """It cannot be told from a quote that somebody forgot to close: a person looks at it."""
    framed, found = _frame(tmp_path, b'a;b;c\n1;2;"""x\ny"\n4;5;6\n')
    assert [(r.line, r.raw) for r in framed.rejects] == [(2, '1;2;"""x'), (3, 'y"')]
    assert [row[1:] for row in found] == [["4", "5", "6"]]


@settings(max_examples=200, deadline=None)
@given(content=st.binary(max_size=300))
def test_no_line_is_lost_whatever_the_bytes(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    path = folder / "x.csv"
    path.write_bytes(b"a;b\n" + content)
    out = io.StringIO()
    framed = Framer(TextFormat("utf-8", ";"), out).frame(path)
    physical = len((b"a;b\n" + content).split(b"\n")) - (
        1 if content.endswith(b"\n") or not content else 0
    )
    assert framed.rows + framed.blank + len(framed.rejects) <= physical - 1
    if b'"' not in content:
        assert framed.rows + framed.blank + len(framed.rejects) == physical - 1


@given(st.lists(_cell.filter(lambda c: not c.startswith('"')), min_size=1, max_size=4))
def test_unquoted_fields_split_at_delimiters(cells: list[str]) -> None:
    clean = [c.replace(";", "") for c in cells]
    assert split_fields(";".join(clean), ";", '"') == clean


@pytest.mark.parametrize("end", [b"", b"\r", b"\r\n", b"\n"])
def test_lone_carriage_returns_end_lines_where_nothing_else_does(
    tmp_path: Path, end: bytes
) -> None:
    content = b'a;b\r1;2\r\r3;"x\ry"\r5\r6;7' + end
    framed, rows = _frame(tmp_path, content)
    assert framed.columns == ["a", "b"]
    assert rows == [["2", "1", "2"], ["4", "3", "x\ny"], ["7", "6", "7"]]
    assert [(r.line, r.offset, r.reason) for r in framed.rejects] == [(6, 17, "row.too_short")]
    assert framed.blank == 1


def test_a_carriage_return_inside_a_line_is_no_end_where_lines_end_otherwise(
    tmp_path: Path,
) -> None:
    _framed, rows = _frame(tmp_path, b"a;b\n1;x\ry\n")
    assert rows == [["2", "1", "x\ry"]]


def test_long_files_of_carriage_returns_keep_their_numbers_over_chunks(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"0123456789\r" * 200_000)
    with path.open("rb") as stream:
        found = list(physical_lines(stream, "utf-8"))
    assert len(found) == 200_000
    assert found[-1] == (200_000, 199_999 * 11, b"0123456789")
    assert {line for _, _, line in found} == {b"0123456789"}


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_wide_text_has_the_same_line_ends(tmp_path: Path, end: str) -> None:
    text = f"a;b{end}1;x\u2028y{end}3;4{end}"
    _framed, rows = _frame(tmp_path, text.encode("utf-16"), "utf-16")
    assert [row[0] for row in rows] == ["2", "3"]


def test_broken_wide_text_costs_its_line_only(tmp_path: Path) -> None:
    broken = b"1\x00;\x00\x00\xd8\n\x00"
    content = "a;b\n".encode("utf-16") + broken + "3;4\n".encode("utf-16-le")
    framed, rows = _frame(tmp_path, content, "utf-16")
    assert [(r.line, r.reason) for r in framed.rejects] == [(2, "line.undecodable")]
    assert rows == [["3", "3", "4"]]


def test_files_put_together_repeat_their_header_and_mark(tmp_path: Path) -> None:
    mark = b"\xef\xbb\xbf"
    content = mark + b'a;b\n1;2\n"a";b\n' + mark + b"3;4\n" + mark + b"a;b\n5;6\n"
    framed, rows = _frame(tmp_path, content)
    assert rows == [["2", "1", "2"], ["4", "3", "4"], ["6", "5", "6"]]
    assert [(r.line, r.reason) for r in framed.rejects] == [
        (3, "row.header_again"),
        (5, "row.header_again"),
    ]
