"""What the engine sees to where two persons answer: whose turn it is, and that nobody goes round it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tui_migrate.audit.review_facts import ClusterDecided, OpenedAnswer
from tui_migrate.engine.core import Core
from tui_migrate.engine.decisions import (
    Digests,
    Record,
    Words,
    changed,
    members_of,
)
from tui_migrate.engine.state import Decision
from tui_migrate.engine.two_answers import (
    NOBODY,
    THIRD,
    drawn,
    question_on,
    standing,
    verdict,
)
from tui_migrate.errors import DataSaysNo
from tui_migrate.i18n import _


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is: '' (one answer counts) | first | second | third. ``opens``: answers that are
    sealed until this one; ``anew``: those of before do not count any more."""

    word: str = ""
    opens: list[OpenedAnswer] = field(default_factory=list)
    anew: bool = False


def turn_of(core: Core, names: Sequence[str], digests: Mapping[Record, Digests]) -> Turn:
    """The turn of who acts on records (their pseudonyms, and the digests of what is compared). Raises
    ``DataSaysNo`` where it is not his."""
    state, me = core.state, core.identity.user
    if not drawn(state, names):
        return Turn()
    question = question_on(state, names)
    how = verdict(state, question)
    if question is None or how == NOBODY:
        return Turn("first")
    answers = standing(state, question)
    thirds = [d for d in map(state.decisions.__getitem__, question.thirds) if d.standing]
    if any(_is_stale(core.vault, one, digests) for one in (*answers, *thirds)):
        return Turn("first", anew=True)
    mine, others = (
        any(one.by == me for one in answers),
        [one for one in answers if one.by != me],
    )
    if how == THIRD and mine:
        raise DataSaysNo(
            _("{} has settled what you saw differently.").format(thirds[-1].by),
            _("He alone takes it back."),
        )
    if not others:
        return Turn("first")
    if mine or (how != THIRD and len(others) == 1):
        sealed = [one for one in others if one.sealed]
        return Turn("second", [_opened(core.vault, one) for one in sealed])
    _require_third(core)
    return Turn("third")


def _require_third(core: Core) -> None:
    role = core.state.draw.third if core.state.draw is not None else ""
    if role and role not in core.identity.roles:
        raise DataSaysNo(
            _("Two persons have answered this: it takes the role {} to settle it.").format(role)
        )


def _is_stale(vault: Words, answer: Decision, digests: Mapping[Record, Digests]) -> bool:
    """Whether an answer is about values that are others now, or cannot be opened any more."""
    members = members_of(vault, answer)
    if answer.sealed and not vault.words(answer.sealed):
        return True
    return any(m is not None and changed(m.digests, digests.get(m.record)) for m in members)


def sealed_words(fact: ClusterDecided) -> str:
    """What the vault keeps of a first answer."""
    return json.dumps(
        {
            "decision": fact.decision,
            "groups": fact.groups,
            "lead": fact.lead,
            "values": fact.values,
            "note": fact.note,
        }
    )


def _opened(vault: Words, answer: Decision) -> OpenedAnswer:
    return OpenedAnswer(entry=answer.seq, **json.loads(vault.words(answer.sealed)))


def as_opened(vault: Words, answer: Decision) -> Decision:
    """An answer as who gave it may read it, sealed or not."""
    words = vault.words(answer.sealed)
    if not words:
        return answer
    told: dict[str, Any] = json.loads(words)
    return replace(
        answer,
        groups=tuple(tuple(group) for group in told["groups"]),
        word=told["decision"],
        lead=told["lead"],
        values=told["values"],
        note=told["note"],
        sealed="",
    )


def require_own(core: Core, decision: Decision) -> None:
    """Raise ``DataSaysNo`` for the answer of somebody else, where two persons answer; or for one's own
    that cannot be given back, for another has answered meanwhile."""
    if not decision.question:
        return
    if decision.by != core.identity.user:
        raise DataSaysNo(
            _("Two persons answer this: {} alone takes his answer back.").format(decision.by)
        )
    question = core.state.questions[decision.question]
    others = [one for one in standing(core.state, question) if one.by != decision.by]
    sealed = any(one.sealed for one in (decision, *others))
    if not decision.standing and decision.turn != "third" and others and sealed:
        raise DataSaysNo(_("Somebody else has answered meanwhile: answer it anew."))


def cluster_of(core: Core, records: Sequence[Record]) -> tuple[Record, ...]:
    """The cluster that two persons answer and that holds two of these records or more; () for none.
    Raises ``DataSaysNo`` where the records are not all of it."""
    queue = core.reviews.made
    if queue is None or core.state.draw is None or not core.state.draw.share:
        return ()
    wanted = set(records)
    for number in sorted(n for n, held in queue.holding(records).items() if held > 1):
        whole = queue.named(number)
        if not drawn(core.state, queue.pseudonyms(number)):
            continue
        if set(whole) != wanted:
            raise DataSaysNo(
                _("Two persons answer these records, as one cluster of {}.").format(len(whole)),
                _("It is decided on the review screen."),
            )
        return whole
    return ()
