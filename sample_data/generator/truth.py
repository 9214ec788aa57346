"""What is true, gathered while the deliveries are written, and judged per person at the end."""

from collections import defaultdict
from dataclasses import dataclass, field

from . import clock
from .policy import POLICIES, Event, Suppression, states

PURPOSE = "marketing"
HEADERS = {
    "persons.csv": "source,record_id,person_id,readable,has_name,birth_key,address_key",
    "contact_points.csv": "source,record_id,contact_point",
    "links.csv": "source_a,record_a,source_b,record_b",
    "consent_events.csv": "source,record_id,contact_point,channel,brand,purpose,state,"
    "event_at_utc,evidence_source,campaign,confirmed,origin",
    "optouts.csv": "kind,source,record_id,person_id,contact_point,channel,brand,reason,"
    "event_at_utc,origin",
    "consents_newest.csv": "person_id,brand,channel,purpose,status,evidence_at,source,campaign,rule",
    "consents_restrictive.csv": "person_id,brand,channel,purpose,status,evidence_at,source,"
    "campaign,rule",
}


@dataclass(slots=True)
class Truth:
    """Facts of one chunk. An owner is a (source, record_id) or a contact point."""

    rows: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[tuple[str, str], str] = field(default_factory=dict)
    points: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    events: dict[str, list[Event]] = field(default_factory=lambda: defaultdict(list))
    suppressions: dict[str, list[Suppression]] = field(default_factory=lambda: defaultdict(list))
    by_point: list[tuple[str, Event | Suppression]] = field(default_factory=list)
    by_address: list[tuple[tuple[str, str], Event]] = field(default_factory=list)
    mailboxes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    unreadable: set[tuple[str, str]] = field(default_factory=set)

    def record(
        self,
        key: tuple[str, str],
        person: str,
        points: list[str],
        has_name: bool,
        birth_key: str = "",
        address_key: str = "",
        readable: bool = True,
    ) -> None:
        """Say whose record it is, and what of it can be compared; a second time changes nothing."""
        if key in self.owners:
            return
        source, record_id = key
        self.owners[key] = person
        self.rows["persons.csv"].append(
            f"{source},{record_id},{person},{readable:d},{has_name:d},{birth_key},{address_key}"
        )
        if not readable:
            self.unreadable.add(key)
            return
        self.mailboxes[key] = [point for point in dict.fromkeys(points) if "@" in point]
        for point in dict.fromkeys(points):
            self.points[point].add(person)
            self.rows["contact_points.csv"].append(f"{source},{record_id},{point}")

    def link(self, one: tuple[str, str], other: tuple[str, str]) -> None:
        self.rows["links.csv"].append(",".join((*one, *other)))

    def consent(
        self,
        key: tuple[str, str] | str,
        channel: str,
        brand: str,
        state: str,
        at: int | None,
        source: str = "",
        campaign: str = "",
        confirmed: bool = False,
        origin: str = "",
    ) -> None:
        """One consent event of a record, or (an opt-out only) of a contact point."""
        event = Event(channel, brand, state, clock.utc(at), source, campaign, confirmed)
        name, point = (("", ""), key) if isinstance(key, str) else (key, "")
        self.rows["consent_events.csv"].append(
            f"{name[0]},{name[1]},{point},{channel},{brand},{PURPOSE},{state},{event.at},"
            f"{source},{campaign},{confirmed:d},{origin}"
        )
        person = self._file(key, event)
        if state == "opt-out" and origin == "email" and not isinstance(key, str):
            self.by_address.append((key, event))
        if state == "opt-out":
            self.rows["optouts.csv"].append(
                f"opt-out,{name[0]},{name[1]},{person},{point},{channel},{brand},,{event.at},{origin}"
            )

    def suppress(
        self, key: tuple[str, str] | str, channel: str, reason: str, at: int | None, origin: str
    ) -> None:
        """Silence a record's person, or everyone who carries a contact point."""
        fact = Suppression(channel, reason, clock.utc(at))
        name, point = (("", ""), key) if isinstance(key, str) else (key, "")
        person = self._file(key, fact)
        self.rows["optouts.csv"].append(
            f"suppression,{name[0]},{name[1]},{person},{point},{channel},*,{reason},{fact.at},{origin}"
        )

    def _file(self, key: tuple[str, str] | str, fact: Event | Suppression) -> str:
        if isinstance(key, str):
            self.by_point.append((key, fact))
            return ""
        person = self.owners[key]
        if key not in self.unreadable:
            self._add(person, fact)
        return person

    def _add(self, person: str, fact: Event | Suppression) -> None:
        if isinstance(fact, Event):
            self.events[person].append(fact)
        else:
            self.suppressions[person].append(fact)

    def judge(self) -> None:
        """Write the expected consent of every person, once all facts are in."""
        for point, fact in self.by_point:
            for person in sorted(self.points[point]):
                self._add(person, fact)
        for key, event in self.by_address:
            for point in self.mailboxes.get(key, ()):
                for person in sorted(self.points[point] - {self.owners[key]}):
                    self._add(person, event._replace(beside=True))
        for policy in POLICIES:
            out = self.rows[f"consents_{policy}.csv"]
            for person in sorted(self.events):
                judged = states(self.events[person], self.suppressions[person], policy)
                for (brand, channel), verdicts in sorted(judged.items()):
                    v = verdicts[0]
                    out.append(
                        f"{person},{brand},{channel},{PURPOSE},{v.status},{v.evidence_at},"
                        f"{v.source},{v.campaign},{v.rule}"
                    )
