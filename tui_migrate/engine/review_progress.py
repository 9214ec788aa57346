"""How far the review is and how good it is, in sentences that say what the figures rest on."""

from __future__ import annotations

from tui_migrate.engine.review_queries import ReviewState
from tui_migrate.i18n import _, ngettext
from tui_migrate.matching.agreement import Agreement
from tui_migrate.numerals import decimal, grouped, short

VAGUE = 0.4
"""An interval of kappa that is wider says nothing."""


def figures_text(state: ReviewState) -> list[str]:
    """Decided and left; what is missed; what is wrong; how far two agree: a line each."""
    lines = [_decided(state), *_waiting(state), _missed(state), _wrong(state)]
    both = Agreement(
        {}, state.compared, state.alike, state.kappa, state.low or 0.0, state.high or 0.0
    )
    return [*lines, agreement_text(both)] if state.compared else lines


def _decided(state: ReviewState) -> str:
    counts = state.counts
    settled = sum(counts.get(name, 0) for name in ("merge", "different", "split"))
    text = _("Decided {n} of {m} clusters: {a} merged, {b} not the same, {c} split. {d} are left.")
    return text.format(
        n=grouped(settled),
        m=grouped(state.total),
        a=grouped(counts.get("merge", 0)),
        b=grouped(counts.get("different", 0)),
        c=grouped(counts.get("split", 0)),
        d=grouped(state.total - settled),
    )


def _waiting(state: ReviewState) -> list[str]:
    """What waits for whom, of those that are left."""
    names = (
        ("unsure", _("{n} somebody was unsure about")),
        ("flagged", _("{n} flagged")),
        ("waiting", _("{n} answered by one of two persons")),
        ("differ", _("{n} that two see differently")),
    )
    parts = [
        words.format(n=grouped(state.counts[name]))
        for name, words in names
        if state.counts.get(name)
    ]
    return [_("Among them: {parts}.").format(parts=", ".join(parts))] if parts else []


def _missed(state: ReviewState) -> str:
    if not state.pairs:
        return _("No pair is left undecided.")
    text = ngettext(
        "If nobody decides on them: of {n} pair of records about {m} is one person and would stay apart"
        " (the sum of the likelihoods).",
        "If nobody decides on them: of {n} pairs of records about {m} are one person and would stay apart"
        " (the sum of their likelihoods).",
        state.pairs,
    )
    return text.format(n=grouped(state.pairs), m=_about(state.missed))


def _wrong(state: ReviewState) -> str:
    if not state.alone:
        return _("No cluster was settled by one person alone.")
    if state.wrong is None:
        text = _(
            "How many of {n} decisions of one person are wrong cannot be said: no two persons have"
            " answered the same question (review: double: in the runbook)."
        )
        return text.format(n=grouped(state.alone))
    low, high = state.wrong_low or 0.0, state.wrong_high or 0.0
    text = _(
        "Of {n} decisions of one person about {m} are wrong, {low} to {high} with 95 % certainty: where"
        " two answered the same, {c} of {k} said the contrary, and one of them errs then."
    )
    return text.format(
        n=grouped(state.alone),
        m=_about(state.wrong * state.alone),
        low=_about(low * state.alone),
        high=_about(high * state.alone),
        c=grouped(state.contrary),
        k=grouped(state.opposed),
    )


def _about(number: float) -> str:
    """A number of things that is known roughly: one digit behind the point below ten."""
    return short(number) if number < 10 else grouped(round(number))


def agreement_text(both: Agreement) -> str:
    """How far two persons agree, and what that is worth."""
    alike = ngettext(
        "Two persons answered {n} cluster, {m} alike",
        "Two persons answered {n} clusters, {m} alike",
        both.compared,
    ).format(n=grouped(both.compared), m=grouped(both.alike))
    if both.kappa is None:
        return alike + _(". All answers are the same word: Cohen’s kappa says nothing.")
    text = _(". Cohen’s kappa is {k} ({low} to {high}): {words}.")
    return alike + text.format(
        k=decimal(both.kappa, 2),
        low=decimal(both.low, 2),
        high=decimal(both.high, 2),
        words=_("too few answers to call it anything")
        if both.high - both.low > VAGUE
        else _kappa_words(both.kappa),
    )


def _kappa_words(kappa: float) -> str:
    """After Landis and Koch (1977), who say themselves that the limits are arbitrary."""
    if kappa > 0.8:
        return _("almost perfect agreement")
    if kappa > 0.6:
        return _("substantial agreement")
    if kappa > 0.4:
        return _("moderate agreement")
    return _("little more than chance") if kappa > 0 else _("no more than chance")
