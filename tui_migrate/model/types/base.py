"""What every semantic type can do, and how to find a type by its name.

A semantic type says how to parse, clean, validate, compare, mask, classify and show one kind of
field. A value is *canonical* when it is the text that :meth:`SemanticType.clean` returns: it can be
cast to the type's ``sql_type``, and cleaning it again (with the same options) returns it unchanged.
"""

from __future__ import annotations

import difflib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache, lru_cache
from importlib import import_module
from typing import ClassVar

from rapidfuzz.distance import DamerauLevenshtein

from tui_migrate.i18n import _
from tui_migrate.model.types.tidy import fold, tidy


class Sensitivity(StrEnum):
    """What the GDPR makes of a field: anyone's, a person's, payment data, or specially protected."""

    PLAIN = "plain"
    PERSONAL = "personal"
    PAYMENT = "payment"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Options:
    """How a mapping says that a column is to be read.

    ``country``: ISO 3166 alpha-2 default for phones, postcodes and names. ``format``: a strptime
    format for dates and times. ``zone``: IANA zone of times without one. ``decimal``: "," or "."
    (None: guessed per value). ``codes``: pairs (value in the source, value meant). ``otherwise``:
    what happens to a value outside ``codes``: ``reject``, ``keep``, ``null`` or ``default:X``.
    ``today``: the day against which "in the future" is judged (None: the system's date); give it
    wherever the outcome has to be reproducible.
    """

    country: str = "NL"
    format: str | None = None
    zone: str = "Europe/Amsterdam"
    decimal: str | None = None
    codes: tuple[tuple[str, str], ...] | None = None
    otherwise: str = "reject"
    today: date | None = None


DEFAULTS = Options()


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The outcome for one raw cell.

    ``value`` is canonical text or None; ``problem`` is an id in ``PROBLEMS`` or None. A problem with
    a value: repaired or doubtful. A problem without: unusable. Neither: the cell was empty.
    """

    value: str | None
    problem: str | None = None


EMPTY = Cleaned(None)


@dataclass(frozen=True, slots=True)
class SqlClean:
    """DuckDB SQL that does the work of ``clean`` for tidy cells.

    Where the predicate ``when`` is true, the VARCHAR expression ``value`` equals ``clean().value``
    and there is no problem. Every other cell (``when`` false or NULL) goes through ``clean_many``.
    """

    when: str
    value: str


class UnknownType(KeyError):
    """No semantic type has this name; ``suggestions`` holds the nearest names, best first."""

    def __init__(self, name: str, suggestions: Sequence[str]) -> None:
        super().__init__(name)
        self.name = name
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        message = _("there is no semantic type {name}").format(name=repr(self.name))
        if not self.suggestions:
            return message
        return message + "; " + _("did you mean {names}?").format(names=", ".join(self.suggestions))


class SemanticType(ABC):
    """One kind of field. Subclasses implement ``_clean`` and override what they know better."""

    name: ClassVar[str]
    sql_type: ClassVar[str] = "VARCHAR"
    sensitivity: ClassVar[Sensitivity]
    unknown_code: ClassVar[str] = "code.unknown"

    @abstractmethod
    def _clean(self, raw: str, options: Options) -> Cleaned:
        """Clean one cell whose value, if codes were given, has been translated already."""

    def clean(self, raw: str, options: Options) -> Cleaned:
        """Canonical text of one raw cell, and what was wrong with it. Never raises for any text."""
        if options.codes is None:
            return self._clean(raw, options)
        return self._clean_coded(raw, options)

    def clean_many(self, raws: Sequence[str], options: Options) -> list[Cleaned]:
        """``clean`` for each of (preferably distinct) cells, in order."""
        clean = self.clean if options.codes is not None else self._clean
        return [clean(raw, options) for raw in raws]

    def _clean_coded(self, raw: str, options: Options) -> Cleaned:
        """Translate through ``options.codes`` first; keys are compared without case and spacing."""
        found = _code_table(options.codes or ()).get(fold(raw))
        if found is not None:
            return self._clean(found, options)
        if not tidy(raw).text or options.otherwise == "null":
            return EMPTY
        if options.otherwise == "keep":
            kept = self._clean(raw, options)
            return Cleaned(kept.value, kept.problem or self.unknown_code)
        if options.otherwise.startswith("default:"):
            return self._clean(options.otherwise.removeprefix("default:"), options)
        meant = self._clean(raw, options)
        if any(
            meant.value == self._clean(value, options).value for _key, value in options.codes or ()
        ):
            return meant  # the source already writes what the code means
        return Cleaned(None, self.unknown_code)

    def parse(self, raw: str, options: Options) -> object | None:
        """The raw cell as a Python value of the type's own kind, None where it is unusable."""
        value = self.clean(raw, options).value
        return None if value is None else self.to_python(value)

    def to_python(self, value: str) -> object:
        """A canonical value as a Python value: the text itself unless the type has a better one."""
        return value

    def validate(self, value: str) -> str | None:
        """The problem of a value that should be canonical, or None."""
        cleaned = self._clean(value, DEFAULTS)
        if cleaned.problem is not None or cleaned.value == value:
            return cleaned.problem
        return "text.not_canonical"

    def key(self, value: str) -> str:
        """The form under which two canonical values mean the same."""
        return fold(value)

    def compare(self, a: str, b: str) -> float:
        """Likeness of two canonical values: 1.0 the same, 0.0 nothing in common.

        By default the normalised Damerau-Levenshtein similarity of the keys: one typing error or
        one transposition counts as one edit.
        """
        left, right = self.key(a), self.key(b)
        if left == right:
            return 1.0
        return float(DamerauLevenshtein.normalized_similarity(left, right))

    def mask(self, value: str) -> str:
        """A stand-in that a log or an unprivileged screen may show; never contains the value."""
        return mask_text(value)

    def show(self, value: str, language: str = "nl") -> str:
        """A canonical value as a reader expects it; words come in the interface language."""
        return value

    def sql_clean(self, column: str, options: Options) -> SqlClean | None:
        """A fast path in SQL for tidy cells of the SQL expression ``column``, if there is one."""
        if options.codes is not None:
            return None
        return self._sql_clean(f"({column})", options)

    def _sql_clean(self, column: str, options: Options) -> SqlClean | None:
        return None


def mask_text(value: str, keep: int = 1) -> str:
    """The first ``keep`` characters of a value of at least ``keep + 2``, then dots."""
    dots = "***" if "•" in value else "•••"
    return (value[:keep] if len(value) >= keep + 2 and dots == "•••" else "") + dots


@lru_cache(maxsize=256)
def _code_table(codes: tuple[tuple[str, str], ...]) -> dict[str, str]:
    return {fold(key): value for key, value in codes}


@dataclass(frozen=True, slots=True)
class Problem:
    """What a problem id means.

    ``kind``: the quality that is hurt (``correct``, ``consistent``, ``complete``). ``severity``:
    the default; a rule file may set another. ``describe`` gives the text when it is asked for, so
    that it comes in the language of that moment.
    """

    kind: str
    severity: str
    describe: Callable[[], str]

    @property
    def text(self) -> str:
        return self.describe()


_FAMILIES = (
    "text",
    "names",
    "email",
    "phone",
    "address",
    "places",
    "organisation",
    "payment",
    "dates",
    "moments",
    "numbers",
    "codes",
)


@cache
def _registry() -> dict[str, SemanticType]:
    """All types by name, in the order of their families. Loaded on first use."""
    found: dict[str, SemanticType] = {}
    for family in _FAMILIES:
        module = import_module(f"tui_migrate.model.types.{family}")
        for semantic_type in module.TYPES:
            found[semantic_type.name] = semantic_type
    return found


def get_type(name: str) -> SemanticType:
    """The type with this name; raises ``UnknownType`` with the nearest names."""
    types = _registry()
    try:
        return types[name]
    except KeyError:
        near = difflib.get_close_matches(re.sub(r"\W+", "_", name.lower()), types, n=3, cutoff=0.6)
        raise UnknownType(name, near) from None


def type_names() -> list[str]:
    """The names of all types, family by family."""
    return list(_registry())
