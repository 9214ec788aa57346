"""What the journal remembers of erased persons: enough to know them again, nothing to find them by.

A record is known by its pseudonym, a contact point and a key in other letters by keyed hashes of the
same make. All need the workspace's key: without it nobody can try out addresses.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tui_migrate.audit.person_facts import DeliveryRewritten
from tui_migrate.audit.trail import pseudonym_sql
from tui_migrate.staging.addresses import folded_sql
from tui_migrate.staging.erasure import Rewritten
from tui_migrate.staging.store import literal

POINT = ":point"
"""Stands where a pseudonym has its source; no source can be called so."""
LOOSE = ":key|"
"""Stands before the source of a key in other letters."""
LOOSE_POINT = ":address"
"""Stands where a pseudonym has its source, for an address in other letters."""
ABROAD = ("31", "32", "33", "44", "49")
"""Country codes that numbers of these customers come with."""


@dataclass(frozen=True, slots=True)
class Tombstones:
    """Erased records and contact points, and the delivered files that were rewritten for them
    (hash as it is now → what it was)."""

    key: bytes = b""
    records: frozenset[str] = frozenset()
    points: frozenset[str] = frozenset()
    loose: frozenset[str] = frozenset()
    files: Mapping[str, Rewritten] = field(default_factory=dict)

    @property
    def any(self) -> bool:
        """Whether somebody was erased."""
        return bool(self.records or self.points)

    def delivered(self, sha256: str) -> str:
        """The hash of a file as it was handed over."""
        known = self.files.get(sha256)
        return known.original if known else sha256

    def lines(self, sha256: str) -> frozenset[int]:
        """The lines of a file that are erased persons'."""
        known = self.files.get(sha256)
        return known.lines if known else frozenset()

    def is_record(self, source: str, record_id: str) -> str:
        """SQL: whether the record is an erased one (``source``, ``record_id``: SQL)."""
        return _among(pseudonym_sql(self.key, source, record_id), self.records)

    def is_loose(self, source: str, record_id: str) -> str:
        """SQL: whether the record is an erased one but for its letters, and is not known as somebody
        else's (``source``, ``record_id``: SQL; reads ``store.record_key``)."""
        told = _among(loose_sql(self.key, source, record_id), self.loose)
        if not self.loose:
            return told
        return f"({told} AND NOT {self.is_known(source, record_id)})"

    def is_known(self, source: str, record_id: str) -> str:
        """SQL: whether staging knows the record, and it is not an erased one."""
        named = pseudonym_sql(self.key, source, record_id)
        return (
            f"(coalesce({named} IN (SELECT k.pseudonym FROM store.record_key k), false)"
            f" AND NOT {self.is_record(source, record_id)})"
        )

    def is_point(self, cell: str) -> str:
        """SQL: whether an e-mail address or telephone number in the cell is an erased person's."""
        if not self.points:
            return "false"
        listed = _listed(self.points)
        mail = pseudonym_sql(self.key, literal(POINT), "p")
        number = pseudonym_sql(self.key, literal(POINT), national_sql("p"))
        mails = f"regexp_extract_all(lower({cell}), '[^\\s;,:<>()\"]+@[^\\s;,:<>()\"]+')"
        # A sign may stand between two numbers, or within one.
        numbers = (
            f"list_filter(list_append(string_split_regex({cell}, '[;,/]'), {cell}), lambda p:"
            f" length({national_sql('p')}) > 6)"
        )
        told = [
            f"list_has_any(list_transform({mails}, lambda p: {mail}), {listed})",
            f"list_has_any(list_transform({numbers}, lambda p: {number}), {listed})",
        ]
        if self.loose:
            folded = loose_point_sql(self.key, "p")
            at = f"list_transform({mails}, lambda p: {folded})"
            told.append(f"list_has_any({at}, {_listed(self.loose)})")
        return f"({' OR '.join(told)})"

    def is_told(self, source: str, text: str) -> str:
        """SQL: whether a text that is no row names an erased person by a point, or as a record of
        ``source`` (both SQL)."""
        listed = _listed(self.records)
        parts = f"string_split_regex({text}, '[;,\t|\"]')"
        named = f"list_transform({parts}, lambda p: {pseudonym_sql(self.key, source, 'trim(p)')})"
        told = [f"list_has_any({named}, {listed})", self.is_point(text)]
        if self.loose:
            part = self.is_loose(source, "trim(t.part)")
            told.append(f"EXISTS (FROM (SELECT unnest({parts}) AS part) t WHERE {part})")
        return "(" + " OR ".join(f"coalesce({one}, false)" for one in told) + ")"


@dataclass(frozen=True, slots=True)
class Objection:
    """A person said no to direct marketing at this moment (UTC, as the journal writes it). ``records``:
    pseudonyms by which he is known."""

    at: str
    records: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rights:
    """Records (pseudonyms) of persons whose data are restricted, and since when; objections."""

    restricted: Mapping[str, str] = field(default_factory=dict)
    objections: tuple[Objection, ...] = ()


NO_RIGHTS = Rights()
"""Nobody made use of one."""


def point_sql(key: bytes, channel: str, value: str) -> str:
    """SQL: the keyed hash of a contact point (``channel``: email | phone; ``value``: SQL)."""
    said = f"lower(trim({value}))" if channel == "email" else national_sql(value)
    return pseudonym_sql(key, literal(POINT), said)


def loose_point_sql(key: bytes, mail: str) -> str:
    """SQL: the keyed hash of an e-mail address as it may be written otherwise: with other accents, with
    a tag after a plus sign (``mail``: SQL)."""
    return pseudonym_sql(key, literal(LOOSE_POINT), folded_sql(f"trim({mail})"))


def loose_sql(key: bytes, source: str, record_id: str) -> str:
    """SQL: the keyed hash of a record's id as people and spreadsheets write it; NULL when no letter or
    digit is in it (``source``, ``record_id``: SQL)."""
    return pseudonym_sql(key, f"{literal(LOOSE)} || {source}", loose_key_sql(record_id))


def loose_key_sql(record_id: str) -> str:
    """SQL: an id in small letters, without spaces, signs and leading zeros. Between two digits a sign
    stays, as ``-``: 1-23 and 12-3 are two persons. So does ``|``, between the parts of a key."""
    text = f"regexp_replace(lower(nfc_normalize({record_id})), '[^\\p{{L}}\\p{{N}}|]+', '-', 'g')"
    text = f"regexp_replace({text}, '(^|[^0-9])-', '\\1', 'g')"
    text = f"regexp_replace({text}, '-([^0-9]|$)', '\\1', 'g')"
    return f"nullif(regexp_replace({text}, '(^|[|])0+([^|])', '\\1\\2', 'g'), '')"


def national_sql(number: str) -> str:
    """SQL: the digits of a telephone number without the codes of country and region's zero."""
    digits = f"regexp_replace(regexp_replace({number}, '[^0-9]', '', 'g'), '^00', '')"
    codes = "|".join(ABROAD)
    bare = (
        f"CASE WHEN length({digits}) > 9 AND regexp_matches({digits}, '^({codes})')"
        f" THEN substr({digits}, 3) ELSE {digits} END"
    )
    return f"ltrim({bare}, '0')"


def rewritten(facts: Iterable[DeliveryRewritten]) -> dict[str, Rewritten]:
    """Hash of a rewritten file → what it was when it was handed over, over all its rewritings."""
    found: dict[str, Rewritten] = {}
    for fact in facts:
        before = found.get(fact.old)
        original = before.original if before else fact.old
        lines = (before.lines if before else frozenset()) | frozenset(fact.lines)
        found[fact.new] = Rewritten(original, lines)
    return found


def _listed(names: Iterable[str]) -> str:
    return "[" + ", ".join(map(literal, sorted(names))) + "]"


def _among(expression: str, pseudonyms: frozenset[str]) -> str:
    if not pseudonyms:
        return "false"
    return f"coalesce({expression} IN ({', '.join(map(literal, sorted(pseudonyms)))}), false)"
