"""A mapping ready to be applied: names looked up, constants cleaned, defaults filled in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tui_migrate.model.entities import Entity, Field
from tui_migrate.model.types.base import SemanticType, Sensitivity

UNREJECTABLE = frozenset({"consent", "suppression"})
"""Entities whose rows count whatever becomes of their physical row, and are never rejected."""


@dataclass(frozen=True, slots=True)
class MappedField:
    """One field and where it comes from.

    ``columns``: source columns in order (empty for a constant). ``constant``: canonical text.
    ``otherwise``: ``reject``, ``keep``, ``null``, ``default:X`` with X canonical, or None (an
    unusable cell leaves the field empty and is a finding).
    """

    field: Field
    type: SemanticType
    columns: tuple[str, ...] = ()
    constant: str | None = None
    format: str | None = None
    decimal: str | None = None
    codes: tuple[tuple[str, str], ...] | None = None
    otherwise: str | None = None
    required: bool = False
    join: str | None = None

    @property
    def name(self) -> str:
        """The field's name."""
        return self.field.name

    @property
    def payment(self) -> bool:
        """Whether this is payment data, which needs a sign-off."""
        return self.type.sensitivity is Sensitivity.PAYMENT

    @property
    def default(self) -> str | None:
        """The value that the field gets where the cell gives none."""
        said = self.otherwise or ""
        return said.removeprefix("default:") if said.startswith("default:") else None


BY_PROFILE = "@profile"
"""Stands as source of an owner who is named by the profile id that the target has for him."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A way to find the record that a child row belongs to.

    The record of ``source`` whose id stands in the first filled of ``columns`` (plus ``suffix``), or
    with ``email`` the record that carries the address in that column. With ``BY_PROFILE`` as source
    the column holds the id of a profile; which records that means is found when the row is applied.
    """

    source: str = ""
    columns: tuple[str, ...] = ()
    suffix: str = ""
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """One source's rows → one entity.

    ``file`` is the mapping file, ``name`` the rule id in trail and findings (the file, plus ``#`` and
    the change type for one kind of change). ``when``: column → values (none: the column is filled;
    an empty text among the values: the column is empty). ``key`` and ``suffix`` make the record id;
    without ``key`` it is the physical row's. ``owners`` empty: the row belongs to the record of its
    own physical row. ``place`` of ``places``: which of this source's mappings to the entity it is.
    """

    file: str
    name: str
    source: str
    entity: Entity
    fields: tuple[MappedField, ...]
    skip: tuple[tuple[str, str], ...] = ()
    key: tuple[str, ...] = ()
    suffix: str = ""
    links: tuple[tuple[str, str], ...] = ()
    owners: tuple[Owner, ...] = ()
    each: str | None = None
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    change: tuple[str, str] | None = None
    """Column and value that select this mapping's rows of a delta."""
    newcomer: bool = False
    """Whether its rows tell of people of whom nothing was handed over before."""
    of_record: bool = False
    """Whether its rows are read as records and not as changes of somebody (see ``as_record``)."""
    place: int = 0
    places: int = 1
    country: str = "NL"

    @property
    def owned(self) -> bool:
        """Whether the rows have an owner: all but records, of a full delivery or of newcomers."""
        return self.entity.child or (self.change is not None and not self.of_record)

    @property
    def by_profile(self) -> bool:
        """Whether a row may name its owner by a profile id."""
        return any(owner.source == BY_PROFILE for owner in self.owners)

    def as_record(self) -> Mapping:
        """A mapping of newcomers, each row as a record of its own: whom its columns name is one person
        with it."""
        named = [
            (owner.columns[0], owner.source)
            for owner in self.owners
            if len(owner.columns) == 1 and not owner.suffix and owner.source != BY_PROFILE
        ]
        return replace(self, owners=(), links=(*self.links, *named), of_record=True)

    def field(self, name: str) -> MappedField | None:
        """The mapped field of that name, if it is mapped."""
        return next((field for field in self.fields if field.name == name), None)

    def columns(self) -> Iterator[tuple[str, str, str]]:
        """Every column that the mapping reads: (column, field or empty, use)."""
        for field in self.fields:
            for column in field.columns:
                yield column, field.name, "mapped"
        for column in self.key:
            yield column, "", "key"
        for column, _source in self.links:
            yield column, "", "link"
        for owner in self.owners:
            for column in (*owner.columns, *((owner.email,) if owner.email else ())):
                yield column, "", "owner"
        for column, _values in self.when:
            yield column, "", "condition"
        if self.change is not None:
            yield self.change[0], "", "condition"
