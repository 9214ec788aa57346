"""Workbooks: the cells of a sheet as text, by their row in the sheet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _

if TYPE_CHECKING:
    from fastexcel import ExcelReader


@contextmanager
def _book(path: Path) -> Iterator[ExcelReader]:
    import fastexcel

    try:
        yield fastexcel.read_excel(path)
    except fastexcel.FastExcelError as error:
        raise DataSaysNo(
            _("{} is not a workbook that can be read: {}").format(path, error),
            _("Open it and save it again as .xlsx, or ask for the delivery again."),
        ) from error


def sheet_cells(path: Path, sheet: str | None) -> pa.Table:
    """Every row of a sheet (the first, unless named) from its first: ``_line`` (1-based row number)
    and the cells ``c0``, ``c1``… as text."""
    with _book(path) as book:
        # Without skip_rows, empty rows at the top would be left out of the counting.
        loaded = book.load_sheet(sheet or 0, dtypes="string", header_row=None, skip_rows=0)
        table = pa.table(loaded)
    names = [f"c{n}" for n in range(table.num_columns)]
    lines = pa.array(range(1, table.num_rows + 1), pa.int64())
    return table.rename_columns(names).append_column("_line", lines)


def other_sheets(path: Path) -> list[str]:
    """The sheets behind the first one that are not empty."""
    with _book(path) as book:
        return [
            name
            for name in book.sheet_names[1:]
            if book.load_sheet(name, header_row=None).total_height
        ]
