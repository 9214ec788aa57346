"""The simulated reviewer: his answers, the count of what is right, and what an aim takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.review import keys
from benchmarks.review.matched import Quality, by_trap, quality
from benchmarks.review.report import Walk
from benchmarks.review.reviewer import Point, Reviewer
from benchmarks.review.world import COUPLES, TRAPS, World
from sample_data.generator.tables import Facts, Key, Record

ANNA = [("crm", "1"), ("mail", "1"), ("shop", "1")]
BRAM = [("crm", "2"), ("mail", "2")]


@pytest.fixture
def around() -> World:
    """Anna with three records and Bram, her husband, with two; all that is true can be seen."""
    owners = dict.fromkeys(ANNA, "anna") | dict.fromkeys(BRAM, "bram")
    records = {key: Record(who, True, True, "", "") for key, who in owners.items()}
    pairs = frozenset(
        [(ANNA[0], ANNA[1]), (ANNA[0], ANNA[2]), (ANNA[1], ANNA[2]), (BRAM[0], BRAM[1])]
    )
    traps = {trap: set[frozenset[str]]() for trap in TRAPS}
    traps[COUPLES] = {frozenset(("anna", "bram"))}
    return World(Path(), Path(), Facts(records, {}, set()), [], traps, pairs, 0)


def test_he_says_of_each_two_records_whether_they_are_one(around: World) -> None:
    said = Reviewer().answer(around.facts, (BRAM[0], ANNA[0], ANNA[1]))
    assert said == {
        (ANNA[0], BRAM[0]): False,
        (ANNA[0], ANNA[1]): True,
        (BRAM[0], ANNA[1]): False,
    }


def test_who_errs_takes_two_for_one_or_one_for_two(around: World) -> None:
    wrong = Reviewer(errs=1.0)
    assert wrong.answer(around.facts, (ANNA[0], BRAM[0])) == {(ANNA[0], BRAM[0]): True}
    split = wrong.answer(around.facts, tuple(ANNA))
    assert sorted(split.values()) == [False, False, True], "one record is taken away"
    assert split == wrong.answer(around.facts, tuple(reversed(ANNA))), (
        "asked again he says the same"
    )


def test_wrong_pairs_and_missing_ones_are_counted(around: World) -> None:
    profile: dict[Key, str] = {ANNA[0]: "x", ANNA[1]: "x", BRAM[0]: "x", ANNA[2]: "y", BRAM[1]: "z"}
    found = quality(around, profile)
    assert found == Quality(merged=3, wrong=2, found=1, true=4)
    assert found.precision == pytest.approx(1 / 3)
    assert found.recall == 0.25
    people, couples = by_trap(around, profile)[COUPLES]
    assert (people, couples) == (2, found)
    assert by_trap(around, profile)[TRAPS[0]] == (0, Quality(0, 0, 0, 0))


def test_decisions_until_an_aim_lie_on_a_straight_line_between_two_matches() -> None:
    """F1 is 2/3 with half of what is true, 1 with all."""
    half, whole = Quality(50, 0, 50, 100), Quality(100, 0, 100, 100)
    walk = Walk([Point(0, half), Point(300, whole)], None)
    assert walk.until(5 / 6) == pytest.approx(150)
    assert walk.until(0.5) is None, "it was reached before the first decision"
    assert Walk([Point(0, half)], None).until(0.9) is None


def test_what_keys_take_stands_at_the_end_of_the_report_once(tmp_path: Path) -> None:
    report = tmp_path / "review.md"
    report.write_text("# Decisions\n\nBefore.\n")
    floor = keys.Figures([keys.Paint(40.0, 9000)] * 4, 30.0)
    for slow in (80.0, 70.0):
        figures = keys.Figures([keys.Paint(30.0, 4000)] * 3 + [keys.Paint(slow, 8000)], 60.0, 3)
        alone = {name: [5.0, 6.0, 7.0] for name in ("decision", "next cluster", "not read ahead")}
        keys.put(keys.document(3000, floor, figures, alone, 0.5), report)
    text = report.read_text()
    assert text.startswith("# Decisions\n\nBefore.\n\n## Key to paint\n")
    assert text.count(keys.TITLE) == 1
    assert "| review, a decision | 30 ms | 58 ms | 60 ms | 4,000 |" in text
    assert "| ratio | 0.75 | 1.45 | 2.00 | 0.44 |" in text
    assert "reached (12.0 ms in the middle)" in text
    assert "75% of the keys" in text
