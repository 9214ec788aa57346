"""A frozen model counts as long as the runbook says of its match what it said when it was made."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import Field

from tui_migrate.matching.from_runbook import said_of
from tui_migrate.runbook.kinds import MatchWith


class Newer(MatchWith):
    """The step's ``with:`` in a program that knows one setting more and ships another cap."""

    cap: int = Field(default=120)
    nearness: float = 0.5


@pytest.mark.parametrize(
    "said", [{}, {"review_from": 0.2, "extra_keys": {"home": ["street", "town"]}}]
)
def test_a_program_that_knows_more_settings_reads_the_same_match(said: dict[str, Any]) -> None:
    assert said_of(Newer.model_validate(said)) == said_of(MatchWith.model_validate(said)) == said


@pytest.mark.parametrize(
    "said",
    [
        {"cap": 90},
        {"levels": {"person": {"first_name": {"exact": 0.64, "variant": 0.10}}}},
        {"without_keys": ["email"]},
        {"extra_keys": {"home": ["street", "town"]}},
        {"fields": {"gender": "ignored"}},
        {"preset": "be"},
    ],
)
def test_what_the_runbook_says_otherwise_is_another_match(said: dict[str, Any]) -> None:
    assert said_of(MatchWith.model_validate(said)) != said_of(MatchWith())
