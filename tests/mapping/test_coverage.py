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


def test_a_key_inside_a_list_that_no_mapping_names_is_a_column_of_its_own() -> None:
    cursor = memory()
    made = mappings(
        """
        source: shop
        entity: consent
        of: crm
        by: nr
        each: wishes[]
        skip: {"wishes[].note": for the printer}
        fields:
          channel: {from: "wishes[].by.name"}
          state: {value: given}
        """
    )
    mail = '[{"by": {"name": "email"}, "no/more": "yes", "empty": " "}, {"no/more": "all"}]'
    note = '[{"by": {"name": "phone"}, "note": "x", "no/more": null}, 7]'
    rows: list[dict[str, str | None]] = [
        {"nr": "1", "wishes": mail}, {"nr": "2", "wishes": note}, {"nr": "3", "wishes": "no list"},
    ]  # fmt: skip
    uses = {u.column: u for u in coverage(cursor, "shop", raw(cursor, "r", rows), made)}
    assert {column: (use.use, use.filled) for column, use in uses.items()} == {
        "nr": ("owner", 3), "wishes": ("mapped", 3), "wishes[].no/more": ("unmapped", 1),
        "wishes[].note": ("skipped", 1),
    }  # fmt: skip
    assert uses["wishes[].no/more"].examples == ("all", "yes")
    assert uses["wishes[].note"].reason == "for the printer"
    assert covered(uses.values()) == (3, 4)
