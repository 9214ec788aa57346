"""Reading deliveries: every physical row has a fate, and what was guessed is shown."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tests.engine.conftest import MAPPING
from tui_migrate.audit.entries import CheckDone, DeliverySeen
from tui_migrate.cli import run_cli
from tui_migrate.engine.client import InProcessClient, open_client

RUNBOOK = """\
runbook: reading
title: Reading
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova]
sources:
  crm: {{files: "deliveries/crm/*/*", {options}, mapping: mapping/crm.yaml}}
target: {{type: csv}}
roles: {{lead: {{users: ["*"]}}}}
phases:
  - id: one
    title: One
    steps:
      - {{id: read, uses: ingest, title: Read}}
      - {{id: gate, uses: gate, title: Gate, with: {{approvals: [{{role: lead}}]}}}}
"""


class Reading:
    """A workspace that only reads; deliveries are added before it runs."""

    def __init__(self, root: Path, options: str) -> None:
        self.root = root
        (root / "mapping").mkdir(parents=True)
        (root / "mapping/crm.yaml").write_text(MAPPING)
        (root / "runbook.yaml").write_text(RUNBOOK.format(options=options))
        self.client: InProcessClient | None = None

    def deliver(self, name: str, file: str, content: bytes, manifest: object = None) -> Path:
        folder = self.root / "deliveries" / "crm" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / file).write_bytes(content)
        if manifest is not None:
            (folder / "manifest.json").write_text(json.dumps(manifest))
        return folder / file

    def run(self) -> int:
        self.client = open_client(self.root)
        return int(self.client.run_here().exit)

    def fates(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT delivery, line, record_id, fate, reason FROM fates ORDER BY 1, 2")

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        assert self.client is not None
        rows: list[tuple[object, ...]] = self.client.engine.view.cursor().execute(sql).fetchall()
        return rows


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Reading]:
    made = Reading(tmp_path / "ws", "key: Nr")
    yield made
    if made.client is not None:
        made.client.shut()


def test_a_newer_delivery_supersedes_a_record_and_misses_one(reading: Reading) -> None:
    reading.deliver("2026-03-01", "p.csv", b"Nr;Naam\n1;Jansen\n2;Smit\n")
    reading.deliver("2026-03-08", "p.csv", b"Nr;Naam\n1;Janssen\n3;Bos\n")
    reading.run()
    assert reading.fates() == [
        ("2026-03-01", 2, "1", "superseded", "newer_delivery"),
        ("2026-03-01", 3, "2", "pending", None),
        ("2026-03-08", 2, "1", "pending", None),
        ("2026-03-08", 3, "3", "pending", None),
    ]
    gone = reading.rows("SELECT record_id FROM finding WHERE rule = 'delivery.record_gone'")
    assert gone == [("2",)]


@pytest.mark.parametrize(
    ("decision", "fate", "decided"),
    [
        ("", ("pending", None), False),
        (", gone: keep", ("pending", None), True),
        (", gone: archive", ("excluded", "gone_and_archived"), True),
    ],
)
def test_what_becomes_of_a_record_that_is_gone_is_decided_in_the_runbook(
    tmp_path: Path, decision: str, fate: tuple[str, str | None], decided: bool
) -> None:
    reading = Reading(tmp_path / "ws", f"key: Nr{decision}")
    reading.deliver("2026-03-01", "p.csv", b"Nr;Naam\n1;Jansen\n2;Smit\n2;Smid\n")
    reading.deliver("2026-03-08", "p.csv", b"Nr;Naam\n1;Janssen\n")
    reading.run()
    assert [row[1:] for row in reading.fates()] == [
        (2, "1", "superseded", "newer_delivery"),
        (3, "2", *fate),
        (4, "2", "held", "key.conflict"),
        (2, "1", "pending", None),
    ]
    check = _checks(reading)["records of crm that its newest full delivery no longer has"]
    assert (check.passed, check.severity, check.observed) == (decided, "warn", "1")
    assert reading.client is not None
    reading.client.shut()


def test_the_same_key_twice_is_repeated_or_held(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n1;Jansen\n1;Smit\n;Niemand\n")
    reading.run()
    assert [(f[1], f[3], f[4]) for f in reading.fates()] == [
        (2, "pending", None),
        (3, "repeated", "row.repeated"),
        (4, "held", "key.conflict"),
        (5, "rejected", "key.missing"),
    ]


def test_unreadable_lines_are_kept_with_their_reason(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n2;a;b\n3;\x00\n4;Smit\n")
    reading.run()
    assert reading.rows("SELECT line, byte_offset, reason, raw FROM reject ORDER BY line") == [
        (3, 17, "row.too_long", "2;a;b"),
        (4, 23, "line.nul", "3;\x00"),
    ]
    assert [(f[1], f[3]) for f in reading.fates()] == [
        (2, "pending"),
        (3, "rejected"),
        (4, "rejected"),
        (5, "pending"),
    ]


def test_every_row_that_is_set_aside_has_a_finding_that_says_why(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n2;a;b\n;Bos\n1;Smit\n3\n")
    reading.run()
    found = reading.rows("SELECT line, record_id, rule, message FROM finding ORDER BY line")
    assert [row[:3] for row in found] == [
        (3, None, "row.too_long"),
        (4, None, "key.missing"),
        (5, "1", "key.conflict"),
        (6, None, "row.too_short"),
    ]
    assert found[0][3] == (
        "This row has more cells than the header: a delimiter inside a value needs quotes."
    )
    assert found[1][3] == "The key of this row is empty."


@pytest.mark.parametrize("declared", ["", ", format: {encoding: utf-16}"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(
    tmp_path: Path, encoding: str, declared: str
) -> None:
    reading = Reading(tmp_path / "ws", f"key: Nr{declared}")
    reading.deliver("d", "p.csv", "Nr;Naam\r\n1;Zoë\r\n2;Łuk\r\n".encode(encoding))
    reading.run()
    found = reading.rows("SELECT _line, Nr, Naam FROM raw_crm ORDER BY 1")
    assert found == [(2, "1", "Zoë"), (3, "2", "Łuk")]
    assert reading.client is not None
    reading.client.shut()


def test_a_file_that_is_not_in_utf_16_is_said_to_be_none(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr, format: {encoding: utf-16}")
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n")
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    assert stopped.exit == 1
    assert "is not in UTF-16" in stopped.message
    reading.client.shut()


def test_a_detected_format_is_shown_for_confirmation(reading: Reading) -> None:
    reading.deliver("d", "p.csv", "Nr|Naam\n1|Zoë\n".encode("cp1252"))
    assert reading.run() == 3
    assert reading.client is not None
    check = reading.client.state.steps["read"].checks["format of crm was detected, not declared"]
    assert not check.passed
    assert check.severity == "warn"
    assert check.observed.startswith("cp1252, '|'")
    assert reading.rows("SELECT Naam FROM raw_crm") == [("Zoë",)]


@pytest.mark.parametrize(
    ("promise", "name"),
    [
        ({"rows": 3}, "rows as their manifests say"),
        ({"sha256": "0" * 64}, "files as their manifests say"),
    ],
)
def test_a_delivery_that_breaks_its_promise_holds_the_run(
    reading: Reading, promise: dict[str, object], name: str
) -> None:
    manifest = {"sequence": 1, "kind": "full", "files": [{"name": "p.csv", **promise}]}
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n2;Smit\n", manifest)
    assert reading.run() == 1
    assert reading.client is not None
    assert [c.name for c in reading.client.state.steps["read"].checks.values() if c.blocks] == [
        name
    ]


def test_a_missing_key_column_is_said_with_the_columns_that_are_there(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nummer;Naam\n1;Jansen\n")
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    assert stopped.exit == 1
    assert "Nummer, Naam" in stopped.message


def test_json_lines_become_dotted_columns(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: jsonl}, key: id")
    lines = (
        b'{"id": 1, "wie": {"naam": "Zo\xc3\xab"}, "regels": [{"a": 1}]}\nkapot\n[1]\n{"id": 2}\n'
    )
    reading.deliver("d", "o.jsonl", lines)
    reading.run()
    found = reading.rows('SELECT _line, id, "wie.naam", regels FROM raw_crm ORDER BY _line')
    assert [(r[0], r[1], r[2]) for r in found] == [(1, "1", "Zoë"), (4, "2", None)]
    assert json.loads(str(found[0][3])) == [{"a": 1}]
    rejected = reading.rows("SELECT line, reason FROM reject ORDER BY line")
    assert rejected == [(2, "json.malformed"), (3, "json.not_an_object")]
    assert reading.client is not None
    reading.client.shut()


def test_excel_rows_keep_their_row_number(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: xlsx}, key: Nr")
    path = reading.deliver("d", "p.xlsx", b"")
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate([["Nr", "Naam"], [1, "Jansen"], ["", ""], ["003", "Bos"]]):
            sheet.write_row(number, 0, row)
    reading.run()
    found = reading.rows("SELECT _line, Nr, Naam FROM raw_crm ORDER BY 1")
    assert found == [(2, "1", "Jansen"), (4, "003", "Bos")]
    assert reading.client is not None
    reading.client.shut()


def test_parquet_is_read_as_text(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: parquet}, key: Nr")
    path = reading.deliver("d", "p.parquet", b"")
    pq.write_table(pa.table({"Nr": [7, 8], "Naam": ["Zoë", None]}), path)
    reading.run()
    assert reading.rows("SELECT _line, Nr, Naam FROM raw_crm ORDER BY 1") == [
        (1, "7", "Zoë"),
        (2, "8", None),
    ]
    assert reading.client is not None
    reading.client.shut()


def test_structs_of_parquet_become_dotted_columns_and_lists_json(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: parquet}, key: order.id")
    path = reading.deliver("d", "p.parquet", b"")
    order = {"id": "W1", "by": {"name": "Zoë"}}
    lines = [{"sku": "a", "n": 1}, {"sku": "b", "n": 2}]
    pq.write_table(pa.table({"order": [order], "lines": [lines], "empty": [[]]}), path)
    reading.run()
    assert reading.rows('SELECT _record, "order.by.name", lines, "empty" FROM raw_crm') == [
        ("W1", "Zoë", '[{"sku":"a","n":1},{"sku":"b","n":2}]', "[]")
    ]
    assert reading.client is not None
    reading.client.shut()


def test_the_ending_of_a_file_says_how_it_is_written(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr")
    reading.deliver("a", "p.csv", b"Nr;Naam\n1;Jansen\n")
    reading.deliver("b", "p.jsonl", b'{"Nr": "2", "Naam": "Smit"}\n')
    pq.write_table(pa.table({"Nr": ["3"], "Naam": ["Bos"]}), reading.deliver("c", "p.parquet", b""))
    book = xlsxwriter.Workbook(str(reading.deliver("d", "p.XLSX", b"")))
    sheet = book.add_worksheet("Blad")
    sheet.write_row(0, 0, ["Nr", "Naam"])
    sheet.write_row(1, 0, ["4", "Vos"])
    book.close()
    reading.run()
    assert reading.rows("SELECT _file, Nr, Naam FROM raw_crm ORDER BY Nr") == [
        ("p.csv", "1", "Jansen"),
        ("p.jsonl", "2", "Smit"),
        ("p.parquet", "3", "Bos"),
        ("p.XLSX", "4", "Vos"),
    ]
    assert reading.client is not None
    reading.client.shut()


def test_a_key_that_is_kept_from_a_spreadsheet_is_that_key(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b'Nr;Naam\n="0123";Jansen\n 0456 ;Smit\n="";Bos\n=1+1;Vos\n')
    reading.run()
    assert [(f[1], f[2], f[3]) for f in reading.fates()] == [
        (2, "0123", "pending"),
        (3, "0456", "pending"),
        (4, '=""', "pending"),
        (5, "=1+1", "pending"),
    ]


def _checks(reading: Reading) -> dict[str, Any]:
    assert reading.client is not None
    return dict(reading.client.state.steps["read"].checks)


@pytest.mark.parametrize("name", ["d", "later"])
def test_a_file_that_the_manifest_names_but_nobody_reads_holds_the_run(
    tmp_path: Path, name: str
) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr")
    runbook = reading.root / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("crm/*/*", "crm/*/p.csv"))
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n")
    manifest = {"sequence": 1, "files": [{"name": "p-part2.csv"}]}
    reading.deliver(name, "p-part2.csv", b"Nr;Naam\n2;Smit\n", manifest)
    assert reading.run() == 1
    check = _checks(reading)["files as their manifests say"]
    assert check.blocks
    assert f"crm/{name}/p-part2.csv named but not read" in check.observed
    assert reading.client is not None
    reading.client.shut()


def test_a_file_that_nobody_names_is_shown(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr")
    runbook = reading.root / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("crm/*/*", "crm/*/p.csv"))
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n")
    reading.deliver("d", "rest.csv", b"Nr;Naam\n2;Smit\n")
    reading.deliver("d", "README.txt", b"hello")
    assert reading.run() == 3
    check = _checks(reading)["files beside the deliveries that nobody names"]
    assert (check.passed, check.severity, check.observed) == (False, "warn", "crm/d/rest.csv")
    assert reading.client is not None
    reading.client.shut()


@pytest.mark.parametrize("pattern", ["p.csv", "**/p.csv"])
def test_files_may_lie_in_the_workspace_or_anywhere_below(tmp_path: Path, pattern: str) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr")
    runbook = reading.root / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("deliveries/crm/*/*", pattern))
    (reading.root / "p.csv").write_text("Nr;Naam\n1;Jansen\n")
    assert reading.run() == 3
    assert "files beside the deliveries that nobody names" not in _checks(reading)
    assert reading.client is not None
    reading.client.shut()


def test_two_folders_of_one_name_are_not_one_delivery(tmp_path: Path) -> None:
    """Of two folders ``crm`` below the days of their deliveries one was read, and nothing was said."""
    reading = Reading(tmp_path / "ws", "key: Nr")
    runbook = reading.root / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("deliveries/crm/*/*", "deliveries/*/crm/*.csv"))
    for day, row in (("2026-03-01", "1;Jansen"), ("2026-03-08", "2;Smit")):
        folder = reading.root / "deliveries" / day / "crm"
        folder.mkdir(parents=True)
        (folder / "p.csv").write_text(f"Nr;Naam\n{row}\n")
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    reading.client.shut()
    assert stopped.exit == 1
    assert "Two deliveries of crm have one name: " in stopped.message


def test_a_file_of_carriage_returns_is_read(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nr;Naam\r1;Jansen\r2;Smit\r")
    assert reading.run() == 3
    assert reading.rows("SELECT _line, Nr, Naam FROM raw_crm ORDER BY 1") == [
        (2, "1", "Jansen"),
        (3, "2", "Smit"),
    ]


def test_a_carriage_return_inside_a_value_is_kept(reading: Reading) -> None:
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jan\rsen\n2;Smit\n")
    assert reading.run() == 3
    assert reading.rows("SELECT _line, Naam FROM raw_crm ORDER BY 1") == [
        (2, "Jan\rsen"),
        (3, "Smit"),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"Nr;Naam\r1;Jansen\r2;Smit\n \n",
        b"\0" * 3000,
        b"\0" * 3000 + b"\nNr;Naam\n1;x\n",
        "Nr;Naam\n1;Jansen\n".encode("utf-16-le"),
        b"Export van maandag\nNr;Naam\n1;Jansen\n",
        b'Nr;"Naam\n1;Jansen\n2;Smit\n',
    ],
)
def test_a_file_of_which_no_line_can_be_read_holds_the_run(tmp_path: Path, content: bytes) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr, format: {delimiter: ;, encoding: utf-8}")
    reading.deliver("c", "p.csv", b"Nr;Naam\n1;Jansen\n")
    reading.deliver("d", "p.csv", content)
    assert reading.run() == 1
    assert reading.client is not None
    reading.client.shut()


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n\n  \r\n"])
def test_a_source_that_hands_over_nothing_but_an_empty_file_is_said(
    reading: Reading, content: bytes
) -> None:
    reading.deliver("d", "p.csv", content)
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    checks = _checks(reading)
    assert not checks["a full delivery without rows"].passed
    assert checks["files as their manifests say"].passed == bool(content)
    assert stopped.exit == (3 if content else 1), "the gate waits, or the empty file blocks"


def test_a_full_delivery_without_rows_is_shown(reading: Reading) -> None:
    reading.deliver("c", "p.csv", b"Nr;Naam\n1;Jansen\n")
    reading.deliver("d", "p.csv", b"Nr;Naam\n\n")
    assert reading.run() == 3
    check = _checks(reading)["a full delivery without rows"]
    assert (check.passed, check.severity, check.observed) == (False, "warn", "crm/d")


def test_a_damaged_manifest_of_a_full_delivery_holds_the_run(reading: Reading) -> None:
    manifest = {"sequence": 1e12, "files": [{"name": "p.csv"}]}
    reading.deliver("d", "p.csv", b"Nr;Naam\n1;Jansen\n", manifest)
    assert reading.run() == 1
    check = _checks(reading)["files as their manifests say"]
    assert "damaged manifest: sequence: 1000000000000.0 is not" in check.observed


def test_lines_of_json_that_are_no_sound_objects_cost_themselves_only(tmp_path: Path) -> None:
    deep = b'{"id":' * 3000 + b"1" + b"}" * 3000
    less = b'{"id":"4", "d":' + b"[" * 60 + b"]" * 60 + b"}"
    lines = [
        b'{"id": "1", "naam": "Zo\\u00eb"}',
        b'{"id": "2", "naam": "\\ud800"}',
        b'{"id": "2", "\\udfff": 1}',
        b'{"id": "2", "naam": "\\u0000"}',
        deep,
        less,
        b'{"id": "5", "id": "6"}',
        b'{"id": "5", "x": {"a": 1, "a": 1}}',
        b'{"id": NaN}',
        b'{"id": 1e999}',
        b'{"id": "12", "naam": "\\ud83d\\ude00"}',
    ]
    reading = Reading(tmp_path / "ws", "format: {type: jsonl}, key: id")
    reading.deliver("d", "o.jsonl", b"\n".join(lines))
    assert reading.run() == 3
    assert reading.rows("SELECT _line, id, naam FROM raw_crm ORDER BY 1") == [
        (1, "1", "Zoë"),
        (11, "12", "\U0001f600"),
    ]
    assert reading.rows("SELECT line, reason FROM reject ORDER BY 1") == [
        (2, "json.malformed"),
        (3, "json.malformed"),
        (4, "line.nul"),
        (5, "json.too_deep"),
        (6, "json.too_deep"),
        (7, "json.duplicate_key"),
        (8, "json.duplicate_key"),
        (9, "json.malformed"),
        (10, "json.malformed"),
    ]
    assert reading.client is not None
    reading.client.shut()


def test_keys_that_clash_become_columns_of_their_own(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: jsonl}, key: id")
    line = (
        b'{"id": "1", "Brand": "a", "BRAND": "b", "_line": "c", "source": "d", "unit": "e",'
        b' "x.y": "f", "x": {"y": "g"}, "step": "h"}\n{"id": "2", "brand": "i"}\n{}\n'
    )
    reading.deliver("d", "o.jsonl", line)
    assert reading.run() == 3
    found = reading.rows("SELECT * EXCLUDE (_delivery, _file, _digest) FROM raw_crm ORDER BY _line")
    assert found == [
        (1, "1", "1", "a", "b", "c", "d", "e", "f", "g", "h", None),
        (2, "2", "2", None, None, None, None, None, None, None, None, "i"),
        (3, None, None, None, None, None, None, None, None, None, None, None),
    ]
    assert reading.client is not None
    reading.client.shut()


def test_a_column_may_be_called_as_one_of_ours(reading: Reading) -> None:
    reading.deliver(
        "d", "p.csv", b"Nr;unit;Step;source;delivery;file;line;_line\n1;a;b;c;d;e;f;g\n"
    )
    assert reading.run() == 3
    found = reading.rows("SELECT column_unit, column_Step, source, file, column_line FROM raw_crm")
    assert found == [("a", "b", "c", "e", "g")]


@pytest.mark.parametrize(
    ("columns", "ends"), [pytest.param(1900, 3, marks=pytest.mark.soak), (10_000, 1)]
)
def test_many_columns_are_read_or_refused_in_time(
    reading: Reading, columns: int, ends: int
) -> None:
    header = ";".join(["Nr", *(f"k{n}" for n in range(columns - 1))])
    row = ";".join(["1"] * columns)
    reading.deliver("d", "p.csv", f"{header}\n{row}\n".encode())
    began = time.process_time()
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    assert stopped.exit == ends
    assert time.process_time() - began < 30
    if ends == 1:
        assert "10000 columns; at most 2000" in stopped.message


@pytest.mark.parametrize("inside", [True, False])
@pytest.mark.parametrize("folder", [True, False])
def test_a_link_is_read_unless_it_leads_out_of_the_workspace(
    reading: Reading, tmp_path: Path, inside: bool, folder: bool
) -> None:
    real = (reading.root if inside else tmp_path) / "kept"
    real.mkdir()
    (real / "p.csv").write_text("Nr;Naam\n1;Jansen\n")
    link = reading.root / "deliveries" / "crm" / "d"
    if folder:
        link.parent.mkdir(parents=True)
        link.symlink_to(real)
    else:
        link.mkdir(parents=True)
        (link / "p.csv").symlink_to(real / "p.csv")
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    assert stopped.exit == (3 if inside else 1)
    assert inside or f"leads out of the workspace, to {real / 'p.csv'}" in stopped.message


def _workbook(path: Path, **sheets: list[list[object]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 1, row)


def test_empty_rows_at_the_top_of_a_sheet_count(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: xlsx}, key: Nr")
    path = reading.deliver("d", "p.xlsx", b"")
    head: list[object] = ["Nr", "Naam", "", "naam"]
    data: list[list[object]] = [
        [1, "Jansen", "x", ""],
        ["", "", "", ""],
        head,
        ["2", "Bos", "", "b"],
    ]
    _workbook(path, Een=[[], [""], head, *data], Leeg=[], Twee=[["y"]])
    assert reading.run() == 3
    found = reading.rows("SELECT _line, Nr, Naam, column_3, naam_2 FROM raw_crm ORDER BY 1")
    assert found == [(4, "1", "Jansen", "x", None), (7, "2", "Bos", None, "b")]
    rejected = reading.rows("SELECT line, reason, raw FROM reject")
    assert rejected == [(6, "row.header_again", "Nr\tNaam\tnaam")]
    check = _checks(reading)["sheets of workbooks that are not read"]
    assert (check.passed, check.severity, check.observed) == (False, "warn", "crm/d/p.xlsx: Twee")
    assert reading.client is not None
    reading.client.shut()


def test_a_sheet_that_the_runbook_names_is_read_alone_without_a_word(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: xlsx, sheet: Twee, header: false}")
    path = reading.deliver("d", "p.xlsx", b"")
    _workbook(path, Een=[["Nr"], [1]], Twee=[[], [7, "Bos"], [7, "Bos"]])
    assert reading.run() == 3
    found = reading.rows("SELECT _line, column_1, column_2 FROM raw_crm ORDER BY 1")
    assert found == [(2, "7", "Bos"), (3, "7", "Bos")]
    assert "sheets of workbooks that are not read" not in _checks(reading)
    assert reading.client is not None
    reading.client.shut()


@pytest.mark.parametrize("rows", [[], [["Nr", "Naam"]]])
def test_a_sheet_without_rows_is_no_crash(tmp_path: Path, rows: list[list[object]]) -> None:
    reading = Reading(tmp_path / "ws", "format: {type: xlsx}, key: Nr")
    _workbook(reading.deliver("d", "p.xlsx", b""), Een=rows)
    reading.client = open_client(reading.root)
    stopped = reading.client.run_here()
    assert stopped.exit == (3 if rows else 1)
    assert rows or "has no column Nr" in stopped.message
    reading.client.shut()


def test_a_later_delivery_may_bring_many_new_columns(tmp_path: Path) -> None:
    reading = Reading(tmp_path / "ws", "key: Nr, format: {delimiter: ;, encoding: utf-8}")
    for name in ("a", "b"):
        header = ";".join(["Nr", *(f"{name}{n}" for n in range(300))])
        reading.deliver(name, "p.csv", f"{header}\n{';'.join(['1'] * 301)}\n".encode())
    assert reading.run() == 3
    assert reading.rows("SELECT _delivery, a7, b9 FROM raw_crm ORDER BY 1") == [
        ("a", "1", None),
        ("b", None, "1"),
    ]
    assert reading.client is not None
    reading.client.shut()


def test_names_that_others_chose_are_not_in_the_audit_and_people_still_read_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder, a file, a stray file, a manifest's promise, and a line that passes for the header."""
    reading = Reading(tmp_path / "w", "format: {type: csv, quote: '\"'}")
    people = ("Jan de Vries", "marieke.bakker@example.nl", "Els Peeters", "Tom Claes", "Ada Maes")
    folder, file, stray, promised, header = people
    kept = reading.deliver(folder, f"{file}.csv", f"{header};Ada;1\nNaam;x;2\n".encode())
    reading.deliver(folder, "more.csv", b"a;b;c\n1;2;3\n")
    manifest = {"files": [{"name": f"{promised}.csv"}, {"name": "more.csv", "rows": 9}]}
    (kept.parent / "manifest.json").write_text(json.dumps(manifest))
    runbook = reading.root / "runbook.yaml"
    runbook.write_text(runbook.read_text().replace("crm/*/*", "crm/*/*.csv"))
    (kept.parent / f"{stray}.txt").write_text("left behind")
    assert reading.run() == 1
    assert reading.client is not None
    checks = reading.client.state.steps["read"].checks.values()
    assert not all(check.passed for check in checks)
    audit = reading.root / ".tui-migrate" / "audit"
    everything = [str(path.relative_to(audit)).encode() for path in audit.rglob("*")]
    everything += [path.read_bytes() for path in audit.rglob("*") if path.is_file()]
    for name in people:
        assert name.lower().encode() not in b"\n".join(everything).lower(), name
    told = [entry.fact for entry in reading.client.entries()]
    seen = " ".join(f.name + f.observed for f in told if isinstance(f, CheckDone))
    assert all(name in seen for name in people if name != file), seen
    assert {f.delivery for f in told if isinstance(f, DeliverySeen)} == {folder}
    assert folder in reading.client.run_here().message
    reading.client.close()
    for command in (["audit", "log"], ["status", "--json"]):
        run_cli([*command, "-w", str(reading.root)])
        assert stray in capsys.readouterr().out
