"""Both policies once more in plain Python, written from the rules and not from the SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

REASONS = ["deceased", "complaint", "register", "manual", "hard_bounce"]


class Event(NamedTuple):
    """A row of ``consent_event``; ``at`` is a day number or None."""

    profile: str
    record: str
    point: str | None
    channel: str
    brand: str
    state: str | None
    at: int | None
    evidence: str | None
    campaign: str | None

    @property
    def is_out(self) -> bool:
        return self.state in ("refused", "withdrawn")


class Silence(NamedTuple):
    """A row of ``suppression``."""

    profile: str
    channel: str
    brand: str
    reason: str
    at: int | None


Key = tuple[str, str, str]
Verdict = tuple[str, str, int | None, str | None, str | None]


def _permissions(events: list[Event]) -> list[tuple[Event, bool]]:
    """Opt-ins with whether they are confirmed; a confirmation with proof of its own is one itself."""
    given = [e for e in events if e.state == "given"]
    confirmed: set[Event] = set()
    alone: list[Event] = []
    for c in (e for e in events if e.state == "confirmed"):
        own = [g for g in given if g.record == c.record]
        if own:
            if c.at is None:
                found = own if len(own) == 1 else []
            else:
                found = [g for g in own if g.at is not None and g.at <= c.at]
        elif c.at is not None and c.evidence:
            found = []
            alone.append(c)
        else:
            found = [g for g in given if g.point is not None and g.point == c.point]
            found = [g for g in found if g.at is not None and c.at is not None and g.at <= c.at]
            if not found:
                alone.append(c)
        if found:
            newest = max((g.at for g in found if g.at is not None), default=None)
            confirmed |= {g for g in found if g.at == newest}
    return [(g, g in confirmed) for g in given] + [(c, True) for c in alone]


def _last(events: Iterable[Event]) -> Event:
    return max(events, key=lambda e: (e.at or 0, e.evidence or "", e.campaign or ""))


def _judge(events: list[Event], policy: str) -> Verdict:
    outs = [e for e in events if e.is_out]
    undated = [e for e in outs if e.at is None]
    if undated:
        decides = _last(undated)
        return "opt-out", "undated_optout", None, decides.evidence, decides.campaign
    ins = [(e, c) for e, c in _permissions(events) if e.at is not None and e.evidence]
    if not ins and not outs:
        return "opt-out", "no_evidence", None, None, None
    if not outs:
        best = _last(e for e, _c in ins)
        return "opt-in", "newest_optin", best.at, best.evidence, best.campaign
    out = _last(outs)
    assert out.at is not None
    said = out.at, out.evidence, out.campaign
    newest = max((e.at for e, _c in ins if e.at is not None), default=-1)
    if newest < out.at:
        return "opt-out", "newest_optout", *said
    if newest == out.at:
        return "opt-out", "tie_optout", *said
    if policy == "restrictive" and not any(
        c and e.at is not None and e.at > out.at for e, c in ins
    ):
        return "opt-out", "unconfirmed_optin", *said
    best = _last(e for e, _c in ins)
    return "opt-in", "newest_optin", best.at, best.evidence, best.campaign


def states(events: list[Event], silences: list[Silence], policy: str) -> dict[Key, Verdict]:
    """The state of every key that an event names."""
    found: dict[Key, Verdict] = {}
    for profile, brand, channel in {
        (e.profile, e.brand, e.channel) for e in events if "*" not in (e.brand, e.channel)
    }:
        silent = [
            s
            for s in silences
            if s.profile == profile and s.brand in ("*", brand) and s.channel in ("*", channel)
        ]
        if silent:
            first = min(
                silent, key=lambda s: (REASONS.index(s.reason), -1 if s.at is None else s.at)
            )
            verdict: Verdict = "opt-out", f"suppression:{first.reason}", first.at, None, None
        else:
            about = [
                e
                for e in events
                if e.profile == profile
                and (
                    (e.brand, e.channel) == (brand, channel)
                    or (e.is_out and e.brand in ("*", brand) and e.channel in ("*", channel))
                )
            ]
            verdict = _judge(about, policy)
        found[profile, brand, channel] = verdict
    return found
