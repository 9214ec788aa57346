"""The entities of the ``customer`` model: which fields they have, and of which semantic type.

One entity becomes one staging table ``ent_<entity>`` (and the view of that name, of live attempts).
A field with ``many`` keeps every value that its source columns give, as ``VARCHAR[]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an entity: its semantic type, and whether one record may hold many values."""

    name: str
    type: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Entity:
    """A kind of record. ``child`` entities belong to a profile record (``of`` in their mapping)."""

    name: str
    fields: tuple[Field, ...]
    child: bool = True

    def field(self, name: str) -> Field:
        """The field of that name; ``KeyError`` when the entity has none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)


def _fields(text: str) -> tuple[Field, ...]:
    """``name:type`` words; ``*`` after the type means many values."""
    made = []
    for word in text.split():
        name, _, type_name = word.partition(":")
        made.append(Field(name, type_name.rstrip("*"), type_name.endswith("*")))
    return tuple(made)


_ADDRESS = (
    "street:street house_number:house_number house_addition:house_addition"
    " postcode:postcode town:town country:country"
)

_DEFINITIONS: dict[str, tuple[bool, str]] = {
    # kind: person | organisation. full_name is split into its parts when those are not mapped.
    "profile": (
        False,
        "kind:code salutation:salutation gender:gender initials:initials first_name:first_name"
        " prefix:prefix family_name:family_name full_name:full_name"
        " organisation_name:text kvk:kvk kbo:kbo vat:vat birth_date:birth_date"
        f" email:email* phone:phone* {_ADDRESS} language:language category:text"
        " status:text deceased:boolean joined_on:date brand:brand iban:iban bic:bic"
        " created_at:datetime updated_at:datetime note:long_text",
    ),
    "address": (True, f"role:code {_ADDRESS} valid_from:date valid_to:date"),
    "contact_point": (True, "channel:channel value:text valid_from:datetime"),
    "relation": (True, "role:text organisation_source:text organisation_record:identifier"),
    "subscription": (
        True,
        "brand:brand product:text kind:code status:code starts_on:date ends_on:date"
        " end_reason:text payment_interval:text price:money payer:identifier receiver:identifier"
        " campaign:text offer:text iban:iban",
    ),
    "order": (
        True,
        "brand:brand order_number:identifier position:integer sku:text title:text quantity:integer"
        " amount:money placed_at:datetime channel:text campaign:text iban:iban",
    ),
    "donation": (True, "brand:brand amount:money donated_on:date campaign:text iban:iban"),
    "invoice": (True, "brand:brand number:identifier amount:money invoiced_on:date paid:boolean"),
    "membership": (
        True,
        "brand:brand kind:text status:text starts_on:date ends_on:date contribution:money",
    ),
    "attendance": (True, "brand:brand event:text held_on:date attended:boolean"),
    "interaction": (True, "brand:brand kind:code happened_at:datetime campaign:text link:url"),
    "interest": (True, "brand:brand category:text"),
    "preference": (True, "brand:brand kind:text value:text"),
    "group": (True, "name:text"),
    # One row is one consent event; brand empty or '*' means all brands. evidence: where and how the
    # permission was obtained (web form, telephone, card); it is the export's column ``source``.
    "consent": (
        True,
        "channel:channel brand:brand purpose:code state:consent_status event_at:datetime"
        " evidence:text campaign:text contact_point:text basis:text",
    ),
    # reason: hard_bounce silences its address; the others silence the person on the channel.
    "suppression": (
        True,
        "channel:channel brand:brand reason:code event_at:datetime evidence:text contact_point:text",
    ),
}

MODELS = MappingProxyType(
    {
        "customer": MappingProxyType(
            {
                name: Entity(name, _fields(text), child)
                for name, (child, text) in _DEFINITIONS.items()
            }
        )
    }
)


def entities(model: str = "customer") -> MappingProxyType[str, Entity]:
    """All entities of the model, by name. ``KeyError`` for a model that is not shipped."""
    return MODELS[model]
