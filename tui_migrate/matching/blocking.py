"""Find the pairs worth comparing: records that share a blocking key.

A key is a rule and a value. Keys with more than `cap` members say nothing about identity and are
dropped, but not silently: the report names rule, digest of the value and number of members. The
rules that brought a pair together are kept as bits.

Memory: one rule is read at a time, and only keys that bring two records together are kept; pairs are
made range by range of the smaller record, so that what is grouped at a time is bounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from tui_migrate.matching.keys import MAX_KEYS, Key, key_select, make_joined
from tui_migrate.matching.schema import count

#: So many meetings of two records under a key are grouped into pairs at a time.
MEETINGS = 4_000_000

#: One row is one record under one key of the rule. Kinds never meet: the kind is part of the key.
RULE_SQL = """
CREATE OR REPLACE TEMP TABLE mt_rule AS
SELECT hash(concat_ws(chr(31), '{rule}', kind, value)) AS key, uid
FROM ({select}) AS keyed(uid, kind, value) WHERE length(value) > 2"""

#: One row is one key with more than one member.
MEMBERS_SQL = """
CREATE OR REPLACE TEMP TABLE mt_members AS
SELECT key, count(*) AS members FROM mt_rule GROUP BY key HAVING members > 1"""

#: One row is one record under a key that brings two records or more together, and not too many.
KEPT_SQL = """
INSERT INTO mt_key
SELECT key, {bit}, uid FROM mt_rule
SEMI JOIN (SELECT key FROM mt_members WHERE members <= {cap}) USING (key)"""

#: One row is one key with too many members, by a digest in place of its value.
DROPPED_SQL = """
SELECT '{rule}' AS rule, left(sha256(concat_ws(chr(31), '{rule}', kind, value)), 16) AS digest,
       count(*) AS members
FROM ({select}) AS keyed(uid, kind, value)
WHERE hash(concat_ws(chr(31), '{rule}', kind, value))
      IN (SELECT key FROM mt_members WHERE members > {cap})
GROUP BY kind, value ORDER BY members DESC, digest"""

#: One row is one pair that no key has to bring together, with its bit.
CERTAIN_SQL = """
SELECT a, b, 1::BIGINT << {link} AS bit FROM mt_link WHERE one_kind
UNION ALL SELECT a, b, 1::BIGINT << {decision} FROM mt_decision WHERE one_kind
UNION ALL SELECT a, b, 1::BIGINT << {decision} FROM mt_asked_again WHERE one_kind"""

#: One row is one candidate pair (a < b) of a range with the rules that brought it together as bits.
PAIR_SQL = f"""
INSERT INTO mt_pair
WITH met AS (
    SELECT x.uid AS a, y.uid AS b, 1::BIGINT << x.rule::INTEGER AS rules
    FROM mt_key x JOIN mt_key y ON x.key = y.key AND x.uid < y.uid
    WHERE x.uid >= {{first}} AND x.uid < {{end}}
    UNION ALL SELECT a, b, bit FROM ({CERTAIN_SQL}) WHERE a >= {{first}} AND a < {{end}}
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


def block(cur: duckdb.DuckDBPyConnection, keys: Sequence[Key], cap: int) -> BlockReport:
    """Fill `mt_pair` from the normalised records, links and decisions.

    cap: keys with more members are dropped. ValueError on more keys than `rules` has bits.
    """
    if len(keys) > MAX_KEYS:
        raise ValueError(f"{len(keys)} keys, at most {MAX_KEYS}")
    make_joined(cur, keys)
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_key(key UBIGINT, rule UTINYINT, uid INTEGER)")
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_pair(a INTEGER, b INTEGER, rules BIGINT)")
    dropped: list[DroppedKey] = []
    meetings = 0
    for bit, key in enumerate(keys):
        select = key_select(key)
        cur.execute(RULE_SQL.format(rule=key.name, select=select))
        cur.execute(MEMBERS_SQL)
        cur.execute(KEPT_SQL.format(bit=bit, cap=cap))
        meetings += count(
            cur,
            f"SELECT sum(members * (members - 1)) // 2 FROM mt_members WHERE members <= {cap:d}",
        )
        dropped.extend(dropped_keys(cur, key, cap))
    for first, end in _ranges(cur, meetings):
        bits = {"link": len(keys), "decision": len(keys) + 1}
        cur.execute(PAIR_SQL.format(first=first, end=end, **bits))
    for table in ("mt_rule", "mt_members", "mt_key"):
        cur.execute(f"DROP TABLE IF EXISTS {table}")
    return BlockReport(count(cur, "SELECT count(*) FROM mt_pair"), tuple(dropped))


def dropped_keys(cur: duckdb.DuckDBPyConnection, key: Key, cap: int) -> list[DroppedKey]:
    """The keys of a rule with more members than `cap`, of those in `mt_members` (key, members)."""
    if not count(cur, f"SELECT count(*) FROM mt_members WHERE members > {cap:d}"):
        return []
    sql = DROPPED_SQL.format(rule=key.name, select=key_select(key), cap=cap)
    return [DroppedKey(*row) for row in cur.execute(sql).fetchall()]


def _ranges(cur: duckdb.DuckDBPyConnection, meetings: int) -> list[tuple[int, int]]:
    """Ranges of records (first, end); the lower ones, which meet more greater ones, hold up to twice
    as many meetings as the mean."""
    records = count(cur, "SELECT count(*) FROM mt_record")
    size = max(1, -(-records // (2 * meetings // MEETINGS + 1)))
    return [(first, first + size) for first in range(0, records, size)]
