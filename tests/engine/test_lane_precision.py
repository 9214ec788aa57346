"""What decisions say of a threshold: what passed the guard and what it held back are kept apart."""

from __future__ import annotations

import json
import shutil
from math import comb, sqrt
from pathlib import Path

import pytest

from tests.engine.lane_world import made as lane_made
from tests.engine.review_world import RUNBOOK, waiting
from tests.engine.review_world import made as review_made
from tests.engine.test_lane import drawn, judge, lane
from tui_migrate.cli import run_cli
from tui_migrate.engine.answers.lane import bounds
from tui_migrate.engine.answers.lane_precision import Asked, shares, thresholds
from tui_migrate.engine.api import Decide, DecideCluster
from tui_migrate.engine.client import InProcessClient, open_client
from tui_migrate.engine.lane_queries import (
    HELD,
    LINK,
    PICKED,
    SAMPLE,
    LaneExamples,
    LaneKnown,
    LanePrecision,
    LaneShare,
)
from tui_migrate.engine.lane_state import Tally
from tui_migrate.engine.lane_words import known_short, known_words, lot_share_words, percent
from tui_migrate.engine.two_answers import compared

NEAR = 2e-6


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """30 clusters would merge without a person, none is decided; never changed by a test."""
    root = lane_made(tmp_path_factory.mktemp("precise") / "w")
    waiting(root).close()
    return root


@pytest.fixture
def root(done: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(done, tmp_path / "w"))


def known(client: InProcessClient) -> LaneKnown:
    found: LaneKnown = client.ask(LanePrecision())
    return found


def counts(one: LaneShare | None) -> tuple[int, int]:
    return (one.right, one.decided) if one is not None else (0, 0)


def of(group: str, *pairs: tuple[float, bool]) -> Asked:
    return Asked(group, list(pairs))


def test_intervals_are_those_that_can_be_worked_out_by_hand() -> None:
    none_wrong = [of(SAMPLE, (1.0, True))] * 59
    all_wrong = [of(HELD, (1.0, False))] * 5
    one_of_two = [of(PICKED, (1.0, True)), of(PICKED, (1.0, False))]
    found = {s.group: s for s in shares([*none_wrong, *all_wrong, *one_of_two], (0.99,))}
    assert found[SAMPLE].low == pytest.approx(0.025 ** (1 / 59), abs=NEAR)
    assert found[SAMPLE].high == 1.0
    assert found[HELD].low == 0.0
    assert found[HELD].high == pytest.approx(1 - 0.025 ** (1 / 5), abs=NEAR)
    assert found[PICKED].low == pytest.approx(1 - sqrt(0.975), abs=NEAR)
    assert found[PICKED].high == pytest.approx(sqrt(0.975), abs=NEAR)
    nothing = found[LINK]
    assert (nothing.decided, nothing.low, nothing.high) == (0, 0.0, 1.0), "nothing is known"


def test_a_question_counts_once_and_from_the_threshold_on_at_which_it_has_a_pair() -> None:
    many = of(HELD, (0.999, True), (0.992, False), (0.5, False))
    found = {s.at: counts(s) for s in shares([many], (0.99, 0.995, 0.9999)) if s.group == HELD}
    assert found == {0.99: (0, 1), 0.995: (1, 1), 0.9999: (0, 0)}


def test_thresholds_are_the_one_in_force_and_those_that_somebody_may_take_instead() -> None:
    assert thresholds(0.99) == (0.95, 0.99, 0.995, 0.999)
    assert thresholds(0.98) == (0.95, 0.98, 0.99, 0.995)
    assert thresholds(0.9999) == (0.999, 0.9999)


def test_a_lot_that_was_looked_at_whole_is_known_and_one_that_was_not_is_not() -> None:
    assert bounds(Tally(9, 1, 0), 10) == (0.9, 0.9)
    assert bounds(Tally(0, 0, 8), 30) == (None, None)


def test_ends_of_an_interval_are_rounded_outwards() -> None:
    assert percent(0.97149) == "97.1 %"
    assert percent(0.97149, up=True) == "97.2 %"
    assert percent(0.9999, up=True) == "100 %"
    assert percent(0.9999) == "99.9 %"
    assert (percent(0.56), percent(0.56, up=True)) == ("56 %", "56 %")


def test_without_a_decision_nothing_is_claimed(root: Path) -> None:
    client = open_client(root)
    told = known(client)
    assert (told.ready, told.auto_from, {s.decided for s in told.shares}) == (True, 0.99, {0})
    text = "\n".join([*known_words(told), *known_short(told)])
    assert "nobody knows" in text
    assert "%" not in text, "no figure is made up"
    client.close()


def test_a_judged_sample_says_how_much_of_its_lot_is_right(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    client = open_client(root)
    judge(client, drawn(client), wrong=1)
    lot = lane(client).lot
    assert lot is not None
    assert lot.low is not None
    assert lot.high is not None
    # Of 8 with a share p right, 7 or more are with 8 p⁷ (1 − p) + p⁸; 7 or fewer with 1 − p⁸.
    assert comb(8, 7) * lot.low**7 * (1 - lot.low) + lot.low**8 == pytest.approx(0.025, abs=1e-4)
    assert lot.high == pytest.approx(0.975 ** (1 / 8), abs=NEAR)
    assert lot_share_words(lot) == "so 47.3 % to 99.7 % of these 30 are right (95 %, exact)"
    share = known(client).share(SAMPLE, 0.99)
    assert share is not None
    assert (counts(share), share.low, share.high) == ((7, 8), lot.low, lot.high)
    groups = {s.group for s in known(client).shares if s.decided}
    assert groups == {SAMPLE}, "a verdict is no decision on what the guard held back"
    left = client.ask(LaneExamples(group="kind", value="birth_date+email", limit=1)).rows[0]
    assert client.send(DecideCluster(records=left.records)).ok
    assert counts(known(client).share(PICKED, 0.99)) == (0, 1)
    assert counts(known(client).share(SAMPLE, 0.99)) == (7, 8), "who picks one draws nothing"
    client.close()
    assert run_cli(["lane", "--json", "-w", str(root)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["lots"][0]["low"] == lot.low
    here = [s for s in told["precision"]["shares"] if s["at"] == 0.99 and s["decided"]]
    assert [(s["group"], s["right"], s["decided"]) for s in here] == [
        (SAMPLE, 7, 8),
        (PICKED, 0, 1),
    ]
    assert run_cli(["lane", "-w", str(root)]) == 0
    said = capsys.readouterr().out
    assert "so 47.3 % to 99.7 % of these 30 are right" in said
    assert "from 0.99: 7 of 8 one person, so 47.3 % to 99.7 %" in said
    assert "chosen by who looked" in said


def test_what_the_guard_held_back_stays_that_after_the_match_took_the_decisions_in(
    tmp_path: Path,
) -> None:
    root = review_made(tmp_path / "w", 6, RUNBOOK.replace("auto_from: 0.99", "auto_from: 0.9"))
    client = open_client(root)
    client.run_here(until="bring")
    before = Decide(source_a="crm", record_a="C5", source_b="mail", record_b="M5", decision="merge")
    assert client.send(before).ok
    client.close()
    client = waiting(root)
    pairs = client.engine.view.cursor().execute(
        "SELECT reason, min(probability) FROM pair WHERE band = 'review' GROUP BY 1 ORDER BY 1"
    )
    # By a form of the name only, above .9; an initial has to be below it.
    held, below = pairs.fetchall()
    assert held[0] == "call name only"
    assert held[1] >= 0.9 > below[1]
    for n in (0, 2):
        one = DecideCluster(records=(("crm", f"C{n}"), ("mail", f"M{n}")), groups=((0, 1),))
        assert client.send(one).ok
    assert client.send(DecideCluster(records=(("crm", "C4"), ("mail", "M4")))).ok
    triple = (("crm", "C1"), ("mail", "M1"), ("mail", "N1"))
    assert client.send(DecideCluster(records=triple, groups=((0, 1, 2),))).ok
    doubt = DecideCluster(records=(("crm", "W1"), ("crm", "W2")), decision="unsure")
    assert client.send(doubt).ok

    def told() -> tuple[tuple[int, int], int, int]:
        now = known(client)
        assert {s.group for s in now.shares if s.decided} == {HELD}
        return counts(now.share(HELD, 0.9)), now.unsure, now.unplaced

    assert told() == ((3, 4), 1, 1), "C5 was decided before any match had judged it"
    client.run_here()
    reasons = client.engine.view.cursor().execute(
        "SELECT count(*) FROM pair WHERE reason = 'decision'"
    )
    assert reasons.fetchall() == [(7,)], "the match says no more than that of them"
    assert told() == ((3, 4), 1, 1)
    assert compared(client.state) == []
    text = "\n".join(known_words(known(client)))
    assert "from 0.9: 3 of 4 one person" in text
    assert "how precise 0.9 is, nobody knows" in text
    assert "no two of them answered the same question" in text
    client.close()
