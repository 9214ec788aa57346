"""Sample sizes and acceptance numbers, held against the tables that ISO 2859-1 prints."""

from __future__ import annotations

import pytest

from tui_migrate.runbook.models import AQLS
from tui_migrate.verify.acceptance import Plan, code_letter, plan_for

# Table 1, general inspection level II: the largest lot of each code letter.
LARGEST = {
    "A": 8, "B": 15, "C": 25, "D": 50, "E": 90, "F": 150, "G": 280, "H": 500, "J": 1200, "K": 3200,
    "L": 10_000, "M": 35_000, "N": 150_000, "P": 500_000,
}  # fmt: skip

# Table 2-A, normal inspection: acceptance numbers by code letter, at the AQLs .10 .15 .25 .40 .65 1.0
# 1.5 2.5 4.0 6.5; arrows as printed.
TABLE = """
A 2 v v v v v v v v v 0
B 3 v v v v v v v v 0 ^
C 5 v v v v v v v 0 ^ v
D 8 v v v v v v 0 ^ v 1
E 13 v v v v v 0 ^ v 1 2
F 20 v v v v 0 ^ v 1 2 3
G 32 v v v 0 ^ v 1 2 3 5
H 50 v v 0 ^ v 1 2 3 5 7
J 80 v 0 ^ v 1 2 3 5 7 10
K 125 0 ^ v 1 2 3 5 7 10 14
L 200 ^ v 1 2 3 5 7 10 14 21
M 315 v 1 2 3 5 7 10 14 21 ^
N 500 1 2 3 5 7 10 14 21 ^ ^
P 800 2 3 5 7 10 14 21 ^ ^ ^
Q 1250 3 5 7 10 14 21 ^ ^ ^ ^
"""
PRINTED = [line.split() for line in TABLE.strip().splitlines()]


def printed(row: int, column: int) -> tuple[str, int, int]:
    """Code letter, sample size and acceptance number of a cell, behind its arrows."""
    letter, size, *cells = PRINTED[row]
    if cells[column] in ("v", "^"):
        return printed(row + (1 if cells[column] == "v" else -1), column)
    return letter, int(size), int(cells[column])


@pytest.mark.parametrize("letter", LARGEST)
def test_the_code_letter_of_a_lot(letter: str) -> None:
    after = chr(ord(letter) + 1).replace("I", "J").replace("O", "P")
    assert code_letter(LARGEST[letter]) == letter
    assert code_letter(LARGEST[letter] + 1) == after


@pytest.mark.parametrize("row", range(len(PRINTED)), ids=[row[0] for row in PRINTED])
def test_the_plans_of_level_two_are_the_printed_ones(row: int) -> None:
    lot = LARGEST.get(PRINTED[row][0], 2_000_000)
    for column, aql in enumerate(AQLS):
        letter, size, accept = printed(row, column)
        assert plan_for(lot, aql) == Plan(letter, min(size, lot), accept, accept + 1), aql


@pytest.mark.parametrize(
    ("lot", "aql", "plan"),
    [
        (1_201, 1.0, ("K", 125, 3, 4)),
        (3_200, 0.65, ("K", 125, 2, 3)),
        (200, 0.65, ("F", 20, 0, 1)),
        (400, 0.65, ("J", 80, 1, 2)),
        (5, 0.65, ("F", 5, 0, 1)),
        (600_000, 2.5, ("N", 500, 21, 22)),
    ],
)
def test_plans_as_the_standard_s_examples_have_them(
    lot: int, aql: float, plan: tuple[str, int, int, int]
) -> None:
    assert plan_for(lot, aql) == plan


def test_an_aql_that_the_standard_does_not_have_is_none() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - there is one way
        plan_for(100, 0.7)
