"""Whether exported consents are exactly what the facts demand, on the migration's own profiles."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from .policy import Event, Suppression, Verdict, states
from .tables import Facts, Key, State, StateKey, read_states, rows

_EXAMPLES = 10


@dataclass(slots=True)
class Consents:
    """Counts of consent rows; `wrong` counts (expected, exported) rules."""

    rows: int = 0
    exact: int = 0
    lost: int = 0
    invented: int = 0
    homeless: int = 0
    """Opt-outs and suppressions of readable records that are in no profile."""
    pure_rows: int = 0
    pure_exact: int = 0
    pure_persons: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Ledger:
    """The facts of each profile."""

    events: dict[str, list[Event]]
    suppressions: dict[str, list[Suppression]]


class _Owners:
    """From a record or a contact point to the profiles concerned."""

    def __init__(self, facts: Facts, crosswalk: dict[Key, str]) -> None:
        self._crosswalk = crosswalk
        self._points: dict[str, set[str]] = defaultdict(set)
        self._mailboxes = {
            key: [point for point in points if "@" in point] for key, points in facts.points.items()
        }
        self._readable = {k for k, r in facts.records.items() if r.readable}
        for key, points in facts.points.items():
            if profile := crosswalk.get(key):
                for point in points:
                    self._points[point].add(profile)

    def of(self, source: str, record_id: str, point: str) -> list[str]:
        if source:
            profile = self._crosswalk.get((source, record_id))
            return [profile] if profile else []
        return sorted(self._points.get(point, ()))

    def beside(self, source: str, record_id: str) -> list[str]:
        """Other profiles that carry the address of a record."""
        key = (source, record_id)
        found = set().union(*(self._points.get(p, set()) for p in self._mailboxes.get(key, [])))
        return sorted(found - {self._crosswalk.get(key, "")})

    def readable(self, source: str, record_id: str) -> bool:
        return (source, record_id) in self._readable


def score_consents(
    truth: Path,
    exports: Path,
    facts: Facts,
    crosswalk: dict[Key, str],
    policy: str,
    without: frozenset[str] = frozenset(),
) -> Consents:
    """Judge every exported row; `without` leaves out facts that these sources delivered."""
    result = Consents()
    ledger = _ledger(truth, _Owners(facts, crosswalk), without, result)
    exported = read_states(exports / "consents.csv", "profile_id")
    expected: dict[StateKey, list[Verdict]] = {}
    for profile, events in ledger.events.items():
        judged = states(events, ledger.suppressions.get(profile, []), policy)
        for (brand, channel), verdicts in judged.items():
            expected[profile, brand, channel, "marketing"] = verdicts
    for key in sorted(expected.keys() | exported.keys()):
        _compare(result, key, expected.get(key, []), exported.get(key))
        _audit(result, ledger, key, expected.get(key, []), exported.get(key))
    if not without:
        _pure(result, truth, facts, crosswalk, exported, policy)
    return result


def _ledger(truth: Path, owners: _Owners, without: frozenset[str], result: Consents) -> _Ledger:
    ledger = _Ledger(defaultdict(list), defaultdict(list))
    columns = (
        "source record_id contact_point channel brand state event_at_utc evidence_source "
        "campaign confirmed origin"
    )
    for source, rid, point, channel, brand, state, at, base, campaign, confirmed, origin in rows(
        truth / "consent_events.csv", columns
    ):
        if origin in without:
            continue
        event = Event(channel, brand, state, at, base, campaign, confirmed == "1")
        profiles = owners.of(source, rid, point)
        for profile in profiles:
            ledger.events[profile].append(event)
        if state == "opt-out" and origin == "email":
            for profile in owners.beside(source, rid):
                ledger.events[profile].append(event._replace(beside=True))
        if not profiles and state == "opt-out" and owners.readable(source, rid):
            result.homeless += 1
    columns = "kind source record_id contact_point channel reason event_at_utc origin"
    for kind, source, rid, point, channel, reason, at, origin in rows(
        truth / "optouts.csv", columns
    ):
        if kind != "suppression" or origin in without:
            continue
        profiles = owners.of(source, rid, point)
        for profile in profiles:
            ledger.suppressions[profile].append(Suppression(channel, reason, at))
        result.homeless += not profiles and owners.readable(source, rid)
    return ledger


def _compare(result: Consents, key: StateKey, expected: list[Verdict], got: State | None) -> None:
    result.rows += 1
    right = [State(v.status, v.evidence_at, v.rule) for v in expected]
    if got is not None and got in right:
        result.exact += 1
        return
    want = right[0] if right else None
    result.wrong[f"{want.rule if want else 'no row'} -> {got.rule if got else 'no row'}"] += 1
    if len(result.examples) < _EXAMPLES:
        result.examples.append(f"{'/'.join(key)}: expected {_say(want)}, exported {_say(got)}")


def _say(state: State | None) -> str:
    return "no row" if state is None else f"{state.status} {state.evidence_at} {state.rule}"


def _audit(
    result: Consents, ledger: _Ledger, key: StateKey, expected: list[Verdict], got: State | None
) -> None:
    """Count an exported opt-in that an opt-out forbids, or that nothing bears out."""
    if got is None or got.status != "opt-in":
        return
    profile, brand, channel, _ = key
    valid = any(
        e.state == "opt-in" and e.at and e.source and e.brand == brand and e.channel == channel
        for e in ledger.events.get(profile, ())
    )
    result.invented += not valid
    if expected:
        standing = expected[0].rule != "no_evidence" and expected[0].status == "opt-out"
    else:
        silenced = any(s.channel in (channel, "all") for s in ledger.suppressions.get(profile, ()))
        standing = silenced or any(
            e.state == "opt-out" and not e.beside and e.channel == channel
            for e in ledger.events.get(profile, ())
        )
    result.lost += standing


def _pure(
    result: Consents,
    truth: Path,
    facts: Facts,
    crosswalk: dict[Key, str],
    exported: dict[StateKey, State],
    policy: str,
) -> None:
    """Compare with the truth per person, where a profile is exactly one whole person."""
    pure = _pure_profiles(facts, crosswalk)
    result.pure_persons = len(pure)
    for row, want in read_states(truth / f"consents_{policy}.csv", "person_id").items():
        if row[0] not in pure:
            continue
        result.pure_rows += 1
        got = exported.get((pure[row[0]], *row[1:]))
        if got is not None and want.rule.startswith("suppression:"):
            silent = got.status == "opt-out" and got.rule.startswith("suppression:")
            result.pure_exact += silent
        else:
            result.pure_exact += got == want


def _pure_profiles(facts: Facts, crosswalk: dict[Key, str]) -> dict[str, str]:
    """The profile of every person who is all of it and all in it.

    Persons with a broken record that was loaded after all are left out: the truth per person
    does not count what such a record says.
    """
    homes: dict[str, set[str]] = defaultdict(set)
    owners: dict[str, set[str]] = defaultdict(set)
    for key, record in facts.records.items():
        profile = crosswalk.get(key, "")
        if profile:
            owners[profile].add(record.person)
        if record.readable or profile:
            homes[record.person].add(profile if record.readable else "")
    pure: dict[str, str] = {}
    for person, found in homes.items():
        home = next(iter(found))
        if len(found) == 1 and home and len(owners[home]) == 1:
            pure[person] = home
    return pure
