"""How a screen or a command reaches the engine; here: an engine in this very process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tui_migrate.audit.entries import Entry
from tui_migrate.engine import api, memory
from tui_migrate.engine.run import RunState, apply, fold
from tui_migrate.engine.workspace import Workspace
from tui_migrate.i18n import language, speaking

if TYPE_CHECKING:
    from tui_migrate.engine.engine import Engine
    from tui_migrate.engine.runner import Stopped
    from tui_migrate.runbook.models import Runbook


class InProcessClient:
    """An ``api.Client`` that owns its engine."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
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
        return self._core.owner

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

    def entries(self, start: int = 1, stop: int | None = None) -> Sequence[Entry]:
        """Journal entries from number ``start`` to number ``stop``, names spelled out."""
        return self.engine.view.journal_entries(start, stop)

    def subscribe(self, listener: api.Listener) -> Callable[[], None]:
        """See ``api.Client``."""
        return self._core.subscribe(listener)

    def send(self, command: api.AnyCommand) -> api.Reply:
        """See ``api.Client``."""
        with speaking(language()):
            return self.engine.command(command, self._core.owner)

    def ask(self, query: api.Query) -> Any:
        """See ``api.Client``."""
        with speaking(language()):
            return self.engine.question(query, self._core.owner)

    def words(self, reference: str) -> str:
        """See ``api.Client``."""
        return self.engine.view.words(reference)

    def run_here(self, until: str = "", outside_window: str = "") -> Stopped:
        """Carry the run on in the calling thread, for who has nothing else to do meanwhile."""
        return self.engine.run(until, outside_window)

    @property
    def running(self) -> bool:
        """Whether the runner is at work."""
        return self.engine.running

    def close(self) -> None:
        """Stop between units and close the workspace."""
        self.engine.close()

    def shut(self) -> None:
        """Close if it is still open."""
        if not self.engine.closed:
            self.engine.close()


def open_client(
    root: Path,
    *,
    key: bytes | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> InProcessClient:
    """An engine for this workspace, in this process. Errors as ``Engine.open``."""
    memory.load(Workspace(root.resolve()).journal)
    from tui_migrate.engine.engine import Engine

    with speaking(language()):
        return InProcessClient(Engine.open(root, key=key, say=say))
