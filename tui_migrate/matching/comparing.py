"""Compare pairs field by field into levels (0 unknown, 1 the strongest).

A value pair is compared once, however many record pairs share it: equal values need no work,
unequal ones go through a table of distinct value pairs. Jaro–Winkler runs in SQL, optimal string
alignment and token measures in rapidfuzz, in batches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from tui_migrate.matching.declared import coded_columns, level_sql, leveled_columns
from tui_migrate.matching.patterns import FLAGS, Layout
from tui_migrate.matching.settings import MatchSettings

BATCH = 200_000

#: One row is one compared pair (a < b): its levels, and what its equal names are worth above the
#: average name, in tenths of a bit.
LEVELED_DDL = """
CREATE OR REPLACE TEMP TABLE {table}(
    a INTEGER, b INTEGER, pattern BIGINT, rare_first TINYINT, rare_family TINYINT)"""

#: One row is one pair with the numbers of its values on both sides. Both are of one kind.
CODED_PAIR_SQL = """
CREATE OR REPLACE TEMP TABLE mt_coded AS
SELECT p.a, p.b, x.kind, x.first AS first_a, y.first AS first_b,
    x.family AS family_a, y.family AS family_b, x.birth AS birth_a, y.birth AS birth_b,
    x.address AS address_a, y.address AS address_b,
    x.organisation AS organisation_a, y.organisation AS organisation_b,
    x.gender AS gender_a, y.gender AS gender_b, x.generation AS generation_a,
    y.generation AS generation_b, x.kvk AS kvk_a, y.kvk AS kvk_b, x.vat AS vat_a, y.vat AS vat_b{declared}
FROM {pairs} p JOIN mt_record x ON x.uid = p.a JOIN mt_record y ON y.uid = p.b{joined}"""

#: One row is one distinct pair of unequal values (lo < hi).
VALUE_PAIR_SQL = """
CREATE OR REPLACE TEMP TABLE {into} AS
SELECT DISTINCT least({field}_a, {field}_b) AS lo, greatest({field}_a, {field}_b) AS hi
FROM {pairs} WHERE {field}_a <> {field}_b"""

#: Which texts of a value pair go to rapidfuzz; both of {text} must be filled.
TEXT_PAIR_SQL = """
SELECT v.lo, v.hi, x.{text} AS x, y.{text} AS y
FROM {pairs} v JOIN {values} x ON x.code = v.lo JOIN {values} y ON y.code = v.hi
WHERE x.{text} IS NOT NULL AND y.{text} IS NOT NULL ORDER BY 1, 2"""

#: One row is one pair of unequal first names with its level; `same`: one full name, but for a
#: second name that one side leaves out; `formal`: a baptismal name and its call name (two call
#: names, as Jan and Johan, may be two children); `unsure`: a call name of several names or sexes.
FIRST_LEVEL_SQL = r"""
CREATE OR REPLACE TEMP TABLE {into} AS
SELECT v.lo, v.hi, CASE
    WHEN x.name IS NOT NULL AND y.name IS NOT NULL THEN CASE
        WHEN x.name = y.name THEN CASE WHEN mt_initials_clash(x.written, y.written) THEN 4 ELSE 1 END
        WHEN list_has_any(x.sets, y.sets) THEN 2
        WHEN x.words[1] = y.words[1] AND (len(x.words) = 1 OR len(y.words) = 1) THEN 2
        WHEN length(x.written) > 1 AND x.written = y.written THEN 4
        WHEN mt_gendered(x.name, y.name) THEN 5
        WHEN least(length(x.name), length(y.name)) >= 4 AND d.measure <= 1
             AND left(x.name, length(x.name) - 1) <> left(y.name, length(y.name) - 1) THEN 3
        WHEN least(length(x.name), length(y.name)) >= 7 AND d.measure = 2 THEN 3
        WHEN jaro_winkler_similarity(x.name, y.name) >= 0.9 THEN 5
        WHEN d.measure <= 1 AND least(length(x.name), length(y.name)) >= 3 THEN 5
        ELSE 6 END
    WHEN coalesce(x.initials, '') = '' OR coalesce(y.initials, '') = '' THEN 0
    WHEN list_has_any(x.letters, y.letters) OR left(x.initials, 1) = left(y.initials, 1) THEN
        CASE WHEN mt_initials_clash(x.initials, y.initials)
                  AND x.name IS NULL AND y.name IS NULL THEN 5 ELSE 4 END
    ELSE 6 END::UTINYINT AS level,
    coalesce(x.name = y.name OR x.words[1] = y.words[1]
        AND (len(x.words) = 1 OR len(y.words) = 1), false) AS same,
    coalesce(x.name = y.canonical OR y.name = x.canonical, false) AS formal,
    coalesce(x.unsure, false) OR coalesce(y.unsure, false) AS unsure
FROM {pairs} v JOIN mt_first x ON x.code = v.lo JOIN mt_first y ON y.code = v.hi
LEFT JOIN mt_measure d ON d.lo = v.lo AND d.hi = v.hi"""

FEMININE_ENDINGS = (
    "a", "na", "e", "ne", "ina", "ine", "ette", "ke", "tje", "ien", "ijn", "yn", "anne", "ia", "is",
)  # fmt: skip

#: Initials clash when both have several and neither continues the other; a name pair is gendered
#: when the longer is the shorter with a feminine ending (Johan and Johanna, Martin and Martine).
FIRST_MACROS = f"""
CREATE OR REPLACE TEMP MACRO mt_initials_clash(x, y) AS
    coalesce(length(x) > 1 AND length(y) > 1
             AND NOT starts_with(x, y) AND NOT starts_with(y, x), false);
CREATE OR REPLACE TEMP MACRO mt_gendered(x, y) AS
    regexp_matches(
        CASE WHEN starts_with(x, y) THEN substr(x, length(y) + 1)
             WHEN starts_with(y, x) THEN substr(y, length(x) + 1) ELSE '' END,
        '^({"|".join(FEMININE_ENDINGS)})$');
"""

#: One row is one pair of unequal family names with its level.
FAMILY_LEVEL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_family_level AS
SELECT v.lo, v.hi, CASE
    WHEN list_has_any(list_filter(x.words, lambda w: length(w) > 2), y.words) THEN 2
    WHEN replace(x.name, ' ', '') = replace(y.name, ' ', '') THEN 2
    WHEN least(length(x.name), length(y.name)) >= 4 AND d.measure <= 1 THEN 3
    WHEN least(length(x.name), length(y.name)) >= 8 AND d.measure = 2 THEN 3
    WHEN jaro_winkler_similarity(x.name, y.name) >= 0.9 THEN 4
    ELSE 5 END::UTINYINT AS level
FROM mt_value_pair v JOIN mt_family x ON x.code = v.lo JOIN mt_family y ON y.code = v.hi
JOIN mt_measure d ON d.lo = v.lo AND d.hi = v.hi"""

#: One row is one pair of unequal addresses. A Dutch postcode with a number is one address; a
#: Belgian postcode is a town, so that there the street must agree as well.
ADDRESS_LEVEL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_address_level AS
SELECT lo, hi, CASE
    WHEN same_number AND (fine_postcode OR (same_street AND same_place))
        THEN CASE WHEN same_addition THEN 1 ELSE 2 END
    WHEN fine_postcode THEN 3
    WHEN same_place THEN 4
    WHEN known_place THEN 5
    ELSE 0 END::UTINYINT AS level
FROM (
    SELECT v.lo, v.hi, coalesce(x.number = y.number, false) AS same_number,
        coalesce(x.addition = y.addition, true) AS same_addition,
        coalesce(x.postcode = y.postcode AND length(x.postcode) >= 6, false) AS fine_postcode,
        coalesce(jaro_winkler_similarity(x.street, y.street) >= 0.92, false) AS same_street,
        coalesce(x.town = y.town, false) OR coalesce(x.postcode = y.postcode, false) AS same_place,
        (x.postcode IS NOT NULL AND y.postcode IS NOT NULL)
            OR (x.town IS NOT NULL AND y.town IS NOT NULL) AS known_place
    FROM mt_value_pair v JOIN mt_address x ON x.code = v.lo JOIN mt_address y ON y.code = v.hi
)"""

#: One row is one pair of unequal organisation names with its level (token sets, 0 to 100).
ORGANISATION_LEVEL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_organisation_level AS
SELECT lo, hi, CASE WHEN measure >= 92 THEN 2 WHEN measure >= 80 THEN 3 ELSE 4 END::UTINYINT AS level
FROM mt_measure"""

#: One row is one pair of unequal birth dates with its level. A month and a day that changed places
#: and one wrong digit are typing errors; the same day in another year is near, not equal.
BIRTH_LEVEL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_birth_level AS
SELECT lo, hi, CASE
    WHEN left(lo, 4) = left(hi, 4) AND substr(lo, 5, 2) = right(hi, 2)
         AND right(lo, 2) = substr(hi, 5, 2) THEN 2
    WHEN damerau_levenshtein(lo, hi) <= 1 THEN 2
    WHEN left(lo, 4) = left(hi, 4) OR right(lo, 4) = right(hi, 4)
         OR damerau_levenshtein(lo, hi) = 2 THEN 3
    ELSE 4 END::UTINYINT AS level
FROM mt_value_pair"""

#: One row is one pair with the level of every field but e-mail and phone, as a pattern, and with what
#: its equal names are worth above the average name, in tenths of a bit.
NAME_LEVEL_SQL = """
INSERT INTO {into}
SELECT a, b, {packed} AS pattern, CASE WHEN first_name = 1 THEN coalesce(rare_first, 0) ELSE 0 END,
    CASE WHEN family_name = 1 THEN coalesce(rare_family, 0) ELSE 0 END
FROM (SELECT c.a, c.b, c.kind,
    CASE WHEN swapped THEN 2 WHEN first_a = first_b THEN CASE WHEN i.name IS NULL THEN 4 ELSE 1 END
         ELSE coalesce(f.level, 0) END::UTINYINT AS first_name,
    CASE WHEN first_a = first_b THEN i.name IS NOT NULL
         ELSE coalesce(f.same AND f.level <= 2, false) END AS first_same,
    coalesce(f.formal, false) AS first_formal,
    coalesce(f.unsure AND f.level <> 4, false) AS first_unsure,
    CASE WHEN swapped THEN 2 WHEN family_a = family_b THEN 1 ELSE coalesce(n.level, 0)
         END::UTINYINT AS family_name,
    CASE WHEN birth_a = birth_b THEN 1 ELSE coalesce(d.level, 0) END::UTINYINT AS birth_date,
    CASE WHEN address_a = address_b THEN coalesce(same.level, 1)
         ELSE coalesce(h.level, 0) END::UTINYINT AS address,
    CASE WHEN organisation_a = organisation_b THEN 1
         ELSE coalesce(o.level, 0) END::UTINYINT AS organisation_name,
    coalesce(CASE WHEN gender_a = gender_b THEN 1 WHEN gender_a <> gender_b THEN 2 END, 0)
        ::UTINYINT AS gender,
    coalesce(CASE WHEN kvk_a = kvk_b THEN 1 WHEN kvk_a <> kvk_b THEN 2 END, 0)::UTINYINT AS kvk,
    coalesce(CASE WHEN vat_a = vat_b THEN 1 WHEN vat_a <> vat_b THEN 2 END, 0)::UTINYINT AS vat,
    coalesce(generation_a <> generation_b, false) AS generations,
    i.rare AS rare_first, r.rare AS rare_family{levels}
FROM (SELECT *, coalesce(first_a <> first_b AND family_a <> family_b
        AND (first_a, family_b) IN (SELECT (first, family) FROM mt_swap)
        AND (first_b, family_a) IN (SELECT (first, family) FROM mt_swap), false) AS swapped
      FROM mt_coded) c
LEFT JOIN mt_first i ON i.code = first_a
LEFT JOIN mt_family r ON r.code = family_a
LEFT JOIN mt_first_level f ON f.lo = least(first_a, first_b) AND f.hi = greatest(first_a, first_b)
LEFT JOIN mt_family_level n
    ON n.lo = least(family_a, family_b) AND n.hi = greatest(family_a, family_b)
LEFT JOIN mt_birth_level d ON d.lo = least(birth_a, birth_b) AND d.hi = greatest(birth_a, birth_b)
LEFT JOIN mt_address_level h
    ON h.lo = least(address_a, address_b) AND h.hi = greatest(address_a, address_b)
LEFT JOIN mt_address_self same ON same.code = address_a
LEFT JOIN mt_organisation_level o ON o.lo = least(organisation_a, organisation_b)
    AND o.hi = greatest(organisation_a, organisation_b){joined})"""

#: One row is one first name and a family name that are one word: somebody may have swapped them.
SWAP_SQL = """
CREATE OR REPLACE TEMP TABLE mt_swap AS
SELECT f.code AS first, n.code AS family FROM mt_first f JOIN mt_family n ON n.name = f.name"""

#: One row is one address so incomplete that being equal to itself says less than "same address".
ADDRESS_SELF_SQL = """
CREATE OR REPLACE TEMP TABLE mt_address_self AS
SELECT code, CASE WHEN length(postcode) >= 6 THEN 3 ELSE 4 END::UTINYINT AS level
FROM mt_address
WHERE number IS NULL OR (coalesce(length(postcode), 0) < 6 AND street IS NULL)
   OR (postcode IS NULL AND town IS NULL)"""

Scorer = Callable[[Any, Any], "np.ndarray[Any, Any]"]


def osa(left: list[str], right: list[str]) -> np.ndarray[Any, Any]:
    """Optimal string alignment distance of each pair; everything above 3 counts as 4."""
    return np.asarray(
        process.cpdist(left, right, scorer=OSA.distance, score_cutoff=3, dtype=np.uint8)
    )


def token_sort(left: list[str], right: list[str]) -> np.ndarray[Any, Any]:
    """Similarity of the sorted tokens of each pair, 0 to 100, rounded down."""
    ratios = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32)
    return np.asarray(np.floor(ratios).astype(np.uint8))


def measure(cur: duckdb.DuckDBPyConnection, texts_sql: str, scorer: Scorer) -> None:
    """Fill `mt_measure(lo, hi, measure)` from a query of (lo, hi, x, y), batch by batch."""
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_measure(lo INTEGER, hi INTEGER, measure UTINYINT)")
    reader = cur.sql(texts_sql).to_arrow_reader(BATCH)
    batches: list[pa.Table] = []
    for batch in reader:
        scores = scorer(batch.column("x").to_pylist(), batch.column("y").to_pylist())
        batches.append(pa.table({
            "lo": batch.column("lo"), "hi": batch.column("hi"),
            "measure": pa.array(np.ascontiguousarray(scores)),
        }))  # fmt: skip
    if batches:
        cur.register("mt_measured", pa.concat_tables(batches))
        cur.execute("INSERT INTO mt_measure SELECT lo, hi, measure FROM mt_measured")
        cur.unregister("mt_measured")


def first_levels(cur: duckdb.DuckDBPyConnection, pairs: str, into: str) -> None:
    """Levels of the distinct pairs (lo, hi) of first-name numbers in the table `pairs`."""
    cur.execute(FIRST_MACROS)
    measure(cur, TEXT_PAIR_SQL.format(pairs=pairs, values="mt_first", text="name"), osa)
    cur.execute(FIRST_LEVEL_SQL.format(pairs=pairs, into=into))


def compare_names(
    cur: duckdb.DuckDBPyConnection, pairs: str, into: str, settings: MatchSettings
) -> None:
    """Append the pairs (a, b) of the table `pairs` with all levels but those of e-mail and phone to
    the table `into` (see ``LEVELED_DDL``)."""
    fields = settings.declared_fields
    columns, joins = coded_columns(fields)
    cur.execute(CODED_PAIR_SQL.format(pairs=pairs, declared=columns, joined=joins))
    _distinct(cur, "first")
    first_levels(cur, "mt_value_pair", "mt_first_level")
    _measure_distinct(cur, "family", "mt_family", osa)
    cur.execute(FAMILY_LEVEL_SQL)
    _measure_distinct(cur, "organisation", "mt_organisation_name", token_sort)
    cur.execute(ORGANISATION_LEVEL_SQL)
    _distinct(cur, "birth")
    cur.execute(BIRTH_LEVEL_SQL)
    _distinct(cur, "address")
    cur.execute(ADDRESS_LEVEL_SQL)
    for field in fields:
        _measure_distinct(cur, field.name, f"mt_value_{field.name}", osa)
        cur.execute(level_sql(field))
    columns, joins = leveled_columns(fields)
    known = (set(settings.field_names) | {"kind", *FLAGS[:4]}) - {"email", "phone"}
    packed = Layout(settings.field_names).packed(known)
    cur.execute(NAME_LEVEL_SQL.format(into=into, packed=packed, levels=columns, joined=joins))
    cur.execute("DROP TABLE mt_coded")


def prepare_names(cur: duckdb.DuckDBPyConnection) -> None:
    """Make what the comparison of names and addresses asks for, once for all pairs."""
    cur.execute(ADDRESS_SELF_SQL)
    cur.execute(SWAP_SQL)


def _distinct(cur: duckdb.DuckDBPyConnection, field: str) -> None:
    cur.execute(VALUE_PAIR_SQL.format(into="mt_value_pair", field=field, pairs="mt_coded"))


def _measure_distinct(
    cur: duckdb.DuckDBPyConnection, field: str, values: str, scorer: Scorer
) -> None:
    _distinct(cur, field)
    measure(cur, TEXT_PAIR_SQL.format(pairs="mt_value_pair", values=values, text="name"), scorer)
