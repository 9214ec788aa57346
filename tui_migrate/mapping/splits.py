"""Values that hold several fields at once, and how they are taken apart.

A splitter gets a cleaned value and the country of its row and gives raw texts by field name. What the
mapping maps itself goes before what was split off.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tui_migrate.mapping.model import MappedField, Mapping
from tui_migrate.model.types.address import split_house_number
from tui_migrate.model.types.fullname import split_full_name
from tui_migrate.model.types.particles import PARTICLES

Parts = dict[str, str | None]

_STREET_AND_NUMBER = re.compile(r"(.*?[^\W\d_].*?)[ ,]+(\d{1,5}(?:[ /.-]*[^\W_].*)?)")
_YEARS = re.compile(r"1[89]\d\d|20\d\d")


@dataclass(frozen=True, slots=True)
class Split:
    """``split`` gives the fields ``outputs`` out of one value of its field."""

    outputs: tuple[str, ...]
    split: Callable[[str, str], Parts]


def _full_name(value: str, country: str) -> Parts:
    parts = split_full_name(value, country)
    return {
        "full_name": value,
        "salutation": parts.title,
        "first_name": parts.first_name,
        "initials": parts.initials,
        "prefix": parts.prefix,
        "family_name": parts.family_name,
    }


def _family_name(value: str, country: str) -> Parts:
    """Only small letters make a prefix here: ``Van Dijk`` may be a whole Belgian surname."""
    words = value.split()
    cut = 0
    while cut < len(words) - 1 and not words[cut][:1].isupper() and words[cut] in PARTICLES:
        cut += 1
    return {"prefix": " ".join(words[:cut]) or None, "family_name": " ".join(words[cut:])}


def _house_number(value: str, country: str) -> Parts:
    number, addition = split_house_number(value)
    if number is None:
        return {"house_number": value}
    return {"house_number": str(number), "house_addition": addition}


def _street(value: str, country: str) -> Parts:
    found = _STREET_AND_NUMBER.fullmatch(value)
    if found is None or _YEARS.fullmatch(found[2]):
        return {"street": value}
    return {"street": found[1], **_house_number(found[2], country)}


SPLITS = {
    "full_name": Split(
        ("full_name", "salutation", "initials", "first_name", "prefix", "family_name"), _full_name
    ),
    "family_name": Split(("family_name", "prefix"), _family_name),
    "house_number": Split(("house_number", "house_addition"), _house_number),
    "street": Split(("street", "house_number", "house_addition"), _street),
}


def split_of(mapping: Mapping, field: MappedField) -> Split | None:
    """How values of this field are taken apart under this mapping, None if they are kept whole.

    A family name gives up its prefix where no column holds prefixes; a street its number where no
    column holds numbers; a full name and a house number always give their parts.
    """
    if field.name not in SPLITS or field.codes is not None or field.name != field.type.name:
        return None
    if field.name == "family_name" and mapping.field("prefix") is not None:
        return None
    if field.name == "street" and mapping.field("house_number") is not None:
        return None
    known = {known.name for known in mapping.entity.fields}
    split = SPLITS[field.name]
    return split if set(split.outputs) <= known else None
