"""Facts about persons: who was looked at, what became of their rights, who was erased and from what.

They name nobody: profiles and records are pseudonyms, reasons commitments.
"""

from __future__ import annotations

import msgspec

from tui_migrate.audit.fact import Fact


class Looked(Fact, frozen=True, kw_only=True, tag="person.looked"):
    """The user of this entry was shown values of persons. ``what``: search | person | consent (the
    statements behind a permission) | pair (doubtful duplicates that he left undecided) | finding |
    examples (of columns). ``subject``: the commitment of the words that were searched for, or the
    person's pseudonym. ``records``: pseudonyms of those whose values were shown in a list or beside each
    other. ``place``: the rule and field of the findings, or the sources of the examples. ``reason``:
    commitment of why, where it was said."""

    what: str
    subject: str = ""
    reason: str = ""
    records: list[str] = msgspec.field(default_factory=list)
    place: str = ""


class ErasureAsked(Fact, frozen=True, kw_only=True, tag="erasure.asked"):
    """A person is to be erased: from here on his records and contact points are known only by
    these, and dropped wherever they come again. ``loose``: the keys in other letters. ``kept``,
    ``ended``: opt-outs of addresses that others have, from here on or no longer kept in the vault."""

    profile: str
    records: list[str]
    points: list[str]
    reason: str
    loose: list[str] = msgspec.field(default_factory=list)
    kept: list[str] = msgspec.field(default_factory=list)
    ended: list[str] = msgspec.field(default_factory=list)


class DeliveryRewritten(Fact, frozen=True, kw_only=True, tag="delivery.rewritten"):
    """A delivered file stands without the lines of an erased person. It counts as the file that was
    handed over: ``old`` is its hash before, ``new`` behind. ``kept``: opt-outs in these lines of
    addresses that others have, from here on kept in the vault."""

    source: str
    delivery: str
    name: str
    old: str
    new: str
    lines: list[int]
    cells: int = 0
    kept: list[str] = msgspec.field(default_factory=list)


class FileErased(Fact, frozen=True, kw_only=True, tag="file.erased"):
    """Another file stands without an erased person, or is gone (``new`` empty).
    ``what``: export | evidence | target."""

    what: str
    old: str
    new: str


class BackupHolding(msgspec.Struct, frozen=True, kw_only=True):
    """A back-up that may still hold an erased person, and until when it may live."""

    name: str
    purge_on: str


class ErasureDone(Fact, frozen=True, kw_only=True, tag="erasure.done"):
    """The person is erased from everything that the program keeps but these back-ups. ``left``:
    the commitment of what could not be searched or is to be done elsewhere."""

    profile: str
    counts: dict[str, int]
    staging: str
    target: str
    backups: list[BackupHolding]
    left: str = ""


class ErasureRefused(Fact, frozen=True, kw_only=True, tag="erasure.refused"):
    """A person is not erased, because a rule of retention holds what belongs to him."""

    profile: str
    categories: list[str]
    reason: str


class Restricted(Fact, frozen=True, kw_only=True, tag="person.restricted"):
    """The processing of a person's data is restricted (GDPR, article 18): nothing of him is sent on
    but what he does not want. He is known again by any of these records."""

    profile: str
    records: list[str]
    reason: str


class RestrictionLifted(Fact, frozen=True, kw_only=True, tag="person.lifted"):
    """The restrictions on a person with one of these records end."""

    profile: str
    records: list[str]
    reason: str


class Objected(Fact, frozen=True, kw_only=True, tag="person.objected"):
    """A person objects to direct marketing (GDPR, article 21): from this moment an opt-out on every
    brand and channel. He is known again by any of these records."""

    profile: str
    records: list[str]
    reason: str
