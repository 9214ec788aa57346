"""What holds for every semantic type and any text: no exception, stable, masked."""

from __future__ import annotations

import re
from dataclasses import astuple
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tui_migrate.model.types import (
    PROBLEMS,
    Options,
    Sensitivity,
    UnknownType,
    get_type,
    type_names,
)
from tui_migrate.model.types.fullname import split_full_name
from tui_migrate.model.types.tidy import tidy

NAMES = type_names()
TODAY = date(2026, 11, 1)
NL = Options(zone="UTC", today=TODAY)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Text that looks like data more often than arbitrary text does, and arbitrary text with surrogates.
LIKELY = (
    "Jan|van|der|Berg|'s-Hertogenbosch|IJSSEL|06|12345678|+31|(0)|1234AB|€|1.234,56|-|12,5%"
    "|31-02-2020|2020-04-03|T14:05:00Z|+02:00|jan@gmial.con|;|<a@b.nl>|ja|opt-in|NL91ABNA0417164300"
    '|="0612"|3,16E+10|1-feb|FranÃ§ois|&eacute;|\x00|\u200b|\ufeff|\u202e|n.v.t.|NULL|www.x.nl|https://'
    "|4111111111111111|111222333|٣|²|ⅷ|ŉ|ß|İ|ﬁ|•"
)
WORDS = st.sampled_from(LIKELY.split("|"))
ANY_TEXT = st.one_of(
    st.text(max_size=30),
    st.text(st.characters(), max_size=12),
    st.lists(st.one_of(WORDS, st.text(max_size=3)), max_size=5).map(" ".join),
    st.lists(WORDS, max_size=4).map("".join),
)


@pytest.mark.parametrize("name", NAMES)
@few
@given(raw=ANY_TEXT)
@example(raw="\ud800")
@example(raw="9999-12-31T23:59:59-12:00")
@example(raw="9" * 400)
@example(raw="xn--a@xn--a.nl")
@example(raw="http://[")
@example(raw="1" * 5000)
@example(raw="/*")
def test_cleaning_never_raises_and_is_stable(name: str, raw: str) -> None:
    semantic_type = get_type(name)
    cleaned = semantic_type.clean(raw, NL)
    assert cleaned.problem is None or cleaned.problem in PROBLEMS
    assert semantic_type.clean_many([raw, raw], NL) == [cleaned, cleaned]
    if cleaned.value is None:
        return
    assert cleaned.value != ""
    assert semantic_type.clean(cleaned.value, NL).value == cleaned.value
    assert semantic_type.compare(cleaned.value, cleaned.value) == 1.0
    assert cleaned.value not in semantic_type.mask(cleaned.value)
    assert isinstance(semantic_type.show(cleaned.value), str)
    problem = semantic_type.validate(cleaned.value)
    assert problem is None or problem in PROBLEMS
    assert semantic_type.parse(raw, NL) is not None


@pytest.mark.parametrize("name", NAMES)
@few
@given(a=ANY_TEXT, b=ANY_TEXT)
def test_likeness_lies_between_0_and_1_and_has_no_direction(name: str, a: str, b: str) -> None:
    semantic_type = get_type(name)
    left, right = semantic_type.clean(a, NL).value, semantic_type.clean(b, NL).value
    if left is None or right is None:
        return
    likeness = semantic_type.compare(left, right)
    assert 0.0 <= likeness <= 1.0
    assert semantic_type.compare(right, left) == pytest.approx(likeness)


@few
@given(text=ANY_TEXT)
def test_splitting_a_name_never_raises_and_invents_no_letters(text: str) -> None:
    parts = split_full_name(text)
    for part in (parts.first_name, parts.family_name):
        assert part is None or part.strip() != ""
    split = "".join(filter(None, astuple(parts)))
    assert set(filter(str.isalpha, split.casefold())) <= set(tidy(text).text.casefold())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("raw", ["", " ", "\u00a0\u200b", "\t\r\n"])
def test_an_empty_cell_is_empty_and_no_problem(name: str, raw: str) -> None:
    cleaned = get_type(name).clean(raw, NL)
    assert (cleaned.value, cleaned.problem) == (None, None)


def test_all_types_of_the_model_are_there_and_classified() -> None:
    assert len(NAMES) == len(set(NAMES))
    for name in NAMES:
        assert get_type(name).sensitivity in Sensitivity
    assert get_type("iban").sensitivity is Sensitivity.PAYMENT
    assert get_type("bsn").sensitivity is Sensitivity.SPECIAL
    assert get_type("email").sensitivity is Sensitivity.PERSONAL
    assert get_type("country").sensitivity is Sensitivity.PLAIN


def test_an_unknown_type_names_its_neighbours() -> None:
    with pytest.raises(UnknownType) as caught:
        get_type("post-code")
    assert caught.value.suggestions[0] == "postcode"
    assert "postcode" in str(caught.value)


def test_every_problem_has_a_kind_a_severity_and_a_text() -> None:
    for problem in PROBLEMS.values():
        assert problem.kind in {"correct", "consistent", "complete"}
        assert problem.severity in {"note", "warn", "reject"}
        assert problem.text


def test_every_problem_that_the_code_names_is_described_and_the_other_way_round() -> None:
    import tui_migrate.model.types as package

    folder = Path(str(package.__file__)).parent
    named = set()
    for source in folder.glob("*.py"):
        if source.name != "problems.py":
            named |= set(re.findall(r'"([a-z_]+\.[a-z_]+)"', source.read_text(encoding="utf-8")))
    computed = {f"{family}.invalid" for family in ("number", "money", "percentage")}
    ids = {name for name in named if name.split(".")[0] in {p.split(".")[0] for p in PROBLEMS}}
    assert ids | computed == set(PROBLEMS)
