"""Compare only what changed since the last match, and find what a match of everything would find.

With a frozen model what two records are worth to each other depends on the two, and on others in four
ways. Whose mailbox or phone it is follows from all who have it and from the candidates among them;
whether parent and child of one name live at an address, from all who live there; a key that more than
`cap` records share brings nobody together; and links and decisions make candidates of their own. So a
change spreads:

1. *changed*: records that are new, changed or gone; members of a key that crossed the cap, in either
   direction; the two of a link or decision that came or went where no key brings them together.
2. *again*: those, and all who share a contact point or a place with one of them, now or before. Their
   pairs are compared again.
3. *around*: those who share a contact point with one of *again*. Candidates among them tell whose it is.

The pairs of all others stand as they were kept. Keys are worked out for changed records only; of the
others they are kept (see ``kept``).
"""

from __future__ import annotations

import duckdb

from tui_migrate.matching import kept
from tui_migrate.matching.blocking import CERTAIN_SQL, BlockReport, DroppedKey, dropped_keys
from tui_migrate.matching.keys import make_joined
from tui_migrate.matching.schema import count
from tui_migrate.matching.settings import MatchSettings

#: If so large a part of the records is new, changed or gone, comparing everything costs no more.
MOST_CHANGED = 0.3

#: One row is one record of now with the number that it keeps; same: nothing of it changed.
KNOWN_SQL = """
CREATE OR REPLACE TEMP TABLE mt_known AS
SELECT r.uid, coalesce(k.id, (SELECT coalesce(max(id), -1) FROM match_kept_record)
        + row_number() OVER (PARTITION BY k.id IS NULL ORDER BY r.uid))::INTEGER AS id,
    coalesce(k.said = s.said, false) AS same
FROM mt_record r JOIN mt_said s USING (source, record_id)
LEFT JOIN match_kept_record k USING (source, record_id)"""

#: One row is one record that was kept and is not what it was, or is not there any more.
MOVED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_moved AS
SELECT id FROM match_kept_record ANTI JOIN (SELECT id FROM mt_known WHERE same) USING (id)"""

#: One row is one key or tie that a record had which is not what it was.
LOST_SQL = """
CREATE OR REPLACE TEMP TABLE mt_lost AS
SELECT key, bit, id FROM match_kept_key SEMI JOIN mt_moved USING (id)"""

#: One row is one key that crossed the cap, in either direction.
CROSSED_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_crossed AS
WITH less AS (SELECT key, count(*) AS n FROM mt_lost WHERE bit < {kept.PLACE} GROUP BY key),
more AS (SELECT key, count(*) AS n FROM mt_won WHERE bit < {kept.PLACE} GROUP BY key),
had AS (
    SELECT key, count(*) AS n FROM match_kept_key
    SEMI JOIN (SELECT key FROM less UNION SELECT key FROM more) USING (key)
    WHERE bit < {kept.PLACE} GROUP BY key
)
SELECT key FROM had LEFT JOIN less USING (key) LEFT JOIN more USING (key)
WHERE (had.n > {{cap}}) <> (had.n - coalesce(less.n, 0) + coalesce(more.n, 0) > {{cap}})"""

#: One row is one pair of records whose link or decision came or went, where no key brings them together.
CAME_SQL = """
CREATE OR REPLACE TEMP TABLE mt_certain AS
WITH certain AS (
    SELECT least(x.id, y.id) AS a, greatest(x.id, y.id) AS b, bit_or(e.bit) AS bits
    FROM ({certain}) e
    JOIN mt_known x ON x.uid = e.a JOIN mt_known y ON y.uid = e.b GROUP BY 1, 2
), before AS (
    SELECT least(a, b) AS a, greatest(a, b) AS b, rules FROM match_kept_pair
)
SELECT coalesce(c.a, k.a) AS a, coalesce(c.b, k.b) AS b
FROM before k FULL JOIN certain c ON c.a = k.a AND c.b = k.b
WHERE coalesce(c.bits, 0) <> (coalesce(k.rules, 0) >> {link}) << {link}
  AND coalesce(k.rules, 0) & ((1::BIGINT << {link}) - 1) = 0"""

#: One row is one record that counts as changed.
CHANGED_SQL = """
CREATE OR REPLACE TEMP TABLE mt_changed AS
SELECT id FROM mt_known WHERE NOT same
UNION SELECT id FROM match_kept_key SEMI JOIN mt_crossed USING (key)
UNION SELECT a FROM mt_certain UNION SELECT b FROM mt_certain"""

#: One row is one record whose pairs are compared again.
AGAIN_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_again AS
WITH tie AS (
    SELECT key FROM mt_lost WHERE bit >= {kept.PLACE}
    UNION SELECT key FROM match_kept_key SEMI JOIN mt_changed USING (id) WHERE bit >= {kept.PLACE}
)
SELECT k.uid, id FROM mt_known k SEMI JOIN (
    SELECT id FROM mt_changed
    UNION SELECT id FROM match_kept_key SEMI JOIN tie USING (key) WHERE bit >= {kept.PLACE}
) USING (id)"""

#: One row is one record whose candidates tell what the contact points of those are worth.
AROUND_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_around AS
WITH tie AS (
    SELECT DISTINCT key FROM match_kept_key SEMI JOIN mt_again USING (id) WHERE bit = {kept.POINT}
)
SELECT k.uid, id FROM mt_known k SEMI JOIN (
    SELECT id FROM mt_again
    UNION SELECT id FROM match_kept_key SEMI JOIN tie USING (key) WHERE bit = {kept.POINT}
) USING (id)"""

#: One row is one record under a key that brings somebody of those together with others.
KEY_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_key AS
WITH held AS (
    SELECT key, bit, id FROM match_kept_key SEMI JOIN (
        SELECT DISTINCT key FROM match_kept_key SEMI JOIN mt_around USING (id)
        WHERE bit < {kept.PLACE}) USING (key)
    WHERE bit < {kept.PLACE}
)
SELECT key, bit AS rule, k.uid, a.uid IS NOT NULL AS around FROM held
SEMI JOIN (SELECT key FROM held GROUP BY key HAVING count(*) BETWEEN 2 AND {{cap}}) USING (key)
JOIN mt_known k USING (id) LEFT JOIN mt_around a USING (id)"""

#: One row is one candidate pair (a < b) with somebody of those, and what brought it together as bits.
PAIR_SQL = """
CREATE OR REPLACE TEMP TABLE mt_pair AS
WITH certain AS ({certain}), met AS (
    SELECT x.uid AS a, y.uid AS b, 1::BIGINT << x.rule::INTEGER AS rules
    FROM mt_key x JOIN mt_key y ON x.key = y.key AND x.uid < y.uid WHERE x.around OR y.around
    UNION ALL SELECT a, b, bit FROM certain
    WHERE a IN (SELECT uid FROM mt_around) OR b IN (SELECT uid FROM mt_around)
)
SELECT a, b, bit_or(rules) AS rules FROM met GROUP BY a, b"""

#: Pairs that were compared only for what they tell of a contact point.
BESIDE_SQL = """
DELETE FROM {table}
WHERE a NOT IN (SELECT uid FROM mt_again) AND b NOT IN (SELECT uid FROM mt_again)"""

#: One row is one kept pair that nothing has changed, with the links and decisions of now.
STANDING_SQL = """
CREATE OR REPLACE TEMP TABLE mt_standing AS
WITH certain AS (
    SELECT a, b, bit_or(bit) AS bits FROM ({certain}) GROUP BY a, b
), kept AS (
    SELECT least(x.uid, y.uid) AS a, greatest(x.uid, y.uid) AS b, pattern, rare_first, rare_family,
        rules & ((1::BIGINT << {link}) - 1) AS rules
    FROM match_kept_pair p JOIN mt_known x ON x.id = p.a JOIN mt_known y ON y.id = p.b
    WHERE x.uid NOT IN (SELECT uid FROM mt_again) AND y.uid NOT IN (SELECT uid FROM mt_again)
)
SELECT k.* REPLACE (k.rules | coalesce(c.bits, 0) AS rules)
FROM kept k LEFT JOIN certain c ON c.a = k.a AND c.b = k.b
WHERE k.rules <> 0 OR c.a IS NOT NULL"""

#: One row is one key that too many records share.
MANY_SQL = f"""
CREATE OR REPLACE TEMP TABLE mt_many AS
SELECT bit, key, count(*) AS members FROM match_kept_key WHERE bit < {kept.PLACE}
GROUP BY bit, key HAVING count(*) > {{cap}}"""


def _bits(settings: MatchSettings) -> dict[str, object]:
    """What the statements about links and decisions are filled with."""
    bits = {"link": len(settings.keys), "decision": len(settings.keys) + 1}
    return {**bits, "certain": CERTAIN_SQL.format(**bits)}


def find_changes(cur: duckdb.DuckDBPyConnection) -> bool:
    """Fill `mt_known` and `mt_moved` against what was kept; whether it pays to compare only changes."""
    cur.execute(KNOWN_SQL)
    cur.execute(MOVED_SQL)
    moved = count(cur, "SELECT count(*) FROM mt_moved")
    fresh = count(cur, "SELECT count(*) FROM mt_known WHERE NOT same")
    return moved + fresh <= MOST_CHANGED * count(cur, "SELECT count(*) FROM mt_record")


def block_changes(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> BlockReport:
    """Fill `mt_pair` with the candidates of the records `mt_around`, and `mt_again`; bring the kept
    records and keys up to date."""
    keys, cap = settings.keys, {"cap": settings.cap}
    bits = _bits(settings)
    cur.execute(LOST_SQL)
    make_joined(cur, keys)
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_won(key UBIGINT, bit UTINYINT, id INTEGER)")
    kept.keep_keys(cur, keys, "mt_won")
    cur.execute(CROSSED_SQL.format(**cap))
    for table in ("match_kept_key", "match_kept_record"):
        cur.execute(f"DELETE FROM {table} WHERE id IN (SELECT id FROM mt_moved)")
    cur.execute("INSERT INTO match_kept_key SELECT key, bit, id FROM mt_won")
    kept.keep_records(cur)
    cur.execute(CAME_SQL.format(**bits))
    for sql in (CHANGED_SQL, AGAIN_SQL, AROUND_SQL):
        cur.execute(sql)
    cur.execute(KEY_SQL.format(**cap))
    cur.execute(PAIR_SQL.format(**bits))
    cur.execute(MANY_SQL.format(**cap))
    dropped: list[DroppedKey] = []
    for bit, key in enumerate(keys):
        cur.execute(
            "CREATE OR REPLACE TEMP TABLE mt_members AS"
            f" SELECT key, members FROM mt_many WHERE bit = {bit}"
        )
        dropped.extend(dropped_keys(cur, key, settings.cap))
    for table in ("mt_key", "mt_members", "mt_many", "mt_won", "mt_lost", "mt_moved"):
        cur.execute(f"DROP TABLE {table}")
    return BlockReport(count(cur, "SELECT count(*) FROM mt_pair"), tuple(dropped))


def take_standing(cur: duckdb.DuckDBPyConnection, settings: MatchSettings) -> None:
    """Complete `mt_pair` and `mt_compared` with the kept pairs that nothing has changed."""
    bits = _bits(settings)
    for table in ("mt_pair", "mt_compared"):
        cur.execute(BESIDE_SQL.format(table=table))
    cur.execute(STANDING_SQL.format(**bits))
    cur.execute("INSERT INTO mt_pair SELECT a, b, rules FROM mt_standing")
    cur.execute(
        "INSERT INTO mt_compared SELECT a, b, pattern, rare_first, rare_family FROM mt_standing"
    )
    cur.execute("DROP TABLE mt_standing")
