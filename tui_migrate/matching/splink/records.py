"""The normalised records as one Parquet file a kind: every input of ``levels`` is a column.

What takes more than two records to know is worked out here: whose a mailbox is, which values of a key
too many records share, how rare a name is. So the levels stay equality, overlap and edit distance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tui_migrate.matching.blocking import block
from tui_migrate.matching.comparing import FEMININE_ENDINGS
from tui_migrate.matching.core import know_owners
from tui_migrate.matching.declared import number_values
from tui_migrate.matching.keys import PARTS, Key, key_select, make_joined, split_part
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.normalise import normalise
from tui_migrate.matching.rarity import use_rarity
from tui_migrate.matching.schema import count, drop_scratch
from tui_migrate.matching.settings import KINDS, PERSON, MatchSettings
from tui_migrate.matching.splink.levels import declared_column
from tui_migrate.matching.splink.settings import IDENTITY, UNIQUE_ID, frequent, shares

#: Field → its columns, as SQL over ``FROM_SQL``.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "first_name": {
        "first_name": "f.name",
        "first_word": "f.words[1]",
        "first_words": "len(f.words)::INTEGER",
        "initials": "nullif(f.initials, '')",
        "written": "f.written",
        "letters": "nullif(f.letters, [])",
        "called": "nullif(f.sets, [])",
        "male_forms": "nullif(list_transform(list_filter("
        f"{list(FEMININE_ENDINGS)}, lambda e: ends_with(f.name, e) AND length(f.name) > length(e)),"
        " lambda e: left(f.name, length(f.name) - length(e))), [])",
    },
    "family_name": {
        "family_name": "r.family_text",
        "family_words": "nullif(list_filter(n.words, lambda w: length(w) > 2), [])",
        "family_joined": "replace(r.family_text, ' ', '')",
    },
    "birth_date": {
        "birth_date": "r.birth",
        "birth_swapped": "left(r.birth, 4) || right(r.birth, 2) || substr(r.birth, 5, 2)",
    },
    "address": {
        "address": "r.address",
        "postcode": "r.postcode",
        "fine_postcode": "CASE WHEN length(r.postcode) >= 6 THEN r.postcode END",
        "house_number": "r.number",
        "house_addition": "a.addition",
        "street": "r.street",
        "town": "r.town",
    },
    "email": {name: f"e.{name}" for name in ("emails", "own_emails", "local_parts")},
    "phone": {name: f"p.{name}" for name in ("phones", "own_phones", "mobiles", "landlines")},
    "gender": {"gender": "r.gender"},
    "organisation_name": {
        "organisation_name": "r.organisation_text",
        "organisation_tokens": "array_to_string(list_sort(list_filter("
        "string_split(r.organisation_text, ' '), lambda w: w <> '')), ' ')",
    },
    "kvk": {"kvk": "r.kvk"},
    "vat": {"vat": "r.vat"},
}
#: One is compared with the other where they may have changed places.
NAMES = ("first_name", "family_name")

#: One row is one record.
FROM_SQL = """
FROM mt_record r LEFT JOIN mt_first f ON f.code = r.first LEFT JOIN mt_family n ON n.code = r.family
LEFT JOIN mt_address a ON a.code = r.address
LEFT JOIN mt_emails_of e ON e.uid = r.uid LEFT JOIN mt_phones_of p ON p.uid = r.uid{joins}
WHERE r.kind = '{kind}'"""

#: One row is one record with its e-mail addresses, and those that are nobody else's.
EMAILS_SQL = """
CREATE OR REPLACE TEMP TABLE mt_emails_of AS
SELECT uid, list(email ORDER BY email) AS emails,
    list(email ORDER BY email) FILTER (own AND email NOT IN (SELECT email FROM mt_family_mailbox))
        AS own_emails,
    list_sort(list_distinct(list(split_part(email, '@', 1)))) AS local_parts
FROM mt_email LEFT JOIN mt_owner_email USING (email) GROUP BY uid"""

#: One row is one record with its telephone numbers, and the mobiles that are nobody else's.
PHONES_SQL = """
CREATE OR REPLACE TEMP TABLE mt_phones_of AS
SELECT uid, list(phone ORDER BY phone) AS phones,
    list(phone ORDER BY phone) FILTER (own AND mobile) AS own_phones,
    list(phone ORDER BY phone) FILTER (mobile) AS mobiles,
    list(phone ORDER BY phone) FILTER (NOT mobile) AS landlines
FROM mt_phone LEFT JOIN mt_owner_phone USING (phone) GROUP BY uid"""

#: One row is one record with the values of a key that two records share, and not too many.
KEY_SQL = """
CREATE OR REPLACE TEMP TABLE mt_key_{place} AS
WITH keyed AS (SELECT * FROM ({select}) AS keyed(uid, kind, value) WHERE length(value) > 2)
SELECT uid, {value} AS value FROM keyed
SEMI JOIN (SELECT kind, value FROM keyed GROUP BY ALL HAVING count(*) BETWEEN 2 AND {cap}) met
    ON met.kind = keyed.kind AND met.value = keyed.value
GROUP BY uid"""

#: Parts of a key of which a record may have several.
_SEVERAL = frozenset({"email", "phone", "domain"})


@dataclass(frozen=True)
class Written:
    """A file of records: its kind and rows, and the columns of its keys with whether each is an array."""

    kind: str
    path: Path
    rows: int
    keys: tuple[tuple[str, bool], ...]


def write_records(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    model: FrozenModel,
    folder: Path,
) -> list[Written]:
    """Write ``KIND.parquet`` into the folder for each kind of which two records can meet.

    relation: the records, as ``matching.match`` takes them. Works on temporary tables that are gone
    afterwards.
    """
    settings = model.settings
    try:
        normalise(cur, relation, model.placeholders, settings.preset)
        number_values(cur, relation, settings.declared_fields)
        use_rarity(cur, model.rarity)
        _find_owners(cur, settings)
        make_joined(cur, settings.keys)
        for place, key in enumerate(settings.keys):
            value = "list(value ORDER BY value)" if has_several(key) else "any_value(value)"
            select = key_select(key)
            cur.execute(KEY_SQL.format(place=place, select=select, value=value, cap=settings.cap))
        written = (_write_kind(cur, model, kind, folder) for kind in KINDS)
        return [one for one in written if one is not None]
    finally:
        with suppress(duckdb.Error):
            drop_scratch(cur)


def has_several(key: Key) -> bool:
    """Whether a record may have several values of a key."""
    words = [split_part(part)[0] for part in key.parts]
    return any(_SEVERAL.intersection(PARTS[word].joins) for word in words if word in PARTS)


def _find_owners(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> None:
    """Whose each contact point is. That follows from the records that share one: pairs which only other
    keys bring together say nothing."""
    for table in ("mt_link", "mt_decision", "mt_asked_again"):
        cur.execute(f"CREATE OR REPLACE TEMP TABLE {table}(a INTEGER, b INTEGER, one_kind BOOLEAN)")
    contacts = [key for key in settings.keys if key.parts in (("email",), ("phone",))]
    block(cur, contacts if len(contacts) == 2 else settings.keys, settings.cap)
    know_owners(cur, settings)
    cur.execute(EMAILS_SQL)
    cur.execute(PHONES_SQL)


def _write_kind(
    cur: duckdb.DuckDBPyConnection, model: FrozenModel, kind: str, folder: Path
) -> Written | None:
    keys = [
        (place, key)
        for place, key in enumerate(model.settings.keys)
        if count(
            cur,
            f"SELECT count(*) FROM mt_key_{place} SEMI JOIN"
            f" (SELECT uid FROM mt_record WHERE kind = '{kind}') r USING (uid)",
        )
    ]
    if not keys:
        return None
    columns = [*_columns(model, kind)]
    columns += [f"k_{place}.value AS {key_column(key)}" for place, key in keys]
    joins = [f"LEFT JOIN mt_key_{place} k_{place} ON k_{place}.uid = r.uid" for place, _key in keys]
    for field in model.settings.weighed(kind):
        if field.compare:
            name = field.name
            joins += [
                f"LEFT JOIN mt_declared_{name} d_{name} ON d_{name}.uid = r.uid",
                f"LEFT JOIN mt_value_{name} v_{name} ON v_{name}.code = d_{name}.code",
            ]
    source = FROM_SQL.format(kind=kind, joins="\n" + "\n".join(joins))
    path = folder / f"{kind}.parquet"
    literal = str(path).replace("'", "''")
    rows = count(
        cur,
        f"COPY (SELECT {', '.join(columns)} {source} ORDER BY r.uid) TO '{literal}'"
        " (FORMAT parquet, COMPRESSION zstd)",
    )
    return Written(
        kind, path, rows, tuple((key_column(key), has_several(key)) for _place, key in keys)
    )


def key_column(key: Key) -> str:
    """The column of a blocking key."""
    return f"key_{key.name}"


def _columns(model: FrozenModel, kind: str) -> Iterator[str]:
    yield f"r.uid AS {UNIQUE_ID}"
    yield from (f"r.{name}" for name in IDENTITY)
    weighed: Sequence[str] = [field.name for field in model.settings.weighed(kind)]
    for field in model.settings.fields[kind]:
        name = field.name
        if field.compare:
            yield f"v_{name}.name AS {declared_column(name)}"
        elif name in weighed or (kind == PERSON and name in NAMES):
            yield from (f"{sql} AS {column}" for column, sql in COLUMNS[name].items())
    for name, table in (("first_name", "f"), ("family_name", "n")):
        if name in frequent(model, kind):
            exact = shares(model, kind, name, "exact")[1]
            yield (
                f"CASE WHEN {table}.name IS NOT NULL THEN"
                f" {exact!r}::DOUBLE * pow(2.0, -{table}.rare / 10.0) END AS frequency_{name}"
            )
