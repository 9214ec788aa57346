"""Records that two persons answer, neither of whom knows what the other said.

The first answer is sealed: the journal holds a commitment to it. With the second it is opened. Where
both say the same it counts; where not, a third person decides. What counts is found here from the
state of the run alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tui_migrate.engine.state import Decision, Question, RunState

NOBODY, ONE, AGREED, DIFFER, THIRD = "nobody", "one", "agreed", "differ", "third"
"""How a question stands: answered by nobody or one; both said the same or not; a third decided."""


def draw_of(seed: str, records: Sequence[str]) -> float:
    """A number from 0 to below 1 for records (pseudonyms, in the order of their plain ids): the first
    eight bytes of SHA-256 over the seed and the records, a line feed between them."""
    text = "\n".join((seed, *records))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def drawn(state: RunState, records: Sequence[str]) -> bool:
    """Whether two persons answer these records."""
    draw = state.draw
    return draw is not None and draw.share > 0 and draw_of(draw.seed, records) < draw.share


def question_on(state: RunState, records: Sequence[str]) -> Question | None:
    """The question about exactly these records that counts, if anybody answered it."""
    return state.questions.get(state.twice.get(tuple(records), 0))


def standing(state: RunState, question: Question) -> list[Decision]:
    """The last answer of each person that stands, in order."""
    answers = (state.decisions[entry] for entry in question.answers)
    last = {answer.by: answer for answer in answers if answer.standing}
    return sorted(last.values(), key=lambda answer: answer.seq)


def word_of(decision: Decision) -> str:
    """What an answer says of its records: merge | different | split | unsure | flagged | sealed."""
    if decision.sealed:
        return "sealed"
    if decision.word != "settled":
        return decision.word
    if len(decision.groups) == 1:
        return "merge"
    return "different" if len(decision.groups) == len(decision.records) else "split"


def same(one: Decision, other: Decision) -> bool:
    """Whether two answers make the same persons of their records, or are both unsure."""
    if one.sealed or other.sealed:
        return False
    if "settled" in (one.word, other.word):
        return (one.word, one.groups) == (other.word, other.groups)
    return True


def verdict(state: RunState, question: Question | None) -> str:
    """How a question stands."""
    if question is None:
        return NOBODY
    if any(state.decisions[entry].standing for entry in question.thirds):
        return THIRD
    answers = standing(state, question)
    if len(answers) < 2:
        return ONE if answers else NOBODY
    return AGREED if all(same(answers[0], other) for other in answers[1:]) else DIFFER


def compared(state: RunState) -> list[tuple[str, str, bool]]:
    """The two answers to each question that neither knew of the other's, as they were given: their words
    (``flagged`` is ``unsure``), and whether they are alike."""
    found = []
    for question in list(state.questions.values()):
        if question.compared is not None:
            one, other = (state.decisions[entry] for entry in question.compared)
            first, second = (word_of(d).replace("flagged", "unsure") for d in (one, other))
            found.append((first, second, same(one, other)))
    return found


def counts(state: RunState, decision: Decision) -> bool:
    """Whether what a decision says is the word on its records, if no later one says otherwise."""
    if not decision.standing or not decision.question or decision.turn == "third":
        return decision.standing
    question = state.questions[decision.question]
    if verdict(state, question) != AGREED:
        return False
    return any(answer.seq == decision.seq for answer in standing(state, question))
