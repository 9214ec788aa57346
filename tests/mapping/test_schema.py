"""The published schema of mapping files is the one that the program reads by."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui_migrate.mapping.schema import ALL
from tui_migrate.runbook.schema import schema_text

SCHEMAS = Path(__file__).parents[2] / "docs" / "schemas"


@pytest.mark.parametrize("name", sorted(ALL))
def test_the_committed_schema_is_up_to_date(name: str) -> None:
    assert (SCHEMAS / f"{name}.json").read_text() == schema_text(name, ALL[name])
