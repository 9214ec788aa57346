"""The household class: how relatives of one name and one address agree, measured on this data.

Relatives share a family name and an address as two records of one person do, their first names may
be forms of one name (a child is named after its parent), and some share a mailbox or a mobile
number. How often, differs from data set to data set. It shows in the pairs that are certainly two
people: one family name, one address, two birth dates. From them come the odds that a pair with an
agreeing first name and one contact point is one person and not two of a household.

Few such pairs say little: the shipped figures count for `STRENGTH` pairs and are so cautious that
no contact point is enough by itself. A file of customers opens it only by showing that its
households keep their mailboxes and numbers apart.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from tui_migrate.matching.schema import count
from tui_migrate.matching.settings import PERSON, MatchSettings

#: How many pairs the shipped figures count for.
STRENGTH = 20
#: Shipped shares. Of two people of a household: agreeing first names by level, first letters that
#: agree, a personal mailbox or mobile that both use, a mailbox or number of any sort.
SHIPPED = {"variant": 0.05, "typo": 0.02, "initial": 0.20, "email": 0.10, "phone": 0.10}
Counts = dict[str, tuple[float, float]]
#: First-name levels that a contact point may complete, and their numbers.
FORMS = {"variant": 2, "typo": 3, "initial": 4}
CONTACTS = ("email", "phone")

#: One row: pairs of two people of one household, each counted once however many records tell of
#: them, and how many of them agree in what.
MEASURE_SQL = """
WITH met AS (
    SELECT DISTINCT x.address, x.family, least(x.birth, y.birth) AS older,
        greatest(x.birth, y.birth) AS younger, l.first_name, l.first_same, l.email, l.phone,
        l.email_personal, l.phone_personal, coalesce(x.letter = y.letter, false) AS letter
    FROM mt_level l JOIN mt_record x ON x.uid = l.a JOIN mt_record y ON y.uid = l.b
    WHERE l.kind = 'person' AND l.birth_date = 4 AND l.address IN (1, 2)
      AND l.family_name IN (1, 2)
), two AS (
    SELECT bool_or(first_name IN (1, 2, 3, 5, 6)) AS named,
        bool_or(first_name = 2 AND NOT first_same) AS variant, bool_or(first_name = 3) AS typo,
        bool_or(first_name > 0) AS lettered, bool_or(first_name BETWEEN 1 AND 4 OR letter) AS initial,
        bool_or(email > 0) AS has_email, bool_or(email_personal) AS email,
        bool_or(email IN (1, 2)) AS email_shared, bool_or(phone IN (1, 2)) AS phone_shared,
        bool_or(phone > 0) AS has_phone, bool_or(phone_personal) AS phone
    FROM met GROUP BY address, family, older, younger
)
SELECT count(*) FILTER (named), count(*) FILTER (named AND variant), count(*) FILTER (named AND typo),
    count(*) FILTER (lettered), count(*) FILTER (lettered AND initial),
    count(*) FILTER (has_email), count(*) FILTER (email),
    count(*) FILTER (has_phone), count(*) FILTER (phone),
    count(*) FILTER (email_shared), count(*) FILTER (phone_shared)
FROM two"""

#: One row: record pairs of two people of a household; certain pairs of one person with two first
#: names (declared links, and birth dates with a contact point of their own), and their forms.
SEEN_SQL = """
SELECT (SELECT count(*) FROM mt_level WHERE kind = 'person' AND address IN (1, 2)
        AND family_name IN (1, 2) AND (birth_date = 4 OR first_name = 6 AND birth_date <> 1)),
    count(*), count(*) FILTER (first_name = 2 AND NOT first_same), count(*) FILTER (first_name = 3)
FROM mt_level l
WHERE kind = 'person' AND first_name IN (1, 2, 3, 5, 6) AND family_name IN (1, 2)
  AND (birth_date = 1 AND (email = 1 OR phone = 1)
       OR birth_date <= 2 AND (a, b) IN (SELECT (a, b) FROM mt_link))"""


def count_households(cur: duckdb.DuckDBPyConnection) -> Counts:
    """What the compared pairs of this cursor show of two people of one household, and of the forms of
    one person's first name: name → (how many, of how many)."""
    seen = [int(value or 0) for value in cur.execute(MEASURE_SQL).fetchall()[0]]
    named, variant, typo, lettered, initial, mailboxes, email, mobiles, phone, *shared = seen
    apart, certain, one_variant, one_typo = (
        int(value or 0) for value in cur.execute(SEEN_SQL).fetchall()[0]
    )
    return {
        "variant": (variant, named),
        "typo": (typo, named),
        "initial": (initial, lettered),
        "email": (email, mailboxes),
        "phone": (phone, mobiles),
        "email shared": (shared[0], mailboxes),
        "phone shared": (shared[1], mobiles),
        "apart": (apart, 0),
        "one variant": (one_variant, certain),
        "one typo": (one_typo, certain),
    }


def fit_household(
    cur: duckdb.DuckDBPyConnection, settings: MatchSettings, prior: float, counts: Counts
) -> dict[str, float]:
    """The shares of :data:`SHIPPED` as the compared pairs of this cursor show them.

    Beside them ``odds``, the household pairs for each pair of one person (whose number follows from
    the prior), and ``one variant`` and ``one typo``, how often one person's first names differ so.
    """
    records = count(cur, f"SELECT count(*) FROM mt_record WHERE kind = '{PERSON}'")
    matches = 2.0**prior * records * (records - 1) / 2
    first = settings.m[PERSON]["first_name"]
    named_m = 1.0 - first["initial"]
    shares = {name: pulled(counts[name], shipped) for name, shipped in SHIPPED.items()}
    shares["odds"] = pulled((counts["apart"][0], matches), 1.0)
    for form in ("variant", "typo"):
        shares[f"one {form}"] = pulled(counts[f"one {form}"], first[form] / named_m)
    return shares


def pulled(seen: tuple[float, float], shipped: float) -> float:
    """A share (part, whole), pulled towards the shipped one as if that had been seen `STRENGTH` times."""
    part, whole = seen
    return round((part + STRENGTH * shipped) / (whole + STRENGTH), 6)


def one_person(
    settings: MatchSettings, household: Mapping[str, float], form: str, contact: str
) -> float:
    """Probability that two records are one person and not two of a household, when their first
    names agree in this form and they share one personal contact point and an address.

    Only one contact point counts: a parent who lends the mailbox lends the number, too.
    """
    m = settings.m[PERSON]
    agrees = 1.0 - m["first_name"]["different"] if form == "initial" else household[f"one {form}"]
    likely = agrees * m[contact]["own"] * m["address"]["exact"]
    unlikely = household[form] * household[contact] * household["odds"]
    return likely / (likely + unlikely)


def passing_sql(settings: MatchSettings, household: Mapping[str, float]) -> str:
    """SQL: does one contact point tell this pair from two people of a household?"""
    arms = []
    for contact in CONTACTS:
        levels = [
            str(number)
            for form, number in FORMS.items()
            if household
            and one_person(settings, household, form, contact) >= settings.household_from
        ]
        if levels:
            arms.append(f"({contact} = 1 AND first_name IN ({', '.join(levels)}))")
    return " OR ".join(arms) or "false"
