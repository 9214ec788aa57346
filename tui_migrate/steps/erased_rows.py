"""Rows of erased persons, found by what a mapping reads of them.

One rule serves twice: an erasure finds with it what hangs on a person, and every later reading of a
delivery drops what comes again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tui_migrate.audit.tombstones import Tombstones
from tui_migrate.files import sha256_known
from tui_migrate.mapping.columns import Columns
from tui_migrate.mapping.model import Mapping
from tui_migrate.runbook.models import SourceSpec
from tui_migrate.staging.erasure import THERE, Erased, RowRule
from tui_migrate.staging.store import literal, quote

POINTS = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of the rows of one source."""

    source: str
    spec: SourceSpec
    mappings: tuple[Mapping, ...]
    stones: Tombstones

    def erased(self, path: Path) -> Erased:
        """What reading this file has to leave out."""
        lines = self.stones.lines(sha256_known(path)) if self.stones.files else frozenset()
        if not self.stones.any:
            return Erased(lines)
        return Erased(lines, self.rule, self.stones.is_told(literal(self.source), "raw"))

    def rule(self, columns: Sequence[str], key: str) -> RowRule:
        """The rule for a file with these columns. ``key``: SQL of the row's own record id."""
        second, first = self._split()
        flags = {"flag_own": self._first_hit(columns, key, first)}
        blank: dict[str, str] = {}
        living = []
        for number, mapping in enumerate(second):
            here, there, gone = Columns(mapping, columns), f"{THERE}{number}", f"flag_gone{number}"
            its = here.record_id()
            flags[there] = f"({here.condition()} AND {its} IS NOT NULL)"
            flags[gone] = f"({flags[there]} AND {self._second_hit(here, mapping, its)})"
            living.append(f"({there} AND NOT {gone})")
            others = [m for m in self.mappings if m is not mapping]
            blank |= dict.fromkeys(self._own(columns, [mapping], others), gone)
        if not living:
            return RowRule(flags, "flag_own")
        stays = " OR ".join(living)
        for column in self._own(columns, first, second):
            cell = f"(flag_own AND ({stays}))"
            blank[column] = f"({blank[column]} OR {cell})" if column in blank else cell
        return RowRule(flags, f"(flag_own AND NOT ({stays}))", blank)

    def nobody(self, mapping: Mapping, columns: Sequence[str]) -> str:
        """SQL: whether a row in which somebody else stands has not one cell left of who this mapping
        reads of it; '' when such a row cannot be. An erasure leaves it so."""
        second, first = self._split()
        if not self.stones.any or not second:
            return ""
        mine, there = "", []
        for group in ([m] for m in second):
            filled = self._filled(columns, group, [m for m in self.mappings if m not in group])
            if mapping in group:
                mine = filled
            elif filled:
                there.append(f"({Columns(group[0], columns).condition()} AND {filled})")
        filled = self._filled(columns, first, second)
        if mapping in first:
            mine = filled
        elif filled:
            there.append(filled)
        return f"(NOT {mine} AND ({' OR '.join(there)}))" if mine and there else ""

    def _filled(
        self, columns: Sequence[str], mine: Sequence[Mapping], others: Sequence[Mapping]
    ) -> str:
        """SQL: whether a cell is filled that only ``mine`` read; '' when there is no such column."""
        cells = [f"{quote(c)}::VARCHAR" for c in self._own(columns, mine, others)]
        told = " OR ".join(f"coalesce(trim({cell}), '') <> ''" for cell in cells)
        return f"({told})" if told else ""

    def _split(self) -> tuple[list[Mapping], list[Mapping]]:
        """Mappings that make another record of a row than the row's own; all others."""
        people = [m for m in self.mappings if not m.owned]
        second = [m for m in people if len(people) > 1 and (m.key or m.suffix)]
        return second, [m for m in self.mappings if m not in second]

    def _own(
        self, columns: Sequence[str], mine: Sequence[Mapping], others: Sequence[Mapping]
    ) -> list[str]:
        """Columns that only ``mine`` read; of records of the row itself also those that nobody
        reads. The key stays."""
        taken = {name for m in others for name, _field, _use in m.columns()} | set(self.spec.key)
        wanted = {name for m in mine for name, _field, _use in m.columns()}
        rest = not any(m in self._split()[0] for m in mine)
        return [c for c in columns if c not in taken and (rest or c in wanted)]

    def _is(self, source: str, record_id: str) -> str:
        """SQL: whether the record is an erased one, in whatever letters."""
        named = self.stones.is_record(literal(source), record_id)
        if not self.stones.loose:
            return named
        return f"({named} OR {self.stones.is_loose(literal(source), record_id)})"

    def _first_hit(self, columns: Sequence[str], key: str, mappings: Sequence[Mapping]) -> str:
        stones = self.stones
        found = [self._is(self.source, key)]
        for mapping in mappings:
            if not mapping.owned and mapping.key:
                its = Columns(mapping, columns).record_id()
                found.append(self._is(self.source, its))
        names = {(column, other) for column, other in self.spec.links.items()}
        names |= {pair for m in mappings for pair in m.links}
        for column, other in sorted(names):
            if mappings and column in columns:
                here = Columns(mappings[0], columns)
                found.append(self._is(other, here.identifier((column,))))
        people = any(not m.owned for m in mappings)
        for mapping in mappings:
            here = Columns(mapping, columns)
            for owner in mapping.owners:
                if owner.columns and not people:
                    named = here.identifier(owner.columns, owner.suffix)
                    found.append(self._is(owner.source, named))
        told = self._points(columns, mappings)
        if told:
            # A record that is known and lives may share an address with somebody who is erased.
            own = self._is(self.source, key)
            known = stones.is_known(literal(self.source), key)
            found.append(f"(({told}) AND ({own} OR NOT {known}))")
        return f"({' OR '.join(found)})"

    def _second_hit(self, here: Columns, mapping: Mapping, its: str) -> str:
        found = [self._is(self.source, its)]
        for column, other in mapping.links:
            found.append(self._is(other, here.identifier((column,))))
        told = self._points(list(here.present), [mapping])
        if told:
            found.append(f"(({told}) AND NOT {self.stones.is_known(literal(self.source), its)})")
        return f"({' OR '.join(found)})"

    def _points(self, columns: Sequence[str], mappings: Sequence[Mapping]) -> str:
        """SQL: whether an address or number of an erased person stands in a column for them."""
        if not self.stones.points:
            return ""
        names = {
            column
            for mapping in mappings
            for field in mapping.fields
            if field.type.name in POINTS or field.name == "contact_point"
            for column in field.columns
        } | {owner.email for m in mappings for owner in m.owners if owner.email}
        if not mappings:
            return ""
        here = Columns(mappings[0], columns)
        told = [self.stones.is_point(here.text(c)) for c in sorted(names) if c in columns]
        return " OR ".join(f"coalesce({one}, false)" for one in told)
