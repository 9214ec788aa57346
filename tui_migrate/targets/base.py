"""What a target system is to the program: one small port, whatever stands behind it.

A *relation* is anything that may stand in FROM: the name of a table or view, or a subquery in
parentheses. The rows that go to a target have ``record_key`` (the external id, unique within the
entity), ``profile_id`` (whose row it is; empty for rows that belong to nobody, such as a suppressed
address without owner) and then the entity's fields. For profiles the external id is the profile_id.

How to use it, per step:

    target = open_target(runbook.target, workspace)
    target.begin(step_id, attempt)                # withdraws what earlier attempts of the step wrote
    target.plan(cursor, "profile", relation)      # shown to people; writes nothing
    receipts = target.write_batch(cursor, "profile", relation, batch_id("core", "profile", 1), group)
    target.close()
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from tui_migrate.staging.store import Cursor, quote

if TYPE_CHECKING:
    import pyarrow as pa

ACTIONS = ("create", "update", "skip", "reject")
"""What a receipt may say. A plan says ``conflict`` where writing would reject."""


def batch_id(step: str, entity: str, number: int) -> str:
    """The deterministic id of a batch, such as ``import-core-profile-0001``."""
    return f"{step}-{entity}-{number:04d}"


@dataclass(frozen=True, slots=True)
class Undone:
    """The three heaps of an undo, in records: taken back; kept, because they were changed since; not
    possible."""

    reversed: int
    kept: int
    failed: int


@dataclass(frozen=True, slots=True)
class Staying:
    """Rows of an entity that an erasure leaves: their key, cells by which they are known, and cells that
    they get."""

    entity: str
    record_key: str
    was: Mapping[str, str | None]
    now: Mapping[str, str | None]


class Target(ABC):
    """A system that profiles are brought to. Idempotent: a batch written twice changes nothing."""

    kind: ClassVar[str]
    """The name in the runbook's ``target: {type: …}``, and in receipts."""

    @abstractmethod
    def describe(self) -> Mapping[str, Mapping[str, str]]:
        """Entities that the target holds → their columns → SQL types."""

    @abstractmethod
    def begin(self, step: str, attempt: int) -> None:
        """An attempt of a step starts or goes on.

        Batches that earlier attempts of this step wrote are withdrawn, and all that were written
        after those (their steps are stale too), so that a redone step leaves exactly what a first
        one would. Called again for the same attempt it does nothing. Without it, batches belong to
        no step and stay.
        """

    @abstractmethod
    def plan(self, cursor: Cursor, entity: str, relation: str, group: str = "") -> str:
        """What writing these rows would do, without writing: the name of a temporary table.

        One row per row of ``relation``: record_key, profile_id, action (create | update | skip |
        conflict), reason. It lives on ``cursor`` until the next plan or batch of that cursor.
        """

    @abstractmethod
    def write_batch(
        self, cursor: Cursor, entity: str, relation: str, batch: str, group: str = ""
    ) -> pa.Table:
        """Write what is new or different, as a whole or not at all.

        Returns receipts, one row per row of ``relation``, ordered by record_key: record_key,
        profile_id, target_id, action (create | update | skip | reject), reason (of a reject, else
        NULL). The same batch with the same rows gives the same receipts again.
        """

    @abstractmethod
    def read_back(
        self, cursor: Cursor, entity: str, steps: Collection[str] | None = None
    ) -> pa.Table:
        """What the target holds, read from the target itself, ordered by record_key.

        ``steps``: as it was when only these steps had written (and batches of no step); None: now.
        So a step that verifies sees the same when staging is rebuilt after later steps wrote.

        Columns: record_key, profile_id, the fields, import_group, import_batch. Of an entity that
        was never written: only the four technical columns and no rows.
        """

    def read_into(
        self, cursor: Cursor, table: str, entity: str, steps: Collection[str] | None = None
    ) -> None:
        """Make the temporary table ``table`` of what ``read_back`` gives, in whatever order."""
        cursor.register("target_in", self.read_back(cursor, entity, steps))
        cursor.execute(f"CREATE OR REPLACE TEMP TABLE {quote(table)} AS FROM target_in")
        cursor.unregister("target_in")

    @abstractmethod
    def undo_batch(self, batch: str) -> Undone:
        """Take back one batch: what stood there before it stands there again."""

    def erase(
        self,
        profile_id: str,
        records: Collection[tuple[str, str]],
        staying: Collection[Staying] = (),
    ) -> int | None:
        """Take out all rows of a profile, and those that came from its records; how many. Rows that
        are ``staying`` get other cells instead. ``None`` when this kind of target cannot: then people
        do it there."""
        return None

    def close(self) -> None:  # noqa: B027 - not every target holds something open
        """Let go of files and connections."""

    def __enter__(self) -> Target:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def counts(receipts: pa.Table) -> dict[str, int]:
    """Receipts per action; every action is named, also with 0."""
    import pyarrow.compute as pc

    found = {
        row["values"]: row["counts"] for row in pc.value_counts(receipts["action"]).to_pylist()
    }
    return {action: int(found.get(action, 0)) for action in ACTIONS}
