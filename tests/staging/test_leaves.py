"""What the columns of JSON lines are does not depend on how many lines are looked at at once."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.staging import leaves

CONNECTION = duckdb.connect()
KEYS = st.sampled_from(["a", "b", "c/d", "e~f"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=3)


def found(objects: list[dict[str, Any]], block: int) -> list[tuple[str, str]]:
    bodies = pa.chunked_array([pa.array([json.dumps(each) for each in objects], pa.string())])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(leaves, "BLOCK", block)
        return leaves.json_leaves(CONNECTION, bodies)


def of_the_whole(objects: list[dict[str, Any]]) -> set[tuple[str, ...]]:
    """The leaves that DuckDB finds when it unites all lines itself."""
    CONNECTION.register("t", pa.table({"b": [json.dumps(each) for each in objects]}))
    row = CONNECTION.execute("SELECT json_group_structure(b::JSON) FROM t").fetchall()[0]

    def walk(node: object, names: tuple[str, ...]) -> set[tuple[str, ...]]:
        if isinstance(node, dict):
            return {leaf for key, inner in node.items() for leaf in walk(inner, (*names, key))}
        return {names} - {()}

    return walk(json.loads(row[0]), ())


@settings(deadline=None, max_examples=60)
@given(st.lists(OBJECTS, min_size=1, max_size=6), st.integers(1, 3))
def test_blocks_give_what_the_whole_gives(objects: list[dict[str, Any]], block: int) -> None:
    assert {dotted for dotted, _ in found(objects, block)} == set(
        map(".".join, of_the_whole(objects))
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(OBJECTS, max_size=4))
def test_every_pointer_leads_to_its_values(objects: list[dict[str, Any]]) -> None:
    """Nothing that stands in a line is out of reach: each value lies at a leaf or below one."""

    def values(node: object, names: tuple[str, ...]) -> set[str]:
        if isinstance(node, dict):
            return {leaf for key, inner in node.items() for leaf in values(inner, (*names, key))}
        escaped = (part.replace("~", "~0").replace("/", "~1") for part in names)
        return set() if node is None else {"/" + "/".join(escaped)}

    pointers = {pointer for _dotted, pointer in found(objects, 2)}
    for each in objects:
        for value in values(each, ()) - {"/"}:
            parts = value.split("/")
            assert pointers & {"/".join(parts[:n]) for n in range(2, len(parts) + 1)}, value


def test_a_field_that_comes_late_is_found() -> None:
    objects: list[dict[str, Any]] = [{"a": None}, {"a": {"x": 1}}, {"b": [1]}, {"a": {"y/z": "n"}}]
    expected = [("a.x", "/a/x"), ("a.y/z", "/a/y~1z"), ("b", "/b")]
    assert found(objects, 1) == expected


def test_no_lines_have_no_columns() -> None:
    assert leaves.json_leaves(CONNECTION, pa.chunked_array([], pa.string())) == []
