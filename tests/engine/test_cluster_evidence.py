"""What the pairs of a cluster say of all of it: least and most, who against whom, what it hangs on."""

from __future__ import annotations

from datetime import date

from tui_migrate.engine.answers.cluster_evidence import (
    Compared,
    contradiction,
    ranges,
    sides,
    weakest_link,
)
from tui_migrate.engine.answers.cluster_sheet import _field


def pair(
    a: int, b: int, probability: float = 0.9, linked: bool = False, **levels: float
) -> Compared:
    """Two records; of each field what it is worth."""
    named = {name: ("different" if w < 0 else "exact", w) for name, w in levels.items()}
    return Compared(a, b, probability, linked, named)


def test_a_field_says_least_and_most_and_in_which_pairs_it_speaks_against() -> None:
    found = ranges(
        [pair(0, 1, email=8.0, gender=0.0), pair(1, 2, email=-2.0), pair(0, 2, email=9.5)]
    )
    one = found["email"]
    assert (one.level, one.weight, one.most_level, one.most) == ("different", -2.0, "exact", 9.5)
    assert (one.against, one.alike) == ([(1, 2)], [(0, 1), (0, 2)])
    assert found["gender"].against == [], "what is worth nothing speaks against nobody"


def test_records_that_disagree_stand_on_sides() -> None:
    # Two families: 0 and 2 agree, 1 is another one.
    assert sides([(0, 1), (1, 2)], [(0, 2)], []) == ((1,), (0, 2))
    # The same where 0 and 2 were never compared, but have one value.
    assert sides([(0, 1), (1, 2)], [], [(0, 2)]) == ((1,), (0, 2))
    # Three families, all against each other.
    assert sides([(0, 1), (1, 2), (0, 2)], [], []) == ((0,), (1,), (2,))


def test_where_it_is_not_so_simple_there_are_no_sides() -> None:
    assert sides([(0, 1)], [(0, 2), (1, 2)], []) == (), "2 agrees with both"
    assert sides([(0, 1), (1, 2)], [], []) == (), "of 0 and 2 nothing is known"
    assert sides([], [(0, 1)], []) == ()


def test_a_cluster_hangs_on_the_weakest_of_the_likeliest_pairs_that_tie_it() -> None:
    triangle = [pair(0, 1, 0.99), pair(1, 2, 0.7), pair(0, 2, 0.3)]
    assert weakest_link(triangle) == (1, 2), "0 and 2 hang together over 1"
    linked = [pair(0, 1, 0.001, linked=True), pair(1, 2, 0.8), pair(0, 2, 0.6)]
    assert weakest_link(linked) == (1, 2), "a link is certain, whatever it scores"
    assert weakest_link([pair(0, 1, 0.001, linked=True)]) is None
    chains = [pair(0, 1, 0.9), pair(2, 3, 0.95), pair(1, 2, 0.6), pair(0, 3, 0.5)]
    assert weakest_link(chains) == (1, 2)


def test_only_two_who_are_rather_two_people_contradict_each_other() -> None:
    married = pair(0, 1, 0.9, family_name=-5.0)
    moved = pair(1, 2, 0.4, email=-2.0)
    parent = pair(0, 2, 0.2, birth_date=-6.0)
    couple = pair(2, 3, 0.1, first_name=-5.0, prior=-11.0)
    assert contradiction([married, moved]) is None
    assert contradiction([pair(0, 1, 0.1, prior=-11.0)]) is None, "that says nothing of these two"
    assert contradiction([married, moved, parent, couple]) == (2, 3)


def test_two_birth_dates_of_which_the_match_kept_no_pair_speak_against_it() -> None:
    born: list[object] = [date(1967, 6, 7), date(1942, 9, 21), date(1967, 6, 7), None]
    pairs = [pair(0, 2, birth_date=8.9), pair(2, 3)]
    found = _field("birth_date", born, ranges(pairs), pairs)
    assert found.unkept == ((0, 1), (1, 2))
    assert found.sides == ((1,), (0, 2))
    assert (found.weight, found.most) == (8.9, 8.9)
    kept = [*pairs, pair(0, 1, 0.2, birth_date=-6.0), pair(1, 2, 0.2, birth_date=-6.0)]
    again = _field("birth_date", born, ranges(kept), kept)
    assert (again.unkept, again.weight, again.sides) == ((), -6.0, ((1,), (0, 2)))
    street = _field("street", ["Dam", "Dom", None, None], {}, [])
    assert (street.unkept, street.against) == ((), ()), "somebody may have moved"
