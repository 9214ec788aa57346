"""Contact points: the e-mail addresses and phone numbers by which a fact finds its people.

A row of a suppression list writes an address as it likes (spaces, capitals, ``06 12 34 56 78``), a
profile holds the canonical form of the semantic type. Both are brought to one *key* here, else an
opt-out would silently find nobody. Library work runs once per distinct value.
"""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from tui_migrate.consent.relations import (
    CONTACT_POINT_COLUMNS,
    PROFILE_COLUMNS,
    Sources,
    exists,
    read,
)
from tui_migrate.model.types.base import Options, get_type
from tui_migrate.staging.store import Cursor

# Tidy values are their own key (addresses in small letters); all others pass through the semantic type.
_TIDY = {
    "tidy_phone": r"\+[1-9][0-9]{6,14}",
    "tidy_email": r"[a-z0-9_+-]+(\.[a-z0-9_+-]+)*@[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}",
}

# One row is a record of a source: what it writes as addresses and numbers, and where post goes.
_PERSONS = """
CREATE OR REPLACE TEMP TABLE tmp_person AS
SELECT source, record_id, list_concat(coalesce(email, []), coalesce(phone, [])) AS written,
  CASE WHEN postcode IS NOT NULL AND house_number IS NOT NULL
    THEN concat_ws(' ', postcode, house_number, house_addition) END AS address
FROM {profile}
"""

# One row is a value as it is written somewhere, and the key under which it is compared.
_KEYS = """
CREATE OR REPLACE TEMP TABLE tmp_point_key AS
SELECT value, CASE WHEN regexp_full_match(value, $tidy_phone) THEN value
  WHEN regexp_full_match(lower(trim(value)), $tidy_email) THEN lower(trim(value)) END AS key
FROM (SELECT DISTINCT value FROM ({values}) WHERE trim(value) <> '')
"""

# One row is a record of a source and a contact point that it carries, with the kind of the point.
_RECORD_POINTS = """
CREATE OR REPLACE TEMP TABLE tmp_record_point AS
WITH written AS (
  SELECT source, record_id, unnest(written) AS value FROM tmp_person
  UNION ALL SELECT coalesce(owner_source, source), coalesce(owner_record, record_id), value
        FROM {contact_point})
SELECT DISTINCT w.source, w.record_id, k.key AS point,
       CASE WHEN contains(k.key, '@') THEN 'email' ELSE 'phone' END AS kind
FROM written w JOIN tmp_point_key k USING (value)
UNION ALL
-- Post has no contact point of its own: the address stands in, so that a list can name it.
SELECT DISTINCT source, record_id, address, 'post' FROM tmp_person WHERE address IS NOT NULL
"""

# One row is a profile and an e-mail address or phone number that one of its records carries.
_PROFILE_POINTS = """
CREATE OR REPLACE TEMP TABLE tmp_profile_point AS
SELECT c.profile_id, p.point, p.kind
FROM tmp_record_point p JOIN {crosswalk} c ON c.source = p.source AND c.record_id = p.record_id
UNION
SELECT w.profile_id, k.key, CASE WHEN contains(k.key, '@') THEN 'email' ELSE 'phone' END
FROM tmp_golden w JOIN tmp_point_key k USING (value)
"""

# One row is a value that a profile itself holds.
_GOLDEN = """
CREATE OR REPLACE TEMP TABLE tmp_golden AS
SELECT profile_id, unnest(list_concat(coalesce(email, []), coalesce(phone, []))) AS value
FROM {golden}
"""

TABLES = ("tmp_point_key", "tmp_record_point", "tmp_profile_point")
"""The temporary tables that ``gather`` leaves."""
_GOLDEN_COLUMNS = {"profile_id": "VARCHAR", "email": "VARCHAR[]", "phone": "VARCHAR[]"}


# As above, for values that are not known yet.
_NEW_KEYS = """
INSERT INTO tmp_point_key
SELECT value, CASE WHEN regexp_full_match(value, $tidy_phone) THEN value
  WHEN regexp_full_match(lower(trim(value)), $tidy_email) THEN lower(trim(value)) END AS key
FROM (SELECT DISTINCT value FROM ({values}) WHERE trim(value) <> '')
ANTI JOIN tmp_point_key k USING (value)
"""


def gather(
    cursor: Cursor,
    sources: Sources,
    rows: Iterable[str],
    country: str = "NL",
    reuse: bool = False,
) -> None:
    """Fill the temporary tables of contact points.

    ``rows``: bracketed SELECTs with a column ``contact_point`` (the rows to be placed). Afterwards
    ``tmp_point_key`` (value, key), ``tmp_record_point`` (source, record_id, point, kind) and
    ``tmp_profile_point`` (profile_id, point, kind) are there; kind: email, phone, post. ``reuse``:
    records and profiles are as they were at the last call on this cursor; only the rows are new (a
    rolled-back transaction takes the tables along: then they are made again).
    """
    told = [f"SELECT contact_point AS value FROM {row}" for row in rows]
    if reuse and all(exists(cursor, name) for name in TABLES):
        know(cursor, " UNION ALL ".join(told), country)
        return
    contact_point = read(cursor, sources.contact_point, CONTACT_POINT_COLUMNS)
    cursor.execute(_PERSONS.format(profile=read(cursor, sources.profile, PROFILE_COLUMNS)))
    cursor.execute(_GOLDEN.format(golden=read(cursor, sources.golden, _GOLDEN_COLUMNS)))
    values = [
        "SELECT unnest(written) AS value FROM tmp_person",
        "SELECT value FROM tmp_golden",
        f"SELECT value FROM {contact_point}",
    ]
    cursor.execute(_KEYS.format(values=" UNION ALL ".join(values + told)), _TIDY)
    _clean_untidy(cursor, country)
    cursor.execute(_RECORD_POINTS.format(contact_point=contact_point))
    cursor.execute(_PROFILE_POINTS.format(crosswalk=sources.crosswalk))
    for name in ("tmp_person", "tmp_golden"):
        cursor.execute(f"DROP TABLE {name}")


def know(cursor: Cursor, values: str, country: str = "NL") -> None:
    """Add the keys of more values to ``tmp_point_key``; ``values``: a SELECT of a column value."""
    cursor.execute(_NEW_KEYS.format(values=values), _TIDY)
    _clean_untidy(cursor, country)


def _clean_untidy(cursor: Cursor, country: str) -> None:
    """Give every value that is not tidy the key of its semantic type (else: lower case, trimmed)."""
    untidy = cursor.sql("SELECT value FROM tmp_point_key WHERE key IS NULL ORDER BY value")
    values: list[str] = untidy.to_arrow_table().column("value").to_pylist()
    if not values:
        return
    options = Options(country=country)
    keys = [value.strip().lower() for value in values]
    for name, is_mail in (("email", True), ("phone", False)):
        places = [i for i, value in enumerate(values) if ("@" in value) == is_mail]
        if places:
            cleaned = get_type(name).clean_many([values[i] for i in places], options)
            for i, result in zip(places, cleaned, strict=True):
                keys[i] = (result.value or keys[i]).lower()
    cursor.register("tmp_cleaned_points", pa.table({"value": values, "key": keys}))
    cursor.execute(
        "UPDATE tmp_point_key SET key = c.key FROM tmp_cleaned_points c"
        " WHERE tmp_point_key.value = c.value"
    )
    cursor.unregister("tmp_cleaned_points")
