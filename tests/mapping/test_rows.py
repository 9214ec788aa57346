"""What becomes of raw rows under a mapping."""

from __future__ import annotations

from datetime import date, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.staged import mappings, memory, raw
from tui_migrate.mapping import Settings, map_rows, preview
from tui_migrate.model.types import Options, get_type

PEOPLE = """
source: crm
entity: profile
fields:
  family_name: {from: name}
  country: {from: land, codes: {Nederland: NL, België: BE}, else: reject}
  phone: {from: [mobile, phone]}
  postcode: {from: pc}
"""


def test_cells_become_clean_values_and_problems_become_findings() -> None:
    cursor = memory()
    rows = [
        {"id": "1", "name": " JANSEN ", "land": " nederland ", "mobile": "06-12345678",
         "phone": "0612345678", "pc": "1234 ab"},
        {"id": "2", "name": "Peeters", "land": "België", "mobile": "3,16E+10",
         "phone": "0478123456", "pc": "9000"},
    ]  # fmt: skip
    mapped = map_rows(cursor, mappings(PEOPLE)[0], raw(cursor, "r", rows), Settings())
    columns = "record_id, family_name, country, phone, postcode"
    assert cursor.execute(f"SELECT {columns} FROM ({mapped.entity_select()})").fetchall() == [
        ("1", "Jansen", "NL", ["+31612345678"], "1234AB"),  # the same number once
        ("2", "Peeters", "BE", ["+32478123456"], "9000"),  # read by the row's own country
    ]
    found = f"SELECT line, field, rule, value, cleaned FROM ({mapped.findings_select()})"
    assert cursor.execute(found).fetchall() == [
        (2, "family_name", "name.capitals", " JANSEN ", "Jansen"),
        (3, "phone", "phone.excel_damaged", "3,16E+10", None),
    ]


def test_else_reject_and_a_missing_key_reject_the_row() -> None:
    cursor = memory()
    rows: list[dict[str, str | None]] = [
        {"id": "1", "land": "Frankrijkje"},
        {"id": " ", "land": "Nederland"},
        {"id": "3", "land": None},
    ]
    mapped = map_rows(cursor, mappings(PEOPLE)[0], raw(cursor, "r", rows), Settings())
    fates = f"SELECT line, fate, reason FROM ({mapped.rejected_select()})"
    assert cursor.execute(fates).fetchall() == [
        (2, "rejected", "country.unknown"),
        (3, "rejected", "key.missing"),
    ]
    kept = f"SELECT record_id FROM ({mapped.entity_select()})"
    assert cursor.execute(kept).fetchall() == [("3",)]


def test_else_default_fills_what_gives_no_value_and_required_rejects_the_rest() -> None:
    cursor = memory()
    text = """
        source: crm
        entity: profile
        fields:
          kind: {from: soort, codes: {P: person, O: organisation}, else: {default: person}}
          family_name: {from: name, required: true}
        """
    rows = [{"id": "1", "soort": "o", "name": "A"}, {"id": "2", "soort": "?", "name": "B"},
            {"id": "3", "soort": "", "name": "C"}, {"id": "4", "soort": "P", "name": " "}]  # fmt: skip
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    kinds = f"SELECT record_id, kind FROM ({mapped.entity_select()})"
    assert cursor.execute(kinds).fetchall() == [
        ("1", "organisation"), ("2", "person"), ("3", "person")
    ]  # fmt: skip
    fates = f"SELECT line, reason FROM ({mapped.rejected_select()})"
    assert cursor.execute(fates).fetchall() == [(5, "required.missing")]


def test_joined_cells_under_a_code_list_keep_their_places() -> None:
    cursor = memory()
    text = """
        source: crm
        entity: consent
        fields:
          state: {from: [said, confirmed], join: "|", codes: {"ja|": given, "ja|ja": confirmed}}
        """
    rows = [{"id": "1", "said": "Ja", "confirmed": ""}, {"id": "2", "said": "ja", "confirmed": "ja"},
            {"id": "3", "said": "", "confirmed": "ja"}]  # fmt: skip
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    states = f"SELECT state FROM ({mapped.entity_select()})"
    # A confirmation of nothing is no opt-in.
    assert cursor.execute(states).fetchall() == [("given",), ("confirmed",), (None,)]


def test_values_that_hold_several_fields_are_taken_apart() -> None:
    cursor = memory()
    text = """
        source: crm
        entity: profile
        fields:
          full_name: {from: naam}
          first_name: {from: voor}
          family_name: {from: achter}
          street: {from: adres}
        """
    rows = [
        {
            "id": "1",
            "naam": "J. van der Berg",
            "voor": "",
            "achter": "",
            "adres": "Kerkstraat 12-a",
        },
        {"id": "2", "naam": "", "voor": "Els", "achter": "de Vries", "adres": "Plein 1944"},
    ]
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    columns = "initials, first_name, prefix, family_name, street, house_number, house_addition"
    assert cursor.execute(f"SELECT {columns} FROM ({mapped.entity_select()})").fetchall() == [
        ("J.", None, "van der", "Berg", "Kerkstraat", "12", "A"),
        (None, "Els", "de", "Vries", "Plein 1944", None, None),
    ]


def test_several_rows_of_one_record_make_one_record_of_the_last_row() -> None:
    cursor = memory()
    text = """
        source: shop
        entity: profile
        key: [customer, order]
        fields: {family_name: {from: name}, email: {from: mail}}
        """
    rows: list[dict[str, str | None]] = [
        {"id": "o1", "order": "o1", "customer": "K1", "name": "Bos", "mail": "a@x.nl"},
        {"id": "o2", "order": "o2", "customer": None, "name": "Gast", "mail": None},
        {"id": "o3", "order": "o3", "customer": "K1", "name": "Bosch", "mail": "b@x.nl"},
    ]
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    columns = "record_id, line, family_name, email"
    assert cursor.execute(f"SELECT {columns} FROM ({mapped.entity_select()})").fetchall() == [
        ("o2", 3, "Gast", None),
        ("K1", 4, "Bosch", ["b@x.nl", "a@x.nl"]),
    ]


def test_a_number_kept_from_a_spreadsheet_names_its_owner() -> None:
    text = """
    source: shop
    entity: donation
    of: crm
    by: nr
    fields:
      amount: {from: sum}
    """
    cursor = memory()
    rows = [{"id": "1", "nr": '="0123"', "sum": "5"}, {"id": "2", "nr": " 0123", "sum": "6"}]
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    owners = f"SELECT owner_source, owner_record FROM ({mapped.entity_select()})"
    assert cursor.execute(owners).fetchall() == [("crm", "0123"), ("crm", "0123")]


def test_owners_are_found_in_order_and_by_email() -> None:
    cursor = memory()
    text = """
        source: email
        entity: interest
        owner: [{of: crm, by: nr}, {email: mail}]
        fields: {category: {from: cat}}
        """
    rows = [{"id": "1", "nr": " R1 ", "mail": "", "cat": "sport"},
            {"id": "2", "nr": "", "mail": " Jan@x.nl", "cat": "eten"},
            {"id": "3", "nr": "", "mail": "nobody@x.nl", "cat": "tuin"}]  # fmt: skip
    carriers = "(SELECT 'jan@x.nl' AS email, 'email' AS source, 'S9' AS record_id)"
    mapped = map_rows(
        cursor, mappings(text)[0], raw(cursor, "r", rows), Settings(carriers=carriers)
    )
    owners = f"SELECT owner_source, owner_record FROM ({mapped.entity_select()})"
    expected = [("crm", "R1"), ("email", "S9"), (None, None)]
    assert cursor.execute(owners).fetchall() == expected


def test_each_element_of_a_list_is_a_row() -> None:
    cursor = memory()
    text = """
        source: shop
        entity: order
        each: lines[]
        of: shop
        by: id
        fields:
          position: {from: "lines[]"}
          sku: {from: "lines[].sku"}
          amount: {from: "lines[].price", decimal: "."}
        """
    lines = '[{"sku": "A1", "price": 12.5}, {"sku": "B22", "price": 3}]'
    rows: list[dict[str, str | None]] = [{"id": "o1", "lines": lines}, {"id": "o2", "lines": None}]
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    columns = "record_id, child_no, position, sku, amount::VARCHAR"
    assert cursor.execute(f"SELECT {columns} FROM ({mapped.entity_select()})").fetchall() == [
        ("o1", 1, 1, "A1", "12.50"),
        ("o1", 2, 2, "B22", "3.00"),
    ]


def test_when_selects_rows_and_a_suffix_makes_a_second_record() -> None:
    cursor = memory()
    text = """
        source: subs
        entity: profile
        key: {from: nr, suffix: /payer}
        when: {soort: [cadeau]}
        links: {payer: crm}
        fields: {full_name: {from: name}}
        """
    rows = [{"id": "A1", "nr": "A1", "soort": "regulier", "payer": "", "name": ""},
            {"id": "A2", "nr": "A2", "soort": " Cadeau", "payer": "R7", "name": "Ans Bos"}]  # fmt: skip
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    records = f"SELECT record_id, family_name FROM ({mapped.entity_select()})"
    assert cursor.execute(records).fetchall() == [("A2/payer", "Bos")]
    links = mapped.links_select()
    assert links is not None
    assert cursor.execute(links).fetchall() == [("subs", "A2/payer", "crm", "R7", "payer")]


def test_a_contact_point_is_read_as_what_it_is_and_never_lost() -> None:
    cursor = memory()
    text = "source: crm\nentity: suppression\nfields: {contact_point: {from: to}}"
    rows = [{"id": "1", "to": " Jan@GMAIL.com "}, {"id": "2", "to": "06-12345678"},
            {"id": "3", "to": "jan at home"}]  # fmt: skip
    mapped = map_rows(cursor, mappings(text)[0], raw(cursor, "r", rows), Settings())
    points = f"SELECT contact_point FROM ({mapped.entity_select()})"
    email = get_type("email").clean("Jan@GMAIL.com", Options()).value
    assert email is not None
    assert cursor.execute(points).fetchall() == [(email,), ("+31612345678",), ("jan at home",)]


def test_payment_fields_stay_behind_until_they_are_allowed() -> None:
    cursor = memory()
    text = "source: crm\nentity: profile\nfields: {iban: {from: rek}, first_name: {from: n}}"
    table = raw(cursor, "r", [{"id": "1", "rek": "NL91ABNA0417164300", "n": "An"}])
    for allowed, expected in ((frozenset(), None), (frozenset({"iban"}), "NL91ABNA0417164300")):
        mapped = map_rows(cursor, mappings(text)[0], table, Settings(payment=frozenset(allowed)))
        iban = cursor.execute(f"SELECT iban FROM ({mapped.entity_select()})").fetchall()
        assert iban == [(expected,)]


def test_the_trail_tells_of_changes_that_matter() -> None:
    cursor = memory()
    text = """
        source: crm
        entity: profile
        fields:
          postcode: {from: pc}
          phone: {from: tel}
          birth_date: {from: born, format: "%d-%m-%Y"}
        """
    rows = [{"id": "1", "pc": "1234 ab", "tel": "06-12345678", "born": "03-04-1980"}]
    mapped = map_rows(
        cursor, mappings(text)[0], raw(cursor, "r", rows), Settings(today=date(2026, 3, 1))
    )
    select = mapped.cleaned_trail_select()
    assert select is not None
    # Spacing and the order of a date mean nothing; a national number became an international one.
    assert cursor.execute(f"SELECT field, rule, before, after FROM ({select})").fetchall() == [
        ("phone", "normalised", "06-12345678", "+31612345678")
    ]


def test_a_preview_shows_the_cell_beside_the_value() -> None:
    cursor = memory()
    table = raw(cursor, "r", [{"id": "1", "land": "Nederland", "pc": "x"}])
    shown = {cell.field: cell for cell in preview(cursor, mappings(PEOPLE)[0], 5, table)}
    assert (shown["country"].raw, shown["country"].value) == ("Nederland", "NL")
    assert (shown["postcode"].raw, shown["postcode"].value) == ("x", None)
    assert shown["postcode"].problem == "postcode.invalid"


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2035, 1, 1)), min_size=1, max_size=20),
    st.sampled_from(["Europe/Amsterdam", "UTC", "Europe/London"]),
)
def test_the_fast_path_of_moments_agrees_with_the_type(moments: list[datetime], zone: str) -> None:
    texts = [moment.replace(microsecond=0).isoformat() for moment in moments]
    cursor = memory()
    cursor.execute("SET TimeZone = 'UTC'").fetchall()
    mapping = mappings("source: email\nentity: interaction\nfields: {happened_at: {from: t}}")[0]
    table = raw(cursor, "r", [{"id": str(n), "t": text} for n, text in enumerate(texts)])
    mapped = map_rows(cursor, mapping, table, Settings(zone=zone))
    sql = f"SELECT happened_at FROM ({mapped.entity_select()})"
    moment = get_type("datetime")
    canonical = [moment.clean(text, Options(zone=zone)).value or "" for text in texts]
    expected = [datetime.fromisoformat(text) for text in canonical]
    assert [row[0] for row in cursor.execute(sql).fetchall()] == expected


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.text(max_size=12), st.sampled_from(["Jan", "JAN", "1234 AB", "x@y.nl"])))
)
def test_any_cell_is_read_as_its_type_reads_it(pairs: list[tuple[str, str]]) -> None:
    cells = [
        cell.replace("\0", "").encode("utf-8", "ignore").decode() for pair in pairs for cell in pair
    ]
    cursor = memory()
    fields = "{first_name: {from: c}, email: {from: c}, postcode: {from: c}, town: {from: c}}"
    mapping = mappings(f"source: crm\nentity: profile\nfields: {fields}")[0]
    rows: list[dict[str, str | None]] = [{"id": str(n), "c": cell} for n, cell in enumerate(cells)]
    mapped = map_rows(cursor, mapping, raw(cursor, "r", rows or [{"id": "0", "c": ""}]), Settings())
    select = f"SELECT first_name, town FROM ({mapped.entity_select()})"
    expected = [
        tuple(get_type(name).clean(cell, Options()).value for name in ("first_name", "town"))
        for cell in cells or [""]
    ]
    assert cursor.execute(select).fetchall() == expected


LISTS = """
source: crm
entity: consent
fields:
  channel: {value: email}
  brand: {from: list}
  state: {value: withdrawn}
"""


def test_free_text_never_passes_for_a_brand() -> None:
    cursor = memory()
    rows: list[dict[str, str | None]] = [
        {"id": "1", "list": " nova "},
        {"id": "2", "list": "Zwaluwstaart zwaluw@example.nl"},
        {"id": "3", "list": "alle"},
    ]
    brands = Settings(brands=("Nova", "Kompas"))
    mapped = map_rows(cursor, mappings(LISTS)[0], raw(cursor, "r", rows), brands)
    kept = f"SELECT record_id, brand FROM ({mapped.entity_select()}) ORDER BY 1"
    assert cursor.execute(kept).fetchall() == [("1", "Nova"), ("2", None), ("3", "*")]
    found = f"SELECT line, field, rule FROM ({mapped.findings_select()})"
    assert cursor.execute(found).fetchall() == [(3, "brand", "brand.unknown")]
