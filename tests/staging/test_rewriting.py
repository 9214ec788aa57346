"""Delivered files without some cells: nothing else of a row goes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tui_migrate.staging.readers import FileFormat
from tui_migrate.staging.rewriting import rewrite


def test_of_a_struct_in_parquet_only_the_named_parts_go(tmp_path: Path) -> None:
    rows = [
        {"nr": "1", "gift": {"kind": "cadeau", "payer": {"name": "Anna", "nr": 1}}},
        {"nr": "2", "gift": {"kind": "cadeau", "payer": {"name": "Bert", "nr": 2}}},
        {"nr": "3", "gift": None},
        {"nr": "4", "gift": {"kind": "gewoon", "payer": None}},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    into = tmp_path / "b.parquet"
    cells = {1: ["gift.payer.name"], 2: ["gift.payer"]}
    rewrite(tmp_path / "a.parquet", into, FileFormat(), frozenset({4}), cells)
    assert pq.read_table(into).to_pylist() == [
        {"nr": "1", "gift": {"kind": "cadeau", "payer": {"name": None, "nr": 1}}},
        {"nr": "2", "gift": {"kind": "cadeau", "payer": None}},
        {"nr": "3", "gift": None},
        {"nr": None, "gift": None},
    ]
