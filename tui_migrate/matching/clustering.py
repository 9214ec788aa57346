"""Join records into clusters, and hold back every cluster in which something conflicts.

Edges are the pairs that merge by themselves, the links and the merge decisions. A component of
them merges only if no two of its records conflict in birth date or first name (organisations: in
register number), whether or not those two were ever compared: a sparse record that fits both
parent and child must not join them. A merge decision settles the conflict between its own two
records only. A "different" decision inside a component holds all of it back.

Before that, bridges are cut: where only records without a name, or with initials only, join two
forms of one name (Maria and Marie, Jan and J.), their edges go to review and the rest stays.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from tui_migrate.matching.comparing import BIRTH_LEVEL_SQL, first_levels
from tui_migrate.matching.schema import count

#: One row is one edge (a < b) along which records merge, with what it rests on.
EDGE_SQL = """
CREATE OR REPLACE TEMP TABLE mt_edge AS
SELECT a, b, min(rule) AS rule FROM (
    SELECT a, b, 'guard' AS rule FROM mt_judged
    WHERE band = 'auto' AND reason = 'guard passed'
    UNION ALL SELECT a, b, 'link' FROM mt_link ANTI JOIN mt_doubt USING (a, b) WHERE {by_itself}
    UNION ALL SELECT a, b, 'decision' FROM mt_decision WHERE decision = 'merge'
) GROUP BY a, b ORDER BY a, b"""

#: One row is one record of a component of two or more; component = its smallest uid.
MEMBER_SQL = """
CREATE OR REPLACE TEMP TABLE mt_member AS
SELECT m.component, r.uid, r.kind, r.first, r.family, r.birth, r.generation, r.kvk, r.vat
FROM mt_component m JOIN mt_record r USING (uid)"""

#: One row is one distinct pair of unequal values that meet in some component.
MET_SQL = """
CREATE OR REPLACE TEMP TABLE mt_value_pair AS
WITH held AS (SELECT DISTINCT component, {field} AS value FROM mt_member WHERE {field} IS NOT NULL)
SELECT DISTINCT x.value AS lo, y.value AS hi
FROM held x JOIN held y ON x.component = y.component AND x.value < y.value"""

#: One row is one pair of records in one component whose values conflict.
CONFLICT_SQL = """
INSERT INTO mt_conflict
SELECT x.component, least(x.uid, y.uid), greatest(x.uid, y.uid), '{rule}', {grave}
FROM mt_member x JOIN mt_member y ON x.component = y.component AND {condition}"""

#: One row is one edge that joins by itself at a grade of name (1 first name or initials, 2 a full
#: first name): a link, a decision, or the guard between two records with that much of a name.
FIRM_EDGE_SQL = """
CREATE OR REPLACE TEMP TABLE mt_firm_edge AS
SELECT e.a, e.b FROM mt_edge e JOIN mt_record x ON x.uid = e.a JOIN mt_record y ON y.uid = e.b
LEFT JOIN mt_first f ON f.code = x.first LEFT JOIN mt_first g ON g.code = y.first
WHERE e.rule <> 'guard' OR x.kind = 'organisation'
   OR (f.{filled} IS NOT NULL AND g.{filled} IS NOT NULL)
ORDER BY 1, 2"""

#: One row is one edge that is not firm, in a component in which firm edges leave two forms of one
#: name apart. Edges between records with less of a name that nothing firm ties stay.
BRIDGE_SQL = """
CREATE OR REPLACE TEMP TABLE mt_bridge AS
WITH bridged AS (
    SELECT DISTINCT x.component
    FROM mt_member x JOIN mt_member y ON x.component = y.component
    JOIN mt_part p ON p.uid = x.uid JOIN mt_part q ON q.uid = y.uid AND q.part > p.part
    LEFT JOIN mt_first f ON f.code = x.first
    LEFT JOIN mt_first_level v
        ON v.lo = least(x.first, y.first) AND v.hi = greatest(x.first, y.first)
    WHERE CASE WHEN x.first = y.first THEN {grade} = 1 AND f.name IS NULL
               ELSE v.level IN ({levels}) AND NOT v.same END
), free AS (
    SELECT min(p.uid) AS uid FROM mt_part p GROUP BY part HAVING count(*) = 1
)
SELECT e.a, e.b FROM mt_edge e JOIN mt_component m ON m.uid = e.a
SEMI JOIN bridged USING (component) ANTI JOIN mt_firm_edge k ON k.a = e.a AND k.b = e.b
JOIN mt_record x ON x.uid = e.a JOIN mt_record y ON y.uid = e.b
LEFT JOIN mt_first f ON f.code = x.first LEFT JOIN mt_first g ON g.code = y.first
WHERE f.{filled} IS NOT NULL OR g.{filled} IS NOT NULL
   OR e.a NOT IN (SELECT uid FROM free) OR e.b NOT IN (SELECT uid FROM free)"""

#: One row is one component with more records than anybody has.
TOO_LARGE_SQL = """
INSERT INTO mt_conflict SELECT component, component, component, 'too large', true
FROM mt_member GROUP BY component HAVING count(*) > {max_cluster}"""

#: One row is one pair of records in one component whose values were compared and conflict.
LEVEL_CONFLICT_SQL = """
INSERT INTO mt_conflict
SELECT x.component, least(x.uid, y.uid), greatest(x.uid, y.uid), '{rule}', v.level >= {grave}
FROM mt_member x JOIN mt_member y ON x.component = y.component AND x.{field} < y.{field}
JOIN {levels} v ON v.lo = x.{field} AND v.hi = y.{field} AND v.level >= {from_level}"""

#: Conflicts that a person or a link has settled do not count. A link settles only an unsure first
#: name (Johan and Johann), never a contradiction.
SETTLED_SQL = """
DELETE FROM mt_conflict c WHERE rule <> 'different decision' AND (
    EXISTS (SELECT 1 FROM mt_decision d WHERE d.a = c.a AND d.b = c.b AND d.decision = 'merge')
    OR (NOT grave AND EXISTS (SELECT 1 FROM mt_link l WHERE l.a = c.a AND l.b = c.b)))"""

#: One row is one record with its cluster. The cluster is named after its smallest member.
CLUSTER_SQL = """
CREATE OR REPLACE TEMP TABLE mt_cluster AS
WITH resting AS (
    SELECT m.component, string_agg(DISTINCT e.rule, '+' ORDER BY e.rule) AS rule
    FROM mt_edge e JOIN mt_component m ON m.uid = e.a GROUP BY 1
), conflict AS (
    SELECT component, string_agg(DISTINCT rule, '+' ORDER BY rule) AS rule
    FROM mt_conflict GROUP BY 1
), sized AS (SELECT component, count(*) AS size FROM mt_component GROUP BY 1)
SELECT r.uid, coalesce(m.component, r.uid) AS component, coalesce(s.size, 1)::INTEGER AS size,
    CASE WHEN m.uid IS NULL THEN 'single' WHEN c.component IS NULL THEN 'merged' ELSE 'review' END
        AS status,
    coalesce(c.rule, g.rule, 'single') AS rule
FROM mt_record r LEFT JOIN mt_component m USING (uid)
LEFT JOIN resting g ON g.component = m.component
LEFT JOIN conflict c ON c.component = m.component
LEFT JOIN sized s ON s.component = m.component"""

#: Undecided edges of a component that is held back are for a person to look at.
DEMOTE_SQL = """
UPDATE mt_judged SET band = 'review', reason = 'conflict in the cluster'
FROM mt_cluster c WHERE c.uid = mt_judged.a AND c.status = 'review'
AND mt_judged.band = 'auto' AND mt_judged.decision IS NULL"""

#: What a person need not see: two records that other evidence joins already, and all but the
#: weightiest of several pairs between the same two groups, where one answer settles all (where a
#: person gave one, all others). One row is such a pair with what it becomes.
NEEDLESS_SQL = """
CREATE OR REPLACE TEMP TABLE mt_needless AS
WITH asked AS (
    SELECT j.a, j.b, j.weight, j.decision, least(x.part, y.part) AS one,
        greatest(x.part, y.part) AS two
    FROM mt_judged j JOIN mt_profile x ON x.uid = j.a JOIN mt_profile y ON y.uid = j.b
    WHERE j.band = 'review'
)
SELECT a, b, CASE WHEN one = two THEN 'auto' ELSE 'below' END AS band,
    CASE WHEN one = two THEN 'same profile' ELSE 'asked once' END AS reason
FROM asked
QUALIFY decision IS NULL AND (one = two OR row_number() OVER (
    PARTITION BY one, two ORDER BY decision NULLS LAST, weight DESC, a, b) > 1)"""


#: Plain conflicts. A record without any name may be the newsletter subscription of an
#: organisation, whatever its source calls it; a person with a name is no organisation.
_BOTH_ORGANISATIONS = "x.kind = 'organisation' AND y.kind = 'organisation'"
_CONDITIONS = (
    ("kind", "x.kind < y.kind AND coalesce(y.first, y.family) IS NOT NULL"),
    ("generation", "x.generation < y.generation"),
    ("register number", f"x.kvk < y.kvk AND {_BOTH_ORGANISATIONS}"),
    ("register number", f"x.vat < y.vat AND {_BOTH_ORGANISATIONS}"),
)


def components(size: int, a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Label each of `size` nodes with the smallest node that the edges (a, b) connect it to.

    Labels spread along all edges at once, and each label follows its own label, until nothing
    changes: a vectorised union-find, about log(size) rounds for usual data.
    """
    label = np.arange(size, dtype=np.int64)
    while True:
        root_a, root_b = label[a], label[b]
        open_edges = root_a != root_b
        if not open_edges.any():
            return label
        low = np.minimum(root_a[open_edges], root_b[open_edges])
        high = np.maximum(root_a[open_edges], root_b[open_edges])
        np.minimum.at(label, high, low)
        while True:
            deeper = label[label]
            if np.array_equal(deeper, label):
                break
            label = deeper


def cluster(cur: duckdb.DuckDBPyConnection, max_cluster: int, by_itself: bool = True) -> None:
    """Fill `mt_cluster` from the judged pairs, links and decisions; demote pairs held back. Without
    `by_itself` only decisions join.

    A component of more than `max_cluster` records goes to review without a closer look: a
    placeholder id in a link column can tie thousands together.
    """
    cur.execute(EDGE_SQL.format(by_itself=str(by_itself).lower()))
    size = count(cur, "SELECT count(*) FROM mt_record")
    _cut_bridges(cur, size, max_cluster)
    _join(cur, size)
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE mt_conflict"
        "(component INTEGER, a INTEGER, b INTEGER, rule VARCHAR, grave BOOLEAN)"
    )
    cur.execute(TOO_LARGE_SQL.format(max_cluster=max_cluster))
    cur.execute("DELETE FROM mt_member WHERE component IN (SELECT component FROM mt_conflict)")
    _find_conflicts(cur)
    cur.execute(SETTLED_SQL)
    cur.execute(CLUSTER_SQL)
    cur.execute(DEMOTE_SQL)
    _spare_reviewers(cur)


def _spare_reviewers(cur: duckdb.DuckDBPyConnection) -> None:
    """Take from the review band what a person need not see."""
    cur.execute(
        "CREATE OR REPLACE TEMP TABLE mt_profile AS SELECT uid, "
        "CASE WHEN status = 'merged' THEN component ELSE uid END AS part FROM mt_cluster"
    )
    cur.execute(NEEDLESS_SQL)
    cur.execute(
        "UPDATE mt_judged SET band = n.band, reason = n.reason FROM mt_needless n "
        "WHERE n.a = mt_judged.a AND n.b = mt_judged.b"
    )


def _store(cur: duckdb.DuckDBPyConnection, label: np.ndarray[Any, Any]) -> None:
    """Fill `mt_component` with the records whose component has at least two."""
    sizes = np.bincount(label, minlength=len(label))
    uids = np.flatnonzero(sizes[label] > 1)
    cur.execute("CREATE OR REPLACE TEMP TABLE mt_component(uid INTEGER, component INTEGER)")
    if len(uids):
        cur.register("mt_labels", pa.table({"uid": uids, "component": label[uids]}))
        cur.execute("INSERT INTO mt_component SELECT uid, component FROM mt_labels ORDER BY uid")
        cur.unregister("mt_labels")


def _find_conflicts(cur: duckdb.DuckDBPyConnection) -> None:
    """Fill `mt_conflict`: distinct values of each component against each other, then records."""
    cur.execute(MET_SQL.format(field="birth"))
    cur.execute(BIRTH_LEVEL_SQL)
    cur.execute(LEVEL_CONFLICT_SQL.format(
        rule="birth date", field="birth", levels="mt_birth_level", from_level=3, grave=3))  # fmt: skip
    cur.execute(MET_SQL.format(field="first"))
    first_levels(cur, "mt_value_pair", "mt_first_level")
    cur.execute(LEVEL_CONFLICT_SQL.format(
        rule="first name", field="first", levels="mt_first_level", from_level=5, grave=6))  # fmt: skip
    for rule, condition in _CONDITIONS:
        cur.execute(CONFLICT_SQL.format(rule=rule, grave="true", condition=condition))
    cur.execute(
        "INSERT INTO mt_conflict SELECT x.component, d.a, d.b, 'different decision', true "
        "FROM mt_decision d JOIN mt_component x ON x.uid = d.a JOIN mt_component y ON y.uid = d.b "
        "WHERE d.decision = 'different' AND x.component = y.component"
    )


def _cut_bridges(cur: duckdb.DuckDBPyConnection, size: int, max_cluster: int) -> None:
    """Send to review the edges by which records with less of a name join two forms of a name."""
    for grade, filled, levels in ((1, "code", "4"), (2, "name", "2, 3")):
        _join(cur, size)
        cur.execute(
            f"DELETE FROM mt_member WHERE component IN (SELECT component FROM mt_member "
            f"GROUP BY component HAVING count(*) > {max_cluster:d})"
        )
        cur.execute(MET_SQL.format(field="first"))
        first_levels(cur, "mt_value_pair", "mt_first_level")
        cur.execute(FIRM_EDGE_SQL.format(filled=filled))
        label = _labels(cur, "mt_firm_edge", size)
        cur.register("mt_labels", pa.table({"uid": np.arange(size), "part": label}))
        cur.execute("CREATE OR REPLACE TEMP TABLE mt_part AS SELECT uid, part FROM mt_labels")
        cur.unregister("mt_labels")
        cur.execute(BRIDGE_SQL.format(grade=grade, filled=filled, levels=levels))
        cur.execute(
            "UPDATE mt_judged SET band = 'review', reason = 'conflict in the cluster' "
            "FROM mt_bridge k WHERE k.a = mt_judged.a AND k.b = mt_judged.b"
        )
        cur.execute("DELETE FROM mt_edge WHERE (a, b) IN (SELECT (a, b) FROM mt_bridge)")


def _labels(cur: duckdb.DuckDBPyConnection, table: str, size: int) -> np.ndarray[Any, Any]:
    edges = cur.execute(f"SELECT a, b FROM {table} ORDER BY a, b").fetchnumpy()
    return components(size, np.asarray(edges["a"]), np.asarray(edges["b"]))


def _join(cur: duckdb.DuckDBPyConnection, size: int) -> None:
    """Fill `mt_component` and `mt_member` from the edges."""
    _store(cur, _labels(cur, "mt_edge", size))
    cur.execute(MEMBER_SQL)
