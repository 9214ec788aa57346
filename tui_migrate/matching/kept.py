"""What a match leaves for the next one, so that only what changed is compared again.

Four tables beside the output, written whole by a match that compares everything and brought up to date
by one that does not. They are no output: without them, or with those of another model, the next match
compares everything and finds the same.

- `match_kept`: by which model and program the others were made, and how many pairs were compared.
- `match_kept_record`: each record with a digest of all that matching reads of it.
- `match_kept_key`: each record under each of its blocking keys, also under those that too many share
  (`bit` is the rule's), and under what ties it to others who tell what it is worth: its contact points
  (`POINT`) and where its name lives (`PLACE`).
- `match_kept_pair`: each pair that was probable enough to be kept, with its levels. Weight, probability
  and lane follow from them, from the model and from what people decided.

`id` numbers a record for good; the `uid` of the scratch tables is another one in every match.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import duckdb

from tui_migrate import __version__
from tui_migrate.matching.contacts import PLACE_SQL
from tui_migrate.matching.keys import Key, key_select
from tui_migrate.matching.model import FrozenModel
from tui_migrate.matching.schema import RECORD_COLUMNS, quoted
from tui_migrate.matching.settings import MatchSettings

#: Bits of `match_kept_key` that are no rule's.
PLACE, POINT = 254, 255

TABLES = ("match_kept", "match_kept_record", "match_kept_key", "match_kept_pair")

TABLES_DDL = """
CREATE TABLE IF NOT EXISTS match_kept(basis VARCHAR, compared BIGINT);
CREATE TABLE IF NOT EXISTS match_kept_record(
    id INTEGER, source VARCHAR, record_id VARCHAR, said UBIGINT);
CREATE TABLE IF NOT EXISTS match_kept_key(key UBIGINT, bit UTINYINT, id INTEGER);
CREATE TABLE IF NOT EXISTS match_kept_pair(
    a INTEGER, b INTEGER, rules BIGINT, pattern BIGINT, rare_first TINYINT, rare_family TINYINT);
"""

#: One row is one record as it was handed over, as a digest.
SAID_SQL = """
CREATE OR REPLACE TEMP TABLE mt_said AS
SELECT source, record_id, hash({columns}) AS said FROM {relation}"""

#: One row is one record of now with the number that it keeps.
ALL_NEW_SQL = """
CREATE OR REPLACE TEMP TABLE mt_known AS
SELECT uid, uid AS id, false AS same FROM mt_record"""

RECORDS_SQL = """
INSERT INTO match_kept_record
SELECT k.id, r.source, r.record_id, s.said
FROM mt_record r JOIN mt_known k USING (uid) JOIN mt_said s USING (source, record_id)
WHERE NOT k.same"""

#: One row is one record under one key of a rule.
KEYS_SQL = """
INSERT INTO {into}
SELECT hash(concat_ws(chr(31), '{rule}', kind, value)) AS key, {bit} AS bit, k.id
FROM ({select}) AS keyed(uid, kind, value) JOIN mt_known k USING (uid)
WHERE length(value) > 2 AND NOT k.same"""

#: One row is one record under one of its contact points, or under where its name lives.
TIES_SQL = f"""
INSERT INTO {{into}}
SELECT hash(concat_ws(chr(31), '@email', email)), {POINT}, k.id
FROM mt_email JOIN mt_known k USING (uid) WHERE NOT k.same
UNION ALL
SELECT hash(concat_ws(chr(31), '@phone', phone)), {POINT}, k.id
FROM mt_phone JOIN mt_known k USING (uid) WHERE NOT k.same
UNION ALL
SELECT hash(concat_ws(chr(31), '@place', place)), {PLACE}, k.id
FROM ({PLACE_SQL}) JOIN mt_known k USING (uid) WHERE NOT k.same"""

PAIRS_SQL = """
INSERT INTO match_kept_pair
SELECT x.id, y.id, p.rules, c.pattern, c.rare_first, c.rare_family
FROM mt_compared c SEMI JOIN mt_scored s ON s.a = c.a AND s.b = c.b
JOIN mt_pair p ON p.a = c.a AND p.b = c.b
JOIN mt_known x ON x.uid = c.a JOIN mt_known y ON y.uid = c.b"""


def basis(model: FrozenModel) -> str:
    """A digest of all but the records that decides what a match keeps of them."""
    parts = (__version__, duckdb.__version__, model.to_json())
    return sha256("\x1f".join(parts).encode()).hexdigest()


def is_of(cur: duckdb.DuckDBPyConnection, model: FrozenModel) -> bool:
    """Whether what the last match left was made with this model."""
    cur.execute(TABLES_DDL)
    found = cur.execute("SELECT basis FROM match_kept").fetchall()
    return found == [(basis(model),)]


def digest_records(cur: duckdb.DuckDBPyConnection, relation: str, settings: MatchSettings) -> None:
    """Fill `mt_said` from the input relation."""
    names = dict.fromkeys((*RECORD_COLUMNS, *(f.column for f in settings.declared_fields)))
    columns = ", ".join(quoted(name) for name in names)
    cur.execute(SAID_SQL.format(columns=columns, relation=quoted(relation)))


def keep_all(cur: duckdb.DuckDBPyConnection, keys: Sequence[Key]) -> None:
    """Forget what was kept, and keep every record with its keys; `mt_said` is filled."""
    forget(cur)
    cur.execute(ALL_NEW_SQL)
    keep_records(cur)
    keep_keys(cur, keys, "match_kept_key")


def keep_records(cur: duckdb.DuckDBPyConnection) -> None:
    """Keep the records that are new or changed."""
    cur.execute(RECORDS_SQL)


def keep_keys(cur: duckdb.DuckDBPyConnection, keys: Sequence[Key], into: str) -> None:
    """Append the keys and ties of the records that are new or changed; `make_joined` was called."""
    for bit, key in enumerate(keys):
        select = key_select(key)
        cur.execute(KEYS_SQL.format(into=into, rule=key.name, bit=bit, select=select))
    cur.execute(TIES_SQL.format(into=into))


def keep_pairs(cur: duckdb.DuckDBPyConnection) -> None:
    """Keep the pairs that are scored now, and no others."""
    cur.execute("DELETE FROM match_kept_pair")
    cur.execute(PAIRS_SQL)


def keep_basis(cur: duckdb.DuckDBPyConnection, model: FrozenModel, compared: int) -> None:
    """Say by which model all of it was made: it counts from here on."""
    cur.execute("DELETE FROM match_kept")
    cur.execute("INSERT INTO match_kept VALUES ($1, $2)", [basis(model), compared])


def forget(cur: duckdb.DuckDBPyConnection) -> None:
    """Empty what was kept; the next match compares everything."""
    cur.execute(TABLES_DDL)
    for table in TABLES:
        cur.execute(f"DELETE FROM {table}")
