"""What decisions teach: corrections of the weights, and how precise a threshold is."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.matching.data import Outcome, people, person, run
from tui_migrate.matching import FrozenModel
from tui_migrate.matching.learning import (
    Decided,
    Pair,
    agreeing,
    interval,
    pair_of,
    precision,
    refit,
    surprise,
    tried,
    weigh,
)
from tui_migrate.matching.settings import ORGANISATION, PERSON, MatchSettings, shipped_fields
from tui_migrate.matching.trial import Trial, on_trial


def a_model(**learned: float) -> FrozenModel:
    """The shipped shares, agreement of strangers as shipped, one pair in 1,024; learned: bits of the
    levels of a person's phone number."""
    u = {
        kind: {field.name: {level.name: level.u for level in field.levels} for field in fields}
        for kind, fields in shipped_fields().items()
    }
    prior = {PERSON: -10.0, ORGANISATION: -10.0}
    return FrozenModel(
        MatchSettings(), u, prior, (), learned={PERSON: {"phone": learned}} if learned else {}
    )


def a_pair(weight: float, pairs: float = 1.0, **levels: str) -> Pair:
    return Pair(PERSON, levels, weight, pairs)


DOUBTFUL = a_pair(0.0, first_name="exact", phone="different")
CERTAIN = a_pair(8.0, 900.0, first_name="exact", birth_date="exact")


def said(same: int, different: int, pair: Pair = DOUBTFUL) -> list[Decided]:
    return [Decided(pair, True)] * same + [Decided(pair, False)] * different


def test_what_people_say_of_pairs_that_agree_alike_moves_these_pairs() -> None:
    model = a_model()
    up, down = refit(model, said(40, 2)), refit(model, said(2, 40))
    assert weigh(model, up, DOUBTFUL).probability > 0.75
    assert weigh(model, down, DOUBTFUL).probability < 0.25
    assert up.learned[PERSON]["phone"]["different"] > 0
    assert set(up.learned) == {PERSON}


def test_a_thousand_decisions_move_more_than_ten_and_half_and_half_moves_nothing() -> None:
    model = a_model()
    ten, many = (
        weigh(model, refit(model, said(count * 9, count)), DOUBTFUL).probability
        for count in (1, 100)
    )
    assert 0.5 < ten < 0.85 < many < 0.95
    level = weigh(model, refit(model, said(500, 500)), DOUBTFUL)
    assert level.probability == pytest.approx(0.5, abs=1e-4)


def test_what_nobody_is_asked_about_keeps_its_place() -> None:
    model = a_model()
    alone, held = (refit(model, said(0, 60), others) for others in ([], [CERTAIN]))
    moved, kept = (weigh(model, after, CERTAIN) for after in (alone, held))
    assert moved.probability < 0.98 < kept.probability
    assert 8.0 - kept.weight < (8.0 - moved.weight) / 1.5
    assert weigh(model, held, DOUBTFUL).probability < 0.25


def test_one_slip_about_a_certain_pair_moves_it_by_less_than_a_bit() -> None:
    model = a_model()
    certain = a_pair(20.0, first_name="exact", birth_date="exact")
    after = refit(model, said(99, 1, certain))
    assert weigh(model, after, certain).weight > 19.0


def test_fitting_again_to_the_same_decisions_changes_nothing() -> None:
    model = a_model()
    decided = said(30, 10)
    first = refit(model, decided)
    now = [Decided(weigh(model, first, one.pair), one.same) for one in decided]
    assert refit(first, now) == first
    assert refit(first, []) == model


def test_the_order_of_decisions_is_no_matter() -> None:
    model = a_model()
    levels = ("own", "shared", "typo", "different")
    pairs = [
        Decided(a_pair(number % 7 - 3.0, phone=levels[number % 4]), number % 3 == 0)
        for number in range(60)
    ]
    shuffled = pairs.copy()
    random.Random(3).shuffle(shuffled)
    assert refit(model, pairs) == refit(model, shuffled)


def test_a_model_that_learned_survives_json_and_one_that_did_not_is_written_as_before() -> None:
    taught = a_model(own=1.5)
    assert FrozenModel.from_json(taught.to_json()) == taught
    assert taught.weight(PERSON, "phone", "own") == a_model().weight(PERSON, "phone", "own") + 1.5
    assert "learned" not in a_model().to_json()


def test_a_match_scores_with_what_was_learned_as_was_foretold() -> None:
    rows, truth = people(120, seed=6)
    before = run(rows)
    model = before.report.model
    decided = [Decided(stored(before, a, b), truth[a] == truth[b]) for a, b in doubtful(before)]
    assert len(decided) > 10
    taught = refit(model, decided)
    after = run(rows, model=taught)
    both = [pair for pair in after.pairs if pair in before.pairs]
    for pair in both:
        foretold = weigh(model, taught, stored(before, *sorted(pair)))
        assert after.pairs[pair]["weight"] == pytest.approx(foretold.weight, abs=1e-5)
        total = sum(entry["weight"] for entry in after.pairs[pair]["weights"])
        assert total == pytest.approx(after.pairs[pair]["weight"], abs=1e-5)
    assert any(after.pairs[pair]["weight"] != before.pairs[pair]["weight"] for pair in both)


def doubtful(found: Outcome) -> list[list[str]]:
    return sorted(sorted(pair) for pair, row in found.pairs.items() if row["band"] == "review")


def stored(found: Outcome, one: str, two: str) -> Pair:
    row = found.pair(one, two)
    entries = [(entry["field"], entry["level"], entry["weight"]) for entry in row["weights"]]
    return pair_of(entries, row["weight"])


def test_a_stored_pair_gives_its_levels_and_its_kind() -> None:
    mail: dict[str, Any] = {"emails": ["jan@x.example"]}
    found = run([
        person("1", first_name="Jan", family_name="Vries", **mail),
        person("2", first_name="Johan", family_name="Vries", **mail),
    ])  # fmt: skip
    pair = stored(found, "1", "2")
    assert pair.kind == PERSON
    assert dict(pair.levels) == {"first_name": "variant", "family_name": "exact", "email": "own"}
    assert pair_of([("prior", "", -9.0), ("kvk", "exact", 18.0)], 9.0).kind == ORGANISATION


# Exact intervals as tables have them (Clopper and Pearson, 95 %).
@pytest.mark.parametrize(
    ("same", "decided", "low", "high"),
    [(0, 10, 0.0, 0.3085), (5, 10, 0.1871, 0.8129), (99, 100, 0.9455, 0.9997), (1, 1, 0.025, 1.0)],
)
def test_an_interval_is_that_of_the_tables(
    same: int, decided: int, low: float, high: float
) -> None:
    found = interval(same, decided)
    assert found.estimate == same / decided
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)


def test_precision_counts_decided_pairs_from_the_threshold_on() -> None:
    likely, doubtful = a_pair(10.0), a_pair(0.0)
    decided = [*said(19, 1, likely), *said(5, 5, doubtful)]
    above = precision(decided, 0.99)
    assert (above.decided, above.same, above.estimate) == (20, 19, 0.95)
    assert precision(decided, 0.5).decided == 30


def test_without_a_decision_above_it_nothing_is_claimed_of_a_threshold() -> None:
    nothing = precision(said(5, 5), 0.99)
    assert (nothing.decided, nothing.estimate, nothing.low, nothing.high) == (0, None, 0.0, 1.0)


def trial_of(
    found: Outcome, decisions: list[tuple[str, str, str]], *, forget: bool = False
) -> Trial:
    """The records of a match on trial, with decisions on pairs that it stored."""
    found.cur.execute("DELETE FROM decisions")
    for a, b, word in decisions:
        row = found.pair(a, b)
        names = [row[name] for name in ("source_a", "record_a", "source_b", "record_b")]
        found.cur.execute("INSERT INTO decisions VALUES (?, ?, ?, ?, ?)", [*names, word])
    return on_trial(found.cur, "record", "links", "decisions", found.report.model, forget=forget)


def test_a_trial_tells_what_the_refitted_model_would_change_and_changes_nothing() -> None:
    rows, _truth = people(100, seed=6)
    found = run(rows)
    tables = "SELECT table_name FROM duckdb_tables() ORDER BY 1"
    there = found.cur.execute(tables).fetchall()
    decided = [(a, b, "different") for a, b in doubtful(found)][::2]
    trial = trial_of(found, decided)
    assert trial.decided == len(decided)
    assert trial.same == 0
    assert trial.before["pairs to review"] <= found.report.figures["pairs_review"]
    into = sum(n for (_one, other), n in trial.moved.items() if other == "review")
    out_of = sum(n for (one, _other), n in trial.moved.items() if one == "review")
    assert into + out_of > 0
    assert trial.after["pairs to review"] == trial.before["pairs to review"] + into - out_of
    assert found.cur.execute(tables).fetchall() == there
    back = trial_of(found, decided, forget=True)
    assert back.moved == {}
    assert back.regrouped == 0
    assert back.model == found.report.model


def test_a_model_is_judged_by_decisions_that_it_was_not_fitted_to() -> None:
    model = a_model()
    before, after = tried(model, said(50, 0))
    assert agreeing(before) == 50
    assert surprise(before) == pytest.approx(1.0)
    assert surprise(after) < 0.4
    lonely = [*said(1, 0), Decided(a_pair(-2.0, phone="own"), True)]
    _before, judged = tried(model, lonely)
    assert all(-2.0 <= one.pair.weight <= 1.0 for one in judged)
