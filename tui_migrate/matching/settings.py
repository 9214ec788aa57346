"""What a caller may set, and the fields and levels that pairs are compared on.

The m-probabilities are shipped, per field and level: how often two records of one person agree
that much. The u-probabilities here are only the prior knowledge that :func:`fit` pulls towards
the data. Both were set on Dutch and Belgian customer files that come from several systems.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from tui_migrate.matching.keys import BEFORE, Key
from tui_migrate.matching.presets import DEFAULT, PRESETS


@dataclass(frozen=True)
class Level:
    """One degree of agreement: `m` among matches, `u` among random pairs."""

    name: str
    m: float
    u: float


@dataclass(frozen=True)
class Field:
    """A compared field. Levels are numbered from 1, the strongest first; 0 says "unknown".

    compare: for a field beside the built-in ones, how its texts are compared (see ``COMPARES``).
    column: the column of the input relation that it compares; '' for the built-in ones.
    weighed: False for a built-in field that the guard still sees but that adds no weight, since others
        tell the same (an address beside its postcode, number and street).
    """

    name: str
    levels: tuple[Level, ...]
    compare: str = ""
    column: str = ""
    weighed: bool = True

    def number(self, level: str) -> int:
        """Number of the level called `level`; KeyError if there is none."""
        for position, candidate in enumerate(self.levels, start=1):
            if candidate.name == level:
                return position
        raise KeyError(f"{self.name}.{level}")


def _field(name: str, *levels: tuple[str, float, float]) -> Field:
    return Field(name, tuple(Level(*level) for level in levels))


PERSON = "person"
ORGANISATION = "organisation"
KINDS = (PERSON, ORGANISATION)

ADDRESS_LEVELS = (
    ("exact", 0.62, 2e-5),
    ("number", 0.05, 1e-5),
    ("postcode", 0.02, 2e-4),
    ("town", 0.08, 0.02),
    ("different", 0.23, 0.98),
)

#: The order of the fields is the order in which weights are summed.
FIELDS: dict[str, tuple[Field, ...]] = {
    PERSON: (
        _field(
            "first_name",
            ("exact", 0.66, 0.005),
            ("variant", 0.08, 0.002),
            ("typo", 0.06, 0.002),
            ("initial", 0.15, 0.06),
            ("similar", 0.02, 0.02),
            ("different", 0.03, 0.911),
        ),
        _field(
            "family_name",
            ("exact", 0.84, 0.003),
            ("part", 0.05, 0.0015),
            ("typo", 0.06, 0.001),
            ("similar", 0.02, 0.01),
            ("different", 0.03, 0.9845),
        ),
        _field(
            "birth_date",
            ("exact", 0.92, 6e-5),
            ("typo", 0.05, 0.0015),
            ("near", 0.015, 0.03),
            ("different", 0.015, 0.96844),
        ),
        _field("address", *ADDRESS_LEVELS),
        _field(
            "email",
            ("own", 0.60, 2e-7),
            ("shared", 0.10, 2e-5),
            ("typo", 0.05, 1e-6),
            ("different", 0.25, 0.99),
        ),
        _field(
            "phone",
            ("own", 0.55, 2e-6),
            ("shared", 0.18, 2e-5),
            ("typo", 0.04, 1e-5),
            ("different", 0.23, 0.99),
        ),
        _field("gender", ("same", 0.98, 0.5), ("different", 0.02, 0.5)),
    ),
    ORGANISATION: (
        _field(
            "organisation_name",
            ("exact", 0.66, 0.0002),
            ("strong", 0.19, 0.001),
            ("similar", 0.08, 0.01),
            ("different", 0.07, 0.989),
        ),
        _field("kvk", ("exact", 0.95, 2e-6), ("different", 0.05, 0.99)),
        _field("vat", ("exact", 0.95, 2e-6), ("different", 0.05, 0.99)),
        _field("address", *ADDRESS_LEVELS),
        _field(
            "email",
            ("own", 0.60, 2e-6),
            ("shared", 0.10, 2e-5),
            ("typo", 0.05, 1e-6),
            ("different", 0.25, 0.99),
        ),
        _field(
            "phone",
            ("own", 0.50, 2e-6),
            ("shared", 0.20, 2e-5),
            ("typo", 0.04, 1e-5),
            ("different", 0.26, 0.99),
        ),
    ),
}

#: How a declared field is compared, with the levels that come of it. identifier: a number of one
#: person, mistyped by at most two characters. code: a short value, mistyped by at most one. text:
#: words, by Jaro-Winkler similarity.
COMPARES: dict[str, tuple[Level, ...]] = {
    "identifier": (
        Level("exact", 0.85, 1e-6),
        Level("typo", 0.10, 1e-4),
        Level("different", 0.05, 0.999899),
    ),
    "code": (
        Level("exact", 0.80, 0.001),
        Level("typo", 0.10, 0.01),
        Level("different", 0.10, 0.989),
    ),
    "text": (
        Level("exact", 0.65, 0.002),
        Level("close", 0.20, 0.003),
        Level("similar", 0.05, 0.01),
        Level("different", 0.10, 0.985),
    ),
}


def declared(name: str, compare: str, column: str = "") -> Field:
    """A field beside the built-in ones; KeyError on a way to compare that does not exist."""
    return Field(name, COMPARES[compare], compare, column or name)


def shipped_fields() -> dict[str, tuple[Field, ...]]:
    """The built-in fields by kind."""
    return dict(FIELDS)


def shipped_m() -> dict[str, dict[str, dict[str, float]]]:
    """The shipped m-probabilities: kind → field → level → m."""
    return {
        kind: {one.name: {level.name: level.m for level in one.levels} for one in FIELDS[kind]}
        for kind in KINDS
    }


@dataclass(frozen=True)
class MatchSettings:
    """Settings of one match; journalled with the model that they lead to.

    cap: a blocking key with more members is dropped and reported.
    review_from, auto_from: probabilities; what merges must also pass the guard.
    household_from: probability that a pair is one person and not two of a household, from which one
        contact point completes an agreeing form of a first name.
    keep_from: pairs below this probability are not kept at all.
    identifier_names: an e-mail or phone shared by more different names identifies nobody.
    max_cluster: a cluster of more records is reviewed, whatever holds it together.
    seed, sample: random pairs from which u is estimated.
    identifier_u: equal identifiers in data from several systems mostly *are* the same person,
        so of the agreement by chance that value frequencies suggest only this share is taken.
    fields: kind → what is compared, in summing order.
    m: kind → field → level → probability among matches (shipped; what is learned stands in the model).
    preset: whose spelling names and addresses are compared in.
    keys: what brings two records together to be compared.
    """

    cap: int = 100
    review_from: float = 0.10
    auto_from: float = 0.99
    household_from: float = 0.995
    keep_from: float = 0.01
    identifier_names: int = 3
    max_cluster: int = 500
    seed: int = 20260101
    sample: int = 200_000
    identifier_u: float = 0.03
    fields: dict[str, tuple[Field, ...]] = field(default_factory=shipped_fields)
    m: dict[str, dict[str, dict[str, float]]] = field(default_factory=shipped_m)
    preset: str = DEFAULT
    keys: tuple[Key, ...] = PRESETS[DEFAULT].keys

    @property
    def field_names(self) -> tuple[str, ...]:
        """The names of all fields, each once, in summing order."""
        return tuple(dict.fromkeys(one.name for kind in KINDS for one in self.fields[kind]))

    def weighed(self, kind: str) -> tuple[Field, ...]:
        """The fields of a kind that add weight, in summing order."""
        return tuple(one for one in self.fields[kind] if one.weighed)

    @property
    def declared_fields(self) -> tuple[Field, ...]:
        """The fields beside the built-in ones, each once."""
        return tuple({f.name: f for kind in KINDS for f in self.fields[kind] if f.compare}.values())

    def to_dict(self) -> dict[str, Any]:
        """Plain values only, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MatchSettings:
        """The reverse of :meth:`to_dict`, also of one from before there was a setting; TypeError on a
        setting that does not exist."""
        known = {"preset": "nl", "keys": [asdict(key) for key in BEFORE], **values}
        known["keys"] = tuple(Key(key["name"], tuple(key["parts"])) for key in known["keys"])
        if "fields" in known:
            known["fields"] = {
                kind: tuple(
                    Field(**{**one, "levels": tuple(Level(**level) for level in one["levels"])})
                    for one in of_kind
                )
                for kind, of_kind in known["fields"].items()
            }
        return cls(**known)
