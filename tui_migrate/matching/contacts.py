"""Compare contact points: whose mailbox and whose phone is it?

An equal e-mail address is strong evidence, unless the mailbox serves several people. So the names
of all records that carry an address decide what it is worth:

- *own*: no two of its records contradict each other in first name, family name, birth date or
  generation (another family name beside one full first name is a marriage, not a second person),
  and it is not a mailbox of an office (`info@`). A phone is own only if it is mobile:
  a landline belongs to a household.
- *shared*: every other equal address or number. It still *identifies* (that is, it counts for the
  guard beside an agreeing name) while at most a few different names share it.
- *named*: a mailbox whose local part tells the first name of one of the two. Only that makes a
  mailbox personal where the first names agree as short forms or initials: a household shares
  every other one.
"""

from __future__ import annotations

import duckdb

from tui_migrate.matching.comparing import TEXT_PAIR_SQL, measure, osa
from tui_migrate.matching.normalise import GENERIC_LOCAL_PARTS
from tui_migrate.matching.patterns import FLAGS, Layout

_PARTICLE = "van|vant|de|den|der|vande|vander|vanden|ter|ten|het"
_SEVERAL = "['en', 'et', 'and', 'fam', 'familie', 'gezin', 'family', 'huize']"
_GENERIC = ", ".join(f"'{word}'" for word in GENERIC_LOCAL_PARTS.split())

#: One row is one contact point that two records of a candidate pair share.
SHARED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_shared_{point} AS
SELECT p.a, p.b, x.{point}{extra}
FROM {pairs} p JOIN mt_{point} x ON x.uid = p.a JOIN mt_{point} y
    ON y.uid = p.b AND y.{point} = x.{point}"""

#: One row is one contact point: may it identify (few names), is it one person's own, and do
#: people of one name but of different ages use it?
OWNER_SQL = """
CREATE OR REPLACE TEMP TABLE mt_owner_{point} AS
WITH names AS (
    SELECT c.{point}, count(*) AS members, count(DISTINCT c.kind) AS kinds,
        count(DISTINCT coalesce(r.canonical, r.letter)) AS names, {usable} AS usable
    FROM mt_{point} c JOIN mt_record r USING (uid) GROUP BY c.{point}
), clash AS (
    SELECT s.{point},
        bool_or(n.first_name >= 5 OR n.family_name = 5 AND NOT n.first_same OR n.birth_date >= 3
                OR n.generations OR n.kvk = 2 OR n.vat = 2 OR n.organisation_name = 4) AS several,
        bool_or(n.birth_date >= 3 AND n.first_name BETWEEN 1 AND 4) AS ages
    FROM mt_shared_{point} s JOIN mt_names n USING (a, b) GROUP BY s.{point}
)
SELECT {point}, usable AND names <= {identifier_names} AND members <= {cap} AS identifies,
    usable AND kinds = 1 AND members <= {cap} AND NOT coalesce(several, false) AS own,
    coalesce(ages, false) AS ages
FROM names LEFT JOIN clash USING ({point})"""

#: One row is one pair that shares a contact point: the best of what they share.
PAIR_POINT_SQL = """
CREATE OR REPLACE TEMP TABLE mt_pair_{point} AS
SELECT a, b, bool_or(own AND {personal}) AS own, bool_or(identifies) AS identifies,
    bool_or(identifies AND {personal}) AS personal, bool_and(ages) AS ages
FROM mt_shared_{point} JOIN mt_owner_{point} USING ({point}) GROUP BY a, b"""

#: A mailbox like devries@ or fam.de.vries@ belongs to a family: its local part holds a family name
#: and nothing else that could name one person. Patterns are constant, so that none is compiled
#: for every row.
FAMILY_MAILBOX_SQL = rf"""
CREATE OR REPLACE TEMP TABLE mt_family_mailbox AS
WITH box AS (
    SELECT code, name AS email, regexp_matches(name, '^(fam|familie|gezin|family|huize)[._-]') AS told,
        replace(regexp_replace(local, '[^a-z]', '', 'g'), 'ij', 'y') AS letters
    FROM mt_mailbox
), called AS (
    SELECT code AS family, list_aggregate(words, 'string_agg', '') AS name FROM mt_family
    WHERE length(words[1]) > 2
), held AS (
    SELECT DISTINCT c.email, r.family FROM mt_email c JOIN mt_record r USING (uid)
    WHERE r.family IS NOT NULL
)
SELECT email FROM box WHERE told
UNION SELECT b.email FROM held JOIN box b USING (email) JOIN called n USING (family)
WHERE ends_with(b.letters, n.name) AND regexp_matches(
    left(b.letters, length(b.letters) - length(n.name)),
    '^(fam|familie|gezin)?({_PARTICLE})*$')"""

#: One row is one mailbox that pairs of short forms share, with the first and the family name of one
#: of its records, and the words of its local part that may tell a first name: what remains when the
#: family name with its particles is taken off the end or the start.
TELLING_SQL = rf"""
CREATE OR REPLACE TEMP TABLE mt_telling AS
WITH held AS (
    SELECT DISTINCT s.email, r.first, r.family
    FROM (SELECT DISTINCT s.email FROM mt_shared_email s JOIN mt_names n USING (a, b)
          WHERE n.first_name IN (2, 3, 4) AND NOT n.first_same AND n.kind = 'person') s
    JOIN mt_email e USING (email) JOIN mt_record r USING (uid) WHERE r.first IS NOT NULL
), box AS (
    SELECT *, list_filter(string_split_regex(
        replace(mt_fold(split_part(email, '@', 1)), 'ij', 'y'), '[^\p{{L}}]+'), lambda w: w <> ''
        ) AS tokens
    FROM (SELECT DISTINCT email FROM held)
), put AS (
    SELECT h.email, h.first, h.family, b.tokens,
        list_aggregate(b.tokens, 'string_agg', '') AS letters, coalesce(m.words, []) AS called,
        coalesce(list_aggregate(m.words, 'string_agg', ''), '') AS name
    FROM held h JOIN box b USING (email) LEFT JOIN mt_family m ON m.code = h.family
    WHERE NOT list_has_any(b.tokens, {_SEVERAL})
), cut AS (
    SELECT *, CASE WHEN ends_with(letters, name) THEN left(letters, length(letters) - length(name))
              ELSE letters END AS head,
        CASE WHEN name <> '' AND contains(letters, name) AND regexp_matches(
                left(letters, instr(letters, name) - 1), '^({_PARTICLE})*$')
             THEN substr(letters, instr(letters, name) + length(name)) ELSE letters END AS tail
    FROM put
)
SELECT c.email, c.first, c.family, f.sets, f.initials,
    list_transform(list_append(coalesce(f.words, []), f.name),
                   lambda w: replace(w, 'ij', 'y')) AS names,
    list_filter(list_concat(tokens, [head, regexp_replace(head, '({_PARTICLE})*$', ''), tail]),
        lambda w: w <> '' AND NOT list_contains(called, w)) AS telling
FROM cut c JOIN mt_first f ON f.code = c.first"""

#: One row is one pair of short forms, misspelt names or initials that shares a mailbox named after
#: the full name of one of them (jan.devries@, devries.jan@, jandevries@; never jan.en.marie@), or
#: after the initials or a third form of the name of both (`initial`). Beside initials a call name of
#: the full name will do, but both must begin with one letter: beside A., lida@ may be a wife.
NAMED_MAILBOX_SQL = """
CREATE OR REPLACE TEMP TABLE mt_named_mailbox AS
WITH shared AS (
    SELECT s.a, s.b, s.email, n.first_name FROM mt_shared_email s JOIN mt_names n USING (a, b)
    WHERE n.first_name IN (2, 3, 4) AND NOT n.first_same AND n.kind = 'person'
), sided AS (
    SELECT *, a AS uid FROM shared UNION ALL SELECT *, b AS uid FROM shared
), side AS (
    SELECT s.a, s.b, s.email, s.first_name, r.first, r.family
    FROM sided s JOIN mt_record r USING (uid) WHERE r.first IS NOT NULL
), told AS (
    SELECT s.*, w.sets, w.names, w.initials, left(w.initials, 1) AS letter, w.telling
    FROM side s JOIN mt_telling w ON w.email = s.email AND w.first = s.first
        AND w.family IS NOT DISTINCT FROM s.family
), kin AS (
    SELECT a, b, email, sets, min(word) AS word
    FROM (SELECT a, b, email, sets, unnest(telling) AS word FROM told) JOIN mt_nickname n
        ON n.name = word AND list_contains(sets, n.number) AND NOT n.unsure
    GROUP BY ALL
), form AS (
    SELECT a, b, email, first_name, letter,
        bool_or(coalesce(list_has_any(list_filter(telling, lambda w: length(w) > 1), names), false)
            OR first_name = 4 AND n.word IS NOT NULL) AS by_name,
        bool_or(list_has_any(telling, [initials, letter]) OR n.word IS NOT NULL) AS by_initials
    FROM told t LEFT JOIN kin n USING (a, b, email, sets)
    GROUP BY ALL
), pair AS (
    SELECT a, b, bool_or(by_name) AS by_name, bool_and(by_initials) AS by_initials
    FROM form GROUP BY a, b, email, first_name
    HAVING first_name <> 4 OR count(DISTINCT letter) = 1
)
SELECT a, b, bool_or(by_name) AS named, bool_or(by_initials) AS initial FROM pair
GROUP BY a, b HAVING bool_or(by_name OR by_initials)"""

#: One row is one distinct pair of unequal addresses between two records that share none.
TYPO_PAIR_SQL = """
CREATE OR REPLACE TEMP TABLE mt_value_pair AS
SELECT DISTINCT least(x.code, y.code) AS lo, greatest(x.code, y.code) AS hi
FROM {pairs} p JOIN mt_mailbox_of x ON x.uid = p.a JOIN mt_mailbox_of y ON y.uid = p.b
ANTI JOIN mt_pair_email e ON e.a = p.a AND e.b = p.b"""

#: One row is one pair of records with e-mails but none in common: its level, 0 where only the
#: domain differs (a local part is made from the name, so that it says nothing new).
EMAIL_UNEQUAL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_unequal_email AS
SELECT p.a, p.b, CASE WHEN bool_or(v.level = 3) THEN 3 WHEN bool_or(v.level = 0) THEN 0
    ELSE 4 END::UTINYINT AS level
FROM {pairs} p JOIN mt_mailbox_of x ON x.uid = p.a JOIN mt_mailbox_of y ON y.uid = p.b
JOIN (
    SELECT m.lo, m.hi, CASE WHEN m.measure <= 1 AND x.digits = y.digits THEN 3
        WHEN x.local = y.local THEN 0 ELSE 4 END AS level
    FROM mt_measure m JOIN mt_mailbox x ON x.code = m.lo JOIN mt_mailbox y ON y.code = m.hi
) v ON v.lo = least(x.code, y.code) AND v.hi = greatest(x.code, y.code)
GROUP BY p.a, p.b"""

#: One row is one pair of records with phones but none in common. Two numbers of different sorts
#: (mobile, landline) are simply two numbers: that is unknown, not different.
PHONE_UNEQUAL_SQL = """
CREATE OR REPLACE TEMP TABLE mt_unequal_phone AS
SELECT p.a, p.b, CASE WHEN bool_or(damerau_levenshtein(x.phone, y.phone) <= 1) THEN 3
    ELSE 4 END::UTINYINT AS level
FROM {pairs} p JOIN mt_phone x ON x.uid = p.a
JOIN mt_phone y ON y.uid = p.b AND y.mobile = x.mobile
ANTI JOIN mt_pair_phone e ON e.a = p.a AND e.b = p.b
GROUP BY p.a, p.b"""

#: One row is one person and the place where the name lives: family name, first letter, address.
PLACE_SQL = """
SELECT uid, left(birth, 4)::INTEGER AS born, generation, canonical, concat_ws('|', family_text,
    letter, number, CASE WHEN length(postcode) >= 6 THEN postcode ELSE street END) AS place
FROM mt_record WHERE kind = 'person' AND letter IS NOT NULL AND number IS NOT NULL
    AND family IS NOT NULL AND coalesce(postcode, street) IS NOT NULL"""

#: One row is one record whose name stands at one address with birth dates years apart: parent and
#: child of one name, so that a record without birth date cannot be told from either. Initials may
#: stand for every name that begins so.
NAMESAKE_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_namesake AS
WITH home AS ({PLACE_SQL}), known AS (SELECT DISTINCT place, canonical FROM home),
aged AS (
    SELECT place, canonical FROM (
        SELECT k.place, k.canonical, h.born, h.generation FROM known k JOIN home h
        ON h.place = k.place AND coalesce(h.canonical = k.canonical, true)
    ) GROUP BY place, canonical
    HAVING max(born) - min(born) >= 12 OR count(DISTINCT generation) > 1
)
SELECT DISTINCT h.uid FROM home h JOIN aged a
ON a.place = h.place AND a.canonical IS NOT DISTINCT FROM h.canonical"""

#: One row is one pair with the level of every field and what the guard must know.
LEVEL_SQL = """
INSERT INTO mt_compared
SELECT a, b, pattern | ({packed}), rare_first, rare_family
FROM (SELECT n.*, CASE WHEN e.own THEN 1 WHEN e.a IS NOT NULL THEN 2
        ELSE coalesce(ue.level, 0) END::UTINYINT AS email,
    CASE WHEN t.own THEN 1 WHEN t.a IS NOT NULL THEN 2
        ELSE coalesce(ut.level, 0) END::UTINYINT AS phone,
    coalesce(e.identifies, false) AS email_identifies,
    coalesce(e.personal, false) AS email_personal,
    coalesce(e.identifies AND m.named, false) AS email_named,
    coalesce(e.identifies AND m.initial, false) AS email_initial,
    coalesce(t.identifies, false) AS phone_identifies,
    coalesce(t.personal, false) AS phone_personal,
    coalesce(e.ages, false) OR coalesce(t.ages, false) OR x.uid IS NOT NULL OR y.uid IS NOT NULL
        AS namesakes
FROM (SELECT * FROM mt_name_level WHERE a >= {first} AND a < {end}) n
LEFT JOIN mt_pair_email e ON e.a = n.a AND e.b = n.b
LEFT JOIN mt_named_mailbox m ON m.a = n.a AND m.b = n.b
LEFT JOIN mt_unequal_email ue ON ue.a = n.a AND ue.b = n.b
LEFT JOIN mt_pair_phone t ON t.a = n.a AND t.b = n.b
LEFT JOIN mt_unequal_phone ut ON ut.a = n.a AND ut.b = n.b
LEFT JOIN mt_namesake x ON x.uid = n.a
LEFT JOIN mt_namesake y ON y.uid = n.b)"""


def find_owners(cur: duckdb.DuckDBPyConnection, *, identifier_names: int, cap: int) -> None:
    """Work out whose each shared contact point is, once the names of all candidates are compared.

    What a contact point is worth follows from the candidate pairs that share it; a point with more
    than `cap` members has none and identifies nobody.
    """
    limits = {"identifier_names": identifier_names, "cap": cap}
    cur.execute(SHARED_SQL.format(point="email", extra="", pairs="mt_pair"))
    cur.execute(FAMILY_MAILBOX_SQL)
    cur.execute(TELLING_SQL)
    cur.execute(NAMED_MAILBOX_SQL)
    usable = f"split_part(c.email, '@', 1) NOT IN ({_GENERIC})"
    cur.execute(OWNER_SQL.format(point="email", usable=usable, **limits))
    own_box = "email NOT IN (SELECT email FROM mt_family_mailbox)"
    cur.execute(PAIR_POINT_SQL.format(point="email", personal=own_box))
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE mt_mailbox_of AS "
        "SELECT e.uid, m.code FROM mt_email e JOIN mt_mailbox m ON m.name = e.email"
    )
    cur.execute(SHARED_SQL.format(point="phone", extra=", x.mobile", pairs="mt_pair"))
    cur.execute(OWNER_SQL.format(point="phone", usable="true", **limits))
    cur.execute(PAIR_POINT_SQL.format(point="phone", personal="mobile"))
    cur.execute(NAMESAKE_SQL)


def compare_contacts(
    cur: duckdb.DuckDBPyConnection, pairs: str, layout: Layout, first: int, end: int
) -> None:
    """Complete the patterns of `mt_name_level` with e-mail and phone, and append them to `mt_compared`.

    pairs: a table of the candidates (a, b) with first <= a < end.
    """
    cur.execute(TYPO_PAIR_SQL.format(pairs=pairs))
    texts = TEXT_PAIR_SQL.format(pairs="mt_value_pair", values="mt_mailbox", text="name")
    measure(cur, texts, osa)
    cur.execute(EMAIL_UNEQUAL_SQL.format(pairs=pairs))
    cur.execute(PHONE_UNEQUAL_SQL.format(pairs=pairs))
    packed = layout.packed({"email", "phone", *FLAGS[4:]})
    cur.execute(LEVEL_SQL.format(packed=packed, first=first, end=end))
