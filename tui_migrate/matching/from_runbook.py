"""What a runbook says about a match: as settings, and whether it can be meant.

The types (``runbook.kinds.MatchWith``) say what may stand where; here is what depends on the keys,
fields and levels that matching knows, and on the fields that the sources fill.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from tui_migrate.i18n import _
from tui_migrate.mapping.model import Mapping as SourceMapping
from tui_migrate.mapping.splits import split_of
from tui_migrate.matching.keys import MAX_KEYS, PARTS, keys_of, split_part
from tui_migrate.matching.patterns import MOST_FIELDS
from tui_migrate.matching.presets import DEFAULT, PRESETS
from tui_migrate.matching.settings import FIELDS, KINDS, Field, MatchSettings, declared
from tui_migrate.model.entities import entities
from tui_migrate.model.types.tidy import words
from tui_migrate.runbook.kinds import MatchWith
from tui_migrate.runbook.positions import Node
from tui_migrate.runbook.problems import Position, Problems, suggestion

#: Part of a key → the fields of a profile of which one has to be filled.
FILLED_BY: Mapping[str, frozenset[str]] = {
    part: frozenset(fields.split())
    for part, fields in {
        "email": "email", "email_domain": "email", "domain": "email", "phone": "phone",
        "postcode": "postcode", "postcode_street": "postcode", "number": "house_number",
        "street": "street", "town": "town", "family": "family_name",
        "family_sound": "family_name", "first": "first_name", "names": "first_name",
        "first_or_letter": "first_name initials", "letter": "first_name initials",
        "birth": "birth_date", "birth_year": "birth_date", "birth_day": "birth_date",
        "organisation": "organisation_name family_name", "kvk": "kvk", "vat": "vat kbo",
    }.items()
}  # fmt: skip

#: Columns that the built-in fields compare.
_COLUMNS_OF_BUILT_IN = words(
    "kind first_name initials prefix family_name full_name organisation_name birth_date gender street "
    "house_number house_addition postcode town country email phone kvk kbo vat"
)

#: The parts of an address, which may be compared one by one where the address itself is ignored.
_ADDRESS_PARTS = frozenset({"street", "house_number", "postcode", "town"})

#: Names of bits of `pair.rules` that are no keys.
_TAKEN = ("link", "decision")
IGNORED = "ignored"
#: So many fields fit into a pattern beside the built-in ones.
MOST_DECLARED = MOST_FIELDS - len({field.name for kind in KINDS for field in FIELDS[kind]})
#: So far may the shares of a field's levels be from 1 in sum.
_ROUNDED = 0.0005


def settings_of(with_: MatchWith) -> MatchSettings:
    """The settings that a step of a runbook asks for."""
    keys = dict(with_.keys) or {key.name: key.parts for key in PRESETS[with_.preset].keys}
    keys = {name: parts for name, parts in keys.items() if name not in with_.without_keys}
    fields = _fields(with_)
    m = {
        kind: {one.name: {level.name: level.m for level in one.levels} for one in fields[kind]}
        for kind in KINDS
    }
    for kind, said in with_.levels.items():
        for field, levels in said.items():
            m[kind][field].update(levels)
    return MatchSettings(
        cap=with_.cap,
        review_from=with_.review_from,
        auto_from=with_.auto_from,
        household_from=with_.household_from,
        keep_from=with_.review_from,
        identifier_names=with_.identifier_names,
        max_cluster=with_.max_cluster,
        fields=fields,
        m=m,
        preset=with_.preset,
        keys=keys_of({**keys, **with_.extra_keys}),
    )


def said_of(with_: MatchWith) -> dict[str, Any]:
    """What a step says of its match, as JSON, without what is as shipped: two programs of which one knows
    more settings say the same of one runbook."""
    said: dict[str, Any] = with_.model_dump(mode="json", exclude_defaults=True)
    return said


def _fields(with_: MatchWith) -> dict[str, tuple[Field, ...]]:
    ignored = {name for name, compare in with_.fields.items() if compare == IGNORED}
    added = tuple(
        declared(name, compare) for name, compare in with_.fields.items() if compare != IGNORED
    )
    return {
        kind: (*(replace(f, weighed=f.name not in ignored) for f in FIELDS[kind]), *added)
        for kind in KINDS
    }


def check_match(
    root: Node,
    file: str,
    mappings: Mapping[str, Iterable[SourceMapping]],
    problems: Problems,
) -> None:
    """What is wrong with the match steps of a runbook's tree, beyond its types.

    mappings: of every source; empty where they could not be read, and then nothing is said of what
    the sources fill.
    """
    filled = {source: _filled(of_source) for source, of_source in mappings.items()}
    for phase in root.at("phases").members():
        for step in phase.at("steps").members():
            if step.at("uses").value == "match":
                _Check(step.at("with"), file, filled, problems).all()


def _filled(mappings: Iterable[SourceMapping]) -> frozenset[str]:
    """The fields of a profile that mappings give."""
    found: set[str] = set()
    for mapping in mappings:
        if mapping.entity.name == "profile":
            for field in mapping.fields:
                split = split_of(mapping, field)
                found |= {field.name, *(split.outputs if split else ())}
    return frozenset(found)


class _Check:
    """The checks of one step's ``with:``."""

    def __init__(
        self, node: Node, file: str, filled: Mapping[str, frozenset[str]], problems: Problems
    ) -> None:
        self.node, self.file, self.filled, self.problems = node, file, filled, problems
        preset = PRESETS.get(str(node.at("preset").value), PRESETS[DEFAULT])
        self.shipped = [key.name for key in preset.keys]
        self.fields = {name: str(compare.value) for name, _at, compare in node.at("fields").items()}

    def note(self, at: Position, message: str, hint: str = "") -> None:
        self.problems.add(self.file, at, message, hint)

    def all(self) -> None:
        """Each group of settings for itself, so that all mistakes are told at once."""
        self.thresholds()
        self.compared()
        self.keys()
        self.levels()

    def thresholds(self) -> None:
        review, auto = self.node.at("review_from"), self.node.at("auto_from")
        first = 0.10 if review.value is None else review.value
        last = 0.99 if auto.value is None else auto.value
        if _number(first) and _number(last) and first > last:
            wrong = _("review_from ({first}) lies above auto_from ({last})")
            at = auto.position if review.value is None else review.position
            hint = _("review_from is where the band for people begins")
            self.note(at, wrong.format(first=first, last=last), hint)
        elif first in (0, 1):
            wrong = _("{value} is out of range").format(value=first)
            self.note(review.position, wrong, _between())

    def compared(self) -> None:
        built_in = {field.name for kind in KINDS for field in FIELDS[kind]}
        taken = _COLUMNS_OF_BUILT_IN
        if self.fields.get("address") == IGNORED:
            taken = taken - _ADDRESS_PARTS
        possible = {f.name for f in entities()["profile"].fields} - taken
        added = [name for name, compare in self.fields.items() if compare != IGNORED]
        if len(added) > MOST_DECLARED:
            wrong = _("{number} fields are too many").format(number=len(added))
            hint = _("at most {limit} beside the built-in ones").format(limit=MOST_DECLARED)
            self.note(self.node.at("fields").position, wrong, hint)
        for name, at, compare in self.node.at("fields").items():
            if compare.value == IGNORED:
                if name not in built_in:
                    wrong = _("no built-in field is called {name}").format(name=repr(name))
                    self.note(at, wrong, suggestion(name, built_in))
            elif name in built_in | taken:
                wrong = _("{name} is compared already").format(name=repr(name))
                hint = _("write {name}: ignored if it is to add no weight, or leave it out")
                known = "address" if name in _ADDRESS_PARTS else name
                self.note(at, wrong, hint.format(name=known))
            elif name not in possible:
                wrong = _("a profile has no field {name}").format(name=repr(name))
                self.note(at, wrong, suggestion(name, possible))
            elif self.filled and not any(name in fields for fields in self.filled.values()):
                wrong = _("no source fills {name}, so it is never compared")
                hint = _("map a column to it, or leave it out")
                self.note(at, wrong.format(name=repr(name)), hint)

    def keys(self) -> None:
        own, extra = self.node.at("keys"), self.node.at("extra_keys")
        before = [name for name, _at, _node in own.items()] or self.shipped
        for name, at, parts in (*own.items(), *extra.items()):
            if name in _TAKEN:
                wrong = _("{name} is no name for a key").format(name=repr(name))
                self.note(at, wrong, _("it says in the results that no key was needed"))
            self.parts(name, at, parts)
        for name, at, _node in extra.items():
            if name in before:
                wrong = _("there is a key {name} already").format(name=repr(name))
                self.note(at, wrong, _("choose another name; keys: replaces those of the preset"))
        gone = dict(self.node.at("without_keys").texts())
        for name, at in gone.items():
            if name not in before:
                wrong = _("there is no key {name} to leave out").format(name=repr(name))
                self.note(at, wrong, suggestion(name, before))
        left = len(set(before) - set(gone)) + len(list(extra.items()))
        if not left:
            hint = _("keep one, or add one under extra_keys:")
            self.note(self.node.at("without_keys").position, _("no key is left"), hint)
        if left > MAX_KEYS:
            at = (extra if list(extra.items()) else own).position
            wrong = _("{number} keys are too many").format(number=left)
            self.note(at, wrong, _("at most {limit}").format(limit=MAX_KEYS))

    def parts(self, key: str, at: Position, parts: Node) -> None:
        """Every part of a key is known, and one source can fill them all."""
        known = {*PARTS, *(name for name, how in self.fields.items() if how != IGNORED)}
        used: list[str] = []
        for written, where in parts.texts():
            try:
                word, _length = split_part(written)
            except ValueError:
                wrong = _("{part} is no part of a key").format(part=repr(written))
                word = written.partition(":")[0]
                self.note(where, wrong, _('write a word, or "{word}:3"').format(word=word))
                continue
            if word in known:
                used.append(word)
            else:
                wrong = _("no key can be made of {part}").format(part=repr(word))
                self.note(where, wrong, suggestion(word, known))
        if used and self.filled and not any(_fills(has, used) for has in self.filled.values()):
            wrong = _("no source can fill the key {key}: {lacking}")
            self.note(at, wrong.format(key=repr(key), lacking=self.lacking(used)))

    def lacking(self, parts: list[str]) -> str:
        """Which parts no source fills, or that no source fills all of them."""
        every = frozenset[str]().union(*self.filled.values())
        none = [part for part in parts if not _fills(every, [part])]
        if none:
            return _("nothing is mapped for {parts}").format(parts=", ".join(none))
        return _("no source has all of {parts}").format(parts=", ".join(parts))

    def levels(self) -> None:
        for kind, _at, fields in self.node.at("levels").items():
            if kind not in KINDS:
                continue  # told by its type
            known = {field.name: field for field in (*FIELDS[kind], *self.declared())}
            for name, where, levels in fields.items():
                if name not in known:
                    wrong = _("nothing called {name} is compared").format(name=repr(name))
                    self.note(where, wrong, suggestion(name, known))
                else:
                    self.shares(known[name], where, levels)

    def declared(self) -> Iterator[Field]:
        for name, how in self.fields.items():
            try:
                yield declared(name, how)
            except KeyError:
                continue

    def shares(self, field: Field, at: Position, levels: Node) -> None:
        """The shares of the levels of a field add up to 1, those that are not said included."""
        shares: dict[str, float] = {level.name: level.m for level in field.levels}
        for name, where, share in levels.items():
            if name not in shares:
                wrong = _("{field} has no level {name}").format(field=field.name, name=repr(name))
                self.note(where, wrong, suggestion(name, shares))
                return
            if not _number(share.value):
                return
            if not 0 < share.value < 1:
                wrong = _("{value} is out of range").format(value=share.value)
                self.note(share.position, wrong, _between())
                return
            shares[name] = share.value
        total = sum(shares.values())
        if abs(total - 1) > _ROUNDED:
            wrong = _("the levels of {field} add up to {total}, not to 1")
            all_of_them = ", ".join(f"{name} {share:g}" for name, share in shares.items())
            hint = _("with those that are shipped they are: {levels}").format(levels=all_of_them)
            self.note(at, wrong.format(field=field.name, total=f"{total:.4g}"), hint)


def _between() -> str:
    return _("it must lie between 0 and 1, and be neither of them")


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _fills(fields: frozenset[str], parts: Iterable[str]) -> bool:
    """Whether records with these fields have all these parts."""
    return all(FILLED_BY.get(part, frozenset((part,))) & fields for part in parts)
