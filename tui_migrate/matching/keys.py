"""Blocking keys as data: a key has a name and parts, and records that share all of them are compared.

A part is a word of ``PARTS``, or the name of a declared field; ``street:5`` takes the first five
characters of it. The SQL that a key becomes reads the scratch tables of the normalised records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

#: As many keys as fit beside links and decisions into the bits of `mt_pair.rules`.
MAX_KEYS = 60


@dataclass(frozen=True)
class Key:
    """A blocking key; `parts` as they are written in a runbook. Its name stands in `pair.rules`."""

    name: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """What a part reads: an expression over `mt_record r` and the tables of `JOINS` it names."""

    sql: str
    joins: tuple[str, ...] = ()


#: Mailboxes there belong to people and firms without a domain of their own.
_MAIL_PROVIDERS = (
    "gmail googlemail hotmail outlook live msn icloud me mac yahoo ymail rocketmail aol gmx web mail "
    "email proton protonmail pm tutanota zoho fastmail hey yandex t-online freenet orange wanadoo free "
    "sfr laposte kpnmail kpnplanet planet hetnet wxs xs4all ziggo home casema upcmail chello quicknet "
    "multiweb tele2 zonnet solcon online onsnet caiway kabelfoon zeelandnet tiscali versatel "
    "versateladsl hccnet telfort lijbrandt filternet deltanet budgetmail skynet telenet proximus "
    "belgacom scarlet voo pandora edpnet brutele win advalvas tvcablenet euphonynet"
)

#: Dutch and Belgian family names that sound alike get one text: first letter, consonants, none twice.
#: De Cock and De Kock, Dupont and Dupond, Visser and Fisser, Schoenmakers and Sgoenmaekers.
SOUND_SQL = r"""
CREATE OR REPLACE TEMP TABLE mt_family_sound AS
SELECT code, left(plain, 1) || {once} AS sound FROM (
    SELECT code, regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        regexp_replace(replace(name, ' ', ''), 'sch', 'sg', 'g'), 'ph|v', 'f', 'g'),
        'ch', 'g', 'g'), 'ck|qu?|c', 'k', 'g'), 'dt|d', 't', 'g'), 'z|x', 's', 'g') AS plain
    FROM mt_family WHERE name <> '')"""


def _once() -> str:
    """SQL for the consonants after the first letter of `plain`, without those that are hardly heard and
    each written once where it is doubled."""
    text = "regexp_replace(substr(plain, 2), '[^bfgklmnprst]', '', 'g')"
    for letter in "bfgklmnprst":
        text = f"regexp_replace({text}, '{letter}+', '{letter}', 'g')"
    return text


#: The words of a first name as they would be spelt as a family name.
FIRST_WORD_SQL = """
CREATE OR REPLACE TEMP TABLE mt_first_word AS
SELECT code, list_aggregate(mt_family(array_to_string(words, ' ')), 'string_agg', ' ') AS plain
FROM mt_first WHERE words IS NOT NULL"""

#: The domains of an organisation's own: what comes before `co.uk` or `nl`, and that.
DOMAIN_SQL = rf"""
CREATE OR REPLACE TEMP TABLE mt_domain AS
SELECT DISTINCT uid, domain FROM (
    SELECT uid, regexp_extract(split_part(email, '@', 2),
        '([^.]+)\.((?:(?:co|com|org|net|ac|gov)\.)?[^.]+)$', 0) AS domain FROM mt_email
    WHERE kind = 'organisation')
WHERE domain <> ''
  AND NOT list_contains(string_split('{_MAIL_PROVIDERS}', ' '), split_part(domain, '.', 1))"""

#: A table beside `mt_record r`, how it is joined, and how it is made where it is not there yet.
JOINS: Mapping[str, tuple[str, str]] = {
    "email": ("JOIN mt_email e ON e.uid = r.uid", ""),
    "phone": ("JOIN mt_phone p ON p.uid = r.uid", ""),
    "sound": ("JOIN mt_family_sound s ON s.code = r.family", SOUND_SQL.format(once=_once())),
    "word": ("JOIN mt_first_word w ON w.code = r.first", FIRST_WORD_SQL),
    "domain": ("JOIN mt_domain o ON o.uid = r.uid", DOMAIN_SQL),
}

#: What a key may be made of. NULL: the record has no such part, and the key passes over it.
PARTS: Mapping[str, Part] = {
    "email": Part("e.email", ("email",)),
    "email_domain": Part("split_part(e.email, '@', 2)", ("email",)),
    "phone": Part("p.phone", ("phone",)),
    "postcode": Part("r.postcode"),
    # A postcode that stands for a whole town (Belgium, Germany) takes some letters of the street.
    "postcode_street": Part(
        "CASE WHEN length(r.postcode) >= 6 THEN r.postcode"
        " ELSE r.postcode || '|' || coalesce(left(r.street, 5), '') END"
    ),
    "number": Part("r.number"),
    "street": Part("r.street"),
    "town": Part("r.town"),
    "family": Part("r.family_text"),
    "family_sound": Part("s.sound", ("sound",)),
    "first": Part("r.canonical"),
    "first_or_letter": Part("coalesce(r.canonical, r.letter)"),
    "letter": Part("r.letter"),
    "birth": Part("r.birth"),
    "birth_year": Part("left(r.birth, 4)"),
    "birth_day": Part("right(r.birth, 4)"),
    # First and family name whichever stands in which field.
    "names": Part(
        "least(w.plain, r.family_text) || ' ' || greatest(w.plain, r.family_text)", ("word",)
    ),
    "organisation": Part("r.organisation_text"),
    "kvk": Part("CASE WHEN r.kind = 'organisation' THEN r.kvk END"),
    "vat": Part("CASE WHEN r.kind = 'organisation' THEN r.vat END"),
    "domain": Part("o.domain", ("domain",)),
}

#: One row is one record (or one of its e-mails, phones) under one key.
SELECT_SQL = """
SELECT {distinct}r.uid, r.kind, concat_ws('|', {parts}) AS value
FROM mt_record r {joins}
WHERE {filled}"""


def split_part(written: str) -> tuple[str, int | None]:
    """A part as it is written: its word, and how many characters of it count. ValueError if it is
    none."""
    word, colon, length = written.partition(":")
    if colon and not (length.isascii() and length.isdigit() and int(length) > 0):
        raise ValueError(written)
    return word, int(length) if colon else None


def key_select(key: Key) -> str:
    """SQL for the rows (uid, kind, value) of a key."""
    joins: dict[str, str] = {}
    parts, filled = [], []
    for written in key.parts:
        word, length = split_part(written)
        part = PARTS.get(word)
        if part is None:
            joins[word] = (
                f"JOIN mt_declared_{word} d_{word} ON d_{word}.uid = r.uid"
                f" JOIN mt_value_{word} v_{word} ON v_{word}.code = d_{word}.code"
            )
            part = Part(f"v_{word}.name")
        joins |= {name: JOINS[name][0] for name in part.joins}
        parts.append(part.sql if length is None else f"left({part.sql}, {length:d})")
        filled.append(f"{part.sql} IS NOT NULL")
    return SELECT_SQL.format(
        distinct="DISTINCT " if joins else "",
        parts=", ".join(parts),
        joins=" ".join(joins.values()),
        filled=" AND ".join(filled),
    )


def make_joined(cur: duckdb.DuckDBPyConnection, keys: Iterable[Key]) -> None:
    """Make the tables that these keys read beside those of the normalised records."""
    words = {split_part(written)[0] for key in keys for written in key.parts}
    names = {name for word in words if word in PARTS for name in PARTS[word].joins}
    for name in sorted(names):
        if JOINS[name][1]:
            cur.execute(JOINS[name][1])


def rule_names(keys: Sequence[Key]) -> tuple[str, ...]:
    """The names of the bits of `mt_pair.rules`, the lowest first."""
    return (*(key.name for key in keys), "link", "decision")


def keys_of(declared: Mapping[str, Sequence[str]]) -> tuple[Key, ...]:
    """Keys from names and parts as a runbook has them."""
    return tuple(Key(name, tuple(parts)) for name, parts in declared.items())


#: The keys of all models from before keys were part of a model.
BEFORE = keys_of({
    "email": ["email"],
    "phone": ["phone"],
    "postcode_number": ["postcode_street", "number"],
    "street_number_town": ["street", "number", "town:5"],
    "family_birth": ["family", "birth"],
    "first_birth": ["first_or_letter", "birth"],
    "family_first": ["family", "first"],
    "organisation_name": ["organisation"],
    "kvk": ["kvk"],
    "vat": ["vat"],
})  # fmt: skip
