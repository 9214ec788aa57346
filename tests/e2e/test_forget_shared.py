"""Rows in which two persons stand, in every format, and keys in other letters: at the erasure and in
deliveries that come after it."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tests.e2e.erasure_world import KEY, traces
from tests.e2e.program import (
    REPOSITORY,
    copied,
    environment,
    facts,
    records,
    run_line,
    run_on,
    tui,
    tui_many,
)

FORMATS = {"csv": "csv", "lines": "jsonl", "rows": "parquet", "sheet": "xlsx"}
"""Source → format of its file."""
HEAD = ["nr", "name", "email", "partner", "partner email"]
HER = ["Zqxanna Zqxberg", "zqxanna@example.org"]
BERT, CEES, DORA = (
    [f"{name} {family}", f"{name.lower()}@example.org"]
    for name, family in (("Bert", "Smit"), ("Cees", "Vos"), ("Dora", "Mol"))
)
FIRST = [
    ["ZQXR9", *HER, "", ""],
    ["H1", *HER, *BERT],
    ["H2", *CEES, *HER],
    ["H3", *DORA, "", ""],
    ["AB1", "Eva Bos", "eva@example.org", "", ""],
    ["ab1", "Fee Kok", "fee@example.org", "", ""],
]
RUNBOOK = """\
runbook: shared
title: Shared
zone: Europe/Amsterdam
rehearsal: true
brands: [Nova]
sources:
SOURCES
target: {type: csv, path: exports/target}
roles:
  lead: {users: ["*"]}
phases:
  - id: all
    title: All
    steps:
      - {id: read, uses: ingest}
      - {id: map, uses: map}
      - {id: match, uses: match}
      - {id: merge, uses: merge}
"""
SOURCE = """\
  {name}:
    files: "deliveries/{name}/*/people.{type}"
    format: {{type: {type}}}
    key: nr
    mapping: [mapping/{name}.yaml, mapping/{name}_partners.yaml]
"""
MEMBERS = """\
source: {name}
entity: profile
fields:
  kind: {{value: person}}
  full_name: {{from: name}}
  email: {{from: email}}
"""
PARTNERS = """\
source: {name}
entity: profile
key: {{from: nr, suffix: /partner}}
when: {{partner: []}}
fields:
  kind: {{value: person}}
  full_name: {{from: partner}}
  email: {{from: partner email}}
"""


def _make(root: Path) -> Path:
    (root / "mapping").mkdir(parents=True)
    sources = "".join(SOURCE.format(name=name, type=kind) for name, kind in FORMATS.items())
    (root / "runbook.yaml").write_text(RUNBOOK.replace("SOURCES\n", sources))
    for name in FORMATS:
        (root / "mapping" / f"{name}.yaml").write_text(MEMBERS.format(name=name))
        (root / "mapping" / f"{name}_partners.yaml").write_text(PARTNERS.format(name=name))
    (root / "backup.key").write_text(KEY)
    (root / "decisions.yaml").write_text("{}\n")
    _deliver(root, "2026-03-01-full", FIRST)
    return root


def _deliver(root: Path, name: str, rows: list[list[str]]) -> None:
    """The same rows in every format."""
    for source, kind in FORMATS.items():
        folder = root / "deliveries" / source / name
        folder.mkdir(parents=True)
        path = folder / f"people.{kind}"
        dicts = [dict(zip(HEAD, row, strict=True)) for row in rows]
        if kind == "csv":
            with path.open("w", newline="") as stream:
                csv.writer(stream).writerows([HEAD, *rows])
        elif kind == "jsonl":
            path.write_text("".join(f"{json.dumps(row)}\n" for row in dicts))
        elif kind == "parquet":
            pq.write_table(pa.Table.from_pylist(dicts), path)
        else:
            with xlsxwriter.Workbook(path) as book:
                sheet = book.add_worksheet()
                for number, row in enumerate([HEAD, *rows]):
                    sheet.write_row(number, 0, row)


def _delivered(root: Path, delivery: str) -> dict[str, list[list[str]]]:
    """Source → its rows as they stand in the file, empty ones left out."""
    import fastexcel

    at = {s: root / "deliveries" / s / delivery / f"people.{k}" for s, k in FORMATS.items()}
    lines = [json.loads(line) for line in at["lines"].read_text().split("\n") if line]
    sheet = fastexcel.read_excel(at["sheet"]).load_sheet(0, header_row=None).to_arrow().to_pylist()
    found = {
        "csv": list(csv.reader(at["csv"].read_text().splitlines()))[1:],
        "lines": [list(line.values()) for line in lines],
        "rows": [list(row.values()) for row in pq.read_table(at["rows"]).to_pylist()],
        "sheet": [list(row.values()) for row in sheet[1:]],
    }
    cells = {s: [[cell or "" for cell in row] for row in rows] for s, rows in found.items()}
    return {s: [row for row in rows if any(row)] for s, rows in cells.items()}


NAMES = ("fates", "crosswalk", "profiles")
Lines = list[list[str | Path]]


def _redo(workspace: Path) -> Lines:
    """The command lines that read everything again, and go on to the end."""
    return [["redo", "read", "-w", workspace], [*run_line(workspace)]]


def _exports(workspace: Path, to: Path) -> Lines:
    to.mkdir()
    return [["export", name, "-o", to / f"{name}.csv", "-w", workspace] for name in NAMES]


def _tables(folder: Path) -> dict[str, list[dict[str, str]]]:
    return {name: list(records(folder / f"{name}.csv")) for name in NAMES}


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read and merged, and she is in every source: alone, with Bert, with Cees. Copy it first."""
    workspace = _make(tmp_path_factory.mktemp("shared") / "before")
    run_on(workspace)
    return workspace


@pytest.fixture(scope="module")
def without(before: Path) -> Path:
    """A copy of it, without her."""
    workspace = copied(before, before.with_name("without"))
    tui("forget", "csv/ZQXR9", "--reason", "asked", "--yes", "-w", workspace)
    return workspace


@pytest.mark.soak
def test_of_two_in_a_row_one_is_erased_and_the_other_stays(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    assert traces(workspace) == []
    left = [["H1", "", "", *BERT], ["H2", *CEES, "", ""], *FIRST[3:]]
    assert _delivered(workspace, "2026-03-01-full") == dict.fromkeys(FORMATS, left)
    one, other = tmp_path / "one", tmp_path / "other"
    tui_many([*_exports(workspace, one), *_redo(workspace), *_exports(workspace, other)])
    was, now = _tables(one), _tables(other)
    assert {p["full_name"] for p in was["profiles"]} == {
        "Bert Smit", "Cees Vos", "Dora Mol", "Eva Bos", "Fee Kok",
    }  # fmt: skip
    assert now["crosswalk"] == was["crosswalk"], "nobody without a name stands in her place"
    assert now["profiles"] == was["profiles"]


def _come_again(workspace: Path) -> None:
    """A later delivery: she with Bert and Cees again, and with Dora for the first time."""
    again = [["H1", *HER, *BERT], ["H2", *CEES, *HER], ["H3", *DORA, *HER], *FIRST[4:]]
    _deliver(workspace, "2026-04-01-full", again)


AGAIN = [["H1", "", "", *BERT], ["H2", *CEES, "", ""], ["H3", *DORA, "", ""], *FIRST[4:]]
"""What is left of it."""


@pytest.mark.soak
def test_her_cells_in_a_later_delivery_go_from_its_file_too(without: Path, tmp_path: Path) -> None:
    workspace = copied(without, tmp_path / "w")
    _come_again(workspace)
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    verify: list[str | Path] = ["audit", "verify", "-w", workspace]
    tui_many([*_redo(workspace), verify, *_exports(workspace, one)])
    assert _delivered(workspace, "2026-04-01-full") == dict.fromkeys(FORMATS, AGAIN)
    assert traces(workspace) == []
    rewritten = [f for f in facts(workspace, "delivery.rewritten") if f["cells"] == 6]
    assert {f["source"] for f in rewritten} == set(FORMATS)
    seen = {f["sha256"] for d in facts(workspace, "delivery.seen") for f in d["files"]}
    assert {f["old"] for f in rewritten} <= seen
    assert len(_tables(one)["profiles"]) == 5
    (workspace / ".tui-migrate" / "staging.duckdb").unlink()
    tui_many([*_exports(workspace, other), *_redo(workspace), *_exports(workspace, third)])
    assert _tables(other) == _tables(one), "rebuilt"
    assert _tables(third) == _tables(one), "done again"
    assert [f for f in facts(workspace, "delivery.rewritten") if f["cells"] == 6] == rewritten


_KILLED = """
import os, signal, sys
from pathlib import Path
from tui_migrate.engine import memory
from tui_migrate.engine.workspace import Workspace
memory.load(Workspace(Path(sys.argv[1])).journal)
from tui_migrate.audit import entries as facts
from tui_migrate.audit import person_facts
from tui_migrate.engine import api, erasure, runner
from tui_migrate.engine.client import open_client
from tui_migrate.engine.core import Core
workspace, point = sys.argv[1:]
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
record = Core.record
def recorded(core, fact, command=""):
    entry = record(core, fact, command)
    isinstance(fact, person_facts.DeliveryRewritten) and die()
    return entry
rewrite = erasure._rewrite
def rewritten(core, one, path, kept):
    rewrite(core, one, path, kept)
    die()
if point == "step finished":
    runner.scrub_again = die
elif point == "delivery journalled":
    Core.record = recorded
else:
    erasure._rewrite = rewritten
client = open_client(Path(workspace))
client.send(api.Redo(step="read", reason="delivered"))
client.engine.run()
"""


@pytest.mark.soak
@pytest.mark.parametrize(
    ("point", "lost"),
    [("step finished", False), ("delivery journalled", False), ("file exchanged", True)],
)
def test_killed_before_the_file_is_rewritten_it_is_gone_on_with(
    without: Path, tmp_path: Path, point: str, lost: bool
) -> None:
    workspace = copied(without, tmp_path / "w")
    _come_again(workspace)
    line = [sys.executable, "-c", _KILLED, str(workspace), point]
    done = subprocess.run(line, check=False, env=environment(), cwd=REPOSITORY, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done
    assert traces(workspace), "she stands in a file"
    if lost:
        for path in (workspace / ".tui-migrate").glob("staging.duckdb*"):
            path.unlink()
    tui("export", "fates", "-o", tmp_path / "fates.csv", "-w", workspace)
    assert _delivered(workspace, "2026-04-01-full") == dict.fromkeys(FORMATS, AGAIN)
    assert traces(workspace) == []


@pytest.mark.soak
def test_a_key_in_other_letters_is_not_let_in_and_nobody_else_is_dropped(
    without: Path, tmp_path: Path
) -> None:
    workspace = copied(without, tmp_path / "w")
    tui("forget", "csv/AB1", "--reason", "asked", "--yes", "-w", workspace)
    rows = [
        [" zqxr9 ", "Somebody Else", "", "", ""],
        ["ZQXR-9", "Somebody Else", "", "", ""],
        ["zqx\u00a0r 9", "Somebody Else", "", "", ""],
        *FIRST[3:],
        ["ZQXR90", "Gijs Bot", "", "", ""],
    ]
    _deliver(workspace, "2026-04-01-full", rows)
    tui_many([*_redo(workspace), *_exports(workspace, tmp_path / "t")])
    fates = _tables(tmp_path / "t")["fates"]
    for source in FORMATS:
        new = [
            (r["record_id"], r["fate"] == "erased")
            for r in fates
            if (r["source"], r["delivery"]) == (source, "2026-04-01-full")
        ]
        living = [(key, False) for key in ("H3", "ab1", "ZQXR90")]
        assert new == [*[("", True)] * 3, living[0], ("", True), *living[1:]], source
