"""How far two people agree, against figures of the literature."""

from __future__ import annotations

import pytest

from tui_migrate.matching.agreement import agreement, slips


def answers(**counts: int) -> list[tuple[str, str, bool]]:
    """``merge_different=5``: five questions that were answered so, first and second."""
    found = []
    for name, count in counts.items():
        first, second = name.split("_")
        found += [(first, second, first == second)] * count
    return found


def test_kappa_is_cohens() -> None:
    """The example of the literature: 20, 5, 10 and 15 of 50 give .4 (observed .7, by chance .5)."""
    both = agreement(
        answers(merge_merge=20, merge_different=5, different_merge=10, different_different=15)
    )
    assert (both.compared, both.alike, both.kappa) == (50, 35, 0.4)
    assert both.low < 0.4 < both.high
    assert both.table["different", "merge"] == 10


def test_all_alike_is_not_taken_for_certain() -> None:
    both = agreement(answers(merge_merge=3, different_different=3))
    assert both.kappa == both.high == 1.0
    assert both.low < 0.2, "six questions are few"


def test_one_word_alone_says_nothing() -> None:
    assert agreement(answers(merge_merge=40)).kappa is None
    assert agreement([]).kappa is None


def test_two_splits_that_differ_are_not_alike() -> None:
    both = agreement(
        [("split", "split", False), ("split", "split", True), ("merge", "merge", True)]
    )
    assert both.alike == 2
    assert both.kappa is not None
    assert both.kappa < 1.0


@pytest.mark.parametrize("share", [0.01, 0.03, 0.2])
def test_how_often_one_errs_follows_from_how_often_two_differ(share: float) -> None:
    """Who err independently contradict each other where exactly one of them errs."""
    contrary = round(10_000 * 2 * share * (1 - share))
    found = slips(answers(merge_different=contrary, merge_merge=10_000 - contrary))
    assert found is not None
    assert found.share == pytest.approx(share, abs=0.001)
    assert found.low < share < found.high


def test_who_is_unsure_contradicts_nobody() -> None:
    assert slips(answers(merge_unsure=5, unsure_unsure=2)) is None
    found = slips(answers(merge_unsure=5, merge_merge=10))
    assert found is not None
    assert (found.compared, found.contrary, found.share) == (10, 0, 0.0)
    assert found.high > 0.05, "ten alike do not prove that nobody errs"
