"""Presets: what a runbook says in one word about the customers that it matches.

A preset is a spelling (see ``spellings``) and the keys that find two records of one person or one
organisation in data of that origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tui_migrate.matching.keys import Key, keys_of

DEFAULT = "nl-be"


@dataclass(frozen=True)
class Preset:
    """The keys of a preset; its spelling has the same name."""

    keys: tuple[Key, ...]


#: In every preset organisations are matched beside persons.
_ORGANISATIONS = {
    "organisation_name": ["organisation"],
    "kvk": ["kvk"],
    "vat": ["vat"],
    "domain": ["domain"],
}

_CONTACTS = {"email": ["email"], "phone": ["phone"]}
_NAMES = {
    "family_birth": ["family", "birth"],
    "first_birth": ["first_or_letter", "birth"],
    "family_first": ["family", "first"],
    "names_birth": ["names", "birth"],
}

_BOTH = keys_of({
    **_CONTACTS,
    "postcode_number": ["postcode_street", "number"],
    "street_number_town": ["street", "number", "town:5"],
    **_NAMES,
    **_ORGANISATIONS,
})  # fmt: skip

# In the Netherlands a postcode with a number is one address.
_DUTCH = tuple(
    Key(key.name, ("postcode", "number")) if key.name == "postcode_number" else key for key in _BOTH
)

# A Belgian postcode is a town, whose name has two languages.
_BELGIAN = keys_of({
    **_CONTACTS,
    "street_number_postcode": ["street:5", "number", "postcode"],
    "street_number_town": ["street", "number", "town:5"],
    **_NAMES,
    **_ORGANISATIONS,
})  # fmt: skip

# Nothing is known of postcodes, streets or sounds: many keys, each of which a typing error may spoil.
_GENERAL = keys_of({
    **_CONTACTS,
    "birth_letter": ["birth", "letter"],
    "birth_family": ["birth", "family:1"],
    "birth_street": ["birth", "street:3"],
    "birth_postcode": ["birth", "postcode:3"],
    "names": ["names"],
    "family_first": ["family", "first"],
    "family_year": ["family:4", "birth_year"],
    "first_postcode": ["first:3", "postcode"],
    "postcode_family": ["postcode", "family:2"],
    "postcode_number": ["postcode", "number"],
    "first_street": ["first", "street:5"],
    "family_street": ["family:3", "street:8"],
    "town_number": ["town:4", "number"],
    "street_number": ["street:8", "number"],
    "street_postcode": ["street:5", "postcode"],
    **_ORGANISATIONS,
})  # fmt: skip

PRESETS: Mapping[str, Preset] = {
    "nl": Preset(_DUTCH),
    "be": Preset(_BELGIAN),
    "nl-be": Preset(_BOTH),
    "general": Preset(_GENERAL),
}
