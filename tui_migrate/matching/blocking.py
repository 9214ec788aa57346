"""Find the pairs worth comparing: records that share a blocking key.

A key is a rule and a value. Keys with more than `cap` members say nothing about identity and are
dropped, but not silently: the report names rule, digest of the value and number of members. The
rules that brought a pair together are kept as bits.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from tui_migrate.matching.schema import count

#: Rule → SELECT of (uid, value). The order gives the bits; the names stand in `pair.rules`.
RULES: dict[str, str] = {
    "email": "SELECT uid, kind, email FROM mt_email",
    "phone": "SELECT uid, kind, phone FROM mt_phone",
    "postcode_number": """SELECT uid, kind, concat_ws('|', postcode, number,
        CASE WHEN length(postcode) < 6 THEN coalesce(left(street, 5), '') END)
        FROM mt_record WHERE postcode IS NOT NULL AND number IS NOT NULL""",
    "street_number_town": """SELECT uid, kind, concat_ws('|', street, number, left(town, 5))
        FROM mt_record WHERE street IS NOT NULL AND number IS NOT NULL AND town IS NOT NULL""",
    "family_birth": """SELECT uid, kind, concat_ws('|', family_text, birth)
        FROM mt_record WHERE family IS NOT NULL AND birth IS NOT NULL""",
    "first_birth": """SELECT uid, kind, concat_ws('|', coalesce(canonical, letter), birth)
        FROM mt_record WHERE first IS NOT NULL AND birth IS NOT NULL""",
    "family_first": """SELECT uid, kind, concat_ws('|', family_text, canonical)
        FROM mt_record WHERE family IS NOT NULL AND canonical IS NOT NULL""",
    "organisation_name": """SELECT uid, kind, organisation_text
        FROM mt_record WHERE organisation IS NOT NULL""",
    "kvk": "SELECT uid, kind, kvk FROM mt_record WHERE kind = 'organisation' AND kvk IS NOT NULL",
    "vat": "SELECT uid, kind, vat FROM mt_record WHERE kind = 'organisation' AND vat IS NOT NULL",
}
LINK_BIT, DECISION_BIT = len(RULES), len(RULES) + 1
RULE_NAMES: tuple[str, ...] = (*RULES, "link", "decision")

#: One row is one record under one key. Kinds never meet: the kind is part of the key.
KEY_SQL = """
INSERT INTO mt_key
SELECT hash(concat_ws(chr(31), '{rule}', kind, value)), {bit}, uid
FROM ({select}) AS keyed(uid, kind, value) WHERE length(value) > 2"""

#: One row is one key with too many members; the digest is salted with the caller's secret.
DROPPED_SQL = """
SELECT '{rule}' AS rule, left(sha256(concat_ws(chr(31), $1, '{rule}', kind, value)), 16) AS digest,
       count(*) AS members
FROM ({select}) AS keyed(uid, kind, value)
WHERE hash(concat_ws(chr(31), '{rule}', kind, value)) IN (SELECT key FROM mt_over)
GROUP BY kind, value ORDER BY members DESC, digest"""

#: One row is one candidate pair (a < b) with the rules that brought it together as bits.
PAIR_SQL = """
CREATE OR REPLACE TEMP TABLE mt_pair AS
WITH kept AS (
    SELECT key FROM mt_key GROUP BY key HAVING count(*) BETWEEN 2 AND {cap}
), live AS (SELECT * FROM mt_key SEMI JOIN kept USING (key)),
met AS (
    SELECT x.uid AS a, y.uid AS b, (1 << x.rule::INTEGER)::INTEGER AS rules
    FROM live x JOIN live y ON x.key = y.key AND x.uid < y.uid
    UNION ALL SELECT a, b, 1 << {link} FROM mt_link WHERE one_kind
    UNION ALL SELECT a, b, 1 << {decision} FROM mt_decision WHERE one_kind
)
SELECT a, b, bit_or(rules) AS rules FROM met GROUP BY a, b"""


@dataclass(frozen=True)
class DroppedKey:
    """A blocking key with more members than the cap; never the value itself."""

    rule: str
    digest: str
    members: int


@dataclass(frozen=True)
class BlockReport:
    """What blocking did: number of candidate pairs, keys that were dropped."""

    pairs: int
    dropped: tuple[DroppedKey, ...]


def block(cur: duckdb.DuckDBPyConnection, cap: int, secret: str = "") -> BlockReport:
    """Fill `mt_pair` from the normalised records, links and decisions.

    cap: keys with more members are dropped. secret: salt of the digests in the report, so that
    nobody can guess the values back.
    """
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_key(key UBIGINT, rule UTINYINT, uid INTEGER)")
    dropped: list[DroppedKey] = []
    for bit, (rule, select) in enumerate(RULES.items()):
        cur.execute(KEY_SQL.format(rule=rule, bit=bit, select=select))
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE mt_over AS "
        f"SELECT key FROM mt_key GROUP BY key HAVING count(*) > {cap:d}"
    )
    for rule, select in RULES.items():
        found = cur.execute(DROPPED_SQL.format(rule=rule, select=select), [secret])
        dropped.extend(DroppedKey(*row) for row in found.fetchall())
    cur.execute(PAIR_SQL.format(cap=cap, link=LINK_BIT, decision=DECISION_BIT))
    cur.execute("DROP TABLE mt_key")
    return BlockReport(count(cur, "SELECT count(*) FROM mt_pair"), tuple(dropped))
