"""Bring what is compared into one spelling: SQL macros, then one scratch row per record.

Particles (van, de, der…) leave the family name, `str.` becomes `straat`, postcodes lose their
blank, phone numbers keep nine digits, initials come from wherever they were written. Values that
several records share (names, addresses, e-mails…) get a number in a table of their own, so that
the comparison handles each distinct value once.
"""

from __future__ import annotations

import duckdb

from tui_migrate.matching.nicknames import nickname_rows, unsure_names
from tui_migrate.matching.schema import RECORD_COLUMNS, MatchInputError, count, quoted
from tui_migrate.matching.spellings import SPELLINGS, macros

#: Mailboxes of an office or of nobody in particular.
GENERIC_LOCAL_PARTS = (
    "info contact admin administratie secretariaat redactie noreply no-reply sales office hallo "
    "hello mail post facturen factuur boekhouding bestuur webmaster receptie vereniging support "
    "service klantenservice bestellingen onbekend geen test abuse postmaster crediteuren "
    "debiteuren ledenadministratie penningmeester voorzitter secretaris"
)


#: (table, column, what is made of it): each distinct text is brought into its spelling once.
_SPELLINGS = (
    ("mt_spelt_first", "first_name", "mt_given(mt_called(text)) AS words, "
     "mt_generation(text) AS generation"),
    ("mt_spelt_initials", "initials", "mt_initials(mt_filled(text)) AS initials"),
    ("mt_spelt_family", "family_name", "list_aggregate(mt_family(text), 'string_agg', ' ') AS family, "
     "mt_generation(text) AS generation"),
    ("mt_spelt_street", "street", "mt_street(text) AS street"),
    ("mt_spelt_town", "town", "mt_town(text) AS town"),
)  # fmt: skip

SPELT_SQL = """
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT text, {made} FROM (SELECT DISTINCT {column} AS text FROM {relation} WHERE {column} IS NOT NULL)"""

#: One row is one input record in comparable spelling; uid follows (source, record_id).
RECORDS_SQL = """
CREATE OR REPLACE TEMP TABLE mt_plain AS
SELECT (row_number() OVER (ORDER BY source, record_id) - 1)::INTEGER AS uid,
    source, record_id, kind,
    CASE WHEN kind = 'person' THEN f.words END AS words,
    CASE WHEN kind = 'person' THEN i.initials END AS initials,
    CASE WHEN kind = 'person' THEN coalesce(n.generation, f.generation) END AS generation,
    CASE WHEN kind = 'person' THEN n.family END AS family,
    CASE WHEN kind = 'organisation' THEN
        list_aggregate(mt_organisation(coalesce(mt_filled(organisation_name), family_name)),
                       'string_agg', ' ') END AS organisation,
    CASE WHEN kind = 'person' THEN {birth} END AS birth,
    CASE WHEN kind <> 'person' THEN NULL
         WHEN left(lower(trim(gender)), 1) IN ('m', 'h') THEN 'm'
         WHEN left(lower(trim(gender)), 1) IN ('f', 'v', 'w') THEN 'f' END AS gender,
    mt_postcode(postcode) AS postcode,
    nullif(ltrim(regexp_extract(house_number, '[0-9]+'), '0'), '') AS number,
    nullif(regexp_replace(mt_fold(concat(regexp_replace(house_number, '^[^0-9]*[0-9]+', ''),
                                         house_addition)), '[^a-z0-9]', '', 'g'), '') AS addition,
    s.street, t.town,
    nullif(mt_digits(kvk), '') AS kvk,
    nullif(regexp_replace(upper(vat), '[^A-Z0-9]', '', 'g'), '') AS vat,
    nullif(emails, []) AS emails, nullif(phones, []) AS phones
FROM {relation} r
LEFT JOIN mt_spelt_first f ON f.text = r.first_name
LEFT JOIN mt_spelt_initials i ON i.text = r.initials
LEFT JOIN mt_spelt_family n ON n.text = r.family_name
LEFT JOIN mt_spelt_street s ON s.text = r.street
LEFT JOIN mt_spelt_town t ON t.text = r.town
WHERE kind IN ('person', 'organisation')
ORDER BY uid"""

#: Type of the column → the birth date as yyyymmdd. In a text the digits count as they stand, so that
#: a day that does not exist is still compared, as the typing error that it is.
_BIRTH = {
    "DATE": "CASE WHEN birth_date > DATE '1900-01-01' THEN strftime(birth_date, '%Y%m%d') END",
    "VARCHAR": "CASE WHEN length(mt_digits(birth_date)) = 8 AND mt_digits(birth_date) <> '00000000'"
    " AND mt_digits(birth_date) <> '19000101' THEN mt_digits(birth_date) END",
}

#: One row is one e-mail address of one record (lower case, trimmed; what has no @ is none).
EMAILS_SQL = """
CREATE OR REPLACE TEMP TABLE mt_email AS
SELECT DISTINCT uid, kind, lower(trim(value, ' ,;<>.')) AS email
FROM (SELECT uid, kind, unnest(emails) AS value FROM mt_plain WHERE emails IS NOT NULL)
WHERE contains(value, '@') AND length(trim(value)) > 4
ORDER BY 1, 3"""

#: One row is one phone number of one record (last nine digits; 000000000 and such are none).
PHONES_SQL = r"""
CREATE OR REPLACE TEMP TABLE mt_phone AS
SELECT uid, kind, right(digits, 9) AS phone, bool_or(mt_is_mobile(value)) AS mobile
FROM (SELECT *, mt_digits(value) AS digits
      FROM (SELECT uid, kind, unnest(phones) AS value FROM mt_plain WHERE phones IS NOT NULL))
WHERE length(digits) >= 8
  AND length(list_aggregate(list_distinct(string_split(right(digits, 8), '')), 'string_agg', '')) > 2
GROUP BY ALL ORDER BY 1, 3"""

#: One row is one distinct first name with initials; `letters` are the initials that fit it.
FIRST_SQL = """
CREATE OR REPLACE TEMP TABLE mt_first AS
WITH value AS (
    SELECT DISTINCT first_key,
        CASE WHEN length(words[1]) > 1 THEN words END AS words,
        coalesce(initials, list_aggregate(list_transform(words, lambda w: left(w, 1)),
                                          'string_agg', '')) AS initials,
        initials AS written
    FROM mt_named WHERE first_key IS NOT NULL
), named AS (
    SELECT value.*, list_aggregate(words, 'string_agg', '') AS name FROM value
), sets AS (
    SELECT first_key, list_sort(list_distinct(list(n.number))) AS sets,
        min_by(n.stands_for, n.number) AS canonical,
        list_distinct(list(left(m.name, 1))) AS variant_letters
    FROM named JOIN mt_nickname n ON n.name = named.name OR n.name = named.words[1]
    JOIN mt_nickname m ON m.number = n.number
    GROUP BY first_key
)
SELECT (row_number() OVER (ORDER BY first_key))::INTEGER AS code, first_key,
    words, name, initials, written, coalesce(sets, []) AS sets,
    coalesce(canonical, words[1]) AS canonical,
    list_has_any(list_value(name, words[1]), $1) AS unsure,
    list_sort(list_distinct(list_concat(
        list_concat([left(initials, 1)], [left(coalesce(words[1], initials), 1)]),
        coalesce(variant_letters, [])))) AS letters
FROM named LEFT JOIN sets USING (first_key)
ORDER BY code"""

#: One row is one input record, its values replaced by their numbers.
CODED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_record AS
SELECT n.uid, n.source, n.record_id, n.kind, f.code AS first, f.canonical,
    f.letters[1] AS letter, fam.code AS family, n.family AS family_text, n.generation,
    CASE WHEN p.birth IS NULL THEN n.birth END AS birth, n.gender,
    a.code AS address, n.postcode, n.number, n.street, n.town,
    o.code AS organisation, n.organisation AS organisation_text, n.kvk, n.vat
FROM mt_named n
LEFT JOIN mt_first f USING (first_key)
LEFT JOIN mt_family fam ON fam.name = n.family
LEFT JOIN mt_address a USING (address_key)
LEFT JOIN mt_organisation_name o ON o.name = n.organisation
LEFT JOIN mt_placeholder p ON p.birth = n.birth
ORDER BY uid"""

#: One row is one distinct value; the statement is filled with table, columns and key.
DICTIONARY_SQL = """
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT (row_number() OVER (ORDER BY name))::INTEGER AS code, *
FROM (SELECT DISTINCT {columns} FROM {origin} WHERE {key} IS NOT NULL)
ORDER BY code"""

#: (table, where its values come from, the column that must be filled, its columns).
_DICTIONARIES = (
    ("mt_family", "mt_named", "family", "family AS name, string_split(family, ' ') AS words"),
    ("mt_address", "mt_named", "address_key",
     "address_key AS name, address_key, postcode, number, addition, street, town"),
    ("mt_organisation_name", "mt_named", "organisation",
     "organisation AS name, string_split(organisation, ' ') AS words"),
    ("mt_mailbox", "(SELECT DISTINCT email FROM mt_email)", "email",
     "email AS name, split_part(email, '@', 1) AS local, "
     "regexp_replace(email, '[^0-9]', '', 'g') AS digits"),
)  # fmt: skip

#: One row is one birth date that so many records carry that it stands for "unknown".
PLACEHOLDER_SQL = """
WITH counted AS (
    SELECT birth, count(*) AS records FROM mt_named WHERE birth IS NOT NULL GROUP BY birth
)
SELECT birth FROM counted
WHERE records > greatest(25, 12 * (SELECT quantile_disc(records, 0.5) FROM counted))
ORDER BY birth"""


def normalise(
    cur: duckdb.DuckDBPyConnection,
    relation: str,
    placeholders: tuple[str, ...] | None = None,
    spelling: str = "nl-be",
) -> tuple[str, ...]:
    """Fill the scratch tables from `relation`, in the spelling of that name.

    The birth date may be a DATE, or a VARCHAR with year, month and day in this order.

    `placeholders` are the birth dates (yyyymmdd) that a frozen model takes for "unknown"; None
    finds them in the data. Returns the dates used. Raises MatchInputError when a column is missing
    or (source, record_id) is not unique.
    """
    birth = _BIRTH[_check_input(cur, relation)]
    cur.execute(macros(spelling))
    languages = SPELLINGS[spelling].languages
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_nickname(name VARCHAR, number INTEGER, "
                "stands_for VARCHAR, unsure BOOLEAN)")  # fmt: skip
    rows, unsure = nickname_rows(languages), unsure_names(languages)
    cur.execute(
        "INSERT INTO mt_nickname SELECT name, number, stands_for, list_contains($4, name) FROM "
        "(SELECT unnest($1) AS name, unnest($2) AS number, unnest($3) AS stands_for)",
        [[row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows], unsure],
    )
    for table, column, made in _SPELLINGS:
        sql = SPELT_SQL.format(table=table, column=column, made=made, relation=quoted(relation))
        cur.execute(sql)
    cur.execute(RECORDS_SQL.format(relation=quoted(relation), birth=birth))
    for table, _column, _made in _SPELLINGS:
        cur.execute(f"DROP TABLE {table}")
    cur.execute(EMAILS_SQL)
    cur.execute(PHONES_SQL)
    cur.execute(
        """CREATE OR REPLACE TEMP TABLE mt_named AS
        SELECT * EXCLUDE (emails, phones),
        CASE WHEN len(words) > 0 OR initials IS NOT NULL
             THEN concat(list_aggregate(words, 'string_agg', ' '), '|', initials) END AS first_key,
        CASE WHEN coalesce(postcode, street, town) IS NOT NULL
             THEN concat_ws('|', coalesce(postcode, ''), coalesce(number, ''),
                            coalesce(addition, ''), coalesce(street, ''), coalesce(town, ''))
        END AS address_key
        FROM mt_plain ORDER BY uid"""
    )
    cur.execute("DROP TABLE mt_plain")
    cur.execute(FIRST_SQL, [unsure])
    _dictionaries(cur)
    if placeholders is None:
        placeholders = tuple(str(row[0]) for row in cur.execute(PLACEHOLDER_SQL).fetchall())
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_placeholder(birth VARCHAR)")
    if placeholders:
        cur.execute("INSERT INTO mt_placeholder SELECT unnest($1)", [list(placeholders)])
    cur.execute(CODED_SQL)
    cur.execute("DROP TABLE mt_named")
    return placeholders


def _dictionaries(cur: duckdb.DuckDBPyConnection) -> None:
    """Give every distinct family name, address, organisation name and e-mail its number."""
    for table, origin, key, columns in _DICTIONARIES:
        cur.execute(DICTIONARY_SQL.format(table=table, origin=origin, key=key, columns=columns))


def _check_input(cur: duckdb.DuckDBPyConnection, relation: str) -> str:
    """The type of the birth date; raises MatchInputError where the relation breaks its contract."""
    described = cur.execute(f"DESCRIBE SELECT * FROM {quoted(relation)}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    missing = [name for name in RECORD_COLUMNS if name not in types]
    if missing:
        raise MatchInputError(f"{relation}: column missing: {', '.join(missing)}")
    if types["birth_date"] not in _BIRTH:
        raise MatchInputError(
            f"{relation}: birth_date is {types['birth_date']}, not DATE or VARCHAR"
        )
    double = count(
        cur,
        f"SELECT count(*) FROM (SELECT 1 FROM {quoted(relation)} GROUP BY source, record_id "
        "HAVING count(*) > 1)",
    )
    if double:
        raise MatchInputError(f"{relation}: (source, record_id) occurs more than once: {double}")
    return types["birth_date"]
