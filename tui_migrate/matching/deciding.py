"""Decide which pairs merge without a person, which a person reviews, and which are dropped.

Probability is not enough. A pair merges by itself only if it passes the *guard*: at least .99, no
conflict in birth date or first name, and an independent exact identifier. The guard is written
against the traps that cause wrong merges:

- *Parent and child of one name at one address.* With both birth dates they conflict. With one
  missing, name + address + landline prove nothing: only a mailbox or a mobile that is personal
  (not devries@, not used by people of different ages) counts, and never where that name is known
  at that address with birth dates years apart.
- *Couples that share a mailbox or a number.* An agreeing first name is needed beside a shared
  e-mail; a record with only initials, or without a name, joins only if all records with that
  e-mail may be one person. So a newsletter record joins the only owner of its mailbox.
- *Namesakes.* The same name without birth date, personal e-mail or mobile in common is reviewed.
- *Relatives with names alike* (Maria and Marie, J. and J., Sam and Samantha). Short forms, initials
  and misspelt names agree between relatives too, who share address, landline and mailbox. They
  need a mailbox named after that person, or birth date *and* a mailbox or mobile of one person;
  call names of several names or of both sexes need birth date *and* a mailbox so named. Where this
  file's households demonstrably keep mailboxes and mobiles apart, one of them is enough (see
  `households`).
- *Twins.* A birth date identifies beside one full first name, or beside a baptismal name and its
  call name while they are not known to live together; two call names are two children.
- *Janssen and Janssens.* A misspelt family name needs birth date *and* a contact or an address; a
  different family name (marriage) needs first name, birth date and a personal contact.
- *Organisations.* Register number with a similar name, or the same name with a contact point or
  the same address. A different register number or name conflicts.
"""

from __future__ import annotations

import duckdb

from tui_migrate.matching.households import passing_sql
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.settings import PERSON, MatchSettings

# Level numbers: see FIELDS. first_name 1 exact, 2 variant, 3 typo, 4 initial, 5 similar,
# 6 different; family_name 1 exact, 2 part, 3 typo, 4 similar, 5 different; birth_date 1 exact,
# 2 typo, 3 near, 4 different; e-mail and phone 1 own, 2 shared; address 1 exact, 2 number.

#: The birth date is equal: it identifies beside one full first name. Beside a call name or initials
#: twins have it in common as well, so that a mailbox or a mobile of one person must be equal too.
BIRTH_PASSES = """(birth_date = 1 AND (
    (first_same AND family_name IN (1, 2))
    OR (first_same AND family_name = 3 AND (email_identifies OR phone_personal OR address = 1))
    OR (first_same AND (email_personal OR phone_personal))
    OR (first_name = 2 AND first_formal AND NOT first_unsure AND family_name IN (1, 2)
        AND address NOT IN (1, 2))
    OR (first_name IN (2, 3, 4) AND family_name BETWEEN 1 AND 3 AND email_named)
    OR (first_name IN (2, 3, 4) AND NOT first_unsure AND family_name BETWEEN 1 AND 3
        AND (email = 1 OR phone = 1))
    OR (first_name = 2 AND NOT first_unsure AND email_named)
    OR (first_name = 0 AND family_name BETWEEN 0 AND 2 AND email = 1)))"""

#: No equal birth date: a personal mailbox or mobile beside one full first name, a mailbox that is
#: named after one of the two beside a call name or initials (after their initials only, while they
#: are not known to live together), a mailbox or a mobile of one person where households keep theirs
#: apart, or the mailbox of a nameless record.
CONTACT_PASSES = """(birth_date IN (0, 2) AND NOT namesakes AND (
    (first_same AND family_name IN (1, 2) AND (email_personal OR phone = 1))
    OR (first_same AND family_name IN (3, 4) AND address = 1 AND (email_personal OR phone = 1))
    OR (first_name IN (2, 3, 4) AND NOT first_unsure AND family_name BETWEEN 0 AND 3
        AND email = 1 AND email_named)
    OR (first_name = 2 AND first_formal AND NOT first_unsure AND family_name IN (1, 2)
        AND email = 1 AND email_initial AND address NOT IN (1, 2))
    OR (first_name = 4 AND family_name BETWEEN 1 AND 3 AND email = 1 AND email_initial
        AND (address NOT IN (1, 2) OR phone = 1))
    OR (first_same AND family_name = 3 AND phone = 1)
    OR (first_name IN (2, 3, 4) AND (NOT first_unsure OR gender = 1) AND family_name IN (1, 2)
        AND ({apart}))
    OR ((first_same OR first_name = 0) AND family_name BETWEEN 0 AND 3 AND email = 1)))"""

#: Organisations: register number beside the name, or the same name at the same place.
ORGANISATION_PASSES = """(
    (organisation_name IN (0, 1, 2, 3) AND (kvk = 1 OR vat = 1))
    OR (organisation_name = 1 AND (address = 1 OR email_identifies OR phone_identifies))
    OR (organisation_name = 2 AND (email_identifies OR phone_identifies)))"""

#: What in its levels speaks against a pair, the gravest first; NULL if nothing does.
CONFLICT = """CASE
    WHEN kind = 'organisation' THEN CASE
        WHEN kvk = 2 OR vat = 2 THEN 'register number conflict'
        WHEN organisation_name = 4 THEN 'name conflict' END
    WHEN birth_date >= 3 AND first_name >= 5 THEN 'two conflicts'
    WHEN birth_date >= 3 THEN 'birth date conflict'
    WHEN first_name = 6 AND birth_date <> 1 AND email NOT IN (1, 2) AND phone NOT IN (1, 2)
        THEN 'household'
    WHEN first_name = 6 THEN 'first name conflict'
    WHEN generations THEN 'generation conflict'
    WHEN first_name = 5 THEN 'first name unsure'
    WHEN gender = 2 AND birth_date <> 1 AND first_name <> 1 THEN 'gender conflict' END"""

#: Why a pair that is probable enough may not merge by itself; 'guard passed' if it may.
GUARD = f"""CASE
    WHEN kind = 'organisation' THEN CASE
        WHEN {ORGANISATION_PASSES} THEN 'guard passed'
        ELSE 'no identifier' END
    WHEN {BIRTH_PASSES} OR {CONTACT_PASSES} OR ({{numbered}}) THEN 'guard passed'
    WHEN birth_date <> 1 AND namesakes THEN 'namesakes at one address'
    WHEN family_name >= 3 THEN 'family name unsure'
    WHEN first_name = 4 THEN 'initials only'
    WHEN first_name IN (2, 3) AND NOT first_same THEN 'call name only'
    WHEN email = 2 OR phone = 2 THEN 'shared contact point'
    ELSE 'no identifier' END"""

#: One row is one pattern with what the guard says of it.
GUARD_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_guard AS
SELECT pattern, {CONFLICT} AS conflict, {GUARD} AS guard FROM mt_pattern"""

#: One row is one scored pair with its band, the reason for it and the decision of a person.
#: Links are certain, decisions of a person override every guard; two conflicts are no question,
#: nor are two first names whose only common ground is a family name or an address: a household. What
#: a person doubts, or what nobody lets merge by itself, is a question instead.
JUDGED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_judged AS
WITH guarded AS (
    SELECT s.*, p.rules, d.decision, d.decided_by, l.a IS NOT NULL AS linked, q.a IS NOT NULL AS doubted,
        g.a IS NOT NULL AS again,
        coalesce(conflict, CASE WHEN probability < {auto_from} THEN 'not certain enough' ELSE guard END)
        AS guard
    FROM mt_scored s JOIN mt_guard g USING (pattern) JOIN mt_pair p ON p.a = s.a AND p.b = s.b
    LEFT JOIN mt_decision d ON d.a = s.a AND d.b = s.b
    LEFT JOIN mt_link l ON l.a = s.a AND l.b = s.b
    LEFT JOIN mt_doubt q ON q.a = s.a AND q.b = s.b
    LEFT JOIN mt_asked_again g ON g.a = s.a AND g.b = s.b
)
SELECT * EXCLUDE (guard, linked, doubted, again),
    CASE WHEN decision = 'different' THEN 'review'
         WHEN decision = 'merge' THEN 'auto'
         WHEN linked OR guard = 'guard passed'
             THEN CASE WHEN doubted OR NOT {by_itself} THEN 'review' ELSE 'auto' END
         WHEN again THEN 'review'
         WHEN guard NOT IN ('two conflicts', 'household') AND probability >= {review_from} THEN 'review'
         ELSE 'below' END AS band,
    CASE WHEN decision IS NOT NULL THEN 'decision'
         WHEN (linked OR guard = 'guard passed') AND doubted THEN 'doubted'
         WHEN (linked OR guard = 'guard passed') AND NOT {by_itself} THEN 'lane closed'
         WHEN linked THEN 'link' WHEN again AND guard <> 'guard passed' THEN 'changed since'
         ELSE guard END AS reason
FROM guarded
WHERE decision IS NOT NULL OR linked OR again OR probability >= {keep_from}"""

#: One row is one certain edge between two known records, once per pair, the smaller uid first.
LINK_SQL = """
CREATE OR REPLACE TEMP TABLE mt_link AS
SELECT DISTINCT least(x.uid, y.uid) AS a, greatest(x.uid, y.uid) AS b, x.kind = y.kind AS one_kind
FROM {links} l JOIN mt_record x ON x.source = l.source_a AND x.record_id = l.record_a
JOIN mt_record y ON y.source = l.source_b AND y.record_id = l.record_b
WHERE x.uid <> y.uid"""

#: One row is the decision on one pair; where two contradict each other, "different" is the safe one.
DECISION_SQL = """
CREATE OR REPLACE TEMP TABLE mt_decision AS
SELECT least(x.uid, y.uid) AS a, greatest(x.uid, y.uid) AS b,
    CASE WHEN bool_or(d.decision = 'different') THEN 'different' ELSE 'merge' END AS decision,
    min({decided_by}) AS decided_by, bool_and(x.kind = y.kind) AS one_kind
FROM {decisions} d JOIN mt_record x ON x.source = d.source_a AND x.record_id = d.record_a
JOIN mt_record y ON y.source = d.source_b AND y.record_id = d.record_b
WHERE x.uid <> y.uid AND d.decision IN ('merge', 'different')
GROUP BY 1, 2"""

#: One row is a pair that a person merged and of which a compared field is another now: he is asked again,
#: however probable it is.
ASKED_AGAIN_SQL = """
CREATE OR REPLACE TEMP TABLE mt_asked_again AS
SELECT DISTINCT least(x.uid, y.uid) AS a, greatest(x.uid, y.uid) AS b, x.kind = y.kind AS one_kind
FROM {decisions} d JOIN mt_record x ON x.source = d.source_a AND x.record_id = d.record_a
JOIN mt_record y ON y.source = d.source_b AND y.record_id = d.record_b
WHERE x.uid <> y.uid AND d.decision = 'again'"""

#: One row is a pair of which a person could not say that it is one person: it may not merge by itself.
DOUBT_SQL = """
CREATE OR REPLACE TEMP TABLE mt_doubt AS
SELECT DISTINCT least(x.uid, y.uid) AS a, greatest(x.uid, y.uid) AS b
FROM {decisions} d JOIN mt_record x ON x.source = d.source_a AND x.record_id = d.record_a
JOIN mt_record y ON y.source = d.source_b AND y.record_id = d.record_b
WHERE x.uid <> y.uid AND d.decision = 'unsure'"""


def certain_edges(cur: duckdb.DuckDBPyConnection, links: str, decisions: str) -> None:
    """Fill `mt_link`, `mt_decision`, `mt_doubt` and `mt_asked_again` from quoted relation names;
    unknown records are left out."""
    cur.execute(LINK_SQL.format(links=links))
    columns = {row[0] for row in cur.execute(f"DESCRIBE SELECT * FROM {decisions}").fetchall()}
    decided_by = "d.decided_by" if "decided_by" in columns else "NULL::VARCHAR"
    cur.execute(DECISION_SQL.format(decisions=decisions, decided_by=decided_by))
    cur.execute(DOUBT_SQL.format(decisions=decisions))
    cur.execute(ASKED_AGAIN_SQL.format(decisions=decisions))


def decide(cur: duckdb.DuckDBPyConnection, model: FrozenModel, by_itself: bool = True) -> None:
    """Fill `mt_judged` from the scored pairs, links and decisions. Without `by_itself` what would merge
    without a person is for one to review."""
    settings = model.settings
    cur.execute(
        GUARD_SQL.format(
            apart=passing_sql(settings, model.household), numbered=_numbered_sql(settings)
        )
    )
    cur.execute(
        JUDGED_SQL.format(
            auto_from=settings.auto_from,
            review_from=settings.review_from,
            keep_from=settings.keep_from,
            by_itself=str(by_itself).lower(),
        )
    )


def _numbered_sql(settings: MatchSettings) -> str:
    """SQL: is a declared number of one person equal, beside names that agree?"""
    arms = [
        f"({field.name} = 1 AND first_name BETWEEN 1 AND 4 AND family_name BETWEEN 1 AND 3)"
        for field in settings.fields[PERSON]
        if field.compare == "identifier"
    ]
    return " OR ".join(arms) or "false"
