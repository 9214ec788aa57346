"""Every filled column is accounted for."""

from __future__ import annotations

from tests.mapping.staged import mappings, memory, raw
from tui_migrate.mapping.coverage import coverage, covered


def test_what_became_of_each_column() -> None:
    cursor = memory()
    made = mappings(
        """
        source: crm
        entity: profile
        fields: {first_name: {from: n}, iban: {from: rek}, town: {from: gone}}
        skip: {memo: free text}
        when: {soort: [P]}
        """
    )
    row: dict[str, str | None] = {
        "id": "1",
        "n": "An",
        "rek": "NL1",
        "memo": "x",
        "soort": "P",
        "lost": "y",
        "blank": " ",
    }
    table = raw(cursor, "r", [row, {**row, "n": "Bo"}])
    uses = {use.column: use for use in coverage(cursor, "crm", table, made, (), [("id", "key")])}
    assert {column: use.use for column, use in uses.items()} == {
        "blank": "empty", "gone": "absent", "id": "key", "lost": "unmapped", "memo": "skipped",
        "n": "mapped", "rek": "excluded: payment", "soort": "condition",
    }  # fmt: skip
    assert uses["memo"].reason == "free text"
    assert (uses["n"].filled, uses["n"].rows, uses["n"].examples) == (2, 2, ("An", "Bo"))
    assert covered(uses.values()) == (5, 6)
