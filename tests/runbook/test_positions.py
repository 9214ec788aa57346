"""YAML is read safely, and every value knows where it stands."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_migrate.runbook.positions import MAX_DEPTH, Node, read_yaml
from tui_migrate.runbook.problems import Position, Problems


def read(text: str | bytes) -> tuple[Node | None, list[str]]:
    problems = Problems()
    data = text if isinstance(text, bytes) else text.encode()
    node = read_yaml(data, "f.yaml", problems)
    return node, [str(problem) for problem in problems]


def value(text: str) -> Any:
    node, problems = read(text)
    assert problems == []
    assert node is not None
    return node.value


def test_every_key_and_value_knows_its_line_and_column() -> None:
    node, _problems = read("a: 1\nb:\n  - {c: x}\n  - é: y\n")
    assert node is not None
    assert node.keys["b"] == Position(2, 1)
    assert node.at("b", 0, "c").position == Position(3, 9)
    assert node.at("b", 1).keys["é"] == Position(4, 5)
    assert node.at("b", 1, "é").position == Position(4, 8)


def test_columns_count_characters_and_a_byte_order_mark_counts_nothing() -> None:
    node, problems = read(b"\xef\xbb\xbf" + "{é: 1, b: 2}".encode())
    assert problems == []
    assert node is not None
    assert node.keys["b"] == Position(1, 8)


def test_what_is_not_there_stands_at_the_nearest_place() -> None:
    node, _problems = read("a:\n  b: {c: 1}\n")
    assert node is not None
    assert node.at("a", "b", "z").value is None
    assert node.at("a", "b", "z").position == Position(2, 6)
    assert node.nearest(("a", "b", "z")) == Position(2, 6)
    assert node.nearest(("a", "b", "c"), key=True) == Position(2, 7)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("yes", "yes"),
        ("true", True),
        ("False", False),
        ("2026-03-01", "2026-03-01"),
        ("12:30", "12:30"),
        ("0123", "0123"),
        ("+31", "+31"),
        ("1e5", "1e5"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("-7", -7),
        ("0.5", 0.5),
        ("~", None),
        ("", None),
        ("= 0", "= 0"),
        ("'true'", "true"),
        ('"7"', "7"),
        ("9" * 40, "9" * 40),
        ("<<", "<<"),
    ],
)
def test_plain_values_mean_what_a_dutch_reader_expects(written: str, meant: object) -> None:
    read_value = value(f"a: {written}\n")["a"]
    assert read_value == meant
    assert type(read_value) is type(meant)


def test_keys_are_always_text() -> None:
    assert value("{1: a, true: b, NO: c, null: d}") == {
        "1": "a",
        "true": "b",
        "NO": "c",
        "null": "d",
    }


def test_a_key_written_twice_is_a_mistake_and_the_first_value_stays() -> None:
    node, problems = read("a: 1\nb: 2\na: 3\n")
    assert problems == [
        "f.yaml:3:1: the key 'a' is written twice; the first is on line 1; keep one of them"
    ]
    assert node is not None
    assert node.value == {"a": 1, "b": 2}


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!str", "!mine"])
def test_tags_are_refused(tag: str) -> None:
    _node, problems = read(f"a: {tag} [ls]\n")
    assert len(problems) == 1
    assert problems[0].startswith("f.yaml:1:4: the tag ")


def test_aliases_repeat_a_value() -> None:
    assert value("a: &x [1, 2]\nb: *x\n") == {"a": [1, 2], "b": [1, 2]}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [" + ",".join("x" * 9) + "]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    node, problems = read("\n".join(lines))
    assert node is None
    assert len(problems) == 1
    assert "values; aliases count with everything that they repeat" in problems[0]


def test_many_aliases_unknown_ones_and_one_inside_itself_are_refused() -> None:
    assert "more than 200 aliases" in read("a: &x 1\nb: [" + "*x," * 300 + "]")[1][0]
    assert read("a: *b\n")[1] == ["f.yaml:1:4: nothing is anchored as 'b'"]
    assert read("a: &x [*x]\n")[1] == ["f.yaml:1:8: the alias 'x' stands inside itself"]


def test_depth_is_limited() -> None:
    depth = 100_000
    _node, problems = read("[" * depth + "]" * depth)
    assert problems == [f"f.yaml:1:{MAX_DEPTH + 2}: values are nested more than {MAX_DEPTH} deep"]


def test_a_syntax_error_has_its_position() -> None:
    _node, problems = read("a: 1\nb: [1, 2\nc: 3\n")
    assert len(problems) == 1
    assert problems[0].startswith("f.yaml:3:")
    assert "not valid YAML" in problems[0]


def test_an_indent_with_a_tab_is_named() -> None:
    _node, problems = read("a:\n\t- b\n")
    assert problems[0].startswith("f.yaml:2:1:")
    assert problems[0].endswith("indent with spaces, not with tabs")


def test_an_escape_that_is_no_character_is_refused() -> None:
    _node, problems = read('a: "\\ud800"\n')
    assert len(problems) == 1
    assert problems[0].startswith("f.yaml:1:")


def test_text_that_is_not_utf8_or_holds_controls_says_where() -> None:
    assert read("a: b\nc: é".encode("cp1252"))[1] == [
        "f.yaml:2:4: this is not UTF-8 text; save the file as UTF-8"
    ]
    assert read("a: b\r\nc: \x1b[2J")[1][0].startswith("f.yaml:2:4: the control character U+001B")


def test_a_second_document_and_a_key_that_is_a_list_are_mistakes() -> None:
    assert read("a: 1\n---\nb: 2\n")[1][0].startswith("f.yaml:2:1: a second document")
    assert read("? [a, b]\n: 1\n")[1][0].startswith("f.yaml:1:3: a key must be a word")


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=20,
)


@given(st.text() | st.binary())
@settings(max_examples=200, deadline=None)
def test_nothing_is_raised_on_any_text(text: str | bytes) -> None:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    node, problems = read(data)
    assert node is not None or problems


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@,? \n\t~1\\"))
@settings(max_examples=300, deadline=None)
def test_nothing_is_raised_on_text_that_looks_like_yaml(text: str) -> None:
    node, problems = read(text)
    assert node is not None or problems


words = st.text(alphabet="abcNOxyz é'\"#:-", min_size=1).filter(lambda word: word.strip() == word)


@given(
    st.recursive(
        words | st.integers(-(10**9), 10**9) | st.booleans() | st.none(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
        max_leaves=15,
    )
)
@settings(max_examples=150, deadline=None)
def test_what_was_dumped_is_read_again(tree: Any) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    assert value(text) == tree
