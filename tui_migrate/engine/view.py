"""What the engine offers to a question: the ``View`` of ``engine.queries`` over an open engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine.api import Identity
from tui_migrate.engine.core import Core
from tui_migrate.engine.models import is_frozen
from tui_migrate.engine.opening import readable
from tui_migrate.engine.reviewing import Reviews
from tui_migrate.engine.run import SETTLED, RunState
from tui_migrate.engine.runner import Runner
from tui_migrate.engine.seeing import Seen, seen_by
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Cursor
from tui_migrate.steps.base import Context, Step


class EngineView:
    """Reads state, staging, journal, trail and vault of an open engine; changes nothing."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def cursor(self) -> Cursor:
        """A cursor of its own."""
        return self._core.store.cursor()

    @property
    def state(self) -> RunState:
        """The run as it stands."""
        return self._core.state

    @property
    def reviews(self) -> Reviews:
        """The queue of doubtful duplicates."""
        return self._core.reviews

    @property
    def who(self) -> Identity:
        """Who asks."""
        return self._core.identity

    @property
    def seen(self) -> Seen:
        """What who asks may see."""
        return seen_by(self._core.runbook, self._core.identity, self._core.owner.uid)

    @property
    def workspace(self) -> Path:
        """The workspace folder."""
        return self._core.workspace.root

    @property
    def runbook(self) -> Runbook:
        """The runbook as typed."""
        return self._core.runbook

    def words(self, reference: str) -> str:
        """What a person typed, for a commitment; '' when the vault has it no longer."""
        return self._core.vault.words(reference)

    def journal_entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """Journal entries ``start`` to ``stop``, both included, names spelled out."""
        entries = self._core.journal.entries[max(start, 1) - 1 : stop]
        return [readable(entry, self._core.vault.opened) for entry in entries]

    def trail(self, source: str, record_id: str) -> list[dict[str, Any]]:
        """The events of one record's trail in time order, with values where the vault has them."""
        from tui_migrate.audit.lookup import trail_of

        core = self._core
        name = pseudonym(core.vault.workspace_key(), source, record_id)
        events = trail_of(core.workspace.audit, core.vault.folder, core.journal.entries, name)
        others = self._records({event.other for event in events if event.other})
        return [
            {
                "at": event.at,
                "by": event.by,
                "step": event.step,
                "unit": event.unit,
                "event": event.event,
                "field": event.field,
                "rule": event.rule,
                "other_source": others.get(event.other or "", (None, None))[0],
                "other_record": others.get(event.other or "", (None, None))[1],
                "before": event.before,
                "after": event.after,
            }
            for event in events
        ]

    def pseudonyms(self, records: Sequence[tuple[str, str]]) -> dict[str, tuple[str, str]]:
        """What the audit calls these records (source, id) → the record."""
        key = self._core.vault.workspace_key()
        return {pseudonym(key, *record): record for record in records}

    def import_steps(self) -> Iterator[tuple[Context, Step]]:
        """The import steps of the runbook, each with a context on the present data."""
        runner = Runner(self._core)
        for step in self._core.state.steps.values():
            if step.outline.uses == "import":
                worker, spec = runner.attempts.worker(step)
                yield runner.attempts.context(step, spec), worker

    def match_step(self) -> tuple[Context, Step] | None:
        """The match step, if it is done, with a context on the present data and decisions."""
        for step in self._core.state.steps.values():
            if step.outline.uses == "match" and step.status in SETTLED and step.attempt:
                attempts = Runner(self._core).attempts
                worker, spec = attempts.worker(step)
                return attempts.context(step, spec), worker
        return None

    def frozen(self, step: str) -> bool:
        """Whether the target has profiles by the model of this match."""
        return is_frozen(self._core, step)

    def _records(self, pseudonyms: set[str]) -> dict[str, tuple[str, str]]:
        """Plain ids of records by pseudonym."""
        rows = (
            self.cursor()
            .execute(
                "SELECT pseudonym, source, record_id FROM store.record_key "
                "WHERE list_contains($names::VARCHAR[], pseudonym)",
                {"names": sorted(pseudonyms)},
            )
            .fetchall()
        )
        return {name: (source, record_id) for name, source, record_id in rows}
