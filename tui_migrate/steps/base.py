"""What a step is, and what it may use while it runs.

A step plans its units, runs each in one DuckDB transaction that the engine opens and commits, and
finally states figures and checks. A unit is a pure function of its inputs: total ORDER BY, no clock
and no random id in content, no float sum that decides anything; run twice it changes nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Protocol

from tui_migrate.audit.entries import DeliverySeen
from tui_migrate.audit.kept import OptOut
from tui_migrate.audit.tombstones import NO_RIGHTS, Rights, Tombstones
from tui_migrate.staging.store import Cursor, Store, columns_of, first, quote

if TYPE_CHECKING:
    from tui_migrate.runbook.models import Runbook, StepSpec

Params = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Unit:
    """A piece of work that is committed as a whole. ``id`` is stable between runs (``[a-z0-9_.-]``)."""

    id: str
    label: str = ""
    rows: int = 0
    """Rows expected, for the progress display only."""


@dataclass(frozen=True, slots=True)
class Check:
    """A pass/fail statement on the data. ``severity``: ``block`` stops the run, ``warn`` shows.

    ``waivable``: whether a person may accept its failing; ``None``: as the runbook says of the step.
    It is journalled: whatever names a file, folder or column of a delivery goes through
    ``Host.name`` first.
    """

    name: str
    passed: bool
    observed: str
    expected: str
    severity: str = "block"
    waivable: bool | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step reports when its units are done. Figures hold counts and codes, no personal value."""

    figures: dict[str, int | str] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """What the target did with one record. ``action``: create | update | skip | reject."""

    entity: str
    profile_id: str
    record_key: str
    target_id: str
    action: str


@dataclass(frozen=True, slots=True)
class PairDecision:
    """A reviewer's present word on a pair. ``decision``: merge | different; of a doubt unsure."""

    source_a: str
    record_a: str
    source_b: str
    record_b: str
    decision: str
    decided_by: str
    at: str


@dataclass(frozen=True, slots=True)
class Override:
    """What a reviewer chose for the profile of some records: the one that founds it, and field → the
    records (source, id) whose values it takes."""

    lead: tuple[str, str] | None
    values: Mapping[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Membership:
    """Which records were whose in the target for a time: the crosswalk of one merge that an import
    carried there, as the trail has it."""

    segment: Path
    """The audit's side of the merge's trail."""
    values: Path
    """The vault's side of it."""
    since: str
    """When the first batch of it was written (UTC, ISO 8601)."""
    until: str
    """When the last batch of the next one was; '' while there is none."""


class Host(Protocol):
    """What the engine does for a running step; steps see it only through ``Context``."""

    # Into the journal. While staging is rebuilt these do nothing: it says so already.

    def journal_intent(self, step: str, attempt: int, batch: str, rows: int, digest: str) -> None:
        """A batch is about to be written to the target. ``digest``: of its rows."""
        ...

    def journal_receipt(self, step: str, attempt: int, batch: str, counts: dict[str, int]) -> None:
        """The target took the batch. ``counts``: action → records."""
        ...

    def journal_backup(
        self, step: str, attempt: int, name: str, sha256: str, size: int, files: int, verified: bool
    ) -> None:
        """A back-up of ``size`` bytes stands. ``verified``: its restore test passed."""
        ...

    def journal_delivery(self, fact: DeliverySeen) -> None:
        """What was handed over; the same delivery with the same files is said once."""
        ...

    def journal_export(self, what: str, rows: int, sha256: str, purge_on: str) -> None:
        """A file was written that people can take away. ``purge_on``: day, ISO."""
        ...

    def journal_model(self, step: str, attempt: int, model: str) -> None:
        """Keep the model (JSON) by which records were matched."""
        ...

    # What was

    def name(self, name: str) -> str:
        """What the journal may say for a name that others chose: itself, or a pseudonym."""
        ...

    def tombstones(self) -> Tombstones:
        """Whom erasures made unknown, and which delivered files they rewrote."""
        ...

    def kept(self) -> list[OptOut]:
        """Opt-outs of addresses, kept when somebody who shared them was erased."""
        ...

    def kept_later(self) -> list[str]:
        """Those of them (commitments) that came in a delivery behind the erasure."""
        ...

    def recorded_receipts(self, step: str, attempt: int, unit: str) -> list[ReceiptRow] | None:
        """Receipts of a unit that was committed before, in a rebuild; ``None`` where it never was."""
        ...

    def frozen_model(self, step: str) -> str:
        """The model by which the target got its profiles, as JSON; '' before."""
        ...

    def taken_in(self, step: str) -> frozenset[tuple[str, str]]:
        """Deliveries of changes (source, name as journalled) whose newcomers a reading step takes in."""
        ...

    def memberships(self, step: str) -> list[Membership]:
        """Which records were whose in the target, when the present attempt of a step began."""
        ...

    # What a back-up needs

    def key(self) -> bytes:
        """The secret for back-ups. ``EnvironmentProblem`` when none was given."""
        ...

    def checkpoint(self) -> None:
        """Bring staging's write-ahead log into its file."""
        ...

    def snapshot(self) -> AbstractContextManager[Path]:
        """A consistent copy of the staging database (a DuckDB file), gone after the block."""
        ...

    def progress(self, done: int, total: int, rows: int) -> None:
        """From inside a unit: ``rows`` so far, ``done`` of ``total`` of its parts."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """All that a running step may use."""

    workspace: Path
    runbook: Runbook
    spec: StepSpec
    attempt: int
    store: Store
    cursor: Cursor
    """The runner's own cursor; while a unit runs, it is inside that unit's transaction."""
    host: Host
    decisions: tuple[PairDecision, ...] = ()
    """Reviewers' decisions as they stood when this attempt started."""
    doubts: tuple[PairDecision, ...] = ()
    """Pairs of which a reviewer was not sure (``unsure``), and those that were merged and are not what
    they were (``again``); likewise."""
    lane_closed: bool = False
    """Whether somebody let nothing merge without a person; likewise."""
    overrides: tuple[Override, ...] = ()
    """Values and founding records that reviewers chose, the latest last; likewise."""
    learned: str = ""
    """Corrections of the match model that were accepted, as JSON; likewise, '' where there are none."""
    rights: Rights = NO_RIGHTS
    """Whose data are restricted and who objected, as it stood when this attempt started."""
    payment_allowed: bool = False
    """Whether the privacy gate for payment data is signed."""
    waived: frozenset[str] = frozenset()
    """Names of this step's checks that somebody had waived when this attempt started."""
    rebuilding: bool = False
    """Staging is being rebuilt: nothing outside staging may be written."""

    def query(self, sql: str, params: Params | None = None) -> list[tuple[object, ...]]:
        """All rows of a small result."""
        rows: list[tuple[object, ...]] = self.cursor.execute(sql, params or {}).fetchall()
        return rows

    def value(self, sql: str, params: Params | None = None) -> int:
        """The one number that ``sql`` gives (0 for NULL)."""
        row = first(self.cursor, sql, params or {})
        return int(row[0] or 0) if row else 0

    def write(self, unit: Unit, table: str, select: str, params: Params | None = None) -> int:
        """Append the rows of ``select`` to ``store.<table>``, by column name; the count of rows.

        ``select`` names its columns as the table does, without step, attempt and unit.
        """
        tagged = {"_step": self.spec.id, "_attempt": self.attempt, "_unit": unit.id}
        row = first(
            self.cursor,
            f"INSERT INTO store.{quote(table)} BY NAME "
            "SELECT $_step AS step, $_attempt::INTEGER AS attempt, $_unit AS unit, q.* "
            f"FROM ({select}) q",
            {**tagged, **(params or {})},
        )
        return int(row[0]) if row else 0

    def trail(self, unit: Unit, select: str, params: Params | None = None) -> int:
        """Append events to the trail: source, record_id, event, and if they apply field, rule,
        other_source, other_record, before, after. The count of rows."""
        return self.write(unit, "trail", select, params)

    def folder_name(self, delivery: str) -> str:
        """A delivery as part of a file name: its own name, or the beginning of its pseudonym."""
        said = self.host.name(delivery)
        return said if said == delivery else said[:16]

    def columns(self, relation: str) -> list[str]:
        """Column names of a table or view."""
        return columns_of(self.cursor, relation)

    def exists(self, relation: str) -> bool:
        """Whether there is a view or table of this name to read: of ``raw_<source>`` there is none
        before any of its files had as much as a header."""
        found = "SELECT 1 FROM duckdb_columns() WHERE schema_name = 'main' AND table_name = $name LIMIT 1"
        return bool(self.query(found, {"name": relation}))


class Step(ABC):
    """One step kind, bound to one step of a runbook."""

    kind: ClassVar[str]
    outputs: ClassVar[tuple[str, ...]] = ()
    """Tables of schema ``store`` that this kind appends to (``trail`` is known)."""

    def __init__(self, spec: StepSpec, runbook: Runbook) -> None:
        self.spec = spec
        self.runbook = runbook

    def inputs(self, context: Context) -> dict[str, str]:
        """Name → digest of everything outside staging that the output depends on (files, settings).

        The engine adds the digests of the steps before and of the step's own configuration. A later
        difference makes the step stale.
        """
        return {}

    @abstractmethod
    def plan(self, context: Context) -> Sequence[Unit]:
        """The units, in order; the same for the same inputs. May define tables; writes no rows."""

    @abstractmethod
    def run(self, context: Context, unit: Unit) -> dict[str, int]:
        """Do one unit inside the open transaction; its counts (rows in, out, rejected…)."""

    def finish(self, context: Context) -> Outcome:
        """Figures and checks over all units; reads only."""
        return Outcome()


class Registry:
    """Step kinds by name; a kind's module is imported when its step is first made."""

    def __init__(self, loaders: Mapping[str, Callable[[], type[Step]]]) -> None:
        self._loaders = dict(loaders)

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaders)

    def make(self, spec: StepSpec, runbook: Runbook) -> Step:
        """A step object for this step of the runbook; ``KeyError`` for an unknown kind."""
        return self._loaders[spec.uses]()(spec, runbook)
