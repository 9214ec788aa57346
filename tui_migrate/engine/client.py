"""How a screen or a command reaches the engine; here: an engine in this very process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tui_migrate.audit.entries import Entry
from tui_migrate.audit.vault import pseudonym
from tui_migrate.engine import api
from tui_migrate.engine.commands import handle
from tui_migrate.engine.decisions import decided
from tui_migrate.engine.engine import Engine
from tui_migrate.engine.opening import readable
from tui_migrate.engine.run import RunState, apply, fold
from tui_migrate.engine.runner import Runner, Stopped
from tui_migrate.i18n import _
from tui_migrate.runbook.models import Runbook
from tui_migrate.staging.store import Cursor
from tui_migrate.steps.base import Context, PairDecision, Step


class InProcessClient:
    """An ``api.Client`` that owns its engine; also the ``View`` that queries read from."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._core = engine.core
        with self._core.lock:
            self._state = fold(self.entries())
            self._core.subscribe(self._follow)

    def _follow(self, heard: api.Heard) -> None:
        if isinstance(heard, Entry):
            apply(self._state, heard)

    @property
    def identity(self) -> api.Identity:
        """Who sits here, with the roles that the runbook gives."""
        return self._core.identity

    def entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """Journal entries from number ``start`` to number ``stop``, names spelled out."""
        opened = self._core.vault.opened
        entries = self._core.journal.entries[max(start, 1) - 1 : stop]
        return [readable(entry, opened) for entry in entries]

    def subscribe(self, listener: api.Listener) -> Callable[[], None]:
        """See ``api.Client``."""
        return self._core.subscribe(listener)

    def send(self, command: api.AnyCommand) -> api.Reply:
        """See ``api.Client``. ``Run`` is refused while the runner is at work."""
        if isinstance(command, api.Stop):
            self._engine.stop()
            return api.Reply(ok=True)
        if isinstance(command, api.Run):
            if self._engine.running:
                return api.Reply(ok=False, message=_("The run is going on already."), exit_code=2)
            if command.until and command.until not in self._core.state.steps:
                return api.Reply(
                    ok=False, message=_("There is no step {}.").format(command.until), exit_code=2
                )
            self._engine.start(command.until)
            return api.Reply(ok=True)
        return handle(self._core, command)

    def ask(self, query: api.Query) -> Any:
        """See ``api.Client``."""
        from tui_migrate.engine.queries import answer

        return answer(self, query)

    def run_here(self, until: str = "") -> Stopped:
        """Carry the run on in the calling thread, for who has nothing else to do meanwhile."""
        return self._engine.run(until)

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        return self._engine.running

    def close(self) -> None:
        """Stop between units and close the workspace."""
        self._engine.close()

    def shut(self) -> None:
        """Close if it is still open."""
        if not self._engine.closed:
            self._engine.close()

    # -- what queries read from ----------------------------------------------------------------

    def cursor(self) -> Cursor:
        """A cursor of its own."""
        return self._core.store.cursor()

    @property
    def state(self) -> RunState:
        """The run as it stands, with names spelled out; the engine has its own state."""
        return self._state

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
        """Journal entries ``start`` to ``stop``, both included."""
        return self.entries(start, stop)

    def trail(self, source: str, record_id: str) -> list[dict[str, Any]]:
        """The events of one record's trail in time order, with values where the vault has them."""
        from tui_migrate.audit.lookup import trail_of

        core = self._core
        name = pseudonym(core.vault.workspace_key(), source, record_id)
        events = trail_of(core.workspace.audit, core.vault.folder, self.entries(), name)
        others = self._records({event.other for event in events if event.other})
        return [
            {
                "at": event.at,
                "by": event.by,
                "step": event.step,
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

    def pair_words(self) -> tuple[PairDecision, ...]:
        """The present decisions on pairs, with plain record ids."""
        return decided(self._core, self._core.state.pairs)

    def import_steps(self) -> Iterator[tuple[Context, Step]]:
        """The import steps of the runbook, each with a context on the present data."""
        runner = Runner(self._core)
        for step in self._core.state.steps.values():
            if step.outline.uses == "import":
                worker, spec = runner.attempts.worker(step)
                yield runner.attempts.context(step, spec), worker

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


def open_client(
    root: Path,
    *,
    key: bytes | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> InProcessClient:
    """An engine for this workspace, in this process. Errors as ``Engine.open``."""
    return InProcessClient(Engine.open(root, key=key, say=say))
