"""docs/model.md says what the model has."""

from __future__ import annotations

import re

from tests.docs.pages import DOCS
from tui_migrate.model.entities import entities


def test_every_entity_stands_there_with_its_fields_and_their_types() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", (DOCS / "model.md").read_text(), re.MULTILINE)
    told = {name: re.findall(r"`(\w+)`(\*?)(?: (\w+))?", fields) for name, fields in rows}
    assert {
        name: [(field, many == "*", kind or field) for field, many, kind in fields]
        for name, fields in told.items()
    } == {
        name: [(field.name, field.many, field.type) for field in entity.fields]
        for name, entity in entities().items()
    }
