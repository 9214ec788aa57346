"""The two consent policies in plain Python, as the truth and the scorer apply them.

`newest`: a suppression; else an opt-out without a date (it may be the newest); else the newest
evidence, where an opt-in needs a date *and* a source and an opt-out only a date; at the same
instant the opt-out; without evidence an opt-out.
`restrictive`: the same, but an opt-in ends an earlier opt-out only when it is confirmed too.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

POLICIES = ("newest", "restrictive")
REASONS = ("deceased", "complaint", "register", "manual", "hard_bounce")
"""The order in which the truth names one of several suppressions."""
ALL = "*"


class Event(NamedTuple):
    """One statement of consent; `brand` may be ALL, `at` is ISO UTC or empty.

    `beside`: an opt-out of somebody else with the same address. It silences what there is and
    founds nothing.
    """

    channel: str
    brand: str
    state: str
    at: str
    source: str
    campaign: str
    confirmed: bool
    beside: bool = False


class Suppression(NamedTuple):
    """`channel` may be `all`."""

    channel: str
    reason: str
    at: str


class Verdict(NamedTuple):
    """The state of one brand and channel, and the evidence that it rests on."""

    status: str
    evidence_at: str
    rule: str
    source: str = ""
    campaign: str = ""


def _of(status: str, rule: str, event: Event) -> Verdict:
    return Verdict(status, event.at, rule, event.source, event.campaign)


def judge(events: Sequence[Event], policy: str) -> Verdict:
    """The verdict over the events of one brand and channel, suppressions left aside."""
    outs = [e for e in events if e.state == "opt-out"]
    if any(not e.at for e in outs):
        return Verdict("opt-out", "", "undated_optout")
    ins = [e for e in events if e.state == "opt-in" and e.at and e.source]
    last_in = max(ins, key=lambda e: e.at, default=None)
    last_out = max(outs, key=lambda e: e.at, default=None)
    if last_in is None or last_out is None:
        return _alone(last_in, last_out)
    if last_in.at <= last_out.at:
        tie = last_in.at == last_out.at
        return _of("opt-out", "tie_optout" if tie else "newest_optout", last_out)
    if policy == "restrictive" and not any(e.confirmed and e.at > last_out.at for e in ins):
        return _of("opt-out", "unconfirmed_optin", last_out)
    return _of("opt-in", "newest_optin", last_in)


def _alone(last_in: Event | None, last_out: Event | None) -> Verdict:
    if last_in is not None:
        return _of("opt-in", "newest_optin", last_in)
    if last_out is not None:
        return _of("opt-out", "newest_optout", last_out)
    return Verdict("opt-out", "", "no_evidence")


def states(
    events: list[Event], suppressions: list[Suppression], policy: str
) -> dict[tuple[str, str], list[Verdict]]:
    """Expected states per (brand, channel).

    Where several suppressions silence one channel each of them is a true reason, so all are
    returned, in the order of REASONS and oldest first; otherwise there is exactly one verdict.
    """
    spread: dict[str, list[Event]] = defaultdict(list)
    beside: dict[tuple[str, str], list[Event]] = defaultdict(list)
    named: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        if event.brand == ALL:
            spread[event.channel].append(event)
        elif event.beside:
            beside[event.brand, event.channel].append(event)
        else:
            named[event.brand, event.channel].append(event)
    result: dict[tuple[str, str], list[Verdict]] = {}
    for (brand, channel), own in named.items():
        silenced = [s for s in suppressions if s.channel in (channel, "all")]
        if silenced:
            silenced.sort(key=lambda s: (REASONS.index(s.reason), s.at))
            result[brand, channel] = [
                Verdict("opt-out", s.at, f"suppression:{s.reason}") for s in silenced
            ]
        else:
            result[brand, channel] = [judge(own + beside[brand, channel] + spread[channel], policy)]
    return result
