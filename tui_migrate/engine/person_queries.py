"""What a screen may ask of persons: who they are, what stands of one, what a permission rests on."""

from __future__ import annotations

from tui_migrate.engine.answer import Answer
from tui_migrate.engine.api import Look


class Search(Look, frozen=True, kw_only=True, tag="search"):
    """Who has all these words in name, e-mail, phone (however the number is written), or as (the start
    of) an id."""

    text: str
    limit: int = 100


class Hit(Answer, frozen=True, kw_only=True):
    """A profile (or, before the merge, a record: then ``profile_id`` is empty)."""

    profile_id: str
    source: str
    record_id: str
    name: str
    email: str
    town: str
    records: int


class Person(Look, frozen=True, kw_only=True, tag="person"):
    """Everything about one profile, or about one record when ``profile_id`` is empty. A record that is
    part of a profile stands for it; ``profile_id`` may also be ``source/record`` or a record id that
    only one profile has."""

    profile_id: str = ""
    source: str = ""
    record_id: str = ""


class Value(Answer, frozen=True, kw_only=True):
    """A current value, where it comes from, and the rule that chose it."""

    field: str
    value: str
    source: str
    record_id: str
    rule: str


class Record(Answer, frozen=True, kw_only=True):
    """A source record that is part of the profile. ``role``: founder | merged."""

    source: str
    record_id: str
    role: str
    rule: str


class ConsentState(Answer, frozen=True, kw_only=True):
    """The derived state of one permission and the rule that decided it."""

    brand: str
    channel: str
    purpose: str
    status: str
    evidence_at: str
    evidence: str
    rule: str


class TrailEvent(Answer, frozen=True, kw_only=True):
    """One event in the life of a record, with the words that the vault still has.

    Beside the events of the trail there are ``read``, ``found`` (a finding), ``compared`` (why two
    records are one person), ``decided`` (by a person), ``stated`` and ``silenced`` (what a consent
    state rests on), ``exported``, ``deleted`` and ``looked``. ``place``: delivery, file and line;
    ``note``: what else there is to say, by event.
    """

    at: str
    by: str
    step: str
    source: str
    record_id: str
    event: str
    field: str
    rule: str
    other_source: str
    other_record: str
    before: str
    after: str
    place: str = ""
    note: str = ""


class Right(Answer, frozen=True, kw_only=True):
    """A right that holds at present. ``kind``: restricted | objected; ``at``: ISO, UTC."""

    kind: str
    at: str
    by: str
    reason: str


class PersonSheet(Answer, frozen=True, kw_only=True):
    """A person as the Profile screen shows it. ``children``: entity → rows."""

    profile_id: str
    name: str
    values: tuple[Value, ...]
    records: tuple[Record, ...]
    consents: tuple[ConsentState, ...]
    children: dict[str, int]
    trail: tuple[TrailEvent, ...]
    rights: tuple[Right, ...] = ()


class ConsentEvents(Look, frozen=True, kw_only=True, tag="consent_events"):
    """The facts behind one derived consent state, in order of time."""

    profile_id: str
    brand: str
    channel: str
    purpose: str = "marketing"


class ConsentFact(Answer, frozen=True, kw_only=True):
    """One consent event or suppression. ``kind``: event | suppression; ``at``: ISO, UTC, or ''."""

    kind: str
    at: str
    state: str
    brand: str
    source: str
    record_id: str
    delivery: str
    file: str
    line: int
    evidence: str
    campaign: str
