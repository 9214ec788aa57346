"""A host that does nothing: what the engine does for a running step, for tests of steps alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tui_migrate.audit.entries import DeliverySeen
from tui_migrate.audit.kept import OptOut
from tui_migrate.audit.tombstones import Tombstones
from tui_migrate.steps.base import Membership, ReceiptRow


class Quiet:
    """Tests that look at what a step reports write those methods anew."""

    def journal_intent(
        self, step: str, attempt: int, batch: str, rows: int, digest: str
    ) -> None: ...
    def journal_receipt(
        self, step: str, attempt: int, batch: str, counts: dict[str, int]
    ) -> None: ...
    def journal_backup(
        self, step: str, attempt: int, name: str, sha256: str, size: int, files: int, verified: bool
    ) -> None: ...
    def journal_delivery(self, fact: DeliverySeen) -> None: ...
    def journal_export(self, what: str, rows: int, sha256: str, purge_on: str) -> None: ...
    def name(self, name: str) -> str:
        """Names are not hidden here, so that tests can read them."""
        return name

    def tombstones(self) -> Tombstones:
        """Nobody was erased."""
        return Tombstones()

    def kept(self) -> list[OptOut]:
        """Nor was an opt-out of somebody else's kept."""
        return []

    def kept_later(self) -> list[str]:
        """Nor later."""
        return []

    def recorded_receipts(self, step: str, attempt: int, unit: str) -> list[ReceiptRow] | None:
        """Nothing was recorded."""
        return None

    def journal_model(self, step: str, attempt: int, model: str) -> None: ...
    def frozen_model(self, step: str) -> str:
        """Nothing was ever brought to a target."""
        return ""

    def taken_in(self, step: str) -> frozenset[tuple[str, str]]:
        """Nobody asked for a step to be done again."""
        return frozenset()

    def memberships(self, step: str) -> list[Membership]:
        """Nothing was ever brought to a target."""
        return []

    def key(self) -> bytes:
        """A key for tests."""
        return b"k" * 32

    def checkpoint(self) -> None: ...

    @contextmanager
    def snapshot(self) -> Iterator[Path]:
        """No snapshot is looked at."""
        yield Path()

    def progress(self, done: int, total: int, rows: int) -> None: ...
